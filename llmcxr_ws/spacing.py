"""How many millimetres a pixel of a film stands for, and how far that may be believed (PS3.3 10.7.1).

A projection film has two spacings: at the detector, and one that was corrected to the depth of the patient.
A length at the detector is larger than the length in the body by the film's magnification, so each reading of
a length has to say which of the two it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydicom.dataset import Dataset

from llmcxr_ws.elements import number, numbers

Basis = Literal["calibrated", "detector", "scanned", "unsaid"]


@dataclass(frozen=True)
class Spacing:
    """Millimetres between the middles of neighbouring pixels.

    ``row_mm`` is the distance between rows (downwards), ``column_mm`` between columns (sideways). ``basis`` says
    what they refer to: "calibrated" to the depth of the patient (``calibration`` then holds the type, GEOMETRY
    or FIDUCIAL, where the header names it), "detector" to the plane of the detector, "scanned" to a digitised
    film, "unsaid" where only Pixel Spacing is there and the header doesn't say what it means. ``magnification``
    is the header's own estimate (0018,1114), which is never applied.
    """

    row_mm: float
    column_mm: float
    basis: Basis
    calibration: str = ""
    description: str = ""
    magnification: float | None = None

    def length_mm(self, rows: float, columns: float) -> float:
        """Return the length of a line over so many rows and columns of the file."""
        return float(((rows * self.row_mm) ** 2 + (columns * self.column_mm) ** 2) ** 0.5)

    @property
    def as_pair(self) -> tuple[float, float]:
        """Row and column spacing in mm."""
        return self.row_mm, self.column_mm


def read_spacing(ds: Dataset) -> Spacing | None:
    """Return the spacing of a projection film, or None where the header gives none that can be used.

    Pixel Spacing comes first: where it differs from Imager Pixel Spacing, or a calibration type is named, it was
    corrected; where it equals it, it wasn't (PS3.3 10.7.1.1). Values that aren't two positive numbers count as
    absent.
    """
    pixel, imager = _pair(ds, "PixelSpacing"), _pair(ds, "ImagerPixelSpacing")
    scanned = _pair(ds, "NominalScannedPixelSpacing")
    magnification = _number(ds, "EstimatedRadiographicMagnificationFactor")
    kind = str(ds.get("PixelSpacingCalibrationType") or "").strip().upper()
    words = str(ds.get("PixelSpacingCalibrationDescription") or "").strip()
    if pixel is not None:
        basis: Basis = "unsaid"
        if kind or (imager is not None and not _same(pixel, imager)):
            basis = "calibrated"
        elif imager is not None:
            basis = "detector"
        elif scanned is not None:
            basis = "scanned"
        is_calibrated = basis == "calibrated"
        return Spacing(
            *pixel, basis, kind if is_calibrated else "", words if is_calibrated else "", magnification
        )
    if imager is not None:
        return Spacing(*imager, "detector", magnification=magnification)
    return Spacing(*scanned, "scanned", magnification=magnification) if scanned is not None else None


def _same(a: tuple[float, float], b: tuple[float, float]) -> bool:
    # DS values are rounded by their writers: a tenth of a percent is less than any correction.
    return all(abs(one - other) <= 1e-3 * other for one, other in zip(a, b, strict=True))


def _pair(ds: Dataset, keyword: str) -> tuple[float, float] | None:
    values = numbers(ds, keyword)
    return (values[0], values[1]) if len(values) == 2 and min(values) > 0 else None


def _number(ds: Dataset, keyword: str) -> float | None:
    value = number(ds, keyword)
    return value if value is not None and value > 0 else None
