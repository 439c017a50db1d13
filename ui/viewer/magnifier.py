"""A glass over the film: the part under the pointer, larger, in the same grey levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from ui.viewer.film import Film
from ui.viewer.geometry import Placement, Point
from ui.viewer.look import Grey
from ui.viewer.sampling import look_up, sample

SIDE = 260
_TIMES = 2.5


@dataclass(frozen=True, eq=False)
class Glass:
    """What is under the glass: grey levels [side, side] in device pixels."""

    greys: Grey


def glass_at(film: Film, placement: Placement, table: Grey, at: Point, side: int) -> Glass:
    """Return `side` x `side` device pixels around the screen point `at`, two and a half times as large."""
    enlarged = placement.zoomed(_TIMES, at)
    shifted = enlarged.moved(side / 2 - at[0], side / 2 - at[1])
    part = sample(film, shifted, side, side, smooth=True)
    greys = np.zeros((side, side), dtype=np.uint8)
    rows, columns = part.values.shape
    if rows and columns:
        shown = greys[part.top : part.top + rows, part.left : part.left + columns]
        shown[...] = look_up(table, part.values)
        if part.padding is not None:
            shown[part.padding] = 0
    return Glass(greys)


def paint_glass(painter: QPainter, glass: Glass, at: QPointF, ratio: float) -> None:
    """Draw the glass as a disc around `at`."""
    side = glass.greys.shape[0] / ratio
    box = QRectF(at.x() - side / 2, at.y() - side / 2, side, side)
    greys = np.ascontiguousarray(glass.greys)
    image = QImage(
        greys.data, greys.shape[1], greys.shape[0], greys.strides[0], QImage.Format.Format_Grayscale8
    )
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    disc = QPainterPath()
    disc.addEllipse(box)
    painter.setClipPath(disc)
    painter.drawImage(box, image)
    painter.setClipping(False)
    for colour, width in ((QColor(0, 0, 0, 200), 4.0), (QColor("#e8e6df"), 1.6)):
        painter.setPen(QPen(colour, width))
        painter.drawEllipse(box)
    painter.restore()
