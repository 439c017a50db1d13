"""The AI's own words beside the report, never changed."""

from __future__ import annotations

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextBrowser, QWidget

from ui.language import tr
from ui.report.changes import compare
from ui.report.text import position_of
from ui.theme import LIVE, Theme, follow


class OriginalText(QTextBrowser):
    """The AI's own words, never changed; those that the reader took out are struck through."""

    def __init__(self, theme: Theme = LIVE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("The AI's own words"))
        self.document().setDocumentMargin(10)
        self._texts = ("", "")
        self._removed = QTextCharFormat()
        self._removed.setFontStrikeOut(True)
        follow(self._dress)

    def _dress(self) -> None:
        self._removed.setForeground(QColor(self._theme.removed))
        self.compare_with(*self._texts)

    def compare_with(self, ai_text: str, text: str) -> None:
        """Show the AI text with what `text` no longer holds struck through; where it is scrolled to it stays."""
        self._texts = (ai_text, text)
        if self.toPlainText() != ai_text:
            self.setPlainText(ai_text)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.setCharFormat(QTextCharFormat())
        for start, end in compare(ai_text, text).removed:
            cursor.setPosition(position_of(ai_text, start))
            cursor.setPosition(position_of(ai_text, end), QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(self._removed)
