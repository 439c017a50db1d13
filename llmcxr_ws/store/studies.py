"""Studies and their instances: arrival, settlement after the quiet time, and the worklist's rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select, update
from sqlalchemy.orm import Session, aliased

from llmcxr_ws import jobs
from llmcxr_ws.completeness import Verdict
from llmcxr_ws.domain import Arrival, Identity, InstanceRow, Recorded, StudyRow
from llmcxr_ws.errors import StoreError
from llmcxr_ws.states import REPORTED, Actor, ReportState, StudyState
from llmcxr_ws.store import audit, signals, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Document, Instance, Prior, Report, Study
from llmcxr_ws.store.types import db_now

_OPEN_AGAIN = {StudyState.COMPLETE, StudyState.EXCLUDED, StudyState.FAILED, StudyState.DRAFTED}
_Other = aliased(Instance)


@dataclass(frozen=True)
class DueStudy:
    """A study with instances that no decision has looked at yet."""

    id: int
    state: StudyState
    source_peer: str
    quiet_for_s: float
    instances: tuple[InstanceRow, ...]
    study_instance_uid: str = ""
    is_prior: bool = False
    last_instance_at: datetime = datetime.min
    # What a film was chosen for already; empty before the first time.
    film_sop_instance_uid: str = ""


def known_instance(db: Database, SOPInstanceUID: str) -> InstanceRow | None:
    """The instance of that UID, when it was received before."""
    with db.read() as session:
        row = session.scalar(select(Instance).where(Instance.sop_instance_uid == SOPInstanceUID))
        return instance_row(row) if row else None


def indexed_paths(db: Database) -> set[str]:
    """Relative paths of every indexed file, for the reconciliation with the object store."""
    with db.read() as session:
        return set(session.scalars(select(Instance.path)))


def record_arrival(db: Database, arrival: Arrival) -> Recorded:
    """Index one received instance and open its study for reception again where that is due.

    A sound instance takes the place of a defective one with the same UID. An instance of the same bytes is no
    news. What to do with different bytes under a known UID is decided by the caller before.

    Raises
    ------
    StoreError
        A sound instance of that UID belongs to another study.
    """
    with db.write() as session:
        return record_in(session, arrival)


def record_in(session: Session, arrival: Arrival) -> Recorded:
    """As :func:`record_arrival`, inside the caller's write transaction; nothing is written when it raises."""
    known = session.scalar(select(Instance).where(Instance.sop_instance_uid == arrival.sop_instance_uid))
    study = session.scalar(select(Study).where(Study.study_instance_uid == arrival.study_instance_uid))
    if known is not None:
        same = known.sha256 == arrival.sha256 != ""
        if same or arrival.defect:
            return Recorded(study_id=known.study_id, new=False)
        if (study is None or known.study_id != study.id) and not known.defect:
            raise StoreError(
                "The instance belongs to another study already.",
                what_to_do="Have the sender correct its SOP Instance UID.",
            )
    if study is None:
        study = _new_study(session, arrival)
    if known is None:
        known = Instance(study_id=study.id, sop_instance_uid=arrival.sop_instance_uid)
        session.add(known)
    _fill_instance(known, study.id, arrival)
    _take_up_prior(session, study)
    _note_arrival(session, study, arrival.sop_instance_uid)
    audit.append(
        session,
        actor=Actor.NODE,
        event="instance.received" if not arrival.defect else "instance.defective",
        study_id=study.id,
        peer=arrival.source_peer,
        bytes=arrival.size,
    )
    return Recorded(study_id=study.id, new=True)


def note_hashes(db: Database, hashes: Mapping[str, str]) -> None:
    """Fill in the SHA-256 of instances by their UID; the listener leaves it to whoever has the time."""
    with db.write() as session:
        for uid, sha256 in hashes.items():
            session.execute(
                update(Instance)
                .where(Instance.sop_instance_uid == uid, Instance.sha256 == "")
                .values(sha256=sha256)
            )


def note_returned(db: Database, SOPInstanceUID: str, file_stamp: str = "") -> None:
    """A purged instance was sent once more and is kept again; its time here begins anew."""
    with db.write() as session:
        row = session.scalar(select(Instance).where(Instance.sop_instance_uid == SOPInstanceUID))
        if row is None:
            return
        row.file_stamp = file_stamp
        if row.purged_at is None:
            return
        row.purged_at = None
        session.execute(update(Document).where(Document.instance_id == row.id).values(purged_at=None))
        row.received_at = session.execute(select(db_now())).scalar_one()
        study = get_study(session, row.study_id)
        audit.append(session, actor=Actor.NODE, event="instance.returned", study_id=study.id)
        transitions.touch(session, study)


def note_changed(db: Database, SOPInstanceUID: str, *, path: str, defect: str) -> None:
    """A received file isn't what was received any more: as a defective one it stands here until it is sent again.

    Parameters
    ----------
    path : str
        Where what is left of it lies now.
    defect : str
        What happened to it, in a sentence.
    """
    with db.write() as session:
        row = session.scalar(select(Instance).where(Instance.sop_instance_uid == SOPInstanceUID))
        if row is None or row.defect:
            return
        row.path, row.defect, row.sha256, row.file_stamp = path, defect, "", ""
        study = get_study(session, row.study_id)
        audit.append(
            session,
            actor=Actor.NODE,
            event="instance.changed",
            study_id=study.id,
            quarantine=path,
            reason=defect,
        )
        transitions.touch(session, study)


def note_sent_again(db: Database, SOPInstanceUID: str) -> None:
    """A known instance came again: a study that failed is looked at, and drafted, once more. Otherwise no news."""
    with db.read() as session:
        if _failed_study_of(session, SOPInstanceUID) is None:
            return
    with db.write() as session:
        study = _failed_study_of(session, SOPInstanceUID)
        if study is not None:
            _note_arrival(session, study, SOPInstanceUID)


def _take_up_prior(session: Session, study: Study) -> None:
    """What comes of a prior without having been asked for is sent to be read: its study is work from now on."""
    if study.is_prior and not _is_awaited(session, study.study_instance_uid):
        study.is_prior = False
        audit.append(session, actor=Actor.NODE, event="study.prior_taken_up", study_id=study.id)


def _is_awaited(session: Session, StudyInstanceUID: str) -> bool:
    """Whether what comes of a study was asked for, to compare with (`store.priors` says when)."""
    found = select(Prior.id).where(
        Prior.study_instance_uid == StudyInstanceUID, Prior.state.in_(["wanted", "fetching"])
    )
    return session.scalar(found.limit(1)) is not None


def look_again(session: Session, study: Study) -> None:
    """A person wants a failed study taken up once more: the node looks at its images again and queues its draft.

    Raises
    ------
    TransitionError
        The study didn't fail.
    """
    study.instances_assessed = min(study.instances_assessed, _count(session, study.id) - 1)
    transitions.reopen_study(session, study)


def _instance_count() -> ScalarSelect[int]:
    counted = select(func.count(Instance.id)).where(Instance.study_id == Study.id)
    return counted.correlate(Study).scalar_subquery()


# Made once, for they are asked all the time.
_UNASSESSED: Final = select(Study).where(
    Study.state.not_in([StudyState.COMPLETE, StudyState.DRAFTING, *REPORTED]),
    _instance_count() > Study.instances_assessed,
)
_AWAITING: Final = select(Study).where(
    Study.awaits_images.is_(True), _instance_count() <= Study.instances_assessed
)
_NOW: Final = select(db_now())


def due_studies(db: Database) -> list[DueStudy]:
    """Studies that hold instances nobody has assessed, with the seconds since the last one came."""
    return _due(db, _UNASSESSED)


def awaiting_studies(db: Database) -> list[DueStudy]:
    """Studies that are settled, and of which more images are expected: drafted early, or announced afterwards."""
    return _due(db, _AWAITING)


def _due(db: Database, wanted: Select[Study]) -> list[DueStudy]:
    with db.read() as session:
        now = session.execute(_NOW).scalar_one()
        found = session.scalars(wanted).all()
        instances: dict[int, list[InstanceRow]] = {study.id: [] for study in found}
        if found:
            rows = select(Instance).where(Instance.study_id.in_(list(instances))).order_by(Instance.id)
            for row in session.scalars(rows):
                instances[row.study_id].append(instance_row(row))
        return [
            DueStudy(
                id=study.id,
                state=StudyState(study.state),
                source_peer=study.source_peer,
                quiet_for_s=(now - study.last_instance_at).total_seconds(),
                instances=tuple(instances[study.id]),
                study_instance_uid=study.study_instance_uid,
                is_prior=study.is_prior,
                last_instance_at=study.last_instance_at,
                film_sop_instance_uid=study.film_sop_instance_uid,
            )
            for study in found
        ]


def note_completeness(db: Database, due: DueStudy, verdict: Verdict) -> bool:
    """Keep what a study waits for, or why it counts as complete; True where that is news."""
    with db.write() as session:
        study = get_study(session, due.id)
        study.awaits_images = study.awaits_images and not verdict.is_complete
        return signals.note_completeness(session, study, verdict)


def settle_film(
    db: Database,
    due: DueStudy,
    film_sop_instance_uid: str,
    *,
    verdict: Verdict | None = None,
    priority: int = 0,
) -> bool:
    """A film was chosen: complete the study and queue its draft in one transaction.

    A study in review keeps its state; its draft gets a new version and the window says that images came late.
    Gives False, and changes nothing, when an instance arrived meanwhile.

    Parameters
    ----------
    verdict : Verdict, optional
        Why it counts as complete; one that isn't complete drafts it early, and more images are expected.
    priority : int
        The draft's among the work of engines; the higher, the sooner.
    """
    with db.write() as session:
        study = _still_due(session, due)
        if study is None:
            return False
        _take_up(session, study, due)
        if study.state == StudyState.RECEIVING:
            transitions.complete_study(session, study, film_sop_instance_uid)
        else:
            study.film_sop_instance_uid = film_sop_instance_uid
            study.late_images = True
            transitions.touch(session, study)
        _note_verdict(session, study, verdict)
        uids = [row.sop_instance_uid for row in due.instances]
        queue_draft(session, study, film_sop_instance_uid, uids, priority=priority)
        return True


def settle_without_film(
    db: Database, due: DueStudy, *, code: str, sentence: str, failed: bool, verdict: Verdict | None = None
) -> bool:
    """No film fits: end in `excluded`, or in `failed` when reception itself went wrong."""
    with db.write() as session:
        study = _still_due(session, due)
        if study is None:
            return False
        _take_up(session, study, due)
        _note_verdict(session, study, verdict)
        if study.state == StudyState.IN_REVIEW:
            study.late_images = True
            transitions.touch(session, study)
            return True
        transitions.withdraw_current(session, study, Actor.NODE)
        if failed:
            transitions.fail_study(session, study, Actor.NODE, code, sentence)
        else:
            transitions.exclude_study(session, study, Actor.NODE, code, sentence)
        return True


def _note_verdict(session: Session, study: Study, verdict: Verdict | None) -> None:
    if verdict is not None:
        study.awaits_images = not verdict.is_complete
        signals.note_completeness(session, study, verdict)


def queue_draft(
    session: Session, study: Study, film_sop_instance_uid: str, instances: Iterable[str], *, priority: int = 0
) -> int:
    """Queue a draft of one film; the same film among the same instances is queued once."""
    uids = sorted(instances)
    key = hashlib.sha256("\n".join([film_sop_instance_uid, *uids]).encode()).hexdigest()
    payload = {"film": film_sop_instance_uid, "instances": uids}
    return jobs.enqueue(
        session, kind="draft", study_id=study.id, input_key=key, payload=payload, priority=priority
    )


def instances_of(db: Database, study_id: int) -> list[InstanceRow]:
    """All instances of a study, defective ones included, in the order of arrival."""
    with db.read() as session:
        return instances_in(session, study_id)


def worklist(db: Database, *, since: int = 0, limit: int | None = None) -> list[StudyRow]:
    """Studies whose row changed after sequence number `since`, in the order of change; the first `limit` of them.

    Priors, which are nobody's work, aren't among them.
    """
    with db.read() as session:
        return _study_rows(session, (Study.updated_seq > since) & Study.is_prior.is_(False), limit)


def study_row(db: Database, study_id: int) -> StudyRow:
    """One study.

    Raises
    ------
    StoreError
        There is none with this id.
    """
    with db.read() as session:
        return row_in(session, study_id)


def row_in(session: Session, study_id: int) -> StudyRow:
    """One study's worklist row, inside the caller's transaction."""
    rows = _study_rows(session, Study.id == study_id)
    if not rows:
        raise StoreError(f"There is no study with id {study_id}.")
    return rows[0]


def find_study(db: Database, *, accession_number: str = "", study_instance_uid: str = "") -> StudyRow | None:
    """The newest study with that accession number or Study Instance UID."""
    column, value = (
        (Study.study_instance_uid, study_instance_uid)
        if study_instance_uid
        else (Study.accession_number, accession_number)
    )
    with db.read() as session:
        rows = _study_rows(session, column == value)
    return rows[-1] if rows else None


def has_earlier_in(session: Session, study: StudyRow) -> bool:
    """Whether an earlier study of the same patient is at hand, with which a reader may compare."""
    identity = study.identity
    if not identity.patient_id.strip():
        return False
    before = (study.study_date, study.study_time)
    rows = session.execute(
        select(Study.issuer_of_patient_id, Study.study_date, Study.study_time).where(
            Study.patient_id == identity.patient_id, Study.id != study.id, Study.study_date != ""
        )
    )
    return any(
        (date, time) < before
        and (not issuer or not identity.issuer_of_patient_id or issuer == identity.issuer_of_patient_id)
        for issuer, date, time in rows
    )


def has_earlier(db: Database, study: StudyRow) -> bool:
    """As :func:`has_earlier_in`, in a transaction of its own."""
    with db.read() as session:
        return has_earlier_in(session, study)


def get_study(session: Session, study_id: int) -> Study:
    """The row itself, for the store's own functions."""
    study = session.get(Study, study_id)
    if study is None:
        raise StoreError(f"There is no study with id {study_id}.")
    return study


def _new_study(session: Session, arrival: Arrival) -> Study:
    identity = arrival.identity
    study = Study(
        study_instance_uid=arrival.study_instance_uid,
        state=StudyState.RECEIVING,
        patient_id=identity.patient_id,
        issuer_of_patient_id=identity.issuer_of_patient_id,
        patient_name=identity.patient_name,
        patient_birth_date=identity.patient_birth_date,
        patient_sex=identity.patient_sex,
        accession_number=identity.accession_number,
        study_date=arrival.study_date,
        study_time=arrival.study_time,
        study_description=arrival.study_description,
        referring_physician=arrival.referring_physician,
        source_peer=arrival.source_peer,
        is_prior=_is_awaited(session, arrival.study_instance_uid),
    )
    session.add(study)
    session.flush()
    return study


def _fill_instance(row: Instance, study_id: int, arrival: Arrival) -> None:
    row.study_id = study_id
    row.series_instance_uid = arrival.series_instance_uid
    row.sop_class_uid = arrival.sop_class_uid
    row.transfer_syntax_uid = arrival.transfer_syntax_uid
    row.path, row.size, row.sha256 = arrival.path, arrival.size, arrival.sha256
    row.facts, row.defect, row.source_peer = arrival.facts, arrival.defect, arrival.source_peer
    row.routed, row.file_stamp = False, arrival.file_stamp


def _note_arrival(session: Session, study: Study, SOPInstanceUID: str) -> None:
    study.last_instance_at = session.execute(select(db_now())).scalar_one()
    # A resend that heals a defective instance doesn't change the count, yet must be looked at again.
    study.instances_assessed = min(study.instances_assessed, _count(session, study.id) - 1)
    if study.state in _OPEN_AGAIN:
        transitions.reopen_study(session, study)
    elif study.state in REPORTED and not _was_reported(session, study, SOPInstanceUID):
        study.needs_addendum = True
    transitions.touch(session, study)


def _failed_study_of(session: Session, SOPInstanceUID: str) -> Study | None:
    return session.scalar(
        select(Study)
        .join(Instance, Instance.study_id == Study.id)
        .where(Instance.sop_instance_uid == SOPInstanceUID, Study.state == StudyState.FAILED)
    )


def _was_reported(session: Session, study: Study, SOPInstanceUID: str) -> bool:
    """Whether the report speaks of the instance already: then only its index row had been lost."""
    report = session.get(Report, study.current_report_id) if study.current_report_id else None
    return report is not None and SOPInstanceUID in report.instances


def _count(session: Session, study_id: int) -> int:
    session.flush()
    return session.scalar(select(func.count(Instance.id)).where(Instance.study_id == study_id)) or 0


def _still_due(session: Session, due: DueStudy) -> Study | None:
    study = get_study(session, due.id)
    present = {_version(row) for row in instances_in(session, due.id)}
    seen = {_version(row) for row in due.instances}
    return study if present == seen and study.state == due.state else None


def _version(row: InstanceRow) -> tuple[str, str, int, str]:
    """What changes when a sound instance takes a defective one's place; its hash may come later than itself."""
    return row.sop_instance_uid, row.path, row.size, row.defect


def _take_up(session: Session, study: Study, due: DueStudy) -> None:
    study.instances_assessed = len(due.instances)
    if study.state in _OPEN_AGAIN:  # images came while an engine was at work
        transitions.reopen_study(session, study)


def instances_in(session: Session, study_id: int) -> list[InstanceRow]:
    """All instances of a study, inside the caller's transaction."""
    rows = session.scalars(select(Instance).where(Instance.study_id == study_id).order_by(Instance.id))
    return [instance_row(row) for row in rows]


def instance_row(row: Instance) -> InstanceRow:
    """An instance's row as a dataclass."""
    return InstanceRow(
        sop_instance_uid=row.sop_instance_uid,
        series_instance_uid=row.series_instance_uid,
        sop_class_uid=row.sop_class_uid,
        transfer_syntax_uid=row.transfer_syntax_uid,
        path=row.path,
        size=row.size,
        sha256=row.sha256,
        defect=row.defect,
        facts=row.facts,
        purged_at=row.purged_at,
        file_stamp=row.file_stamp,
    )


def identity_of(study: Study) -> Identity:
    """The identity that the study's header carried when it arrived."""
    return Identity(
        patient_id=study.patient_id,
        issuer_of_patient_id=study.issuer_of_patient_id,
        patient_name=study.patient_name,
        patient_birth_date=study.patient_birth_date,
        patient_sex=study.patient_sex,
        accession_number=study.accession_number,
    )


def _study_rows(session: Session, condition: ColumnElement[bool], limit: int | None = None) -> list[StudyRow]:
    counted = _instance_count()
    purged = (
        select(func.max(_Other.purged_at))
        .where(_Other.study_id == Study.id)
        .correlate(Study)
        .scalar_subquery()
    )
    statement = (
        select(Study, Report, Instance.facts, counted, purged)
        .outerjoin(Report, Report.id == Study.current_report_id)
        .outerjoin(Instance, Instance.sop_instance_uid == Study.film_sop_instance_uid)
        .where(condition)
        .order_by(Study.updated_seq)
        .limit(limit)
    )
    return [_row(*found) for found in session.execute(statement)]


def _ordered(study: Study, facts: dict[str, object]) -> dict[str, str]:
    """What is known of the order: the film's header goes before the worklist."""
    words: dict[str, str] = dict(study.ordered.get("words", {}))
    said = {
        "ReasonForTheRequestedProcedure": facts.get("indication"),
        "RequestedProcedurePriority": facts.get("requested_priority"),
    }
    return words | {keyword: str(value) for keyword, value in said.items() if value}


def _row(
    study: Study,
    report: Report | None,
    facts: dict[str, object] | None,
    instances: int,
    purged_at: datetime | None,
) -> StudyRow:
    guard = (report.evidence.get("guard") if report else None) or {}
    ordered = _ordered(study, facts or {})
    return StudyRow(
        id=study.id,
        study_instance_uid=study.study_instance_uid,
        state=StudyState(study.state),
        reason_code=study.reason_code,
        reason=study.reason,
        needs_addendum=study.needs_addendum,
        late_images=study.late_images,
        identity=identity_of(study),
        study_date=study.study_date,
        study_time=study.study_time,
        study_description=study.study_description,
        referring_physician=study.referring_physician,
        source_peer=study.source_peer,
        film_sop_instance_uid=study.film_sop_instance_uid,
        view=str((facts or {}).get("view", "")),
        completeness=study.completeness,
        ordered=ordered,
        is_prior=study.is_prior,
        received_at=study.received_at,
        last_instance_at=study.last_instance_at,
        instances=instances,
        report_id=report.id if report else None,
        report_state=ReportState(report.state) if report else None,
        confidence=report.confidence if report else None,
        drafted_at=report.created_at if report else None,
        held_by=study.held_by,
        held_at=study.held_at,
        updated_seq=study.updated_seq,
        requested_priority=ordered.get("RequestedProcedurePriority", "").upper(),
        film_abnormal=guard.get("abnormal"),
        guard_disagrees=guard.get("agreement") == "disagrees",
        purged_at=purged_at,
    )
