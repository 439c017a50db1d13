"""A map of heat over the film: where a sentence, or an answer, rests on it. Translucent, with a rim.

The rim at half of the heat says where the region ends without any colour. Pure arithmetic but for the one
painter call; who computed the heat, and what it means, isn't known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

from ui.viewer.geometry import Placement, transform_of

Region = tuple[float, float, float, float]
Rgba = npt.NDArray[np.uint8]

_SIDE = 384
_STRONGEST = 0.5
_RIM_AT = 0.5
_RIM_ALPHA = 0.95
_COLOUR = (255, 176, 46)


@dataclass(frozen=True, eq=False)
class Heat:
    """Heat in [0, 1] over a region (left, top, right, bottom) of the film, in film pixels with edges at 0."""

    values: npt.NDArray[np.float32]
    region: Region
    raster: Rgba

    @classmethod
    def over(cls, values: npt.NDArray[np.float32], region: Region) -> Heat:
        """Check heat and region, and draw the heat once at a fixed size.

        Raises
        ------
        ValueError
            If `values` isn't two-dimensional, finite and within 0 to 1, or the region is empty.
        """
        if values.ndim != 2 or values.size == 0:
            raise ValueError(f"heat has rows and columns, not the shape {values.shape}")
        if not np.isfinite(values).all() or values.min() < 0.0 or values.max() > 1.0:
            raise ValueError("heat must be finite and lie between 0 and 1")
        left, top, right, bottom = region
        if not (left < right and top < bottom):
            raise ValueError(f"the region {region} of the heat is empty")
        known = np.asarray(values, dtype=np.float32)
        return cls(known, region, _drawn(known, (right - left) / (bottom - top)))


def paint_heat(
    heat: Heat, placement: Placement, width: int, height: int, *, stretch: float, smooth: bool
) -> QImage:
    """Return the heat as it lies over a view of `width` x `height` device pixels, clear elsewhere.

    Parameters
    ----------
    stretch : float
        Film rows shown for each row of the region's coordinates; 1 where pixels are square.
    """
    picture = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(0)
    rows, columns, _ = heat.raster.shape
    raster = QImage(heat.raster.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888_Premultiplied)
    left, top, right, bottom = heat.region
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.setTransform(QTransform(*transform_of(placement)))
    painter.setClipRect(QRectF(0, 0, placement.columns, placement.rows))
    painter.drawImage(QRectF(left, top * stretch, right - left, (bottom - top) * stretch), raster)
    painter.end()
    return picture


def _drawn(values: npt.NDArray[np.float32], aspect: float) -> Rgba:
    """Return the heat in premultiplied colours; `aspect` is the region's width over its height."""
    across = max(round(_SIDE * min(aspect, 1.0)), 16)
    down = max(round(_SIDE * min(1.0 / aspect, 1.0)), 16)
    fine = _stretched(_stretched(values, down).T, across).T
    inside = fine >= _RIM_AT * max(float(values.max()), 1e-6)
    alpha = np.where(inside & ~_shrunk(inside), _RIM_ALPHA, fine * _STRONGEST) if inside.any() else fine
    if not values.any():
        alpha = np.zeros_like(fine)
    colour = np.array([*_COLOUR, 255], dtype=np.float32)
    return np.ascontiguousarray(np.rint(alpha[:, :, None] * colour).astype(np.uint8))


def _stretched(values: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.float32]:
    """Return the rows interpolated to `size` rows; the middle of each given row keeps its value."""
    at = (np.arange(size) + 0.5) * values.shape[0] / size - 0.5
    at = np.clip(at, 0.0, values.shape[0] - 1.0)
    before = np.floor(at).astype(np.intp)
    after = np.minimum(before + 1, values.shape[0] - 1)
    weight = (at - before).astype(np.float32)[:, None]
    return np.asarray(values[before] * (1 - weight) + values[after] * weight, dtype=np.float32)


def _shrunk(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return what is left when two pixels are taken off the border of a region."""
    for _ in range(2):
        padded = np.pad(inside, 1, mode="edge")
        inside = inside & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inside
