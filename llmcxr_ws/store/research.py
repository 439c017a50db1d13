"""Studies of the past on their way to a research peer: planned once each, and then deliveries like all others."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from llmcxr_ws.deidentification import NEVER
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.outputs import way_of
from llmcxr_ws.states import Actor
from llmcxr_ws.store import audit, deliveries
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.forwarding import plan_forward
from llmcxr_ws.store.models import Delivery, Document, Instance
from llmcxr_ws.store.studies import get_study

LEFT_OUT = frozenset({*NEVER, "synthetic"})
"""Kinds of document that can't be de-identified, or are nobody's."""


@dataclass(frozen=True)
class Queued:
    """What a study has for a peer: how many deliveries are new, and all of them as they are."""

    new: int
    rows: tuple[DeliveryRow, ...]


def queue_study(db: Database, study_id: int, peer: str, *, project: str, documents: bool) -> Queued:
    """Queue de-identified copies of all that is here of a study; what was queued or sent before isn't again.

    Films need their hash; those without one, damaged or purged ones are left out, and so are documents that nobody
    wants any more and notes that withdraw one.
    """
    with db.write() as session:
        get_study(session, study_id)
        films = session.scalars(
            select(Instance)
            .where(
                Instance.study_id == study_id,
                Instance.defect == "",
                Instance.sha256 != "",
                Instance.purged_at.is_(None),
            )
            .order_by(Instance.id)
        ).all()
        new = sum(plan_forward(session, film, [peer], deidentify=True) for film in films)
        if documents:
            new += sum(_plan(session, document, peer) for document in _documents(session, study_id))
        if new:
            audit.append(
                session,
                actor=Actor.NODE,
                event="deidentify.queued",
                study_id=study_id,
                project=project,
                peer=peer,
                objects=new,
            )
        mine = (Delivery.study_id == study_id, Delivery.peer == peer)
        return Queued(new, tuple(deliveries.delivery_rows(session, *mine)))


def _documents(session: Session, study_id: int) -> list[Document]:
    rows = session.scalars(
        select(Document)
        .where(
            Document.study_id == study_id,
            Document.stage != "",
            Document.path != "",
            Document.purged_at.is_(None),
            Document.kind.not_in(LEFT_OUT),
        )
        .order_by(Document.id)
    )
    return [row for row in rows if way_of(row.path) == "dicom"]


def _plan(session: Session, document: Document, peer: str) -> int:
    known = select(Delivery.id).where(Delivery.document_id == document.id, Delivery.peer == peer)
    if session.scalar(known) is not None:
        return 0
    row = Delivery(
        document_id=document.id, study_id=document.study_id, peer=peer, required=False, deidentify=True
    )
    session.add(row)
    session.flush()
    if deliveries.is_withdrawn_in(session, row):
        session.delete(row)
        session.flush()
        return 0
    return 1
