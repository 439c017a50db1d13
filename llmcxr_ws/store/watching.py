"""What metrics and audit messages are made of: backlogs by state, and what was added to the trail since a look.

Reads only, and no patient data but in :func:`subject_of`, which audit messages alone ask for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Audit, Delivery, Document, Job, Report, Request, Study
from llmcxr_ws.store.types import db_now


@dataclass(frozen=True)
class Waiting:
    """How many rows are in a state, and for how many seconds the oldest has been known."""

    count: int
    oldest_s: float


@dataclass(frozen=True)
class Backlog:
    """All that waits or failed; confirmed deliveries and finished jobs aren't counted (they only grow)."""

    studies: dict[str, Waiting] = field(default_factory=dict)
    jobs: dict[tuple[str, str], Waiting] = field(default_factory=dict)
    deliveries: dict[tuple[str, str], Waiting] = field(default_factory=dict)
    requests: Waiting = field(default_factory=lambda: Waiting(0, 0.0))


@dataclass(frozen=True)
class TrailEvent:
    """One row of the audit trail."""

    id: int
    at: datetime
    actor: str
    event: str
    study_id: int | None
    detail: dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """Whom and what a row of the trail is about. Patient data: for audit messages only."""

    study_instance_uid: str
    accession_number: str
    patient_id: str
    issuer_of_patient_id: str
    is_prior: bool = False
    sop_classes: tuple[tuple[str, int], ...] = ()


def backlog(db: Database) -> Backlog:
    """Count what waits, by state, kind and destination."""
    with db.read() as session:
        now = session.execute(select(db_now())).scalar_one()

        def waiting(count: int, oldest: datetime | None) -> Waiting:
            return Waiting(count, max((now - oldest).total_seconds(), 0.0) if oldest else 0.0)

        studies = session.execute(
            select(Study.state, func.count(), func.min(Study.received_at)).group_by(Study.state)
        ).all()
        jobs = session.execute(
            select(Job.kind, Job.state, func.count(), func.min(Job.created_at))
            .where(Job.state.in_(["queued", "running", "held", "dead"]))
            .group_by(Job.kind, Job.state)
        ).all()
        deliveries = session.execute(
            select(Delivery.peer, Delivery.state, func.count(), func.min(Document.created_at))
            .join(Document, Document.id == Delivery.document_id)
            .where(Delivery.state.in_([state for state in DeliveryState if state != DeliveryState.CONFIRMED]))
            .group_by(Delivery.peer, Delivery.state)
        ).all()
        requests = session.execute(
            select(func.count(), func.min(Request.created_at)).where(Request.state == "waiting")
        ).one()
    by_state = {str(state): waiting(count, oldest) for state, count, oldest in studies}
    return Backlog(
        studies={state.value: by_state.get(state.value, Waiting(0, 0.0)) for state in StudyState},
        jobs={(kind, state): waiting(count, oldest) for kind, state, count, oldest in jobs},
        deliveries={(peer, str(state)): waiting(count, oldest) for peer, state, count, oldest in deliveries},
        requests=waiting(*requests),
    )


def last_event(db: Database) -> int:
    """The id of the trail's last row; 0 where there is none."""
    with db.read() as session:
        return session.scalar(select(func.max(Audit.id))) or 0


def events_after(db: Database, after: int, limit: int = 500) -> list[TrailEvent]:
    """The next rows of the trail, oldest first."""
    with db.read() as session:
        rows = session.scalars(select(Audit).where(Audit.id > after).order_by(Audit.id).limit(limit))
        return [
            TrailEvent(
                row.id,
                datetime.fromisoformat(row.at),
                row.actor,
                row.event,
                row.study_id,
                json.loads(row.detail),
            )
            for row in rows
        ]


def last_report(db: Database) -> int:
    """The id of the latest report; 0 where there is none."""
    with db.read() as session:
        return session.scalar(select(func.max(Report.id))) or 0


def drafts_after(db: Database, after: int, limit: int = 500) -> list[tuple[int, float | None]]:
    """Reports after an id, each with the seconds its draft took; None for one that no model wrote."""
    with db.read() as session:
        rows = session.execute(
            select(Report.id, Report.kind, Report.model_name, Report.started_at, Report.created_at)
            .where(Report.id > after)
            .order_by(Report.id)
            .limit(limit)
        )
        return [
            (
                row.id,
                (row.created_at - row.started_at).total_seconds()
                if row.kind == "report" and row.model_name
                else None,
            )
            for row in rows
        ]


def signed_to_confirmed(db: Database, confirmed: TrailEvent) -> float | None:
    """Seconds from a study's signature to its first confirmation; None where it was confirmed before."""
    with db.read() as session:
        earlier = session.execute(
            select(Audit.event, Audit.at)
            .where(
                Audit.study_id == confirmed.study_id,
                Audit.id < confirmed.id,
                Audit.event.in_(["report.signed", "study.confirmed"]),
            )
            .order_by(Audit.id.desc())
            .limit(1)
        ).first()
    if earlier is None or earlier.event != "report.signed":
        return None
    return (confirmed.at - datetime.fromisoformat(earlier.at)).total_seconds()


def subject_of(db: Database, study_id: int, documents: Sequence[int] = ()) -> Subject | None:
    """Whom a study is of; `documents`: ids of deliveries whose documents' SOP classes are named with it."""
    with db.read() as session:
        study = session.get(Study, study_id)
        if study is None:
            return None
        classes = session.execute(
            select(Document.sop_class_uid, func.count())
            .join(Delivery, Delivery.document_id == Document.id)
            .where(Delivery.id.in_(documents))
            .group_by(Document.sop_class_uid)
        ).all()
        return Subject(
            study_instance_uid=study.study_instance_uid,
            accession_number=study.accession_number,
            patient_id=study.patient_id,
            issuer_of_patient_id=study.issuer_of_patient_id,
            is_prior=study.is_prior,
            sop_classes=tuple((uid, count) for uid, count in classes),
        )
