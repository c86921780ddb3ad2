"""A USIM as a card: ISO/IEC 7816-4 commands to replies, with Milenage and a sequence number of its own (TS 31.102).
As over T=0: data is fetched with GET RESPONSE. For tests of whoever speaks to cards."""

import struct
from dataclasses import dataclass, field

from milenage import Milenage, xor

USIM_AID = bytes.fromhex("A0000000871002FF86FFFF89FFFFFFFF")
DIR_RECORD = bytes([0x61, 0x18, 0x4F, 0x10]) + USIM_AID + b"\x50\x04USIM"
# T=0, as a USIM says it: 3B 9F 96 80 1F C7 80 31 A0 73 BE 21 13 67 43 20 07 18 00 00 01 A5
ATR = bytes.fromhex("3B9F96801FC78031A073BE21136743200718000001A5")


@dataclass
class UsimCard:
    milenage: Milenage
    pin: str = ""
    highest: int = 0
    tries: int = 3
    verified: bool = False
    selected: str = "mf"
    waiting: bytes = b""
    log: list[str] = field(default_factory=list)

    def reset(self) -> None:
        self.verified, self.selected, self.waiting = False, "mf", b""

    def answer(self, command: bytes) -> bytes:
        self.log.append(command[:4].hex())
        if len(command) < 4:
            return b"\x67\x00"
        instruction, data = command[1], command[5:5 + command[4]] if len(command) > 5 else b""
        verbs = {0xA4: self._select, 0xB2: self._read_record, 0xC0: self._get_response, 0x20: self._verify,
                 0x88: self._authenticate}
        verb = verbs.get(instruction)
        return verb(command, data) if verb else b"\x6D\x00"

    def _hold(self, data: bytes) -> bytes:
        self.waiting = data
        return bytes([0x61, len(data)])

    def _get_response(self, command: bytes, _: bytes) -> bytes:
        if not self.waiting or command[4] != len(self.waiting):
            return bytes([0x6C, len(self.waiting)]) if self.waiting else b"\x69\x85"
        data, self.waiting = self.waiting, b""
        return data + b"\x90\x00"

    def _select(self, command: bytes, data: bytes) -> bytes:
        if command[2] == 0x04 and USIM_AID.startswith(data) and len(data) >= 5:
            self.selected = "usim"
        elif data == b"\x3F\x00":
            self.selected = "mf"
        elif data == b"\x2F\x00":
            self.selected = "dir"
        else:
            return b"\x6A\x82"
        return self._hold(bytes([0x62, 0x04, 0x82, 0x02, 0x78, 0x21]))

    def _read_record(self, command: bytes, _: bytes) -> bytes:
        record = DIR_RECORD + b"\xFF" * 6
        if self.selected != "dir" or command[2] not in (1, 2):
            return b"\x6A\x83"
        if command[4] != len(record):
            return bytes([0x6C, len(record)])
        return (record if command[2] == 1 else b"\xFF" * len(record)) + b"\x90\x00"

    def _verify(self, command: bytes, data: bytes) -> bytes:
        if not self.tries:
            return b"\x69\x83"
        if data:
            if data.rstrip(b"\xFF").decode(errors="replace") != self.pin:
                self.tries -= 1
                return bytes([0x63, 0xC0 | self.tries])
            self.tries, self.verified = 3, True
            return b"\x90\x00"
        return b"\x90\x00" if self.verified or not self.pin else bytes([0x63, 0xC0 | self.tries])

    def _authenticate(self, command: bytes, data: bytes) -> bytes:
        if self.selected != "usim" or command[2:4] != b"\x00\x81" or len(data) != 34 or data[0] != 16 or data[17] != 16:
            return b"\x6A\x86"
        if self.pin and not self.verified:
            return b"\x69\x82"
        rand, autn = data[1:17], data[18:34]
        number = xor(autn[:6], self.milenage.f5(rand))
        if self.milenage.f1(rand, number, autn[6:8])[0] != autn[8:]:
            return b"\x98\x62"
        if int.from_bytes(number, "big") <= self.highest:
            return self._hold(b"\xDC\x0E" + self.milenage.auts(rand, self.highest))
        self.highest = int.from_bytes(number, "big")
        res, ck, ik = self.milenage.f2(rand), self.milenage.f3(rand), self.milenage.f4(rand)
        return self._hold(b"\xDB\x08" + res + b"\x10" + ck + b"\x10" + ik)


def serve(card: UsimCard, link) -> None:
    """As a card in the virtual reader of vsmartcard-vpcd: two bytes of length, then a command; one byte is control."""
    def exactly(count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = link.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def send(data: bytes) -> None:
        link.sendall(struct.pack(">H", len(data)) + data)

    while True:
        command = exactly(struct.unpack(">H", exactly(2))[0])
        if len(command) > 1:
            send(card.answer(command))
        elif command == b"\x04":
            send(ATR)
        else:  # power off, power on, reset
            card.reset()
