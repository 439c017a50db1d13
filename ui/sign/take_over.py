"""The question before a study is taken from another reader."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from llmcxr_ws.domain import StudyRow
from ui.dialogs import Dialog, button_row
from ui.language import tr
from ui.text import clock
from ui.widgets import button, label


class TakeOverDialog(Dialog):
    """Names who holds the study and since when."""

    def __init__(self, parent: QWidget, study: StudyRow, on_take: Callable[[], None]) -> None:
        super().__init__(parent, tr("Take the study over"), width=420)
        self._on_take = on_take
        if study.held_at:
            said = tr(
                "{name} has held this study since {time}.", name=study.held_by, time=clock(study.held_at)
            )
        else:
            said = tr("{name} has held this study.", name=study.held_by)
        self.inside.addWidget(label(said, "heading", wraps=True))
        self.inside.addWidget(
            label(tr("What was written so far is kept; only one of you can go on writing."), wraps=True)
        )
        take = button(tr("Take over"), self.accept, name=tr("Take the study over"), tone="action")
        self.inside.addLayout(button_row(button(tr("Cancel"), self.reject), take, enter_presses_last=False))

    def accept(self) -> None:
        """Take it."""
        self._on_take()
        super().accept()
