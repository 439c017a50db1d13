"""The attacks, each as one socket does it, with what must come of it and when.

The rows follow what is known of servers that are built on a library alone: every one of them was seen to hang, grow
or lie in some DICOM receiver.
"""

from __future__ import annotations

import socket
import sqlite3
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dicom_node.association import MAX_PDU_BYTES
from dicom_node.wire import LARGEST_PDU
from tests.dicom_node.raw_peer import (
    ABORT,
    ACCEPT,
    P_DATA,
    REJECT,
    RawPeer,
    pdu,
    request,
    store_command,
    value,
)
from tests.robustness.target import NETWORK_S, PDU_S, Target

SLACK_S: Final = 2.0
"""What a machine with other work may take longer than the listener's own deadlines."""
BOUND_KIB: Final = (2 * MAX_PDU_BYTES + (64 << 10)) // 1024
"""What an association may cost: its buffer, which a sender in a hurry fills, and thread, objects and command set."""
CR: Final = "1.2.840.10008.5.1.4.1.1.1"


@dataclass(frozen=True)
class Attack:
    """`act` gives what the socket heard at last; `within_s` is the listener's own deadline."""

    name: str
    act: Callable[[Target], str]
    hears: str | tuple[str, ...]
    within_s: float = 0.0
    sockets: int = 50
    bound_kib: int = BOUND_KIB
    serves: bool = True  # a film is sent meanwhile
    associations: int = 250  # the listener's limit


def heard(peer: RawPeer) -> str:
    """What comes next, in words: a status, a rejection, an A-ABORT, or the end."""
    try:
        kind, body = peer.read()
    except OSError as error:
        return type(error).__name__
    if kind == P_DATA:
        at = body.index(b"\0\0\0\x09\x02\0\0\0")
        return f"{int.from_bytes(body[at + 8 : at + 10], 'little'):04X}H"
    if kind == REJECT:
        return f"rejected {tuple(body[1:])}"
    return {ABORT: "A-ABORT", ACCEPT: "accepted", 0: "closed"}.get(kind, f"PDU {kind}")


def says(*parts: bytes, associate: bool = False, drip: bytes = b"") -> Callable[[Target], str]:
    """Say this, then `drip` ten times a second for ever, and hear what comes."""

    def act(target: Target) -> str:
        with RawPeer(target.port, associate=associate) as peer:
            try:
                peer.send(*parts)
            except OSError:  # it hung up before it had heard all
                return heard(peer)
            over = threading.Event()
            if drip:
                threading.Thread(target=_drip, args=(peer, drip, over), daemon=True).start()
            try:
                return heard(peer)
            finally:
                over.set()

    return act


def within(*parts: bytes, drip: bytes = b"") -> Callable[[Target], str]:
    """The same on an association."""
    return says(*parts, associate=True, drip=drip)


def _drip(peer: RawPeer, part: bytes, over: threading.Event) -> None:
    try:
        while not over.wait(0.1):
            peer.send(part)
    except OSError:
        pass


def film(
    *, sop_class: str = "", other_uid: bool = False, cut: int = 0, times: int = 1
) -> Callable[[Target], str]:
    """Send a film with something wrong about it; the last answer."""

    def act(target: Target) -> str:
        with RawPeer(target.port) as peer:
            uid, data = target.films.next()
            named = target.films.next()[0] if other_uid else uid
            command = store_command(named, **({"sop_class": sop_class} if sop_class else {}))
            said = ""
            for turn in range(times):
                changed = data if turn == 0 else data[:-1] + bytes([data[-1] ^ 1])
                peer.send(value(3, command), value(2, changed[:-cut] if cut else changed))
                said = heard(peer)
                if said == "0000H":
                    target.acknowledged.append(uid)
            return said

    return act


def no_data_set(target: Target) -> str:
    """A C-STORE-RQ that says that no data set follows."""
    with RawPeer(target.port) as peer:
        peer.send(value(3, store_command(target.films.next()[0], e0800=b"\x01\x01")))
        return heard(peer)


def leaves(how: str) -> Callable[[Target], str]:
    """Leave in the middle of a PDU of a data set."""

    def act(target: Target) -> str:
        with RawPeer(target.port) as peer:
            uid, data = target.films.next()
            peer.send(value(3, store_command(uid)), value(0, data[:2000]), value(0, data[2000:3000])[:-10])
            if how == "abort":
                peer.send(data[2990:3000], pdu(ABORT, b"\0\0\0\0"))
                return heard(peer)
            if how == "reset":
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return "closed"
            peer.socket.shutdown(socket.SHUT_WR)
            return heard(peer)

    return act


def rejected_context(**proposed: str) -> Callable[[Target], str]:
    """A C-STORE on a presentation context that was proposed and not accepted."""

    def act(target: Target) -> str:
        with RawPeer(target.port, associate=False) as peer:
            peer.send(request(**proposed))
            said = heard(peer)
            if said != "accepted":
                return said
            peer.send(value(3, store_command(target.films.next()[0])))
            return heard(peer)

    return act


def by_tls(said: bytes) -> Callable[[Target], str]:
    """Say this, or nothing, at the port of TLS."""

    def act(target: Target) -> str:
        with RawPeer(target.tls_port, associate=False) as peer:
            peer.send(said)
            try:
                while peer.socket.recv(4096):  # an alert (RFC 8446 6)
                    pass
            except OSError:
                pass
            return "closed"

    return act


def after_the_handshake(target: Target) -> str:
    """A sound handshake with a trusted certificate, and nothing more."""
    context = ssl.create_default_context(cafile=target.authority)
    context.load_cert_chain(target.client.certificate, target.client.key)
    with RawPeer(target.tls_port, associate=False) as peer:
        try:
            peer.socket = context.wrap_socket(peer.socket, server_hostname="localhost")
            return heard(peer)
        except OSError as error:
            return type(error).__name__


def film_and_release(target: Target) -> str:
    """What a good sender does."""
    with RawPeer(target.port) as peer:
        status = target.store_on(peer)
        peer.send(pdu(5, b"\0" * 4))
        return f"{status:04X}H" if peer.read()[0] == 6 else "no release"


def rejected_or_silent(target: Target) -> str:
    """Ask for an association, and say nothing more where it is accepted."""
    with RawPeer(target.port, associate=False) as peer:
        peer.send(request())
        said = heard(peer)
        return heard(peer) if said == "accepted" else said


def while_the_database_is_busy(target: Target) -> str:
    """Another program holds the database's write lock for longer than any deadline of the listener."""
    with RawPeer(target.port) as peer:
        uid, data = target.films.next()
        busy = sqlite3.connect(target.workplace.home / "llmcxr.db", isolation_level=None, timeout=30)
        busy.execute("BEGIN IMMEDIATE")
        try:
            peer.send(value(3, store_command(uid)), value(2, data))
            time.sleep(2 * PDU_S)
        finally:
            busy.execute("ROLLBACK")
            busy.close()
        said = heard(peer)
        target.acknowledged += [uid] * (said == "0000H")
        return said


_ECHO = store_command("1.2.3", e0100=b"\x30\0", e1000=None, e0700=None)
_BROKEN = value(3, store_command("1.2.3"))
ATTACKS: Final = (
    Attack("connects and says nothing", says(), "closed", NETWORK_S),
    Attack("half an A-ASSOCIATE-RQ, then silence", says(request()[:40]), "closed", NETWORK_S),
    Attack("A-ASSOCIATE-RQ at ten bytes a second", says(request()[:20], drip=b"\0"), "closed", NETWORK_S),
    Attack("associates, then silence", within(), "A-ABORT", NETWORK_S),
    Attack(
        "whole PDUs of half a message, then silence",
        within(_BROKEN, value(0, bytes(2000))),
        "A-ABORT",
        NETWORK_S,
    ),
    Attack("half a PDU, then silence", within(_BROKEN, value(0, bytes(2000))[:-100]), "A-ABORT", PDU_S),
    Attack(
        "ten bytes a second within a PDU",
        within(struct.pack(">BxLLBB", 4, 4000, 3996, 1, 1), drip=b"\0"),
        "A-ABORT",
        PDU_S,
    ),
    Attack(
        "ten PDUs of one byte a second",
        within(_BROKEN, drip=value(0, b"\0")),
        "A-ABORT",
        NETWORK_S + PDU_S,
    ),
    Attack("garbage instead of a request", says(b"GET / HTTP/1.1\r\n\r\n"), "A-ABORT"),
    Attack("unknown PDU type", within(pdu(0x42, b"")), "A-ABORT"),
    Attack("broken P-DATA", within(pdu(4, b"\0\0\0\x09\x01\x03")), "A-ABORT"),
    Attack(
        "command set without CommandField", within(value(3, store_command("1.2.3", e0100=None))), "A-ABORT"
    ),
    Attack("garbage as command set", within(value(3, b"\xff" * 50)), "A-ABORT"),
    Attack("endless command set", within(*[value(1, bytes(16000))] * 64), "A-ABORT"),
    Attack(
        "A-ASSOCIATE-RQ of 2^32-1 bytes, 4 MiB of it sent",
        says(pdu(1, bytes(4 << 20), 0xFFFFFFFF)),
        "A-ABORT",
    ),
    Attack("P-DATA of 2^32-1 bytes, 4 MiB of it sent", within(pdu(4, bytes(4 << 20), 0xFFFFFFFF)), "A-ABORT"),
    Attack("P-DATA of 64 times what was negotiated", within(pdu(4, bytes(64 * MAX_PDU_BYTES))), "A-ABORT"),
    Attack(
        "A-ASSOCIATE-RQ of 1 MiB of nothing",
        says(pdu(1, bytes(LARGEST_PDU))),
        "A-ABORT",
        bound_kib=2 * LARGEST_PDU // 1024,
    ),
    Attack("unknown SOP class, then C-STORE", rejected_context(abstract="1.2.3.4"), "A-ABORT"),
    Attack("unknown transfer syntax, then C-STORE", rejected_context(transfer="1.2.3.4"), "A-ABORT"),
    Attack("another called AE title", says(request(called="NOBODY")), "rejected (1, 1, 7)"),
    Attack("another calling AE title", says(request(calling="NOBODY")), "rejected (1, 1, 3)"),
    Attack("a peer's title from another address", says(request(calling="ELSEWHERE")), "rejected (1, 1, 3)"),
    Attack("no user identity where one is asked for", says(request(calling="KNOWN")), "rejected (1, 2, 1)"),
    Attack("SOP class of the command unlike the context's", film(sop_class=CR), "A900H"),
    Attack("SOP Instance UID of the data set unlike the command's", film(other_uid=True), "A900H"),
    Attack("truncated data set", film(cut=1000), "C002H"),
    Attack("no data set", no_data_set, "C000H"),
    Attack("known UID, other content", film(times=2), "C001H"),
    Attack("closes in the middle of a PDU", leaves("close"), "closed"),
    Attack("resets in the middle of a PDU", leaves("reset"), "closed"),
    Attack("A-ABORT in the middle of a data set", leaves("abort"), "closed"),
    Attack("silence at the port of TLS", by_tls(b""), "closed", NETWORK_S),
    Attack("half a ClientHello, then silence", by_tls(b"\x16\x03\x01\x02\0\x01\0"), "closed", NETWORK_S),
    Attack("DICOM in clear at the port of TLS", by_tls(request()), "closed"),
    Attack("TLS handshake, then silence", after_the_handshake, "closed", NETWORK_S, sockets=10),
    Attack(
        "database busy for longer than every deadline",
        while_the_database_is_busy,
        "0000H",
        2 * PDU_S,
        1,
        serves=False,
    ),
    Attack("200 at once, a film each", film_and_release, "0000H", 8.0, 200),
    Attack(
        "200 at once, room for 20",
        rejected_or_silent,
        ("A-ABORT", "rejected (2, 3, 2)"),
        NETWORK_S,
        200,
        serves=False,
        associations=20,
    ),
    Attack(
        "400 at once that say nothing, room for 20",
        says(),
        "closed",
        NETWORK_S,
        400,
        serves=False,
        associations=20,
    ),
)
