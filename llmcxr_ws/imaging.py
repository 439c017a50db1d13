"""Pixels for people and pixels for the model: two named ways out of one DICOM image.

``displayed(ds)`` is what a person should see: modality LUT, VOI LUT, exactly one inversion, padding.
``stored(ds)`` is what the model is given: modality LUT and polarity, no window, padding marked. Deliberately
no resizing, no percentile and no histogram here: those belong to the model bundle's own preprocessing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from llmcxr_ws.elements import number, numbers
from llmcxr_ws.errors import ImagingError
from llmcxr_ws.grey import (
    VoiLut,
    Window,
    full_range_window,
    modality_units,
    read_voi_luts,
    read_windows,
)
from llmcxr_ws.pixels import SUPPORTED_TRANSFER_SYNTAXES, decode, read_dataset
from llmcxr_ws.spacing import Spacing, read_spacing

__all__ = [
    "SUPPORTED_TRANSFER_SYNTAXES",
    "Displayed",
    "Stored",
    "VoiLut",
    "Window",
    "decode",
    "display_table",
    "displayed",
    "read_dataset",
    "render",
    "stored",
]

Voi = Window | VoiLut
_MOST_ASPECT = 5.0


@dataclass(frozen=True, eq=False)
class Displayed:
    """An image with all that a viewer needs to window it by one table.

    ``levels`` [H, W] are the stored values counted from the smallest possible one; ``units[level]`` is the
    modality LUT's output. ``voi`` is what the header asks for first; where it asks for nothing it is the
    window from smallest to largest value, and ``is_voi_from_header`` is false. ``invert`` is true where
    bright and dark are exchanged after the VOI step. ``pixel_aspect`` is a pixel's height over its width.
    """

    levels: NDArray[np.uint16]
    units: NDArray[np.float32] = field(repr=False)
    padding_mask: NDArray[np.bool_] | None
    windows: tuple[Window, ...]
    voi_luts: tuple[VoiLut, ...]
    voi: Voi
    is_voi_from_header: bool
    invert: bool
    spacing: Spacing | None
    pixel_aspect: float

    @property
    def pixel_spacing_mm(self) -> tuple[float, float] | None:
        """Row and column spacing in mm, whatever they refer to."""
        return self.spacing.as_pair if self.spacing is not None else None

    @property
    def values(self) -> NDArray[np.float32]:
        """The image [H, W] in the modality LUT's output units."""
        return self.units[self.levels]


@dataclass(frozen=True, eq=False)
class Stored:
    """Values [H, W] after the modality LUT with bone bright, ``bits`` deep; padding is true in the mask."""

    values: NDArray[np.uint8] | NDArray[np.uint16]
    bits: int
    padding_mask: NDArray[np.bool_] | None


def displayed(source: Path | Dataset) -> Displayed:
    """Decode an image for people.

    The order is that of PS3.4 N.2: modality LUT, VOI LUT Sequence before windows, presentation LUT shape. The
    inversion is by Presentation LUT Shape where present, else by Photometric Interpretation.

    Raises
    ------
    ImagingError
        See :func:`llmcxr_ws.pixels.decode`; or a look-up table in the header is unusable.
    """
    ds = read_dataset(source) if isinstance(source, Path) else source
    raw = decode(ds)
    lowest, count = _level_range(ds, raw)
    levels = (raw.astype(np.int32) - lowest).astype(np.uint16)
    units = modality_units(ds, np.arange(lowest, lowest + count))
    padding_mask = _padding_mask(ds, raw)
    windows, voi_luts = read_windows(ds), read_voi_luts(ds, units)
    from_header: tuple[Voi, ...] = (*voi_luts, *windows)
    spacing = read_spacing(ds)
    return Displayed(
        levels=levels,
        units=units,
        padding_mask=padding_mask,
        windows=windows,
        voi_luts=voi_luts,
        voi=from_header[0] if from_header else full_range_window(_used_units(levels, units, padding_mask)),
        is_voi_from_header=bool(from_header),
        invert=_is_inverted(ds),
        spacing=spacing,
        pixel_aspect=_aspect(ds, spacing),
    )


def display_table(image: Displayed, voi: Voi | None = None, *, flip: bool = False) -> NDArray[np.uint8]:
    """Return the 8-bit grey of every level, all steps composed: ``table[image.levels]`` is the picture.

    `voi` replaces what the header asks for; `flip` exchanges bright and dark once more, for the reader's own
    invert key.
    """
    bright = (voi or image.voi).apply(image.units)
    if image.invert != flip:
        bright = 1 - bright
    return np.rint(bright * 255).astype(np.uint8)


def render(image: Displayed, voi: Voi | None = None, *, flip: bool = False) -> NDArray[np.uint8]:
    """Return the picture [H, W] in 8 bits; padding is black."""
    picture = display_table(image, voi, flip=flip)[image.levels]
    if image.padding_mask is not None:
        picture[image.padding_mask] = 0
    return picture


def stored(source: Path | Dataset) -> Stored:
    """Decode an image for the model: after the modality LUT, bone bright, no window.

    A rescale is linear, so its output is given on the scale of the stored values, in their own bits; a
    Modality LUT Sequence gives its own values. Polarity is that of the displayed image, so a falling VOI LUT,
    a negative slope and MONOCHROME1 each turn it once.

    Raises
    ------
    ImagingError
        As for :func:`displayed`.
    """
    ds = read_dataset(source) if isinstance(source, Path) else source
    image = displayed(ds)
    table, bits = stored_table(ds, image)
    return Stored(table[image.levels], bits, image.padding_mask)


def stored_table(ds: Dataset, image: Displayed) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], int]:
    """Return what the model is given for each level of a displayed image, and how many bits deep that is."""
    if ds.get("ModalityLUTSequence"):
        table = np.rint(image.units).astype(np.int64)
        bits = max(int(table.max()).bit_length(), 8)
    else:
        table, bits = np.arange(len(image.units), dtype=np.int64), int(ds.BitsStored)
    if _falls(image, table):
        table = (1 << bits) - 1 - table
    return (table.astype(np.uint8) if bits <= 8 else table.astype(np.uint16)), bits


def _level_range(ds: Dataset, raw: NDArray[Any]) -> tuple[int, int]:
    count = 1 << int(ds.BitsStored)
    lowest = -(count // 2) if ds.get("PixelRepresentation") == 1 else 0
    if int(raw.min()) < lowest or int(raw.max()) >= lowest + count:
        raise ImagingError(
            f"The pixel data holds values outside its {ds.BitsStored} bits ({raw.min()} to {raw.max()}).",
            what_to_do="Have the sender mend the image header.",
        )
    return lowest, count


def _is_inverted(ds: Dataset) -> bool:
    shape = ds.get("PresentationLUTShape")
    if shape in ("IDENTITY", "INVERSE"):
        return bool(shape == "INVERSE")
    return bool(ds.PhotometricInterpretation == "MONOCHROME1")


def _falls(image: Displayed, table: NDArray[np.int64]) -> bool:
    """Whether larger values of `table` are shown darker, over the levels that the image uses."""
    used = _used_levels(image.levels, image.padding_mask)[[0, -1]]
    units = image.units[used]
    # A window always rises; only a table can fall.
    shown = image.voi.apply(units) if isinstance(image.voi, VoiLut) else units
    rise = float(shown[1] - shown[0]) * float(table[used[1]] - table[used[0]])
    return image.invert if rise >= 0 else not image.invert


def _padding_mask(ds: Dataset, raw: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Mark pixels within Pixel Padding Value .. Range Limit, in stored values (PS3.3 C.7.5.1.1.2)."""
    value = number(ds, "PixelPaddingValue")
    if value is None:
        return None
    limit = number(ds, "PixelPaddingRangeLimit")
    ends = sorted(_as_stored(ds, int(end)) for end in (value, value if limit is None else limit))
    mask: NDArray[np.bool_] = (raw >= ends[0]) & (raw <= ends[1])
    return mask if mask.any() else None


def _as_stored(ds: Dataset, value: int) -> int:
    # A sender may have written the value with the other VR; its bits are what counts.
    if ds.get("PixelRepresentation") == 1:
        return value - 65536 if value > 32767 else value
    return value % 65536


def _used_levels(levels: NDArray[np.uint16], padding_mask: NDArray[np.bool_] | None) -> NDArray[np.intp]:
    counts = np.bincount((levels if padding_mask is None else levels[~padding_mask]).ravel())
    used: NDArray[np.intp] = np.flatnonzero(counts)
    return used if len(used) else np.array([0])


def _used_units(
    levels: NDArray[np.uint16], units: NDArray[np.float32], padding_mask: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    return units[_used_levels(levels, padding_mask)]


def _aspect(ds: Dataset, spacing: Spacing | None) -> float:
    """Return a pixel's height over its width: by its spacing, else by Pixel Aspect Ratio (0028,0034)."""
    ratio = numbers(ds, "PixelAspectRatio") if spacing is None else spacing.as_pair
    if len(ratio) != 2 or min(ratio) <= 0:
        return 1.0
    aspect = ratio[0] / ratio[1]
    # No detector has such pixels: a mistake of the header, which would fill the memory with repeated rows.
    return aspect if 1 / _MOST_ASPECT <= aspect <= _MOST_ASPECT else 1.0
