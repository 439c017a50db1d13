"""Texts over the film: who and what in the corners, window and zoom, orientation letters at the edges.

Only paints what it is given; wording and masking are decided by whoever made the `Film`.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from llmcxr_ws.grey import Window
from ui.language import mark, tr
from ui.text import decimal
from ui.viewer.film import Film
from ui.viewer.geometry import Placement, edge_letters
from ui.viewer.look import Look

BETWEEN = " · "
# The names that this program gives to looks; a header's stay as they are.
_OURS = (
    mark("Full range"),
    mark("Lungs (darker parts)"),
    mark("Mediastinum (brighter parts)"),
    mark("Bone (brightest parts)"),
    mark("What the model saw"),
    mark("MIN-MAX, no window in the header"),
)
_MARGIN = 12
_FINE_BELOW = 20.0
_TEXT = QColor("#e8e6df")
_SHADOW = QColor(0, 0, 0)
_RIM = tuple(QPointF(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y)


def look_name(look: Look) -> str:
    """Return what a look is called: the header's own words, or ours in the reader's language; empty for none."""
    return tr(look.explanation) if look.explanation in _OURS else look.explanation


def look_text(look: Look) -> str:
    """Return the window values, or the name of a table, in one line."""
    return "  ".join(look_lines(look))


def look_lines(look: Look) -> tuple[str, ...]:
    """Return the name of a look and its window values, as far as it has them."""
    name = look_name(look)
    if not isinstance(look, Window):
        return (name or tr("VOI LUT"),)
    words = tr("W {width}  L {level}  sigmoid") if look.function == "SIGMOID" else tr("W {width}  L {level}")
    # In units that a rescale made small, whole numbers would say nothing.
    places = 0 if look.width >= _FINE_BELOW else 2
    numbers = words.format(width=decimal(look.width, places), level=decimal(look.center, places))
    return (name, numbers) if name else (numbers,)


def paint_message(painter: QPainter, area: QRect, message: str) -> None:
    """Write a sentence in the middle of an empty view."""
    painter.setPen(QColor("#b9b7b0"))
    box = area.adjusted(40, 40, -40, -40)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, message)


def paint_overlay(
    painter: QPainter, area: QRect, film: Film, look: Look, placement: Placement, inverted: bool
) -> None:
    """Write the corner texts and orientation letters over the film."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    texts = film.overlay
    state = [*look_lines(look), tr("Zoom {percent} %", percent=f"{placement.scale * 100:.0f}")]
    changes = [word for word, is_so in _changes(placement, inverted) if is_so]
    if changes:
        state.insert(0, ", ".join(changes))
    _corner(painter, area, texts.top_left, right=False, bottom=False)
    _corner(painter, area, texts.top_right, right=True, bottom=False)
    _corner(painter, area, texts.bottom_left, right=False, bottom=True)
    _corner(painter, area, tuple(state), right=True, bottom=True)
    _edges(painter, area, edge_letters(placement.orientation, texts.row_end, texts.column_end))


def _changes(placement: Placement, inverted: bool) -> tuple[tuple[str, bool], ...]:
    is_turned = placement.is_turned or placement.orientation in ((-1, 0, 0, -1),)
    return (
        (tr("inverted"), inverted),
        (tr("mirrored"), placement.is_mirrored),
        (tr("rotated"), is_turned),
    )


def _corner(painter: QPainter, area: QRect, lines: tuple[str, ...], *, right: bool, bottom: bool) -> None:
    plain, strong = QFont(painter.font()), QFont(painter.font())
    strong.setWeight(QFont.Weight.DemiBold)
    room = area.width() / 2 - 1.5 * _MARGIN
    shown = []
    for number, line in enumerate(lines):
        font = strong if number == 0 and not bottom else plain
        shown += [(part, font) for part in broken(line, QFontMetricsF(font), room)]
    metrics = QFontMetricsF(plain)
    height = metrics.lineSpacing()
    y = (
        area.bottom() - _MARGIN - height * (len(shown) - 1)
        if bottom
        else area.top() + _MARGIN + metrics.ascent()
    )
    for number, (part, font) in enumerate(shown):
        width = QFontMetricsF(font).horizontalAdvance(part)
        x = area.right() - _MARGIN - width if right else area.left() + _MARGIN
        outlined(painter, QPointF(x, y + number * height), font, part)


def broken(line: str, metrics: QFontMetricsF, room: float) -> list[str]:
    """Return a line in as many as it takes: broken between facts, else between words; a single word is cut."""
    if metrics.horizontalAdvance(line) <= room:
        return [line]
    for between in (BETWEEN, " "):
        first, *others = line.split(between)
        if others:
            return _packed(first, others, between, metrics, room)
    return [metrics.elidedText(line, Qt.TextElideMode.ElideRight, room)]


def _packed(first: str, others: list[str], between: str, metrics: QFontMetricsF, room: float) -> list[str]:
    """Return the parts of a line, as many in each new one as there is room for."""
    lines = [first]
    for part in others:
        longer = f"{lines[-1]}{between}{part}"
        if metrics.horizontalAdvance(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(part)
    return [piece for packed in lines for piece in broken(packed, metrics, room)]


def _edges(painter: QPainter, area: QRect, letters: tuple[str, str, str, str]) -> None:
    font = QFont(painter.font())
    font.setPointSizeF(font.pointSizeF() * 1.5)
    font.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetricsF(font)
    left, right, upper, _ = letters
    middle = area.center().y() + metrics.ascent() / 2
    outlined(painter, QPointF(area.left() + _MARGIN, middle), font, left)
    outlined(painter, QPointF(area.right() - _MARGIN - metrics.horizontalAdvance(right), middle), font, right)
    if upper not in ("", "H"):
        x = area.center().x() - metrics.horizontalAdvance(upper) / 2
        outlined(painter, QPointF(x, area.top() + _MARGIN + metrics.ascent()), font, upper)


def outlined(painter: QPainter, at: QPointF, font: QFont, text: str) -> None:
    """Write light text with a dark rim, readable on lung and on bone.

    Nine times the same glyphs are far cheaper than one stroked outline, which would cost as much as the film.
    """
    painter.setFont(font)
    painter.setPen(_SHADOW)
    for shift in _RIM:
        painter.drawText(at + shift, text)
    painter.setPen(_TEXT)
    painter.drawText(at, text)
