"""Maps of sentences: which part of the film each sentence of a draft rests on, asked for, computed, read.

One job makes the maps of all sentences of a draft: the engine scores them together. A job that follows a draft by
itself waits behind everything else; when a reader asks, it comes to the front.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from llmcxr_ws import jobs
from llmcxr_ws.domain import MapRow, NewMap
from llmcxr_ws.errors import StoreError
from llmcxr_ws.jobs import Claimed
from llmcxr_ws.sentences import split
from llmcxr_ws.states import ReportState
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Report, SentenceMap
from llmcxr_ws.store.types import db_now

KIND = "map"
ASKED, COMPUTING, READY, FAILED = "asked", "computing", "ready", "failed"
# A reader who asks waits behind answers alone; what nobody asked for behind all that somebody waits for.
_ASKED_PRIORITY = 9
_UNASKED_PRIORITY = -5


@dataclass(frozen=True)
class MapInput:
    """What an engine needs to make the maps of a draft."""

    report_id: int
    codes: tuple[int, ...]
    ids: tuple[int, ...]
    context: str | None
    model_device_uid: str


def ask(db: Database, report_id: int, *, sentence: str) -> MapRow:
    """Ask for the map of one sentence of a draft; give its row, with the map where it was made before.

    Raises
    ------
    StoreError
        The report isn't there, is withheld, or its AI text has no such sentence.
    """
    with db.write() as session:
        report = _report(session, report_id)
        if report.state == ReportState.WITHHELD:
            raise StoreError("A withheld draft has no maps.", what_to_do="Write your own report.")
        if sentence not in split(report.ai_text):
            raise StoreError(
                "Only a sentence that the AI wrote has a map; this one isn't in its draft.",
                what_to_do="Choose a sentence of the draft.",
            )
        kept = _row(session, report_id, sentence)
        if kept is None:
            kept = SentenceMap(report_id=report_id, sentence=sentence, sentence_sha256=_sha256(sentence))
            session.add(kept)
        elif kept.state == READY:
            return _as_row(kept)
        elif kept.state == FAILED:
            kept.state, kept.error_text = ASKED, ""
        session.flush()
        _enqueue(session, report, _ASKED_PRIORITY)
        return _as_row(kept)


def follow(session: Session, report: Report) -> None:
    """Queue the maps of a fresh draft, in the transaction that writes it."""
    _enqueue(session, report, _UNASKED_PRIORITY)


def begin(db: Database, claimed: Claimed) -> MapInput:
    """Say which draft's maps are wanted, and what it was made of."""
    with db.write() as session:
        jobs.require_ours(session, claimed)
        report = _report(session, int(claimed.payload["report"]))
        session.execute(
            update(SentenceMap)
            .where(SentenceMap.report_id == report.id, SentenceMap.state == ASKED)
            .values(state=COMPUTING)
        )
        evidence = report.evidence
        return MapInput(
            report.id,
            tuple(report.codes),
            tuple(evidence.get("ids", ())),
            evidence.get("context"),
            report.model_device_uid,
        )


def finish(db: Database, claimed: Claimed, maps: Sequence[NewMap]) -> None:
    """Write the maps of a draft's sentences and end the job; raise LeaseLost where it isn't ours any more."""
    report_id = int(claimed.payload["report"])
    with jobs.finishing(db, claimed) as session:
        for made in {one.sentence: one for one in reversed(maps)}.values():
            kept = _row(session, report_id, made.sentence)
            if kept is None:
                kept = SentenceMap(
                    report_id=report_id, sentence=made.sentence, sentence_sha256=_sha256(made.sentence)
                )
                session.add(kept)
            kept.state, kept.error_text = READY, ""
            kept.rows, kept.columns = made.rows, made.columns
            kept.values, kept.facts = list(made.values), made.facts
            session.flush()
            session.execute(update(SentenceMap).where(SentenceMap.id == kept.id).values(computed_at=db_now()))
        _end_open(session, report_id, "The engine found no such sentence in its draft.")


def attempt_failed(db: Database, claimed: Claimed, *, code: str, sentence: str, final: bool) -> bool:
    """Try again later, or end the maps that were asked for with a sentence; True when it will be tried again."""
    report_id = int(claimed.payload["report"])
    return jobs.attempt_failed(
        db,
        claimed,
        code=code,
        sentence=sentence,
        final=final,
        ended=lambda session: _end_open(session, report_id, sentence),
    )


def maps_of(db: Database, report_id: int) -> list[MapRow]:
    """The maps of a draft's sentences, as far as they were made or asked for."""
    with db.read() as session:
        rows = session.scalars(
            select(SentenceMap).where(SentenceMap.report_id == report_id).order_by(SentenceMap.id)
        )
        return [_as_row(row) for row in rows]


def map_by_id(db: Database, map_id: int) -> MapRow:
    """One map in its present state."""
    with db.read() as session:
        row = session.get(SentenceMap, map_id)
        if row is None:
            raise StoreError(f"There is no map with id {map_id}.")
        return _as_row(row)


def _enqueue(session: Session, report: Report, priority: int) -> None:
    jobs.enqueue_for(
        session, kind=KIND, study_id=report.study_id, thing="report", thing_id=report.id, priority=priority
    )


def _end_open(session: Session, report_id: int, sentence: str) -> None:
    session.execute(
        update(SentenceMap)
        .where(SentenceMap.report_id == report_id, SentenceMap.state.in_((ASKED, COMPUTING)))
        .values(state=FAILED, error_text=sentence)
    )


def _row(session: Session, report_id: int, sentence: str) -> SentenceMap | None:
    return session.scalar(
        select(SentenceMap).where(
            SentenceMap.report_id == report_id, SentenceMap.sentence_sha256 == _sha256(sentence)
        )
    )


def _report(session: Session, report_id: int) -> Report:
    report = session.get(Report, report_id)
    if report is None:
        raise StoreError(f"There is no report with id {report_id}.")
    return report


def _as_row(row: SentenceMap) -> MapRow:
    return MapRow(
        id=row.id,
        report_id=row.report_id,
        sentence=row.sentence,
        state=row.state,
        rows=row.rows or 0,
        columns=row.columns or 0,
        values=tuple(row.values or ()),
        facts=row.facts or {},
        error_text=row.error_text or "",
    )


def _sha256(sentence: str) -> str:
    return hashlib.sha256(sentence.encode()).hexdigest()
