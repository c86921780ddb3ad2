"""Attackers on a real core and the programs of this project: a phone that lies, strangers, a user who
floods. Each case inside a core of its own (`core run -- attack_test.py`)."""

import os
import socket
import ssl
import time
import unittest
from pathlib import Path

from attack_case import CPNS_BODY, GW1, GW3, IMPU1, IMPU3, PING, STRANGER, AttackCase, field, message, openssl
from core_test import core
from programs import SERVER, SERVICE, World, wait_until
from sip import Stream


def spellings(lie: str, truth: str) -> list[list[tuple[str, str]]]:
    """Headers that might say `lie` to whoever reads them another way than the one before."""
    lie = f"<{lie}>"
    return [[("P-Asserted-Identity", lie)], [("p-asserted-identity", lie)], [("P-ASSERTED-IDENTITY", lie)],
            [("P-Asserted-Identity ", lie)], [("P-Asserted-Identity\t", lie)],
            [("P-Asserted-Identity", f"\r\n {lie}")], [("P-Asserted-Identity", lie)] * 2,
            [("P-Asserted-Identity", f"{lie}, <{truth}>")], [("P-Asserted-Identity", f'"x" {lie}')],
            [("P-Preferred-Identity", lie)], [("P-Served-User", lie)], [("X", f"y\r\nP-Asserted-Identity: {lie}")],
            [("X", f"y\r P-Asserted-Identity: {lie}")], [("Subject", f"a\n\tP-Asserted-Identity: {lie}")],
            [("Contact", lie)], [("Remote-Party-ID", lie)], [("Privacy", "id"), ("P-Asserted-Identity", lie)]]


class AttackTest(AttackCase):
    # A phone that lies.

    def test_when_a_phone_writes_the_asserted_identity_in_every_spelling_then_the_server_hears_none_of_it(self) -> None:
        world = self.start()
        phone = self.phone("gw1", GW1)
        answers = []
        for lies in spellings(IMPU3, IMPU1):
            try:
                answers.append(phone.message(message(PING, field(1, b"p")), sender=IMPU3, more=lies))
            except (EOFError, OSError):
                answers.append(0)
                phone = self.phone("gw1", GW1)
        self.assertEqual(answers[0], 200)
        self.assertEqual([line for line in world.server.log() if line.get("pn_gw_id") == IMPU3], [], answers)
        wait_until("gw1 alone", lambda: [one["pn_gw_id"] for one in world.admin("gateways")["gateways"]] == [IMPU1])

    def test_when_a_phone_writes_to_a_gateway_in_the_server_s_name_then_the_gateway_hears_none_of_it(self) -> None:
        world = self.start()
        gateway = world.gateway("gw1", GW1)
        gateway.start()
        gateway.wait_for("E756")
        phone = self.phone("gw3", GW3)
        answers = []
        for lies in spellings(SERVICE, IMPU3):
            try:
                answers.append(phone.message(message(PING, field(1, b"p")), to=IMPU1, sender=SERVICE, more=lies))
            except (EOFError, OSError):
                answers.append(0)
                phone = self.phone("gw3", GW3)
        self.assertNotIn(200, answers)
        gateway.wait_for("P765")
        # A Ping that it had believed would have made it write to the server.
        self.assertEqual(world.server.lines("E587"), [])

    def test_when_a_phone_registers_another_or_by_way_of_the_server_then_the_server_hears_nothing(self) -> None:
        world = self.start()
        phone = self.phone("gw1", GW1)
        for uri, to in ((SERVICE, IMPU3), (SERVICE, IMPU1), ("sip:ims.cpns.test", IMPU3)):
            for route in ([], [("Route", f"<sip:{SERVER}:5060;transport=tcp;lr>")]):
                request = phone.request("REGISTER", uri, [("Contact", f"<sip:x@{GW1}:5060>"), ("Expires", "0"), *route],
                                        to=to)
                try:
                    self.assertNotEqual(phone.ask(request).status, 200)
                except (EOFError, OSError):
                    phone = self.phone("gw1", GW1)
        self.assertEqual(world.server.lines("E774"), [])
        self.assertEqual(world.server.lines("E773", pn_gw_id=IMPU3), [])

    # Strangers.

    def test_when_strangers_hold_connections_to_the_server_then_it_holds_none_of_theirs(self) -> None:
        world = self.start()
        before = len(os.listdir(f"/proc/{world.server.process.pid}/fd"))
        held = []
        for _ in range(20):
            link = socket.socket()
            link.bind((STRANGER, 0))
            link.setblocking(False)
            link.connect_ex((SERVER, 5060))
            held.append(link)
        # The S-CSCF's own connection, which comes later, is taken.
        phone = self.phone("gw1", GW1)
        self.assertEqual(phone.message(message(PING, field(1, b"p"))), 200)
        self.assertLess(len(os.listdir(f"/proc/{world.server.process.pid}/fd")) - before, 10)
        for link in held:
            link.close()

    def test_when_a_stranger_sends_to_a_gateway_then_it_does_not_take_him_for_the_server(self) -> None:
        world = self.start()
        gateway = world.gateway("gw1", GW1)
        gateway.start()
        gateway.wait_for("E756")
        world.server.wait_for("E773")
        inodes = {os.readlink(one)[8:-1] for one in Path(f"/proc/{gateway.process.pid}/fd").iterdir()
                  if os.readlink(one).startswith("socket:")}
        ports = [int(line.split()[1].split(":")[1], 16) for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
                 if line.split()[3] == "0A" and line.split()[9] in inodes]
        self.assertEqual(len(ports), 2, ports)
        taken = []
        for port in ports:
            link = socket.socket()
            link.bind((STRANGER, 0))
            link.settimeout(2)
            try:
                link.connect((GW1, port))
                stream = Stream(link)
                stream.send(self.raw("MESSAGE", IMPU1, [CPNS_BODY], message(PING, field(1, b"p")), STRANGER))
                taken.append(stream.receive(2).status)
            except (OSError, EOFError, TimeoutError):
                pass
            link.close()
        self.assertNotIn(200, taken)
        self.assertEqual([line for line in world.server.log() if line["code"] == "E587"], [])

    # From the S-CSCF's address: what a proxy of the core could do, or let through.

    def test_when_third_party_registrations_are_odd_then_they_register_nobody(self) -> None:
        world = self.start()
        stream = self.scscf()
        for to, expires in ((IMPU1, "x"), (IMPU1, "-1"), (IMPU1, "600 600"), (IMPU1, "1e9"), ("sip:x", "600"),
                            (IMPU1 + ">, <" + IMPU3, "600"), ("sip:a@b@c", "600")):
            try:
                self.assertNotEqual(self.ask(stream, self.third_party(to, expires)), 200, (to, expires))
            except EOFError:
                stream = Stream(socket.create_connection((SERVER, 5060), 5, ("127.0.10.3", 0)))
        self.assertEqual(world.admin("status")["ims_users"], 0)
        self.assertEqual(self.ask(stream, self.third_party(IMPU1, "99999999999999999999")), 400)
        self.assertEqual(self.ask(stream, self.third_party(IMPU1, "4294967295")), 200)
        self.assertEqual(world.admin("status")["ims_users"], 1)

    def test_when_requests_are_monstrous_then_the_server_goes_on_and_its_log_stays_small(self) -> None:
        world = self.start()
        stream = self.scscf()
        self.assertEqual(self.ask(stream, self.third_party(IMPU1, "600")), 200)
        who = ("P-Asserted-Identity", f"<{IMPU1}>")
        big = "k" * 60_000
        for request in (
                self.raw("M" * 60_000, SERVICE, [who], b"x", "127.0.10.3"),
                self.raw("MESSAGE", SERVICE, [who, ("Content-Type", big)], b"x", "127.0.10.3"),
                self.raw("MESSAGE", f"sip:{big}@x", [who, CPNS_BODY], b"x", "127.0.10.3"),
                self.raw("MESSAGE", SERVICE, [("P-Asserted-Identity", f"<sip:{big}@x>"), CPNS_BODY], b"x",
                         "127.0.10.3"),
                self.raw("MESSAGE", SERVICE, [who, CPNS_BODY, *[("X-" + str(n), "y") for n in range(8000)]], b"x",
                         "127.0.10.3"),
                self.raw("MESSAGE", SERVICE, [who, CPNS_BODY, ("Event", "k" * 127), ("Reason", big)], b"x",
                         "127.0.10.3"),
                self.third_party(f"sip:{big}@x", "600")):
            try:
                self.ask(stream, request)
            except (EOFError, OSError):
                stream = Stream(socket.create_connection((SERVER, 5060), 5, ("127.0.10.3", 0)))
        ping = message(PING, field(1, b"p"))
        self.assertEqual(self.ask(stream, self.raw("MESSAGE", SERVICE, [who, CPNS_BODY], ping, "127.0.10.3")), 200)
        longest = max(len(line) for line in world.server.log_file.read_text().splitlines())
        self.assertLess(longest, 2000)

    def test_when_a_gateway_is_added_in_another_spelling_of_an_ims_user_then_the_right_one_is_told(self) -> None:
        world = self.start()
        token = str(world.folder / "token")
        for twin in ("SIP:gw1@ims.cpns.test", "sip:gw1@IMS.cpns.test", "tel:+1-555-0100"):
            refused = world.cpns("gateway", "add", twin, "--token-file", token, good=False)
            self.assertNotEqual(refused.returncode, 0, twin)
            self.assertIn("tel:+15550100" if twin.startswith("tel") else IMPU1, refused.stderr)
        world.cpns("gateway", "add", "sip:Gw1@ims.cpns.test", "--token-file", token)

    def test_when_it_is_to_end_while_messages_come_then_the_server_ends_at_once(self) -> None:
        world = self.start()
        stream = self.scscf()
        self.assertEqual(self.ask(stream, self.third_party(IMPU1, "600")), 200)
        who = ("P-Asserted-Identity", f"<{IMPU1}>")
        begin = time.monotonic()
        world.server.process.terminate()
        while world.server.process.poll() is None and time.monotonic() < begin + 15:
            try:
                self.ask(stream, self.raw("MESSAGE", SERVICE, [who, CPNS_BODY], message(PING, b""), "127.0.10.3"))
            except (EOFError, OSError):
                break
        self.assertEqual(world.server.process.wait(20), 0)
        self.assertLess(time.monotonic() - begin, 3)

    def test_when_a_user_asks_and_never_answers_then_few_messages_to_him_are_under_way(self) -> None:
        world = self.start()
        stream, silent = self.scscf(), self.silent_icscf()
        self.assertEqual(self.ask(stream, self.third_party(IMPU1, "600")), 200)
        for _ in range(300):
            self.ask(stream, self.ping(IMPU1))
        heard, _ = silent.accept()
        heard.settimeout(1)
        held = b""
        try:
            while more := heard.recv(65536):
                held += more
        except TimeoutError:
            pass
        self.assertLessEqual(held.count(b"MESSAGE " + IMPU1.encode()), 64)
        self.assertGreater(held.count(b"MESSAGE " + IMPU1.encode()), 0)
        # Others are not in his way.
        self.assertEqual(self.ask(stream, self.third_party(IMPU3, "600")), 200)
        self.assertEqual(self.ask(stream, self.ping(IMPU3)), 200)
        world.server.wait_for("E587", pn_gw_id=IMPU3)
        for one in (heard, silent):
            one.close()

    def test_when_a_user_sends_junk_faster_than_the_limit_then_it_ends_before_his_link_does(self) -> None:
        world = self.start("messages_per_second = 20\n")
        stream, silent = self.scscf(), self.silent_icscf()
        self.assertEqual(self.ask(stream, self.third_party(IMPU1, "600")), 200)
        self.assertEqual(self.ask(stream, self.third_party(IMPU3, "600")), 200)
        self.assertEqual(self.ask(stream, self.ping(IMPU1)), 200)
        world.server.wait_for("E587", pn_gw_id=IMPU1)
        junk = self.raw("MESSAGE", SERVICE, [("P-Asserted-Identity", f"<{IMPU1}>"), CPNS_BODY], b"junk", "127.0.10.3")
        answers = []
        for number in range(300):
            junk.headers = [(name, {"Via": f"{value}{number}", "Call-ID": f"{value}{number}"}.get(name, value))
                            for name, value in junk.headers]
            answers.append(self.ask(stream, junk))
        # Each piece of junk ends the link that took it, so the limit of a link alone would never be reached.
        self.assertLess(answers.count(200), 150)
        world.server.wait_for("P526")
        self.assertEqual(self.ask(stream, self.ping(IMPU3)), 200)
        silent.close()

    def test_when_the_s_cscf_speaks_tls_then_its_certificate_has_to_bear_its_name(self) -> None:
        home = Path(self.folder.name) / "sip-tls"
        home.mkdir()
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        authority = ["-keyout", str(home / "ca.key"), "-out", str(home / "cafile.pem")]
        openssl("req", "-x509", *key, *authority, "-subj", "/CN=core")
        for name in ("agent", "scscf", "pcscf"):
            pair = ["-keyout", str(home / f"{name}.key"), "-out", str(home / f"{name}.csr")]
            openssl("req", *key, *pair, "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}.ims.cpns.test")
            openssl("x509", "-req", "-in", str(home / f"{name}.csr"), "-CA", str(home / "cafile.pem"), "-CAkey",
                    str(home / "ca.key"), "-CAcreateserial", "-copy_extensions", "copy", "-out",
                    str(home / f"{name}.crt"))
        (home / "agent.pem").write_bytes((home / "agent.crt").read_bytes() + (home / "agent.key").read_bytes())
        settings = ["[ims]", f'tls_folder = "{home}"', 's_cscf_names = ["scscf.ims.cpns.test"]']
        self.world = world = World(Path(self.folder.name))
        toml = world.server.folder / "server.toml"
        toml.write_text(toml.read_text().replace("[ims]", "\n".join(settings)))
        world.start_server()
        core("stop", "scscf")

        def answer(name: str) -> int:
            context = ssl.create_default_context(cafile=home / "cafile.pem")
            context.check_hostname = False
            if name:
                context.load_cert_chain(home / f"{name}.crt", home / f"{name}.key")
            try:
                link = context.wrap_socket(socket.create_connection((SERVER, 5060), 5, ("127.0.10.3", 0)))
                request = self.third_party(IMPU1, "600")
                request.headers = [(one, value.replace("/TCP", "/TLS")) for one, value in request.headers]
                return self.ask(Stream(link), request)
            except (OSError, EOFError):
                return 0

        self.assertEqual(answer(""), 0)
        self.assertEqual(answer("pcscf"), 0)
        self.assertEqual(world.server.lines("E773"), [])
        self.assertEqual(answer("scscf"), 200)
        world.server.wait_for("E773", pn_gw_id=IMPU1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
