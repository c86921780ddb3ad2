"""Collects what the CSCFs tell of every SIP message (HEP version 3), and reads it back.

A capture is a file of JSON objects, one a line: {"time", "at", "from", "to", "by", "sip"}; `sip` is base64, because a
body is bytes."""

import base64
import json
import socket
import struct
import threading
from dataclasses import dataclass
from pathlib import Path

NAMES = {1: "P-CSCF", 2: "I-CSCF", 3: "S-CSCF"}
ADDRESS = ("127.0.10.5", 9060)
SO_RCVBUFFORCE = 33  # Linux; Python has no name for it


@dataclass(frozen=True)
class Captured:
    time: float
    at: str
    source: str
    target: str
    by: str
    sip: bytes

    def first_line(self) -> str:
        return self.sip.split(b"\r\n", 1)[0].decode(errors="replace")


def parse_hep(data: bytes) -> dict | None:
    if data[:4] != b"HEP3" or len(data) < 6:
        return None
    chunks, at = {}, 6
    while at + 6 <= len(data):
        vendor, kind, length = struct.unpack_from(">HHH", data, at)
        if length < 6:
            return None
        if vendor == 0:
            chunks[kind] = data[at + 6:at + length]
        at += length
    if not {2, 3, 4, 7, 8, 9, 10, 12, 15} <= chunks.keys():
        return None
    number = {kind: int.from_bytes(chunks[kind], "big") for kind in (2, 7, 8, 9, 10, 12)}
    return {"time": number[9] + number[10] / 1e6, "at": NAMES.get(number[12], str(number[12])),
            "from": f"{socket.inet_ntoa(chunks[3])}:{number[7]}", "to": f"{socket.inet_ntoa(chunks[4])}:{number[8]}",
            "by": {6: "tcp", 17: "udp"}.get(number[2], str(number[2])), "sip": base64.b64encode(chunks[15]).decode()}


def start_collector(path: Path) -> None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    listener.bind(ADDRESS)

    def run() -> None:
        with path.open("w") as out:
            while True:
                message = parse_hep(listener.recv(65536))
                # Whether a CSCF runs is asked from here: not traffic of anybody.
                if message and ADDRESS[0] not in message["from"] + message["to"]:
                    out.write(json.dumps(message) + "\n")
                    out.flush()

    threading.Thread(target=run, daemon=True).start()


def read_capture(path: Path) -> list[Captured]:
    found = []
    for line in path.read_text().splitlines():
        one = json.loads(line)
        found.append(Captured(one["time"], one["at"], one["from"], one["to"], one["by"], base64.b64decode(one["sip"])))
    return found
