"""The queue: one claim for each job, leases, retries, and workers that outlived theirs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from llmcxr_ws import jobs
from llmcxr_ws.jobs import Claimed, LeaseLost
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Job
from tests.llmcxr_ws.world import age_leases, arrive, claim, due_now, events, execute

ROOT = Path(__file__).parents[2]

# A worker of its own process: claims until nothing is left and prints what it got.
WORKER = """
import json, sys, time
from llmcxr_ws import jobs
from llmcxr_ws.store.database import Database
db, owner, got = Database(sys.argv[1]), sys.argv[2], []
jobs.claim(db, kinds=("none",), owner=owner, lease_s=60)  # the connection is open before the race starts
print("ready", flush=True)
sys.stdin.readline()
while (claimed := jobs.claim(db, kinds=("draft",), owner=owner, lease_s=60)) is not None:
    got.append(claimed.id)
    time.sleep(0.01)  # some work, so that a worker that is first away can't be done before the others begin
print(json.dumps(got))
"""


def queue(db: Database, *keys: str, kind: str = "draft", priority: int = 0) -> list[int]:
    study_id = arrive(db)
    with db.write() as session:
        return [
            jobs.enqueue(
                session, kind=kind, study_id=study_id, input_key=key, payload={"key": key}, priority=priority
            )
            for key in keys
        ]


def job(db: Database, job_id: int) -> Job:
    with db.read() as session:
        return session.get_one(Job, job_id)


def test_one_claim_for_each_job_among_processes(db: Database, db_url: str) -> None:
    ids = queue(db, *(f"key {n}" for n in range(40)))
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, db_url, f"worker {n}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for n in range(4)
    ]
    for worker in workers:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    said = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        out, _ = worker.communicate(timeout=60)
        assert worker.returncode == 0
        said.append(json.loads(out))
    assert sorted(job_id for got in said for job_id in got) == sorted(ids)
    assert sum(bool(got) for got in said) > 1, "one worker took everything, so nothing was contended"


def test_a_claim_takes_one_job_only(db: Database) -> None:
    queue(db, "a", "b", "c")
    claim(db)
    assert jobs.waiting(db) == {"queued": 2, "running": 1}


def test_nothing_to_claim(db: Database) -> None:
    assert jobs.claim(db, kinds=("draft",), owner="w", lease_s=10) is None


def test_claims_only_its_kinds(db: Database) -> None:
    queue(db, "a", kind="answer")
    assert jobs.claim(db, kinds=("draft",), owner="w", lease_s=10) is None
    assert claim(db, kind="answer").kind == "answer"


def test_the_same_work_is_queued_once(db: Database) -> None:
    first, again = queue(db, "a", "a")
    assert first == again
    assert jobs.waiting(db) == {"queued": 1}


def test_running_work_is_not_queued_again(db: Database) -> None:
    (job_id,) = queue(db, "a")
    claim(db)
    assert queue(db, "a") == [job_id]
    assert jobs.waiting(db) == {"running": 1}


@pytest.mark.parametrize("end", ["done", "dead"])
def test_ended_work_is_queued_afresh(db: Database, end: str) -> None:
    (job_id,) = queue(db, "a")
    claimed = claim(db)
    if end == "done":
        with jobs.finishing(db, claimed):
            pass
    else:
        with db.write() as session:
            jobs.bury(session, claimed, code="c", sentence="s")
    assert queue(db, "a") == [job_id]
    found = job(db, job_id)
    assert (found.state, found.attempts, found.error_text, found.finished_at) == ("queued", 0, "", None)
    assert claim(db).attempt == 1


def test_priority_goes_before_age(db: Database) -> None:
    queue(db, "old")
    queue(db, "urgent", priority=10)
    queue(db, "late")
    assert [claim(db).payload["key"] for _ in range(3)] == ["urgent", "old", "late"]


def test_a_lease_that_ran_out_is_claimed_by_another(db: Database) -> None:
    (job_id,) = queue(db, "a")
    claim(db, "first")
    assert jobs.claim(db, kinds=("draft",), owner="second", lease_s=10) is None
    age_leases(db)
    second = claim(db, "second")
    assert (second.id, second.attempt, second.owner) == (job_id, 2, "second")


def test_a_lease_runs_out_by_the_databases_clock(db: Database) -> None:
    queue(db, "a")
    claim(db, "first", lease_s=0.3)
    assert jobs.claim(db, kinds=("draft",), owner="second", lease_s=10) is None
    time.sleep(0.4)
    assert claim(db, "second").attempt == 2


def test_an_outlived_worker_changes_nothing(db: Database) -> None:
    (job_id,) = queue(db, "a")
    first = claim(db, "first")
    age_leases(db)
    second = claim(db, "second")
    before = job(db, job_id).__dict__

    with pytest.raises(LeaseLost), jobs.finishing(db, first) as session:
        session.execute(text("UPDATE study SET reason = 'written by a dead hand'"))
    assert jobs.heartbeat(db, first, 600) is False
    jobs.release(db, first)
    with db.write() as session:
        jobs.bury(session, first, code="late", sentence="late")
        jobs.retry(session, first, code="late", sentence="late")

    after = job(db, job_id).__dict__
    assert {k: v for k, v in before.items() if k[0] != "_"} == {k: v for k, v in after.items() if k[0] != "_"}
    with db.read() as session:
        assert session.execute(text("SELECT reason FROM study")).scalar_one() == ""
    with jobs.finishing(db, second):
        pass
    assert job(db, job_id).state == "done"


def test_the_same_owner_of_an_earlier_attempt_is_outlived_too(db: Database) -> None:
    queue(db, "a")
    first = claim(db, "worker")
    age_leases(db)
    claim(db, "worker")
    with pytest.raises(LeaseLost), jobs.finishing(db, first):
        pass


def test_a_result_that_fails_leaves_the_job_running(db: Database) -> None:
    (job_id,) = queue(db, "a")
    claimed = claim(db)
    with pytest.raises(ZeroDivisionError), jobs.finishing(db, claimed):
        raise ZeroDivisionError
    assert job(db, job_id).state == "running"


def test_a_heartbeat_keeps_the_job(db: Database) -> None:
    queue(db, "a")
    claimed = claim(db, lease_s=0.2)
    assert jobs.heartbeat(db, claimed, 60) is True
    time.sleep(0.3)
    assert jobs.claim(db, kinds=("draft",), owner="other", lease_s=10) is None


def test_a_retry_waits_longer_each_time(db: Database) -> None:
    (job_id,) = queue(db, "a")
    pauses = []
    for attempt in (1, 2):
        claimed = claim(db)
        assert claimed.attempt == attempt
        with db.write() as session:
            assert jobs.retry(session, claimed, code="oom", sentence="Too little memory.") is True
        found = job(db, job_id)
        assert (found.state, found.owner, found.error_code) == ("queued", "", "oom")
        with db.read() as session:
            now = session.scalar(text("SELECT datetime('now')" if db.is_sqlite else "SELECT now()"))
        pauses.append(_seconds(found.run_after, now))
        assert jobs.claim(db, kinds=("draft",), owner="w", lease_s=10) is None, "claimed in its pause"
        due_now(db, "job")
    assert pauses[0] == pytest.approx(2, abs=1.5)
    assert pauses[1] == pytest.approx(4, abs=1.5)
    assert pauses[1] > pauses[0]


def _seconds(moment: object, now: object) -> float:
    from datetime import UTC, datetime

    then = now if isinstance(now, datetime) else datetime.fromisoformat(str(now)).replace(tzinfo=UTC)
    assert isinstance(moment, datetime)
    return (moment - then).total_seconds()


def test_the_last_retry_ends_in_dead_with_its_reason(db: Database) -> None:
    (job_id,) = queue(db, "a")
    outcomes = []
    for _ in range(3):
        claimed = claim(db)
        with db.write() as session:
            outcomes.append(jobs.retry(session, claimed, code="oom", sentence="Too little memory."))
        due_now(db, "job")
    found = job(db, job_id)
    assert outcomes == [True, True, False]
    assert (found.state, found.error_code, found.error_text) == ("dead", "oom", "Too little memory.")
    assert found.finished_at is not None and found.lease_until is None
    assert events(db)[-1] == "job.dead"


def test_a_job_whose_workers_all_died_is_exhausted(db: Database) -> None:
    (job_id,) = queue(db, "a")
    for _ in range(3):
        assert jobs.exhausted(db, ("draft",)) == []
        last = claim(db)
        age_leases(db)
    assert jobs.claim(db, kinds=("draft",), owner="w", lease_s=10) is None
    assert jobs.exhausted(db, ("answer",)) == []
    (dead,) = jobs.exhausted(db, ("draft",))
    assert dead == Claimed(job_id, "draft", last.study_id, {"key": "a"}, 3, 3, "worker")
    with db.write() as session:
        assert jobs.retry(session, dead, code="died", sentence="The engine died.") is False
    assert jobs.exhausted(db, ("draft",)) == []
    assert job(db, job_id).state == "dead"


def test_a_released_job_is_as_if_never_claimed(db: Database) -> None:
    (job_id,) = queue(db, "a")
    jobs.release(db, claim(db))
    found = job(db, job_id)
    assert (found.state, found.attempts, found.owner, found.lease_until) == ("queued", 0, "", None)
    assert claim(db).attempt == 1


def test_a_burial_is_final_for_claims(db: Database) -> None:
    queue(db, "a")
    claimed = claim(db)
    with db.write() as session:
        jobs.bury(session, claimed, code="obsolete", sentence="Not wanted any more.")
    due_now(db, "job")
    assert jobs.claim(db, kinds=("draft",), owner="w", lease_s=10) is None
    assert jobs.waiting(db) == {"dead": 1}


def test_a_job_not_yet_due_waits(db: Database) -> None:
    queue(db, "a")
    execute(
        db,
        "UPDATE job SET run_after = :then",
        then="2999-01-01 00:00:00.000000+00"[: 26 if db.is_sqlite else 99],
    )
    assert jobs.claim(db, kinds=("draft",), owner="w", lease_s=10) is None
