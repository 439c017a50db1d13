"""Lengths on the film: a line between two points, and how long it is in words.

A length in millimetres always says what it refers to (PS3.3 10.7.1.1): at the detector everything is larger
than in the body.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from llmcxr_ws.spacing import Spacing
from ui.language import tr
from ui.text import decimal
from ui.viewer.film import Film
from ui.viewer.geometry import Placement, Point
from ui.viewer.overlay import broken, outlined

_LINE = QColor("#7fd4ff")
_RIM = QColor(0, 0, 0, 190)
_TICK = 6.0
_SHORTEST = 3.0


@dataclass(frozen=True)
class Line:
    """A measured line between two points of the film (x = column, y = row as drawn, edges at 0)."""

    start: Point
    end: Point

    def to(self, end: Point) -> Line:
        """Return the line with another end."""
        return replace(self, end=end)


class Measuring:
    """The lengths on a film, and the one that is being drawn: by the pointer, or by a cross that keys move."""

    def __init__(self) -> None:
        self.is_on = False
        self.lines: tuple[Line, ...] = ()
        self.cursor: Point | None = None
        self._is_open = False

    def switch(self, is_on: bool, middle: Point) -> None:
        """Begin or end measuring; the cross starts in the middle of the view, a film point.

        A length that has no end yet is none.
        """
        if self._is_open:
            self.remove_last()
        self.is_on = is_on
        self.cursor = middle if is_on else None

    def clear(self) -> None:
        """Forget all lengths: another film came."""
        self.lines, self.cursor, self._is_open = (), None, False

    def remove_last(self) -> None:
        """Take the last length off the film."""
        self.lines, self._is_open = self.lines[:-1], False

    def begin(self, at: Point) -> None:
        """Begin a length at a film point, with the pointer."""
        self.cursor, self._is_open = None, True
        self.lines = (*self.lines, Line(at, at))

    def stretch(self, to: Point) -> None:
        """Draw the length that was begun to a film point."""
        if self._is_open:
            self.lines = (*self.lines[:-1], self.lines[-1].to(to))

    def end(self, placement: Placement) -> None:
        """End the length that was begun; one too short to be meant is dropped."""
        if not self._is_open:
            return
        self._is_open = False
        (x, y), (u, v) = (placement.to_screen(point) for point in (self.lines[-1].start, self.lines[-1].end))
        if abs(x - u) + abs(y - v) < _SHORTEST:
            self.lines = self.lines[:-1]

    def set_point(self, placement: Placement) -> None:
        """Begin or end a length at the cross."""
        if self.cursor is None:
            return
        if self._is_open:
            self.end(placement)
        else:
            self._is_open = True
            self.lines = (*self.lines, Line(self.cursor, self.cursor))

    def move(self, placement: Placement, by: Point, room: Point) -> Point:
        """Move the cross by device pixels, within the view; return where on the screen it is then."""
        if self.cursor is None:
            self.cursor = placement.to_film((room[0] / 2, room[1] / 2))
        x, y = placement.to_screen(self.cursor)
        at = min(max(x + by[0], 0.0), room[0]), min(max(y + by[1], 0.0), room[1])
        self.cursor = placement.to_film(at)
        self.stretch(self.cursor)
        return at


def length_text(line: Line, film: Film) -> str:
    """Return how long a line is and what that refers to."""
    columns = line.end[0] - line.start[0]
    rows = (line.end[1] - line.start[1]) / film.stretch
    if film.spacing is None:
        pixels = (columns**2 + rows**2) ** 0.5
        return tr("{pixels} pixels (the header gives no spacing)", pixels=f"{pixels:.0f}")
    return spacing_text(film.spacing, film.spacing.length_mm(rows, columns))


def spacing_text(spacing: Spacing, length_mm: float) -> str:
    """Return a length in millimetres and what the film's spacing refers to."""
    length = decimal(length_mm, 1)
    match spacing.basis:
        case "calibrated" if spacing.calibration == "GEOMETRY":
            return tr("{length} mm, calibrated by geometry", length=length)
        case "calibrated" if spacing.calibration == "FIDUCIAL":
            return tr("{length} mm, calibrated by a fiducial", length=length)
        case "calibrated":
            return tr("{length} mm, calibrated (how isn't said)", length=length)
        case "scanned":
            return tr("{length} mm on the scanned film, not calibrated", length=length)
        case "detector" if spacing.magnification is not None:
            return tr(
                "{length} mm at detector plane, not calibrated (magnification about {factor} by the header)",
                length=length,
                factor=decimal(spacing.magnification, 2),
            )
        case "detector":
            return tr("{length} mm at detector plane, not calibrated", length=length)
        case _:
            return tr("{length} mm (the header doesn't say at which plane)", length=length)


def paint_lines(
    painter: QPainter,
    area: QRectF,
    lines: tuple[Line, ...],
    film: Film,
    placement: Placement,
    ratio: float,
) -> None:
    """Draw lines with their lengths; `ratio` is device pixels for each of the painter's."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for line in lines:
        start, end = (_on_screen(point, placement, ratio) for point in (line.start, line.end))
        for colour, width in ((_RIM, 4.0), (_LINE, 1.6)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(start, end)
            for tick in _ticks(start, end):
                painter.drawLine(*tick)
        _label(painter, area, end, length_text(line, film))


def paint_cursor(painter: QPainter, at: QPointF) -> None:
    """Draw the cross that the arrow keys move."""
    for colour, width in ((_RIM, 4.0), (_LINE, 1.6)):
        painter.setPen(QPen(colour, width))
        painter.drawLine(at - QPointF(12, 0), at + QPointF(12, 0))
        painter.drawLine(at - QPointF(0, 12), at + QPointF(0, 12))


def _on_screen(point: Point, placement: Placement, ratio: float) -> QPointF:
    x, y = placement.to_screen(point)
    return QPointF(x / ratio, y / ratio)


def _ticks(start: QPointF, end: QPointF) -> tuple[tuple[QPointF, QPointF], ...]:
    across = end - start
    length = (across.x() ** 2 + across.y() ** 2) ** 0.5
    if length == 0:
        return ()
    normal = QPointF(-across.y(), across.x()) * (_TICK / length)
    return tuple((point - normal, point + normal) for point in (start, end))


def _label(painter: QPainter, area: QRectF, at: QPointF, text: str) -> None:
    """Write a text beside a point, within the area, in as many lines as half its width asks for."""
    metrics = QFontMetricsF(painter.font())
    lines = broken(text, metrics, max(area.width() / 2, 80.0))
    width = max(metrics.horizontalAdvance(line) for line in lines)
    height, below = metrics.height(), (len(lines) - 1) * metrics.lineSpacing()
    x = min(max(at.x() + 10, area.left() + 6), max(area.right() - width - 6, area.left() + 6))
    y = min(max(at.y() - 8 - below, area.top() + height), area.bottom() - 6 - below)
    box = QRectF(x - 4, y - metrics.ascent() - 2, width + 8, height + below + 4)
    painter.fillRect(box, QColor(0, 0, 0, 150))
    for number, line in enumerate(lines):
        outlined(painter, QPointF(x, y + number * metrics.lineSpacing()), painter.font(), line)
