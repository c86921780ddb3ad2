"""Servers that a bench starts, each on the first core: cpns-server with a store of so many devices, and its peers."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

# Whoever ends a bench early ends its servers too.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
CORES = sorted(os.sched_getaffinity(0))


def on_core(number):
    return lambda: os.sched_setaffinity(0, {CORES[min(number, len(CORES) - 1)]})


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(ready, what, seconds=600):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise SystemExit(f"bench: {what} took longer than {seconds} s")
        time.sleep(0.02)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A server that runs, by itself in a process or with children."""

    def __init__(self, what, kind, callers, command, port, output, core=0):
        self.what, self.kind, self.callers, self.port = what, kind, callers, port
        with open(output, "wb") as file:
            pin = None if core is None else on_core(core)
            self.process = subprocess.Popen(command, stdout=file, stderr=file, preexec_fn=pin)
        until(lambda: self.process.poll() is not None or listens(port), f"the start of {what}")
        if self.process.poll() is not None:
            raise SystemExit(f"bench: {what} ended: {pathlib.Path(output).read_text()[-400:]}")

    def pids(self):
        own = self.process.pid
        children = pathlib.Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return [str(own), *children]

    def wait_until_quiet(self):
        """A server checks its store when it starts, on a thread of low priority: that is not what is measured."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")

        def priorities():
            return {(task / "stat").read_text().rsplit(")", 1)[1].split()[16] for task in tasks.iterdir()}

        until(lambda: len(priorities()) == 1, f"the start of {self.what}", 3600)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def log_has(log, name):
    return log.exists() and f'"name":"{name}"' in log.read_text()


def measured(part, command, **more):
    """What a program of the benches prints, one JSON object."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise SystemExit(f"{part}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def load(part, programs, server, count, at_once, **more):
    """`count` connections to this server, `at_once` under way."""
    return measured(f"{part}: {server.what}", [programs / "bench_load", server.kind, "127.0.0.1", server.port,
                                               server.callers, count, at_once, *server.pids()], **more)


def fill(programs, folder, devices, known):
    """A server's folder with that many devices, and what its known ones offer. Filled once, then left as it is."""
    callers = folder.with_suffix(".callers")
    if callers.exists() and folder.exists():
        return callers
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([programs / "cpns-server", "init", folder, "--server-id", "bench.example.net"], check=True,
                   stdout=subprocess.DEVNULL)
    print(f"Filling a store with {devices:,} devices ...", file=sys.stderr)
    made = subprocess.run([programs / "bench_fill", folder, str(devices), str(known)], check=True, capture_output=True)
    callers.write_bytes(made.stdout)
    return callers


def cpns(programs, work, engine, devices, known, crowd=True, threads=None):
    """`crowd`: one address is the whole crowd; what one may do is not what is measured then. On the first core; with a
    number of threads on all."""
    folder = work / f"cpns-{engine}-{devices}-{known}"
    callers = fill(programs, folder, devices, known)
    port = free_port()
    limits = "[limits]\nconnections_per_second = 1000000\nconnections_burst = 10000000\n" if crowd else ""
    (folder / "server.toml").write_text(
        f'server_id = "bench.example.net"\n[operator_link]\nlisten = "127.0.0.1:0"\n'
        f'[direct_link]\nlisten = "127.0.0.1:{port}"\nengine = "{engine}"\n'
        + limits)
    log = folder / "log.jsonl"
    log.unlink(missing_ok=True)
    command = [programs / "cpns-server", "run", folder, "--log-format", "json", "--log-file", log]
    if threads is not None:
        command += ["--threads", str(threads)]
    server = Server(f"cpns-server, {engine}, {devices:,} devices", "cpns", callers, command, port,
                    folder.with_suffix(".out"), core=0 if threads is None else None)
    until(lambda: log_has(log, "restart_loaded"), "loading the identities")
    server.wait_until_quiet()
    return server
