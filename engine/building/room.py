"""Whether a build has the disk and the memory that it will take, asked before it starts."""

import shutil
from pathlib import Path

import psutil

from engine.errors import ExportError

_GIB = 1024**3


def check_disk(part: Path, needed: float) -> None:
    """Refuse a build of `needed` bytes that the disk can't hold; what lies in `part` counts as room."""
    held = sum(file.stat().st_size for file in part.iterdir())
    free = shutil.disk_usage(part).free
    if needed > free + held:
        raise ExportError(
            f"The build may take {needed / _GIB:.1f} GiB in {part.parent}, and {free / _GIB:.1f} GiB are free. "
            "Make room, or name another folder with --builds."
        )


def check_memory(needed: float) -> None:
    """Refuse a build that needs more bytes of memory than are free."""
    free = int(psutil.virtual_memory().available)
    if needed > free:
        raise ExportError(
            f"The build needs about {needed / _GIB:.1f} GiB of memory, and {free / _GIB:.1f} GiB are free. "
            "End other programs, or build on a larger machine and copy the build."
        )
