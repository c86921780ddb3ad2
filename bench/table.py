"""Tables in Markdown from the measurements of scripts/bench, one JSON object a line.

    table.py RESULTS                prints them
    table.py RESULTS --into FILE    puts each between its marks in FILE, `<!-- memory -->` to `<!-- end -->`

Each cell is `median (min-max)`. A ratio is of two measurements of one round, which ran one after the other."""

import json
import pathlib
import statistics
import sys


def spread(values, form="{:.2f}"):
    if not values:
        return "-"
    one = form.format
    return f"{one(statistics.median(values))} ({one(min(values))}-{one(max(values))})"


def rates(lines):
    """{what: {round: bytes per second}}"""
    found = {}
    for line in lines:
        found.setdefault(line["what"], {})[line["round"]] = line["bytes"] / line["seconds"]
    return found


def ratios(all_rates, what, to):
    pairs = all_rates.get(to, {})
    return spread([rate / pairs[n] for n, rate in all_rates[what].items() if n in pairs])


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def memory_table(lines):
    own = rates(lines)
    first = next(iter(own), None)
    rows = [[what, spread([r / 1e6 for r in by_round.values()], "{:.0f}"), ratios(own, what, first)]
            for what, by_round in own.items()]
    return table(["One thread, in memory", "MB/s", f"ratio to {first}"], rows)


def cpu_cell(lines, what):
    parts = {}
    for line in lines:
        if line["what"] != what:
            continue
        for name, seconds in line["cpu"].items():
            parts.setdefault(name, []).append(seconds / line["bytes"] * 2**30)
    total = sum(statistics.median(p) for p in parts.values())
    each = ", ".join(f"{name} {statistics.median(p):.2f}" for name, p in parts.items() if statistics.median(p) >= 0.005)
    return f"{total:.2f}: {each}"


def throughput_table(lines):
    own = rates(lines)
    beside = ["plain TCP", "bare OpenSSL", "stunnel", "direct mode"]
    rows = [[what, spread([r / 1e6 for r in by_round.values()], "{:.0f}")] +
            [ratios(own, what, to) if to != what else "1" for to in beside] + [cpu_cell(lines, what)]
            for what, by_round in own.items()]
    return table(["Path", "MB/s"] + [f"to {to}" for to in beside] + ["CPU seconds for a GiB"], rows)


def stall_table(lines):
    kinds = {}
    for line in lines:
        kinds.setdefault(line["stall"], []).append(line)
    rows = []
    for kind, some in kinds.items():
        within = sum(line["ms"] <= line["goal_ms"] for line in some)
        rows.append([kind, spread([line["ms"] for line in some], "{:.1f}"), f"{some[0]['goal_ms']:.0f}",
                     f"{within} of {len(some)}"])
    return table(["Stall at a switch", "ms", "goal", "within it"], rows)


def handshake_table(lines):
    cpu, wall = {}, {}
    for line in lines:
        cpu.setdefault(line["what"], {})[line["round"]] = line["cpu"] / line["handshakes"]
        wall.setdefault(line["what"], {})[line["round"]] = line["seconds"] / line["handshakes"]
    beside = [to for to in ("bare cryptography", "OpenSSL", "GnuTLS") if to in cpu]
    rows = [[what] + [spread([s * 1e6 for s in by[what].values()], "{:.1f}") for by in (cpu, wall)] +
            [ratios(cpu, what, to) for to in beside] for what in cpu]
    head = ["A handshake, the Server's side, in memory", "microseconds of CPU", "of time"] + [
        f"CPU to {to}" for to in beside]
    return table(head, rows)


def connections_table(lines):
    own = {}
    for line in lines:
        own.setdefault(line["what"], {})[line["round"]] = line["cpu"] / line["connections"]
    first = next(iter(own))
    beside = [first] + [what for what in own if not what.startswith("cpns-server")]
    waits = {what: [line["p99"] * 1e3 for line in lines if line["what"] == what] for what in own}
    rows = [[what, spread([s * 1e6 for s in by_round.values()], "{:.0f}")] + [ratios(own, what, to) for to in beside] +
            [spread(waits[what], "{:.1f}")] for what, by_round in own.items()]
    head = ["A connection, the server's CPU time", "microseconds"] + [f"to {to}" for to in beside]
    return table(head + ["99 of 100 were answered within ms"], rows)


def threads_table(lines):
    rows = []
    for threads in sorted({line["threads"] for line in lines}):
        some = [line for line in lines if line["threads"] == threads]
        cpu, client = ([line[key] / line["connections"] * 1e6 for line in some] for key in ("cpu", "client_cpu"))
        rate = [line["connections"] / line["seconds"] for line in some]
        rows.append([f"{threads} of {some[0]['cores']}"] + [spread(of, "{:.0f}") for of in (cpu, rate, client)] + [
            spread([line["p99"] * 1e3 for line in some], "{:.1f}")])
    head = ["Threads of the server, of so many cores", "microseconds of its CPU for a connection",
            "connections a second", "microseconds of the client's CPU", "99 of 100 were answered within ms"]
    return table(head, rows)


def idle_table(lines):
    rows = [[f"{line['links']:,}", f"{line['bytes_per_link']:,.0f}", f"{line['kernel_bytes_per_link'] / 2:,.0f}",
             f"{line['server_bytes'] / 2**20:,.0f}", f"{line['cpu_per_link_minute'] * 1e6:.0f}",
             f"{line['answered']:,} in {line['seconds']:.1f} s", f"{line['lost']:,}", line["stopped_by"]]
            for line in lines]
    head = ["Idle links", "bytes of the server for each", "of the kernel", "MiB of the server",
            "microseconds of CPU a link and minute", "answered a ping", "lost", "what stopped it"]
    return table(head, rows)


def storm_table(lines):
    rows = []
    for what in dict.fromkeys(line["what"] for line in lines):
        own = [line for line in lines if line["what"] == what]
        least = min(own, key=lambda line: line["in"])
        rows.append([f"{least['devices']:,}, {what}"] +
                    [spread([line[key] for line in own], "{:.1f}") for key in
                     ("all_in_seconds", "p50_seconds", "p99_seconds")] +
                    [spread([line[key] * 1000 for line in own], "{:,.1f}") for key in
                     ("try_p50_seconds", "try_p99_seconds")] +
                    [f"{least['in']:,}"] + [f"{max(line[key] for line in own):,}" for key in
                                            ("refused_once", "refused_more", "most_refusals")] +
                    [spread([line["server_cpu_seconds"] / line["devices"] * 1e6 for line in own], "{:.0f}")])
    head = ["A storm of devices", "all in after s", "half in after s", "99 of 100 in after s",
            "of a try: half within ms", "99 of 100 within ms", "in", "refused once", "more than once", "most often",
            "microseconds of the server's CPU for each"]
    return table(head, rows)


def lookup_table(lines):
    kinds = ["in memory", "in the database", "on the disk", "nobody's"]
    rows = []
    for devices in sorted({line["devices"] for line in lines}):
        some = [line for line in lines if line["devices"] == devices]
        own = {kind: [line for line in some if line["what"] == kind] for kind in kinds}
        cpu = {kind: [line["cpu"] / line["count"] * 1e6 for line in own[kind]] for kind in kinds}
        wall = {kind: [line["seconds"] / line["count"] * 1e6 for line in own[kind]] for kind in kinds}
        rows.append([f"{devices:,}"] + [spread(of[kind], "{:.1f}") for kind in kinds for of in (cpu, wall)])
    return table(["Devices"] + [f"{kind}, microseconds{of}" for kind in kinds for of in (" of CPU", " of time")], rows)


def restart_table(lines):
    rows = []
    for devices, cold in sorted({(line["devices"], line["cold"]) for line in lines}):
        some = [line for line in lines if (line["devices"], line["cold"]) == (devices, cold)]
        rows.append([f"{devices:,} devices, {'database on the disk alone' if cold else 'after another run'}"] +
                    [spread([line[key] for line in some], "{:.3f}") for key in ("first", "listens", "loaded")] +
                    [spread([line["resident"] / 2**20 for line in some], "{:.0f}")])
    return table(["A start", "seconds to the first answer", "to the first listener", "until all identities are loaded",
                  "MiB then"], rows)


def assignments_table(lines):
    rate, cpu, group = {}, {}, {}
    for line in lines:
        what = f"{line['what']}, {line['in_flight']:,} at once"
        rate.setdefault(what, {})[line["round"]] = line["assignments"] / line["seconds"]
        cpu.setdefault(what, []).append(line["cpu"] / line["assignments"] * 1e6)
        if "commits" in line:
            group.setdefault(what, []).append(2 * line["assignments"] / line["commits"])
    rows = [[what, spread(list(by.values()), "{:.0f}"), ratios(rate, what, what.replace("whole server", "store alone")),
             spread(cpu[what], "{:.0f}"), spread(group.get(what, []), "{:.0f}")] for what, by in rate.items()]
    return table(["Assignments", "a second", "to the store alone", "microseconds of CPU", "writes in a commit"], rows)


def main():
    path = pathlib.Path(sys.argv[1])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    handshakes = [line for line in lines if line.get("part") == "handshake"]
    memory = [line for line in lines if line.get("part") == "memory"]
    throughput = [line for line in lines if line.get("part") == "throughput"]
    stalls = [line for line in lines if line.get("part") == "stall"]
    connections = [line for line in lines if line.get("part") == "connections"]
    threads = [line for line in lines if line.get("part") == "threads"]
    idle = [line for line in lines if line.get("part") == "idle"]
    storms = [line for line in lines if line.get("part") == "storm"]
    lookups = [line for line in lines if line.get("part") == "lookup"]
    restarts = [line for line in lines if line.get("part") == "restart"]
    assignments = [line for line in lines if line.get("part") == "assignments"]
    tables = {"storm": storm_table(storms) if storms else "",
              "lookup": lookup_table(lookups) if lookups else "",
              "restart": restart_table(restarts) if restarts else "",
              "assignments": assignments_table(assignments) if assignments else "",
              "connections": connections_table(connections) if connections else "",
              "threads": threads_table(threads) if threads else "",
              "idle": idle_table(idle) if idle else "",
              "handshake": handshake_table(handshakes) if handshakes else "",
              "memory": memory_table(memory) if memory else "",
              "throughput": throughput_table(throughput) if throughput else "",
              "stall": stall_table(stalls) if stalls else ""}
    if "--into" not in sys.argv:
        print("\n\n".join(text for text in tables.values() if text))
        return
    target = pathlib.Path(sys.argv[sys.argv.index("--into") + 1])
    text = target.read_text()
    for name, made in tables.items():
        begin, end = f"<!-- {name} -->\n", "<!-- end -->"
        if not made or begin not in text:
            continue
        before, rest = text.split(begin, 1)
        text = before + begin + made + "\n" + end + rest.split(end, 1)[1]
    target.write_text(text)


main()
