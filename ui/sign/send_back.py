"""The dialog that gives a preliminary report back to who prepared it, with what should change."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget

from llmcxr_ws.domain import ReportRow
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.sent_back import MAX_WORDS
from ui.desk import Badge, Desk
from ui.dialogs import Dialog, button_row
from ui.language import tr
from ui.sign.proof import study_form, two_lines
from ui.tasks import Tasks
from ui.text import clock
from ui.widgets import Banner, button, label


class SendBackDialog(Dialog):
    """Names patient, study and author; asks what should change; writes the request."""

    def __init__(
        self,
        parent: QWidget,
        tasks: Tasks,
        desk: Desk,
        badge: Badge,
        detail: StudyDetail,
        report: ReportRow,
    ) -> None:
        super().__init__(parent, tr("Send the preliminary report back"), width=500)
        self._tasks, self._desk, self._badge, self._report = tasks, desk, badge, report
        self.words = QLineEdit()
        self.words.setAccessibleName(tr("What should change"))
        self.words.setPlaceholderText(tr("What should change"))
        self.words.setMaxLength(MAX_WORDS)
        self.words.returnPressed.connect(self._on_send)
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        self.send = button(
            tr("Send back"), self._on_send, name=tr("Send the preliminary report back"), tone="action"
        )
        form = study_form(detail.study)
        at = clock(report.preliminary_at) if report.preliminary_at else ""
        form.addRow(label(tr("Prepared by"), "muted"), two_lines(report.preliminary_by, at))
        form.addRow(label(tr("Reason"), "muted"), self.words)
        hint = tr(
            "The text goes back as it stands here; its author finds your words on the worklist and hands it on "
            "again."
        )
        self.inside.addLayout(form)
        self.inside.addWidget(label(hint, "muted", wraps=True))
        self.inside.addWidget(self.problem)
        cancel = button(tr("Cancel"), self.reject)
        self.inside.addLayout(button_row(cancel, self.send, enter_presses_last=False))
        self.words.setFocus()

    def _on_send(self) -> None:
        words, badge, report = self.words.text().strip(), self._badge, self._report
        if not self.send.isEnabled():
            return
        if not words:
            self.problem.say(tr("Say in a sentence what should change."))
            self.words.setFocus()
            return
        self.send.setEnabled(False)
        self._tasks.in_store(
            self,
            lambda: self._desk.send_back(badge, report, words),
            lambda _: self.accept(),
            self._on_failed,
        )

    def _on_failed(self, error: UserFacingError) -> None:
        self.problem.say(error.sentence)
        self.send.setEnabled(True)
