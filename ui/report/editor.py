"""The text editor of a report: marks what is the AI's and what is the reader's, without touching the text.

Marks are extra selections of the view, so they are neither saved nor part of undo.
"""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFont, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextBrowser, QTextEdit, QWidget

from ui.report.changes import compare
from ui.theme import BASE_POINTS, current, follow, scale

_MARK_MS = 150


class ReportEditor(QPlainTextEdit):
    """Plain text with undo; AI words in the AI's colour, the reader's own underlined.

    Signals
    -------
    left : the editor lost the keyboard focus
    """

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ai_text = ""
        self.setAccessibleName("Impression")
        self.setAccessibleDescription("The text of the report. Words of the AI are coloured until edited.")
        self.setPlaceholderText("Impression")
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(10)
        self._kept = QTextCharFormat()
        self._inserted = QTextCharFormat()
        self._inserted.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
        # Comparing waits for a pause in typing: a key must be on the screen at once.
        self._marking = QTimer(self, singleShot=True, interval=_MARK_MS)
        self._marking.timeout.connect(self.mark)
        self.textChanged.connect(self._marking.start)
        follow(self._dress)

    def _dress(self) -> None:
        font = QFont(self.font())
        font.setPointSizeF(BASE_POINTS * scale() * 1.1)
        self.setFont(font)
        self._kept.setForeground(QColor(current().ai))
        self._inserted.setForeground(QColor(current().inserted))
        self.mark()

    @property
    def ai_text(self) -> str:
        """The text that changes are marked against."""
        return self._ai_text

    def load(self, text: str, ai_text: str) -> None:
        """Show another report; forgets undo."""
        self._ai_text = ai_text
        self.setPlainText(text)
        self.moveCursor(QTextCursor.MoveOperation.End)
        self.mark()

    def mark(self) -> None:
        """Mark the text against the AI text."""
        changes = compare(self._ai_text, self.toPlainText())
        places = [(place, self._kept) for place in changes.kept]
        places += [(place, self._inserted) for place in changes.inserted]
        # In the order of the text: Qt leaves some of them out otherwise.
        places.sort(key=lambda entry: entry[0])
        self.setExtraSelections([self._selection(place, look) for place, look in places])

    def _selection(self, place: tuple[int, int], look: QTextCharFormat) -> QTextEdit.ExtraSelection:
        made = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.document())
        cursor.setPosition(place[0])
        cursor.setPosition(place[1], QTextCursor.MoveMode.KeepAnchor)
        made.cursor = cursor
        made.format = look
        return made

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell that the reader went elsewhere."""
        super().focusOutEvent(event)
        self.left.emit()


class OriginalText(QTextBrowser):
    """The AI's own words, never changed; those that the reader took out are struck through."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("The AI's own words")
        self.document().setDocumentMargin(10)
        self._texts = ("", "")
        self._removed = QTextCharFormat()
        self._removed.setFontStrikeOut(True)
        follow(self._dress)

    def _dress(self) -> None:
        self._removed.setForeground(QColor(current().removed))
        self.compare_with(*self._texts)

    def compare_with(self, ai_text: str, text: str) -> None:
        """Show the AI text with what `text` no longer holds struck through."""
        self._texts = (ai_text, text)
        self.setPlainText(ai_text)
        for start, end in compare(ai_text, text).removed:
            cursor = QTextCursor(self.document())
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(self._removed)
