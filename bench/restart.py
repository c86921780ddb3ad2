"""How soon a server answers after its start, with many devices.

    restart.py BIN WORK ROUNDS DEVICES

With a thousand devices and with DEVICES, in turn: right after another run, and with no page of the database in the
system's memory, as after a start of the machine. The clock begins when the process is started and ends when the client
has its answer (a connection of `connections`: handshake, request, answer), the client's own start included. One JSON
object a line."""

import json
import os
import pathlib
import subprocess
import sys
import time

from servers import Server, fill, free_port, log_has, on_core, until

KNOWN = 1000


def drop_pages(file):
    descriptor = os.open(file, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def one_start(programs, folder, callers, cold):
    port = free_port()
    (folder / "server.toml").write_text(
        f'server_id = "bench.example.net"\n[operator_link]\nlisten = "127.0.0.1:0"\n'
        f'[direct_link]\nlisten = "127.0.0.1:{port}"\nengine = "psk13"\n')
    log = folder / "log.jsonl"
    log.unlink(missing_ok=True)
    if cold:
        drop_pages(folder / "store" / "cpns.sqlite")
    begun = time.monotonic()
    server = Server("cpns-server", "cpns", callers,
                    [programs / "cpns-server", "run", folder, "--log-format", "json", "--log-file", log], port,
                    folder.with_suffix(".out"))
    try:
        listens = time.monotonic() - begun
        subprocess.run([programs / "bench_load", "cpns", "127.0.0.1", str(port), callers, "1", "1", *server.pids()],
                       check=True, capture_output=True, preexec_fn=on_core(1))
        first = time.monotonic() - begun
        until(lambda: log_has(log, "restart_loaded"), "loading the identities", 3600)
        loaded = time.monotonic() - begun
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))
    finally:
        server.stop()
    return {"listens": listens, "first": first, "loaded": loaded, "resident": resident * 1024}


def main():
    programs, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    rounds, most = map(int, sys.argv[3:5])
    work.mkdir(parents=True, exist_ok=True)
    stores = [(devices, work / f"store-{devices}") for devices in (1000, most)]
    callers = {devices: fill(programs, folder, devices, KNOWN) for devices, folder in stores}
    for number in range(rounds):
        for devices, folder in stores:
            for cold in (False, True):
                line = one_start(programs, folder, callers[devices], cold)
                print(json.dumps({"part": "restart", "round": number, "devices": devices, "cold": cold, **line}),
                      flush=True)


main()
