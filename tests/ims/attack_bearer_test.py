"""Bearers of an IMS user in the wrong hands, for something else, and after their time; by TLS clients of the test. Each
case inside a core of its own."""

import unittest

from attack_case import GW1, GW3, IMPU1, IMPU3, AttackCase, Bearer


class AttackBearerTest(AttackCase):
    def test_when_a_bearer_is_of_another_or_for_something_else_then_it_opens_nothing(self) -> None:
        self.start()
        bearer = Bearer(self.phone("gw1", GW1), IMPU1)
        other = Bearer(self.phone("gw3", GW3), IMPU3)
        good = bearer.connect()
        self.assertTrue(self.stays(good))
        wrong = [bearer.connect(protocol) for protocol in
                 ("cpns-operator/1", "cpns-enroll/1", "cpns-relay/1", "cpns/1", "http/1.1")]
        for link in (bearer.connect(psk=other.psk), bearer.connect(psk=bytes(32)), *wrong):
            self.assertFalse(self.stays(link))
        self.assertTrue(self.stays(good))
        good.kill()

    def test_when_the_registration_ends_then_its_bearers_do_and_no_connection_is_opened_by_one(self) -> None:
        world = self.start()
        phone = self.phone("gw1", GW1)
        bearer = Bearer(phone, IMPU1)
        good = bearer.connect()
        self.assertTrue(self.stays(good))
        phone.register(0)
        world.server.wait_for("E774", pn_gw_id=IMPU1)
        good.wait(2)
        self.assertFalse(self.stays(bearer.connect()))
        self.assertEqual(world.admin("status")["bearer_tokens"], 0)

    def test_when_a_user_is_revoked_then_his_bearers_end_at_once(self) -> None:
        world = self.start()
        bearer = Bearer(self.phone("gw1", GW1), IMPU1)
        good = bearer.connect()
        self.assertTrue(self.stays(good))
        world.cpns("gateway", "revoke", IMPU1, "--yes")
        good.wait(2)
        self.assertFalse(self.stays(bearer.connect()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
