"""All that a reader's window, or the demonstration in its place, reads and writes.

A window writes edits, questions, its hold on a study, and requests; never an outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmcxr_ws import guards
from llmcxr_ws.domain import (
    DeliveryRow,
    DrawingRow,
    FirstReadingRow,
    InstanceRow,
    MapRow,
    OtherStudy,
    QuestionRow,
    ReportRow,
    RequestRow,
    RetractionPlan,
    RoundTrip,
    ServiceRow,
    StudyRow,
)
from llmcxr_ws.errors import AccessError, ImagingError, StoreError
from llmcxr_ws.guards import Facts, Overruling
from llmcxr_ws.identity import UnlockedKey, canonical_text, text_sha256, unlock
from llmcxr_ws.prior_report import SR_CLASSES, Paragraph, PriorReport, read_report
from llmcxr_ws.rejections import OTHER, words_of
from llmcxr_ws.retraction import MAX_WORDS, REASONS
from llmcxr_ws.sent_back import MAX_WORDS as SENT_BACK_WORDS
from llmcxr_ws.states import ReportState, StudyState
from llmcxr_ws.store import (
    accounts,
    addenda,
    audit,
    configuration,
    deliveries,
    drawings,
    first_readings,
    holds,
    maps,
    others,
    preferences,
    questions,
    reporting_again,
    reports,
    requests,
    retracting,
    services,
    studies,
)
from llmcxr_ws.store.database import Database

SUGGESTED_QUESTIONS = (
    "Is there a pneumonia?",
    "Is there a pleural effusion?",
    "Is there an infiltration?",
    "Is there pulmonary edema?",
    "What does this film show?",
)


@dataclass(frozen=True)
class StudyDetail:
    """Everything about one study that a window shows."""

    study: StudyRow
    instances: tuple[InstanceRow, ...]
    report: ReportRow | None
    versions: tuple[ReportRow, ...]
    questions: tuple[QuestionRow, ...]
    requests: tuple[RequestRow, ...]
    deliveries: tuple[DeliveryRow, ...]
    first_readings: tuple[FirstReadingRow, ...] = ()
    # Whether the site hides a draft until its reader has written an own impression.
    reader_first: bool = False
    # Whether an earlier study of the patient is at hand, with which the reader may compare.
    has_earlier: bool = False
    # Received instances of the study on their way to other peers.
    forwards: tuple[DeliveryRow, ...] = ()

    @property
    def addenda(self) -> tuple[ReportRow, ...]:
        """The addenda to the present report, oldest first, the one being written too; refused ones left out."""
        return tuple(
            row
            for row in self.versions
            if row.kind == "addendum"
            and self.report is not None
            and row.amends_id == self.report.id
            and row.state is not ReportState.REFUSED
        )

    def first_of(self, *users: str) -> tuple[str, ...]:
        """What these people wrote before they saw a draft of this study."""
        return tuple(row.text for row in self.first_readings if row.user in users)

    def facts(self, report: ReportRow, looked_at: Iterable[str] = ()) -> Facts:
        """What the guards know of one of this study's reports, as the node will see it."""
        return guards.facts_of(
            self.study, report, self.instances, has_prior=self.has_earlier, looked_at=looked_at
        )


def log_in(db: Database, name: str, password: str) -> UnlockedKey:
    """Open a user's key.

    Raises
    ------
    AccessError
        Name or password is wrong, or the user is disabled.
    """
    account = accounts.account(db, name)
    if account is None:  # the name isn't kept: it may be a password, typed into the wrong field
        audit.note(db, actor="unknown", event="user.log_in_failed")
        raise AccessError("The user name or the password is wrong.", what_to_do="Try again.")
    try:
        key = unlock(account, password)
    except AccessError:
        audit.note(db, actor=name, event="user.log_in_failed")
        raise
    audit.note(db, actor=name, event="user.logged_in")
    return key


def worklist(db: Database, *, since: int = 0, limit: int | None = None) -> list[StudyRow]:
    """Rows that changed after sequence number `since`; remember the largest `updated_seq` for the next call.

    Parameters
    ----------
    limit : int, optional
        No more rows than this; where there are more, the next call gives them.
    """
    return studies.worklist(db, since=since, limit=limit)


def read_first_by(db: Database, user: str) -> frozenset[int]:
    """Ids of the studies of which this person wrote an own impression before seeing the draft."""
    return first_readings.studies_read_first(db, user)


def open_study(db: Database, study_id: int) -> StudyDetail:
    """Everything about one study, in its present state."""
    study = studies.study_row(db, study_id)
    leaving = deliveries.deliveries_of(db, study_id)
    return StudyDetail(
        study=study,
        instances=tuple(studies.instances_of(db, study_id)),
        report=reports.current_report(db, study_id),
        versions=tuple(reports.versions(db, study_id)),
        questions=tuple(questions.questions_of(db, study_id)),
        requests=tuple(requests.requests_of(db, study_id)),
        deliveries=tuple(row for row in leaving if not row.is_forwarded),
        forwards=tuple(row for row in leaving if row.is_forwarded),
        first_readings=tuple(first_readings.first_readings_of(db, study_id)),
        has_earlier=studies.has_earlier(db, study),
    )


def other_studies(db: Database, study_id: int) -> tuple[OtherStudy, ...]:
    """The other studies of the same patient, the latest first."""
    return tuple(others.studies_of_same_patient(db, study_id))


def prior_reports(db: Database, other: OtherStudy, path_of: Callable[[str], Path]) -> tuple[PriorReport, ...]:
    """What was reported of another study: the text that was signed here, else the SRs that came with it.

    One that can't be read is left out; the study's images are there all the same. So is a report that was retracted
    here.

    Parameters
    ----------
    path_of : callable
        Gives the file of a relative path of the object store.
    """
    current = other.study.report_id
    signed = [
        row
        for row in reports.versions(db, other.study.id)
        if row.state is ReportState.SIGNED and current in (row.id, row.amends_id)
    ]
    if other.study.state is StudyState.RETRACTED:
        return ()
    if signed:
        return tuple(
            PriorReport((Paragraph("", row.signed_text),), "signed", row.signed_by, f"{row.signed_at:%Y%m%d}")
            for row in signed
        )
    found = []
    for row in other.instances:
        if row.sop_class_uid in SR_CLASSES and not row.defect:
            with suppress(ImagingError):
                found.append(read_report(path_of(row.path)))
    return tuple(report for report in found if report is not None)


def hold(db: Database, study_id: int, *, user: str, take_over: bool = False) -> None:
    """Take a study for reading.

    Raises
    ------
    AccessError
        Somebody else holds it and `take_over` wasn't said.
    """
    holds.take(db, study_id, user=user, take_over=take_over)


def let_go(db: Database, study_id: int, *, user: str) -> None:
    """Give a held study back; an addendum that was begun there and left empty goes with it."""
    holds.release(db, study_id, user=user)


def save_edit(db: Database, report_id: int, *, user: str, text: str) -> int:
    """Autosave; give the id of the version it was saved to (a newer one may have come meanwhile)."""
    return reports.save_edit(db, report_id, user=user, text=text)


def unlock_draft(db: Database, report_id: int, *, user: str, text: str) -> None:
    """Keep the reader's own impression and show the draft for it; both are logged.

    Raises
    ------
    StoreError
        There is no text yet, or no draft any more.
    """
    first_readings.unlock(db, report_id, user=user, text=text)


def ask(db: Database, study_id: int, *, user: str, text: str) -> int:
    """Put a question about the film; give its id. Its answer grows while it is written."""
    return questions.ask(db, study_id, user=user, text=text)


def question(db: Database, question_id: int) -> QuestionRow:
    """A question with as much of its answer as there is."""
    return questions.question(db, question_id)


def ask_map(db: Database, report_id: int, sentence: str) -> MapRow:
    """Ask on which part of the film a sentence of the draft rests; the map comes by itself."""
    return maps.ask(db, report_id, sentence=sentence)


def map_by_id(db: Database, map_id: int) -> MapRow:
    """A map in its present state."""
    return maps.map_by_id(db, map_id)


def round_trip_of(db: Database, report_id: int) -> RoundTrip | None:
    """How alike the film and one drawn from its draft are; None where that was not made."""
    return drawings.round_trip_of(db, report_id)


def ask_drawing(
    db: Database,
    study_id: int,
    *,
    user: str,
    text: str,
    seed: int | None = None,
    report_id: int | None = None,
) -> DrawingRow:
    """Ask for a synthetic film that shows a text, for teaching."""
    made = drawings.ask(db, study_id, user=user, text=text, seed=seed, report_id=report_id)
    return drawings.drawing(db, made)


def drawing(db: Database, drawing_id: int) -> DrawingRow:
    """A drawing in its present state."""
    return drawings.drawing(db, drawing_id)


def drawings_of(db: Database, study_id: int) -> list[DrawingRow]:
    """The synthetic films that were drawn from texts of a study."""
    return drawings.drawings_of(db, study_id)


def may_sign(key: UnlockedKey) -> bool:
    """Whether the role of this key may sign reports."""
    return key.role == "reader"


def may_prepare(key: UnlockedKey) -> bool:
    """Whether the role of this key may hand a preliminary report to an attending reader."""
    return key.role in ("resident", "reader")


def request_signature(
    db: Database,
    key: UnlockedKey,
    detail: StudyDetail,
    text: str,
    *,
    addendum: ReportRow | None = None,
    overruled: Iterable[Overruling] = (),
    looked_at: Iterable[str] = (),
    compared: Iterable[str] = (),
) -> int:
    """Ask the node to sign what the reader has seen: this text, these instances, this identity.

    Parameters
    ----------
    addendum : ReportRow, optional
        Sign this addendum instead of the study's report.
    overruled : iterable of Overruling
        Objections of the guards that the reader sets aside, each with a reason; the node asks them again.
    looked_at : iterable of str
        Findings that the model can't judge and that the reader has looked for.
    compared : iterable of str
        SOP Instance UIDs of films of the patient's other studies that stood beside the one that was read; the
        document names them as pertinent other evidence.

    Raises
    ------
    AccessError
        The role doesn't sign.
    StoreError
        There is nothing to sign, a request is waiting already, or an objection stands.
    """
    if not may_sign(key):
        raise AccessError(f"The role '{key.role}' doesn't sign.", what_to_do="A reader signs.")
    report = addendum or detail.report
    payload = _wish(db, key, detail, report, text, overruled, looked_at)
    payload["compared"] = sorted(set(compared))
    return requests.submit(
        db, key, kind="sign", payload=payload, study_id=detail.study.id, report_id=payload["report_id"]
    )


def request_preliminary(
    db: Database,
    key: UnlockedKey,
    detail: StudyDetail,
    text: str,
    *,
    overruled: Iterable[Overruling] = (),
    looked_at: Iterable[str] = (),
) -> int:
    """Ask the node to hand the finished text to an attending reader, who countersigns it; as for a signature."""
    if not may_prepare(key):
        raise AccessError(
            f"The role '{key.role}' writes no reports.", what_to_do="A resident or a reader does."
        )
    payload = _wish(db, key, detail, detail.report, text, overruled, looked_at)
    return requests.submit(
        db, key, kind="preliminary", payload=payload, study_id=detail.study.id, report_id=payload["report_id"]
    )


def request_send_back(db: Database, key: UnlockedKey, report: ReportRow, words: str) -> int:
    """Ask the node to give a preliminary report back to who prepared it.

    Parameters
    ----------
    words : str
        What should change, at most 300 characters; its author reads them on the worklist.

    Raises
    ------
    AccessError
        The role doesn't countersign.
    StoreError
        It isn't a preliminary report, or nothing is said.
    """
    if not may_sign(key):
        raise AccessError(f"The role '{key.role}' doesn't countersign.", what_to_do="A reader does.")
    if report.state is not ReportState.PRELIMINARY:
        raise StoreError(
            f"The report is '{report.state}'.", what_to_do="Only a preliminary one is sent back."
        )
    said = " ".join(words.split())
    if not said or len(said) > SENT_BACK_WORDS:
        raise StoreError(
            "A preliminary report is sent back with a reason.",
            what_to_do=f"Say in 1 to {SENT_BACK_WORDS} characters what should change.",
        )
    payload = {"report_id": report.id, "words": said}
    return requests.submit(
        db, key, kind="send_back", payload=payload, study_id=report.study_id, report_id=report.id
    )


def _wish(
    db: Database,
    key: UnlockedKey,
    detail: StudyDetail,
    report: ReportRow | None,
    text: str,
    overruled: Iterable[Overruling],
    looked_at: Iterable[str],
) -> dict[str, Any]:
    """Save the text and say what was seen and set aside: the payload of a request about a report."""
    if report is None:
        raise StoreError("There is no report to sign.", what_to_do="Wait for the draft.")
    if not canonical_text(text):
        raise StoreError("An empty report can't be signed.", what_to_do="Write at least an impression.")
    waiting = [row for row in requests.requests_of(db, detail.study.id) if row.state == "waiting"]
    if any(row.kind in ("sign", "preliminary") for row in waiting):
        raise StoreError("A sign request is waiting already.", what_to_do="Wait for the node's answer.")
    report_id = save_edit(db, report.id, user=key.user, text=text)
    if report_id != report.id:
        raise StoreError(
            "A newer version of the draft came; the text is kept in it.", what_to_do="Look and sign again."
        )
    return {
        "study_instance_uid": detail.study.study_instance_uid,
        "report_id": report.id,
        "report_version": report.version,
        "text": canonical_text(text),
        "text_sha256": text_sha256(text),
        "instances": sorted(row.sop_instance_uid for row in detail.instances),
        "identity": asdict(detail.study.identity),
        "overruled": guards.to_payload(overruled),
        "looked_at": sorted(set(looked_at)),
    }


def begin_addendum(db: Database, study_id: int, *, user: str) -> int:
    """Hold a signed study and begin an addendum to its report, or go on with the one that is begun.

    Gives its report's id for `save_edit`. One that is left empty goes when the study is given back.
    """
    return addenda.begin(db, study_id, user=user)


def report_again(db: Database, study_id: int, *, user: str) -> int:
    """Begin a new report on a study whose signed one was retracted, and hold it; the new report's id."""
    report_id = reporting_again.begin(db, study_id, user=user)
    hold(db, study_id, user=user)
    return report_id


def retraction_plan(db: Database, study_id: int) -> RetractionPlan:
    """What a retraction of this study's report would do now: what is taken back where, and how.

    Raises
    ------
    ConfigError
        The site document in force can't be read.
    """
    return retracting.plan(db, study_id, configuration.load_site(db))


def request_retraction(
    db: Database, key: UnlockedKey, detail: StudyDetail, code: str, words: str = ""
) -> int:
    """Ask the node to withdraw a signed report at every destination that holds something of it.

    Parameters
    ----------
    code : str
        A key of :data:`llmcxr_ws.retraction.REASONS`.
    words : str
        More about it, at most 300 characters; required where the reason says so.

    Raises
    ------
    AccessError
        The role doesn't sign, and so doesn't retract.
    StoreError
        Nothing is signed, or the reason doesn't do.
    """
    if not may_sign(key):
        raise AccessError(f"The role '{key.role}' doesn't retract.", what_to_do="A reader does.")
    if detail.report is None or detail.study.state not in (StudyState.SIGNED, StudyState.CONFIRMED):
        raise StoreError(
            f"The study is '{detail.study.state}'.", what_to_do="Only a signed report can be retracted."
        )
    reason = REASONS.get(code)
    if reason is None:
        raise StoreError(f"The reason '{code}' is unknown.", what_to_do=f"Reasons are {', '.join(REASONS)}.")
    if len(words.strip()) > MAX_WORDS or (reason.needs_words and not words.strip()):
        raise StoreError(
            f"The words to the reason '{code}' are missing or longer than {MAX_WORDS} characters.",
            what_to_do="Say in a sentence why the report is withdrawn.",
        )
    payload = {
        "study_instance_uid": detail.study.study_instance_uid,
        "report_id": detail.report.id,
        "identity": asdict(detail.study.identity),
        "reason_code": code,
        "words": words.strip(),
    }
    return requests.submit(
        db, key, kind="retract", payload=payload, study_id=detail.study.id, report_id=detail.report.id
    )


def request_rejection(
    db: Database, key: UnlockedKey, report: ReportRow, reason: str, reason_code: str = OTHER
) -> int:
    """Ask the node to reject a draft, with a code of `llmcxr_ws.rejections` and the reason in words."""
    if report.state not in (ReportState.DRAFT, ReportState.WITHHELD):
        raise StoreError(f"The report is '{report.state}'.", what_to_do="Only a draft can be rejected.")
    if not reason.strip():
        raise StoreError(
            "A rejection without a reason was refused.", what_to_do="Say what is wrong with the draft."
        )
    if words_of(reason_code) is None:
        raise StoreError(
            f"The reason code '{reason_code}' is unknown.", what_to_do="Choose one from the list."
        )
    payload = {"reason": reason.strip(), "reason_code": reason_code, "report_id": report.id}
    return requests.submit(
        db, key, kind="reject", payload=payload, study_id=report.study_id, report_id=report.id
    )


def gate_reports(db: Database, study_id: int) -> dict[int, tuple[str, ...]]:
    """What the gate found in each refused version of a study's reports, by report id."""
    return audit.gate_reports(db, study_id)


def request_resend(db: Database, key: UnlockedKey, delivery: DeliveryRow) -> int:
    """Ask the node to send a dead or held delivery again."""
    payload = {"delivery": delivery.id}
    return requests.submit(db, key, kind="resend", payload=payload, study_id=delivery.study_id)


def preferences_of(db: Database, user: str) -> dict[str, dict[str, Any]]:
    """Everything that a person set for the own window, by name."""
    return preferences.preferences_of(db, user)


def set_preference(db: Database, user: str, name: str, value: dict[str, Any]) -> None:
    """Keep one setting of a person's window."""
    preferences.set_preference(db, user, name, value)


def running(db: Database) -> list[ServiceRow]:
    """Which processes there are, for the status bar."""
    return services.running(db)
