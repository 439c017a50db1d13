"""Received instances on their way to other peers: planned once each, and from then on deliveries like all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from llmcxr_ws.domain import InstanceRow
from llmcxr_ws.routing import Forward
from llmcxr_ws.states import Actor, DeliveryState
from llmcxr_ws.store import audit, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Delivery, Document, Instance, Study
from llmcxr_ws.store.studies import instance_row

FORWARDED = "forwarded"
"""The kind of a document that is a received instance."""
_AT_ONCE = 200


@dataclass(frozen=True)
class Unrouted:
    """A received instance of which nobody has asked yet where it goes; `source` is the peer that it came from."""

    id: int
    study_id: int
    source: str
    instance: InstanceRow


def unrouted(db: Database) -> list[Unrouted]:
    """Sound instances that the rules weren't asked about yet, oldest first; priors go nowhere."""
    with db.read() as session:
        rows = session.scalars(
            select(Instance)
            .join(Study, Instance.study_id == Study.id)
            .where(
                Instance.routed.is_(False),
                Instance.defect == "",
                Instance.purged_at.is_(None),
                Study.is_prior.is_(False),
            )
            .order_by(Instance.id)
            .limit(_AT_ONCE)
        )
        return [Unrouted(row.id, row.study_id, row.source_peer, instance_row(row)) for row in rows]


def routed(db: Database, found: Unrouted, forwards: Sequence[Forward]) -> int:
    """Plan what the rules said of an instance and remember that they were asked; how many deliveries it became."""
    with db.write() as session:
        row = session.get_one(Instance, found.id)
        if row.routed or row.sha256 != found.instance.sha256 or row.purged_at is not None or row.defect:
            return 0
        row.routed = True
        return sum(
            plan_forward(
                session, row, [one.peer for one in forwards if one.deidentify is way], deidentify=way
            )
            for way in (False, True)
        )


def plan_forward(session: Session, instance: Instance, targets: Sequence[str], *, deidentify: bool) -> int:
    """Queue a received instance for peers; give the number of those for which it wasn't queued before.

    Parameters
    ----------
    deidentify : bool
        Only a de-identified copy may go; the outbox refuses where the peer gets none.
    """
    if not targets:
        return 0
    document = session.scalar(
        select(Document).where(Document.instance_id == instance.id, Document.kind == FORWARDED)
    )
    if document is None:
        document = Document(
            study_id=instance.study_id,
            report_id=None,
            instance_id=instance.id,
            kind=FORWARDED,
            stage="",
            sop_class_uid=instance.sop_class_uid,
            sop_instance_uid=instance.sop_instance_uid,
            series_instance_uid=instance.series_instance_uid,
            path=instance.path,
            sha256=instance.sha256,
        )
        session.add(document)
        session.flush()
    known = set(session.scalars(select(Delivery.peer).where(Delivery.document_id == document.id)))
    new = [peer for peer in dict.fromkeys(targets) if peer not in known]
    for peer in new:
        session.add(
            Delivery(
                document_id=document.id,
                study_id=document.study_id,
                peer=peer,
                required=False,
                deidentify=deidentify,
            )
        )
        audit.append(
            session,
            actor=Actor.NODE,
            event="instance.forwarded",
            study_id=document.study_id,
            peer=peer,
            deidentify=deidentify,
        )
    session.flush()
    return len(new)


def came_from(db: Database, SOPInstanceUID: str, peer: str) -> None:
    """A peer sent an instance that waits to be forwarded to it: it needn't go there any more."""
    waiting = (
        select(Delivery)
        .join(Document, Delivery.document_id == Document.id)
        .where(
            Document.sop_instance_uid == SOPInstanceUID,
            Document.kind == FORWARDED,
            Delivery.peer == peer,
            Delivery.state == DeliveryState.QUEUED,
        )
    )
    with db.read() as session:
        if session.scalars(waiting).first() is None:
            return
    with db.write() as session:
        for row in session.scalars(waiting).all():
            transitions.hold_delivery(session, row, "The peer has it: it sent it itself.")
