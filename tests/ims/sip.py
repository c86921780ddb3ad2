"""SIP messages as far as the phone and the application server of these tests need them: text to values and back."""

import hashlib
import os
import re
import socket
import ssl
from dataclasses import dataclass, field

Link = socket.socket | ssl.SSLSocket


@dataclass
class Sip:
    first: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        return [value for one, value in self.headers if one.lower() == name.lower()]

    @property
    def status(self) -> int:
        return int(self.first.split(" ")[1]) if self.first.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        return "" if self.status else self.first.split(" ")[0]

    def encode(self) -> bytes:
        lines = [self.first, *(f"{name}: {value}" for name, value in self.headers), f"Content-Length: {len(self.body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body

    def reply(self, status: int, reason: str, more: list[tuple[str, str]] | None = None) -> "Sip":
        kept = [(name, value) for name, value in self.headers
                if name.lower() in ("via", "from", "to", "call-id", "cseq", "record-route")]
        kept = [(name, value + ";tag=" + os.urandom(4).hex()
                 if name.lower() == "to" and ";tag=" not in value else value)
                for name, value in kept]
        return Sip(f"SIP/2.0 {status} {reason}", kept + (more or []))


def decode(head: bytes) -> Sip:
    lines = head.decode(errors="replace").split("\r\n")
    message = Sip(lines[0])
    for line in lines[1:]:
        name, _, value = line.partition(":")
        message.headers.append((name.strip(), value.strip()))
    return message


class Stream:
    """SIP over TCP or TLS. Not thread-safe; `receive` waits no longer than its limit."""

    def __init__(self, link: Link):
        self.link, self.held = link, b""

    def send(self, message: Sip) -> None:
        self.link.sendall(message.encode())

    def receive(self, seconds: float = 8.0) -> Sip:
        """Raises TimeoutError, or EOFError where the other side has closed."""
        self.link.settimeout(seconds)
        while True:
            self.held = self.held.lstrip(b"\r\n")
            head, found, rest = self.held.partition(b"\r\n\r\n")
            if found:
                message = decode(head)
                length = int(message.get("Content-Length") or message.get("l") or 0)
                if len(rest) >= length:
                    message.body, self.held = rest[:length], rest[length:]
                    message.headers = [one for one in message.headers if one[0].lower() not in ("content-length", "l")]
                    return message
            more = self.link.recv(65536)
            if not more:
                raise EOFError("the connection was closed")
            self.held += more

    def close(self) -> None:
        self.link.close()


def parse_challenge(value: str) -> dict[str, str]:
    """A Digest challenge or answer; values without their quotes."""
    return {name.lower(): quoted or plain
            for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', value)}


def digest(user: str, realm: str, password: bytes, method: str, uri: str, nonce: str, cnonce: str) -> str:
    """RFC 2617 with qop=auth and nc=00000001; the password is bytes, because RES is (RFC 3310)."""
    def md5(data: bytes) -> str:
        return hashlib.md5(data, usedforsecurity=False).hexdigest()

    first = md5(f"{user}:{realm}:".encode() + password)
    second = md5(f"{method}:{uri}".encode())
    return md5(f"{first}:{nonce}:00000001:{cnonce}:auth:{second}".encode())
