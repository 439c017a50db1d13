"""What the pixels may show of a patient, as far as a header and the borders of a film tell.

No text is recognised in pixels. An object that says, or by its kind may well have, burned-in text is refused.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRLittleEndian,
)

from llmcxr_ws.errors import DicomError

_FILMS: Final = frozenset(
    {
        ComputedRadiographyImageStorage,
        DigitalXRayImageStorageForPresentation,
        DigitalXRayImageStorageForProcessing,
    }
)
EDGE: Final = 0.08
"""The share of rows and columns at each side that counts as the border."""
_GLYPH_SHARE: Final = (0.002, 0.2)


def check(ds: Dataset) -> None:
    """Refuse an image whose pixels may show who it is of.

    Raises
    ------
    DicomError
        Says by what it is told.
    """
    if not any(element.tag.group == 0x7FE0 for element in ds):
        return
    stated = str(ds.get("BurnedInAnnotation") or "").strip().upper()
    if stated == "YES":
        if ds.get("SyntheticData") == "YES":
            return  # drawn here, with nothing but a banner in its pixels
        raise _refused("its header says that text is burned in (0028,0301)")
    if stated == "NO":
        return
    if str(ds.get("SOPClassUID")) not in _FILMS:
        raise _refused(
            "it is no film of a detector, and its header doesn't say that no text is burned in (0028,0301)"
        )
    kind = [str(one) for one in ds.get("ImageType") or ()]
    if kind and kind[0] != "ORIGINAL":
        raise _refused(
            "it is a derived image, and its header doesn't say that no text is burned in (0028,0301)"
        )


def shown_bits(ds: Dataset) -> bytes:
    """The pixel data without the bits that hold no pixel, in which older films carry an overlay.

    Raises
    ------
    DicomError
        The header speaks of such an overlay and the pixels are compressed: what is in them can't be told.
    """
    data: bytes = ds.PixelData
    syntax = UID(str(getattr(ds, "file_meta", Dataset()).get("TransferSyntaxUID") or ExplicitVRLittleEndian))
    if syntax != DeflatedExplicitVRLittleEndian and syntax.is_encapsulated:
        if any(
            element.tag.group & 0xFF01 == 0x6000 and element.tag.element == 0x0102 and element.value
            for element in ds
        ):
            raise _refused("its header speaks of an overlay within its compressed pixels (60xx,0102)")
        return data
    allocated, stored = ds.get("BitsAllocated"), ds.get("BitsStored")
    high = ds.get("HighBit", (stored or 1) - 1)
    if (
        allocated not in (8, 16, 32)
        or not stored
        or not stored <= high + 1 <= allocated
        or stored == allocated
    ):
        return data
    order = "<" if syntax.is_little_endian else ">"
    words = np.frombuffer(
        data[: len(data) // (allocated // 8) * (allocated // 8)], f"{order}u{allocated // 8}"
    )
    low = high + 1 - stored
    cleared = words & words.dtype.type(((1 << stored) - 1) << low)
    if ds.get("PixelRepresentation") == 1:
        # A sign fills the bits above it, as most senders write it: (x ^ s) - s in the arithmetic of the word.
        sign = words.dtype.type(1 << high)
        cleared = ((cleared ^ sign) - sign).astype(words.dtype)
    return bytes(cleared.tobytes() + data[words.nbytes :])


def edge_text(pixels: NDArray[Any]) -> bool:
    """Whether a border looks as if letters stood in it: many thin strokes of one extreme value.

    A guess: lead markers are soft and few, overlaid letters are of one value and of hard edges.
    """
    if pixels.ndim != 2 or min(pixels.shape) < 64:
        return False
    height, width = (max(8, int(size * EDGE)) for size in pixels.shape)
    borders = (pixels[:height], pixels[-height:], pixels[:, :width].T, pixels[:, -width:].T)
    return any(_looks_written(border) for border in borders)


def _looks_written(border: NDArray[Any]) -> bool:
    for extreme in (border.max(), border.min()):
        ink = border == extreme
        share = float(ink.mean())
        if not _GLYPH_SHARE[0] < share < _GLYPH_SHARE[1]:
            continue
        # Strokes begin and end many times along a row, and beside each stands a value far from it.
        steps = np.diff(ink.astype(np.int8), axis=1) != 0
        jump = (
            np.abs(np.diff(border.astype(np.int64), axis=1)) > (int(border.max()) - int(border.min())) * 0.4
        )
        if int((steps & jump).sum(axis=1).max()) >= 16:
            return True
    return False


def _refused(reason: str) -> DicomError:
    return DicomError(
        f"An image was refused: {reason}.",
        what_to_do=(
            "Look at it. If nothing is burned in, have its sender state NO there and send it again; if something is, "
            "leave it out: text in pixels isn't removed here (Clean Pixel Data isn't offered)."
        ),
    )
