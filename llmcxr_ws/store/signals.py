"""What peers tell of a study and what they were asked about it: notices by the listener, inquiries by the courier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from llmcxr_ws.completeness import IN_PROGRESS, Notice, Verdict
from llmcxr_ws.states import REPORTED, Actor
from llmcxr_ws.store import audit, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Inquiry, Study
from llmcxr_ws.store.models import Notice as NoticeRow
from llmcxr_ws.store.types import db_now

Listed = Iterable[tuple[str, str]]
"""SOP Instance UID and SOP Class UID of what a notice lists."""


@dataclass(frozen=True)
class InquiryRow:
    """What a peer was asked about a study: ``told`` with what it found, or ``failed`` with the reason."""

    kind: str
    peer: str
    state: str
    found: dict[str, Any]
    message: str
    tries: int
    asked_at: datetime


def state_of_notice(db: Database, sop_instance_uid: str) -> str | None:
    """The state of the procedure step of this SOP Instance UID; None where none is known."""
    with db.read() as session:
        return session.scalar(
            select(NoticeRow.state).where(NoticeRow.sop_instance_uid == sop_instance_uid).limit(1)
        )


def record_notice(
    db: Database,
    *,
    kind: str,
    peer: str,
    sop_instance_uid: str,
    studies: Iterable[str],
    state: str,
    listed: Listed,
) -> None:
    """Keep what a peer told of one or several studies.

    Of a step of several studies nobody says which image belongs to which: its list is kept for none of them.
    """
    uids = list(dict.fromkeys(studies))
    instances = [list(pair) for pair in listed] if len(uids) == 1 else []
    with db.write() as session:
        for uid in uids:
            session.add(
                NoticeRow(
                    kind=kind,
                    peer=peer,
                    sop_instance_uid=sop_instance_uid,
                    study_instance_uid=uid,
                    state=state,
                    instances=instances,
                )
            )
            _note(session, uid, kind, peer, state, len(instances))


def end_step(db: Database, sop_instance_uid: str, *, peer: str, state: str, listed: Listed) -> None:
    """A procedure step goes on, or is over: keep its state and what it lists; later lists add to earlier ones."""
    added = list(listed)
    with db.write() as session:
        rows = session.scalars(select(NoticeRow).where(NoticeRow.sop_instance_uid == sop_instance_uid)).all()
        for notice in rows:
            notice.state = state or notice.state
            if len(rows) == 1:
                known = {pair[0] for pair in notice.instances}
                notice.instances = [
                    *notice.instances,
                    *(list(pair) for pair in added if pair[0] not in known),
                ]
            session.flush()
            session.execute(update(NoticeRow).where(NoticeRow.id == notice.id).values(received_at=db_now()))
            if state != IN_PROGRESS:
                _note(
                    session, notice.study_instance_uid, notice.kind, peer, notice.state, len(notice.instances)
                )


def _note(session: Session, study_uid: str, kind: str, peer: str, state: str, listed: int) -> None:
    study = session.scalar(select(Study).where(Study.study_instance_uid == study_uid))
    study_id = study.id if study is not None else None
    if study is not None and not study.is_prior and study.state not in REPORTED:
        study.awaits_images = True  # settled already, it is judged again
    audit.append(
        session,
        actor=Actor.NODE,
        event="study.notice",
        study_id=study_id,
        kind=kind,
        peer=peer,
        state=state,
        instances=listed,
    )


def notices_of(db: Database, study_instance_uid: str) -> list[Notice]:
    """What was told of a study, in the order in which it came."""
    with db.read() as session:
        rows = session.scalars(
            select(NoticeRow).where(NoticeRow.study_instance_uid == study_instance_uid).order_by(NoticeRow.id)
        )
        return [
            Notice(row.kind, row.peer, row.state, frozenset(pair[0] for pair in row.instances))
            for row in rows
        ]


def inquiries_of(db: Database, study_id: int, kind: str = "") -> list[InquiryRow]:
    """What peers were asked about a study, of one kind or of all."""
    with db.read() as session:
        rows = session.scalars(
            select(Inquiry).where(Inquiry.study_id == study_id, *([Inquiry.kind == kind] if kind else []))
        )
        return [
            InquiryRow(row.kind, row.peer, row.state, row.found, row.message, row.tries, row.asked_at)
            for row in rows
        ]


def note_inquiry(
    db: Database, study_id: int, *, kind: str, peer: str, found: Mapping[str, Any] | None, message: str = ""
) -> None:
    """Keep what a peer answered; `found` is None where it couldn't be asked, for the reason in `message`."""
    with db.write() as session:
        row = session.scalar(
            select(Inquiry).where(Inquiry.study_id == study_id, Inquiry.kind == kind, Inquiry.peer == peer)
        )
        if row is None:
            row = Inquiry(study_id=study_id, kind=kind, peer=peer, state="", tries=0)
            session.add(row)
        row.state, row.message = ("told" if found is not None else "failed"), message
        row.found = dict(found or {})
        row.tries += 1
        session.flush()
        session.execute(update(Inquiry).where(Inquiry.id == row.id).values(asked_at=db_now()))
        audit.append(
            session,
            actor=Actor.NODE,
            event="peer.asked",
            study_id=study_id,
            peer=peer,
            about=kind,
            answered=found is not None,
        )
        study = session.get_one(Study, study_id)
        transitions.touch(session, study)


def note_order(db: Database, study_id: int, words: Mapping[str, str], order: Mapping[str, Any]) -> None:
    """Keep what a worklist says of a study's order: for people by keyword, and whole as DICOM JSON (PS3.18 F)."""
    with db.write() as session:
        study = session.get_one(Study, study_id)
        study.ordered = {"words": dict(words), "order": dict(order)}
        audit.append(session, actor=Actor.NODE, event="study.order", study_id=study_id)
        transitions.touch(session, study)


def order_of(db: Database, study_instance_uid: str) -> dict[str, Any]:
    """The order that a worklist told of a study, as DICOM JSON; empty where none did."""
    with db.read() as session:
        kept = session.scalar(select(Study.ordered).where(Study.study_instance_uid == study_instance_uid))
        return dict((kept or {}).get("order", {}))


def note_completeness(session: Session, study: Study, verdict: Verdict) -> bool:
    """Keep why a study counts as complete, or what it waits for; True where that is news."""
    kept = verdict.to_dict()
    if study.completeness == kept:
        return False
    study.completeness = kept
    transitions.touch(session, study)
    return True
