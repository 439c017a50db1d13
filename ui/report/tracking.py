"""The strip under the report: the change at the cursor, and what to do with it."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from ui.flow import FlowLayout
from ui.language import tr
from ui.report.changes import Change
from ui.report.editor import ReportEditor
from ui.theme import Theme
from ui.widgets import label, tool


class TrackingStrip(QWidget):
    """Steps through the changes of an editor; keeps or undoes them."""

    def __init__(self, editor: ReportEditor, theme: Theme) -> None:
        super().__init__()
        self._editor, self._theme = editor, theme
        self.count = label(tone="muted")
        self.count.setAccessibleName(tr("Changes against the AI text"))
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setWordWrap(True)
        self.words.setAccessibleName(tr("The change at the cursor"))
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.previous = tool("‹", "change.previous", lambda: editor.step_change(-1))
        self.next = tool("›", "change.next", lambda: editor.step_change(1))
        self.keep = tool(tr("Keep"), "change.accept", editor.accept_current)
        self.restore = tool(tr("Restore"), "change.reject", editor.reject_current)
        self.keep_all = tool(tr("Keep all"), "change.accept_all", editor.accept_all)
        row = FlowLayout(spacing=4)
        for made in (self.previous, self.next, self.count, self.keep, self.restore, self.keep_all):
            row.addWidget(made)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.words)
        editor.marked.connect(self.refresh)
        editor.moved.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show where the cursor stands among the changes."""
        editor = self._editor
        changes = sorted(editor.markup.changes, key=lambda change: change.place)
        current = editor.current_change
        self.setVisible(bool(editor.ai_text) and not editor.is_clean)
        may_write = not editor.isReadOnly()
        self.keep.setEnabled(current is not None and may_write)
        self.restore.setEnabled(current is not None and may_write)
        for made in (self.previous, self.next):
            made.setEnabled(bool(changes))
        self.keep_all.setEnabled(bool(changes) and may_write)
        self.count.setText(_count(len(changes), changes.index(current) + 1 if current in changes else 0))
        self.words.setText(as_html(current, self._theme) if current is not None else "")
        self.words.setVisible(current is not None)


def _count(total: int, at: int) -> str:
    if not total:
        return tr("No open change")
    if at:
        return tr("Change {at} of {total}", at=at, total=total)
    return tr("%n change(s)", "", total)


def as_html(change: Change, theme: Theme) -> str:
    """Return a change in words, as rich text; what was written is escaped."""
    gone = f'<span style="color:{theme.removed};text-decoration:line-through">{escape(change.ai)}</span>'
    if not change.mine:
        return tr("The AI wrote, and it is taken out: {words}", words=gone)
    if not change.ai:
        return tr("The AI wrote nothing of the kind: this sentence was added.")
    return tr("The AI wrote: {words}", words=gone)
