"""What an administrator reads of the trail and the key table: who was turned away, what was purged, pseudonyms given.

Reads only. For who was turned away the trail is looked through from its end, at most
:data:`~.supervision.SEARCHED` rows of it; purges and readings of the key table are found by their event, however
long ago they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Audit, Pseudonym
from llmcxr_ws.store.supervision import SEARCHED


@dataclass(frozen=True)
class TurnedAway:
    """Associations or requests (`what`, as the trail names them) that were rejected for one reason from one place.

    How many, and when the last was written down.
    """

    what: str
    calling: str
    host: str
    reason: str
    count: int
    last_at: datetime


@dataclass(frozen=True)
class Purge:
    """One purge: of a study, or of files without one."""

    number: int
    at: datetime
    what: str
    study_id: int | None
    things: int
    bytes: int
    disk_short: bool


@dataclass(frozen=True)
class Project:
    """How many pseudonyms a project gave, and when the first and the last."""

    name: str
    pseudonyms: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class KeyReading:
    """Somebody read the key table."""

    number: int
    at: datetime
    by: str
    project: str
    rows: int
    reason: str


def turned_away(db: Database, since: datetime) -> tuple[TurnedAway, ...]:
    """Who was turned away since a moment (UTC), most often first."""
    found: dict[tuple[str, str, str, str], tuple[int, datetime]] = {}
    for row, detail in _events(db, "association.rejected", searched=SEARCHED):
        at = datetime.fromisoformat(row.at)
        if at < since:
            continue
        what = detail.get("what", "associations")
        place = what, detail.get("calling", ""), detail.get("host", ""), detail.get("reason", "")
        count, last = found.get(place, (0, at))
        found[place] = count + int(detail.get("count", 1)), max(last, at)
    rows = [TurnedAway(*place, count, last) for place, (count, last) in found.items()]
    return tuple(sorted(rows, key=lambda row: -row.count))


def purges(db: Database, *, limit: int = 300) -> tuple[Purge, ...]:
    """The latest purges, newest first."""
    return tuple(
        Purge(
            row.id,
            datetime.fromisoformat(row.at),
            detail.get("what", ""),
            row.study_id,
            int(detail.get("items", 0)),
            int(detail.get("bytes", 0)),
            bool(detail.get("disk_short", False)),
        )
        for row, detail in _events(db, "retention.purged", limit=limit)
    )


def projects(db: Database) -> tuple[Project, ...]:
    """Every project that gave a pseudonym, by name."""
    with db.read() as session:
        rows = session.execute(
            select(
                Pseudonym.project, func.count(), func.min(Pseudonym.first_at), func.max(Pseudonym.first_at)
            )
            .group_by(Pseudonym.project)
            .order_by(Pseudonym.project)
        )
        return tuple(Project(*row) for row in rows)


def key_readings(db: Database, *, limit: int = 300) -> tuple[KeyReading, ...]:
    """Who read the key table and why, newest first."""
    return tuple(
        KeyReading(
            row.id,
            datetime.fromisoformat(row.at),
            row.actor,
            detail.get("project", ""),
            int(detail.get("rows", 0)),
            detail.get("reason", ""),
        )
        for row, detail in _events(db, "deidentify.key_table_read", limit=limit)
    )


def _events(
    db: Database, event: str, *, limit: int | None = None, searched: int | None = None
) -> Iterator[tuple[Audit, dict[str, Any]]]:
    """Rows of one event with their details, newest first; of the whole trail, or of its last `searched` rows."""
    statement = select(Audit).where(Audit.event == event).order_by(Audit.id.desc()).limit(limit)
    if searched is not None:
        last = select(func.coalesce(func.max(Audit.id), 0)).scalar_subquery()
        statement = statement.where(Audit.id > last - searched)
    with db.read() as session:
        for row in session.scalars(statement).all():
            yield row, json.loads(row.detail)
