"""Strangers, false networks and users without a right, against programs on a real core."""

import os
import unittest
from pathlib import Path

from core_test import core
from programs import wait_until
from programs_case import GW1, GW2, GW3, ProgramsCase


class HostileTest(ProgramsCase):
    def over_tls(self, ca: Path) -> list[str]:
        return ["--pcscf", "pcscf.ims.cpns.test:5061", "--pcscf-address", "127.0.10.1", "--ca-file", str(ca)]

    def test_when_the_p_cscf_is_spoken_to_over_tls_then_its_certificate_is_checked(self) -> None:
        world = self.start()
        tls = Path(os.environ["CPNS_IMS_RUN"]) / "tls"
        gateway = world.gateway("gw1", GW1, more=self.over_tls(tls / "ca.pem"))
        gateway.start()
        gateway.wait_for("E756")
        world.server.wait_for("E773")
        world.pair(gateway, "tablet")
        # A certificate of nobody whom this gateway believes: its own, as it happens.
        stranger = world.gateway("gw3", GW3, more=self.over_tls(tls / "pcscf.pem"))
        agent = (gateway.folder / "sip-tls" / "agent.pem").read_text()
        (stranger.folder / "sip-tls" / "cafile.pem").write_text(agent[:agent.index("-----BEGIN PRIV")])
        stranger.start()
        stranger.wait_for("P775")
        self.assertEqual(stranger.lines("E756"), [])

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

    def test_when_another_user_writes_to_a_gateway_then_it_does_not_listen(self) -> None:
        _, gateway = self.with_gateway()
        phone = self.phone("gw3", GW3)
        self.assertEqual(phone.register()[-1], 200)
        # An ActivationInvite, as the server would send one.
        invite = bytes.fromhex("0a08" + "11" * 8 + "1208" + "0a06") + b"camera"
        self.assertEqual(phone.message(invite, to="sip:gw1@ims.cpns.test"), 403)
        gateway.wait_for("P765")
        self.assertEqual(gateway.lines("E475"), [])
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


if __name__ == "__main__":
    unittest.main(verbosity=2)
