"""What an administrator does with queued work: hold, let go, hasten, send or do again; many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from llmcxr_ws import jobs
from llmcxr_ws.errors import StoreError, UserFacingError
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import audit, deliveries, drawings, questions, studies
from llmcxr_ws.store.models import Drawing, Job, SentenceMap

MAX_ITEMS = 1000
_REASONS_SHOWN = 3


def move(session: Session, payload: dict[str, Any], *, by: str) -> str:
    """Do one thing with several deliveries or jobs; give a sentence about it.

    `payload` holds ``of`` (deliveries or jobs), ``action`` (hold, release, now, again) and ``ids``. One that has
    moved on meanwhile is left alone and named; the others are done.

    Raises
    ------
    StoreError
        None of them could be done, or the payload asks for something unknown.
    """
    what, action = str(payload["of"]), str(payload["action"])
    ids = [int(number) for number in payload["ids"]]
    if not 1 <= len(ids) <= MAX_ITEMS:
        raise StoreError(f"{len(ids)} rows were refused.", what_to_do=f"Choose 1 to {MAX_ITEMS}.")
    do = _ACTIONS.get((what, action))
    if do is None:
        raise StoreError(f"The action '{action}' on {what} is unknown.", what_to_do="Upgrade the node.")
    refused: list[str] = []
    for number in ids:
        try:
            do(session, number, by)
        except UserFacingError as error:  # each raises before it has changed anything
            refused.append(f"{number}: {error.sentence}")
    done = len(ids) - len(refused)
    if not done:
        raise StoreError("Nothing was changed.", what_to_do=" ".join(refused[:_REASONS_SHOWN]))
    if refused:
        return f"{done} of {len(ids)} were changed. Left alone: {' '.join(refused[:_REASONS_SHOWN])}"
    return f"{done} of {len(ids)} were changed."


def _hold_delivery(session: Session, number: int, by: str) -> None:
    deliveries.hold(session, number, by=by)


def _send_again(session: Session, number: int, by: str) -> None:
    deliveries.resend(session, number)


def _send_now(session: Session, number: int, by: str) -> None:
    deliveries.hasten(session, number)


def _hold_job(session: Session, number: int, by: str) -> None:
    jobs.move(session, number, "hold", by=by)


def _release_job(session: Session, number: int, by: str) -> None:
    jobs.move(session, number, "release", by=by)


def _run_now(session: Session, number: int, by: str) -> None:
    jobs.move(session, number, "now", by=by)


def _do_again(session: Session, number: int, by: str) -> None:
    """Do a dead job again; the draft of a failed study by way of the study, so that its images are looked at anew."""
    job = session.get(Job, number)
    study = studies.get_study(session, job.study_id) if job is not None else None
    if job is None or study is None or job.kind != "draft":
        moved = jobs.move(session, number, "requeue", by=by)
        if moved.kind == "answer":
            questions.ask_again(session, int(moved.payload["question"]))
        elif moved.kind == "map":
            _ask_maps_again(session, int(moved.payload["report"]))
        elif moved.kind in (drawings.DRAW, drawings.ROUND_TRIP):
            _ask_drawing_again(session, int(moved.payload["drawing"]))
        return
    if job.state != "dead":
        raise StoreError(f"Job {number} is '{job.state}'.", what_to_do="Only a dead one is done again.")
    if study.state == StudyState.FAILED:
        studies.look_again(session, study)
        audit.append(session, actor=by, event="job.requeue", study_id=study.id, job=number)
    elif study.state in (StudyState.COMPLETE, StudyState.DRAFTING, StudyState.IN_REVIEW):
        jobs.move(session, number, "requeue", by=by)
    else:
        raise StoreError(f"Its study is '{study.state}' and waits for no draft.")


def _ask_maps_again(session: Session, report_id: int) -> None:
    session.execute(
        update(SentenceMap)
        .where(SentenceMap.report_id == report_id, SentenceMap.state == "failed")
        .values(state="asked", error_text="")
    )


def _ask_drawing_again(session: Session, drawing_id: int) -> None:
    session.execute(
        update(Drawing)
        .where(Drawing.id == drawing_id, Drawing.state == drawings.FAILED)
        .values(state=drawings.ASKED, error_text="")
    )


_ACTIONS: dict[tuple[str, str], Callable[[Session, int, str], None]] = {
    ("deliveries", "hold"): _hold_delivery,
    ("deliveries", "release"): _send_again,
    ("deliveries", "again"): _send_again,
    ("deliveries", "now"): _send_now,
    ("jobs", "hold"): _hold_job,
    ("jobs", "release"): _release_job,
    ("jobs", "again"): _do_again,
    ("jobs", "now"): _run_now,
}
