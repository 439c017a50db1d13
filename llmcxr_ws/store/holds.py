"""Who reads a study at the moment: shown to the others, taken over only when they say so."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from llmcxr_ws.errors import AccessError
from llmcxr_ws.store import addenda, audit, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Study
from llmcxr_ws.store.studies import get_study
from llmcxr_ws.store.types import db_now


def take(db: Database, study_id: int, *, user: str, take_over: bool) -> None:
    """Hold a study.

    Raises
    ------
    AccessError
        Somebody else holds it and `take_over` is false.
    """
    with db.write() as session:
        take_in(session, get_study(session, study_id), user=user, take_over=take_over)


def take_in(session: Session, study: Study, *, user: str, take_over: bool = False) -> None:
    """As :func:`take`, inside the caller's transaction."""
    if study.held_by == user:
        return
    if study.held_by and not take_over:
        raise AccessError(
            f"The study is held by '{study.held_by}'.", what_to_do="Take it over, or choose another."
        )
    audit.append(session, actor=user, event="study.held", study_id=study.id, before=study.held_by)
    study.held_by = user
    session.flush()
    session.execute(update(Study).where(Study.id == study.id).values(held_at=db_now()))
    transitions.touch(session, study)


def release(db: Database, study_id: int, *, user: str) -> None:
    """Give a study back, and leave no empty addendum there; nothing happens when somebody else holds it by now."""
    with db.write() as session:
        study = get_study(session, study_id)
        if study.held_by == user:
            study.held_by, study.held_at = "", None
            addenda.discard_empty(session, study, user=user)
            transitions.touch(session, study)
