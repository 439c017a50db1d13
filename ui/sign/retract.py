"""The dialog that withdraws a signed report: what is withdrawn, why, and who says so."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.retraction import MAX_WORDS, REASONS
from ui.desk import Badge, Desk
from ui.sign.dialogs import button_row, study_form, two_lines
from ui.sign.secret import SecretField
from ui.tasks import Tasks
from ui.text import clock
from ui.widgets import Banner, button, label


class RetractDialog(QDialog):
    """Names patient, study and signature; asks for a reason and password or PIN; writes the request."""

    def __init__(self, parent: QWidget, tasks: Tasks, desk: Desk, badge: Badge, detail: StudyDetail) -> None:
        super().__init__(parent)
        self._tasks, self._desk, self._badge, self._detail = tasks, desk, badge, detail
        self.request_id: int | None = None
        self.setWindowTitle("Retract the report")
        self.setAccessibleName("Retract the report")
        self.setMinimumWidth(520)
        self.reason = QComboBox()
        self.reason.setAccessibleName("Reason")
        for code, reason in REASONS.items():
            self.reason.addItem(reason.words, code)
        self.words = QLineEdit()
        self.words.setAccessibleName("In your words")
        self.words.setPlaceholderText("In your words")
        self.words.setMaxLength(MAX_WORDS)
        self.secret = SecretField()
        self.secret.set_badge(badge)
        self.secret.entered.connect(self._on_retract)
        self.problem = Banner("bad", "refused", name="Problem")
        self.confirm = button("Retract", self._on_retract, name="Retract the report", tone="action")
        self._lay_out(self._form())
        self.reason.setFocus()

    def _form(self) -> QFormLayout:
        form = study_form(self._detail.study)
        report = self._detail.report
        if report is not None:
            at = clock(report.signed_at) if report.signed_at else ""
            form.addRow(label("Signed by", "muted"), two_lines(report.signed_by, at))
        form.addRow(label("Reason", "muted"), self.reason)
        form.addRow(label("More", "muted"), self.words)
        form.addRow(label("Prove it's you", "muted"), self.secret)
        return form

    def _lay_out(self, form: QFormLayout) -> None:
        warning = label(
            "The report and its addenda are withdrawn from every PACS that holds them, by a rejection note. "
            "This can't be undone; the signed words stay in this workstation.",
            "attention",
            wraps=True,
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(warning)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addLayout(button_row(button("Cancel", self.reject), self.confirm))

    def _on_retract(self) -> None:
        if not self.confirm.isEnabled():
            return
        code, words = str(self.reason.currentData()), self.words.text().strip()
        if REASONS[code].needs_words and not words:
            self.problem.say("Say in a sentence why the report is withdrawn.")
            self.words.setFocus()
            return
        secret, is_pin = self.secret.take(), self.secret.is_pin
        if not secret:
            self.problem.say(f"Type your {'PIN' if is_pin else 'password'} to retract the report.")
            return
        badge, detail = self._badge, self._detail
        self.confirm.setEnabled(False)
        self.problem.say("")

        def work() -> int:
            return self._desk.retract(self._desk.reenter(badge, secret, is_pin=is_pin), detail, code, words)

        def done(request_id: int) -> None:
            self.request_id = request_id
            self.accept()

        self._tasks.in_store(self, work, done, self._on_failed)

    def _on_failed(self, error: UserFacingError) -> None:
        self.problem.say(error.sentence)
        if self.secret.is_pin:
            self.secret.set_badge(self._badge)
        self.confirm.setEnabled(True)
        self.secret.box.setFocus()
