"""The dialog that withdraws a signed report: what goes to whom, why, and who says so."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from llmcxr_ws.domain import RetractionPlan
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.retraction import MAX_WORDS, REASONS
from ui.desk import Badge, Desk
from ui.language import tr
from ui.scrolling import Scrolled
from ui.sign.proof import ProofDialog, study_form, two_lines
from ui.sign.withdrawals import summary, told
from ui.tasks import Tasks
from ui.text import clock
from ui.theme import fit
from ui.widgets import choice, label, with_tone


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
            width=600,
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
            "The report and its addenda are withdrawn wherever they went. This can't be undone; the signed words "
            "stay in this workstation."
        )
        self.inside.addWidget(label(warning, "attention", wraps=True))
        fields = QWidget()
        fields.setLayout(self._form())
        self.inside.addWidget(Scrolled(fields, least=240), 1)
        self._end()
        self.reason.setFocus()
        study_id = detail.study.id
        tasks.in_store(self, lambda: desk.retraction_plan(study_id), self._on_plan, self._on_no_plan)

    def _destinations(self) -> QWidget:
        """What is told to whom; it is read while the reader types."""
        inside = QWidget()
        self._rows = QVBoxLayout(inside)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(6)
        self.told = label(tr("Looking who holds what…"), "muted", wraps=True)
        self.told.setAccessibleName(tr("What goes to whom"))
        self._rows.addWidget(self.told)
        return inside

    def _on_plan(self, plan: RetractionPlan) -> None:
        words = summary(plan)
        self.told.setText(words)
        self.told.setVisible(bool(words))
        with_tone(self.told, "attention" if plan.is_in_doubt else "")
        for one in told(plan):
            row = two_lines(one.destination, one.words)
            if one.tone:
                with_tone(row.findChildren(QLabel)[-1], one.tone)
            self._rows.addWidget(row)
        QTimer.singleShot(0, self, lambda: fit(self))  # once the rows have their heights

    def _on_no_plan(self, error: UserFacingError) -> None:
        self.told.setText(error.sentence)
        with_tone(self.told, "bad")

    def _form(self) -> QFormLayout:
        form = study_form(self._detail.study)
        report = self._detail.report
        if report is not None:
            at = clock(report.signed_at) if report.signed_at else ""
            form.addRow(label(tr("Signed by"), "muted"), two_lines(report.signed_by, at))
        form.addRow(label(tr("Goes to"), "muted"), self._destinations())
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
