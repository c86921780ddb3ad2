"""A small SIP phone with a USIM: registers by AKAv1-MD5, sends and answers MESSAGE. For tests of the core alone."""

import base64
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from milenage import Milenage, make_opc, xor
from sip import Sip, Stream, digest, parse_challenge

REALM = "ims.cpns.test"
PCSCF = "127.0.10.1"
SERVICE = f"sip:cpns@{REALM}"


class NetworkNotProven(Exception):
    """AUTN is not from who holds K."""


@dataclass
class Usim:
    """K and OPc of a subscriber and the highest sequence number taken (TS 33.102, 6.3)."""
    milenage: Milenage
    highest: int = 0

    @classmethod
    def of(cls, subscriber: dict, **changed: str) -> "Usim":
        data = {**subscriber, **changed}
        k = bytes.fromhex(data["k"])
        return cls(Milenage(k, make_opc(k, bytes.fromhex(data["op"]))))

    def answer(self, rand: bytes, autn: bytes) -> tuple[bytes, bytes]:
        """RES and nothing, or nothing and AUTS where the number is an old one."""
        number = xor(autn[:6], self.milenage.f5(rand))
        if self.milenage.f1(rand, number, autn[6:8])[0] != autn[8:]:
            raise NetworkNotProven
        if int.from_bytes(number, "big") <= self.highest:
            return b"", self.milenage.auts(rand, self.highest)
        self.highest = int.from_bytes(number, "big")
        return self.milenage.f2(rand), b""


class Phone:
    """One subscriber over one connection. `kind` is tcp or tls; `trust` is the anchor for tls."""

    def __init__(self, user: str, usim: Usim, address: str, kind: str = "tcp", trust: Path | None = None):
        self.user, self.usim, self.kind = user, usim, kind
        link = socket.create_connection((PCSCF, 5061 if kind == "tls" else 5060), 5, (address, 0))
        if kind == "tls":
            context = ssl.create_default_context(cafile=trust)
            link = context.wrap_socket(link, server_hostname=PCSCF)
        self.stream = Stream(link)
        self.here = "{}:{}".format(*link.getsockname()[:2])
        self.impu = f"sip:{user}@{REALM}"
        self.sequence, self.tag, self.call = 0, os.urandom(4).hex(), os.urandom(8).hex()
        self.waiting: list[Sip] = []

    def request(self, method: str, uri: str, more: list[tuple[str, str]], body: bytes = b"", to: str = "",
                sender: str = "", call: str = "") -> Sip:
        self.sequence += 1
        return Sip(f"{method} {uri} SIP/2.0", [
            ("Via", f"SIP/2.0/{self.kind.upper()} {self.here};branch=z9hG4bK{os.urandom(8).hex()};rport"),
            ("Max-Forwards", "70"), ("From", f"<{sender or self.impu}>;tag={self.tag}"), ("To", f"<{to or uri}>"),
            ("Call-ID", call or os.urandom(8).hex()), ("CSeq", f"{self.sequence} {method}"), *more], body)

    def ask(self, request: Sip) -> Sip:
        """Sends, and gives the final answer; requests that come meanwhile are kept for `next_request`."""
        self.stream.send(request)
        while True:
            got = self.stream.receive()
            if not got.status:
                self.waiting.append(got)
            elif got.get("CSeq") == request.get("CSeq") and got.status >= 200:
                return got

    def next_request(self, seconds: float = 8.0) -> Sip:
        while not self.waiting:
            got = self.stream.receive(seconds)
            if not got.status:
                self.waiting.append(got)
        return self.waiting.pop(0)

    def _register(self, expires: int, authorization: str) -> Sip:
        contact = f"<sip:{self.user}@{self.here};transport=tcp>;expires={expires}"
        return self.ask(self.request("REGISTER", f"sip:{REALM}", [
            ("Contact", contact), ("Expires", str(expires)), ("Supported", "path"), ("Authorization", authorization)],
            to=self.impu, call=self.call))

    def _authorization(self, nonce: str, response: str, cnonce: str = "", auts: bytes = b"") -> str:
        text = (f'Digest username="{self.user}@{REALM}", realm="{REALM}", nonce="{nonce}", uri="sip:{REALM}", '
                f'response="{response}", algorithm=AKAv1-MD5')
        if cnonce:
            text += f', qop=auth, nc=00000001, cnonce="{cnonce}"'
        return text + (f', auts="{base64.b64encode(auts).decode()}"' if auts else "")

    def register(self, expires: int = 600, wrong_res: bool = False) -> list[int]:
        """All final answers in order, the last one 200 where it went well. At most one resynchronisation."""
        got = self._register(expires, self._authorization("", ""))
        answers = [got.status]
        for _ in range(2):
            if got.status != 401:
                break
            nonce = parse_challenge(got.get("WWW-Authenticate"))["nonce"]
            raw, cnonce = base64.b64decode(nonce), os.urandom(8).hex()
            res, auts = self.usim.answer(raw[:16], raw[16:32])
            password = bytes(8) if wrong_res else res
            response = digest(f"{self.user}@{REALM}", REALM, password, "REGISTER", f"sip:{REALM}", nonce, cnonce)
            got = self._register(expires, self._authorization(nonce, response, cnonce, auts))
            answers.append(got.status)
        self.last = got
        return answers

    def message(self, body: bytes, to: str = SERVICE, sender: str = "",
                more: list[tuple[str, str]] | None = None) -> int:
        headers = [("Content-Type", "application/vnd.cpns.v1+protobuf"), *(more or [])]
        return self.ask(self.request("MESSAGE", to, headers, body, sender=sender)).status

    def close(self) -> None:
        self.stream.close()
