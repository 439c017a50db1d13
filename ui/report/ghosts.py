"""Words of the AI that were taken out, shown where they stood: room between two characters, painted over.

The text of the editor stays, letter by letter, what is saved and signed. The room is a format of the layout
(letter spacing of the character before it), which is part of neither text nor undo.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QSyntaxHighlighter,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)

from llmcxr_ws.sections import heading_length
from ui.theme import Theme

_LEFT, _RIGHT = 4.0, 1.0
_SHORTEST = 60.0


@dataclass(frozen=True)
class Drawn:
    """A ghost with the words that there is room for, and the width they take."""

    words: str
    full: str
    width: float


class Ghosts(QSyntaxHighlighter):
    """Makes room for ghosts and paints them; also makes the headings of sections look like headings."""

    def __init__(self, document: QTextDocument, theme: Theme, font: QFont) -> None:
        super().__init__(document)
        self._theme = theme
        self._font = QFont(font)
        self._font.setStrikeOut(True)
        self._heading = QTextCharFormat()
        self._heading.setFontWeight(QFont.Weight.DemiBold)
        self._shown: list[tuple[QTextCursor, Drawn]] = []
        self._key: object = None

    def dress(self, font: QFont) -> None:
        """Take another font and the colours of the theme; what is shown is made anew at the next `show`."""
        self._font = QFont(font)
        self._font.setStrikeOut(True)
        self._heading.setForeground(QColor(self._theme.muted))
        self._key = None
        self.rehighlight()

    @property
    def texts(self) -> list[tuple[int, str]]:
        """Where something was taken out and what, for tests and tool tips."""
        return [(cursor.position(), drawn.full) for cursor, drawn in self._shown]

    def show(self, ghosts: list[tuple[int, str]], width: float) -> None:
        """Show these words at these positions, and no others; `width` is what a line can hold."""
        joined: dict[int, list[str]] = {}
        for at, text in ghosts:
            joined.setdefault(at, []).append(text)
        wanted = [(at, " ".join(texts)) for at, texts in sorted(joined.items())]
        key = (tuple(wanted), round(width))
        if key == self._key and wanted == self.texts:
            return
        touched = {cursor.block().blockNumber() for cursor, _ in self._shown}
        room = max(width * 0.6, _SHORTEST)
        self._shown = [(self._cursor(at), self._drawn(text, room)) for at, text in wanted]
        self._key = key
        touched |= {cursor.block().blockNumber() for cursor, _ in self._shown}
        for number in sorted(touched):
            self.rehighlightBlock(self.document().findBlockByNumber(number))

    def _cursor(self, at: int) -> QTextCursor:
        cursor = QTextCursor(self.document())
        cursor.setPosition(min(at, self.document().characterCount() - 1))
        cursor.setKeepPositionOnInsert(True)
        return cursor

    def _drawn(self, text: str, room: float) -> Drawn:
        metrics = QFontMetricsF(self._font)
        words = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        return Drawn(words, text, metrics.horizontalAdvance(words) + _LEFT + _RIGHT)

    def highlightBlock(self, text: str) -> None:
        """Qt asks for the looks of a block: heading, and room for what was taken out."""
        if length := heading_length(text):
            self.setFormat(0, length, self._heading)
        block = self.currentBlock()
        for cursor, drawn in self._shown:
            at = cursor.position() - block.position()
            if 0 <= at <= len(text) and text:
                spaced = QTextCharFormat()
                spaced.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
                spaced.setFontLetterSpacing(drawn.width)
                if at == 0:
                    # No character before it: the first one is hidden, its room made, and painted behind it.
                    spaced.setForeground(QColor(0, 0, 0, 0))
                self.setFormat(max(at - 1, 0), 1, spaced)

    def first_letters(self) -> list[int]:
        """Return the places of characters that `paint` draws itself."""
        return [
            cursor.position()
            for cursor, _ in self._shown
            if cursor.positionInBlock() == 0 and cursor.block().length() > 1
        ]

    def paint(
        self, painter: QPainter, block: QTextBlock, top_left: QPointF, font: QFont, letter: QColor
    ) -> list[tuple[QRectF, str]]:
        """Paint the ghosts of a block; return where they stand, with their whole text."""
        layout = block.layout()
        places: list[tuple[QRectF, str]] = []
        for cursor, drawn in self._shown:
            at = cursor.position() - block.position()
            if not (0 <= at < block.length()) or block.length() <= 1 or layout.lineCount() == 0:
                continue
            line = layout.lineForTextPosition(max(at - 1, 0))
            if not line.isValid():
                continue
            end = _x_after(line, max(at, 1))
            baseline = top_left.y() + line.y() + line.ascent()
            left = top_left.x() + end - drawn.width
            if at == 0:
                first = block.text()[0]
                painter.setFont(font)
                painter.setPen(letter)
                advance = QFontMetricsF(font).horizontalAdvance(first)
                painter.drawText(QPointF(top_left.x() + end - advance, baseline), first)
                left -= advance
            painter.setFont(self._font)
            painter.setPen(QColor(self._theme.removed))
            painter.drawText(QPointF(left + (_LEFT if at else _RIGHT), baseline), drawn.words)
            places.append((QRectF(left, top_left.y() + line.y(), drawn.width, line.height()), drawn.full))
        return places


def _x_after(line: object, at: int) -> float:
    x = line.cursorToX(at)  # type: ignore[attr-defined]
    return float(x[0] if isinstance(x, tuple) else x)
