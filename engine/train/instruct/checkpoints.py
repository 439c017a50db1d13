"""Checkpoint folders that a crash can't spoil: a folder counts once a last file says that it is whole.

The trainer writes a folder in place and in many files. Here a whole one is flushed and marked, older ones go
only after that, and what was cut off is never taken for a checkpoint. Knows no network.
"""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from engine.errors import SettingsError
from engine.safe_write import write_json

WHOLE = "whole.json"
_GIB = 1024**3
_NAME = re.compile(r"checkpoint-(\d+)")


def check_room(run: Path, weights: int, trained: int, keep: int) -> None:
    """Raise SettingsError where a run's disk is too small for what it will hold, before hours are spent.

    `weights` and `trained` are bytes of the whole network and of what is trained. `best`, `last` and the one that
    takes the place of either are networks; a checkpoint holds what is trained and AdamW's two moments of it, and
    one more than `keep` are there while the newest is written.
    """
    needed = 3 * weights + (keep + 1) * 3 * trained
    held = sum(file.stat().st_size for file in run.rglob("*") if file.is_file())
    free = shutil.disk_usage(run).free
    if needed - held > free:
        raise SettingsError(
            f"Setting out: the run needs about {needed / _GIB:.1f} GiB in {run} for best, last and its checkpoints, "
            f"and {(free + held) / _GIB:.1f} GiB are free there. Name a folder on a larger disk, or lower keep "
            f"({keep})."
        )


def mark_whole(folder: Path) -> None:
    """Flush every file of a checkpoint to disk, then say that it is whole."""
    sizes = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != WHOLE):
        with file.open("rb+") as opened:
            os.fsync(opened.fileno())
        sizes[file.relative_to(folder).as_posix()] = file.stat().st_size
    write_json(folder / WHOLE, {"files": sizes})


def newest_whole(run: Path) -> Path | None:
    """Give the newest checkpoint folder that is whole, or None."""
    return next((folder for folder in reversed(_folders(run)) if _is_whole(folder)), None)


def keep_newest(run: Path, keep: int) -> None:
    """Remove all but the newest `keep` whole checkpoints, and those that were cut off."""
    whole = [folder for folder in _folders(run) if _is_whole(folder)]
    for folder in _folders(run):
        if folder not in whole[-keep:]:
            # The mark goes first, so that a half-removed folder isn't whole.
            (folder / WHOLE).unlink(missing_ok=True)
            shutil.rmtree(folder)


def replace_folder(final: Path, write: Callable[[Path], None]) -> None:
    """Write a folder beside `final` and put it in its place; `settle` mends a crash between the two renames."""
    settle(final)
    new, old = _beside(final)
    write(new)
    for file in new.rglob("*"):
        if file.is_file():
            with file.open("rb+") as opened:
                os.fsync(opened.fileno())
    if final.exists():
        final.rename(old)
    new.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def settle(final: Path) -> None:
    """Bring a folder back that a crash left under its old name, and remove one that wasn't finished."""
    new, old = _beside(final)
    if old.exists() and not final.exists():
        old.rename(final)
    for rest in (new, old):
        if rest.exists():
            shutil.rmtree(rest)


def _beside(final: Path) -> tuple[Path, Path]:
    return final.with_name(f"{final.name}.new"), final.with_name(f"{final.name}.old")


def _folders(run: Path) -> list[Path]:
    numbered = [(match, path) for path in run.glob("checkpoint-*") if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(numbered, key=lambda pair: int(pair[0][1]))]


def _is_whole(folder: Path) -> bool:
    try:
        files = json.loads((folder / WHOLE).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return False
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == size for name, size in files.items()
    )
