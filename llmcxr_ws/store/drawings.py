"""Synthetic films: drawn from a text for teaching, or from a draft to hold against its film. Never a patient's."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from llmcxr_ws import jobs
from llmcxr_ws.domain import DrawingRow, NewDrawing, RoundTrip
from llmcxr_ws.errors import StoreError
from llmcxr_ws.jobs import Claimed
from llmcxr_ws.store import audit, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Drawing, Instance, Report
from llmcxr_ws.store.studies import get_study
from llmcxr_ws.store.types import db_now

DRAW, ROUND_TRIP = "draw", "roundtrip"
TEACHING = "teaching"
ASKED, DRAWING, DRAWN, FAILED = "asked", "drawing", "drawn", "failed"
MAX_LENGTH = 2000
MAX_SEED = 2**31 - 1
_PRIORITY = {DRAW: 5, ROUND_TRIP: -10}


@dataclass(frozen=True)
class DrawInput:
    """What an engine needs to draw: the text, and the seed where one was given."""

    drawing_id: int
    text: str
    seed: int | None


@dataclass(frozen=True)
class RoundTripInput:
    """What an engine needs to hold a draft against its film."""

    drawing_id: int
    text: str
    codes: tuple[int, ...]
    film_path: str
    model_device_uid: str


def ask(
    db: Database,
    study_id: int,
    *,
    user: str,
    text: str,
    seed: int | None = None,
    report_id: int | None = None,
) -> int:
    """Ask for a synthetic film that shows a text; give the drawing's id.

    Raises
    ------
    StoreError
        The text is empty or too long, or the seed is out of range.
    """
    text = text.strip()
    if not 1 <= len(text) <= MAX_LENGTH:
        raise StoreError(
            f"A text of {len(text)} characters can't be drawn.",
            what_to_do=f"Give one of 1 to {MAX_LENGTH} characters.",
        )
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise StoreError(f"The seed {seed} was refused.", what_to_do=f"Give one from 0 to {MAX_SEED}.")
    with db.write() as session:
        get_study(session, study_id)
        row = Drawing(
            study_id=study_id, report_id=report_id, purpose=TEACHING, user=user, text=text, seed=seed
        )
        session.add(row)
        session.flush()
        _enqueue(session, row, DRAW)
        audit.append(session, actor=user, event="drawing.asked", study_id=study_id, drawing=row.id)
        return row.id


def follow(session: Session, report: Report) -> None:
    """Queue the round trip of a fresh draft, in the transaction that writes it; it waits behind everything else."""
    row = Drawing(
        study_id=report.study_id,
        report_id=report.id,
        purpose=ROUND_TRIP,
        user="engine",
        text=report.ai_text,
    )
    session.add(row)
    session.flush()
    _enqueue(session, row, ROUND_TRIP)


def begin(db: Database, claimed: Claimed) -> DrawInput:
    """Say what is to be drawn."""
    with db.write() as session:
        wanted = _ours(session, claimed)
        wanted.state, wanted.facts = DRAWING, {}
        return DrawInput(wanted.id, wanted.text, wanted.seed)


def begin_round_trip(db: Database, claimed: Claimed) -> RoundTripInput:
    """Say which draft is to be held against which film."""
    with db.write() as session:
        wanted = _ours(session, claimed)
        report = session.get(Report, wanted.report_id)
        path = (
            session.scalar(
                select(Instance.path).where(Instance.sop_instance_uid == report.film_sop_instance_uid)
            )
            if report is not None
            else None
        )
        if report is None or path is None:
            raise StoreError(f"Job {claimed.id} speaks of a draft or film that isn't there.")
        wanted.state = DRAWING
        return RoundTripInput(wanted.id, wanted.text, tuple(report.codes), path, report.model_device_uid)


def note_share(db: Database, claimed: Claimed, share: float) -> None:
    """Say how much of a film is drawn, 0 to 1; a few times a second at most."""
    with db.write(ordered=False) as session:
        _ours(session, claimed).facts = {"share": round(share, 3)}


def finish(db: Database, claimed: Claimed, made: NewDrawing) -> None:
    """Write what was drawn and end the job; raise LeaseLost where it isn't ours any more."""
    with jobs.finishing(db, claimed) as session:
        wanted = _drawing(session, claimed)
        wanted.state, wanted.error_text = DRAWN, ""
        wanted.seed, wanted.path, wanted.sha256 = made.seed, made.path, made.sha256
        wanted.codes, wanted.facts = list(made.codes), made.facts
        wanted.model_name, wanted.model_version = made.model_name, made.model_version
        wanted.model_device_uid = made.model_device_uid
        if wanted.purpose == ROUND_TRIP:
            transitions.touch(session, get_study(session, wanted.study_id))
        session.flush()
        session.execute(update(Drawing).where(Drawing.id == wanted.id).values(drawn_at=db_now()))


def attempt_failed(db: Database, claimed: Claimed, *, code: str, sentence: str, final: bool) -> bool:
    """Try again later, or end the drawing with its sentence; True when it will be tried again."""

    def ended(session: Session) -> None:
        wanted = _drawing(session, claimed)
        wanted.state, wanted.error_text = FAILED, sentence

    def again(session: Session) -> None:
        _drawing(session, claimed).state = ASKED

    return jobs.attempt_failed(
        db, claimed, code=code, sentence=sentence, final=final, again=again, ended=ended
    )


def drawings_of(db: Database, study_id: int) -> list[DrawingRow]:
    """The films drawn for teaching from texts of a study, oldest first."""
    with db.read() as session:
        rows = session.scalars(
            select(Drawing)
            .where(Drawing.study_id == study_id, Drawing.purpose == TEACHING)
            .order_by(Drawing.id)
        )
        return [_as_row(row) for row in rows]


def drawing(db: Database, drawing_id: int) -> DrawingRow:
    """One drawing in its present state."""
    with db.read() as session:
        row = session.get(Drawing, drawing_id)
        if row is None:
            raise StoreError(f"There is no drawing with id {drawing_id}.")
        return _as_row(row)


def round_trip_of(db: Database, report_id: int) -> RoundTrip | None:
    """What the round trip of a draft gave; None where none was made (yet)."""
    with db.read() as session:
        row = session.scalar(
            select(Drawing)
            .where(Drawing.report_id == report_id, Drawing.purpose == ROUND_TRIP, Drawing.state == DRAWN)
            .order_by(Drawing.id.desc())
        )
        if row is None:
            return None
        return RoundTrip(
            *(float(row.facts[name]) for name in ("score", "advise_below", "auroc", "low", "high"))
        )


def _enqueue(session: Session, row: Drawing, kind: str) -> None:
    jobs.enqueue_for(
        session, kind=kind, study_id=row.study_id, thing="drawing", thing_id=row.id, priority=_PRIORITY[kind]
    )


def _ours(session: Session, claimed: Claimed) -> Drawing:
    jobs.require_ours(session, claimed)
    return _drawing(session, claimed)


def _drawing(session: Session, claimed: Claimed) -> Drawing:
    row = session.get(Drawing, int(claimed.payload["drawing"]))
    if row is None:
        raise StoreError(f"Job {claimed.id} speaks of a drawing that isn't there.")
    return row


def _as_row(row: Drawing) -> DrawingRow:
    return DrawingRow(
        id=row.id,
        study_id=row.study_id,
        user=row.user,
        text=row.text,
        state=row.state,
        seed=row.seed,
        path=row.path,
        sha256=row.sha256,
        share=float(row.facts.get("share", 0.0)),
        error_text=row.error_text,
        model_name=row.model_name,
        model_version=row.model_version,
        asked_at=row.asked_at,
        drawn_at=row.drawn_at,
        model_device_uid=row.model_device_uid,
    )
