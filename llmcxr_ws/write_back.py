"""Send written bytes to the disk early, and sync beside other work instead of waiting for each sync in turn.

A received film needs two syncs, one of its bytes and one of its name, and each waits for the disk. While they wait
its header can be looked at and its row written.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

_START: Final = 2  # SYNC_FILE_RANGE_WRITE
_SIGEV_NONE: Final = 1


class _Request(ctypes.Structure):
    """struct aiocb of a 64-bit Linux, as far as it is filled in; what follows is the C library's own."""

    _fields_ = (
        ("aio_fildes", ctypes.c_int),
        ("aio_lio_opcode", ctypes.c_int),
        ("aio_reqprio", ctypes.c_int),
        ("aio_buf", ctypes.c_void_p),
        ("aio_nbytes", ctypes.c_size_t),
        ("sigev_value", ctypes.c_void_p),
        ("sigev_signo", ctypes.c_int),
        ("sigev_notify", ctypes.c_int),
        ("rest", ctypes.c_char * 208),
    )


class _CLibrary:
    """POSIX asynchronous input and output (IEEE 1003.1 aio.h) of a C library."""

    def __init__(self, name: str | None) -> None:
        waiting, quick = ctypes.CDLL(name), ctypes.PyDLL(name)  # only a wait lets others run
        request = ctypes.POINTER(_Request)
        self.aio_fsync = _typed(quick.aio_fsync, ctypes.c_int, request)
        self.aio_error = _typed(quick.aio_error, request)
        self.aio_return = _typed(quick.aio_return, request)
        self.aio_suspend = _typed(waiting.aio_suspend, request * 1, ctypes.c_int, ctypes.c_void_p)


def _typed(function: Any, *types: Any) -> Any:
    function.argtypes = types
    return function


def _c_library() -> _CLibrary | None:
    """None where the system isn't a 64-bit Linux, or has no such library."""
    if sys.platform == "linux" and ctypes.sizeof(ctypes.c_void_p) == 8:
        for name in (None, "librt.so.1"):  # glibc before 2.34 has it in a library of its own
            with suppress(OSError, AttributeError):
                return _CLibrary(name)
    return None


def _system_call() -> Any:
    """sync_file_range(2) of Linux; None where the system has none."""
    found = getattr(ctypes.CDLL(None), "sync_file_range", None) if sys.platform == "linux" else None
    return found and _typed(found, ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)


_C_LIBRARY: Final = _c_library()
_SYNC_FILE_RANGE: Final = _system_call()
_UNDER_WAY: Final[dict[int, _Request]] = {}
"""The C library writes its result into these, whether anybody still waits for it or not."""


def start(descriptor: int, offset: int) -> None:
    """Begin to write the file's bytes from `offset` on to the disk; a sync is still due, and says what failed."""
    if _SYNC_FILE_RANGE is not None:
        _SYNC_FILE_RANGE(descriptor, offset, 0, _START)


class Pending:
    """A sync that goes on beside what the caller does meanwhile; :meth:`wait` must be called, by one thread.

    By threads of the C library, which are none of the interpreter's: threads of ours would wait for its lock before
    they could begin, and the kernel's own queue (io_submit) works on the processor of whoever asks, in his way. Where
    the system has none, or has no room, it is synced here and now.

    Raises
    ------
    OSError
        The disk refuses.
    """

    def __init__(self, descriptor: int) -> None:
        self._fault = 0
        self._request: _Request | None = None
        if _C_LIBRARY is not None:
            request = _Request(aio_fildes=descriptor, sigev_notify=_SIGEV_NONE)
            _UNDER_WAY[id(request)] = request
            if not _C_LIBRARY.aio_fsync(os.O_SYNC, request):
                self._request = request
                return
            del _UNDER_WAY[id(request)]
        os.fsync(descriptor)

    def wait(self) -> None:
        """Wait until all is on the disk; may be called again.

        Raises
        ------
        OSError
            The disk refuses.
        """
        request = self._request
        if request is not None and _C_LIBRARY is not None:
            while (fault := _C_LIBRARY.aio_error(request)) == errno.EINPROGRESS:
                _C_LIBRARY.aio_suspend((ctypes.POINTER(_Request) * 1)(ctypes.pointer(request)), 1, None)
            _C_LIBRARY.aio_return(request)
            self._fault, self._request = fault, None
            del _UNDER_WAY[id(request)]
        if self._fault:
            raise OSError(self._fault, os.strerror(self._fault))


@contextmanager
def beside(descriptor: int) -> Iterator[None]:
    """Sync this while the block runs; at its end it is synced, however it ends.

    Raises
    ------
    OSError
        The disk refuses; also where the block raised something else, for it has relied on the disk.
    """
    pending = Pending(descriptor)
    try:
        yield
    finally:
        pending.wait()
