"""The bytes of one accepted connection: PDUs read with deadlines into one buffer that is used again (PS3.8 9.3).

A peer may be silent between PDUs for a while, but a PDU that has begun must be complete in time, and a message must
come at a least rate: neither half a PDU nor ten bytes a second holds a thread for ever. Nothing is allocated for a
length that a peer only announces. Knows no DICOM beyond the six bytes before every PDU and every presentation data
value.
"""

from __future__ import annotations

import mmap
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

LARGEST_PDU: Final = 1 << 20
"""Largest PDU of any type but P-DATA-TF; an association request with 128 contexts has about 50 KiB."""

_BUFFER: Final = 256 << 10
_SMALL: Final = 64 << 10
_LINGER_BYTES: Final = 1 << 20
"""So much is passed over of what a peer still sends when it should hang up."""
_HEAD: Final = struct.Struct(">BxL")
_VALUE_HEAD: Final = struct.Struct(">LBB")
_QUICKACK: Final = getattr(socket, "TCP_QUICKACK", None)  # Linux only


class Ended(Exception):
    """The connection can't go on; `why` is for the log, `abort` the reason of an A-ABORT, None where none is due."""

    def __init__(self, why: str, abort: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.abort = abort


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long is waited for what, in seconds; the least rate of a message in bytes a second."""

    silence_s: float = 30.0  # without a byte, between PDUs or within one
    pdu_s: float = 30.0  # from a PDU's first byte to its last
    least_rate: int = 1000  # of a message that takes longer than `silence_s`; 0: any


class Wire:
    """A connected socket, read by one thread; :meth:`send` may be called by others."""

    def __init__(self, connection: socket.socket, patience: Patience) -> None:
        self.socket = connection
        self.patience = patience
        self._buffer = mmap.mmap(
            -1, _BUFFER
        )  # unlike a bytearray's, pages that were never used take no memory
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self._last = 0
        self._timeout = -1.0
        self._began = 0.0  # when the present PDU's first byte came; 0: none has begun
        self._message_began = 0.0
        self._message_bytes = 0
        self._sending = threading.Lock()
        with suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def next_pdu(self) -> tuple[int, int]:
        """Wait for the next PDU; give its type and the number of bytes that follow (PS3.8 9.3.1).

        Raises
        ------
        Ended
            The peer is gone or silent.
        """
        self._began = time.monotonic() if self._end > self._start else 0.0
        self._need(6)
        kind, length = _HEAD.unpack_from(self._buffer, self._start)
        self._start += 6
        return kind, length

    def value_head(self) -> tuple[int, int, int]:
        """The six bytes before a presentation data value: item length, context id, control (PS3.8 9.3.5.1)."""
        self._need(6)
        head: tuple[int, int, int] = _VALUE_HEAD.unpack_from(self._buffer, self._start)
        self._start += 6
        return head

    def gather(self, count: int) -> bytes:
        """The next bytes of the present PDU, whatever their number; memory grows as they come."""
        gathered = bytearray()
        for part in self.parts(count):
            gathered += part
        return bytes(gathered)

    def parts(self, count: int) -> Iterator[memoryview]:
        """The next bytes of the present PDU as they come; each view holds until the next one is asked for."""
        while count:
            if self._start == self._end:
                self._receive()
            size = min(count, self._end - self._start)
            self._start += size
            count -= size
            yield self._view[self._start - size : self._start]

    def begin_message(self) -> None:
        """A message has begun: from now on its rate counts."""
        self._message_began = time.monotonic()
        self._message_bytes = 0

    def end_message(self) -> None:
        """The message is complete; between messages a peer may be silent."""
        self._message_began = 0.0

    def excuse(self, seconds: float) -> None:
        """We held the peer back ourselves for so long: it doesn't count against it."""
        if self._began:
            self._began += seconds
        if self._message_began:
            self._message_began += seconds

    def send(self, data: bytes) -> None:
        """Send all of it.

        Raises
        ------
        Ended
            The peer is gone or takes nothing.
        """
        try:
            with self._sending:
                self.socket.sendall(data)
        except OSError as error:
            raise Ended(f"answer not taken ({type(error).__name__})") from error

    def interrupt(self, data: bytes) -> None:
        """Send from another thread, if that is possible at once, and wake the one that reads."""
        if self._sending.acquire(timeout=1.0):
            try:
                self.socket.settimeout(1.0)
                self.socket.sendall(data)
            except OSError:
                pass
            finally:
                self._sending.release()

    def hang_up(self, linger_s: float) -> None:
        """Close; before that wait a while for the peer to do so, who has the last word to read (PS3.8 9.2, Sta13)."""
        deadline, left = time.monotonic() + linger_s, _LINGER_BYTES
        with suppress(OSError):
            while (rest := deadline - time.monotonic()) > 0 and left > 0:
                self.socket.settimeout(rest)
                count = self.socket.recv_into(self._buffer)
                if not count:
                    break
                left -= count
        with suppress(OSError):
            self.socket.close()

    def _need(self, count: int) -> None:
        """Have so many bytes in the buffer, one after the other."""
        while self._end - self._start < count:
            if self._start == self._end:
                self._start = self._end = 0
            elif self._start + count > _BUFFER:
                rest = self._end - self._start
                self._buffer[:rest] = self._buffer[self._start : self._end]
                self._start, self._end = 0, rest
            self._receive()

    def _receive(self) -> None:
        """Wait for bytes, at most as long as the peer's deadlines allow."""
        if self._start == self._end:
            self._start = self._end = 0
        self._set_timeout()
        if self._last < _SMALL and (self._began or self._message_began) and _QUICKACK is not None:
            # A sender with Nagle's algorithm on holds the rest back until what came is acknowledged, which takes
            # 40 ms unless it is asked for.
            with suppress(OSError):
                self.socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        try:
            count = self.socket.recv_into(self._view[self._end :])
        except TimeoutError:
            raise Ended("silent or too slow", abort=0) from None
        except OSError as error:
            raise Ended(f"connection lost ({type(error).__name__})") from error
        if not count:
            raise Ended("connection closed by the peer")
        self._end += count
        self._last = count
        self._message_bytes += count
        if not self._began:
            self._began = time.monotonic()

    def _set_timeout(self) -> None:
        patience, now = self.patience, time.monotonic()
        timeout = patience.silence_s
        if self._began:
            timeout = min(timeout, self._began + patience.pdu_s - now)
        if self._message_began and patience.least_rate:
            due = self._message_began + patience.silence_s + self._message_bytes / patience.least_rate
            timeout = min(timeout, due - now)
        if timeout <= 0:
            raise Ended("too slow", abort=0)
        if (
            abs(timeout - self._timeout) > 0.1 * timeout
        ):  # a tenth may be late: it spares a system call each read
            self.socket.settimeout(timeout)
            self._timeout = timeout
