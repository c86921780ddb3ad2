"""All devices of a server come back at one moment, first told nothing, then as the server has told them.

    storm.py BIN WORK ROUNDS DEVICES

One cpns-server with engine psk13 on the first core, all devices on the second, in a network of their own; each device
has a key and an address of its own. Between two storms the server is started again. One JSON object a line."""

import json
import os
import pathlib
import subprocess
import sys

from idle import raise_file_limit
from servers import cpns, on_core

A_PROCESS = 17_000  # devices of one process, as open files allow


def storm(programs, work, devices, within):
    server = cpns(programs, work, "psk13", devices, devices, crowd=False)
    try:
        command = [programs / "bench_storm", "127.0.0.1", str(server.port), server.callers,
                   str(-(-devices // A_PROCESS)), str(within), server.pids()[0]]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, preexec_fn=on_core(1), check=False)
        if done.returncode != 0:
            raise SystemExit("storm: the devices gave up")
        return json.loads(done.stdout)
    finally:
        server.stop()


def main():
    programs, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    rounds, devices = map(int, sys.argv[3:5])
    work.mkdir(parents=True, exist_ok=True)
    os.environ["PATH"] += ":/usr/sbin"
    raise_file_limit(1_000_000)
    for number in range(rounds):
        within = 0
        for what in ("told nothing", "told by the Server"):
            line = storm(programs, work, devices, within)
            print(json.dumps({**line, "round": number, "what": what}), flush=True)
            within = line["told_ms"]


main()
