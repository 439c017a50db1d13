"""What may leave for a destination now, and in which order: the outbox's own look at the deliveries.

Within one study and destination the documents of a report leave in the order in which they were made, so that none
arrives before the one that it refers to; results beside the report (findings, pictures) depend on nothing and wait
for nothing. What becomes of a delivery then is in :mod:`llmcxr_ws.store.deliveries`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import aliased

from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.states import DeliveryState
from llmcxr_ws.store import transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.deliveries import HELD_BY, delivery_rows, is_withdrawn_in
from llmcxr_ws.store.models import Delivery, Document, Report
from llmcxr_ws.store.types import db_now

IN_ORDER: Final = ("draft", "signed", "provenance", "addendum", "rejection", "retraction", "oru", "fhir")
"""Kinds of document that refer to, or take the place of, an earlier one of their study."""

_NEEDS_ITS_REPORT: Final = ("provenance", "addendum")


def _waits() -> ColumnElement[bool]:
    """Whether an earlier document of the same study keeps a delivery from leaving.

    It does while it waits for its next try or is being sent, or where a person holds it. A dead one keeps back what
    only makes sense beside it; the others go on, and a person sees the dead one. An earlier one that is due keeps
    back nothing here: it comes first in the list, and holds back the others as soon as it was begun.
    """
    earlier, its = aliased(Delivery), aliased(Document)
    report = select(Report.amends_id).where(Report.id == Document.report_id).correlate(Document)
    return exists().where(
        earlier.study_id == Delivery.study_id,
        earlier.peer == Delivery.peer,
        earlier.id < Delivery.id,
        its.id == earlier.document_id,
        its.kind.in_(IN_ORDER),
        Document.kind.in_(IN_ORDER),
        or_(
            earlier.state == DeliveryState.SENDING,
            and_(earlier.state == DeliveryState.QUEUED, or_(earlier.run_after > db_now(), its.path == "")),
            and_(earlier.state == DeliveryState.HELD, earlier.message.startswith(HELD_BY)),
            and_(
                earlier.state == DeliveryState.DEAD,
                its.kind == "signed",
                Document.kind.in_(_NEEDS_ITS_REPORT),
                or_(its.report_id == Document.report_id, its.report_id == report.scalar_subquery()),
            ),
        ),
    )


# Made once: making them takes longer than asking the database, which the outbox does several times a second.
_WAITS: Final = _waits()
_DUE: Final[tuple[ColumnElement[bool], ...]] = (
    Delivery.state == DeliveryState.QUEUED,
    Delivery.run_after <= db_now(),
    Document.path != "",
    ~_WAITS,
)
_WITH_SOMETHING_DUE: Final = (
    select(Delivery.peer).join(Document, Delivery.document_id == Document.id).where(*_DUE).distinct()
)
_WITH_SOMETHING_BEGUN: Final = select(Delivery.peer).where(Delivery.state == DeliveryState.SENDING).distinct()


def destinations_due(db: Database) -> list[str]:
    """Names of the destinations for which something can leave now, or was begun."""
    with db.read() as session:
        due, begun = session.scalars(_WITH_SOMETHING_DUE), session.scalars(_WITH_SOMETHING_BEGUN)
        return sorted({*due, *begun})


def due_for(db: Database, peer: str, most: int) -> list[DeliveryRow]:
    """Deliveries for one destination that can leave now, in the order in which they must; at most so many."""
    with db.read() as session:
        return delivery_rows(session, Delivery.peer == peer, *_DUE, most=most)


def being_sent_to(db: Database, peer: str) -> list[DeliveryRow]:
    """Deliveries for one destination that were begun and not brought to an end."""
    with db.read() as session:
        return delivery_rows(session, Delivery.peer == peer, Delivery.state == DeliveryState.SENDING)


def begin_all(db: Database, delivery_ids: Iterable[int]) -> set[int]:
    """Mark deliveries as being sent, durably, before the first byte of them leaves; give those that were.

    One that was held, withdrawn or taken up meanwhile, or before which another must go first, isn't begun.
    """
    with db.write() as session:
        free = session.execute(
            select(Delivery, Document.kind)
            .join(Document, Delivery.document_id == Document.id)
            .where(Delivery.id.in_(list(delivery_ids)), Delivery.state == DeliveryState.QUEUED, ~_WAITS)
            .order_by(Delivery.id)
        ).all()
        begun: set[int] = set()
        taken: set[tuple[int, str]] = set()
        for row, kind in free:
            place = (row.study_id, row.peer)
            if kind in IN_ORDER and place in taken:
                continue
            if kind in IN_ORDER:
                taken.add(place)
            if is_withdrawn_in(session, row):
                continue
            transitions.begin_sending(session, row)
            begun.add(row.id)
        return begun


def withdrawn_of(db: Database, delivery_ids: Iterable[int]) -> set[int]:
    """Which of these nobody wants any more: of a retracted report, or a draft that has moved on."""
    with db.read() as session:
        rows = session.scalars(select(Delivery).where(Delivery.id.in_(list(delivery_ids)))).all()
        return {row.id for row in rows if is_withdrawn_in(session, row)}


def stored_all(db: Database, delivery_ids: Sequence[int]) -> None:
    """The destination holds these documents."""
    if not delivery_ids:
        return
    with db.write() as session:
        for number in delivery_ids:
            transitions.store_delivery(session, session.get_one(Delivery, number))


def put_back(db: Database, delivery_ids: Sequence[int], message: str) -> None:
    """The association ended before their turn: nothing of them left, and it wasn't a try of theirs."""
    if not delivery_ids:
        return
    with db.write() as session:
        for number in delivery_ids:
            row = session.get_one(Delivery, number)
            row.attempts = max(row.attempts - 1, 0)
            transitions.requeue_delivery(session, row, message)


def postpone(db: Database, peer: str, pause_s: float) -> None:
    """A destination can't be reached: what else is queued for it waits as well, without having had a try."""
    with db.write() as session:
        session.execute(
            update(Delivery)
            .where(
                Delivery.peer == peer,
                Delivery.state == DeliveryState.QUEUED,
                Delivery.run_after < db_now(pause_s),
            )
            .values(run_after=db_now(pause_s))
        )


def hasten_all(db: Database, peer: str) -> None:
    """A destination is back: what is queued for it needn't wait to the end of its pause."""
    with db.write() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.peer == peer, Delivery.state == DeliveryState.QUEUED)
            .values(run_after=db_now())
        )
