"""Writing what arrives to a file in the spool, as it comes, within limits.

A write that fails isn't told to the sender before the data set is complete, for DICOM has no answer before; until
then the rest is passed over. Knows no sockets.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from dicom_node import statuses
from dicom_node.store_command import Verdict
from llmcxr_ws import write_back
from llmcxr_ws.log import logger
from llmcxr_ws.write_back import Pending

_LOG = logger(__name__)
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
HEAD_BYTES: Final = 64 << 10
"""So much of the data set's beginning is kept in memory to be examined; longer headers are read from the file."""
_LOOK_EVERY: Final = 8 << 20
"""Bytes after which the free space is looked at again while an object comes in."""
_WRITE_BACK_FIRST: Final = 256 << 10
_WRITE_BACK_EVERY: Final = 2 << 20
"""Bytes after which what came is sent to the disk, while the rest still comes: of a small film soon, of a large one
in large pieces, for each takes time from the reading."""
_AGAIN: Final = 1.1
_MOST_RESERVED: Final = 64 << 20
"""No film is larger, and a sender mustn't fill the disk by an announcement."""
NO_ROOM: Final = Verdict(statuses.OUT_OF_RESOURCES, "no space; send again later")


class FreeSpace:
    """The watermarks of a folder's disk: below the lower nothing is taken, above the upper it is again."""

    def __init__(self, folder: Path, min_free_bytes: int) -> None:
        self._folder = folder
        self._min = min_free_bytes
        self._short = False
        self._lock = threading.Lock()

    def is_short(self) -> bool:
        """Whether there is too little; the change is logged, once."""
        free = shutil.disk_usage(self._folder).free
        short = free < self._min * (_AGAIN if self._short else 1.0)
        if short != self._short:
            with self._lock:
                changed, self._short = short != self._short, short
            if changed and short:
                _LOG.error(
                    "refused: disk nearly full", free_mb=free // 1_000_000, needed_mb=self._min // 1_000_000
                )
            elif changed:
                _LOG.warning("disk has space again: objects are taken", free_mb=free // 1_000_000)
        return short


class SpooledFile:
    """A file in the spool that is being written.

    Parameters
    ----------
    prefix : bytes
        What stands before the data set.
    announced : callable
        Says of a data set's beginning how long the whole will be, or None; that much is reserved on the disk, which
        saves a third of the time of writing.
    judge : callable
        Says what becomes of the file, complete or refused, and leaves nothing at its path. The bytes are on their way
        to the disk meanwhile: whoever keeps it waits for :attr:`pending`.
    largest : int
        Bytes of the largest data set that is taken.

    Raises
    ------
    OSError
        It can't be made.
    """

    def __init__(
        self,
        path: Path,
        prefix: bytes,
        space: FreeSpace,
        largest: int,
        announced: Callable[[bytes], int | None],
        judge: Callable[[SpooledFile], Verdict],
    ) -> None:
        self.path = path
        self.offset = len(prefix)
        self.size = 0
        self.head = bytearray()
        self.refusal: Verdict | None = None
        self._prefix = prefix
        self._space = space
        self._largest = largest
        self._announced = announced
        self._judge = judge
        self.pending: Pending | None = None
        self._written_back = 0
        self._write_back_at = _WRITE_BACK_FIRST
        self._reserved = 0
        self._check_at = min(_LOOK_EVERY, largest)
        self._is_gone = False
        self._descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600
        )

    def write(self, part: memoryview) -> None:
        """Take the next bytes; never raises, a failure is told at the end."""
        if self.refusal is not None:
            return
        self.size += len(part)
        if self.size > self._check_at and not self._may_go_on():
            return
        try:
            if len(self.head) < HEAD_BYTES:
                self._begin(part)
            written = os.write(self._descriptor, part)
            while written < len(part):
                written += os.write(self._descriptor, part[written:])
            if self.size >= self._write_back_at:
                write_back.start(self._descriptor, self._written_back)
                self._written_back = self.size
                self._write_back_at = self.size + min(self.size, _WRITE_BACK_EVERY)
        except OSError as error:
            self._refuse(failure(error))

    def finish(self) -> Verdict:
        """Have the file judged, its bytes on the disk or on their way there."""
        if self.refusal is None:
            try:
                if self._prefix:
                    os.write(self._descriptor, self._prefix)
                if self._reserved not in (0, self.offset + self.size):
                    os.ftruncate(self._descriptor, self.offset + self.size)  # it was announced wrongly
                self.pending = Pending(self._descriptor)
                if os.name == "nt":  # which moves no file that is open
                    self.pending.wait()
                    self._close()
            except OSError as error:
                self._refuse(failure(error))
        try:
            verdict = self._judge(self)
        finally:
            if self.pending is not None:
                with suppress(OSError):  # whoever kept it was told
                    self.pending.wait()
        self._is_gone = True
        return verdict

    def discard(self) -> None:
        """Remove it, if it is still in the spool."""
        self._close()
        if not self._is_gone:
            self.path.unlink(missing_ok=True)

    def _may_go_on(self) -> bool:
        """Refuse it where it has become too large, or the disk too full."""
        if self.size > self._largest:
            self._refuse(Verdict(statuses.TOO_LARGE, f"larger than {self._largest // 1_000_000} MB"))
        elif self._space.is_short():
            self._refuse(NO_ROOM)
        self._check_at = min(self.size + _LOOK_EVERY, self._largest)
        return self.refusal is None

    def _begin(self, part: memoryview) -> None:
        """Keep the beginning in memory, and write what stands before it."""
        self.head += part[: HEAD_BYTES - len(self.head)]
        prefix, self._prefix = self._prefix, b""
        if prefix:
            os.write(self._descriptor, prefix)
        if len(self.head) == HEAD_BYTES:
            self._reserve()

    def _reserve(self) -> None:
        """Reserve what the whole file will take; where the system can't, it is written all the same."""
        announced = self._announced(bytes(self.head)) or 0
        if hasattr(os, "posix_fallocate") and HEAD_BYTES < announced <= min(self._largest, _MOST_RESERVED):
            self._write_back_at = min(max(announced // 4, _WRITE_BACK_FIRST), _WRITE_BACK_EVERY)
            with suppress(OSError):
                os.posix_fallocate(self._descriptor, 0, self.offset + announced)
                self._reserved = self.offset + announced

    def _refuse(self, verdict: Verdict) -> None:
        self.refusal = verdict
        self._close()
        self.path.unlink(missing_ok=True)  # at once: the disk may be full

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def failure(error: OSError) -> Verdict:
    """What to answer when the disk refuses; logged here."""
    full = error.errno in NO_SPACE
    _LOG.error("not stored", error=error.strerror or type(error).__name__)
    return Verdict(
        statuses.OUT_OF_RESOURCES if full else statuses.PROCESSING_FAILURE, "storage failed; send again"
    )
