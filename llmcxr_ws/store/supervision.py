"""What an administrator looks at: queues, the trail's end, recent studies, sizes and times. Reads only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, text

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
from llmcxr_ws.store.types import db_now

_OPEN_JOBS = ("queued", "running", "held", "dead")


@dataclass(frozen=True)
class QueuedDelivery:
    """A document on its way, as the outbox page lists it; `wait_s` is the pause before the next try."""

    id: int
    study_id: int
    accession_number: str
    document: str
    peer: str
    required: bool
    state: str
    attempts: int
    message: str
    wait_s: float
    since: datetime


@dataclass(frozen=True)
class QueuedJob:
    """A piece of work for an engine that isn't done."""

    id: int
    study_id: int
    accession_number: str
    kind: str
    state: str
    attempts: int
    max_attempts: int
    owner: str
    message: str
    wait_s: float
    since: datetime


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
    """How much there is: rows, bytes of received files by the index, bytes of the database."""

    studies: int
    instances: int
    instance_bytes: int
    documents: int
    rows: tuple[tuple[str, int], ...]
    database_bytes: int
    first_at: datetime | None
    last_day_bytes: int


@dataclass(frozen=True)
class Flow:
    """When studies came, drafts were made and reports were signed since a moment; waits are in seconds."""

    received: tuple[datetime, ...]
    drafted: tuple[datetime, ...]
    signed: tuple[datetime, ...]
    waits: tuple[tuple[datetime, float], ...]


def open_deliveries(db: Database, *, limit: int = 1000) -> tuple[QueuedDelivery, ...]:
    """Deliveries that aren't confirmed, dead and held ones first, then the oldest."""
    first = Delivery.state.in_([DeliveryState.DEAD, DeliveryState.HELD])
    statement = (
        select(Delivery, Document.kind, Document.created_at, Study.accession_number)
        .join(Document, Delivery.document_id == Document.id)
        .join(Study, Delivery.study_id == Study.id)
        .where(Delivery.state != DeliveryState.CONFIRMED)
        .order_by(first.desc(), Delivery.id)
        .limit(limit)
    )
    with db.read() as session:
        now = session.execute(select(db_now())).scalar_one()
        return tuple(
            QueuedDelivery(
                id=row.id,
                study_id=row.study_id,
                accession_number=accession,
                document=kind,
                peer=row.peer,
                required=row.required,
                state=row.state,
                attempts=row.attempts,
                message=row.message,
                wait_s=max((row.run_after - now).total_seconds(), 0.0),
                since=since,
            )
            for row, kind, since, accession in session.execute(statement)
        )


def open_jobs(db: Database, *, limit: int = 1000) -> tuple[QueuedJob, ...]:
    """Jobs that aren't done, dead and held ones first, then the oldest."""
    statement = (
        select(Job, Study.accession_number)
        .join(Study, Job.study_id == Study.id)
        .where(Job.state.in_(_OPEN_JOBS))
        .order_by(Job.state.in_(["dead", "held"]).desc(), Job.id)
        .limit(limit)
    )
    with db.read() as session:
        now = session.execute(select(db_now())).scalar_one()
        return tuple(
            QueuedJob(
                id=row.id,
                study_id=row.study_id,
                accession_number=accession,
                kind=row.kind,
                state=row.state,
                attempts=row.attempts,
                max_attempts=row.max_attempts,
                owner=row.owner,
                message=row.error_text,
                wait_s=max((row.run_after - now).total_seconds(), 0.0),
                since=row.created_at,
            )
            for row, accession in session.execute(statement)
        )


def audit_tail(db: Database, *, words: str = "", limit: int = 300) -> tuple[AuditRow, ...]:
    """The latest rows of the trail, oldest first; with `words` only those whose actor or event holds them."""
    statement = select(Audit).order_by(Audit.id.desc()).limit(limit)
    if words.strip():
        said = words.strip()
        statement = statement.where(
            Audit.event.icontains(said, autoescape=True) | Audit.actor.icontains(said, autoescape=True)
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
        rows = session.scalars(select(Study).order_by(Study.id.desc()).limit(limit)).all()
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
                reason=row.reason,
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
        rows = tuple(
            (table.name, session.scalar(select(func.count()).select_from(table)) or 0)
            for table in Base.metadata.sorted_tables
        )
        counted = dict(rows)
        total, first = session.execute(
            select(func.coalesce(func.sum(Instance.size), 0), func.min(Instance.received_at))
        ).one()
        last_day = session.scalar(
            select(func.coalesce(func.sum(Instance.size), 0)).where(Instance.received_at > db_now(-86_400))
        )
        if db.is_sqlite:
            pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            database_bytes = session.execute(text(pages)).scalar_one()
        else:
            database_bytes = session.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    return Sizes(
        studies=counted["study"],
        instances=counted["instance"],
        instance_bytes=int(total),
        documents=counted["document"],
        rows=rows,
        database_bytes=int(database_bytes),
        first_at=first,
        last_day_bytes=int(last_day or 0),
    )


def database_file(db: Database) -> Path | None:
    """The SQLite file; None for a database elsewhere."""
    return Path(db.engine.url.database) if db.is_sqlite and db.engine.url.database else None


def flow(db: Database, since: datetime) -> Flow:
    """When studies came, their first drafts were made and reports were signed."""
    first = (
        select(Report.study_id, func.min(Report.created_at).label("at"))
        .where(Report.model_name != "", Report.kind == "report")
        .group_by(Report.study_id)
        .subquery()
    )
    with db.read() as session:
        received = session.scalars(
            select(Study.received_at).where(Study.received_at >= since).order_by(Study.received_at)
        ).all()
        drafted = session.execute(
            select(first.c.at, Study.received_at)
            .join(Study, Study.id == first.c.study_id)
            .where(first.c.at >= since)
            .order_by(first.c.at)
        ).all()
        signed = session.scalars(
            select(Report.signed_at)
            .where(Report.signed_at.is_not(None), Report.signed_at >= since)
            .order_by(Report.signed_at)
        ).all()
    return Flow(
        received=tuple(received),
        drafted=tuple(at for at, _ in drafted),
        signed=tuple(at for at in signed if at is not None),
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
