"""PNE mode over IMS: what a gateway carries goes over the operator's bearer, as long as its user is registered. Each
case with processes of its own, inside a core of its own."""

import os
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from core_test import core
from programs import SERVER, Program, World, wait_until
from sip import Sip, Stream
from sip_trace import read_capture

USER = "sip:gw1@ims.cpns.test"


class BearerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="cpns-ims-")
        self.world = World(Path(self.folder.name))
        self.world.start_server()
        self.gateway = self.world.gateway("gw1", "127.0.20.1")
        self.gateway.start()
        self.world.server.wait_for("E773", pn_gw_id=USER)

    def tearDown(self) -> None:
        self.world.close()
        self.folder.cleanup()

    def run_device(self, name: str) -> Program:
        """A device that goes by way of the gateway alone, with a proxy for its applications."""
        home = self.world.folder / name
        (home / "device.toml").write_text(
            '[policy]\nmode = "gateway"\nhold_seconds = 0\nswitches_per_minute = 60\n[proxy]\n'
            'listen = "127.0.0.1:3128"\n')
        device = Program("cpns-device", home, ["run", "--dir", str(home)])
        self.world.programs.append(device)
        device.start()
        return device

    def ask(self) -> str:
        """What the service says to an application on the device; nothing where it is out of reach."""
        return subprocess.run(["curl", "--silent", "--fail", "--max-time", "5", "http://hello/"], capture_output=True,
                              text=True, env={**os.environ, "http_proxy": "http://127.0.0.1:3128"}).stdout

    def answer(self) -> str:
        try:
            return wait_until("an answer", self.ask, 20)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.world.tell()}") from None

    def test_when_a_device_goes_by_way_of_the_gateway_then_its_bytes_take_the_bearer_and_not_sip(self) -> None:
        self.world.pair(self.gateway, "tablet")
        self.run_device("tablet")
        answer = self.answer()
        self.assertIn("cm-", answer)
        self.assertIn(USER, answer)
        self.world.server.wait_for("E598", pn_gw_id=USER)
        self.assertGreater(self.world.admin("status")["relayed_connections"], 0)
        self.assertEqual(self.world.admin("status")["bearer_tokens"], 1)
        before = len(read_capture(Path(os.environ["CPNS_IMS_RUN"]) / "capture.jsonl"))
        for _ in range(20):
            self.assertTrue(self.ask())
        after = len(read_capture(Path(os.environ["CPNS_IMS_RUN"]) / "capture.jsonl"))
        self.assertLess(after - before, 5)

    def test_when_a_pne_has_no_key_then_the_server_knows_its_name_and_who_vouches(self) -> None:
        self.world.pair(self.gateway, "sensor", more=["--pne"])
        self.run_device("sensor")
        answer = self.answer()
        self.assertIn('"pne": "sensor"', answer)
        self.assertIn(USER, answer)

    def test_when_the_s_cscf_says_that_the_user_is_gone_then_what_is_carried_ends_at_once(self) -> None:
        self.world.pair(self.gateway, "tablet")
        self.run_device("tablet")
        self.answer()
        # The gateway does not hear of it: only the server can end what is open.
        core("stop", "scscf")
        stream = Stream(socket.create_connection((SERVER, 5060), 5, ("127.0.10.3", 0)))
        stream.send(Sip(f"REGISTER sip:{SERVER}:5060 SIP/2.0", [
            ("Via", f"SIP/2.0/TCP 127.0.10.3;branch=z9hG4bK{os.urandom(8).hex()};rport"), ("Max-Forwards", "70"),
            ("From", "<sip:127.0.10.3:5060>;tag=1"), ("To", f"<{USER}>"), ("Call-ID", os.urandom(8).hex()),
            ("CSeq", "1 REGISTER"), ("Contact", "<sip:127.0.10.3:5060>"), ("Expires", "0")], b""))
        self.assertEqual(stream.receive(8).status, 200)
        stream.close()
        gone = self.world.server.wait_for("E774", pn_gw_id=USER)
        self.assertGreater(gone["closed_links"], 0)
        wait_until("no carried connection", lambda: self.world.admin("status")["relayed_connections"] == 0)
        self.assertEqual(self.world.admin("status")["bearer_tokens"], 0)
        self.assertEqual(self.ask(), "")

    def test_when_the_gateway_ends_then_the_server_holds_nothing_of_it(self) -> None:
        self.world.pair(self.gateway, "tablet")
        self.run_device("tablet")
        self.answer()
        self.assertEqual(self.gateway.end(signal.SIGTERM), 0)
        self.world.server.wait_for("E774", pn_gw_id=USER)
        wait_until("nothing", lambda: self.world.admin("status")["relayed_connections"] == 0)
        self.assertEqual(self.world.admin("status")["bearer_tokens"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
