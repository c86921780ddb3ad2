"""The test core without programs of this project: a phone of the test, and a stub in the application server's place.
Runs inside a core: `core run -- core_test.py`. Each test has a core of its own under ctest."""

import json
import os
import queue
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from milenage import Milenage, make_opc
from phone import SERVICE, NetworkNotProven, Phone, Usim
from sip_trace import read_capture
from stub_server import StubServer

HERE = Path(__file__).resolve().parent
SUBSCRIBERS = {one["impi"].split("@")[0]: one
               for one in json.loads((HERE / "subscribers.json").read_text())["subscribers"]}
SEALED = bytes(range(256)) * 4
# TS 35.208, test sets 1, 2 and 3: K, RAND, SQN, AMF, OP, OPc, f1, f1*, f2, f5, f3, f4, f5*.
TEST_SETS = """
465b5ce8b199b49faa5f0a2ee238a6bc 23553cbe9637a89d218ae64dae47bf35 ff9bb4d0b607 b9b9 cdc202d5123e20f62b6d676ac72cb318
cd63cb71954a9f4e48a5994e37a02baf 4a9ffac354dfafb3 01cfaf9ec4e871e9 a54211d5e3ba50bf aa689c648370
b40ba9a3c58b2a05bbf0d987b21bf8cb f769bcd751044604127672711c6d3441 451e8beca43b
0396eb317b6d1c36f19c1c84cd6ffd16 c00d603103dcee52c4478119494202e8 fd8eef40df7d af17 ff53bade17df5d4e793073ce9d7579fa
53c15671c60a4b731c55b4a441c0bde2 5df5b31807e258b0 a8c016e51ef4a343 d3a628ed988620f0 c47783995f72
58c433ff7a7082acd424220f2b67c556 21a8c1f929702adb3e738488b9f5c5da 30f1197061c1
fec86ba6eb707ed08905757b1bb44b8f 9f7c8d021accf4db213ccff0c7f71a6a 9d0277595ffc 725c dbc59adcb6f9a0ef735477b7fadf8374
1006020f0a478bf6b699f15c062e42b3 9cabc3e99baf7281 95814ba2b3044324 8011c48c0c214ed2 33484dc2136b
5dbdbb2954e8f3cde665b046179a5098 59a92d3b476a0443487055cf88b2307b deacdd848cc6
"""


def core(*arguments: str) -> str:
    return subprocess.run([sys.executable, "-B", str(HERE / "core"), *arguments], check=True, capture_output=True,
                          text=True).stdout


class CoreTest(unittest.TestCase):
    def setUp(self) -> None:
        self.run_folder = Path(os.environ["CPNS_IMS_RUN"])
        self.open: list[Phone] = []

    def tearDown(self) -> None:
        for phone in self.open:
            phone.close()

    def phone(self, user: str, address: str = "127.0.20.1", kind: str = "tcp", usim: Usim | None = None) -> Phone:
        phone = Phone(user, usim or Usim.of(SUBSCRIBERS[user]), address, kind, self.run_folder / "tls/ca.pem")
        self.open.append(phone)
        return phone

    def server(self) -> StubServer:
        return StubServer()

    def test_when_a_phone_proves_itself_by_aka_then_it_is_registered_and_the_server_is_told(self) -> None:
        server = self.server()
        phone = self.phone("gw1", kind="tls")
        self.assertEqual(phone.register(), [401, 200])
        self.assertTrue(phone.last.get("Service-Route"))
        self.assertIn("sip:gw1@ims.cpns.test", phone.last.get("P-Associated-URI"))
        host, third_party = server.next("REGISTER")
        self.assertEqual(host, "127.0.10.3")
        self.assertIn("sip:gw1@ims.cpns.test", third_party.get("To"))
        self.assertEqual(int(third_party.get("Expires")), 600)

    def test_when_the_challenge_reaches_the_phone_then_ck_and_ik_are_not_in_it(self) -> None:
        phone = self.phone("gw1")
        challenge = phone._register(600, phone._authorization("", "")).get("WWW-Authenticate")
        self.assertIn("nonce=", challenge)
        self.assertIn("AKAv1-MD5", challenge)
        self.assertNotIn("ck=", challenge)
        self.assertNotIn("ik=", challenge)

    def test_when_the_network_counts_behind_the_usim_then_both_resynchronise_and_the_phone_is_registered(self) -> None:
        usim = Usim.of(SUBSCRIBERS["gw1"])
        usim.highest = 10_000
        phone = self.phone("gw1", usim=usim)
        self.assertEqual(phone.register(), [401, 401, 200])
        self.assertGreater(usim.highest, 10_000)

    def test_when_the_phone_has_another_k_then_it_does_not_believe_the_network(self) -> None:
        phone = self.phone("gw1", usim=Usim.of(SUBSCRIBERS["gw1"], k="00" * 16))
        with self.assertRaises(NetworkNotProven):
            phone.register()

    def test_when_res_is_wrong_then_the_phone_is_refused_and_the_server_hears_nothing(self) -> None:
        server = self.server()
        answers = self.phone("gw1").register(wrong_res=True)
        self.assertNotIn(200, answers)
        self.assertIn(answers[-1], (401, 403))
        with self.assertRaises(queue.Empty):
            server.next("REGISTER", 0.3)

    def test_when_the_hss_does_not_know_the_user_then_he_is_refused(self) -> None:
        phone = self.phone("nobody", usim=Usim.of(SUBSCRIBERS["gw1"]))
        self.assertGreaterEqual(phone.register()[-1], 400)

    def test_when_a_phone_lies_about_who_it_is_then_the_server_sees_the_registered_identity_alone(self) -> None:
        server = self.server()
        phone = self.phone("gw1")
        self.assertEqual(phone.register()[-1], 200)
        lies = [("P-Asserted-Identity", "<sip:gw3@ims.cpns.test>"), ("P-Asserted-Identity", "<tel:+15550100>"),
                ("P-Preferred-Identity", "<sip:gw3@ims.cpns.test>"), ("P-Served-User", "<sip:gw3@ims.cpns.test>")]
        self.assertEqual(phone.message(SEALED, sender="sip:gw3@ims.cpns.test", more=lies), 200)
        host, message = server.next("MESSAGE")
        self.assertEqual(host, "127.0.10.3")
        self.assertEqual(message.all("P-Asserted-Identity"), ["<sip:gw1@ims.cpns.test>"])
        self.assertEqual(message.all("P-Preferred-Identity") + message.all("P-Served-User"), [])
        self.assertEqual(message.body, SEALED)

    def test_when_the_server_sends_unprompted_then_the_phone_gets_it_on_its_own_connection(self) -> None:
        server = self.server()
        for kind, user, address in (("tls", "gw1", "127.0.20.1"), ("tcp", "gw3", "127.0.20.3")):
            phone = self.phone(user, address, kind)
            self.assertEqual(phone.register()[-1], 200)
            statuses: queue.Queue[int] = queue.Queue()
            threading.Thread(target=lambda to=phone.impu: statuses.put(server.message(to, SEALED)), daemon=True).start()
            got = phone.next_request()
            phone.stream.send(got.reply(200, "OK"))
            self.assertEqual(got.body, SEALED)
            self.assertEqual(statuses.get(timeout=8), 200)

    def test_when_a_phone_has_not_registered_then_its_message_goes_nowhere(self) -> None:
        server = self.server()
        self.assertEqual(self.phone("gw1").message(b"x"), 403)
        with self.assertRaises(queue.Empty):
            server.next("MESSAGE", 0.3)

    def test_when_a_user_has_no_criteria_then_no_s_cscf_brings_his_message_to_the_server(self) -> None:
        server = self.server()
        phone = self.phone("gw2")
        self.assertEqual(phone.register()[-1], 200)
        phone.message(b"x")
        # It may come as any message to a public service identity does:
        # from the I-CSCF, which the server does not believe.
        try:
            self.assertEqual(server.next("MESSAGE", 1)[0], "127.0.10.2")
        except queue.Empty:
            pass

    def test_when_the_s_cscf_has_been_restarted_then_the_phone_is_told_and_registers_anew(self) -> None:
        server = self.server()
        phone = self.phone("gw1")
        self.assertEqual(phone.register()[-1], 200)
        core("restart", "scscf")
        self.assertEqual(phone.message(b"x"), 504)
        self.assertEqual(phone.register()[-1], 200)
        self.assertEqual(phone.message(SEALED), 200)
        self.assertEqual(server.next("MESSAGE")[1].body, SEALED)

    def test_when_the_network_ends_a_registration_then_the_phone_is_told_and_the_server_cannot_reach_it(self) -> None:
        server = self.server()
        phone = self.phone("gw1")
        self.assertEqual(phone.register()[-1], 200)
        notified = phone.ask(phone.request("SUBSCRIBE", phone.impu, [
            ("Event", "reg"), ("Expires", "600"), ("Accept", "application/reginfo+xml"),
            ("Contact", f"<sip:gw1@{phone.here};transport=tcp>")]))
        self.assertEqual(notified.status, 200)
        phone.stream.send(phone.next_request().reply(200, "OK"))
        core("deregister", phone.impu)
        told = phone.next_request()
        phone.stream.send(told.reply(200, "OK"))
        self.assertEqual(told.method, "NOTIFY")
        self.assertIn(b"terminated", told.body)
        self.assertGreaterEqual(server.message(phone.impu, b"x"), 400)

    def test_when_a_message_has_gone_through_then_the_capture_has_it_at_all_three_cscfs(self) -> None:
        self.server()
        phone = self.phone("gw1", kind="tls")
        self.assertEqual(phone.register()[-1], 200)
        self.assertEqual(phone.message(SEALED), 200)
        got = read_capture(self.run_folder / "capture.jsonl")
        self.assertEqual({one.at for one in got if one.first_line().startswith("REGISTER")},
                         {"P-CSCF", "I-CSCF", "S-CSCF"})
        # The phone's own link too, although it is TLS: the P-CSCF reads it, and so would who sits there.
        self.assertTrue(any(one.at == "P-CSCF" and one.source.startswith("127.0.20.1") and SEALED in one.sip
                            for one in got))
        self.assertTrue(any(one.at == "S-CSCF" and SEALED in one.sip for one in got))

    def test_when_milenage_is_given_the_sets_of_ts_35_208_then_every_function_agrees(self) -> None:
        words = TEST_SETS.split()
        for at in range(0, len(words), 13):
            k, rand, sqn, amf, op, opc, f1, f1_star, f2, f5, f3, f4, f5_star = map(bytes.fromhex, words[at:at + 13])
            self.assertEqual(make_opc(k, op), opc)
            milenage = Milenage(k, opc)
            self.assertEqual(milenage.f1(rand, sqn, amf), (f1, f1_star))
            self.assertEqual([milenage.f2(rand), milenage.f5(rand), milenage.f3(rand), milenage.f4(rand),
                              milenage.f5_star(rand)], [f2, f5, f3, f4, f5_star])

    def test_when_esp_is_in_the_kernel_then_the_phone_s_link_can_be_ipsec(self) -> None:
        added = subprocess.run(["ip", "xfrm", "state", "add", "src", "127.0.20.1", "dst", "127.0.10.1", "proto", "esp",
                                "spi",
                                "0x1000", "mode", "transport", "auth", "hmac(sha1)", "0x" + "00" * 20, "enc",
                                "cipher_null",
                                ""], capture_output=True, text=True)
        if added.returncode:
            print(f"SKIPPED: this kernel has no ESP (CONFIG_INET_ESP): {added.stderr.strip()}")
            self.skipTest("no ESP")
        self.fail("this kernel has ESP: the phone has to learn sec-agree (TS 33.203) before this case can be tried")


if __name__ == "__main__":
    unittest.main(verbosity=2)
