"""The question before a study is taken from another reader."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from llmcxr_ws.domain import StudyRow
from ui.text import clock
from ui.widgets import button, label


class TakeOverDialog(QDialog):
    """Names who holds the study and since when."""

    def __init__(self, parent: QWidget, study: StudyRow, on_take: Callable[[], None]) -> None:
        super().__init__(parent)
        self._on_take = on_take
        self.setWindowTitle("Take the study over")
        self.setAccessibleName("Take the study over")
        self.setMinimumWidth(420)
        since = f" since {clock(study.held_at)}" if study.held_at else ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(label(f"{study.held_by} has held this study{since}.", "heading", wraps=True))
        layout.addWidget(
            label("What was written so far is kept; only one of you can go on writing.", wraps=True)
        )
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button("Cancel", self.reject))
        row.addWidget(button("Take over", self.accept, name="Take the study over", tone="action"))
        layout.addLayout(row)

    def accept(self) -> None:
        """Take it."""
        self._on_take()
        super().accept()
