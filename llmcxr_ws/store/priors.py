"""Earlier studies that are fetched to compare with: wanted, being fetched, here, or not to be had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.states import REPORTED
from llmcxr_ws.store import studies
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Inquiry, Instance, Prior, Study
from llmcxr_ws.store.spans import first_id
from llmcxr_ws.store.types import db_now

WANTED, FETCHING, HERE, FAILED = "wanted", "fetching", "here", "failed"
_RECENT_S: Final = 86_400.0
"""Studies that came longer ago aren't asked about any more: a site that begins to ask doesn't ask about all."""
_TRIES: Final = 4


@dataclass(frozen=True)
class PriorRow:
    """One earlier study of a study's patient."""

    id: int
    study_id: int
    study_instance_uid: str
    peer: str
    series: tuple[str, ...]
    state: str
    message: str
    tries: int


def unasked(db: Database, kind: str, peer: str, retry_s: float) -> list[StudyRow]:
    """Recent studies about which a peer wasn't asked yet, or in vain some time ago; the latest first."""
    asked = exists().where(
        Inquiry.study_id == Study.id,
        Inquiry.kind == kind,
        Inquiry.peer == peer,
        (Inquiry.state == "told") | (Inquiry.tries >= _TRIES) | (Inquiry.asked_at > db_now(-retry_s)),
    )
    with db.read() as session:
        since = session.execute(select(db_now(-_RECENT_S))).scalar_one()
        ids = session.scalars(
            select(Study.id)
            .where(
                Study.id >= first_id(session, Study.id, Study.received_at, since),
                Study.received_at > since,
                Study.is_prior.is_(False),
                Study.state.not_in(REPORTED),
                ~asked,
            )
            .order_by(Study.id.desc())
            .limit(20)
        ).all()
        return [studies.row_in(session, study_id) for study_id in ids]


def want(db: Database, study_id: int, peer: str, found: Iterable[tuple[str, Sequence[str]]]) -> int:
    """Write down which studies are to be fetched, each with its series; how many aren't here already."""
    new = 0
    with db.write() as session:
        for uid, series in found:
            if session.scalar(
                select(Prior.id).where(Prior.study_id == study_id, Prior.study_instance_uid == uid)
            ):
                continue
            is_here = _has_images(session, uid)
            new += not is_here
            session.add(
                Prior(
                    study_id=study_id,
                    study_instance_uid=uid,
                    peer=peer,
                    series=list(series),
                    state=HERE if is_here else WANTED,
                )
            )
    return new


def due(db: Database, peer: str) -> list[PriorRow]:
    """What is to be fetched from a peer now, oldest first."""
    with db.read() as session:
        rows = session.scalars(
            select(Prior)
            .where(Prior.peer == peer, Prior.state.in_([WANTED, FETCHING]), Prior.run_after <= db_now())
            .order_by(Prior.id)
        )
        return [_row(row) for row in rows]


def priors_of(db: Database, study_id: int) -> list[PriorRow]:
    """The earlier studies that were looked for, for one study."""
    with db.read() as session:
        return [
            _row(row)
            for row in session.scalars(select(Prior).where(Prior.study_id == study_id).order_by(Prior.id))
        ]


def begin(db: Database, prior_id: int) -> None:
    """It is being fetched: what comes of its study from now on was asked for."""
    with db.write() as session:
        prior = session.get_one(Prior, prior_id)
        prior.state, prior.tries = FETCHING, prior.tries + 1


def end(db: Database, prior_id: int, *, message: str, pause_s: float) -> str:
    """It was fetched, or in vain for the reason in `message`; give its state. After some tries it is left."""
    with db.write() as session:
        prior = session.get_one(Prior, prior_id)
        came = _has_images(session, prior.study_instance_uid)
        if came and not message:
            prior.state, prior.message = HERE, ""
        else:
            prior.state = FAILED if prior.tries >= _TRIES else WANTED
            prior.message = message or "The peer said that it sent it, and nothing came."
            session.flush()
            session.execute(update(Prior).where(Prior.id == prior.id).values(run_after=db_now(pause_s)))
        return prior.state


def _has_images(session: Session, StudyInstanceUID: str) -> bool:
    """Whether anything of a study is here that wasn't purged: what was can be fetched again."""
    found = (
        select(Instance.id)
        .join(Study, Instance.study_id == Study.id)
        .where(Study.study_instance_uid == StudyInstanceUID, Instance.purged_at.is_(None))
    )
    return session.scalar(found.limit(1)) is not None


def _row(row: Prior) -> PriorRow:
    return PriorRow(
        row.id,
        row.study_id,
        row.study_instance_uid,
        row.peer,
        tuple(row.series),
        row.state,
        row.message,
        row.tries,
    )
