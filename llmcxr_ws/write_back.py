"""Send written bytes to the disk early, and sync beside other work instead of waiting for each sync in turn.

A sync waits for the disk and then for the file system's journal; a film that is received needs one for its bytes and
one for its name. Where the file system keeps order, the name can be given first: both syncs then share one entry of
the journal, and the index is written meanwhile.
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

try:
    from caio import linux_aio
except ImportError:  # not Linux
    linux_aio = None  # type: ignore[assignment]

_START: Final = 2  # SYNC_FILE_RANGE_WRITE
_ALL: Final = 7  # wait for what is under way, write what is left, wait for that
_MOUNTS: Final = Path("/proc/self/mountinfo")
_ORDERED: Final = frozenset({"ext4", "xfs"})
_AT_ONCE: Final = 8
_FOREVER: Final = -1


def _system_call() -> Any:
    """sync_file_range(2) of Linux; None where the system has none."""
    found = (
        getattr(ctypes.CDLL(None, use_errno=True), "sync_file_range", None) if os.name == "posix" else None
    )
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return found


_SYNC_FILE_RANGE: Final = _system_call()


def start(descriptor: int, offset: int) -> None:
    """Begin to write the file's bytes from `offset` on to the disk; what fails shows at the sync."""
    if _SYNC_FILE_RANGE is not None:
        _SYNC_FILE_RANGE(descriptor, offset, 0, _START)


def complete(descriptor: int) -> None:
    """Write what is left of the file's bytes and wait for all of them; where they lie may not be on the disk yet.

    Raises
    ------
    OSError
        The disk refuses.
    """
    if _SYNC_FILE_RANGE is None:
        os.fsync(descriptor)
    elif _SYNC_FILE_RANGE(descriptor, 0, 0, _ALL):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def keeps_order(folder: Path) -> bool:
    """Whether this folder's file system never has a new name on the disk before bytes that were written earlier.

    ext4 and XFS write changes of names and sizes to one journal in the order in which they were made, and have the
    disk empty its own cache before each entry. On others, and where it can't be told, the answer is no.
    """
    if _SYNC_FILE_RANGE is None:
        return False
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    for fields in map(str.split, lines):  # proc(5): the kind stands behind a lone hyphen
        if fields[2] == wanted and "-" in fields:
            return fields[fields.index("-") + 1] in _ORDERED
    return False


class Syncs:
    """Syncs of several descriptors at once, beside what the caller does meanwhile; for many threads.

    By the kernel's own queue: threads of ours would wait for the interpreter's lock before they could begin.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Any] = []

    @contextmanager
    def beside(self, *descriptors: int) -> Iterator[None]:
        """Sync these while the block runs; at its end they are synced.

        Raises
        ------
        OSError
            The disk refuses.
        """
        queue = self._taken()
        operations = _submitted(queue, descriptors)
        for descriptor in descriptors[len(operations) :]:  # all of them, where the system has no such queue
            os.fsync(descriptor)
        try:
            yield
        finally:
            _await(queue, len(operations))
            if queue is not None:
                with self._lock:
                    self._idle.append(queue)
        for operation in operations:
            try:
                operation.get_value()
            except SystemError as error:  # the library's word for what the system said
                raise OSError(errno.EIO, str(error)) from error

    def _taken(self) -> Any:
        """An idle queue of the kernel's, or a new one; None where it gives none."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            return linux_aio.Context(_AT_ONCE) if linux_aio is not None else None
        except (OSError, SystemError):  # forbidden here, or too many
            return None


def _submitted(queue: Any, descriptors: tuple[int, ...]) -> list[Any]:
    """Operations for as many of the first descriptors as the queue takes."""
    if queue is None:
        return []
    operations = [linux_aio.Operation.fsync(descriptor) for descriptor in descriptors]
    try:
        return operations[: queue.submit(*operations)]
    except (OSError, SystemError, ValueError):  # a file system that doesn't know it; nothing was taken
        return []


def _await(queue: Any, count: int) -> None:
    """Wait for so many operations."""
    while count:
        try:
            count -= queue.process_events(_AT_ONCE, count, _FOREVER)
        except SystemError as error:
            if error.args[0] != errno.EINTR:
                raise OSError(*error.args) from error
