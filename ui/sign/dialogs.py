"""The one confirmation before a sign request. Whether a report becomes signed is decided by the node."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from llmcxr_ws.domain import ReportRow, StudyRow
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.guards import Facts, Objection, objections
from llmcxr_ws.identity import canonical_text
from llmcxr_ws.reading import StudyDetail
from ui.desk import Badge, Desk
from ui.guards.entries import Entries
from ui.guards.ledger import Ledger
from ui.report.changes import count_origins
from ui.report.text import position_of
from ui.scrolling import Scrolled
from ui.sign.secret import SecretField
from ui.tasks import Tasks
from ui.text import clock, patient_line, person_name, study_moment
from ui.widgets import Banner, button, label, with_tone

_LIST_HEIGHT = 230


@dataclass(frozen=True)
class Purpose:
    """What a confirmation is for, in words."""

    title: str
    by: str
    as_what: str
    confirm: str
    prompt: str


SIGN = Purpose(
    "Sign the report", "Signed by", "as a final report, sent to the PACS by the node", "Sign", "to sign"
)
HAND_ON = Purpose(
    "Hand to an attending reader",
    "Written by",
    "as a preliminary report; an attending reader checks and signs it",
    "Hand on",
    "to hand it on",
)
ADDENDUM = Purpose(
    "Sign the addendum",
    "Signed by",
    "as an addendum; the signed report stays as it is",
    "Sign",
    "to sign",
)


@dataclass(frozen=True)
class ToSign:
    """What the reader has before him when he signs.

    `ledger` holds what was ticked off and set aside beside the editor; `addendum` is signed instead of the report.
    """

    detail: StudyDetail
    text: str
    films_unseen: int
    purpose: Purpose = SIGN
    addendum: ReportRow | None = None
    ledger: Ledger = field(default_factory=Ledger)

    @property
    def report(self) -> ReportRow | None:
        """What is signed."""
        return self.addendum or self.detail.report

    @property
    def facts(self) -> Facts:
        """What the guards know of it."""
        report = self.report
        return Facts() if report is None else self.detail.facts(report, self.ledger.looked_at)


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
    """Names patient, study, untouched AI sentences and objections; asks for a proof; writes the request."""

    def __init__(self, parent: QWidget, tasks: Tasks, desk: Desk, badge: Badge, to_sign: ToSign) -> None:
        super().__init__(parent)
        self._tasks, self._desk, self._badge, self._to_sign = tasks, desk, badge, to_sign
        self._text = canonical_text(to_sign.text)
        self._objections = objections(self._text, to_sign.facts)
        self.request_id: int | None = None
        self._is_asking = False
        self.setWindowTitle(to_sign.purpose.title)
        self.setAccessibleName(to_sign.purpose.title)
        self.setMinimumWidth(560)
        self._build_controls()
        self._lay_out(self._form())
        self._weigh()
        self.secret.box.setFocus()

    def _build_controls(self) -> None:
        to_sign = self._to_sign
        self.untouched = label(wraps=True)
        words, tone = untouched_sentence(
            to_sign.report.ai_text if to_sign.report and not to_sign.report.draft_set_aside else "",
            self._text,
        )
        self.untouched.setText(words)
        with_tone(self.untouched, tone)
        self.secret = SecretField()
        self.secret.set_badge(self._badge)
        self.secret.entered.connect(self._on_sign)
        self.words = QPlainTextEdit(self._text)
        self.words.setReadOnly(True)
        self.words.setAccessibleName("Text to be signed")
        self.words.setMinimumHeight(110)
        self.words.setMaximumHeight(150)
        self.problem = Banner("bad", "refused", name="Problem")
        self.unseen = Banner("attention", "failed", name="Films not looked at")
        self.unseen.say(_unseen_sentence(to_sign.films_unseen))
        self.entries = Entries(lambda: to_sign.ledger, may_show=True)
        self.entries.show_objections(self._objections, may_decide=True)
        self.entries.show_wanted.connect(self._on_show)
        self.entries.decided.connect(self._weigh)
        self.weighed = label(wraps=True)
        self.weighed.setAccessibleName("Objections")
        self.cancel = button("Cancel", self.reject)
        self.confirm = button(
            to_sign.purpose.confirm, self._on_sign, name=to_sign.purpose.title, tone="action"
        )

    def _form(self) -> QFormLayout:
        purpose, study = self._to_sign.purpose, self._to_sign.detail.study
        form = study_form(study)
        form.addRow(label(purpose.by, "muted"), two_lines(self._badge.display_name, purpose.as_what))
        report = self._to_sign.report
        if report is not None and report.preliminary_by and report.preliminary_by != self._badge.user:
            at = clock(report.preliminary_at) if report.preliminary_at else ""
            form.addRow(label("Prepared by", "muted"), two_lines(report.preliminary_by, at))
        if self._to_sign.addendum is None:
            form.addRow(label("AI text", "muted"), self.untouched)
        return form

    def _lay_out(self, form: QFormLayout) -> None:
        area = QScrollArea()
        area.setAccessibleName("List of objections")
        area.setWidget(self.entries)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setVisible(bool(self._objections))
        area.setMinimumHeight(min(_LIST_HEIGHT, 92 * len(self._objections)))
        proof = QFormLayout()
        proof.setHorizontalSpacing(18)
        proof.addRow(label("Prove it's you", "muted"), self.secret)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        top = QWidget()
        inside = QVBoxLayout(top)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(12)
        inside.addLayout(form)
        inside.addWidget(self.unseen)
        inside.addWidget(self.words)
        layout.addWidget(Scrolled(top, least=200), 2)
        layout.addWidget(self.weighed)
        layout.addWidget(area, 1)
        layout.addLayout(proof)
        layout.addWidget(self.problem)
        layout.addLayout(button_row(self.cancel, self.confirm))

    def _weigh(self) -> None:
        """Say what still stands; only then is there anything to sign."""
        standing = self._to_sign.ledger.standing(self._objections)
        if not self._objections:
            words, tone = "Nothing was found to object to.", "good"
        elif not standing:
            words, tone = "Every objection is overruled; the reasons go into the audit trail.", "good"
        elif any(not one.overrulable for one in standing):
            words, tone = "An objection stands that nobody can overrule.", "bad"
        elif len(standing) == 1:
            words, tone = "One objection stands. Correct the text, or overrule it with a reason.", "attention"
        else:
            words = f"{len(standing)} objections stand. Correct the text, or overrule each with a reason."
            tone = "attention"
        self.weighed.setText(words)
        with_tone(self.weighed, tone)
        self._may_confirm = not standing
        self._set_asking(is_asking=self._is_asking)

    def _set_asking(self, *, is_asking: bool) -> None:
        """While the request is being written there is nothing to press: it can't be taken back."""
        self._is_asking = is_asking
        self.confirm.setEnabled(self._may_confirm and not is_asking)
        self.cancel.setEnabled(not is_asking)
        self.entries.setEnabled(not is_asking)

    def reject(self) -> None:
        """Close without a request; not while one is being written."""
        if not self._is_asking:
            super().reject()

    def _on_show(self, objection: Objection) -> None:
        if not objection.places:
            return
        place, cursor = objection.places[0], self.words.textCursor()
        cursor.setPosition(position_of(self._text, place.start))
        cursor.setPosition(position_of(self._text, place.end), QTextCursor.MoveMode.KeepAnchor)
        self.words.setTextCursor(cursor)
        self.words.setFocus()

    def _on_sign(self) -> None:
        if not self.confirm.isEnabled():
            return
        secret, is_pin = self.secret.take(), self.secret.is_pin
        if not secret:
            what = "PIN" if is_pin else "password"
            self.problem.say(f"Type your {what} {self._to_sign.purpose.prompt}.")
            return
        badge, to_sign = self._badge, self._to_sign
        overruled = to_sign.ledger.overruled(self._objections)
        looked_at = tuple(sorted(to_sign.ledger.looked_at))
        self._set_asking(is_asking=True)
        self.problem.say("")

        def work() -> int:
            proved = self._desk.reenter(badge, secret, is_pin=is_pin)
            if to_sign.purpose is HAND_ON:
                return self._desk.hand_on(
                    proved, to_sign.detail, self._text, overruled=overruled, looked_at=looked_at
                )
            return self._desk.sign(
                proved,
                to_sign.detail,
                self._text,
                addendum=to_sign.addendum,
                overruled=overruled,
                looked_at=looked_at,
            )

        def done(request_id: int) -> None:
            self.request_id = request_id
            self.accept()

        self._tasks.in_store(self, work, done, self._on_failed)

    def _on_failed(self, error: UserFacingError) -> None:
        self.problem.say(error.sentence)
        if self.secret.is_pin:
            self.secret.set_badge(self._badge)  # a PIN that is used up is asked for no more
        self._set_asking(is_asking=False)
        self.secret.box.setFocus()


def study_form(study: StudyRow) -> QFormLayout:
    """Return the rows that name patient and study."""
    form = QFormLayout()
    form.setHorizontalSpacing(18)
    form.setVerticalSpacing(8)
    identity = study.identity
    form.addRow(
        label("Patient", "muted"),
        two_lines(person_name(identity.patient_name), patient_line(identity, study.study_date)),
    )
    facts = (study.study_description, study.view, study_moment(study))
    form.addRow(
        label("Study", "muted"),
        two_lines(
            " · ".join(part for part in facts if part),
            f"Accession number {identity.accession_number or '(none)'}",
        ),
    )
    return form


def two_lines(first: str, second: str) -> QWidget:
    """Return a heading with a muted line under it."""
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(1)
    layout.addWidget(label(first, "heading", wraps=True))
    layout.addWidget(label(second, "muted", wraps=True))
    return made


def button_row(*made: QWidget) -> QHBoxLayout:
    """Return buttons at the right end of a row."""
    row = QHBoxLayout()
    row.addStretch(1)
    for entry in made:
        row.addWidget(entry, 0, Qt.AlignmentFlag.AlignRight)
    return row


def _unseen_sentence(films: int) -> str:
    if not films:
        return ""
    words = "film of this study hasn't" if films == 1 else "films of this study haven't"
    return f"{films} {words} been on the screen yet."
