"""What a labeler reads in a signed text: asked of the engine when a report is signed, written when it has read it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from llmcxr_ws import jobs
from llmcxr_ws.errors import StoreError
from llmcxr_ws.jobs import Claimed
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Report

KIND = "label"
# Figures on the quality page can wait for everything that a person waits for.
PRIORITY = -6


def ask(session: Session, report: Report) -> None:
    """Queue the reading of a report's signed text, in the transaction that signs it."""
    jobs.enqueue_for(
        session, kind=KIND, study_id=report.study_id, thing="report", thing_id=report.id, priority=PRIORITY
    )


def begin(db: Database, claimed: Claimed) -> str:
    """Give the signed text that is to be read."""
    with db.write() as session:
        jobs.require_ours(session, claimed)
        return _report(session, claimed).signed_text


def finish(db: Database, claimed: Claimed, labels: dict[str, Any]) -> None:
    """Write what was read and end the job; raise LeaseLost where it isn't ours any more."""
    with jobs.finishing(db, claimed) as session:
        _report(session, claimed).signed_labels = labels


def attempt_failed(db: Database, claimed: Claimed, *, code: str, sentence: str, final: bool) -> bool:
    """Try again later, or set the job aside: the report stays without labels; True when it will be tried again."""
    return jobs.attempt_failed(db, claimed, code=code, sentence=sentence, final=final)


def _report(session: Session, claimed: Claimed) -> Report:
    report = session.get(Report, int(claimed.payload["report"]))
    if report is None:
        raise StoreError(f"Job {claimed.id} speaks of a report that isn't there.")
    return report
