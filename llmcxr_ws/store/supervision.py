"""What an administrator looks at: queues, the trail's end, recent studies, sizes and times. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from llmcxr_ws.rehearsal import SampleInstance, SampleStudy
from llmcxr_ws.states import DeliveryState
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import (
    Audit,
    Base,
    Delivery,
    Document,
    Instance,
    Job,
    Report,
    SiteDocument,
    Study,
)
from llmcxr_ws.store.spans import first_id
from llmcxr_ws.store.types import db_now

_OPEN_JOBS = ("queued", "running", "held", "dead")
_OPEN_DELIVERIES = tuple(state for state in DeliveryState if state != DeliveryState.CONFIRMED)
SEARCHED = 100_000
"""Rows of the trail that a search looks through, from its end; more would take seconds at each look."""
COUNTED = 50_000
"""Rows of a table that are counted one by one; a larger table's number is the span of its ids."""
WEIGHED = 20_000
"""Instances whose sizes are added up, from the latest; a larger store's sum follows from their mean."""
_DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Queued:
    """Something that waits; `wait_s` is the pause before the next try, `message` what was said of the last one."""

    id: int
    study_id: int
    accession_number: str
    state: str
    attempts: int
    message: str
    wait_s: float
    since: datetime


@dataclass(frozen=True, kw_only=True)
class QueuedDelivery(Queued):
    """A document on its way, as the outbox page lists it; `faults` are what the gate found in a refused one."""

    document: str
    peer: str
    required: bool
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class QueuedJob(Queued):
    """A piece of work for an engine that isn't done."""

    kind: str
    max_attempts: int
    owner: str


@dataclass(frozen=True)
class AuditRow:
    """One row of the trail; its detail as it stands there, ids and reasons only."""

    id: int
    at: str
    actor: str
    event: str
    study_id: int | None
    detail: str


@dataclass(frozen=True)
class SiteVersion:
    """One version of the site's document, without its text."""

    version: int
    imported_by: str
    imported_at: datetime


@dataclass(frozen=True)
class Sizes:
    """How much there is: rows, bytes of received files by the index, bytes of the database.

    `estimated` names the tables that are too large to be counted at each look, and ``bytes`` where the sum of all
    files follows from the mean of the latest.
    """

    studies: int
    instances: int
    instance_bytes: int
    documents: int
    rows: tuple[tuple[str, int], ...]
    database_bytes: int
    first_at: datetime | None
    last_day_bytes: int
    estimated: frozenset[str]


@dataclass(frozen=True)
class Flow:
    """When studies came, their first drafts were made and their reports were signed since a moment.

    `waits` are the moments of those drafts, each with the seconds since its study came.
    """

    received: tuple[datetime, ...]
    drafted: tuple[datetime, ...]
    signed: tuple[datetime, ...]
    waits: tuple[tuple[datetime, float], ...]


def open_deliveries(db: Database, *, limit: int = 1000) -> tuple[QueuedDelivery, ...]:
    """Deliveries that aren't confirmed, dead and held ones first, then the oldest."""
    first = Delivery.state.in_([DeliveryState.DEAD, DeliveryState.IDENTIFYING, DeliveryState.HELD])
    statement = (
        select(
            *_of_queue(Delivery, Delivery.message, Document.created_at),
            Document.kind.label("document"),
            Delivery.peer,
            Delivery.required,
            Delivery.faults,
        )
        .join(Document, Delivery.document_id == Document.id)
        .join(Study, Delivery.study_id == Study.id)
        .where(Delivery.state.in_(_OPEN_DELIVERIES))
        .order_by(first.desc(), Delivery.id)
        .limit(limit)
    )
    return tuple(
        QueuedDelivery(**values | {"faults": tuple(map(str, values["faults"]))})
        for values in _queued(db, statement)
    )


def open_jobs(db: Database, *, limit: int = 1000) -> tuple[QueuedJob, ...]:
    """Jobs that aren't done, dead and held ones first, then the oldest."""
    statement = (
        select(*_of_queue(Job, Job.error_text, Job.created_at), Job.kind, Job.max_attempts, Job.owner)
        .join(Study, Job.study_id == Study.id)
        .where(Job.state.in_(_OPEN_JOBS))
        .order_by(Job.state.in_(["dead", "held"]).desc(), Job.id)
        .limit(limit)
    )
    return tuple(QueuedJob(**values) for values in _queued(db, statement))


def _of_queue(
    row: type[Delivery] | type[Job],
    message: InstrumentedAttribute[str],
    since: InstrumentedAttribute[datetime],
) -> tuple[ColumnElement[Any], ...]:
    """The columns of :class:`Queued`, and when the next try is due."""
    return (
        row.id.label("id"),
        row.study_id.label("study_id"),
        Study.accession_number.label("accession_number"),
        row.state.label("state"),
        row.attempts.label("attempts"),
        message.label("message"),
        row.run_after.label("run_after"),
        since.label("since"),
    )


def _queued(db: Database, statement: Select[Any]) -> Iterator[dict[str, Any]]:
    with db.read() as session:
        now = session.execute(select(db_now())).scalar_one()
        for row in session.execute(statement).mappings():
            values = dict(row)
            yield values | {"wait_s": max((values.pop("run_after") - now).total_seconds(), 0.0)}


def open_states(db: Database) -> tuple[dict[str, int], dict[str, int]]:
    """How many deliveries, and how many jobs, wait in which state; all of them, however many are listed."""
    with db.read() as session:
        deliveries, jobs = (
            {
                str(name): count
                for name, count in session.execute(
                    select(state, func.count()).where(state.in_(states)).group_by(state)
                )
            }
            for state, states in ((Delivery.state, _OPEN_DELIVERIES), (Job.state, _OPEN_JOBS))
        )
    return deliveries, jobs


def audit_tail(db: Database, *, words: str = "", limit: int = 300) -> tuple[AuditRow, ...]:
    """The latest rows of the trail, oldest first.

    With `words` only those whose actor or event holds them, of the latest :data:`SEARCHED`.
    """
    statement = select(Audit).order_by(Audit.id.desc()).limit(limit)
    if words.strip():
        said = words.strip()
        last = select(func.coalesce(func.max(Audit.id), 0)).scalar_subquery()
        statement = statement.where(
            Audit.id > last - SEARCHED,
            Audit.event.icontains(said, autoescape=True) | Audit.actor.icontains(said, autoescape=True),
        )
    with db.read() as session:
        rows = session.scalars(statement).all()
    return tuple(
        AuditRow(row.id, row.at, row.actor, row.event, row.study_id, _flat(row.detail))
        for row in reversed(rows)
    )


def recent_studies(db: Database, *, limit: int = 50) -> tuple[SampleStudy, ...]:
    """The studies that came last, newest first, with what their instances' headers said."""
    with db.read() as session:
        latest = select(Study).where(Study.is_prior.is_(False)).order_by(Study.id.desc()).limit(limit)
        rows = session.scalars(latest).all()
        instances: dict[int, list[SampleInstance]] = {row.id: [] for row in rows}
        found = session.execute(
            select(Instance.study_id, Instance.sop_instance_uid, Instance.facts, Instance.defect)
            .where(Instance.study_id.in_(list(instances)))
            .order_by(Instance.id)
        )
        for study_id, uid, facts, defect in found:
            instances[study_id].append(SampleInstance(uid, facts, defect))
        return tuple(
            SampleStudy(
                id=row.id,
                accession_number=row.accession_number,
                source_peer=row.source_peer,
                state=row.state,
                has_film=bool(row.film_sop_instance_uid),
                instances=tuple(instances[row.id]),
            )
            for row in rows
        )


def site_versions(db: Database, *, limit: int = 30) -> tuple[SiteVersion, ...]:
    """The site's documents, newest first."""
    with db.read() as session:
        rows = session.execute(
            select(SiteDocument.version, SiteDocument.imported_by, SiteDocument.imported_at)
            .order_by(SiteDocument.version.desc())
            .limit(limit)
        )
        return tuple(SiteVersion(*row) for row in rows)


def sizes(db: Database) -> Sizes:
    """How much the database holds."""
    with db.read() as session:
        counted = {table.name: _rows_of(session, table) for table in Base.metadata.sorted_tables}
        total, last_day, is_exact = _weights(session, counted["instance"][0])
        first = session.scalar(select(Instance.received_at).order_by(Instance.id).limit(1))
        if db.is_sqlite:
            pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            database_bytes = session.execute(text(pages)).scalar_one()
        else:
            database_bytes = session.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    estimated = {name for name, (_, exact) in counted.items() if not exact}
    return Sizes(
        studies=counted["study"][0],
        instances=counted["instance"][0],
        instance_bytes=total,
        documents=counted["document"][0],
        rows=tuple((name, count) for name, (count, _) in counted.items()),
        database_bytes=int(database_bytes),
        first_at=first,
        last_day_bytes=last_day,
        estimated=frozenset(estimated | (set() if is_exact else {"bytes"})),
    )


def _rows_of(session: Session, table: FromClause) -> tuple[int, bool]:
    """How many rows a table holds, and whether they were counted."""
    if "id" in table.c:
        # One by one: SQLite looks either up at once, and both together by reading all.
        low, high = (session.scalar(select(end(table.c.id))) or 0 for end in (func.min, func.max))
        if high - low >= COUNTED:
            return int(high - low + 1), False
    return session.scalar(select(func.count()).select_from(table)) or 0, True


def _weights(session: Session, instances: int) -> tuple[int, int, bool]:
    """Bytes of all received files, bytes of the last day's, and whether all of them were added up."""
    latest = (
        select(Instance.size, Instance.received_at).order_by(Instance.id.desc()).limit(WEIGHED).subquery()
    )
    count, total, first, now = session.execute(
        select(
            func.count(), func.coalesce(func.sum(latest.c.size), 0), func.min(latest.c.received_at), db_now()
        )
    ).one()
    if not count:
        return 0, 0, True
    last_day = session.scalar(
        select(func.coalesce(func.sum(latest.c.size), 0)).where(latest.c.received_at > db_now(-_DAY_S))
    )
    seconds = max((now - first).total_seconds(), 1.0)
    is_all, total, last_day = count < WEIGHED, int(total), int(last_day or 0)
    if is_all:
        return total, last_day, True
    if seconds < _DAY_S:  # so many came in less than a day
        last_day = round(total * _DAY_S / seconds)
    return round(total / count * max(instances, count)), last_day, False


def database_file(db: Database) -> Path | None:
    """The SQLite file; None for a database elsewhere."""
    return Path(db.engine.url.database) if db.is_sqlite and db.engine.url.database else None


def flow(db: Database, since: datetime) -> Flow:
    """When studies came, their first drafts were made and reports were signed; addenda aren't counted again."""
    earlier = aliased(Report)
    is_first = ~(
        select(earlier.id)
        .where(
            earlier.study_id == Report.study_id,
            earlier.id < Report.id,
            earlier.model_name != "",
            earlier.kind == "report",
        )
        .exists()
    )
    with db.read() as session:
        received = session.scalars(
            select(Study.received_at)
            .where(
                Study.id >= first_id(session, Study.id, Study.received_at, since),
                Study.received_at >= since,
                Study.is_prior.is_(False),
            )
            .order_by(Study.received_at)
        ).all()
        drafted = session.execute(
            select(Report.created_at, Study.received_at)
            .join(Study, Study.id == Report.study_id)
            .where(
                Report.id >= first_id(session, Report.id, Report.created_at, since),
                Report.created_at >= since,
                Report.model_name != "",
                Report.kind == "report",
                is_first,
            )
            .order_by(Report.created_at)
        ).all()
        # By the documents, which are made with the signature: reports are signed in another order than drafted.
        signed = session.execute(
            select(Report.id, Report.signed_at)
            .distinct()
            .join(Document, Document.report_id == Report.id)
            .where(
                Document.id >= first_id(session, Document.id, Document.created_at, since),
                Document.kind == "signed",
                Report.signed_at >= since,
            )
            .order_by(Report.signed_at)
        ).all()
    return Flow(
        received=tuple(received),
        drafted=tuple(at for at, _ in drafted),
        signed=tuple(at for _, at in signed if at is not None),
        waits=tuple((at, (at - came).total_seconds()) for at, came in drafted),
    )


def _flat(detail: str) -> str:
    try:
        values = json.loads(detail)
    except ValueError:
        return detail
    return (
        ", ".join(f"{key} {value}" for key, value in values.items()) if isinstance(values, dict) else detail
    )
