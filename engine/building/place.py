"""The folder in which a build is made: beside its place, by one process at a time, moved there when it is whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine.builds import MANIFEST, PART, BuildKey, BuildManifest
from engine.bundle import sha256_of
from engine.errors import ExportError


def made_in_place(
    builds: Path, key: BuildKey, load: Callable[[Path], BuildManifest], make: Callable[[Path], Sequence[str]]
) -> Path:
    """Let `make` fill the folder of a build, and give its place; a build that is there is checked.

    `make` gets the folder as an earlier run left it, writes the manifest last, and names the files in it. Raises
    ExportError where another process makes the same build or the folder can't be written, and what `load` raises for
    a build that was changed.
    """
    final, part = builds / key.folder, builds / f"{key.folder}{PART}"
    if (final / MANIFEST).exists():
        load(final)
        return final
    if final.exists():
        raise ExportError(f"{final} holds no whole build. Remove it and build again.")
    try:
        part.mkdir(parents=True, exist_ok=True)
        with _alone(part, final):
            _remove(part.glob(".*.tmp"))
            names = tuple(load(part).files) if (part / MANIFEST).exists() else make(part)
            _remove(path for path in part.iterdir() if path.name not in (MANIFEST, *names))
            part.rename(final)
    except OSError as error:
        raise ExportError(
            f"The build can't be written in {builds}: {error}. Make room there, or name another folder with --builds."
        ) from error
    return final


def entries_of(part: Path, names: Sequence[str]) -> dict[str, dict[str, str | int]]:
    """Give the manifest's entries of these files."""
    return {name: {"sha256": sha256_of(part / name), "bytes": (part / name).stat().st_size} for name in names}


def _remove(files: Iterable[Path]) -> None:
    """Remove what a killed run left, or what was noted on the way."""
    for path in files:
        path.unlink()


@contextmanager
def _alone(part: Path, final: Path) -> Iterator[None]:
    """Hold a folder's lock, which ends with the process; Windows has none for folders."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(part, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            taken = final.exists() or not part.exists()
        except BlockingIOError:
            taken = True
        if taken:
            raise ExportError(f"Another process makes the build {final}. Wait until it has ended.")
        yield
    finally:
        os.close(descriptor)
