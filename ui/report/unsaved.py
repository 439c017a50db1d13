"""The question when words can't be saved and the reader goes elsewhere: nothing is lost without being said."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from ui.widgets import button, label


class UnsavedDialog(QDialog):
    """Says why the words aren't saved and asks whether to leave them."""

    def __init__(
        self, parent: QWidget, sentence: str, on_leave: Callable[[], None], on_stay: Callable[[], None]
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Words that aren't saved")
        self.setAccessibleName("Words that aren't saved")
        self.setMinimumWidth(440)
        self.accepted.connect(on_leave)
        self.rejected.connect(on_stay)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(label("What you wrote last isn't saved.", "heading"))
        layout.addWidget(label(sentence, wraps=True))
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button("Leave without it", self.accept))
        row.addWidget(button("Stay", self.reject, name="Stay with this report", tone="action"))
        layout.addLayout(row)
