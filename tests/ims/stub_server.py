"""An application server's place behind the S-CSCF, for tests of the core alone:
keeps what comes, answers 200, and sends."""

import os
import queue
import socket
import threading

from sip import Sip, Stream, decode

ADDRESS = ("127.0.10.10", 5060)
ICSCF = ("127.0.10.2", 5060)


class StubServer:
    def __init__(self) -> None:
        self.got: queue.Queue[tuple[str, Sip]] = queue.Queue()
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(ADDRESS)
        self.listener = socket.create_server(ADDRESS)
        for run in (self._datagrams, self._accept):
            threading.Thread(target=run, daemon=True).start()

    def _datagrams(self) -> None:
        while True:
            data, (host, port) = self.datagrams.recvfrom(65536)
            head, _, body = data.partition(b"\r\n\r\n")
            message = decode(head)
            message.headers = [one for one in message.headers if one[0].lower() != "content-length"]
            message.body = body
            if message.method:
                self.datagrams.sendto(message.reply(200, "OK").encode(), (host, port))
                self.got.put((host, message))

    def _accept(self) -> None:
        while True:
            link, (host, _) = self.listener.accept()
            threading.Thread(target=self._stream, args=(Stream(link), host), daemon=True).start()

    def _stream(self, stream: Stream, host: str) -> None:
        try:
            while True:
                message = stream.receive(60)
                stream.send(message.reply(200, "OK"))
                self.got.put((host, message))
        except (OSError, EOFError):
            stream.close()

    def next(self, method: str, seconds: float = 8.0) -> tuple[str, Sip]:
        """The next request of this method and who sent it; others are dropped. Raises queue.Empty."""
        while True:
            host, message = self.got.get(timeout=seconds)
            if message.method == method:
                return host, message

    def message(self, to: str, body: bytes) -> int:
        """Sends unprompted, through the I-CSCF; gives the final answer's status."""
        link = socket.create_connection(ICSCF, 5, (ADDRESS[0], 0))
        stream = Stream(link)
        here = "{}:{}".format(*link.getsockname())
        stream.send(Sip(f"MESSAGE {to} SIP/2.0", [
            ("Via", f"SIP/2.0/TCP {here};branch=z9hG4bK{os.urandom(8).hex()}"), ("Max-Forwards", "70"),
            ("From", "<sip:cpns@ims.cpns.test>;tag=" + os.urandom(4).hex()), ("To", f"<{to}>"),
            ("Call-ID", os.urandom(8).hex()), ("CSeq", "1 MESSAGE"),
            ("P-Asserted-Identity", "<sip:cpns@ims.cpns.test>"),
            ("Content-Type", "application/vnd.cpns.v1+protobuf")], body))
        try:
            while (got := stream.receive()).status < 200:
                pass
            return got.status
        finally:
            stream.close()
