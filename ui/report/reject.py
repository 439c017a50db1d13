"""The dialog that asks why a draft is rejected: a code from the list, and words where they help."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from llmcxr_ws.rejections import OTHER, REASONS, words_of
from ui.language import mark, tr
from ui.widgets import Banner, button, label

# The hall's own words of each code, here so that they can be shown in the reader's language.
SHOWN = {
    "false_finding": mark("False finding: the film doesn't show it"),
    "missed_finding": mark("Missed finding"),
    "wrong_side": mark("Wrong side"),
    "invented_prior": mark("Speaks of a comparison that doesn't exist"),
    "wrong_patient_or_film": mark("Wrong patient or wrong film"),
    "poor_wording": mark("Poor wording"),
    "poor_image": mark("Poor image: nothing could be read from it"),
    OTHER: mark("Other, in my own words"),
}


class RejectDialog(QDialog):
    """Hands over the reason in words, as the hall words it, and its code."""

    def __init__(self, parent: QWidget, on_reject: Callable[[str, str], None]) -> None:
        super().__init__(parent)
        self._on_reject = on_reject
        self.setWindowTitle(tr("Reject the draft"))
        self.setAccessibleName(tr("Reject the draft"))
        self.setMinimumWidth(440)
        self.reason = QComboBox()
        self.reason.setAccessibleName(tr("Reason"))
        for reason in REASONS:
            self.reason.addItem(tr(SHOWN[reason.code]), reason.code)
        self.words = QLineEdit()
        self.words.setAccessibleName(tr("In your words"))
        self.words.setPlaceholderText(tr("In your words (optional)"))
        self.words.setMaxLength(300)
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(button(tr("Cancel"), self.reject))
        buttons.addWidget(button(tr("Reject draft"), self.accept, tone="action"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(
            label(
                tr("The draft is set aside with this reason; you can write your own report then."), wraps=True
            )
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
            self.problem.say(tr("Say in your own words what is wrong with the draft."))
            self.words.setFocus()
            return
        chosen = words_of(code) or code
        self._on_reject(words if code == OTHER else f"{chosen}: {words}" if words else chosen, code)
        super().accept()
