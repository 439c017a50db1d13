"""The dialog that withdraws a signed report: what is withdrawn, why, and who says so."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.retraction import MAX_WORDS, REASONS
from ui.desk import Badge, Desk
from ui.language import tr
from ui.sign.proof import ProofDialog, study_form, two_lines
from ui.tasks import Tasks
from ui.text import clock
from ui.widgets import choice, label


class RetractDialog(ProofDialog):
    """Names patient, study and signature; asks for a reason and password or PIN; writes the request."""

    def __init__(self, parent: QWidget, tasks: Tasks, desk: Desk, badge: Badge, detail: StudyDetail) -> None:
        super().__init__(
            parent,
            tasks,
            desk,
            badge,
            tr("Retract the report"),
            confirm=tr("Retract"),
            prompts=(
                tr("Type your password to retract the report."),
                tr("Type your PIN to retract the report."),
            ),
            width=520,
        )
        self._detail = detail
        self.reason = choice(tr("Reason"))
        for code, reason in REASONS.items():
            self.reason.addItem(tr(reason.words), code)
        self.words = QLineEdit()
        self.words.setAccessibleName(tr("In your words"))
        self.words.setPlaceholderText(tr("In your words"))
        self.words.setMaxLength(MAX_WORDS)
        warning = tr(
            "The report and its addenda are withdrawn from every PACS that holds them, by a rejection note. "
            "This can't be undone; the signed words stay in this workstation."
        )
        self.inside.addWidget(label(warning, "attention", wraps=True))
        self.inside.addLayout(self._form())
        self._end()
        self.reason.setFocus()

    def _form(self) -> QFormLayout:
        form = study_form(self._detail.study)
        report = self._detail.report
        if report is not None:
            at = clock(report.signed_at) if report.signed_at else ""
            form.addRow(label(tr("Signed by"), "muted"), two_lines(report.signed_by, at))
        form.addRow(label(tr("Reason"), "muted"), self.reason)
        form.addRow(label(tr("More"), "muted"), self.words)
        form.addRow(label(tr("Prove it's you"), "muted"), self.secret)
        return form

    def _request(self) -> Callable[[Badge], int] | None:
        code, words, detail = str(self.reason.currentData()), self.words.text().strip(), self._detail
        if REASONS[code].needs_words and not words:
            self.problem.say(tr("Say in a sentence why the report is withdrawn."))
            self.words.setFocus()
            return None
        return lambda proved: self._desk.retract(proved, detail, code, words)
