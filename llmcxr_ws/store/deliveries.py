"""The outbox: documents on their way to peers, until their storage is confirmed."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from llmcxr_ws.domain import DeidentifiedCopy, DeliveryRow, DocumentRow, ReportRow
from llmcxr_ws.errors import StoreError
from llmcxr_ws.outputs import KINDS, STAGES
from llmcxr_ws.site import SiteConfig
from llmcxr_ws.states import DeliveryState, ReportState, StudyState
from llmcxr_ws.store import transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import CommitmentResult, Delivery, Document, Report
from llmcxr_ws.store.reports import document_row
from llmcxr_ws.store.studies import get_study
from llmcxr_ws.store.types import db_now

HELD_BY = "Held by "
"""How the message of a delivery begins that a person keeps from leaving."""

_SENT_AGAIN = (
    DeliveryState.DEAD,
    DeliveryState.HELD,
    DeliveryState.IDENTIFYING,
    DeliveryState.CONFIRMED,
)
_ARRIVED = (DeliveryState.STORED, DeliveryState.CONFIRMED)
# What a report leaves behind at peers, and what a retraction takes back.
_MAY_LEAVE = (ReportState.DRAFT, ReportState.PRELIMINARY, ReportState.SIGN_PENDING)


def plan(session: Session, document: Document, site: SiteConfig) -> int:
    """Queue a document for every peer that the output matrix names; give their number.

    An addendum goes where signed reports go.
    """
    kind = "signed" if document.kind == "addendum" else document.kind
    moment = STAGES.get(document.stage)
    targets = [
        (rule.to, rule.required) for rule in site.outputs if rule.document == kind and rule.moment == moment
    ]
    queue(session, document, targets)
    return len(targets)


def queue_for_holders(session: Session, note: Document, withdrawn_id: int) -> int:
    """Queue a note for every peer that holds the document it withdraws, or may; give their number."""
    targets = [(peer, False) for peer in sorted(holders(session, withdrawn_id))]
    queue(session, note, targets)
    return len(targets)


def holders(session: Session, document_id: int) -> dict[str, bool]:
    """The destinations that hold a document, or may; each with whether that is certain."""
    rows = session.execute(
        select(Delivery.peer, Delivery.state).where(Delivery.document_id == document_id, _may_hold())
    )
    return {row.peer: row.state in _ARRIVED for row in rows}


def queue(session: Session, document: Document, targets: list[tuple[str, bool]]) -> None:
    """Queue a document for destinations; each with whether the study's confirmation asks for it."""
    for peer, required in targets:
        session.add(
            Delivery(document_id=document.id, study_id=document.study_id, peer=peer, required=required)
        )
    session.flush()


def due_deliveries(db: Database) -> list[DeliveryRow]:
    """Queued deliveries of built documents whose pause is over, oldest first."""
    with db.read() as session:
        return delivery_rows(
            session,
            Delivery.state == DeliveryState.QUEUED,
            Delivery.run_after <= db_now(),
            Document.path != "",
        )


def unbuilt(db: Database) -> list[DeliveryRow]:
    """Queued deliveries, due, of documents that are still to be built."""
    with db.read() as session:
        return delivery_rows(
            session,
            Delivery.state == DeliveryState.QUEUED,
            Delivery.run_after <= db_now(),
            Document.path == "",
        )


def deliveries_of(db: Database, study_id: int) -> list[DeliveryRow]:
    """A study's deliveries, oldest first."""
    with db.read() as session:
        return delivery_rows(session, Delivery.study_id == study_id)


def dead_deliveries(db: Database) -> list[DeliveryRow]:
    """Deliveries that a person must look at."""
    with db.read() as session:
        return delivery_rows(session, Delivery.state == DeliveryState.DEAD)


def requeue_interrupted(db: Database) -> int:
    """At start: what was being sent when the process died has an unknown outcome; queue it again."""
    with db.write() as session:
        rows = session.scalars(select(Delivery).where(Delivery.state == DeliveryState.SENDING)).all()
        for row in rows:
            row.outcome_unknown = True
            transitions.requeue_delivery(session, row, "The node stopped while it was being sent.")
        return len(rows)


def begin(db: Database, delivery_id: int) -> None:
    """Mark a delivery as being sent, durably, before the first byte leaves."""
    with db.write() as session:
        transitions.begin_sending(session, _get(session, delivery_id))


def stored(db: Database, delivery_id: int) -> None:
    """The peer holds the document."""
    with db.write() as session:
        transitions.store_delivery(session, _get(session, delivery_id))


def failed(
    db: Database, delivery_id: int, *, message: str, pause_s: float, unknown: bool, max_attempts: int
) -> bool:
    """A try didn't succeed: queue the next, or set the delivery aside as dead; True when another try follows."""
    with db.write() as session:
        row = _get(session, delivery_id)
        row.outcome_unknown = row.outcome_unknown or unknown
        if row.attempts >= max_attempts:
            transitions.bury_delivery(session, row, message)
            return False
        transitions.requeue_delivery(session, row, message)
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(run_after=db_now(pause_s)))
        return True


def not_arrived(db: Database, delivery_id: int) -> None:
    """The peer was asked and doesn't hold it: the outcome of the earlier try is known now."""
    with db.write() as session:
        _get(session, delivery_id).outcome_unknown = False


def withdraw(db: Database, delivery_id: int, *, message: str) -> None:
    """Hold a queued delivery that nobody wants any more."""
    with db.write() as session:
        transitions.hold_delivery(session, _get(session, delivery_id), message)


def refused(db: Database, delivery_id: int, *, message: str, faults: Iterable[str] = ()) -> None:
    """The peer, or the gate, will never take it: set it aside with the reason, and with all that the gate found."""
    with db.write() as session:
        row = _get(session, delivery_id)
        row.faults = list(faults)
        transitions.bury_delivery(session, row, message)


def withheld(db: Database, delivery_id: int, *, message: str) -> None:
    """De-identified, it would still say who the patient is: it stays here with the reason, which quotes nothing."""
    with db.write() as session:
        transitions.withhold_delivery(session, _get(session, delivery_id), message)


def copied(db: Database, delivery_id: int, copy: DeidentifiedCopy) -> DeliveryRow:
    """Write down which de-identified copy is sent in the document's place; give the delivery as it is now."""
    with db.write() as session:
        row = _get(session, delivery_id)
        row.copy_path, row.copy_sha256 = copy.path, copy.sha256
        row.copy_sop_instance_uid = copy.sop_instance_uid
        row.copy_series_instance_uid = copy.series_instance_uid
        session.flush()
        return delivery_rows(session, Delivery.id == delivery_id)[0]


def is_copy(db: Database, path: str) -> bool:
    """Whether a delivery sends the file at a relative path as its de-identified copy."""
    with db.read() as session:
        return session.scalar(select(Delivery.id).where(Delivery.copy_path == path).limit(1)) is not None


def original_of(db: Database, delivery_id: int) -> tuple[str, str]:
    """Path and SHA-256 of the document that a delivery's copy is made of."""
    with db.read() as session:
        document = session.get_one(Document, _get(session, delivery_id).document_id)
        return document.path, document.sha256


def unconfirmed(db: Database) -> list[DeliveryRow]:
    """Deliveries that are stored and wait for a confirmation."""
    with db.read() as session:
        return delivery_rows(session, Delivery.state == DeliveryState.STORED)


def note_commitment_asked(db: Database, delivery_ids: Iterable[int], transaction_uid: str) -> None:
    """Remember under which transaction a peer was asked to commit; before it is asked."""
    with db.write() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(list(delivery_ids)))
            .values(transaction_uid=transaction_uid, commitment_asked_at=db_now())
        )


def record_commitment(
    db: Database, transaction_uid: str, committed: Iterable[str], failed_uids: dict[str, int]
) -> None:
    """Keep what a peer answered (N-EVENT-REPORT, PS3.4 J.3.3); the courier draws the conclusion."""
    with db.write() as session:
        for uid in committed:
            session.add(CommitmentResult(transaction_uid=transaction_uid, sop_instance_uid=uid))
        for uid, reason in failed_uids.items():
            session.add(
                CommitmentResult(transaction_uid=transaction_uid, sop_instance_uid=uid, failure_reason=reason)
            )


def commitment_result(db: Database, delivery: DeliveryRow) -> tuple[bool, int | None]:
    """Whether an answer to the commitment request is here, and its failure reason (None: committed)."""
    with db.read() as session:
        row = session.scalars(
            select(CommitmentResult)
            .where(
                CommitmentResult.transaction_uid == delivery.transaction_uid,
                CommitmentResult.sop_instance_uid == delivery.sop_instance_uid,
            )
            .order_by(CommitmentResult.id.desc())
        ).first()
        return (True, row.failure_reason) if row else (False, None)


def confirm(db: Database, delivery_id: int, *, by: str) -> None:
    """Storage is confirmed; the study with it when this was the last required delivery."""
    with db.write() as session:
        row = _get(session, delivery_id)
        transitions.confirm_delivery(session, row, by)
        confirm_study_if_all(session, row.study_id)


def confirm_study_if_all(session: Session, study_id: int) -> None:
    """Confirm a signed study once every required delivery of it is confirmed."""
    study = get_study(session, study_id)
    if study.state == StudyState.SIGNED and all_confirmed(session, study.id):
        transitions.confirm_study(session, study)


def lost_by_peer(db: Database, delivery_id: int, *, message: str, pause_s: float = 0.0) -> None:
    """The peer says that it doesn't hold what it took: send it again after a pause."""
    with db.write() as session:
        row = _get(session, delivery_id)
        transitions.requeue_delivery(session, row, message)
        row.transaction_uid, row.commitment_asked_at = "", None
        session.flush()
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(run_after=db_now(pause_s)))


def resend(session: Session, delivery_id: int) -> None:
    """Let a dead or held delivery go again, with all its tries; or a confirmed one, which its peer has lost.

    The peer of a confirmed one is asked first, as after a lost answer: it may hold it still. Until it is confirmed
    anew the study counts as signed.

    Raises
    ------
    StoreError
        It is on its way already, or it is a draft whose report has moved on.
    """
    row = _get(session, delivery_id)
    if row.state not in _SENT_AGAIN:
        raise StoreError(
            f"The delivery is '{row.state}'.",
            what_to_do="Only a dead, held, withheld or confirmed one is sent again.",
        )
    if is_withdrawn_in(session, row):
        raise StoreError(
            "The report was retracted or has moved on.", what_to_do="The document isn't sent any more."
        )
    if _is_replaced(session, row):
        raise StoreError(
            "A newer version of this report went, or goes, in its place.", what_to_do="Send that one again."
        )
    was_confirmed = row.state == DeliveryState.CONFIRMED
    transitions.requeue_delivery(session, row, "Sent again on request.")
    row.attempts, row.faults = 0, []
    if was_confirmed:
        row.outcome_unknown, row.transaction_uid, row.commitment_asked_at = True, "", None
        study = get_study(session, row.study_id)
        if study.state == StudyState.CONFIRMED and not all_confirmed(session, study.id):
            transitions.unconfirm_study(session, study)
    session.flush()
    session.execute(update(Delivery).where(Delivery.id == delivery_id).values(run_after=db_now()))


def _is_replaced(session: Session, row: Delivery) -> bool:
    """Whether a later message of the same report is for the same destination: this one would undo it there."""
    document = session.get_one(Document, row.document_id)
    if document.kind not in KINDS or KINDS[document.kind].way == "dicom":
        return False
    newer = (
        select(Delivery.id)
        .join(Document, Delivery.document_id == Document.id)
        .where(
            Delivery.study_id == row.study_id,
            Delivery.peer == row.peer,
            Document.kind == document.kind,
            Document.id > document.id,
        )
    )
    return session.scalars(newer).first() is not None


def hold(session: Session, delivery_id: int, *, by: str) -> None:
    """Keep a queued delivery from leaving until somebody lets it go.

    Raises
    ------
    TransitionError
        It isn't queued.
    """
    transitions.hold_delivery(session, _get(session, delivery_id), f"{HELD_BY}{by}.")


def hasten(session: Session, delivery_id: int) -> None:
    """Try a queued delivery now instead of after its pause.

    Raises
    ------
    StoreError
        It isn't queued.
    """
    row = _get(session, delivery_id)
    if row.state != DeliveryState.QUEUED:
        raise StoreError(f"The delivery is '{row.state}'.", what_to_do="Only a queued one is hastened.")
    session.execute(update(Delivery).where(Delivery.id == delivery_id).values(run_after=db_now()))


def sent_draft(session: Session, report: ReportRow) -> DocumentRow | None:
    """The draft document of this version, when at least one peer holds it."""
    row = session.scalars(
        select(Document)
        .join(Delivery, Delivery.document_id == Document.id)
        .where(Document.report_id == report.id, Document.kind == "draft", Delivery.state.in_(_ARRIVED))
    ).first()
    return document_row(row) if row else None


def signed_document(session: Session, report_id: int) -> DocumentRow | None:
    """The signed document of a report."""
    row = session.scalars(
        select(Document).where(Document.report_id == report_id, Document.kind == "signed")
    ).first()
    return document_row(row) if row else None


def is_in_doubt(session: Session, study_id: int) -> bool:
    """Whether it isn't known of a document of the study's reports who holds it."""
    row = session.scalars(
        select(Delivery.id)
        .join(Document, Delivery.document_id == Document.id)
        .where(
            Delivery.study_id == study_id,
            Document.stage != "",
            (Delivery.state == DeliveryState.SENDING)
            | ((Delivery.state == DeliveryState.QUEUED) & Delivery.outcome_unknown),
        )
    ).first()
    return row is not None


def held_documents(session: Session, study_id: int) -> list[DocumentRow]:
    """Documents of the study's reports that a peer holds, or may, and that no note has withdrawn yet."""
    noted = select(Document.report_id).where(Document.study_id == study_id, Document.kind == "rejection")
    retracted = select(Document.report_id).where(Document.study_id == study_id, Document.kind == "retraction")
    rows = session.scalars(
        select(Document)
        .where(
            Document.study_id == study_id,
            Document.stage != "",
            (Document.stage != "draft") | Document.report_id.not_in(noted),
            Document.report_id.not_in(retracted),
            Document.id.in_(select(Delivery.document_id).where(_may_hold())),
        )
        .order_by(Document.id)
    )
    return [document_row(row) for row in rows]


def hold_everything(session: Session, study_id: int, message: str) -> None:
    """Keep what hasn't left yet of a study's reports from leaving; rejection notes still go."""
    rows = session.scalars(
        select(Delivery)
        .join(Document, Delivery.document_id == Document.id)
        .where(
            Delivery.study_id == study_id,
            Document.stage != "",
            Delivery.state == DeliveryState.QUEUED,
        )
    ).all()
    for row in rows:
        transitions.hold_delivery(session, row, message)


def draft_on_its_way(session: Session, report: ReportRow) -> bool:
    """Whether a draft of this version is being sent at this moment."""
    row = session.scalars(
        select(Delivery.id)
        .join(Document, Delivery.document_id == Document.id)
        .where(
            Document.report_id == report.id, Document.kind == "draft", Delivery.state == DeliveryState.SENDING
        )
    ).first()
    return row is not None


def hold_drafts(session: Session, report_id: int, message: str) -> None:
    """Keep drafts that haven't left yet from leaving after the report was signed or rejected.

    One that may have arrived stays queued: the outbox finds out first, and lets it go no further then.
    """
    rows = session.scalars(
        select(Delivery)
        .join(Document, Delivery.document_id == Document.id)
        .where(
            Document.report_id == report_id,
            Document.stage == "draft",
            Delivery.state == DeliveryState.QUEUED,
            Delivery.outcome_unknown.is_(False),
        )
    ).all()
    for row in rows:
        transitions.hold_delivery(session, row, message)


def is_withdrawn(db: Database, delivery_id: int) -> bool:
    """Whether a delivery's report was retracted, or is a draft that was signed, rejected or replaced."""
    with db.read() as session:
        return is_withdrawn_in(session, _get(session, delivery_id))


def is_retracted(db: Database, delivery_id: int) -> bool:
    """Whether the report that a delivery's document belongs to was retracted, also where a new one is written."""
    with db.read() as session:
        return _is_retracted(session, _get(session, delivery_id))


def _is_retracted(session: Session, row: Delivery) -> bool:
    document = session.get_one(Document, row.document_id)
    if not document.stage:
        return False
    study = get_study(session, row.study_id)
    if study.state == StudyState.RETRACTED:
        return True
    # A signed report is only ever followed by another one after it was retracted.
    report = session.get_one(Report, document.report_id)
    return document.stage != "draft" and study.current_report_id not in (report.id, report.amends_id)


def is_withdrawn_in(session: Session, row: Delivery) -> bool:
    """The same, inside a transaction."""
    if session.get_one(Document, row.document_id).report_id is None:
        return False  # of no report: a received instance on its way
    if _is_retracted(session, row):
        return True
    found = session.execute(
        select(Document.stage, Report.state)
        .join(Report, Document.report_id == Report.id)
        .where(Document.id == row.document_id)
    ).one()
    return found.stage == "draft" and found.state not in _MAY_LEAVE


def all_confirmed(session: Session, study_id: int) -> bool:
    """Whether every required delivery of the study's signed documents is confirmed, and there is one.

    Those of a report that was retracted before don't count.
    """
    session.flush()
    current = get_study(session, study_id).current_report_id
    states = session.scalars(
        select(Delivery.state)
        .join(Document, Delivery.document_id == Document.id)
        .join(Report, Document.report_id == Report.id)
        .where(
            Delivery.study_id == study_id,
            Delivery.required,
            Document.stage.in_(("signed", "addendum")),
            (Report.id == current) | (Report.amends_id == current),
        )
    ).all()
    return bool(states) and all(state == DeliveryState.CONFIRMED for state in states)


def _may_hold() -> ColumnElement[bool]:
    """The peer holds the document, or may: a try of unknown outcome may have arrived."""
    return Delivery.state.in_(_ARRIVED) | Delivery.outcome_unknown


def _get(session: Session, delivery_id: int) -> Delivery:
    row = session.get(Delivery, delivery_id)
    if row is None:
        raise StoreError(f"There is no delivery with id {delivery_id}.")
    return row


def delivery_rows(
    session: Session, *conditions: ColumnElement[bool], most: int | None = None
) -> list[DeliveryRow]:
    """The deliveries that fit conditions on Delivery and Document, oldest first; at most so many."""
    statement = (
        select(Delivery, Document)
        .join(Document, Delivery.document_id == Document.id)
        .where(*conditions)
        .order_by(Delivery.id)
        .limit(most)
    )
    return [
        DeliveryRow(
            id=row.id,
            document_id=document.id,
            study_id=row.study_id,
            kind=document.kind,
            stage=document.stage,
            sop_class_uid=document.sop_class_uid,
            sop_instance_uid=row.copy_sop_instance_uid or document.sop_instance_uid,
            series_instance_uid=row.copy_series_instance_uid or document.series_instance_uid,
            path=row.copy_path or document.path,
            sha256=row.copy_sha256 or document.sha256,
            deidentified=bool(row.copy_path),
            peer=row.peer,
            required=row.required,
            state=DeliveryState(row.state),
            attempts=row.attempts,
            outcome_unknown=row.outcome_unknown,
            message=row.message,
            transaction_uid=row.transaction_uid,
            commitment_asked_at=row.commitment_asked_at,
            stored_at=row.stored_at,
            faults=tuple(map(str, row.faults)),
            deidentify=row.deidentify,
        )
        for row, document in session.execute(statement)
    ]
