"""Keep a process small that reads headers, and no pixels.

Libraries load what they find installed and may never use: pydicom numpy and every decoder (20 MB) and an HTTP client
to fetch examples (5 MB), the log's library a renderer for terminals (3 MB). Each does without what can't be imported.
"""

from __future__ import annotations

import sys
from typing import Any, Final

_DECODING: Final = ("numpy", "PIL", "pylibjpeg", "openjpeg", "libjpeg", "rle", "jpeg_ls", "gdcm", "tqdm")
_UNUSED: Final = ("requests", "rich")


def without_decoders() -> None:
    """Make these packages impossible to import, but for those that are there already. Call it first of all."""
    modules: dict[str, Any] = sys.modules
    for name in (*_DECODING, *_UNUSED):
        modules.setdefault(name, None)  # an import of it then raises ModuleNotFoundError
