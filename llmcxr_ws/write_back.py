"""Send written bytes to the disk early, and sync beside other work instead of waiting for each sync in turn.

A received film needs two syncs, one of its bytes and one of its name, and each waits for the disk. While they wait
its header can be looked at and its row written.
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

try:
    from caio import linux_aio
except ImportError:  # not Linux
    linux_aio = None  # type: ignore[assignment]

_START: Final = 2  # SYNC_FILE_RANGE_WRITE
_AT_ONCE: Final = 8
_FOREVER: Final = -1
_MOST_QUEUES: Final = 16
"""Each holds a descriptor and takes tens of milliseconds to give up; who finds none idle syncs without one."""


def _system_call() -> Any:
    """sync_file_range(2) of Linux; None where the system has none."""
    found = getattr(ctypes.CDLL(None), "sync_file_range", None) if os.name == "posix" else None
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return found


_SYNC_FILE_RANGE: Final = _system_call()


def start(descriptor: int, offset: int) -> None:
    """Begin to write the file's bytes from `offset` on to the disk; a sync is still due, and says what failed."""
    if _SYNC_FILE_RANGE is not None:
        _SYNC_FILE_RANGE(descriptor, offset, 0, _START)


class Pending:
    """Syncs that were begun; :meth:`wait` must be called."""

    def __init__(self, syncs: Syncs, queue: Any, operations: list[Any]) -> None:
        self._syncs, self._queue, self._operations = syncs, queue, operations
        self._is_over = False

    def wait(self) -> None:
        """Wait until all is on the disk; may be called again.

        Raises
        ------
        OSError
            The disk refuses.
        """
        if not self._is_over:
            _await(self._queue, len(self._operations))
            self._is_over = True
            self._syncs.give_back(self._queue)
        for operation in self._operations:
            try:
                operation.get_value()
            except SystemError as error:  # the library's word for what the system said
                raise OSError(errno.EIO, str(error)) from error


class Syncs:
    """Syncs that go on beside what the caller does meanwhile; for many threads.

    By the kernel's own queue: threads of ours would wait for the interpreter's lock before they could begin.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Any] = []
        self._made = 0

    def begin(self, *descriptors: int) -> Pending:
        """Begin to sync these; where the system has no such queue they are synced here and now.

        Raises
        ------
        OSError
            The disk refuses.
        """
        queue = self._taken()
        pending = Pending(self, queue, _submitted(queue, descriptors))
        try:
            for descriptor in descriptors[len(pending._operations) :]:
                os.fsync(descriptor)
        except OSError:
            pending.wait()
            raise
        return pending

    @contextmanager
    def beside(self, *descriptors: int) -> Iterator[None]:
        """Sync these while the block runs; at its end they are synced, however it ends.

        Raises
        ------
        OSError
            The disk refuses; also where the block raised something else, for it has relied on the disk.
        """
        pending = self.begin(*descriptors)
        try:
            yield
        finally:
            pending.wait()

    def give_back(self, queue: Any) -> None:
        """An idle queue may be used again."""
        if queue is not None:
            with self._lock:
                self._idle.append(queue)

    def _taken(self) -> Any:
        """An idle queue of the kernel's, or a new one; None where there are enough, or it gives none."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            if linux_aio is None or self._made >= _MOST_QUEUES:
                return None
            self._made += 1
        try:
            return linux_aio.Context(_AT_ONCE)
        except (OSError, OverflowError, SystemError):  # forbidden here, or too many
            return None


def _submitted(queue: Any, descriptors: tuple[int, ...]) -> list[Any]:
    """Operations for as many of the first descriptors as the queue takes."""
    if queue is None:
        return []
    operations = [linux_aio.Operation.fsync(descriptor) for descriptor in descriptors]
    try:
        return operations[: queue.submit(*operations)]
    # A file system that doesn't know it, or no room; nothing was taken then.
    except (OSError, OverflowError, SystemError, ValueError):
        return []


def _await(queue: Any, count: int) -> None:
    """Wait for so many operations."""
    while count:
        try:
            count -= queue.process_events(_AT_ONCE, count, _FOREVER)
        except SystemError as error:
            if error.args[0] != errno.EINTR:
                raise OSError(*error.args) from error
