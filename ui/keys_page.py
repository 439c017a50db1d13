"""The F1 page: every key and what the pointer does, straight from the table."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from ui.shortcuts import POINTER, SHORTCUTS, Scope
from ui.theme import Theme, current
from ui.widgets import button


class KeysPage(QDialog):
    """Shows all keys."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAccessibleName("Keys")
        self.resize(640, 720)
        text = QTextBrowser()
        text.setAccessibleName("All keys")
        text.setHtml(as_html(current()))
        layout = QVBoxLayout(self)
        layout.addWidget(text)
        layout.addWidget(button("Close", self.accept))


def as_html(theme: Theme) -> str:
    """Return the table of keys as rich text."""
    parts = []
    for scope, heading in ((Scope.WINDOW, "Anywhere"), (Scope.FILM, "While the film has the focus")):
        rows = [(", ".join(entry.keys), entry.text) for entry in SHORTCUTS if entry.scope is scope]
        if scope is Scope.FILM:
            rows += list(POINTER)
        cells = "".join(
            f'<tr><td style="color:{theme.focus};padding:2px 18px 2px 0">{escape(keys)}</td>'
            f'<td style="padding:2px 0">{escape(text)}</td></tr>'
            for keys, text in rows
        )
        parts.append(f'<p style="font-weight:600">{heading}</p><table>{cells}</table>')
    return "".join(parts)
