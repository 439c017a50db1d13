"""The one confirmation before a sign request. Whether a report becomes signed is decided by the node."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.reading import StudyDetail
from ui.desk import Badge, Desk
from ui.report.changes import count_origins
from ui.sign.secret import SecretField
from ui.tasks import Tasks
from ui.text import patient_line, person_name, study_moment
from ui.widgets import Banner, button, label, with_tone


@dataclass(frozen=True)
class ToSign:
    """What the reader has before him when he signs."""

    detail: StudyDetail
    text: str
    films_unseen: int


def untouched_sentence(ai_text: str, text: str) -> tuple[str, str]:
    """Return how many AI sentences go out unedited, in words, and the tone to say it in."""
    origins = count_origins(ai_text, text)
    if origins.ai_kept == 0:
        return "No sentence is the AI's own, unedited.", "good"
    if origins.ai_kept == origins.total == 1:
        return "The one sentence is the AI's own, unedited.", "attention"
    verb = "is" if origins.ai_kept == 1 else "are"
    return f"{origins.ai_kept} of {origins.total} sentences {verb} the AI's own, unedited.", "attention"


class SignDialog(QDialog):
    """Names patient, study and untouched AI sentences; asks for password or PIN; writes the request."""

    def __init__(self, parent: QWidget, tasks: Tasks, desk: Desk, badge: Badge, to_sign: ToSign) -> None:
        super().__init__(parent)
        self._tasks, self._desk, self._badge, self._to_sign = tasks, desk, badge, to_sign
        self.request_id: int | None = None
        self.setWindowTitle("Sign the report")
        self.setAccessibleName("Sign the report")
        self.setMinimumWidth(520)
        study = to_sign.detail.study
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(8)
        for heading, first, second in (
            (
                "Patient",
                person_name(study.identity.patient_name),
                patient_line(study.identity, study.study_date),
            ),
            (
                "Study",
                " · ".join(
                    part for part in (study.study_description, study.view, study_moment(study)) if part
                ),
                f"Accession number {study.identity.accession_number or '(none)'}",
            ),
            ("Signed by", badge.display_name, "as a final report, sent to the PACS by the node"),
        ):
            form.addRow(label(heading, "muted"), _two_lines(first, second))
        self.untouched = label(wraps=True)
        words, tone = untouched_sentence(
            to_sign.detail.report.ai_text if to_sign.detail.report else "", to_sign.text
        )
        self.untouched.setText(words)
        with_tone(self.untouched, tone)
        form.addRow(label("AI text", "muted"), self.untouched)
        self.secret = SecretField()
        self.secret.set_badge(badge)
        self.secret.entered.connect(self._on_sign)
        text = QPlainTextEdit(to_sign.text)
        text.setReadOnly(True)
        text.setAccessibleName("Text to be signed")
        text.setMaximumHeight(150)
        self.problem = Banner("bad", "refused", name="Problem")
        self.unseen = Banner("attention", "failed", name="Films not looked at")
        if to_sign.films_unseen:
            films = (
                "film of this study hasn't" if to_sign.films_unseen == 1 else "films of this study haven't"
            )
            self.unseen.say(f"{to_sign.films_unseen} {films} been on the screen yet.")
        self.confirm = button("Sign", self._on_sign, name="Sign the report", tone="action")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        proof = QFormLayout()
        proof.setHorizontalSpacing(18)
        proof.addRow(label("Prove it's you", "muted"), self.secret)
        layout.addLayout(form)
        layout.addWidget(self.unseen)
        layout.addWidget(text)
        layout.addLayout(proof)
        layout.addWidget(self.problem)
        layout.addLayout(_buttons(button("Cancel", self.reject), self.confirm))
        self.secret.box.setFocus()

    def _on_sign(self) -> None:
        secret, is_pin = self.secret.take(), self.secret.is_pin
        if not secret:
            self.problem.say(f"Type your {'PIN' if is_pin else 'password'} to sign.")
            return
        badge, to_sign = self._badge, self._to_sign
        self.confirm.setEnabled(False)
        self.problem.say("")

        def work() -> int:
            proved = self._desk.reenter(badge, secret, is_pin=is_pin)
            return self._desk.sign(proved, to_sign.detail, to_sign.text)

        def done(request_id: int) -> None:
            self.request_id = request_id
            self.accept()

        self._tasks.in_store(self, work, done, self._on_failed)

    def _on_failed(self, error: UserFacingError) -> None:
        self.problem.say(error.sentence)
        if self.secret.is_pin:
            self.secret.set_badge(self._badge)  # a PIN that is used up is asked for no more
        self.confirm.setEnabled(True)
        self.secret.box.setFocus()


def _two_lines(first: str, second: str) -> QWidget:
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(1)
    layout.addWidget(label(first, "heading", wraps=True))
    layout.addWidget(label(second, "muted", wraps=True))
    return made


def _buttons(*made: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addStretch(1)
    for entry in made:
        row.addWidget(entry, 0, Qt.AlignmentFlag.AlignRight)
    return row
