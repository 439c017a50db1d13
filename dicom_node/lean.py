"""Keep a process small that reads headers and no pixels.

pydicom loads numpy and every decoder that is installed, 20 MB of them. It does without what can't be imported, and
says so when pixels are asked for, which the listener never does.
"""

from __future__ import annotations

import sys
from typing import Any, Final

_DECODING: Final = ("numpy", "PIL", "pylibjpeg", "openjpeg", "libjpeg", "rle", "jpeg_ls", "gdcm", "tqdm")


def without_decoders() -> None:
    """Make these packages impossible to import, but for those that are there already. Call it first of all."""
    modules: dict[str, Any] = sys.modules
    for name in _DECODING:
        modules.setdefault(name, None)  # an import of it then raises ModuleNotFoundError
