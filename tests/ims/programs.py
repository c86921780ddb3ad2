"""cpns-server, cpns-gateway and cpns-device as real processes inside a core's network, for programs_test.py."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BIN = Path(os.environ.get("CPNS_BIN", "build/dev/bin")).resolve()
SERVER_ID = "cpns.ims.test"
SERVICE = "sip:cpns@ims.cpns.test"
SERVER = "127.0.10.10"
HERE = Path(__file__).resolve().parent
SUBSCRIBERS = {one["impi"].split("@")[0]: one
               for one in json.loads((HERE / "subscribers.json").read_text())["subscribers"]}


def wait_until(what: str, look, seconds: float = 15.0):
    """What `look` gives, once it is something; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.01)


class Program:
    """One process, with its log as JSON lines."""

    def __init__(self, name: str, folder: Path, arguments: list[str]):
        self.name, self.folder, self.arguments = name, folder, arguments
        self.log_file = folder.parent / f"{folder.name}.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.begin = self.log_file.stat().st_size if self.log_file.exists() else 0
        with (self.folder.parent / f"{self.folder.name}.err").open("ab") as errors:
            self.process = subprocess.Popen(
                [BIN / self.name, *self.arguments, "--log-format", "json", "--log-file", str(self.log_file)],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

    def log(self) -> list[dict]:
        """Lines since the last start."""
        if not self.log_file.exists():
            return []
        with self.log_file.open("rb") as file:
            file.seek(self.begin)
            whole = file.read().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def lines(self, code: str, **fields: object) -> list[dict]:
        return [line for line in self.log()
                if line["code"] == code and all(line.get(key) == value for key, value in fields.items())]

    def wait_for(self, code: str, seconds: float = 15.0, **fields: object) -> dict:
        def look():
            found = self.lines(code, **fields)
            if not found and self.process and self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended: {self.errors()}")
            return found
        try:
            return wait_until(f"{code} of {self.name}", look, seconds)[0]
        except AssertionError as error:
            raise AssertionError(f"{error}\n" + "\n".join(map(str, self.log()[-20:]))) from None

    def errors(self) -> str:
        return (self.folder.parent / f"{self.folder.name}.err").read_text()[-2000:]

    def end(self, how: int = signal.SIGTERM) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(how)
        status = self.process.wait(20)
        self.process = None
        return status


def run(program: str, *arguments: str, given: str | None = None, good: bool = True) -> subprocess.CompletedProcess:
    done = subprocess.run([BIN / program, *arguments], input=given, capture_output=True, text=True, timeout=60)
    if good and done.returncode:
        raise AssertionError(f"{program} {' '.join(arguments)}: {done.stderr}")
    return done


class Caller(BaseHTTPRequestHandler):
    """A service that tells who calls."""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({"device": self.headers.get("CPNS-Device-ID"), "pn_gw": self.headers.get("CPNS-PN-GW-ID"),
                           "pne": self.headers.get("CPNS-PNE-Name")}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class World:
    """A server behind the core, and gateways and devices as they are asked for."""

    def __init__(self, folder: Path, more_settings: str = ""):
        self.folder = folder
        self.programs: list[Program] = []
        self.service = ThreadingHTTPServer(("127.0.0.1", 0), Caller)
        threading.Thread(target=self.service.serve_forever, daemon=True).start()
        home = folder / "server"
        run("cpns-server", "init", str(home), "--server-id", SERVER_ID, "--operator-listen", f"{SERVER}:0",
            "--direct-listen", f"{SERVER}:0")
        text = (home / "server.toml").read_text()
        ims = (f'[ims]\nlisten = "{SERVER}:5060"\ns_cscf = ["127.0.10.3"]\nnext_hop = "127.0.10.2:5060"\n'
               f'public_service_identity = "{SERVICE}"\n')
        text = text.replace("[ims]", "[ims_replaced]")
        text = text[:text.index("[ims_replaced]")] + ims + text[text.index("\n# New connections of one address"):]
        for line in more_settings.splitlines():
            key = line.split(" = ")[0]
            old = next(one for one in text.splitlines() if one.startswith(key + " = "))
            text = text.replace(old, line)
        (home / "server.toml").write_text(
            text + f'\n[service.hello]\nupstream = "127.0.0.1:{self.service.server_port}"\n')
        self.server = Program("cpns-server", home, ["run", str(home)])
        self.programs.append(self.server)

    def start_server(self) -> None:
        self.server.start()
        self.server.wait_for("E581")

    def gateway(self, user: str, address: str, k: str | None = None, more: list[str] | None = None) -> Program:
        """A gateway's folder and process, not started."""
        home = self.folder / f"gateway-{user}"
        keys = SUBSCRIBERS[user]
        run("cpns-gateway", "ims", "--dir", str(home), "--user", f"sip:{user}@ims.cpns.test", "--service", SERVICE,
            "--server-id", SERVER_ID, "--local", address, "--pan-listen", f"{address}:0",
            *(more or ["--pcscf", "127.0.10.1:5060", "--transport", "tcp"]),
            given=f"k {k or keys['k']}\nop {keys['op']}\n")
        made = Program("cpns-gateway", home, ["run", "--dir", str(home)])
        self.programs.append(made)
        return made

    def code_of(self, gateway: Program) -> str:
        return json.loads(run("cpns-gateway", "pair", "--dir", str(gateway.folder), "--json").stdout)["code"]

    def pair(self, gateway: Program, name: str, good: bool = True,
             more: list[str] | None = None) -> subprocess.CompletedProcess:
        """A device of that name is paired, and has its key where that went well."""
        return run("cpns-device", "pair", "-", "--dir", str(self.folder / name), "--name", name, *(more or []),
                   given=self.code_of(gateway) + "\n", good=good)

    def device_id(self, name: str) -> str:
        return json.loads(run("cpns-device", "status", "--dir", str(self.folder / name), "--json").stdout)[
            "cm_device_id"]

    def request(self, name: str, good: bool = True) -> dict:
        done = run("cpns-device", "request", "hello", "/", "--dir", str(self.folder / name), good=good)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def cpns(self, *arguments: str, good: bool = True) -> subprocess.CompletedProcess:
        return run("cpns", *arguments, "--server", str(self.server.folder), good=good)

    def admin(self, what: str) -> dict:
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(self.server.folder / "run" / "admin.sock"))
        asked = http.client.HTTPConnection("localhost")
        asked.sock = link
        asked.request("GET", f"/v1/{what}")
        with link:
            return json.loads(asked.getresponse().read())

    def devices(self, state: str | None = None) -> list[dict]:
        return [one for one in self.admin("devices")["devices"] if state in (None, one["state"])]

    def tell(self) -> str:
        """The ends of all logs, for a case that failed."""
        return "\n".join(f"{one.folder.name}: {line}" for one in self.programs for line in one.log()[-12:])

    def close(self) -> None:
        for program in reversed(self.programs):
            program.end(signal.SIGKILL)
        self.service.shutdown()
        self.service.server_close()
