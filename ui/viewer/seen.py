"""What the model saw, drawn over the film: its own picture inside the cut, the rest of the film dimmed."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QTransform

from ui.language import tr
from ui.viewer.film import Film, Seen
from ui.viewer.geometry import Placement, transform_of
from ui.viewer.overlay import broken, outlined

_DIM = QColor(0, 0, 0, 170)
_EDGE = QColor("#c3b5f5")


def paint_seen(
    painter: QPainter,
    area: QRectF,
    film: Film,
    seen: Seen,
    placement: Placement,
    ratio: float,
    *,
    inverted: bool,
) -> None:
    """Draw the model's picture where it lies on the film, its edge, and shade on what it didn't see.

    Parameters
    ----------
    ratio : float
        Device pixels for each of the painter's.
    """
    left, top, right, bottom = seen.region
    box = QRectF(left, top * film.stretch, right - left, (bottom - top) * film.stretch)
    to_screen = QTransform(*transform_of(placement)) * QTransform.fromScale(1 / ratio, 1 / ratio)
    on_screen = to_screen.mapRect(box)
    greys = np.ascontiguousarray(255 - seen.picture if inverted else seen.picture)
    image = QImage(
        greys.data, greys.shape[1], greys.shape[0], greys.strides[0], QImage.Format.Format_Grayscale8
    )
    painter.save()
    painter.setTransform(to_screen, True)
    painter.drawImage(box, image)
    painter.restore()
    outside = QPainterPath()
    outside.addRect(area)
    outside.addRect(on_screen)
    painter.fillPath(outside, _DIM)
    painter.setPen(QPen(_EDGE, 1.6, Qt.PenStyle.DashLine))
    painter.drawRect(on_screen)
    _caption(painter, area, on_screen, seen)


def seen_text(seen: Seen) -> str:
    """Return in words what is drawn."""
    rows, columns = seen.picture.shape
    return tr(
        "What the model saw: {columns} × {rows} pixels; nothing outside the dashed square",
        columns=columns,
        rows=rows,
    )


def _caption(painter: QPainter, area: QRectF, box: QRectF, seen: Seen) -> None:
    metrics = QFontMetricsF(painter.font())
    lines = broken(seen_text(seen), metrics, area.width() - 12)
    height = metrics.lineSpacing()
    lowest = min(box.bottom(), area.bottom()) - 4.5 * height
    for number, line in enumerate(lines):
        x = area.center().x() - metrics.horizontalAdvance(line) / 2
        y = lowest - (len(lines) - 1 - number) * height
        outlined(painter, QPointF(x, y), painter.font(), line)
