"""Attackers on a real core, for attack_test.py: a phone with bodies made by hand, strangers, and whoever has the
address of a CSCF. What they send is written from docs/protocol.md and docs/ims.md, not by what is attacked."""

import hmac
import os
import socket
import subprocess
import tempfile
from pathlib import Path

from core_test import core
from phone import Phone
from programs import SERVER, SERVER_ID, SERVICE
from programs_case import GW1, GW3, ProgramsCase
from sip import Sip, Stream

STRANGER = "127.0.20.9"
CPNS_BODY = ("Content-Type", "application/vnd.cpns.v1+protobuf")
IMPU1, IMPU3 = "sip:gw1@ims.cpns.test", "sip:gw3@ims.cpns.test"


def field(number: int, value: bytes) -> bytes:
    def varint(n: int) -> bytes:
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(data: bytes) -> dict[int, bytes | int]:
    """Of a message of protobuf; the last of each number."""
    def varint() -> int:
        nonlocal data
        value = shift = 0
        while True:
            byte, data = data[0], data[1:]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    found: dict[int, bytes | int] = {}
    while data:
        tag = varint()
        if tag & 7 == 0:
            found[tag >> 3] = varint()
        else:
            length = varint()
            found[tag >> 3], data = data[:length], data[length:]
    return found


def message(number: int, body: bytes, run: bytes | None = None) -> bytes:
    return field(1, run or os.urandom(8)) + field(number, body)


PING, PONG, BEARER_REQUEST, BEARER_GRANT = 14, 15, 28, 29


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


def expand(secret: bytes, label: bytes, *parts: bytes) -> bytes:
    info = b"".join(len(one).to_bytes(2, "big") + one for one in (label, *parts))
    return hmac.digest(secret, info + b"\1", "sha256")


class Bearer:
    """What a phone gets that asks the server for a bearer, and a TLS connection with it."""

    def __init__(self, phone: Phone, user: str, endpoint: str = ""):
        key = openssl("genpkey", "-algorithm", "X25519")
        share = openssl("pkey", "-pubout", "-outform", "DER", given=key)[-32:]
        run = os.urandom(8)
        assert phone.message(message(BEARER_REQUEST, field(1, share), run)) == 200
        while True:
            asked = phone.next_request()
            phone.stream.send(asked.reply(200, "OK"))
            got = fields(asked.body)
            if got[1] == run:
                break
        grant = fields(got[BEARER_GRANT])
        self.token, server_share = grant[1], grant[2]
        self.endpoint = endpoint or grant[4].decode()
        with tempfile.TemporaryDirectory() as folder:
            mine, theirs = Path(folder) / "key", Path(folder) / "peer"
            mine.write_bytes(key)
            theirs.write_bytes(bytes.fromhex("302a300506032b656e032100") + server_share)
            x = openssl("pkeyutl", "-derive", "-inkey", str(mine), "-peerkey", str(theirs), "-peerform", "DER")
        prk = hmac.digest(b"CPNS-DKA-v1 bearer", x, "sha256")
        self.psk = expand(prk, b"bearer psk", self.token, server_share, share, SERVER_ID.encode(), user.encode())

    def connect(self, alpn: str = "cpns-bearer/1", psk: bytes | None = None) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            ["openssl", "s_client", "-connect", self.endpoint, "-tls1_3", "-psk_identity", "bearer-" + self.token.hex(),
             "-psk", (psk or self.psk).hex(), "-alpn", alpn, "-quiet", "-no_ign_eof"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


class AttackCase(ProgramsCase):
    def setUp(self) -> None:
        super().setUp()
        self.open: list[Phone] = []

    def tearDown(self) -> None:
        for phone in self.open:
            phone.close()
        super().tearDown()

    def phone(self, user: str, address: str) -> Phone:
        phone = super().phone(user, address)
        self.open.append(phone)
        self.assertEqual(phone.register()[-1], 200)
        self.world.server.wait_for("E773", pn_gw_id=f"sip:{user}@ims.cpns.test")
        return phone

    def raw(self, method: str, uri: str, headers: list[tuple[str, str]], body: bytes, source: str) -> Sip:
        return Sip(f"{method} {uri} SIP/2.0", [
            ("Via", f"SIP/2.0/TCP {source};branch=z9hG4bK{os.urandom(8).hex()};rport"), ("Max-Forwards", "70"),
            ("From", f"<{IMPU1}>;tag=1"), ("To", f"<{uri}>"), ("Call-ID", os.urandom(8).hex()), ("CSeq", f"1 {method}"),
            *headers], body)

    def scscf(self) -> Stream:
        core("stop", "scscf")
        return Stream(socket.create_connection((SERVER, 5060), 5, ("127.0.10.3", 0)))

    def silent_icscf(self) -> socket.socket:
        """Takes what goes to users, and never answers."""
        core("stop", "icscf")
        return socket.create_server(("127.0.10.2", 5060))

    def third_party(self, to: str, expires: str) -> Sip:
        request = self.raw("REGISTER", f"sip:{SERVER}:5060", [("Expires", expires)], b"", "127.0.10.3")
        request.headers = [(name, f"<{to}>" if name == "To" else value) for name, value in request.headers]
        return request

    def ping(self, user: str) -> Sip:
        return self.raw("MESSAGE", SERVICE, [("P-Asserted-Identity", f"<{user}>"), CPNS_BODY],
                        message(PING, field(1, b"p")), "127.0.10.3")

    def ask(self, stream: Stream, request: Sip) -> int:
        stream.send(request)
        while True:
            got = stream.receive(8)
            if got.status >= 200:
                return got.status

    def stays(self, link: "subprocess.Popen[bytes]") -> bool:
        """Whether a handshake was completed and the server holds the connection: it says no word before it is asked."""
        try:
            link.wait(2)
            return False
        except subprocess.TimeoutExpired:
            return True
