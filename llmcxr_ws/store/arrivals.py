"""Indexing what the listener receives, thousands of times an hour: a few plain statements, and one commit for many.

The usual arrival, a new sound instance of a study that is being received, is written by prepared statements; anything
else goes the way of :mod:`llmcxr_ws.store.studies`. Arrivals that wait for the writer at the same moment share its
transaction.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, case, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from llmcxr_ws.domain import Arrival, InstanceRow, Recorded
from llmcxr_ws.errors import DatabaseFailure, UserFacingError
from llmcxr_ws.states import Actor, StudyState
from llmcxr_ws.store import audit, studies
from llmcxr_ws.store.checkpoints import Checkpoints
from llmcxr_ws.store.counters import next_in
from llmcxr_ws.store.database import Database, Kept
from llmcxr_ws.store.models import Document, Instance, Prior, Study
from llmcxr_ws.store.prepared import Prepared
from llmcxr_ws.store.types import db_now

_PLAIN: Final = (StudyState.RECEIVING, StudyState.DRAFTING, StudyState.IN_REVIEW)
"""States that an arrival leaves as they are."""


def _defaults(table: Any) -> dict[str, Any]:
    """What a new row has where nothing is said: the models' own defaults, which plain statements don't fill in."""
    defaults = {column.name: column.default for column in table.columns if column.default is not None}
    return {
        name: default.arg if default.is_scalar else default.arg(None) for name, default in defaults.items()
    }


def _new_row(model: Any, given: str, *returned: Any) -> Prepared:
    """Adds a row of which these columns are given; the others are as in any new row."""
    columns = tuple(given.split())
    others = {name: value for name, value in _defaults(model.__table__).items() if name not in columns}
    statement = insert(model).values(others)
    return Prepared(statement.returning(*returned) if returned else statement, columns)


_UID: Final[BindParameter[str]] = bindparam("uid")
_KNOWN_IDS: Final = Prepared(
    select(
        select(Document.id)
        .where(Document.sop_instance_uid == _UID, Document.report_id.is_not(None))
        .limit(1)
        .scalar_subquery(),
        select(Instance.id).where(Instance.sop_instance_uid == _UID).scalar_subquery(),
    )
)
_PLACE: Final = Prepared(
    select(
        select(Study.id).where(Study.study_instance_uid == bindparam("study")).scalar_subquery(),
        select(Study.state).where(Study.study_instance_uid == bindparam("study")).scalar_subquery(),
        select(Instance.id).where(Instance.sop_instance_uid == _UID).scalar_subquery(),
        select(Prior.id).where(Prior.study_instance_uid == bindparam("study")).limit(1).scalar_subquery(),
    )
)
_NEW_STUDY: Final = _new_row(
    Study,
    "study_instance_uid study_date study_time study_description referring_physician source_peer patient_id "
    "issuer_of_patient_id patient_name patient_birth_date patient_sex accession_number updated_seq",
    Study.id,
)
_NEW_INSTANCE: Final = _new_row(
    Instance,
    "study_id sop_instance_uid series_instance_uid sop_class_uid transfer_syntax_uid path size sha256 facts defect "
    "source_peer file_stamp",
)
_COUNT: Final = (
    select(func.count(Instance.id)).where(Instance.study_id == bindparam("study")).scalar_subquery()
)
_TOUCH: Final = Prepared(
    update(Study)
    .where(Study.id == bindparam("study"))
    .values(
        last_instance_at=db_now(),
        updated_seq=bindparam("sequence"),
        # Counting takes longer the more there are, and is only needed once a study was assessed.
        instances_assessed=case(
            (Study.instances_assessed == 0, 0),
            (Study.instances_assessed < _COUNT, Study.instances_assessed),
            else_=_COUNT - 1,
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
        self._checkpoints = Checkpoints(db)
        self._writing = Kept(db, self._checkpoints.leave_to_us)
        self._reading = Kept(db)

    def close(self) -> None:
        """Close the connections."""
        self._writing.close()
        self._reading.close()
        self._checkpoints.close()

    def look_up(self, SOPInstanceUID: str) -> Known:
        """Whether the instance was received before, or is a result document of ours that a PACS sends back."""
        # SQLite reads all anew where another connection has written; but nobody waits here for somebody's commit.
        kept = self._reading if self._writing.is_busy else self._writing
        own, known = kept.first(_KNOWN_IDS, {"uid": SOPInstanceUID})
        instance = studies.known_instance(self._db, SOPInstanceUID) if known is not None else None
        return Known(own is not None, instance)

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
            with self._writing.write() as connection:
                made = [_record(connection, ticket.arrival) for ticket in batch]
        except (UserFacingError, SQLAlchemyError) as error:
            if len(batch) == 1 or isinstance(error, DatabaseFailure):
                for ticket in batch:
                    ticket.error = error
                return
            for ticket in batch:
                self._commit([ticket])
            return
        self._checkpoints.committed()
        for ticket, recorded in zip(batch, made, strict=True):
            try:
                ticket.recorded = recorded or studies.record_arrival(self._db, ticket.arrival)
            except (UserFacingError, SQLAlchemyError) as error:
                ticket.error = error


def _record(connection: Connection, arrival: Arrival) -> Recorded | None:
    """Index a usual arrival; None, and nothing written, for any other."""
    uids = {"study": arrival.study_instance_uid, "uid": arrival.sop_instance_uid}
    study_id, state, known, prior = _PLACE.run(connection, uids)
    if (
        known is not None
        or prior is not None
        or arrival.defect
        or (study_id is not None and state not in _PLAIN)
    ):
        return None
    sequence = next_in(connection, "study")
    if study_id is None:
        (study_id,) = _NEW_STUDY.run(connection, {**_study_of(arrival), "updated_seq": sequence})
        _NEW_INSTANCE.run(connection, _instance_of(arrival, study_id))
    else:
        _NEW_INSTANCE.run(connection, _instance_of(arrival, study_id))
        _TOUCH.run(connection, {"study": study_id, "sequence": sequence})
    audit.append_in(
        connection,
        actor=Actor.NODE,
        event="instance.received",
        study_id=study_id,
        peer=arrival.source_peer,
        bytes=arrival.size,
    )
    return Recorded(study_id=study_id, new=True)


def _study_of(arrival: Arrival) -> dict[str, Any]:
    identity = arrival.identity
    return {
        "study_instance_uid": arrival.study_instance_uid,
        "patient_id": identity.patient_id,
        "issuer_of_patient_id": identity.issuer_of_patient_id,
        "patient_name": identity.patient_name,
        "patient_birth_date": identity.patient_birth_date,
        "patient_sex": identity.patient_sex,
        "accession_number": identity.accession_number,
        "study_date": arrival.study_date,
        "study_time": arrival.study_time,
        "study_description": arrival.study_description,
        "referring_physician": arrival.referring_physician,
        "source_peer": arrival.source_peer,
    }


def _instance_of(arrival: Arrival, study_id: int) -> dict[str, Any]:
    return {
        "study_id": study_id,
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
        "file_stamp": arrival.file_stamp,
    }
