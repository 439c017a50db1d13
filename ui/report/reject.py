"""The dialog that asks why a draft is rejected: a code from the list, and words where they help."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from llmcxr_ws.rejections import OTHER, REASONS
from ui.widgets import Banner, button, label


class RejectDialog(QDialog):
    """Hands over the reason in words and its code."""

    def __init__(self, parent: QWidget, on_reject: Callable[[str, str], None]) -> None:
        super().__init__(parent)
        self._on_reject = on_reject
        self.setWindowTitle("Reject the draft")
        self.setAccessibleName("Reject the draft")
        self.setMinimumWidth(440)
        self.reason = QComboBox()
        self.reason.setAccessibleName("Reason")
        for reason in REASONS:
            self.reason.addItem(reason.words, reason.code)
        self.words = QLineEdit()
        self.words.setAccessibleName("In your words")
        self.words.setPlaceholderText("In your words (optional)")
        self.words.setMaxLength(300)
        self.problem = Banner("bad", "refused", name="Problem")
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(button("Cancel", self.reject))
        buttons.addWidget(button("Reject draft", self.accept, tone="action"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(
            label("The draft is set aside with this reason; you can write your own report then.", wraps=True)
        )
        layout.addWidget(self.reason)
        layout.addWidget(self.words)
        layout.addWidget(self.problem)
        layout.addLayout(buttons)

    def choose(self, code: str) -> None:
        """Choose a reason by its code."""
        self.reason.setCurrentIndex(self.reason.findData(code))

    def accept(self) -> None:
        """Hand the reason over."""
        code, words = str(self.reason.currentData()), self.words.text().strip()
        if code == OTHER and not words:
            self.problem.say("Say in your own words what is wrong with the draft.")
            self.words.setFocus()
            return
        chosen = self.reason.currentText()
        self._on_reject(words if code == OTHER else f"{chosen}: {words}" if words else chosen, code)
        super().accept()
