"""One process of a kind for each home: a lock that the operating system lifts when its holder dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from llmcxr_ws.errors import ConfigError, DicomError

_WAIT_S: Final = 10.0
_POLL_S: Final = 0.1


@contextmanager
def only_one(home: Path, kind: str, *, wait_s: float = _WAIT_S) -> Iterator[None]:
    """Hold the lock of this kind of process; a predecessor that is just ending is waited for.

    Raises
    ------
    ConfigError
        There is no home, or this account may not write there.
    DicomError
        Another one runs on.
    """
    path = home / f"{kind}.lock"
    try:
        file = path.open("ab")
    except OSError as error:
        raise ConfigError(
            f"{path} can't be written: {error.strerror}.",
            what_to_do="Create the home with `llmcxr db upgrade`, name it with --home, or check its owner.",
        ) from error
    with file:
        deadline = time.monotonic() + wait_s
        while not _try_lock(file):
            if time.monotonic() > deadline:
                raise DicomError(
                    f"Another {kind} runs for the home {home}.",
                    what_to_do="Stop it, or leave it at its work.",
                )
            time.sleep(_POLL_S)
        yield


def _try_lock(file: BinaryIO) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
