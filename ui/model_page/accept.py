"""The dialog in which an administrator accepts a model for the site, or takes that back, with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from ui.language import tr
from ui.tables import Column, RowTable
from ui.widgets import Banner, button, label


class AcceptDialog(QDialog):
    """Shows the figures that will be recorded, and asks why."""

    def __init__(
        self,
        parent: QWidget,
        *,
        title: str,
        about: str,
        figures: Mapping[str, str],
        on_decided: Callable[[str], None],
    ) -> None:
        super().__init__(parent)
        self._on_decided = on_decided
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.resize(620, 520)
        self.figures: RowTable[tuple[str, str]] = RowTable(
            tr("Figures that are recorded with the decision"),
            [Column(tr("Figure"), lambda row: row[0], 240), Column(tr("Value"), lambda row: row[1])],
            key=lambda row: row[0],
        )
        self.figures.show_rows(tuple(figures.items()))
        self.reason = QPlainTextEdit()
        self.reason.setAccessibleName(tr("Reason"))
        self.reason.setPlaceholderText(tr("Why, in your words; it is recorded with your name and the time"))
        self.reason.setTabChangesFocus(True)
        self.reason.setMaximumHeight(100)
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        self.confirm = button(title, self.accept, tone="action")
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(button(tr("Cancel"), self.reject))
        buttons.addWidget(self.confirm)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(label(about, wraps=True))
        layout.addWidget(self.figures, 1)
        layout.addWidget(self.reason)
        layout.addWidget(self.problem)
        layout.addLayout(buttons)

    def accept(self) -> None:
        """Hand the decision over, with its reason."""
        reason = self.reason.toPlainText().strip()
        if not reason:
            self.problem.say(tr("Say why: the decision is recorded with it."))
            self.reason.setFocus()
            return
        self._on_decided(reason)
        super().accept()
