"""Send written bytes to the disk early, and sync beside other work instead of waiting for each sync in turn.

A received film needs two syncs, one of its bytes and one of its name, and each waits for the disk. While they wait
its header can be looked at and its row written.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from contextlib import suppress
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


class _TimeSpec(ctypes.Structure):
    """struct timespec of a 64-bit Linux."""

    _fields_ = (("tv_sec", ctypes.c_int64), ("tv_nsec", ctypes.c_int64))


_Pointer: Final = ctypes.POINTER(_Request)


class _CLibrary:
    """POSIX asynchronous input and output (IEEE 1003.1 aio.h) of a C library."""

    def __init__(self, name: str | None) -> None:
        waiting, quick = ctypes.CDLL(name), ctypes.PyDLL(name)  # only a wait lets others run
        self.aio_fsync = _typed(quick.aio_fsync, ctypes.c_int, _Pointer)
        self.aio_error = _typed(quick.aio_error, _Pointer)
        self.aio_return = _typed(quick.aio_return, _Pointer)
        self.aio_suspend = _typed(waiting.aio_suspend, _Pointer * 1, ctypes.c_int, ctypes.c_void_p)


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

    def wait(self, most_s: float | None = None) -> bool:
        """Wait until all is on the disk, for so many seconds at most; whether it is. May be called again.

        Raises
        ------
        OSError
            The disk refuses.
        """
        request = self._request
        if request is not None and _C_LIBRARY is not None:
            most = None if most_s is None else ctypes.byref(_TimeSpec(*_seconds(most_s)))
            while (fault := _C_LIBRARY.aio_error(request)) == errno.EINPROGRESS:
                if _C_LIBRARY.aio_suspend((_Pointer * 1)(ctypes.pointer(request)), 1, most) and most:
                    return False
            _C_LIBRARY.aio_return(request)
            self._fault, self._request = fault, None
            del _UNDER_WAY[id(request)]
        if self._fault:
            raise OSError(self._fault, os.strerror(self._fault))
        return True


def _seconds(duration: float) -> tuple[int, int]:
    """Whole seconds, and nanoseconds."""
    whole = int(duration)
    return whole, int((duration - whole) * 1e9)
