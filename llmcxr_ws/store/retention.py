"""What may be purged now, what may not and why; and the purge itself, one study at a time.

Everything that is unsent, not confirmed, unsigned, held, dead or waits for somebody stays, whatever a rule says; it
is asked again inside the transaction that writes the purge. Rows stay, so that a study keeps its history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from llmcxr_ws.retention import RetentionRule
from llmcxr_ws.states import Actor, DeliveryState, ReportState, StudyState
from llmcxr_ws.store import audit, deliveries, transitions
from llmcxr_ws.store.comparing import why_compared
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import (
    Delivery,
    Document,
    Drawing,
    Instance,
    Job,
    QuarantineReview,
    Report,
    Request,
    SentenceMap,
    Study,
)
from llmcxr_ws.store.types import db_now

_UNSIGNED = (ReportState.DRAFT, ReportState.WITHHELD, ReportState.PRELIMINARY, ReportState.SIGN_PENDING)
_OF_TEXT = "label"
"""Work that reads the signed text and no film."""
_OPEN_JOBS = ("queued", "running", "held", "dead")
_HEADER_IS_ENOUGH = ("pdf", "capture", "synthetic")
"""Large kinds; a note that withdraws one names it and needs no more than its header."""
_DRAWN, _GONE = "drawn", "failed"
_OF_FILMS = ("films", "priors")
PURGED_DRAWING = "Its picture was purged by a retention rule."


Discard = Callable[[str], object]


@dataclass(frozen=True)
class Item:
    """Something of a study that a rule is about: its row, its files, their bytes; `why` says why it stays."""

    what: str
    study_id: int
    row_id: int
    paths: tuple[str, ...]
    bytes: int
    age_days: float
    why: str = ""
    uid: str = ""


def of_studies(
    db: Database,
    rule: RetentionRule,
    *,
    short: bool,
    sizes: dict[str, int] | None = None,
    limit: int | None = None,
    study_id: int | None = None,
) -> list[Item]:
    """Everything of studies that one rule is about, oldest study first, each with why it stays or nothing.

    Parameters
    ----------
    short : bool
        The disk is short: the rule's earlier limit holds.
    sizes : dict, optional
        Bytes of files by relative path, of those whose row doesn't know them.
    limit : int, optional
        Only studies that are old enough and in a state of the rule, until so many things may go.
    study_id : int, optional
        Only of this study.
    """
    with db.read() as session:
        now = session.execute(select(db_now())).scalar_one()
        found: list[Item] = []
        statement = select(Study).order_by(Study.last_instance_at, Study.id)
        if study_id is not None:
            statement = statement.where(Study.id == study_id)
        if limit is not None:
            before = now - timedelta(days=rule.days(short=short))
            old = Study.state.in_(rule.of_states) & (Study.last_instance_at < before)
            statement = statement.where(old, _has_rows(rule.what))
        if rule.what in _OF_FILMS:
            statement = statement.where(Study.is_prior.is_(rule.what == "priors"))
        for study in session.scalars(statement):
            if limit is not None and sum(not item.why for item in found) >= limit:
                break
            rows = list(_rows(session, rule.what, study.id))
            if not rows:
                continue
            age = (now - _settled_at(session, study)) / timedelta(days=1)
            why = _why_study_stays(session, rule, study, age, short=short)
            found += [_item(session, rule.what, row, study, age, why, sizes or {}) for row in rows]
        return found


def purge(
    db: Database, rule: RetentionRule, items: Sequence[Item], discard: Discard, *, short: bool
) -> list[Item]:
    """Purge what may go of one study, in one transaction with its audit row; give what went.

    Parameters
    ----------
    items : sequence of Item
        Of one study and one rule; each is judged once more.
    discard : callable
        Takes a file out of its place so that it can be put back; called inside the transaction.
    """
    with db.write() as session:
        study = session.get_one(Study, items[0].study_id)
        now = session.execute(select(db_now())).scalar_one()
        age = (now - _settled_at(session, study)) / timedelta(days=1)
        if rule.what in _OF_FILMS and study.is_prior is not (rule.what == "priors"):
            return []  # it has become work meanwhile
        if _why_study_stays(session, rule, study, age, short=short):
            return []
        present = {row.id: row for row in _rows(session, rule.what, study.id)}
        gone = []
        for item in items:
            row = present.get(item.row_id)
            if row is None or _why_row_stays(session, row, study):
                continue
            for path in _paths(session, row):
                discard(path)
            _mark(session, row, now)
            gone.append(item)
        if gone:
            audit.append(
                session,
                actor=Actor.NODE,
                event="retention.purged",
                study_id=study.id,
                what=rule.what,
                items=len(gone),
                bytes=sum(item.bytes for item in gone),
                age_days=round(age, 1),
                disk_short=short,
            )
            transitions.touch(session, study)
        return gone


def is_purged(db: Database, path: str) -> bool:
    """Whether the file at a relative path was purged: its row says so, or there is no row that needs it."""
    with db.read() as session:
        instance = session.scalar(select(Instance).where(Instance.path == path))
        if instance is not None:
            return instance.purged_at is not None
        document = session.scalar(select(Document).where(Document.path == path))
        if document is not None:
            return document.purged_at is not None
        copied = session.scalar(
            select(Document.purged_at)
            .join(Delivery, Delivery.document_id == Document.id)
            .where(Delivery.copy_path == path)
        )
        held = session.scalar(select(func.count(Delivery.id)).where(Delivery.copy_path == path))
        drawn = session.scalar(
            select(func.count(Drawing.id)).where(Drawing.path == path, Drawing.state == _DRAWN)
        )
        return copied is not None or not (held or drawn)


def note_file_purged(db: Database, what: str, paths: Sequence[str], size: int) -> None:
    """Write down that files without a row went: quarantine, spool, logs."""
    with db.write() as session:
        now = session.execute(select(db_now())).scalar_one()
        for row in (
            session.scalars(select(Instance).where(Instance.path.in_(paths))) if what == "quarantine" else ()
        ):
            row.purged_at = now
        audit.append(
            session, actor=Actor.NODE, event="retention.purged", what=what, items=len(paths), bytes=size
        )


def review(db: Database, paths: Sequence[str], *, by: str) -> int:
    """Write down that somebody looked at quarantined files; give how many of them were new."""
    with db.write() as session:
        known = set(session.scalars(select(QuarantineReview.path)))
        new = [path for path in dict.fromkeys(paths) if path not in known]
        session.add_all(QuarantineReview(path=path, reviewed_by=by) for path in new)
        if new:
            audit.append(session, actor=by, event="quarantine.reviewed", files=len(new))
        return len(new)


def reviewed(db: Database) -> frozenset[str]:
    """The quarantined files that somebody looked at, by relative path."""
    with db.read() as session:
        return frozenset(session.scalars(select(QuarantineReview.path)))


Row = Instance | Document | Drawing | SentenceMap


def _rows(session: Session, what: str, study_id: int) -> Iterator[Row]:
    if what in _OF_FILMS:
        yield from session.scalars(
            select(Instance)
            .where(Instance.study_id == study_id, Instance.purged_at.is_(None), Instance.defect == "")
            .order_by(Instance.id)
        )
    elif what in ("documents", "drafts"):
        of_draft = (Document.stage == "draft") | (Document.kind == "rejection")
        yield from session.scalars(
            select(Document)
            .where(
                Document.study_id == study_id,
                Document.purged_at.is_(None),
                Document.path.startswith("documents/"),  # a received file is a film's business
                of_draft if what == "drafts" else ~of_draft,
            )
            .order_by(Document.id)
        )
    elif what == "drawings":
        yield from session.scalars(
            select(Drawing).where(Drawing.study_id == study_id, Drawing.state == _DRAWN).order_by(Drawing.id)
        )
    else:
        yield from session.scalars(
            select(SentenceMap)
            .join(Report, SentenceMap.report_id == Report.id)
            .where(Report.study_id == study_id)
            .order_by(SentenceMap.id)
        )


def _has_rows(what: str) -> ColumnElement[bool]:
    """Whether anything of a study is still here that a rule may be about."""
    if what in _OF_FILMS:
        return exists().where(Instance.study_id == Study.id, Instance.purged_at.is_(None))
    if what in ("documents", "drafts"):
        return exists().where(Document.study_id == Study.id, Document.purged_at.is_(None))
    if what == "drawings":
        return exists().where(Drawing.study_id == Study.id, Drawing.state == _DRAWN)
    return exists().where(Report.study_id == Study.id, SentenceMap.report_id == Report.id)


def _item(
    session: Session, what: str, row: Row, study: Study, age: float, why: str, sizes: dict[str, int]
) -> Item:
    paths = _paths(session, row)
    size = row.size if isinstance(row, Instance) else sum(sizes.get(path, 0) for path in paths)
    return Item(
        what=what,
        study_id=study.id,
        row_id=row.id,
        paths=paths,
        bytes=size,
        age_days=age,
        why=why or _why_row_stays(session, row, study),
        uid=row.sop_instance_uid if isinstance(row, Instance | Document) else "",
    )


def _paths(session: Session, row: Row) -> tuple[str, ...]:
    if isinstance(row, Instance):
        return (
            row.path,
            *(path for document in _forwarded(session, row) for path in _copies(session, document)),
        )
    if isinstance(row, Document):
        return (row.path, *_copies(session, row))
    if isinstance(row, Drawing):
        others = session.scalar(
            select(func.count(Drawing.id)).where(
                Drawing.path == row.path, Drawing.id != row.id, Drawing.state == _DRAWN
            )
        )
        return () if others else (row.path,)
    return ()


def _copies(session: Session, document: Document) -> list[str]:
    """De-identified copies of a document, which go with it."""
    found = select(Delivery.copy_path).where(Delivery.document_id == document.id, Delivery.copy_path != "")
    return sorted(set(session.scalars(found)))


def _forwarded(session: Session, instance: Instance) -> list[Document]:
    """What stands for an instance in the outbox: the same file, and perhaps copies of it."""
    return list(session.scalars(select(Document).where(Document.instance_id == instance.id)))


def _mark(session: Session, row: Row, now: datetime) -> None:
    if isinstance(row, Instance):
        for document in _forwarded(session, row):
            document.purged_at = now
    if isinstance(row, SentenceMap):
        session.delete(row)
    elif isinstance(row, Drawing):
        row.state, row.error_text = _GONE, PURGED_DRAWING
    else:
        row.purged_at = now
    session.flush()


def _settled_at(session: Session, study: Study) -> datetime:
    """Since when nothing happened to a study: its last image, its last version, its last delivery."""
    moments = [
        study.last_instance_at,
        session.scalar(select(func.max(Instance.received_at)).where(Instance.study_id == study.id)),
        session.scalar(select(func.max(Report.created_at)).where(Report.study_id == study.id)),
        session.scalar(select(func.max(Report.signed_at)).where(Report.study_id == study.id)),
        session.scalar(select(func.max(Delivery.confirmed_at)).where(Delivery.study_id == study.id)),
    ]
    return max(moment for moment in moments if moment is not None)


def _why_study_stays(session: Session, rule: RetentionRule, study: Study, age: float, *, short: bool) -> str:
    if study.state not in rule.of_states:
        return f"its study is '{study.state}'"
    if study.held_by:
        return "somebody has its study open"
    counted = session.scalar(select(func.count(Instance.id)).where(Instance.study_id == study.id)) or 0
    if study.instances_assessed < counted:
        return "nobody has looked at its last images"
    if study.needs_addendum:
        return "images came after the report and wait for an addendum"
    if rule.what in _OF_FILMS and (why := why_compared(session, study)):
        return why
    if rule.what == "films" and session.scalar(_unrouted(study)):
        return "the rules weren't asked yet where it is forwarded to"
    if session.scalar(
        select(Report.id).where(Report.study_id == study.id, Report.state.in_(_UNSIGNED)).limit(1)
    ):
        return "a report of its study isn't signed"
    for row in session.scalars(select(Delivery).where(Delivery.study_id == study.id)):
        if why := _why_delivery_stops(session, row):
            return why
    asked = select(Request.id).where(Request.study_id == study.id, Request.state == "waiting").limit(1)
    if session.scalar(asked):
        return "a request waits for the node"
    needed = Job.state.in_(_OPEN_JOBS) & (Job.kind != _OF_TEXT)
    if session.scalar(select(Job.id).where(Job.study_id == study.id, needed).limit(1)):
        return "work for an engine isn't done"
    if age < rule.days(short=short):
        return "it is younger than the rule"
    return ""


def _unrouted(study: Study) -> Select[int]:
    """A film that may still have to be sent on; priors go nowhere."""
    waiting = (Instance.routed.is_(False), Instance.defect == "", Instance.purged_at.is_(None))
    return select(Instance.id).where(Instance.study_id == study.id, *waiting).limit(1)


def _why_delivery_stops(session: Session, row: Delivery) -> str:
    """Why a delivery keeps its study's files here; what was held and can't be sent any more keeps nothing else."""
    if row.state == DeliveryState.CONFIRMED:
        return ""
    if row.state == DeliveryState.HELD and not row.outcome_unknown:
        never_made = session.get_one(Document, row.document_id).path == ""
        if deliveries.is_withdrawn_in(session, row) or (never_made and not row.required):
            return ""
    return f"a delivery of its study is '{row.state}'"


def _why_row_stays(session: Session, row: Row, study: Study) -> str:
    """A document's own deliveries are all confirmed and no retraction can need it any more, or its file stays."""
    if not isinstance(row, Document):
        return ""
    if study.state == StudyState.CONFIRMED and row.kind not in _HEADER_IS_ENOUGH:
        return "a retraction would need it"
    states = session.scalars(select(Delivery.state).where(Delivery.document_id == row.id))
    waiting = next((state for state in states if state != DeliveryState.CONFIRMED), None)
    return f"its delivery is '{waiting}'" if waiting else ""
