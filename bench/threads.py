"""What a server on several threads does: connections a second, and what each costs.

    threads.py BIN WORK ROUNDS COUNT

As connections.py, but cpns-server and its client may use every core: one server with a loop on one thread, others with
2, 4, ... up to as many as there are cores. The client takes its part of the same cores."""

import json
import os
import pathlib
import sys

from servers import CORES, cpns, load

KNOWN = 1000
AT_ONCE = 64


def main():
    programs, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    rounds, count = map(int, sys.argv[3:5])
    work.mkdir(parents=True, exist_ok=True)
    numbers = [1]
    while numbers[-1] * 2 <= len(CORES):
        numbers.append(numbers[-1] * 2)
    for number in range(rounds):
        # One at a time: they share a folder, and idle threads of another one would not be missed.
        for threads in numbers:
            server = cpns(programs, work, "psk13", KNOWN, KNOWN, threads=threads)
            try:
                load("threads", programs, server, KNOWN, AT_ONCE)
                line = load("threads", programs, server, count, AT_ONCE)
                print(json.dumps({"part": "threads", "round": number, "threads": threads, "cores": len(CORES), **line}),
                      flush=True)
            finally:
                server.stop()


main()
