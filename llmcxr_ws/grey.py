"""Grey-scale steps as tables: modality LUT, window, VOI LUT (PS3.3 C.11.1, C.11.2).

Every step is a function of the value alone, so each is made once per possible value, not once per pixel.
Deliberately holds no image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from llmcxr_ws.elements import has_value, number, numbers, value_of
from llmcxr_ws.errors import ImagingError

_MEND = "Have the sender mend the image header."
Function = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]


@dataclass(frozen=True)
class Window:
    """A window in the units of the modality LUT's output, with its VOI LUT function."""

    center: float
    width: float
    function: Function = "LINEAR"
    explanation: str = ""

    def apply(self, units: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return the brightness in 0..1 of each value (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
        values = np.asarray(units, dtype=np.float64)
        if self.function == "SIGMOID":
            # Far outside the window exp overflows to infinity, which is the right limit.
            with np.errstate(over="ignore"):
                bright: NDArray[np.float64] = 1 / (1 + np.exp(-4 * (values - self.center) / self.width))
            return bright
        center, width = self.center, self.width
        if self.function == "LINEAR":
            center, width = center - 0.5, width - 1
        if width == 0:
            return (values > center).astype(np.float64)
        return np.clip((values - center) / width + 0.5, 0, 1)


@dataclass(frozen=True)
class VoiLut:
    """One item of the VOI LUT Sequence: `values[i]` of `bits` bits belongs to the unit value `first` + i."""

    first: int
    values: NDArray[np.uint16]
    bits: int
    explanation: str = ""

    def apply(self, units: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return the brightness in 0..1 of each value (PS3.3 C.11.2.1.1)."""
        return np.divide(look_up(self, units), float((1 << self.bits) - 1))


@dataclass(frozen=True, eq=False)
class Curve:
    """Brightness in 0..1 given at unit values `units`, ascending; straight between them, level beyond them."""

    units: NDArray[np.float64]
    bright: NDArray[np.float64]
    explanation: str = ""

    @classmethod
    def over(cls, units: NDArray[np.floating[Any]], bright: NDArray[np.float64], explanation: str) -> Curve:
        """Make a curve from the brightness of each unit value, in any order."""
        ascending, first = np.unique(np.asarray(units, dtype=np.float64), return_index=True)
        return cls(ascending, np.asarray(bright, dtype=np.float64)[first], explanation)

    def apply(self, units: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return the brightness in 0..1 of each value."""
        return np.asarray(np.interp(np.asarray(units, dtype=np.float64), self.units, self.bright))


def look_up(lut: VoiLut, units: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the table's own value for each unit value; those outside take the nearest entry."""
    index = np.clip(np.rint(units).astype(np.int64) - lut.first, 0, len(lut.values) - 1)
    found: NDArray[np.float64] = lut.values[index].astype(np.float64)
    return found


def modality_units(ds: Dataset, stored: NDArray[Any]) -> NDArray[np.float32]:
    """Return the modality LUT's output for each stored value (PS3.3 C.11.1)."""
    if ds.get("ModalityLUTSequence"):
        lut = _read_lut(ds.ModalityLUTSequence[0], ds, is_signed=ds.PixelRepresentation == 1)
        return look_up(lut, stored).astype(np.float32)
    slope, intercept = _rescale(ds, "RescaleSlope", 1.0), _rescale(ds, "RescaleIntercept", 0.0)
    if slope == 0:
        raise ImagingError("Rescale Slope is 0.", what_to_do=_MEND)
    with np.errstate(over="ignore", invalid="ignore"):
        units = (stored * slope + intercept).astype(np.float32)
    if not np.isfinite(units).all():
        raise ImagingError(
            f"Rescale Slope {slope:g} and Intercept {intercept:g} lead beyond any grey level.",
            what_to_do=_MEND,
        )
    return units


def _rescale(ds: Dataset, keyword: str, default: float) -> float:
    """Return a rescale's number; an empty one is as good as none, one that can't be read would be a guess."""
    found = number(ds, keyword)
    if found is None and has_value(ds, keyword):
        raise ImagingError(f"{keyword} in the image header isn't one number.", what_to_do=_MEND)
    return default if found is None else found


def read_windows(ds: Dataset) -> tuple[Window, ...]:
    """Return the header's usable windows in its order; a window without a legal width is passed over."""
    centers, widths = numbers(ds, "WindowCenter"), numbers(ds, "WindowWidth")
    explanations = _texts(ds.get("WindowCenterWidthExplanation"))
    function: Function = "LINEAR"
    named = str(ds.get("VOILUTFunction") or "LINEAR").strip().upper()
    if named in ("LINEAR_EXACT", "SIGMOID"):
        function = "LINEAR_EXACT" if named == "LINEAR_EXACT" else "SIGMOID"
    least = 1.0 if function == "LINEAR" else np.nextafter(0, 1)
    return tuple(
        Window(center, width, function, explanations[i] if i < len(explanations) else "")
        for i, (center, width) in enumerate(zip(centers, widths, strict=False))
        if width >= least
    )


def read_voi_luts(ds: Dataset, units: NDArray[np.float32]) -> tuple[VoiLut, ...]:
    """Return the items of the VOI LUT Sequence; `units` are the values that they will be applied to."""
    is_signed = bool(units.min() < 0)
    return tuple(_read_lut(item, ds, is_signed=is_signed) for item in ds.get("VOILUTSequence") or ())


def full_range_window(units: NDArray[np.float32]) -> Window:
    """Return the window from the smallest to the largest of `units`, marked as not from the header."""
    low, high = float(units.min()), float(units.max())
    return Window((low + high + 1) / 2, high - low + 1, "LINEAR", "MIN-MAX, no window in the header")


def _read_lut(item: Dataset, ds: Dataset, *, is_signed: bool) -> VoiLut:
    descriptor, data = numbers(item, "LUTDescriptor"), value_of(item, "LUTData")
    if len(descriptor) != 3 or data is None:
        raise ImagingError("A look-up table in the header lacks its descriptor or data.", what_to_do=_MEND)
    entries, first, bits = (int(part) for part in descriptor)
    entries = entries % 65536 or 65536  # PS3.3 C.11.1.1: 0 means 65,536
    if is_signed and first > 32767:
        first -= 65536
    elif not is_signed and first < 0:
        first += 65536
    values = _lut_values(data, entries, ds)
    # Some senders announce fewer bits than the entries use; more than 16 there are none (PS3.3 C.11.1.1).
    bits = min(max(bits, int(values.max()).bit_length(), 1), 16)
    explanation = str(item.get("LUTExplanation") or item.get("ModalityLUTType") or "")
    return VoiLut(first, values, bits, explanation)


def _lut_values(data: Any, entries: int, ds: Dataset) -> NDArray[np.uint16]:
    if isinstance(data, bytes):
        meta = getattr(ds, "file_meta", None)
        is_little = meta is None or meta.get("TransferSyntaxUID") != "1.2.840.10008.1.2.2"
        has_bytes = len(data) < 2 * entries
        kind = np.dtype(np.uint8 if has_bytes else "<u2" if is_little else ">u2")
        values = np.frombuffer(data[: entries * kind.itemsize], kind)
    else:
        values = np.atleast_1d(np.asarray(data, dtype=np.int64) % 65536)
    if len(values) < entries:
        raise ImagingError(
            f"A look-up table in the header holds {len(values)} of {entries} entries.",
            what_to_do=_MEND,
        )
    return values[:entries].astype(np.uint16)


def _texts(value: Any) -> list[str]:
    if value is None or isinstance(value, str):
        return [value] if value else []
    return [str(text) for text in value]
