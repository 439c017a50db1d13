"""Small plots drawn by the program itself: bars and lines over time, each with a table that says the same.

Series differ in hatching or in the shape of their points, not only in colour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from ui.language import tr
from ui.tables import Column, RowTable
from ui.text import decimal
from ui.theme import current, follow, px
from ui.widgets import label

_HATCHES = (
    Qt.BrushStyle.SolidPattern,
    Qt.BrushStyle.BDiagPattern,
    Qt.BrushStyle.Dense5Pattern,
    Qt.BrushStyle.HorPattern,
)
_TICKS = 4
_STEPS = (1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0)


@dataclass(frozen=True)
class Series:
    """Values at each place of a chart; None where there is none.

    `spans` are their intervals, low and high, drawn as whiskers behind the points of lines; empty for none at all.
    """

    name: str
    values: tuple[float | None, ...]
    tone: str = "focus"
    spans: tuple[tuple[float, float] | None, ...] = ()

    def span(self, place: int) -> tuple[float, float] | None:
        """The interval at a place."""
        return self.spans[place] if self.spans else None


@dataclass(frozen=True)
class Chart:
    """What a plot shows.

    Attributes
    ----------
    places : a short word for each place on the horizontal axis
    stacked : bars stand on each other; only without `lines`
    lines : lines with points instead of bars
    highest : the top of the axis at least; 0 leaves it to the values
    decimals : digits behind the point of a value
    counted, counts : what the values at each place rest on, and how many of them
    """

    title: str
    places: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""
    lines: bool = False
    stacked: bool = True
    highest: float = 0.0
    decimals: int = 0
    counted: str = ""
    counts: tuple[int, ...] = ()

    def said(self, value: float | None) -> str:
        """Return a value in words."""
        return "–" if value is None else decimal(value, self.decimals)

    def told(self, one: Series, place: int) -> str:
        """Return a value with its interval in words."""
        value, span = one.values[place], one.span(place)
        if value is None or span is None:
            return self.said(value)
        return tr(
            "{value} ({low}–{high})",
            value=self.said(value),
            low=self.said(span[0]),
            high=self.said(span[1]),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known; no bar is drawn for nothing counted, a line's zero is a value."""
        values = [value for one in self.series for value in one.values if value is not None]
        return not values if self.lines else not any(values)

    @property
    def top(self) -> float:
        """The top of the axis: a round number that no value passes."""
        columns = zip(*(one.values for one in self.series), strict=True) if self.series else ()
        known = [[value for value in column if value is not None] for column in columns]
        heights = [
            sum(column) if self.stacked and not self.lines else max(column) for column in known if column
        ]
        heights += [span[1] for one in self.series for span in one.spans if span is not None]
        return _round_up(max([*heights, self.highest, 10.0**-self.decimals * _TICKS]), self.decimals)


def _round_up(value: float, decimals: int) -> float:
    """The next number whose quarters are written in full with so many digits behind the point."""
    size = 10.0 ** math.floor(math.log10(value))
    found = (scale * step for scale in (size, size * 10) for step in _STEPS)
    return next(
        top
        for top in found
        if top >= value * 0.9999 and math.isclose(round(top / _TICKS, decimals), top / _TICKS)
    )


class Plot(QWidget):
    """Draws a chart."""

    def __init__(self) -> None:
        super().__init__()
        self._chart = Chart("", (), ())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        follow(self.update)

    def show_chart(self, chart: Chart) -> None:
        """Show another chart."""
        self._chart = chart
        self.setAccessibleName(chart.title)
        self.setAccessibleDescription(_in_words(chart))
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for room."""
        return QSize(px(420), px(190))

    def minimumSizeHint(self) -> QSize:
        """Ask for the least that can be read."""
        return QSize(px(240), px(130))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the axes, then the values."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, chart = current(), self._chart
        painter.fillRect(self.rect(), QColor(theme.field))
        if chart.is_empty:
            painter.setPen(QColor(theme.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, tr("Nothing to show for this time"))
            return
        area = self._area(painter)
        self._draw_axes(painter, area)
        if chart.lines:
            self._draw_lines(painter, area)
        else:
            self._draw_bars(painter, area)
        self._draw_legend(painter)

    def event(self, event: QEvent) -> bool:
        """Say the values of a place under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._chart.places:
            QToolTip.showText(event.globalPos(), self._told_at(event.pos()), self)
            return True
        return super().event(event)

    def _told_at(self, at: QPoint) -> str:
        chart = self._chart
        left, right = px(52), self.width() - px(12)
        number = int((at.x() - left) / max(right - left, 1) * len(chart.places))
        number = min(max(number, 0), len(chart.places) - 1)
        said = [f"{one.name}: {chart.told(one, number)} {chart.unit}".strip() for one in chart.series]
        said += [f"{chart.counted}: {chart.counts[number]}"] if chart.counts else []
        return "\n".join([chart.places[number], *said])

    def _area(self, painter: QPainter) -> QRectF:
        height = painter.fontMetrics().height()
        return QRectF(px(52), height + px(14), self.width() - px(64), self.height() - 2 * height - px(30))

    def _draw_axes(self, painter: QPainter, area: QRectF) -> None:
        theme, chart = current(), self._chart
        metrics, top = painter.fontMetrics(), chart.top
        for tick in range(_TICKS + 1):
            y = area.bottom() - area.height() * tick / _TICKS
            painter.setPen(QPen(QColor(theme.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(theme.muted))
            value = top * tick / _TICKS
            painter.drawText(
                QRectF(0, y - metrics.height() / 2, area.left() - px(6), metrics.height()),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                chart.said(value),
            )
        step = area.width() / len(chart.places)
        widest = max(metrics.horizontalAdvance(place) for place in chart.places) + px(10)
        every = max(math.ceil(widest / step), 1)
        for number in range(0, len(chart.places), every):
            middle = area.left() + (number + 0.5) * step
            x = min(max(middle - widest / 2, 0.0), self.width() - widest)
            painter.drawText(
                QRectF(x, area.bottom() + px(4), widest, metrics.height()),
                Qt.AlignmentFlag.AlignCenter,
                chart.places[number],
            )

    def _draw_bars(self, painter: QPainter, area: QRectF) -> None:
        chart, top = self._chart, self._chart.top
        step = area.width() / len(chart.places)
        room = min(step * 0.72, px(120))
        count = 1 if chart.stacked else max(len(chart.series), 1)
        for place in range(len(chart.places)):
            foot = 0.0
            for number, one in enumerate(chart.series):
                value = one.values[place] or 0.0
                if not chart.stacked:
                    foot = 0.0
                left = area.left() + place * step + (step - room) / 2
                left += 0.0 if chart.stacked else number * room / count
                height = area.height() * value / top
                bar = QRectF(left, area.bottom() - foot - height, room / count, height)
                _fill(painter, bar, one, number)
                foot += height

    def _draw_lines(self, painter: QPainter, area: QRectF) -> None:
        chart, top = self._chart, self._chart.top
        step = area.width() / len(chart.places)
        for number, one in enumerate(chart.series):
            colour = QColor(getattr(current(), one.tone))
            style = Qt.PenStyle.SolidLine if number == 0 else Qt.PenStyle.DashLine
            last: QPointF | None = None
            for place, value in enumerate(one.values):
                if value is None:
                    last = None
                    continue
                at = QPointF(area.left() + (place + 0.5) * step, area.bottom() - area.height() * value / top)
                self._draw_span(painter, area, one.span(place), at.x())
                painter.setPen(QPen(colour, px(2), style))
                if last is not None:
                    painter.drawLine(last, at)
                _point(painter, at, colour, number)
                last = at

    def _draw_span(self, painter: QPainter, area: QRectF, span: tuple[float, float] | None, x: float) -> None:
        if span is None:
            return
        painter.setPen(QPen(QColor(current().muted), px(1)))
        low, high = (area.bottom() - area.height() * value / self._chart.top for value in span)
        painter.drawLine(QPointF(x, low), QPointF(x, high))
        for y in (low, high):
            painter.drawLine(QPointF(x - px(3), y), QPointF(x + px(3), y))

    def _draw_legend(self, painter: QPainter) -> None:
        chart, metrics = self._chart, painter.fontMetrics()
        x, y, side = float(px(52)), px(6), px(10)
        for number, one in enumerate(chart.series):
            box = QRectF(x, y + (metrics.height() - side) / 2, side, side)
            if chart.lines:
                _point(painter, box.center(), QColor(getattr(current(), one.tone)), number)
            else:
                _fill(painter, box, one, number)
            painter.setPen(QColor(current().text))
            width = metrics.horizontalAdvance(one.name)
            painter.drawText(QPointF(x + side + px(6), y + metrics.ascent()), one.name)
            x += side + px(6) + width + px(18)
        if chart.unit:
            painter.setPen(QColor(current().muted))
            width = metrics.horizontalAdvance(chart.unit)
            if x + width < self.width() - px(12):
                painter.drawText(QPointF(self.width() - px(12) - width, y + metrics.ascent()), chart.unit)


def _fill(painter: QPainter, box: QRectF, one: Series, number: int) -> None:
    if box.height() <= 0:
        return
    colour = QColor(getattr(current(), one.tone))
    painter.fillRect(box, QBrush(colour, _HATCHES[number % len(_HATCHES)]))
    painter.setPen(QPen(colour, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)


def _point(painter: QPainter, at: QPointF, colour: QColor, number: int) -> None:
    """A filled disc, an empty square or a triangle, by the series' number."""
    size = px(4)
    painter.setPen(QPen(colour, px(1.5)))
    painter.setBrush(QBrush(colour if number % 3 == 0 else QColor(current().field)))
    if number % 3 == 0:
        painter.drawEllipse(at, size, size)
    elif number % 3 == 1:
        painter.drawRect(QRectF(at.x() - size, at.y() - size, 2 * size, 2 * size))
    else:
        corners = ((0, -size), (size, size), (-size, size))
        painter.drawPolygon(QPolygonF([at + QPointF(*corner) for corner in corners]))


def _in_words(chart: Chart) -> str:
    """The range of each series, for who can't see it; the table beside it has every value."""
    told = []
    for one in chart.series:
        known = [value for value in one.values if value is not None]
        if known:
            told.append(
                tr(
                    "{name}: from {low} to {high}, last {last}",
                    name=one.name,
                    low=chart.said(min(known)),
                    high=chart.said(max(known)),
                    last=chart.said(known[-1]),
                )
            )
    return "; ".join(told)


class PlotPanel(QWidget):
    """A plot under its title, and the same as a table at the press of a button."""

    def __init__(self) -> None:
        super().__init__()
        self._title = label("", "heading")
        self.plot = Plot()
        self._heads: tuple[str, ...] = ()
        self.table = _table("", ())
        self.as_table = QToolButton()
        self.as_table.setText(tr("As a table"))
        self.as_table.setCheckable(True)
        self.as_table.toggled.connect(self._on_toggled)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.plot)
        self._stack.addWidget(self.table)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.as_table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self._stack, 1)

    def show_chart(self, chart: Chart) -> None:
        """Show a chart, and fill its table."""
        self._title.setText(chart.title)
        self.as_table.setAccessibleName(tr("{title}, as a table", title=chart.title))
        self.plot.show_chart(chart)
        counted = (chart.counted,) if chart.counts else ()
        unit = f" ({chart.unit})" if chart.unit else ""
        self._show_table(chart.title, (tr("When"), *(f"{one.name}{unit}" for one in chart.series), *counted))
        told = [
            (
                place,
                *(chart.told(one, n) for one in chart.series),
                *(str(count) for count in chart.counts[n : n + 1]),
            )
            for n, place in enumerate(chart.places)
        ]
        self.table.show_rows(tuple(told))
        self._on_toggled(self.as_table.isChecked())

    def _show_table(self, title: str, heads: tuple[str, ...]) -> None:
        """Have a table with these headings; the one that somebody reads stays, sorted and scrolled as it is."""
        if heads == self._heads:
            return
        self._heads = heads
        self._stack.removeWidget(self.table)
        self.table.deleteLater()
        self.table = _table(title, heads)
        self._stack.addWidget(self.table)

    def _on_toggled(self, is_table: bool) -> None:
        self._stack.setCurrentWidget(self.table if is_table else self.plot)


def _table(title: str, heads: tuple[str, ...]) -> RowTable[tuple[str, ...]]:
    columns: list[Column[tuple[str, ...]]] = [
        Column(head, lambda row, n=n: row[n], 0 if n else 130, is_number=n > 0)  # type: ignore[misc]
        for n, head in enumerate(heads)
    ]
    return RowTable(title, columns, key=lambda row: row[0])
