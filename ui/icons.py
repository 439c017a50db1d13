"""Small icons drawn by the program itself: one shape for each state, so that none is told by colour alone.

Shapes differ in outline, not only in hue; the word always stands beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

_SIDE = 16
_INK = 1.6


def _line(painter: QPainter, *points: tuple[float, float]) -> None:
    painter.drawPolyline(QPolygonF([QPointF(*point) for point in points]))


def _ring(painter: QPainter) -> None:
    painter.drawEllipse(QRectF(2, 2, 12, 12))


def _arrow_in(painter: QPainter) -> None:
    _line(painter, (8, 2), (8, 10))
    _line(painter, (4.5, 7), (8, 10.5), (11.5, 7))
    _line(painter, (3, 14), (13, 14))


def _clock(painter: QPainter) -> None:
    _ring(painter)
    _line(painter, (8, 4.5), (8, 8), (10.8, 9.5))


def _dots(painter: QPainter) -> None:
    painter.setBrush(painter.pen().color())
    for x in (3.0, 8.0, 13.0):
        painter.drawEllipse(QPointF(x, 8), 1.2, 1.2)


def _page(painter: QPainter) -> None:
    painter.drawRect(QRectF(3.2, 1.8, 9.6, 12.4))
    for y in (5.2, 8.0, 10.8):
        painter.drawLine(QLineF(5.6, y, 10.4, y))


def _pen(painter: QPainter) -> None:
    _line(painter, (2.5, 13.5), (3.6, 9.8), (10.8, 2.6), (13.4, 5.2), (6.2, 12.4), (2.5, 13.5))


def _sand_glass(painter: QPainter) -> None:
    _line(painter, (3.5, 2.2), (12.5, 2.2), (3.5, 13.8), (12.5, 13.8), (3.5, 2.2))


def _tick(painter: QPainter) -> None:
    _line(painter, (2.8, 8.6), (6.4, 12.2), (13.2, 4.4))


def _two_ticks(painter: QPainter) -> None:
    _line(painter, (1.2, 8.6), (4.4, 12), (10.2, 4.6))
    _line(painter, (7.6, 11.2), (8.6, 12), (14.8, 4.6))


def _barred(painter: QPainter) -> None:
    _ring(painter)
    painter.drawLine(QLineF(3.9, 12.1, 12.1, 3.9))


def _triangle(painter: QPainter) -> None:
    painter.drawPolygon(QPolygonF([QPointF(8, 1.8), QPointF(14.6, 13.8), QPointF(1.4, 13.8)]))
    painter.drawLine(QLineF(8, 6, 8, 9.6))
    painter.drawPoint(QPointF(8, 11.8))


def _cross(painter: QPainter) -> None:
    painter.drawRect(QRectF(2.2, 2.2, 11.6, 11.6))
    painter.drawLine(QLineF(5.4, 5.4, 10.6, 10.6))
    painter.drawLine(QLineF(10.6, 5.4, 5.4, 10.6))


def _arrow_back(painter: QPainter) -> None:
    _line(painter, (6.2, 3), (2.4, 6.8), (6.2, 10.6))
    _line(painter, (2.4, 6.8), (10, 6.8), (13, 9.8), (13, 13))


def _plus(painter: QPainter) -> None:
    painter.drawPolygon(QPolygonF([QPointF(8, 1.4), QPointF(14.6, 8), QPointF(8, 14.6), QPointF(1.4, 8)]))
    painter.drawLine(QLineF(8, 5.2, 8, 10.8))
    painter.drawLine(QLineF(5.2, 8, 10.8, 8))


def _lock(painter: QPainter) -> None:
    painter.drawRect(QRectF(3.2, 7.2, 9.6, 6.8))
    painter.drawArc(QRectF(5, 2, 6, 10), 0, 180 * 16)


def _dot(painter: QPainter) -> None:
    painter.setBrush(painter.pen().color())
    painter.drawEllipse(QRectF(4, 4, 8, 8))


def _up_twice(painter: QPainter) -> None:
    _line(painter, (3.2, 8.2), (8, 3.4), (12.8, 8.2))
    _line(painter, (3.2, 13), (8, 8.2), (12.8, 13))


def _up(painter: QPainter) -> None:
    _line(painter, (3.2, 10.6), (8, 5.8), (12.8, 10.6))


def _level(painter: QPainter) -> None:
    _line(painter, (3.4, 8), (12.6, 8))


def _down(painter: QPainter) -> None:
    _line(painter, (3.2, 5.8), (8, 10.6), (12.8, 5.8))


def _lines(painter: QPainter) -> None:
    for y in (4.0, 8.0, 12.0):
        painter.drawLine(QLineF(2.5, y, 13.5, y))


_SHAPES: dict[str, Callable[[QPainter], None]] = {
    "receiving": _arrow_in,
    "waiting": _clock,
    "working": _dots,
    "draft": _page,
    "review": _pen,
    "pending": _sand_glass,
    "signed": _tick,
    "confirmed": _two_ticks,
    "excluded": _barred,
    "failed": _triangle,
    "refused": _cross,
    "retracted": _arrow_back,
    "addendum": _plus,
    "lock": _lock,
    "urgent": _up_twice,
    "raised": _up,
    "normal": _level,
    "low": _down,
    "menu": _lines,
    "alive": _dot,
    "silent": _barred,
}


@cache
def pixmap(shape: str, colour: str, ratio: float = 1.0, side: int = _SIDE) -> QPixmap:
    """Return the shape in one colour, `side` logical pixels wide, for a screen's device pixel ratio."""
    made = QPixmap(round(side * ratio), round(side * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(side / _SIDE, side / _SIDE)
    pen = QPen(QColor(colour), _INK)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    _SHAPES[shape](painter)
    painter.end()
    return made


def icon(shape: str, colour: str) -> QIcon:
    """Return the shape as an icon for buttons."""
    made = QIcon()
    for ratio in (1.0, 2.0):
        made.addPixmap(pixmap(shape, colour, ratio))
    return made


def shapes() -> tuple[str, ...]:
    """Return the names of all shapes."""
    return tuple(_SHAPES)
