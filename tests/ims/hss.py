"""A small home subscriber server: Cx (3GPP TS 29.228, 29.229) for the CSCFs of the test core.

Vectors come from Milenage; the sequence number is kept for each subscriber, and AUTS is verified. A control socket
takes one JSON object a line: {"do": "deregister" | "set_sqn" | "show", "impu": ..., ...}; each is answered with one
line."""

import json
import os
import socket
import struct
import threading
from pathlib import Path
from xml.sax.saxutils import escape

import diameter
from diameter import APPLICATION_CX, SUCCESS, UNABLE_TO_COMPLY, VENDOR_3GPP, Avp, Message, avp, cx
from milenage import Milenage, make_opc

AKA = "Digest-AKAv1-MD5"
# TS 29.229, 6.2.
FIRST_REGISTRATION, SUBSEQUENT_REGISTRATION = 2001, 2002
USER_UNKNOWN, IDENTITIES_DONT_MATCH, NOT_REGISTERED, SCHEME_NOT_SUPPORTED = 5001, 5002, 5003, 5006


class Subscriber:
    def __init__(self, data: dict, criteria: list[dict]):
        self.impi, self.impu, self.criteria = data["impi"], data["impu"], criteria
        k = bytes.fromhex(data["k"])
        self.milenage = Milenage(k, make_opc(k, bytes.fromhex(data["op"])))
        self.amf = bytes.fromhex(data["amf"])
        self.sqn = 0
        self.scscf: str | None = None
        self.spoiled = False  # the answers that it expects are wrong

    def next_sqn(self) -> int:
        # TS 33.102, C.1.2: the lower five bits are an index, here always 0.
        self.sqn = (self.sqn + 32) & (2**48 - 1)
        return self.sqn

    def profile(self) -> str:
        out = (f'<?xml version="1.0" encoding="UTF-8"?><IMSSubscription><PrivateID>{escape(self.impi)}</PrivateID>'
               f"<ServiceProfile><PublicIdentity><Identity>{escape(self.impu)}</Identity></PublicIdentity>")
        for one in self.criteria:
            # ConditionTypeCNF: every group must hold.
            points = "".join(f"<SPT><ConditionNegated>0</ConditionNegated><Group>{group}</Group>{point}</SPT>"
                             for group, point in enumerate(one["all"]))
            out += (f"<InitialFilterCriteria><Priority>{one['priority']}</Priority><TriggerPoint><ConditionTypeCNF>1"
                    f"</ConditionTypeCNF>{points}</TriggerPoint><ApplicationServer><ServerName>{escape(one['server'])}"
                    f"</ServerName><DefaultHandling>{one['default_handling']}</DefaultHandling></ApplicationServer>"
                    "</InitialFilterCriteria>")
        return out + "</ServiceProfile></IMSSubscription>"


def success(*more: Avp) -> list[Avp]:
    return [avp(268, SUCCESS), *more]


def experimental(code: int, *more: Avp) -> list[Avp]:
    return [avp(297, [avp(266, VENDOR_3GPP), avp(298, code)]), *more]


class Hss:
    """What Cx asks, without sockets. One lock: subscribers are few."""

    def __init__(self, data: dict):
        self.realm, self.scscf, self.services = data["realm"], data["scscf"], data["services"]
        self.subscribers = [Subscriber(one, data["criteria"].get(one["criteria"] or "", []))
                            for one in data["subscribers"]]
        self.lock = threading.Lock()

    def find(self, impu: str) -> Subscriber | None:
        return next((one for one in self.subscribers if one.impu == impu), None)

    def _asked(self, request: Message) -> "Subscriber | list[Avp]":
        subscriber, impi = self.find(request.text(601, VENDOR_3GPP)), request.text(1)
        if subscriber is None:
            return experimental(USER_UNKNOWN)
        if impi and impi != subscriber.impi:
            return experimental(IDENTITIES_DONT_MATCH)
        return subscriber

    def user_authorization(self, request: Message) -> list[Avp]:
        subscriber = self._asked(request)
        if isinstance(subscriber, list):
            return subscriber
        if subscriber.scscf:
            return experimental(SUBSEQUENT_REGISTRATION, cx(602, subscriber.scscf))
        return experimental(FIRST_REGISTRATION, cx(602, self.scscf))

    def location_info(self, request: Message) -> list[Avp]:
        impu = request.text(601, VENDOR_3GPP)
        if impu in self.services:
            return success(cx(602, self.services[impu]))
        subscriber = self._asked(request)
        if isinstance(subscriber, list):
            return subscriber
        return success(cx(602, subscriber.scscf)) if subscriber.scscf else experimental(NOT_REGISTERED)

    def multimedia_auth(self, request: Message) -> list[Avp]:
        subscriber = self._asked(request)
        if isinstance(subscriber, list):
            return subscriber
        item = Message(0, True, 0, 0, 0, diameter.decode_avps(request.get(612, VENDOR_3GPP) or b""))
        if item.text(608, VENDOR_3GPP) not in (AKA, "Unknown", ""):
            return experimental(SCHEME_NOT_SUPPORTED)
        resynchronise = item.get(610, VENDOR_3GPP)
        if resynchronise:
            sqn = subscriber.milenage.open_auts(resynchronise[:16], resynchronise[-14:])
            if sqn is None:
                return [avp(268, UNABLE_TO_COMPLY)]
            subscriber.sqn = sqn
        subscriber.scscf = request.text(602, VENDOR_3GPP)
        vector = subscriber.milenage.vector(subscriber.next_sqn(), subscriber.amf)
        return success(avp(1, subscriber.impi), cx(601, subscriber.impu), cx(607, 1), cx(612, [
            cx(613, 1), cx(608, AKA), cx(609, vector.rand + vector.autn),
            cx(610, bytes(len(vector.res)) if subscriber.spoiled else vector.res), cx(625, vector.ck),
            cx(626, vector.ik)]))

    def server_assignment(self, request: Message) -> list[Avp]:
        subscriber = self._asked(request)
        if isinstance(subscriber, list):
            return subscriber
        kind = request.number(614, VENDOR_3GPP)
        if kind in (1, 2, 3):  # REGISTRATION, RE_REGISTRATION, UNREGISTERED_USER
            subscriber.scscf = request.text(602, VENDOR_3GPP)
        elif kind in (4, 5, 8, 9, 10):  # every kind of deregistration that does not keep the S-CSCF's name
            subscriber.scscf = None
        more = [cx(606, subscriber.profile())] if kind in (0, 1, 2, 3) else []
        return success(avp(1, subscriber.impi), *more, cx(618, [cx(621, f"aaa://ccf.{self.realm}")]))

    def answer(self, request: Message) -> list[Avp] | None:
        verbs = {300: self.user_authorization, 301: self.server_assignment, 302: self.location_info,
                 303: self.multimedia_auth}
        verb = verbs.get(request.command)
        with self.lock:
            return verb(request) if verb else None


class Peer:
    """One Diameter connection. Reads on a thread of its own; writes from any."""

    def __init__(self, hss: Hss, connection: socket.socket, address: str):
        self.hss, self.connection, self.address = hss, connection, address
        self.name, self.gone = "", False
        self.writing, self.answers = threading.Lock(), {}
        self.number = 0

    def own(self) -> list[Avp]:
        return [avp(264, self.address), avp(296, self.hss.realm)]

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.connection.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def send(self, message: Message) -> None:
        with self.writing:
            self.connection.sendall(message.encode())

    def run(self) -> None:
        try:
            while True:
                head = self._exactly(20)
                message = diameter.decode(head, self._exactly(diameter.body_length(head)))
                if message.request:
                    self.send(self._reply(message))
                elif (waiting := self.answers.pop(message.hop_by_hop, None)) is not None:
                    waiting.append(message)
        except (EOFError, OSError, ValueError):
            pass
        self.name, self.gone = "", True
        self.connection.close()

    def _reply(self, request: Message) -> Message:
        session = [avp(263, one)] if (one := request.get(263)) else []
        if request.command == 257:  # capabilities
            self.name = request.text(264)
            here = struct.pack(">H", 1) + socket.inet_aton(self.address)
            application = avp(260, [avp(266, VENDOR_3GPP), avp(258, APPLICATION_CX)])
            return request.answer(success(*self.own(), avp(257, here), avp(266, VENDOR_3GPP), avp(269, "cpns test HSS"),
                                          avp(265, VENDOR_3GPP), avp(258, APPLICATION_CX), application))
        if request.command in (280, 282):  # watchdog, disconnect
            return request.answer(success(*self.own()))
        answer = self.hss.answer(request)
        if answer is None:
            return request.answer([avp(268, diameter.COMMAND_UNSUPPORTED), *self.own()])
        application = avp(260, [avp(266, VENDOR_3GPP), avp(258, APPLICATION_CX)])
        return request.answer([*session, application, *answer, avp(277, 1), *self.own()])

    def terminate(self, subscriber: Subscriber) -> None:
        """Registration-Termination-Request (TS 29.228, 6.1.3): the network ends a registration."""
        self.number += 1
        session = f"{self.address};{os.getpid()};{self.number}"
        self.send(Message(304, True, APPLICATION_CX, 0x70000000 + self.number, self.number, [
            avp(263, session), avp(260, [avp(266, VENDOR_3GPP), avp(258, APPLICATION_CX)]), avp(277, 1), *self.own(),
            avp(293, self.name), avp(283, self.hss.realm), avp(1, subscriber.impi), cx(601, subscriber.impu),
            cx(615, [cx(616, 0), cx(617, "ended by the operator")])]))


class HssServer:
    def __init__(self, hss: Hss, address: str, port: int, control: Path):
        self.hss, self.address, self.peers = hss, address, []
        self.listener = socket.create_server((address, port), backlog=8)
        self.control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.control.bind(str(control))
        self.control.listen(8)

    def start(self) -> None:
        for run in (self._accept, self._commands):
            threading.Thread(target=run, daemon=True).start()

    def connected(self) -> set[str]:
        return {peer.name for peer in self.peers if peer.name}

    def _accept(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(self.hss, connection, self.address)
            # A CSCF that has not said its name yet is to be kept: two may come at once.
            self.peers = [one for one in self.peers if not one.gone] + [peer]
            threading.Thread(target=peer.run, daemon=True).start()

    def _commands(self) -> None:
        while True:
            connection, _ = self.control.accept()
            with connection, connection.makefile("rw") as lines:
                for line in lines:
                    try:
                        lines.write(json.dumps(self.command(json.loads(line))) + "\n")
                    except (ValueError, KeyError, TypeError) as error:
                        lines.write(json.dumps({"error": str(error)}) + "\n")
                    lines.flush()

    def command(self, asked: dict) -> dict:
        with self.hss.lock:
            subscriber = self.hss.find(asked["impu"])
            if subscriber is None:
                raise ValueError(f"no subscriber {asked['impu']}")
            if asked["do"] == "set_sqn":
                subscriber.sqn = int(asked["sqn"])
            elif asked["do"] == "deregister":
                host = (subscriber.scscf or "").removeprefix("sip:").split(":")[0]
                peer = next((one for one in self.peers if one.name == host), None)
                if peer is None:
                    raise ValueError(f"{subscriber.impu} is registered nowhere")
                subscriber.scscf = None
                peer.terminate(subscriber)
            elif asked["do"] == "spoil_xres":
                subscriber.spoiled = True
            elif asked["do"] != "show":
                raise ValueError(f"no such command: {asked['do']}")
            return {"impu": subscriber.impu, "sqn": subscriber.sqn, "scscf": subscriber.scscf}
