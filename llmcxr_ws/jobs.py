"""The queue of work for engines: every SQL statement on jobs stands here.

A job is written in the transaction of the state change that causes it. A claim is one statement, times come from
the database's clock, and finishing is conditional on owner and attempt inside the result's own transaction: a
worker that outlived its lease changes nothing.

States: queued → running → done, or back to queued (retry, lost lease), or dead (a person can requeue it); a queued
one may be held until a person lets it go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, and_, func, or_, select, update
from sqlalchemy.orm import Session

from llmcxr_ws.errors import LlmcxrError, StoreError
from llmcxr_ws.store import audit
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Job
from llmcxr_ws.store.types import db_now

RETRY_PAUSE_S = 2.0


class LeaseLost(LlmcxrError):
    """The job belongs to somebody else by now; whatever was made of it must be thrown away."""


@dataclass(frozen=True)
class Claimed:
    """A job in the hands of one worker, for one attempt."""

    id: int
    kind: str
    study_id: int
    payload: dict[str, Any]
    attempt: int
    max_attempts: int
    owner: str
    priority: int = 0


def enqueue(
    session: Session,
    *,
    kind: str,
    study_id: int,
    input_key: str,
    payload: dict[str, Any],
    model_key: str = "",
    priority: int = 0,
) -> int:
    """Write a job in the caller's transaction; the same work is queued once.

    A job that ended (done or dead) for the same input is queued afresh: its cause has come up again. One that waits
    takes the higher of both priorities.
    """
    known = session.scalar(
        select(Job).where(
            Job.study_id == study_id, Job.kind == kind, Job.input_key == input_key, Job.model_key == model_key
        )
    )
    if known is None:
        job = Job(
            kind=kind,
            study_id=study_id,
            input_key=input_key,
            model_key=model_key,
            payload=payload,
            priority=priority,
        )
        session.add(job)
        session.flush()
        return job.id
    if known.state in ("done", "dead"):
        known.state, known.owner, known.attempts = "queued", "", 0
        known.error_code = known.error_text = ""
        known.finished_at, known.priority = None, priority
        session.execute(update(Job).where(Job.id == known.id).values(run_after=db_now()))
    known.priority = max(known.priority, priority)
    return known.id


def enqueue_for(
    session: Session, *, kind: str, study_id: int, thing: str, thing_id: int, priority: int
) -> int:
    """As :func:`enqueue`, for work on one row of the store: `thing` names it in the payload."""
    return enqueue(
        session,
        kind=kind,
        study_id=study_id,
        input_key=hashlib.sha256(f"{kind} {thing_id}".encode()).hexdigest(),
        payload={thing: thing_id},
        priority=priority,
    )


def claim(db: Database, *, kinds: Sequence[str], owner: str, lease_s: float) -> Claimed | None:
    """Take the next job that is due, or one whose lease has run out.

    Gives None when there is nothing to do. Jobs that used up their attempts are left to :func:`exhausted`.
    """
    due = or_(
        and_(Job.state == "queued", Job.run_after <= db_now()),
        and_(Job.state == "running", Job.lease_until < db_now()),
    )
    with db.write(ordered=False) as session:
        chosen = (
            select(Job.id)
            .where(due, Job.kind.in_(kinds), Job.attempts < Job.max_attempts)
            .order_by(Job.priority.desc(), Job.run_after, Job.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = session.execute(
            update(Job)
            # `=`, never `IN`: PostgreSQL runs an `IN (… LIMIT 1 FOR UPDATE SKIP LOCKED)` once for each row that it
            # looks at, and so claims the whole queue at once.
            .where(Job.id == chosen.scalar_subquery(), due)
            .values(state="running", owner=owner, attempts=Job.attempts + 1, lease_until=db_now(lease_s))
            .returning(
                Job.id, Job.kind, Job.study_id, Job.payload, Job.attempts, Job.max_attempts, Job.priority
            )
            .execution_options(synchronize_session=False)
        ).first()
    if row is None:
        return None
    return Claimed(
        row.id, row.kind, row.study_id, row.payload, row.attempts, row.max_attempts, owner, row.priority
    )


def is_waiting_above(db: Database, kinds: Sequence[str], priority: int) -> bool:
    """Whether work of a higher priority is due: whoever has work in hand that can wait gives it back."""
    with db.read() as session:
        found = session.scalar(
            select(Job.id)
            .where(
                Job.state == "queued",
                Job.run_after <= db_now(),
                Job.kind.in_(kinds),
                Job.priority > priority,
                Job.attempts < Job.max_attempts,
            )
            .limit(1)
        )
    return found is not None


def exhausted(db: Database, kinds: Sequence[str]) -> list[Claimed]:
    """Jobs whose last worker died and that have no attempt left; the caller ends their study and the job."""
    with db.read() as session:
        rows = session.scalars(
            select(Job).where(
                Job.kind.in_(kinds),
                Job.state == "running",
                Job.lease_until < db_now(),
                Job.attempts >= Job.max_attempts,
            )
        )
        return [
            Claimed(job.id, job.kind, job.study_id, job.payload, job.attempts, job.max_attempts, job.owner)
            for job in rows
        ]


def heartbeat(db: Database, claimed: Claimed, lease_s: float) -> bool:
    """Extend the lease; False when the job is no longer ours."""
    with db.write(ordered=False) as session:
        return _change(session, claimed, lease_until=db_now(lease_s))


@contextmanager
def finishing(db: Database, claimed: Claimed) -> Iterator[Session]:
    """The transaction that writes a result and ends its job.

    Raises
    ------
    LeaseLost
        The job isn't ours any more; nothing has been written.
    """
    with db.write() as session:
        require_ours(session, claimed)
        yield session
        _change(session, claimed, state="done", finished_at=db_now())


def require_ours(session: Session, claimed: Claimed) -> None:
    """Raise :class:`LeaseLost` unless the job still belongs to this owner and attempt."""
    if not _change(session, claimed, owner=claimed.owner):
        raise LeaseLost(f"Job {claimed.id}, attempt {claimed.attempt}, is no longer held by this worker.")


def retry(session: Session, claimed: Claimed, *, code: str, sentence: str) -> bool:
    """Put the job back with a pause that doubles; False when no attempt is left and the job is dead."""
    values: dict[str, Any] = {"error_code": code, "error_text": sentence, "owner": "", "lease_until": None}
    if claimed.attempt < claimed.max_attempts:
        pause_s = RETRY_PAUSE_S * 2 ** (claimed.attempt - 1)
        _change(session, claimed, state="queued", run_after=db_now(pause_s), **values)
        return True
    bury(session, claimed, code=code, sentence=sentence)
    return False


def attempt_failed(
    db: Database,
    claimed: Claimed,
    *,
    code: str,
    sentence: str,
    final: bool,
    again: Callable[[Session], object] = lambda _: None,
    ended: Callable[[Session], object] = lambda _: None,
) -> bool:
    """Put the job back, or set it aside where no attempt is left or `final` says so; True when it comes again.

    `again` and `ended` write, in the same transaction, what that means for what the job was for. Raises LeaseLost
    where the job isn't ours any more.
    """
    with db.write() as session:
        require_ours(session, claimed)
        if final:
            bury(session, claimed, code=code, sentence=sentence)
        elif retry(session, claimed, code=code, sentence=sentence):
            again(session)
            return True
        ended(session)
        return False


def bury(session: Session, claimed: Claimed, *, code: str, sentence: str) -> None:
    """Set the job aside as dead, with the reason."""
    if _change(
        session,
        claimed,
        state="dead",
        error_code=code,
        error_text=sentence,
        finished_at=db_now(),
        lease_until=None,
    ):
        audit.append(
            session, actor="engine", event="job.dead", study_id=claimed.study_id, job=claimed.id, reason=code
        )


def release(db: Database, claimed: Claimed) -> None:
    """Give an unfinished job back at once, as if it had never been claimed."""
    with db.write(ordered=False) as session:
        _change(
            session,
            claimed,
            state="queued",
            owner="",
            lease_until=None,
            attempts=Job.attempts - 1,
            run_after=db_now(),
        )


def move(session: Session, job_id: int, action: str, *, by: str) -> Job:
    """A person holds a queued job, lets a held one go, hastens a paused one, or queues a dead one afresh.

    Parameters
    ----------
    action : str
        ``hold``, ``release``, ``now`` or ``requeue``.

    Raises
    ------
    StoreError
        There is no such job, or its state doesn't allow it.
    """
    found = {"hold": "queued", "release": "held", "now": "queued", "requeue": "dead"}
    job = session.get(Job, job_id)
    if job is None:
        raise StoreError(f"There is no job with id {job_id}.")
    if action not in found:
        raise StoreError(f"The job action '{action}' is unknown.")
    if job.state != found[action]:
        raise StoreError(
            f"Job {job_id} is '{job.state}'; '{action}' is for a job that is '{found[action]}'.",
            what_to_do="Look at the queue again.",
        )
    values: dict[str, Any] = {"state": "held" if action == "hold" else "queued"}
    if action != "hold":
        values["run_after"] = db_now()
    if action == "requeue":
        values |= {"attempts": 0, "owner": "", "error_code": "", "error_text": "", "finished_at": None}
    session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == found[action])
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    audit.append(session, actor=by, event=f"job.{action}", study_id=job.study_id, job=job_id)
    return job


def waiting(db: Database) -> dict[str, int]:
    """How many jobs are in which state."""
    with db.read() as session:
        counted = session.execute(select(Job.state, func.count()).group_by(Job.state).order_by(Job.state))
        return {str(state): count for state, count in counted}


def _change(session: Session, claimed: Claimed, **values: Any) -> bool:
    result = session.execute(
        update(Job)
        .where(
            Job.id == claimed.id,
            Job.state == "running",
            Job.owner == claimed.owner,
            Job.attempts == claimed.attempt,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1
