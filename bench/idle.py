"""How many idle direct links one server holds, and what each costs.

    idle.py BIN WORK LINKS HOLD_SECONDS

One cpns-server with engine psk13, and devices with links up to LINKS: two of each device. One JSON object."""

import os
import pathlib
import resource
import subprocess
import sys

from servers import cpns, on_core

PER_DEVICE = 2


def raise_file_limit(files):
    """For the server; what this account may not raise stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, max(files, hard)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main():
    programs, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    links, hold = int(sys.argv[3]), sys.argv[4]
    work.mkdir(parents=True, exist_ok=True)
    os.environ["PATH"] += ":/usr/sbin"
    raise_file_limit(links + 2000)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    devices = min(links, hard) // PER_DEVICE
    server = cpns(programs, work, "psk13", devices, devices)
    try:
        command = [programs / "bench_idle", "127.0.0.1", str(server.port), server.callers, str(links), hold,
                   server.pids()[0]]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, preexec_fn=on_core(1), check=False)
        if done.returncode != 0:
            raise SystemExit("idle: the devices gave up")
        print(done.stdout, end="")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
