"""The append-only audit trail: each row carries the SHA-256 of itself and of the row before it.

Details hold ids and reasons, never patient data. ``verify`` names the first row that doesn't fit.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session

from llmcxr_ws.store.counters import next_in
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Audit, Sequence
from llmcxr_ws.store.prepared import Prepared

FIRST = "0" * 64
COUNTER = "audit"  # outlives the last rows, so that a trail cut at its end shows


_LAST = Prepared(select(Audit.hash).order_by(Audit.id.desc()).limit(1))
_NEW = Prepared(insert(Audit), tuple(Audit.__table__.columns.keys()))


def append(session: Session, *, actor: str, event: str, study_id: int | None = None, **detail: Any) -> None:
    """Add a row in the caller's write transaction."""
    session.flush()
    append_in(session.connection(), actor=actor, event=event, study_id=study_id, **detail)


def append_in(
    connection: Connection, *, actor: str, event: str, study_id: int | None = None, **detail: Any
) -> None:
    """As :func:`append`, without the object mapping."""
    number = next_in(connection, COUNTER)
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    text = json.dumps(detail, sort_keys=True, ensure_ascii=False)
    last = _LAST.run(connection, {})
    previous = last[0] if last is not None else FIRST
    row = {
        "id": number,
        "at": at,
        "actor": actor,
        "event": event,
        "study_id": study_id,
        "detail": text,
        "previous": previous,
        "hash": _hash_of(number, at, actor, event, study_id, text, previous),
    }
    _NEW.run(connection, row)


def note(db: Database, *, actor: str, event: str, study_id: int | None = None, **detail: Any) -> None:
    """Add a row in a transaction of its own: for what changes nothing else in the store."""
    with db.write() as session:
        append(session, actor=actor, event=event, study_id=study_id, **detail)


def verify(db: Database) -> tuple[int, int | None]:
    """Walk the chain; give the number of rows and the id of the first broken or missing one."""
    previous, count = FIRST, 0
    with db.read() as session:
        written = session.scalar(select(Sequence.value).where(Sequence.name == COUNTER)) or 0
        with session.scalars(select(Audit).order_by(Audit.id).execution_options(yield_per=500)) as rows:
            for row in rows:
                count += 1
                if row.id != count or row.previous != previous or row.hash != _hash(row):
                    return count, count
                previous = row.hash
    return count, None if count >= written else count + 1


def gate_reports(db: Database, study_id: int) -> dict[int, tuple[str, ...]]:
    """What the gate found in each refused version of a study's reports, by the version's report id."""
    with db.read() as session:
        rows = session.scalars(
            select(Audit)
            .where(Audit.study_id == study_id, Audit.event == "report.refused")
            .order_by(Audit.id)
        )
        found = [json.loads(row.detail) for row in rows]
    return {
        detail["report"]: tuple(f"{fault['code']}: {fault['sentence']}" for fault in detail["faults"])
        for detail in found
        if detail.get("faults")
    }


def _hash(row: Audit) -> str:
    return _hash_of(row.id, row.at, row.actor, row.event, row.study_id, row.detail, row.previous)


def _hash_of(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()
