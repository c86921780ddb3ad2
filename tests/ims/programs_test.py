"""The programs of this project on a real core: each case with processes of its own, inside a core of its own
(`core run -- programs_test.py`)."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from core_test import core
from phone import Phone, Usim
from programs import BIN, SERVER, SERVER_ID, SERVICE, SUBSCRIBERS, World, wait_until
from sip import Sip, Stream
from sip_trace import read_capture

import socket

GW1, GW2, GW3 = "127.0.20.1", "127.0.20.2", "127.0.20.3"
CPNS_BODY = [("Content-Type", "application/vnd.cpns.v1+protobuf")]


class ProgramsTest(unittest.TestCase):
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
        stream = Stream(socket.create_connection((SERVER, 5060), 5, (source, 0)))
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

    def test_when_a_device_is_paired_over_ims_then_the_sixteen_steps_end_in_a_direct_link(self) -> None:
        world, gateway = self.with_gateway()
        world.pair(gateway, "tablet")
        self.assertEqual(world.devices()[0]["pn_gw_id"], "sip:gw1@ims.cpns.test")
        first = world.device_id("tablet")
        answer = world.request("tablet")
        self.assertEqual(answer["device"], first)
        # The first direct link has renewed the key: the gateway that carried the first one knows none any more.
        self.assertNotEqual(world.device_id("tablet"), first)
        self.assertEqual(answer["pn_gw"], "sip:gw1@ims.cpns.test")
        gateway_row = world.admin("gateways")["gateways"][0]
        self.assertEqual((gateway_row["binding"], gateway_row["certificate_sha256"]), ("ims", None))
        steps = {line["step"] for program in (world.server, gateway) for line in program.lines("E230")}
        self.assertLessEqual(set(range(11)), steps)

    def test_when_all_sip_is_captured_then_neither_seed_nor_key_is_in_it_S9(self) -> None:
        world, gateway = self.with_gateway()
        world.pair(gateway, "tablet")
        device = world.device_id("tablet")
        self.assertEqual(gateway.end(), 0)
        self.assertEqual(world.server.end(), 0)
        got = read_capture(self.capture)
        bodies = [one for one in got if one.first_line().startswith(f"MESSAGE {SERVICE}")]
        self.assertEqual({one.at for one in bodies}, {"P-CSCF", "S-CSCF"})
        self.assertIn("I-CSCF", {one.at for one in got if one.first_line().startswith("MESSAGE sip:gw1@")})
        file = Path(self.folder.name) / "all.sip"
        file.write_bytes(b"\n".join(one.sip for one in got))
        scan = [BIN / "ims_secret_scan", world.server.folder, SERVER_ID, device]
        found = subprocess.run([*scan, file], capture_output=True, text=True)
        self.assertEqual((found.returncode, found.stdout), (0, ""), found.stderr)
        # The scan finds what is there: the seed in a file of ours.
        shown = subprocess.run([*scan, "--plant", file], capture_output=True, text=True)
        self.assertEqual(shown.returncode, 1)
        self.assertIn("Key Seed", shown.stdout)

    def test_when_k_differs_then_the_gateway_does_not_believe_the_network_and_says_so(self) -> None:
        world = self.start()
        gateway = world.gateway("gw1", GW1, k="00" * 16)
        gateway.start()
        line = gateway.wait_for("P750")
        self.assertEqual(line["level"], "error")
        self.assertEqual(gateway.lines("E756"), [])

    def test_when_the_network_expects_another_answer_then_the_gateway_is_not_registered_and_says_so(self) -> None:
        world = self.start()
        core("spoil-xres", "sip:gw1@ims.cpns.test")
        gateway = world.gateway("gw1", GW1)
        gateway.start()
        gateway.wait_for("P759")
        self.assertEqual(gateway.lines("E756"), [])
        self.assertEqual(world.server.lines("E773"), [])

    def test_when_the_network_counts_behind_then_gateway_and_network_resynchronise_even_after_a_restart(self) -> None:
        world = self.start()
        core("set-sqn", "sip:gw1@ims.cpns.test", "320000")
        gateway = world.gateway("gw1", GW1)
        gateway.start()
        gateway.wait_for("E756")
        self.assertEqual(gateway.end(), 0)
        core("set-sqn", "sip:gw1@ims.cpns.test", "32")
        gateway.start()
        gateway.wait_for("E751")
        gateway.wait_for("E758")
        gateway.wait_for("E756")

    def test_when_a_phone_lies_about_who_it_is_then_the_server_takes_it_for_who_it_is(self) -> None:
        world = self.start()
        phone = self.phone("gw1", GW1)
        self.assertEqual(phone.register()[-1], 200)
        lies = [("P-Asserted-Identity", "<sip:gw3@ims.cpns.test>"),
                ("P-Preferred-Identity", "<sip:gw3@ims.cpns.test>")]
        self.assertEqual(phone.message(b"nonsense", sender="sip:gw3@ims.cpns.test", more=lies), 200)
        world.server.wait_for("E587", pn_gw_id="sip:gw1@ims.cpns.test")
        self.assertEqual(world.server.lines("E587", pn_gw_id="sip:gw3@ims.cpns.test"), [])
        phone.close()

    def test_when_a_message_comes_straight_from_outside_then_the_server_does_not_hear_it(self) -> None:
        world, _ = self.with_gateway()
        asserted = [("P-Asserted-Identity", "<sip:gw1@ims.cpns.test>")]
        # The kernel drops what others than the S-CSCF send.
        self.assertEqual(self.straight(asserted), 0)
        self.assertEqual(self.straight(asserted, "127.0.10.2"), 0)
        self.assertEqual(world.devices(), [])
        self.assertEqual(world.server.lines("E587"), [])
        # The same bytes from the S-CSCF's address are heard.
        core("stop", "scscf")
        self.assertEqual(self.straight(asserted, "127.0.10.3"), 200)
        world.server.wait_for("E587")

    def test_when_a_message_asserts_no_or_two_identities_then_the_server_refuses_it(self) -> None:
        world, _ = self.with_gateway()
        one = ("P-Asserted-Identity", "<sip:gw1@ims.cpns.test>")
        # From the S-CSCF's own address: what a core whose trust domain leaks would let through.
        core("stop", "scscf")
        self.assertEqual(self.straight([], "127.0.10.3"), 403)
        world.server.wait_for("P766")
        self.assertEqual(self.straight([one, one], "127.0.10.3"), 403)
        self.assertEqual(self.straight([("P-Asserted-Identity", one[1] + ", <tel:+15550100>")], "127.0.10.3"), 403)
        self.assertEqual(len(world.server.lines("P767")), 2)
        self.assertEqual(self.straight([one], "127.0.10.3"), 200)

    def test_when_a_user_has_not_the_service_then_his_gateway_gets_nothing_and_says_so(self) -> None:
        world = self.start()
        gateway = world.gateway("gw2", GW2)
        gateway.start()
        gateway.wait_for("E756")
        self.assertNotEqual(world.pair(gateway, "tablet", good=False).returncode, 0)
        wait_until("the gateway's word", lambda: gateway.lines("P776") + gateway.lines("T754") + gateway.lines("T771"))
        self.assertEqual(world.devices(), [])
        self.assertEqual(world.admin("gateways")["gateways"], [])

    def test_when_the_network_ends_a_registration_in_an_assignment_then_nothing_is_half_known(self) -> None:
        world, gateway = self.with_gateway()
        world.server.process.send_signal(signal.SIGSTOP)
        code = world.code_of(gateway)
        device = subprocess.Popen([BIN / "cpns-device", "pair", "-", "--dir", str(world.folder / "tablet"), "--name",
                                   "tablet"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, text=True)
        device.stdin.write(code + "\n")
        device.stdin.close()
        wait_until("step 0 at the S-CSCF", lambda: any(
            one.at == "S-CSCF" and one.first_line().startswith(f"MESSAGE {SERVICE}") for one in
            read_capture(self.capture)))
        core("deregister", "sip:gw1@ims.cpns.test")
        # The S-CSCF forgets the contact a moment later.
        time_limit = time.monotonic() + 8
        while time.monotonic() < time_limit and "sip:127.0.10.3" in core("status"):
            pass
        world.server.process.send_signal(signal.SIGCONT)
        device.wait(60)
        wait_until("no pending row", lambda: not world.devices("pending"), 40)
        # Either it went through before the core forgot, or not at all: never a key that one end alone has.
        if device.returncode == 0:
            self.assertEqual(len(world.devices("active")), 1)
        else:
            self.assertEqual([one for one in world.devices() if one["state"] == "in use"], [])
        # The gateway comes back by itself, or at its next start.
        gateway.end()
        gateway.start()
        gateway.wait_for("E756")
        world.pair(gateway, "camera")
        self.assertEqual(world.request("camera")["pn_gw"], "sip:gw1@ims.cpns.test")

    def test_when_the_s_cscf_was_restarted_then_the_gateway_registers_anew_and_goes_on(self) -> None:
        world, gateway = self.with_gateway()
        core("restart", "scscf")
        world.pair(gateway, "tablet", good=False)
        wait_until("a second registration", lambda: len(gateway.lines("E756")) + len(gateway.lines("E757")) >= 2)
        if not (world.folder / "tablet" / "credential").exists():
            world.pair(gateway, "camera")
            self.assertTrue(world.request("camera")["device"])

    def test_when_the_server_was_restarted_then_a_refused_gateway_registers_anew_and_goes_on(self) -> None:
        world, gateway = self.with_gateway()
        self.assertEqual(world.server.end(), 0)
        world.start_server()
        world.pair(gateway, "tablet", good=False)
        world.server.wait_for("P770")
        world.server.wait_for("E773")
        wait_until("the link", lambda: gateway.log()[-1]["code"] and len(gateway.lines("E472")) >= 2)
        world.pair(gateway, "camera")
        self.assertTrue(world.request("camera")["device"])

    def test_when_two_gateways_pair_at_once_then_each_device_is_its_own_gateway_s(self) -> None:
        world, first = self.with_gateway()
        second = world.gateway("gw3", GW3)
        second.start()
        second.wait_for("E756")
        world.server.wait_for("E773", pn_gw_id="sip:gw3@ims.cpns.test")
        world.pair(first, "tablet")
        world.pair(second, "camera")
        owners = {one["device_name"]: one["pn_gw_id"] for one in world.devices()}
        self.assertEqual(owners, {"tablet": "sip:gw1@ims.cpns.test", "camera": "sip:gw3@ims.cpns.test"})

    def test_when_the_operator_invites_then_the_gateway_hears_it_through_the_core(self) -> None:
        world, gateway = self.with_gateway()
        world.cpns("gateway", "invite", "sip:gw1@ims.cpns.test", "camera")
        gateway.wait_for("E475", device_name="camera")
        nobody = world.cpns("gateway", "invite", "sip:gw3@ims.cpns.test", "camera", good=False)
        self.assertNotEqual(nobody.returncode, 0)
        self.assertIn("T789", nobody.stderr)

    def test_when_an_identity_is_of_one_binding_then_the_other_never_gets_it(self) -> None:
        world, gateway = self.with_gateway()
        world.pair(gateway, "tablet")
        token = world.folder / "token"
        refused = world.cpns("gateway", "add", "sip:gw1@ims.cpns.test", "--token-file", str(token), good=False)
        self.assertIn("P362", refused.stderr)
        world.cpns("gateway", "add", "sip:gw3@ims.cpns.test", "--token-file", str(token))
        second = world.gateway("gw3", GW3)
        second.start()
        second.wait_for("E756")
        self.assertNotEqual(world.pair(second, "camera", good=False).returncode, 0)
        world.server.wait_for("P362")
        self.assertEqual([one["device_name"] for one in world.devices()], ["tablet"])

    def test_when_a_user_is_revoked_then_devices_and_link_end_and_he_is_refused(self) -> None:
        world, gateway = self.with_gateway()
        world.pair(gateway, "tablet")
        world.cpns("gateway", "revoke", "sip:gw1@ims.cpns.test", "--yes")
        self.assertEqual([one["state"] for one in world.devices()], ["revoked"])
        self.assertEqual(world.request("tablet", good=False), {})
        self.assertNotEqual(world.pair(gateway, "camera", good=False).returncode, 0)
        world.server.wait_for("L355")

    def test_when_the_gateway_ends_in_order_then_the_network_and_the_server_know(self) -> None:
        world, gateway = self.with_gateway()
        status = json.loads(subprocess.run([BIN / "cpns-gateway", "status", "--dir", gateway.folder, "--json"],
                                           capture_output=True, text=True, check=True).stdout)
        self.assertEqual((status["operator_link"], status["registered"]), ("ims", True))
        self.assertEqual(world.admin("status")["ims_users"], 1)
        self.assertEqual(gateway.end(), 0)
        world.server.wait_for("E774", pn_gw_id="sip:gw1@ims.cpns.test")
        self.assertEqual(world.admin("status")["ims_users"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
