"""Counters that grow by one inside a write transaction."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Sequence


def next_value(session: Session, name: str) -> int:
    """The next number of a counter.

    Write transactions follow each other, so whoever reads `> last seen` misses no number.
    """
    row = session.get(Sequence, name)
    if row is None:
        row = Sequence(name=name, value=0)
        session.add(row)
    row.value += 1
    session.flush()
    return row.value


def values(db: Database, prefix: str) -> dict[str, int]:
    """How far the counters are whose names begin with `prefix`."""
    with db.read() as session:
        rows = session.scalars(select(Sequence).where(Sequence.name.startswith(prefix, autoescape=True)))
        return {row.name: row.value for row in rows}
