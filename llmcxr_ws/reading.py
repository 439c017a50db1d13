"""All that a reader's window, or the demonstration in its place, reads and writes.

A window writes edits, questions, its hold on a study, and requests; never an outcome.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from llmcxr_ws.domain import (
    DeliveryRow,
    DrawingRow,
    InstanceRow,
    MapRow,
    QuestionRow,
    ReportRow,
    RequestRow,
    RoundTrip,
    ServiceRow,
    StudyRow,
)
from llmcxr_ws.errors import AccessError, StoreError
from llmcxr_ws.identity import UnlockedKey, canonical_text, text_sha256, unlock
from llmcxr_ws.states import ReportState
from llmcxr_ws.store import (
    accounts,
    deliveries,
    drawings,
    holds,
    maps,
    preferences,
    questions,
    reports,
    requests,
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


def log_in(db: Database, name: str, password: str) -> UnlockedKey:
    """Open a user's key.

    Raises
    ------
    AccessError
        Name or password is wrong, or the user is disabled.
    """
    account = accounts.account(db, name)
    if account is None:
        raise AccessError("The user name or the password is wrong.", what_to_do="Try again.")
    return unlock(account, password)


def worklist(db: Database, *, since: int = 0) -> list[StudyRow]:
    """Rows that changed after sequence number `since`; remember the largest `updated_seq` for the next call."""
    return studies.worklist(db, since=since)


def open_study(db: Database, study_id: int) -> StudyDetail:
    """Everything about one study, in its present state."""
    return StudyDetail(
        study=studies.study_row(db, study_id),
        instances=tuple(studies.instances_of(db, study_id)),
        report=reports.current_report(db, study_id),
        versions=tuple(reports.versions(db, study_id)),
        questions=tuple(questions.questions_of(db, study_id)),
        requests=tuple(requests.requests_of(db, study_id)),
        deliveries=tuple(deliveries.deliveries_of(db, study_id)),
    )


def hold(db: Database, study_id: int, *, user: str, take_over: bool = False) -> None:
    """Take a study for reading.

    Raises
    ------
    AccessError
        Somebody else holds it and `take_over` wasn't said.
    """
    holds.take(db, study_id, user=user, take_over=take_over)


def let_go(db: Database, study_id: int, *, user: str) -> None:
    """Give a held study back."""
    holds.release(db, study_id, user=user)


def save_edit(db: Database, report_id: int, *, user: str, text: str) -> int:
    """Autosave; give the id of the version it was saved to (a newer one may have come meanwhile)."""
    return reports.save_edit(db, report_id, user=user, text=text)


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


def request_signature(db: Database, key: UnlockedKey, detail: StudyDetail, text: str) -> int:
    """Ask the node to sign what the reader has seen: this text, these instances, this identity.

    Raises
    ------
    AccessError
        The role doesn't sign.
    StoreError
        There is nothing to sign, or a request is waiting already.
    """
    if not may_sign(key):
        raise AccessError(f"The role '{key.role}' doesn't sign.", what_to_do="A reader signs.")
    report = detail.report
    if report is None:
        raise StoreError("There is no report to sign.", what_to_do="Wait for the draft.")
    if not canonical_text(text):
        raise StoreError("An empty report can't be signed.", what_to_do="Write at least an impression.")
    if any(r.kind == "sign" and r.state == "waiting" for r in requests.requests_of(db, detail.study.id)):
        raise StoreError("A sign request is waiting already.", what_to_do="Wait for the node's answer.")
    report_id = save_edit(db, report.id, user=key.user, text=text)
    if report_id != report.id:
        raise StoreError(
            "A newer version of the draft came; the text is kept in it.", what_to_do="Look and sign again."
        )
    payload = {
        "study_instance_uid": detail.study.study_instance_uid,
        "report_id": report.id,
        "report_version": report.version,
        "text": canonical_text(text),
        "text_sha256": text_sha256(text),
        "instances": sorted(row.sop_instance_uid for row in detail.instances),
        "identity": asdict(detail.study.identity),
    }
    return requests.submit(
        db, key, kind="sign", payload=payload, study_id=detail.study.id, report_id=report.id
    )


def request_rejection(db: Database, key: UnlockedKey, report: ReportRow, reason: str) -> int:
    """Ask the node to reject a draft, with the reason."""
    if report.state not in (ReportState.DRAFT, ReportState.WITHHELD):
        raise StoreError(f"The report is '{report.state}'.", what_to_do="Only a draft can be rejected.")
    if not reason.strip():
        raise StoreError(
            "A rejection without a reason was refused.", what_to_do="Say what is wrong with the draft."
        )
    payload = {"reason": reason.strip(), "report_id": report.id}
    return requests.submit(
        db, key, kind="reject", payload=payload, study_id=report.study_id, report_id=report.id
    )


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
