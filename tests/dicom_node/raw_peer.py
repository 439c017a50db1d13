"""A sender of single bytes: PDUs and command sets made by hand (PS3.8 9.3, PS3.7 9.3), right ones and wrong ones."""

from __future__ import annotations

import socket
import struct
from typing import Any

from dicom_node.sop_classes import DX_FOR_PRESENTATION, EXPLICIT_LITTLE

ACCEPT, REJECT, P_DATA, RELEASE_RP, ABORT = 2, 3, 4, 6, 7


def pdu(kind: int, body: bytes, length: int | None = None) -> bytes:
    """A PDU; `length` announces another length than it has."""
    return struct.pack(">BxL", kind, len(body) if length is None else length) + body


def request(
    called: str = "LLMCXR",
    calling: str = "SENDER",
    abstract: str = DX_FOR_PRESENTATION,
    transfer: str = EXPLICIT_LITTLE,
) -> bytes:
    """An A-ASSOCIATE-RQ with one presentation context, number 1."""

    def item(kind: int, value: bytes) -> bytes:
        return struct.pack(">BxH", kind, len(value)) + value

    context = item(0x30, abstract.encode()) + item(0x40, transfer.encode())
    user = item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3")
    body = struct.pack(">H2x16s16s32x", 1, called.ljust(16).encode(), calling.ljust(16).encode())
    body += item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, b"\x01\0\0\0" + context) + item(0x50, user)
    return pdu(1, body)


def value(control: int, data: bytes, context_id: int = 1) -> bytes:
    """A P-DATA-TF PDU with one presentation data value; control 1: command, 2: last fragment."""
    return pdu(P_DATA, struct.pack(">LBB", len(data) + 2, context_id, control) + data)


def store_command(instance: str, sop_class: str = DX_FOR_PRESENTATION, **changes: Any) -> bytes:
    """A C-STORE-RQ's command set; `changes` replaces or drops (None) elements by number, as ``e0100=…``."""
    elements: dict[int, bytes] = {
        0x0002: _even(sop_class.encode()),
        0x0100: b"\x01\0",
        0x0110: b"\x07\0",
        0x0700: b"\0\0",
        0x0800: b"\0\0",
        0x1000: _even(instance.encode()),
    }
    elements.update({int(name[1:], 16): data for name, data in changes.items()})
    body = b"".join(
        struct.pack("<HHL", 0, number, len(data)) + data
        for number, data in sorted(elements.items())
        if data is not None
    )
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def _even(data: bytes) -> bytes:
    return data + b"\0" if len(data) % 2 else data


class RawPeer:
    """A connection to a port, with an association on it unless ``associate=False``."""

    def __init__(self, port: int, *, associate: bool = True) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if associate:
            self.send(request())
            assert self.read()[0] == ACCEPT

    def __enter__(self) -> RawPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        """Send bytes; a peer that hung up in between is what some tests wait for."""
        for part in parts:
            self.socket.sendall(part)

    def read(self) -> tuple[int, bytes]:
        """The next PDU's type and body; (0, b"") when the connection is closed."""
        head = self._exactly(6)
        if len(head) < 6:
            return 0, b""
        return head[0], self._exactly(int.from_bytes(head[2:], "big"))

    def status(self) -> int:
        """The status in the next response (0000,0900)."""
        kind, body = self.read()
        assert kind == P_DATA, kind
        at = body.index(b"\0\0\0\x09\x02\0\0\0")
        return int.from_bytes(body[at + 8 : at + 10], "little")

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                part = self.socket.recv(count - len(data))
            except ConnectionError:
                return b""
            if not part:
                return b""
            data += part
        return data
