"""Assignments of a whole server in a second, beside what its store alone commits.

    assignments.py BIN WORK ROUNDS COUNT

Steps 0-10 by PN GWs over TLS, two durable writes each, many at once; then the same two writes, as many at once, by the
store of a server of its own. In turn in each round; the store's rows stay, so that both grow alike. One JSON object a
line. The server on both cores, as is the client: what they share is part of the figure."""

import http.client
import json
import pathlib
import shutil
import socket
import subprocess
import sys

from servers import Server, free_port, measured

GATEWAYS = 64
QUOTA = 100_000
AT_ONCE = (1, 4, 16)  # of each PN GW


def made(programs, work, name, port):
    folder = work / name
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([programs / "cpns-server", "init", folder, "--server-id", "bench.example.net"], check=True,
                   stdout=subprocess.DEVNULL)
    # What a PN GW may do in a second, and one address, is not what is measured.
    (folder / "server.toml").write_text(
        f'server_id = "bench.example.net"\n[operator_link]\nlisten = "127.0.0.1:{port}"\nmessages_per_second = 100000\n'
        '[direct_link]\nengine = "psk13"\nlisten = "127.0.0.1:0"\n'
        "[limits]\nconnections_per_second = 1000000\nconnections_burst = 10000000\n"
        "assignments_per_minute = 1000000\n")
    return folder


class Admin(http.client.HTTPConnection):
    def __init__(self, folder):
        super().__init__("localhost")
        self.path = str(folder / "run" / "admin.sock")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def tokens(folder, names):
    lines = []
    for name in names:
        admin = Admin(folder)
        admin.request("POST", "/v1/gateways", json.dumps({"pn_gw_id": name, "device_quota": QUOTA}))
        lines.append(json.loads(admin.getresponse().read())["token"])
        admin.close()
    return "".join(line + "\n" for line in lines)


def main():
    programs, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    rounds, count = map(int, sys.argv[3:5])
    work.mkdir(parents=True, exist_ok=True)
    port = free_port()
    alone, folder = made(programs, work, "assign-store", 0), made(programs, work, "assign-server", port)
    log = folder / "log.jsonl"
    server = Server("cpns-server", "operator", None,
                    [programs / "cpns-server", "run", folder, "--log-format", "json", "--log-file", log], port,
                    folder.with_suffix(".out"), core=None)
    try:
        for number in range(rounds):
            for at_once in AT_ONCE:
                names = [f"sip:many-{number}-{at_once}-{n}@ims.example.net" for n in range(GATEWAYS)]
                whole = [programs / "bench_assign", port, count, at_once, *server.pids()]
                store = [programs / "bench_assign_store", alone, count, GATEWAYS, at_once]
                lines = [("whole server", measured("assignments", whole, input=tokens(folder, names))),
                         ("store alone", measured("assignments", store))]
                for what, line in lines:
                    print(json.dumps({"part": "assignments", "round": number, "what": what, **line}), flush=True)
    finally:
        server.stop()


main()
