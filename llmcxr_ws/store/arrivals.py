"""Indexing what the listener receives, thousands of times an hour: a few plain statements, and one commit for many.

The usual arrival, a new sound instance of a study that is being received, is written by prepared statements; anything
else goes the way of :mod:`llmcxr_ws.store.studies`. Arrivals that wait for the writer at the same moment share its
transaction.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, bindparam, case, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from llmcxr_ws.domain import Arrival, InstanceRow, Recorded
from llmcxr_ws.errors import DatabaseFailure, UserFacingError
from llmcxr_ws.states import Actor, StudyState
from llmcxr_ws.store import audit, studies
from llmcxr_ws.store.counters import next_in
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Document, Instance, Study
from llmcxr_ws.store.types import db_now

_PLAIN = (StudyState.RECEIVING, StudyState.DRAFTING, StudyState.IN_REVIEW)
"""States that an arrival leaves as they are."""

_UID: BindParameter[str] = bindparam("uid")
_OWN = select(Document.id).where(Document.sop_instance_uid == _UID)
_KNOWN = select(
    Instance.sop_instance_uid,
    Instance.series_instance_uid,
    Instance.sop_class_uid,
    Instance.transfer_syntax_uid,
    Instance.path,
    Instance.size,
    Instance.sha256,
    Instance.defect,
    Instance.facts,
).where(Instance.sop_instance_uid == _UID)
_IS_KNOWN = select(Instance.id).where(Instance.sop_instance_uid == _UID)
_STUDY = select(Study.id, Study.state).where(Study.study_instance_uid == _UID)
_NEW_INSTANCE = insert(Instance)
_COUNT = select(func.count(Instance.id)).where(Instance.study_id == bindparam("study")).scalar_subquery()
_TOUCH = (
    update(Study)
    .where(Study.id == bindparam("study"))
    .values(
        last_instance_at=db_now(),
        updated_seq=bindparam("sequence"),
        instances_assessed=case(
            (Study.instances_assessed < _COUNT, Study.instances_assessed), else_=_COUNT - 1
        ),
    )
)


@dataclass(frozen=True)
class Known:
    """What the store knows of a SOP Instance UID."""

    own_document: bool
    instance: InstanceRow | None


class _Ticket:
    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.recorded: Recorded | None = None
        self.error: UserFacingError | SQLAlchemyError | None = None


class Arrivals:
    """The index as the listener writes it; for many threads."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: list[_Ticket] = []
        self._lock = threading.Lock()
        self._writer = threading.Lock()

    def look_up(self, SOPInstanceUID: str) -> Known:
        """Whether the instance was received before, or is a result document of ours that a PACS sends back."""
        with self._db.look() as connection:
            values = {"uid": SOPInstanceUID}
            own = connection.execute(_OWN, values).first() is not None
            row = connection.execute(_KNOWN, values).first()
        return Known(own, InstanceRow(**row._mapping) if row is not None else None)

    def record(self, arrival: Arrival) -> Recorded:
        """Index one instance as :func:`llmcxr_ws.store.studies.record_arrival` does; returns when it is committed.

        Raises
        ------
        StoreError
            A sound instance of that UID belongs to another study, or the database can't be used.
        """
        ticket = _Ticket(arrival)
        with self._lock:
            self._waiting.append(ticket)
        with self._writer:
            if (
                ticket.recorded is None and ticket.error is None
            ):  # whoever came before may have taken it along
                with self._lock:
                    batch, self._waiting = self._waiting, []
                self._commit(batch)
        if ticket.error is not None:
            raise ticket.error
        if ticket.recorded is None:
            raise RuntimeError("An arrival was lost in the queue.")
        return ticket.recorded

    def _commit(self, batch: list[_Ticket]) -> None:
        """Write all in one transaction; where one can't be written, each in its own, so that it harms no other."""
        try:
            with self._db.write() as session:
                made = [_record(session, ticket.arrival) for ticket in batch]
        except (UserFacingError, SQLAlchemyError) as error:
            if len(batch) == 1 or isinstance(error, DatabaseFailure):
                for ticket in batch:
                    ticket.error = error
                return
            for ticket in batch:
                self._commit([ticket])
            return
        for ticket, recorded in zip(batch, made, strict=True):
            ticket.recorded = recorded


def _record(session: Session, arrival: Arrival) -> Recorded:
    connection = session.connection()
    study = connection.execute(_STUDY, {"uid": arrival.study_instance_uid}).first()
    known = connection.execute(_IS_KNOWN, {"uid": arrival.sop_instance_uid}).first()
    if study is None or study.state not in _PLAIN or known is not None or arrival.defect:
        return studies.record_in(session, arrival)
    connection.execute(_NEW_INSTANCE, {"study_id": study.id, **_columns(arrival)})
    connection.execute(_TOUCH, {"study": study.id, "sequence": next_in(connection, "study")})
    audit.append_in(
        connection,
        actor=Actor.NODE,
        event="instance.received",
        study_id=study.id,
        peer=arrival.source_peer,
        bytes=arrival.size,
    )
    return Recorded(study_id=study.id, new=True)


def _columns(arrival: Arrival) -> dict[str, Any]:
    return {
        "sop_instance_uid": arrival.sop_instance_uid,
        "series_instance_uid": arrival.series_instance_uid,
        "sop_class_uid": arrival.sop_class_uid,
        "transfer_syntax_uid": arrival.transfer_syntax_uid,
        "path": arrival.path,
        "size": arrival.size,
        "sha256": arrival.sha256,
        "facts": arrival.facts,
        "defect": arrival.defect,
        "source_peer": arrival.source_peer,
    }
