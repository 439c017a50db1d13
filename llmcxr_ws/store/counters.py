"""Counters that grow by one inside a write transaction."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Sequence
from llmcxr_ws.store.prepared import Prepared

_NEXT = Prepared(
    update(Sequence)
    .where(Sequence.name == bindparam("counter"))
    .values(value=Sequence.value + 1)
    .returning(Sequence.value)
)
_FIRST = Prepared(insert(Sequence), ("name", "value"))


def next_value(session: Session, name: str) -> int:
    """The next number of a counter.

    Write transactions follow each other, so whoever reads `> last seen` misses no number.
    """
    return next_in(session.connection(), name)


def next_in(connection: Connection, name: str) -> int:
    """As :func:`next_value`, without the object mapping."""
    row = _NEXT.run(connection, {"counter": name})
    if row is None:
        _FIRST.run(connection, {"name": name, "value": 1})
        return 1
    return int(row[0])


def values(db: Database, prefix: str) -> dict[str, int]:
    """How far the counters are whose names begin with `prefix`."""
    with db.read() as session:
        rows = session.scalars(select(Sequence).where(Sequence.name.startswith(prefix, autoescape=True)))
        return {row.name: row.value for row in rows}
