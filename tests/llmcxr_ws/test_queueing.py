"""Queues moved by hand: who may, what each action does, and that one that has moved on doesn't stop the others."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text

from llmcxr_ws import jobs, reading
from llmcxr_ws.store import deliveries, drawings, questions, reports, requests, supervision
from llmcxr_ws.store.administration import apply_request
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import SentenceMap
from tests.llmcxr_ws.world import (
    SERVICE_KEY,
    Person,
    arrive,
    claim,
    document,
    draft,
    drafted,
    due_study,
    events,
    execute,
    report,
    settle,
    state,
)


def move(db: Database, person: Person, of: str, action: str, *ids: int) -> tuple[str, str]:
    payload: dict[str, Any] = {"of": of, "action": action, "ids": list(ids)}
    number = requests.submit(db, person.key, kind="queue", payload=payload)
    apply_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    decided = requests.request_by_id(db, number)
    return decided.state, decided.outcome


def test_deliveries_are_held_released_hastened_and_sent_again(db: Database, admin: Person) -> None:
    (one,) = document(db, report(db, drafted(db, 1)), "draft")
    (two,) = document(db, report(db, drafted(db, 2)), "draft")
    assert move(db, admin, "deliveries", "hold", one.id, two.id) == ("granted", "2 of 2 were changed.")
    assert {row.state for row in supervision.open_deliveries(db)} == {"held"}
    assert "Held by anna" in supervision.open_deliveries(db)[0].message
    assert deliveries.due_deliveries(db) == []
    assert move(db, admin, "deliveries", "release", one.id)[0] == "granted"
    deliveries.begin(db, one.id)
    deliveries.failed(db, one.id, message="No.", pause_s=900, unknown=False, max_attempts=9)
    assert deliveries.due_deliveries(db) == []
    assert supervision.open_deliveries(db)[-1].wait_s > 800
    assert move(db, admin, "deliveries", "now", one.id)[0] == "granted"
    assert [row.id for row in deliveries.due_deliveries(db)] == [one.id]
    deliveries.refused(db, one.id, message="Never.")
    assert supervision.open_deliveries(db)[0].state in ("dead", "held")
    state_, outcome = move(db, admin, "deliveries", "again", one.id, 999)
    assert state_ == "granted" and "1 of 2" in outcome and "no delivery with id 999" in outcome
    assert "request.queue.granted" in events(db)


def test_nothing_is_changed_when_none_can_be(db: Database, admin: Person, reader: Person) -> None:
    (one,) = document(db, report(db, drafted(db)), "draft")
    assert move(db, admin, "deliveries", "again", one.id)[0] == "refused"
    assert move(db, admin, "deliveries", "now", 77)[0] == "refused"
    assert move(db, admin, "deliveries", "burn", one.id)[0] == "refused"
    assert move(db, admin, "jobs", "hold")[0] == "refused"
    refused = move(db, reader, "deliveries", "hold", one.id)
    assert refused[0] == "refused" and "doesn't allow" in refused[1]


def test_a_held_job_is_claimed_by_nobody(db: Database, admin: Person) -> None:
    study_id = arrive(db)
    assert settle(db, study_id)
    (job,) = supervision.open_jobs(db)
    assert move(db, admin, "jobs", "hold", job.id)[0] == "granted"
    assert jobs.claim(db, kinds=("draft",), owner="w", lease_s=9) is None
    assert supervision.open_jobs(db)[0].state == "held"
    assert move(db, admin, "jobs", "hold", job.id)[0] == "refused"
    assert move(db, admin, "jobs", "release", job.id)[0] == "granted"
    draft(db)
    assert state(db, study_id) == "drafted" and supervision.open_jobs(db) == ()
    assert {"job.hold", "job.release"} <= set(events(db, study_id))


def test_a_paused_job_is_hastened(db: Database, admin: Person) -> None:
    settle(db, arrive(db))
    claimed = claim(db)
    with db.write() as session:
        jobs.retry(session, claimed, code="x", sentence="Again.")
    assert jobs.claim(db, kinds=("draft",), owner="w", lease_s=9) is None
    assert move(db, admin, "jobs", "now", claimed.id)[0] == "granted"
    assert jobs.claim(db, kinds=("draft",), owner="w", lease_s=9) is not None


def test_a_dead_draft_is_done_again_by_way_of_its_study(db: Database, admin: Person) -> None:
    study_id = arrive(db)
    settle(db, study_id)
    execute(db, "UPDATE job SET max_attempts = 1")
    claimed = claim(db)
    reports.begin_draft(db, claimed)
    reports.draft_attempt_failed(db, claimed, code="broke", sentence="It broke.")
    assert state(db, study_id) == "failed"
    (dead,) = supervision.open_jobs(db)
    assert (dead.state, dead.message) == ("dead", "It broke.")
    assert move(db, admin, "jobs", "again", dead.id)[0] == "granted"
    assert state(db, study_id) == "receiving" and due_study(db, study_id).quiet_for_s >= 0
    assert settle(db, study_id)
    draft(db)
    assert state(db, study_id) == "drafted"
    again = move(db, admin, "jobs", "again", dead.id)
    assert again[0] == "refused" and "'done'" in again[1]


def test_a_dead_draft_that_nobody_waits_for_stays_dead(db: Database, admin: Person) -> None:
    drafted(db)
    execute(db, "UPDATE job SET state = 'dead'")
    (dead,) = supervision.open_jobs(db)
    outcome = move(db, admin, "jobs", "again", dead.id)
    assert outcome[0] == "refused" and "waits for no draft" in outcome[1]


def test_a_dead_answer_is_tried_again(db: Database, admin: Person) -> None:
    study_id = drafted(db)
    question = reading.ask(db, study_id, user="ruth", text="Is there an effusion?")
    claimed = claim(db, kind="answer")
    questions.begin_answer(db, claimed)
    questions.answer_attempt_failed(db, claimed, code="x", sentence="It broke.", final=True)
    (dead,) = supervision.open_jobs(db)
    assert move(db, admin, "jobs", "again", dead.id)[0] == "granted"
    assert reading.question(db, question).state == "asked" and not reading.question(db, question).error_text
    questions.begin_answer(db, claim(db, kind="answer"))


def test_dead_maps_are_asked_for_again(db: Database, admin: Person) -> None:
    study_id = drafted(db)
    wanted = report(db, study_id).id
    with db.write() as session:
        session.add(
            SentenceMap(
                report_id=wanted, sentence_sha256="0" * 64, sentence="A.", state="failed", error_text="No."
            )
        )
        jobs.enqueue(session, kind="map", study_id=study_id, input_key="k", payload={"report": wanted})
    claimed = claim(db, kind="map")
    with db.write() as session:
        jobs.bury(session, claimed, code="x", sentence="No.")
    (dead,) = supervision.open_jobs(db)
    assert move(db, admin, "jobs", "again", dead.id)[0] == "granted"
    with db.read() as session:
        (row,) = session.scalars(select(SentenceMap))
        assert (row.state, row.error_text) == ("asked", "")


def test_a_dead_drawing_is_asked_for_again(db: Database, admin: Person) -> None:
    study_id = drafted(db)
    number = drawings.ask(db, study_id, user="ruth", text="An effusion.")
    claimed = claim(db, kind="draw")
    drawings.begin(db, claimed)
    drawings.attempt_failed(db, claimed, code="x", sentence="It broke.", final=True)
    assert drawings.drawing(db, number).state == "failed"
    (dead,) = supervision.open_jobs(db)
    assert move(db, admin, "jobs", "again", dead.id)[0] == "granted"
    again = drawings.drawing(db, number)
    assert (again.state, again.error_text) == ("asked", "")


@pytest.mark.parametrize("words", ["", "study.", "NODE"])
def test_the_trail_s_end(db: Database, words: str) -> None:
    drafted(db)
    rows = supervision.audit_tail(db, words=words)
    assert [row.id for row in rows] == sorted(row.id for row in rows)
    assert rows and all(words.lower() in f"{row.event} {row.actor}".lower() for row in rows)


def test_sizes_and_flow(db: Database, reader: Person) -> None:
    from datetime import UTC, datetime, timedelta

    drafted(db, 1)
    arrive(db, 2)
    found = supervision.sizes(db)
    assert (found.studies, found.instances, found.instance_bytes) == (2, 2, 2002)
    assert found.database_bytes > 10_000 and found.last_day_bytes == 2002
    since = datetime.now(UTC) - timedelta(hours=1)
    flow = supervision.flow(db, since)
    assert (len(flow.received), len(flow.drafted), len(flow.signed)) == (2, 1, 0)
    assert abs(flow.waits[0][1]) < 60
    assert supervision.flow(db, datetime.now(UTC) + timedelta(hours=1)).received == ()
    with db.read() as session:
        assert session.execute(text("SELECT count(*) FROM study")).scalar_one() == 2
    assert [sample.source_peer for sample in supervision.recent_studies(db)] == ["pacs", "pacs"]
