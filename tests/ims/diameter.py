"""Diameter messages (RFC 6733) as far as Cx (3GPP TS 29.229) needs them: bytes to values and back, no sockets."""

import struct
from dataclasses import dataclass, field

VENDOR_3GPP = 10415
APPLICATION_CX = 16777216

SUCCESS = 2001
COMMAND_UNSUPPORTED = 3001
UNABLE_TO_COMPLY = 5012


@dataclass(frozen=True)
class Avp:
    code: int
    data: bytes
    vendor: int = 0

    def encode(self) -> bytes:
        length = 8 + (4 if self.vendor else 0) + len(self.data)
        flags = 0x40 | (0x80 if self.vendor else 0)
        head = struct.pack(">IB", self.code, flags) + length.to_bytes(3, "big")
        vendor = struct.pack(">I", self.vendor) if self.vendor else b""
        return head + vendor + self.data + bytes(-length % 4)


def avp(code: int, value: "str | int | bytes | list[Avp]", vendor: int = 0) -> Avp:
    if isinstance(value, str):
        data = value.encode()
    elif isinstance(value, int):
        data = struct.pack(">I", value)
    elif isinstance(value, list):
        data = b"".join(one.encode() for one in value)
    else:
        data = value
    return Avp(code, data, vendor)


def cx(code: int, value: "str | int | bytes | list[Avp]") -> Avp:
    return avp(code, value, VENDOR_3GPP)


def decode_avps(data: bytes) -> list[Avp]:
    found, at = [], 0
    while at + 8 <= len(data):
        code, flags = struct.unpack_from(">IB", data, at)
        length = int.from_bytes(data[at + 5:at + 8], "big")
        head = 12 if flags & 0x80 else 8
        if length < head or at + length > len(data):
            raise ValueError(f"AVP {code} of {length} bytes at {at}")
        vendor = struct.unpack_from(">I", data, at + 8)[0] if flags & 0x80 else 0
        found.append(Avp(code, data[at + head:at + length], vendor))
        at += length + (-length % 4)
    return found


@dataclass
class Message:
    command: int
    request: bool
    application: int
    hop_by_hop: int
    end_to_end: int
    avps: list[Avp] = field(default_factory=list)

    def get(self, code: int, vendor: int = 0) -> bytes | None:
        return next((one.data for one in self.avps if (one.code, one.vendor) == (code, vendor)), None)

    def text(self, code: int, vendor: int = 0) -> str:
        return (self.get(code, vendor) or b"").decode(errors="replace")

    def number(self, code: int, vendor: int = 0) -> int:
        return int.from_bytes(self.get(code, vendor) or b"", "big")

    def encode(self) -> bytes:
        body = b"".join(one.encode() for one in self.avps)
        flags = (0x80 if self.request else 0) | (0x40 if self.application else 0)
        return (b"\x01" + (20 + len(body)).to_bytes(3, "big") + bytes([flags]) + self.command.to_bytes(3, "big") +
                struct.pack(">III", self.application, self.hop_by_hop, self.end_to_end) + body)

    def answer(self, avps: list[Avp]) -> "Message":
        return Message(self.command, False, self.application, self.hop_by_hop, self.end_to_end, avps)


def body_length(head: bytes) -> int:
    """How many bytes follow the 20 of the header."""
    length = int.from_bytes(head[1:4], "big")
    if head[0] != 1 or length < 20:
        raise ValueError("not a Diameter message")
    return length - 20


def decode(head: bytes, body: bytes) -> Message:
    application, hop_by_hop, end_to_end = struct.unpack_from(">III", head, 8)
    return Message(int.from_bytes(head[5:8], "big"), bool(head[4] & 0x80), application, hop_by_hop, end_to_end,
                   decode_avps(body))
