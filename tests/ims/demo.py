"""The ladder of SIP messages beside the sixteen steps, between real programs on a real IMS core.
`scripts/demo --ims` runs it; --json gives one object a line."""

import json
import os
import re
import sys
import tempfile
from pathlib import Path

from programs import SERVER_ID, SERVICE, World, wait_until
from sip_trace import Captured, read_capture

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = {"127.0.20.1": 0, "127.0.10.1": 1, "127.0.10.2": 2, "127.0.10.3": 3, "127.0.10.10": 4}
NAMES = ["PN GW", "P-CSCF", "I-CSCF", "S-CSCF", "Server"]
WIDTH = 22
PARTIES = {"device": "CM Device", "gateway": "External PN GW", "server": "CPNS Server"}
COLOURS = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def colour(text: str, code: int) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if COLOURS else text


def message_names() -> dict[int, str]:
    """Field numbers of the messages, from the schema."""
    schema = (ROOT / "proto/cpns/v1/cpns.proto").read_text()
    inside = schema[schema.index("oneof body"):]
    return {int(number): name
            for name, number in re.findall(r"^\s+(\w+) \w+ = (\d+);", inside[:inside.index("}")], re.MULTILINE)}


def body_name(sip: bytes, names: dict[int, str]) -> str:
    """Which message of CPNS a MESSAGE carries: the field after the correlation_id, ten bytes in."""
    body = sip.partition(b"\r\n\r\n")[2]
    if len(body) < 12:
        return ""
    key, low = body[10], body[11]
    number = key >> 3 if key < 128 else (key & 127 | low << 7) >> 3
    return names.get(number, "")


def hops(captured: list[Captured]) -> list[Captured]:
    """Each hop once: both ends of one tell of it."""
    seen, found = set(), []
    for one in sorted(captured, key=lambda each: each.time):
        ends = (one.source.split(":")[0], one.target.split(":")[0])
        if ends[0] == ends[1] or not set(ends) <= COLUMNS.keys() or (ends, one.sip) in seen:
            continue
        seen.add((ends, one.sip))
        found.append(one)
    return found


def arrow(one: Captured, text: str) -> str:
    begin, end = (COLUMNS[address.split(":")[0]] for address in (one.source, one.target))
    left, right = sorted((begin, end))
    room = (right - left) * WIDTH - 1
    label = text[:room - 3]
    shaft = (f" {label} " if len(label) < room - 4 else label).center(room - 1, "-")
    drawn = shaft + ">" if begin < end else "<" + shaft
    cells = "".join("|".ljust(WIDTH) for _ in range(left)) + "|" + drawn
    rest = "".join("|".ljust(WIDTH) for _ in range(right, len(NAMES)))
    return (cells + rest).rstrip()


def say_hop(one: Captured, begin: float, names: dict[int, str], as_json: bool) -> None:
    first = one.first_line()
    status = first.startswith("SIP/2.0")
    text = " ".join(first.split()[1:3])[:24] if status else first.split()[0]
    carried = "" if status else body_name(one.sip, names)
    if as_json:
        print(json.dumps({"kind": "sip", "ms": round((one.time - begin) * 1000, 1), "from": one.source,
                          "to": one.target, "by": one.by, "line": first, "carries": carried or None}))
        return
    line = f"{(one.time - begin) * 1000:8.1f}  {arrow(one, carried or text)}"
    print(colour(line, 36) if carried else colour(line, 2))


def say_step(line: dict, begin: float, as_json: bool) -> None:
    at = line["time_us"] / 1e6 - begin
    if as_json:
        print(json.dumps({"kind": "step", "ms": round(at * 1000, 1), "step": line["step"], "party": line["party"]}))
    else:
        print(colour(f"{at * 1000:8.1f}  step {line['step']:>2} done at the {PARTIES[line['party']]}", 1))


def main() -> int:
    as_json = "--json" in sys.argv
    with tempfile.TemporaryDirectory(prefix="cpns-ims-") as folder:
        world = World(Path(folder))
        try:
            world.start_server()
            gateway = world.gateway("gw1", "127.0.20.1")
            gateway.start()
            world.server.wait_for("E773")
            paired = world.pair(gateway, "tablet", more=["--log-format", "json", "--log-file",
                                                         str(world.folder / "pair.log")])
            answer = world.request("tablet")
            steps = [line for program in (world.server, gateway) for line in program.lines("E230")]
            steps += [json.loads(line) for line in (world.folder / "pair.log").read_text().splitlines()
                      if '"E230"' in line]
            capture = Path(os.environ["CPNS_IMS_RUN"]) / "capture.jsonl"
            wait_until("the last answer in the capture",
                       lambda: read_capture(capture)[-1].first_line().startswith("SIP/2.0 200"))
            told = [(one.time, 0, one) for one in hops(read_capture(capture))]
            told += [(line["time_us"] / 1e6, 1, line) for line in steps]
            told.sort(key=lambda each: each[:2])
            # The device goes on at once: over its direct link it renews the key, and steps 0 to 10 come again, past the
            # gateway and the core.
            seen: set[tuple] = set()
            told = [one for one in told if not one[1] or not (one[2]["step"] in seen or seen.add(one[2]["step"]))]
            begin = told[0][0]
            names = message_names()
            if not as_json:
                print(f"\n{colour('CPNS Device ID/Key Assignment over IMS', 1)}: {paired.args[0].name} by way of "
                      f"sip:gw1@ims.cpns.test to {SERVICE} ({SERVER_ID})\n")
                print("      ms  " + "".join(name.ljust(WIDTH) for name in NAMES).rstrip())
            for _, kind, what in told:
                if kind:
                    say_step(what, begin, as_json)
                else:
                    say_hop(what, begin, names, as_json)
            if as_json:
                print(json.dumps({"kind": "answer", **answer}))
            else:
                print(f"\nOver its direct link, past the core, the device asks a service, which knows who calls:\n"
                      f"  {json.dumps(answer)}\n")
            return 0
        finally:
            world.close()


if __name__ == "__main__":
    sys.exit(main())
