"""The programs of this project on a real core: each case with processes of its own, inside a core of its own
(`core run -- programs_test.py`)."""

import json
import signal
import subprocess
import time
import unittest
from pathlib import Path

from core_test import core
from programs import BIN, SERVER_ID, SERVICE, wait_until
from programs_case import GW1, GW3, ProgramsCase
from sip_trace import read_capture


class ProgramsTest(ProgramsCase):
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
