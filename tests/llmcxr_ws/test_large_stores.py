"""What the office's pages read of a large store: bounded, said where it is an estimate, and right all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from llmcxr_ws import quality, reading
from llmcxr_ws.store import modelling, requests, statistics, supervision
from llmcxr_ws.store.administration import apply_request
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.modelling import NewShadow
from llmcxr_ws.store.models import Report, Study
from llmcxr_ws.store.spans import first_id
from tests.llmcxr_ws.world import (
    SERVICE_KEY,
    Person,
    arrive,
    draft,
    drafted,
    execute,
    report,
    settle,
    sign,
)

NOW = datetime.now(UTC)


def move(db: Database, study_id: int, days: float) -> None:
    at = NOW - timedelta(days=days)
    with db.write() as session:
        session.execute(update(Study).where(Study.id == study_id).values(received_at=at))
        session.execute(update(Report).where(Report.study_id == study_id).values(created_at=at))


def test_a_span_of_time_begins_at_an_id(db: Database) -> None:
    with db.read() as session:
        assert first_id(session, Study.id, Study.received_at, NOW) == 0
    for number in range(1, 12):
        move(db, arrive(db, number), 20 - number)
    execute(db, "DELETE FROM instance")
    execute(db, "DELETE FROM study WHERE id IN (1, 6, 7)")  # gaps don't matter
    with db.read() as session:
        kept = session.execute(select(Study.id, Study.received_at).order_by(Study.id)).all()
        for days in (0, 9.5, 10.5, 12.5, 14.5, 18.5, 30):
            since = NOW - timedelta(days=days)
            found = first_id(session, Study.id, Study.received_at, since)
            wanted = {row.id for row in kept if row.received_at >= since}
            assert {row.id for row in kept if row.id >= found} == wanted


def test_a_search_of_the_trail_looks_at_its_end(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    drafted(db, 1)
    assert supervision.audit_tail(db, words="study.complete")
    monkeypatch.setattr(supervision, "SEARCHED", 1)
    assert supervision.audit_tail(db, words="study.complete") == ()
    assert len(supervision.audit_tail(db)) > 1


def test_counts_and_sums_of_large_tables_are_named_as_estimates(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 9):
        arrive(db, number)
    exact = supervision.sizes(db)
    assert exact.estimated == frozenset() and exact.instances == 8
    monkeypatch.setattr(supervision, "COUNTED", 5)
    monkeypatch.setattr(supervision, "WEIGHED", 4)
    found = supervision.sizes(db)
    assert {"study", "instance", "bytes"} <= found.estimated and "job" not in found.estimated
    assert (found.studies, found.instances) == (8, 8)
    assert found.instance_bytes == pytest.approx(exact.instance_bytes, rel=0.01)
    assert (
        found.last_day_bytes > exact.last_day_bytes
    )  # four came in a moment: at that pace a day brings more


def test_all_that_waits_is_counted_however_much_is_listed(db: Database) -> None:
    for number in range(1, 4):
        settle(db, arrive(db, number))
    assert len(supervision.open_jobs(db, limit=2)) == 2
    assert supervision.open_states(db) == ({}, {"queued": 3})


def test_a_second_draft_and_an_addendum_don_t_flow_again(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    move(db, study_id, 3)
    with db.write() as session:
        first = session.scalars(select(Report).where(Report.study_id == study_id)).one()
        values = {
            column.name: getattr(first, column.name)
            for column in Report.__table__.columns
            if column.name not in ("id", "version", "created_at", "kind", "amends_id")
        }
        session.add(Report(**values, version=2, kind="report"))
        session.add(Report(**values | {"model_name": ""}, version=3, kind="addendum", amends_id=first.id))
    found = supervision.flow(db, NOW - timedelta(days=1))
    assert found.drafted == () and len(found.signed) == 1
    assert len(supervision.flow(db, NOW - timedelta(days=9)).drafted) == 1


def test_the_latest_drafts_are_counted(db: Database) -> None:
    for number in range(1, 5):
        drafted(db, number)
    rows = statistics.draft_fates(db, NOW - timedelta(days=1), limit=3)
    assert [row.report_id for row in rows] == [2, 3, 4]


@pytest.mark.parametrize("is_rejected", [True, False])
def test_a_draft_that_was_set_aside_counts_as_that_after_a_preliminary_report(
    db: Database, reader: Person, is_rejected: bool
) -> None:
    study_id = arrive(db)
    settle(db, study_id)
    draft(db, **({} if is_rejected else {"withheld": "It was unsure."}))
    if is_rejected:
        number = reading.request_rejection(db, reader.key, report(db, study_id), "Wrong side")
        apply_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    number = reading.request_preliminary(db, reader.key, reading.open_study(db, study_id), "Own words.")
    apply_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    assert report(db, study_id).state == "preliminary"
    sign(db, reader, study_id, "Own words.")
    (row,) = statistics.draft_fates(db, NOW - timedelta(days=1))
    assert row.fate == ("rejected" if is_rejected else "withheld")
    assert quality.decision(row) == ("rejected" if is_rejected else "")


def test_a_withheld_draft_stays_one_beside_a_shadow_after_the_signature(db: Database, reader: Person) -> None:
    study_id = arrive(db)
    settle(db, study_id)
    draft(db, withheld="It was unsure.")
    sign(db, reader, study_id, "Own words.")
    wanted = modelling.next_for_shadow(db, "2.25.2", within=10)
    assert wanted is not None
    modelling.record_shadow(db, wanted, NewShadow("", None, "", {}, {}, "other", "2", "2.25.2", 1.0))
    (row,) = modelling.shadow_rows(db)
    assert row.withheld == "It was unsure."


def test_what_begins_and_ends_alike_doesn_t_change_the_distance() -> None:
    text = "a b c d e f g h"
    assert quality.words_changed(text, "a b c x y f g h") == pytest.approx(2 / 8)
    assert quality.words_changed("a b a b", "a b a b a b") == pytest.approx(2 / 6)
    assert quality.words_changed("a a", "a a a") == pytest.approx(1 / 3)
    assert quality.words_changed("x a a y", "x a y") == pytest.approx(1 / 4)
