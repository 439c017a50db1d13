"""C-STORE on the socket of an association that pynetdicom negotiated: one blocking caller, and no threads.

pynetdicom's own way of sending polls in two threads, encodes each command as a pydicom data set and copies every
fragment four times. Here its threads are ended as soon as the association stands (:func:`take_over`); commands are
packed by `struct`, and the data set is read from the file into one buffer that already holds the PDU headers, so
that a block of many PDUs leaves in one write (PS3.7 9.3.1, PS3.8 9.3.4 and 9.3.5).

Which internals of pynetdicom this stands on is held by tests/dicom_node/test_store_link.py.
"""

from __future__ import annotations

import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

_BLOCK_BYTES: Final = 512 * 1024
"""About how much is read and written at a time."""
_OUR_PDU_BYTES: Final = 128 * 1024
"""Longest PDU that we send, where the peer would take any length."""
_LONGEST_ANSWER: Final = 1024 * 1024
_HEAD_BYTES: Final = 512
"""Room in front of the first block for the command's PDU."""
_PDU_HEADER: Final = struct.Struct(">BxL")
_PDV_HEADER: Final = struct.Struct(">BxLLBB")
_PDATA, _RELEASE_RQ, _RELEASE_RP, _ABORT = 4, 5, 6, 7
_COMMAND_LAST, _DATA, _DATA_LAST = 0x03, 0x00, 0x02
_STORE_RSP: Final = 0x8001
_ELEMENT: Final = struct.Struct("<HHL")


class LinkBroken(Exception):
    """The association ended in the middle; `arrived` says whether the whole object had been handed over before."""

    def __init__(self, why: str, *, arrived: bool) -> None:
        super().__init__(why)
        self.why = why
        self.arrived = arrived


class Readable(Protocol):
    """What an object's data set is read from: an unbuffered file, or bytes in memory."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


@dataclass(frozen=True)
class Reply:
    """The peer's answer to one C-STORE: its status and error comment (0000,0902)."""

    status: int
    comment: str = ""


def take_over(event: Any) -> None:
    """End the library's threads of an association, which leaves its socket to us (bind to EVT_ESTABLISHED).

    The event fires in the caller's thread and before the association's own thread starts, which so ends at once.
    """
    association = event.assoc
    association._kill = True
    association.dul._kill_thread = True
    association.dul.join()


class StoreLink:
    """The user's side of an established association, for C-STORE alone.

    Parameters
    ----------
    raw : pynetdicom.association.Association
        Established, and taken over.
    silence_s, response_s, release_s : float
        How long is waited for the next bytes inside a PDU, for a C-STORE response, and for the release's answer.
    """

    def __init__(self, raw: Any, *, silence_s: float, response_s: float, release_s: float) -> None:
        self._socket: socket.socket = raw.dul.socket.socket
        raw.is_established = False  # to the library it is over; nothing of it may be sent in between
        self._silence_s, self._response_s, self._release_s = silence_s, response_s, release_s
        self.alive = True
        longest = min(raw.acceptor.maximum_length or _OUR_PDU_BYTES, _OUR_PDU_BYTES)
        self._fragment = max((longest - 6) // 2 * 2, 2)  # fragments have even lengths (PS3.8 annex E)
        self._frames = max(_BLOCK_BYTES // (self._fragment + 12), 1)
        self._buffer = bytearray(_HEAD_BYTES + self._frames * (self._fragment + 12))
        self._view = memoryview(self._buffer)

    def store(
        self, message_id: int, context_id: int, sop_class: str, sop_instance: str, source: Readable, size: int
    ) -> Reply:
        """Send one object and wait for its answer.

        Parameters
        ----------
        source : readable
            Stands at the data set's first byte.
        size : int
            Bytes of the data set.

        Raises
        ------
        LinkBroken
            The peer ended the association, fell silent, or doesn't speak DICOM.
        """
        command = store_request(message_id, sop_class, sop_instance)
        try:
            self._send(_frame(context_id, _COMMAND_LAST, command), context_id, source, size)
        except OSError as error:
            raise self._broken(_why(error, "it takes no data"), arrived=False) from error
        try:
            return self._answer(message_id, context_id)
        except OSError as error:
            raise self._broken(_why(error, "it gives no answer"), arrived=True) from error

    def release(self) -> None:
        """End the association in order (A-RELEASE, PS3.8 7.2), waiting a little for the peer's answer."""
        if not self.alive:
            return
        with suppress(OSError, LinkBroken):  # nothing is on its way any more
            self._socket.settimeout(self._silence_s)
            self._socket.sendall(_PDU_HEADER.pack(_RELEASE_RQ, 4) + bytes(4))
            deadline = time.monotonic() + self._release_s
            while self._read_pdu(deadline)[0] not in (_RELEASE_RP, _ABORT):
                pass
        self._close()

    def abort(self) -> None:
        """End the association at once (A-ABORT by the service user, PS3.8 9.3.8)."""
        if not self.alive:
            return
        with suppress(OSError):
            self._socket.settimeout(1.0)
            self._socket.sendall(_PDU_HEADER.pack(_ABORT, 4) + bytes(4))
        self._close()

    def _send(self, command: bytes, context_id: int, source: Readable, size: int) -> None:
        self._socket.settimeout(self._silence_s)
        start = _HEAD_BYTES - len(command)
        self._view[start:_HEAD_BYTES] = command
        left = size
        while left or start != _HEAD_BYTES:
            end = _HEAD_BYTES
            for _ in range(self._frames):
                length = min(left, self._fragment)
                left -= length
                control = _DATA if left else _DATA_LAST
                _PDV_HEADER.pack_into(self._buffer, end, _PDATA, length + 6, length + 2, context_id, control)
                end += 12
                _fill(source, self._view[end : end + length])
                end += length
                if not left:
                    break
            self._socket.sendall(self._view[start:end])
            start = _HEAD_BYTES

    def _answer(self, message_id: int, context_id: int) -> Reply:
        deadline = time.monotonic() + self._response_s
        command = b""
        while True:
            kind, body = self._read_pdu(deadline)
            if kind == _ABORT:
                raise self._broken("it broke the association off", arrived=True)
            if kind == _RELEASE_RQ:  # without having answered: what it has done isn't known
                raise self._broken("it released the association", arrived=True)
            if kind != _PDATA:
                raise self._broken(f"it sent a PDU of type {kind:02X}H", arrived=True)
            fragment, last = _command_fragment(body)
            command += fragment
            if len(command) > _LONGEST_ANSWER:
                raise self._broken("its answer is too long", arrived=True)
            if last:
                break
        reply = read_response(command, message_id)
        if reply is None:
            raise self._broken("its answer isn't one to this C-STORE", arrived=True)
        return reply

    def _read_pdu(self, deadline: float) -> tuple[int, bytes]:
        kind, length = _PDU_HEADER.unpack(self._read(6, deadline))
        if length > _LONGEST_ANSWER:
            raise self._broken(f"it announced a PDU of {length} bytes", arrived=True)
        return kind, self._read(length, min(deadline, time.monotonic() + self._silence_s))

    def _read(self, count: int, deadline: float) -> bytes:
        data = bytearray(count)
        view, done = memoryview(data), 0
        while done < count:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            got = self._socket.recv_into(view[done:])
            if not got:
                raise self._broken("it closed the connection", arrived=True)
            done += got
        return bytes(data)

    def _broken(self, why: str, *, arrived: bool) -> LinkBroken:
        self.abort()
        return LinkBroken(why, arrived=arrived)

    def _close(self) -> None:
        self.alive = False
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def store_request(message_id: int, sop_class: str, sop_instance: str) -> bytes:
    """The command set of a C-STORE-RQ of medium priority, in Implicit VR Little Endian (PS3.7 table 9.3-1)."""
    elements = b"".join(
        (
            _element(0x0002, _uid(sop_class)),
            _element(0x0100, b"\x01\x00"),
            _element(0x0110, struct.pack("<H", message_id)),
            _element(0x0700, b"\x00\x00"),
            _element(0x0800, b"\x01\x00"),  # anything but 0101H: a data set follows
            _element(0x1000, _uid(sop_instance)),
        )
    )
    return _element(0x0000, struct.pack("<L", len(elements))) + elements


def read_response(command: bytes, message_id: int) -> Reply | None:
    """The status in a C-STORE-RSP's command set (PS3.7 table 9.3-2); None where it isn't one to this request."""
    values: dict[int, bytes] = {}
    at = 0
    while at + 8 <= len(command):
        group, element, length = _ELEMENT.unpack_from(command, at)
        at += 8 + length
        if group == 0 and at <= len(command):
            values[element] = command[at - length : at]
    numbers = [
        int.from_bytes(values[number], "little") if len(values.get(number, b"")) == 2 else -1
        for number in (0x0100, 0x0120, 0x0900)
    ]
    if numbers[:2] != [_STORE_RSP, message_id] or numbers[2] < 0:
        return None
    return Reply(numbers[2], values.get(0x0902, b"").decode("ascii", "replace").strip("\0 "))


def _element(number: int, value: bytes) -> bytes:
    return _ELEMENT.pack(0, number, len(value)) + value


def _uid(value: str) -> bytes:
    encoded = value.encode("ascii")
    return encoded + b"\0" * (len(encoded) % 2)


def _frame(context_id: int, control: int, fragment: bytes) -> bytes:
    """A P-DATA-TF PDU of one presentation data value (PS3.8 9.3.5)."""
    length = len(fragment)
    return _PDV_HEADER.pack(_PDATA, length + 6, length + 2, context_id, control) + fragment


def _command_fragment(body: bytes) -> tuple[bytes, bool]:
    """What of a command the values of a P-DATA-TF PDU hold, and whether the last of it is among them."""
    fragment, last, at = b"", False, 0
    while at + 6 <= len(body):
        length, _, control = struct.unpack_from(">LBB", body, at)
        if control & 0x01:
            fragment += body[at + 6 : at + 4 + length]
            last = last or bool(control & 0x02)
        at += 4 + max(length, 2)
    return fragment, last


def _fill(source: Readable, view: memoryview) -> None:
    done = 0
    while done < len(view):
        got = source.readinto(view[done:])
        if not got:
            raise OSError("the file became shorter while it was sent")
        done += got


def _why(error: OSError, at_timeout: str) -> str:
    if isinstance(error, TimeoutError):
        return at_timeout
    return (error.strerror or str(error) or type(error).__name__).lower()
