"""The questions when words can't be saved: nothing is lost without being said."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QApplication, QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from ui.language import tr
from ui.widgets import button, label


class UnsavedDialog(QDialog):
    """Says why the words aren't saved and asks whether to leave them."""

    def __init__(
        self, parent: QWidget, sentence: str, on_leave: Callable[[], None], on_stay: Callable[[], None]
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Words that aren't saved"))
        self.setAccessibleName(tr("Words that aren't saved"))
        self.setMinimumWidth(440)
        self.accepted.connect(on_leave)
        self.rejected.connect(on_stay)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(label(tr("What you wrote last isn't saved."), "heading"))
        layout.addWidget(label(sentence, wraps=True))
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(tr("Leave without it"), self.accept))
        row.addWidget(button(tr("Stay"), self.reject, name=tr("Stay with this report"), tone="action"))
        layout.addLayout(row)


class RefusedWordsDialog(QDialog):
    """Shows words of a report that is no longer on the screen and that can't be saved there any more, to copy."""

    def __init__(self, parent: QWidget, words: str, sentence: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Words that couldn't be saved"))
        self.setAccessibleName(tr("Words that couldn't be saved"))
        self.setMinimumWidth(480)
        self.words = QPlainTextEdit(words)
        self.words.setReadOnly(True)
        self.words.setAccessibleName(tr("What you wrote"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        heading = tr("What you wrote last in the report before couldn't be saved there.")
        layout.addWidget(label(heading, "heading", wraps=True))
        layout.addWidget(label(sentence, wraps=True))
        layout.addWidget(self.words, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(tr("Copy"), self._copy, name=tr("Copy these words")))
        row.addWidget(button(tr("Close"), self.accept, tone="action"))
        layout.addLayout(row)

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.words.toPlainText())
