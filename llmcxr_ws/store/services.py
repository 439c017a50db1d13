"""Who is running: each process writes its row at start and renews it every few seconds."""

from __future__ import annotations

import os
import socket
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from llmcxr_ws.domain import ServiceRow
from llmcxr_ws.errors import DatabaseFailure
from llmcxr_ws.log import logger
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Service
from llmcxr_ws.store.types import db_now

ALIVE_S = 15.0
_LOG = logger(__name__)


def service_name(kind: str) -> str:
    """A name that no other running process bears."""
    return f"{kind}@{socket.gethostname()}:{os.getpid()}"


def register(db: Database, kind: str, detail: dict[str, Any] | None = None) -> str:
    """Write this process's row and drop those of its kind that fell silent; give the row's name."""
    name = service_name(kind)
    with db.write() as session:
        session.execute(
            delete(Service).where(
                Service.kind == kind, (Service.name == name) | (Service.seen_at < db_now(-60))
            )
        )
        session.add(
            Service(name=name, kind=kind, pid=os.getpid(), host=socket.gethostname(), detail=detail or {})
        )
    return name


def seen(db: Database, name: str, detail: dict[str, Any] | None = None) -> None:
    """Say that the process still runs, and what it has to tell of itself where that changed."""
    values = {} if detail is None else {"detail": detail}
    with db.write(ordered=False) as session:
        session.execute(update(Service).where(Service.name == name).values(seen_at=db_now(), **values))


def beat(db: Database, name: str, detail: dict[str, Any] | None = None) -> bool:
    """As :func:`seen`, for a process that must outlive a database that fails for a while; False when it did."""
    try:
        seen(db, name, detail)
    except DatabaseFailure as error:
        _LOG.warning("not noted as running", service=name, reason=error.message)
        return False
    return True


def unregister(db: Database, name: str) -> None:
    """Take the row away at a clean end."""
    with db.write() as session:
        session.execute(delete(Service).where(Service.name == name))


def now(db: Database) -> datetime:
    """The database's own time (UTC)."""
    with db.read() as session:
        said: datetime = session.execute(select(db_now())).scalar_one()
        return said


def running(db: Database) -> list[ServiceRow]:
    """All rows with the seconds since each was last renewed; above `ALIVE_S` it counts as gone."""
    with db.read() as session:
        now = session.execute(select(db_now())).scalar_one()
        return [
            ServiceRow(
                name=row.name,
                kind=row.kind,
                pid=row.pid,
                host=row.host,
                detail=row.detail,
                seconds_since_seen=(now - row.seen_at).total_seconds(),
            )
            for row in session.scalars(select(Service).order_by(Service.name))
        ]
