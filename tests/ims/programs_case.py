"""What the tests of programs on a core have in common."""

import os
import socket
import tempfile
import unittest
from pathlib import Path

from phone import Phone, Usim
from programs import SERVER, SERVICE, SUBSCRIBERS, World
from sip import Sip, Stream

GW1, GW2, GW3 = "127.0.20.1", "127.0.20.2", "127.0.20.3"
CPNS_BODY = [("Content-Type", "application/vnd.cpns.v1+protobuf")]


class ProgramsCase(unittest.TestCase):
    def setUp(self) -> None:
        self.capture = Path(os.environ["CPNS_IMS_RUN"]) / "capture.jsonl"
        self.folder = tempfile.TemporaryDirectory(prefix="cpns-ims-")
        self.world: World | None = None

    def tearDown(self) -> None:
        if self.world:
            self.world.close()
        self.folder.cleanup()

    def start(self, more_settings: str = "") -> World:
        self.world = World(Path(self.folder.name), more_settings)
        self.world.start_server()
        return self.world

    def with_gateway(self, user: str = "gw1", address: str = GW1, more_settings: str = ""):
        world = self.start(more_settings)
        gateway = world.gateway(user, address)
        gateway.start()
        gateway.wait_for("E756")
        world.server.wait_for("E773", 4, pn_gw_id=f"sip:{user}@ims.cpns.test")
        return world, gateway

    def phone(self, user: str, address: str) -> Phone:
        return Phone(user, Usim.of(SUBSCRIBERS[user]), address)

    def straight(self, headers: list[tuple[str, str]], source: str = "127.0.20.9") -> int:
        """The status that a MESSAGE gets which goes to the server directly; 0 where there is no answer."""
        try:
            stream = Stream(socket.create_connection((SERVER, 5060), 3, (source, 0)))
        except OSError:
            return 0
        stream.send(Sip(f"MESSAGE {SERVICE} SIP/2.0", [
            ("Via", f"SIP/2.0/TCP {source};branch=z9hG4bK{os.urandom(8).hex()};rport"), ("Max-Forwards", "70"),
            ("From", "<sip:gw1@ims.cpns.test>;tag=1"), ("To", f"<{SERVICE}>"), ("Call-ID", os.urandom(8).hex()),
            ("CSeq", "1 MESSAGE"), *CPNS_BODY, *headers], b"x"))
        try:
            return stream.receive(3).status
        except (OSError, EOFError):
            return 0
        finally:
            stream.close()
