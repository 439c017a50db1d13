"""The bar beside the report: for each sentence a letter and a shape that tell where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from ui.language import mark, tr
from ui.report.changes import Shown
from ui.theme import Theme, px

WIDTH = 26

# Letter in the bar, words for people (through `tr` when shown), colour of the theme.
LOOKS: dict[Shown, tuple[str, str, str]] = {
    "ai_kept": ("A", mark("As the AI wrote it"), "ai"),
    "ai_edited": ("E", mark("The AI's sentence, edited"), "inserted"),
    "human": ("O", mark("Your own sentence"), "text"),
    "macro": ("M", mark("From a macro"), "focus"),
    "ai_answer": ("Q", mark("An AI answer to a question"), "attention"),
}


@dataclass(frozen=True)
class Mark:
    """A sentence's piece of the bar, in one line of the screen."""

    top: float
    height: float
    origin: Shown
    is_first: bool


class OriginBar(QWidget):
    """Paints the marks that it is told; lies in the editor's left margin."""

    def __init__(self, parent: QWidget, theme: Theme, marks: Callable[[], list[Mark]]) -> None:
        super().__init__(parent)
        self._theme, self._marks = theme, marks
        self.setAccessibleName(tr("Where each sentence comes from"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint letters where sentences begin, and lines down to where they end."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for marks in self._by_line().values():
            width = (px(WIDTH) - 4) / len(marks)
            for place, made in enumerate(marks):
                self._paint(painter, made, 2 + place * width, width)

    def _by_line(self) -> dict[float, list[Mark]]:
        lines: dict[float, list[Mark]] = {}
        for made in self._marks():
            lines.setdefault(made.top, []).append(made)
        return lines

    def _paint(self, painter: QPainter, made: Mark, left: float, width: float) -> None:
        letter, _, colour = LOOKS[made.origin]
        ink = QColor(getattr(self._theme, colour))
        if made.is_first:
            font = painter.font()
            font.setPointSizeF(max(self.font().pointSizeF() * 0.8, 6.0))
            painter.setFont(font)
            painter.setPen(ink)
            box = QRectF(left, made.top, width, made.height)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)
        else:
            painter.setPen(QPen(ink, 1.6, _LINES[made.origin]))
            x = left + width / 2
            painter.drawLine(QPointF(x, made.top), QPointF(x, made.top + made.height))

    def event(self, event: QEvent) -> bool:
        """Say in words what lies under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            words = self.words_at(event.pos().y())
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def words_at(self, y: float) -> str:
        """Return what the bar says at a height, in words."""
        here = [at for at in self._marks() if at.top <= y < at.top + at.height]
        return "\n".join(tr(LOOKS[at.origin][1]) for at in here)


_LINES: dict[Shown, Qt.PenStyle] = {
    "ai_kept": Qt.PenStyle.SolidLine,
    "ai_edited": Qt.PenStyle.DashLine,
    "human": Qt.PenStyle.DotLine,
    "macro": Qt.PenStyle.DashDotLine,
    "ai_answer": Qt.PenStyle.DashDotDotLine,
}
