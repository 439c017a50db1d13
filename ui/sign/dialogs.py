"""The one confirmation before a sign request. Whether a report becomes signed is decided by the node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFormLayout, QFrame, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from llmcxr_ws.domain import ReportRow
from llmcxr_ws.guards import Facts, Objection, objections
from llmcxr_ws.identity import canonical_text
from llmcxr_ws.reading import StudyDetail
from ui.desk import Badge, Desk
from ui.guards.entries import Entries
from ui.guards.ledger import Ledger
from ui.language import mark, tr
from ui.report.changes import count_origins
from ui.report.text import position_of
from ui.scrolling import Scrolled
from ui.sign.proof import ProofDialog, study_form, two_lines
from ui.tasks import Tasks
from ui.text import clock
from ui.theme import px
from ui.widgets import Banner, label, with_tone

_LIST_HEIGHT, _ENTRY_HEIGHT = 220, 100


@dataclass(frozen=True)
class Purpose:
    """What a confirmation is for, in words that go through `tr` when they are shown."""

    title: str
    by: str
    as_what: str
    confirm: str
    prompts: tuple[str, str]


SIGN = Purpose(
    title=mark("Sign the report"),
    by=mark("Signed by"),
    as_what=mark("as a final report, sent to the PACS by the node"),
    confirm=mark("Sign"),
    prompts=(mark("Type your password to sign."), mark("Type your PIN to sign.")),
)
HAND_ON = Purpose(
    title=mark("Hand to an attending reader"),
    by=mark("Written by"),
    as_what=mark("as a preliminary report; an attending reader checks and signs it"),
    confirm=mark("Hand on"),
    prompts=(mark("Type your password to hand it on."), mark("Type your PIN to hand it on.")),
)
ADDENDUM = Purpose(
    title=mark("Sign the addendum"),
    by=mark("Signed by"),
    as_what=mark("as an addendum; the signed report stays as it is"),
    confirm=mark("Sign"),
    prompts=(mark("Type your password to sign."), mark("Type your PIN to sign.")),
)


@dataclass(frozen=True)
class ToSign:
    """What the reader has before him when he signs.

    `ledger` holds what was ticked off and set aside beside the editor; `addendum` is signed instead of the report.
    `compared` are the films of other studies that stood beside the one that was read.
    """

    detail: StudyDetail
    text: str
    films_unseen: int
    purpose: Purpose = SIGN
    addendum: ReportRow | None = None
    ledger: Ledger = field(default_factory=Ledger)
    compared: tuple[str, ...] = ()

    @property
    def report(self) -> ReportRow | None:
        """What is signed."""
        return self.addendum or self.detail.report

    def first_of(self, user: str) -> tuple[str, ...]:
        """What the signer, and who prepared the report, wrote before they saw the draft."""
        writers = (user, self.report.preliminary_by if self.report is not None else "")
        return self.detail.first_of(*writers)

    @property
    def facts(self) -> Facts:
        """What the guards know of it."""
        report = self.report
        return Facts() if report is None else self.detail.facts(report, self.ledger.looked_at)


def untouched_sentence(ai_text: str, text: str, first: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return how many AI sentences go out unedited, in words, and the tone to say it in.

    `first` holds what was written before the draft was seen: nobody took that over from the AI.
    """
    origins = count_origins(ai_text, text, first)
    if origins.ai_kept == 0:
        return tr("No sentence is the AI's own, unedited."), "good"
    if origins.ai_kept == origins.total == 1:
        return tr("The one sentence is the AI's own, unedited."), "attention"
    words = tr(
        "%n of {total} sentence(s) are the AI's own, unedited.", "", origins.ai_kept, total=origins.total
    )
    return words, "attention"


class SignDialog(ProofDialog):
    """Names patient, study, untouched AI sentences and objections; asks for a proof; writes the request."""

    def __init__(self, parent: QWidget, tasks: Tasks, desk: Desk, badge: Badge, to_sign: ToSign) -> None:
        purpose = to_sign.purpose
        super().__init__(
            parent,
            tasks,
            desk,
            badge,
            tr(purpose.title),
            confirm=tr(purpose.confirm),
            prompts=(tr(purpose.prompts[0]), tr(purpose.prompts[1])),
            width=560,
        )
        self._to_sign = to_sign
        self._text = canonical_text(to_sign.text)
        self._objections = objections(self._text, to_sign.facts)
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
            to_sign.first_of(self._badge.user),
        )
        self.untouched.setText(words)
        with_tone(self.untouched, tone)
        self.words = QPlainTextEdit(self._text)
        self.words.setReadOnly(True)
        self.words.setAccessibleName(tr("Text to be signed"))
        self.words.setMinimumHeight(px(90))
        self.words.setMaximumHeight(px(130))
        self.unseen = Banner("attention", "failed", name=tr("Films not looked at"))
        self.unseen.say(_unseen_sentence(to_sign.films_unseen))
        self.entries = Entries(lambda: to_sign.ledger, may_show=True)
        self.entries.show_objections(self._objections, may_decide=True)
        self.entries.show_wanted.connect(self._on_show)
        self.entries.decided.connect(self._weigh)
        self.weighed = label(wraps=True)
        self.weighed.setAccessibleName(tr("Objections"))

    def _form(self) -> QFormLayout:
        purpose, study = self._to_sign.purpose, self._to_sign.detail.study
        form = study_form(study)
        form.addRow(label(tr(purpose.by), "muted"), two_lines(self._badge.display_name, tr(purpose.as_what)))
        report = self._to_sign.report
        if report is not None and report.preliminary_by and report.preliminary_by != self._badge.user:
            at = clock(report.preliminary_at) if report.preliminary_at else ""
            form.addRow(label(tr("Prepared by"), "muted"), two_lines(report.preliminary_by, at))
        if self._to_sign.addendum is None:
            form.addRow(label(tr("AI text"), "muted"), self.untouched)
        return form

    def _lay_out(self, form: QFormLayout) -> None:
        area = QScrollArea()
        area.setAccessibleName(tr("List of objections"))
        area.setWidget(self.entries)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setVisible(bool(self._objections))
        area.setMinimumHeight(min(_LIST_HEIGHT, _ENTRY_HEIGHT * len(self._objections)))
        proof = QFormLayout()
        proof.setHorizontalSpacing(18)
        proof.addRow(label(tr("Prove it's you"), "muted"), self.secret)
        top = QWidget()
        inside = QVBoxLayout(top)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(12)
        inside.addLayout(form)
        inside.addWidget(self.unseen)
        inside.addWidget(self.words, 1)
        self.inside.addWidget(Scrolled(top, least=200), 1)
        self.inside.addWidget(self.weighed)
        self.inside.addWidget(area, 1)
        self.inside.addLayout(proof)
        self._end()

    def _weigh(self) -> None:
        """Say what still stands; only then is there anything to sign."""
        standing = self._to_sign.ledger.standing(self._objections)
        if not self._objections:
            words, tone = tr("Nothing was found to object to."), "good"
        elif not standing:
            words, tone = tr("Every objection is overruled; the reasons go into the audit trail."), "good"
        elif any(not one.overrulable for one in standing):
            words, tone = tr("An objection stands that nobody can overrule."), "bad"
        elif len(standing) == 1:
            words = tr("One objection stands. Correct the text, or overrule it with a reason.")
            tone = "attention"
        else:
            words = tr(
                "{count} objections stand. Correct the text, or overrule each with a reason.",
                count=len(standing),
            )
            tone = "attention"
        self.weighed.setText(words)
        with_tone(self.weighed, tone)
        self._may_confirm = not standing
        self._set_asking(is_asking=self._is_asking)

    def _set_asking(self, *, is_asking: bool) -> None:
        super()._set_asking(is_asking=is_asking)
        self.entries.setEnabled(not is_asking)

    def _on_show(self, objection: Objection) -> None:
        if not objection.places:
            return
        place, cursor = objection.places[0], self.words.textCursor()
        cursor.setPosition(position_of(self._text, place.start))
        cursor.setPosition(position_of(self._text, place.end), QTextCursor.MoveMode.KeepAnchor)
        self.words.setTextCursor(cursor)
        self.words.setFocus()

    def _request(self) -> Callable[[Badge], int]:
        to_sign, text, desk = self._to_sign, self._text, self._desk
        overruled = to_sign.ledger.overruled(self._objections)
        looked_at = tuple(sorted(to_sign.ledger.looked_at))

        def write(proved: Badge) -> int:
            if to_sign.purpose is HAND_ON:
                return desk.hand_on(proved, to_sign.detail, text, overruled=overruled, looked_at=looked_at)
            return desk.sign(
                proved,
                to_sign.detail,
                text,
                addendum=to_sign.addendum,
                overruled=overruled,
                looked_at=looked_at,
                compared=to_sign.compared,
            )

        return write


def _unseen_sentence(films: int) -> str:
    return tr("%n film(s) of this study haven't been on the screen yet.", "", films) if films else ""
