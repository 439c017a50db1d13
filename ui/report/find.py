"""The line in which a reader looks for words in the report."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from ui.language import tr
from ui.report.editor import ReportEditor
from ui.widgets import button, label


class FindBar(QWidget):
    """Lights up what is found, upper or lower case; Enter goes on, Shift+Enter back, Esc closes."""

    def __init__(self, editor: ReportEditor) -> None:
        super().__init__()
        self._editor = editor
        self.box = QLineEdit()
        self.box.setAccessibleName(tr("Find in the report"))
        self.box.setPlaceholderText(tr("Find in the report"))
        self.box.textChanged.connect(self.refresh)
        self.count = label(tone="muted")
        self.count.setAccessibleName(tr("How often it was found"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box, 1)
        layout.addWidget(self.count)
        layout.addWidget(button(tr("Close"), self.end, name=tr("Close the search")))
        editor.marked.connect(self.refresh)
        self.hide()

    def begin(self) -> None:
        """Open the line with the selected words."""
        selected = self._editor.textCursor().selectedText()
        self.show()
        if selected and "\u2029" not in selected:
            self.box.setText(selected)
        self.box.selectAll()
        self.box.setFocus()
        self.refresh()

    def end(self) -> None:
        """Close the line and go back to the report."""
        self.hide()
        self._editor.show_found(())
        self._editor.setFocus()

    def refresh(self) -> None:
        """Look for the words again."""
        if self.isVisible():
            places = self._places()
            self._editor.show_found(places)
            wanted = self.box.text()
            self.count.setText(tr("{count} found", count=len(places)) if wanted else "")

    def _places(self) -> tuple[tuple[int, int], ...]:
        wanted = self.box.text()
        found = re.finditer(re.escape(wanted), self._editor.toPlainText(), re.IGNORECASE) if wanted else ()
        return tuple(match.span() for match in found)

    def step(self, by: int) -> None:
        """Select the next or the previous place, around the end."""
        places = self._places()
        if places:
            start, end = self._editor.selected()
            ahead = [place for place in places if place[0] >= end]
            behind = [place for place in places if place[1] <= start]
            place = (ahead or places)[0] if by > 0 else (behind or list(places))[-1]
            self._editor.select(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes on, Esc closes."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.step(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.end()
        else:
            super().keyPressEvent(event)
