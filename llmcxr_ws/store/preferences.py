"""What one person set for the own window: theme, keys, saved filters, macros. Nothing that anybody signs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Preference
from llmcxr_ws.store.types import db_now


def preferences_of(db: Database, user: str) -> dict[str, dict[str, Any]]:
    """Give everything that a person set, by name."""
    with db.read() as session:
        rows = session.scalars(select(Preference).where(Preference.user == user))
        return {row.name: row.value for row in rows}


def set_preference(db: Database, user: str, name: str, value: dict[str, Any]) -> None:
    """Keep one setting of a person; the last one written counts."""
    with db.write() as session:
        row = session.get(Preference, (user, name))
        if row is None:
            session.add(Preference(user=user, name=name, value=value))
        else:
            row.value, row.changed_at = value, session.scalars(select(db_now())).one()
