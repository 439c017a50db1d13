"""Locks by name that hold between threads and between processes: a way in for each is a process of its own.

A name falls on one of a few stripes; two names on the same one wait for each other without need, which does no harm.
"""

from __future__ import annotations

import os
import threading
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_STRIPES: Final = 64


_SHARED: weakref.WeakValueDictionary[Path, Stripes] = weakref.WeakValueDictionary()
_SHARING: Final = threading.Lock()


def stripes_of(path: Path) -> Stripes:
    """This process's locks over a file: one object for all, for closing a second would lift the first's."""
    with _SHARING:
        found = _SHARED.get(path)
        if found is None:
            found = _SHARED[path] = Stripes(path)
        return found


class Stripes:
    """Locks over one file, one byte of it for each stripe; the operating system lifts a dead process's locks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = [threading.Lock() for _ in range(_STRIPES)]
        self._opening = threading.Lock()
        self._file: int | None = None

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Hold the lock of this name.

        Raises
        ------
        OSError
            The file can't be opened or locked.
        """
        stripe = zlib.crc32(name.encode()) % _STRIPES  # the same in every process, which hash() isn't
        with self._threads[stripe]:
            file = self._opened()
            _lock(file, stripe)
            try:
                yield
            finally:
                _unlock(file, stripe)

    def _opened(self) -> int:
        """The file, open once: closing any descriptor of it would lift this process's locks (POSIX.1, fcntl)."""
        with self._opening:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
                weakref.finalize(self, os.close, self._file)
            return self._file


if os.name == "nt":  # pragma: no cover
    import msvcrt

    # The position belongs to the descriptor: two threads may not move it at once.
    _SEEKING = threading.Lock()

    def _lock(file: int, stripe: int) -> None:
        while True:
            try:
                with _SEEKING:
                    os.lseek(file, stripe, os.SEEK_SET)
                    msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
                return
            except PermissionError:
                threading.Event().wait(0.01)

    def _unlock(file: int, stripe: int) -> None:
        with _SEEKING:
            os.lseek(file, stripe, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:
    import fcntl

    def _lock(file: int, stripe: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_EX, 1, stripe)

    def _unlock(file: int, stripe: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_UN, 1, stripe)
