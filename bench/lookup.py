"""What a look-up of an identity costs a server, with ever more devices.

    lookup.py BIN WORK ROUNDS MOST

Stores of a thousand devices, ten thousand and so on up to MOST are filled once, in the folder WORK, which may stay. One
JSON object a line."""

import pathlib
import subprocess
import sys

from servers import fill, on_core

KNOWN = 1000


def main():
    programs, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    rounds, most = map(int, sys.argv[3:5])
    work.mkdir(parents=True, exist_ok=True)
    devices = 1000
    while devices <= most:
        folder = work / f"store-{devices}"
        fill(programs, folder, devices, KNOWN)
        subprocess.run([programs / "bench_lookup", folder, str(rounds)], check=True, preexec_fn=on_core(0))
        devices *= 10


main()
