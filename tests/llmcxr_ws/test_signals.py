"""Notices, inquiries, forwards and priors in both databases."""

from __future__ import annotations

from pathlib import Path

from llmcxr_ws import reading
from llmcxr_ws.completeness import AVAILABLE, COMPLETED, IN_PROGRESS, Verdict
from llmcxr_ws.routing import Forward
from llmcxr_ws.states import DeliveryState
from llmcxr_ws.store import deliveries, forwarding, priors, reports, signals, studies
from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.world import (
    Person,
    arrival,
    arrive,
    drafted,
    due_study,
    events,
    execute,
    row,
    settle,
    sign,
)


def tell(
    db: Database, uid: str, *studies_: str, state: str = IN_PROGRESS, listed: tuple[str, ...] = ()
) -> None:
    pairs = [(one, "1.2") for one in listed]
    signals.record_notice(
        db, kind="mpps", peer="cr", sop_instance_uid=uid, studies=studies_, state=state, listed=pairs
    )


def test_a_step_grows_until_it_is_over(db: Database) -> None:
    tell(db, "9.1", "1.1", listed=("5.1",))
    signals.end_step(db, "9.1", peer="cr", state=IN_PROGRESS, listed=[("5.2", "1.2")])
    signals.end_step(db, "9.1", peer="cr", state=COMPLETED, listed=[("5.2", "1.2"), ("5.3", "1.2")])
    (found,) = signals.notices_of(db, "1.1")
    assert found.images == {"5.1", "5.2", "5.3"} and found.closes_step
    assert signals.state_of_notice(db, "9.1") == COMPLETED and signals.state_of_notice(db, "9.2") is None
    assert events(db).count("study.notice") == 2


def test_of_a_step_of_two_studies_nobody_knows_which_image_is_whose(db: Database) -> None:
    tell(db, "9.1", "1.1", "1.2", listed=("5.1",))
    signals.end_step(db, "9.1", peer="cr", state=COMPLETED, listed=[("5.1", "1.2")])
    for uid in ("1.1", "1.2"):
        (found,) = signals.notices_of(db, uid)
        assert found.state == COMPLETED and found.images == frozenset()


def test_an_announcement_has_a_settled_study_looked_at_again(db: Database) -> None:
    study_id = drafted(db)
    assert studies.awaiting_studies(db) == []
    tell(db, "9.1", row(db, study_id).study_instance_uid, state=AVAILABLE, listed=("5.9",))
    (due,) = studies.awaiting_studies(db)
    assert due.id == study_id
    seq = row(db, study_id).updated_seq
    assert studies.note_completeness(db, due, Verdict("missing", False, {"by": "cr"}, ("5.9",)))
    assert not studies.note_completeness(db, due, Verdict("missing", False, {"by": "cr"}, ("5.9",)))
    assert row(db, study_id).updated_seq > seq and row(db, study_id).completeness["missing"] == ["5.9"]
    studies.note_completeness(db, due, Verdict("gave_up", True, {}, ("5.9",)))
    assert studies.awaiting_studies(db) == []


def test_an_early_draft_awaits_more(db: Database) -> None:
    study_id = arrive(db)
    due = due_study(db, study_id)
    studies.settle_film(
        db, due, due.instances[0].sop_instance_uid, verdict=Verdict("in_progress", False), priority=4
    )
    assert [one.id for one in studies.awaiting_studies(db)] == [study_id]
    assert studies.due_studies(db) == []


def test_what_a_peer_answered_takes_the_place_of_what_it_answered_before(db: Database) -> None:
    study_id = arrive(db)
    signals.note_inquiry(db, study_id, kind="count", peer="pacs", found=None, message="away")
    signals.note_inquiry(db, study_id, kind="count", peer="pacs", found={"there": 2})
    (found,) = signals.inquiries_of(db, study_id)
    assert (found.state, found.found, found.message, found.tries) == ("told", {"there": 2}, "", 2)


def test_a_received_instance_is_planned_once_and_is_no_document_of_ours(db: Database) -> None:
    study_id = arrive(db)
    (found,) = forwarding.unrouted(db)
    forwards = [Forward("archive", False, "r"), Forward("study", True, "r")]
    assert forwarding.routed(db, found, forwards) == 2
    assert forwarding.routed(db, found, forwards) == 0 and forwarding.unrouted(db) == []
    rows = deliveries.due_deliveries(db)
    assert [(one.peer, one.deidentify, one.kind, one.is_forwarded) for one in rows] == [
        ("archive", False, "forwarded", True),
        ("study", True, "forwarded", True),
    ]
    assert not reports.is_own_document(db, found.instance.sop_instance_uid)
    assert not deliveries.is_withdrawn(db, rows[0].id) and not deliveries.is_retracted(db, rows[0].id)
    detail = reading.open_study(db, study_id)
    assert detail.deliveries == () and len(detail.forwards) == 2
    deliveries.refused(db, rows[0].id, message="no")
    with db.write() as session:
        deliveries.resend(session, rows[0].id)
    forwarding.came_from(db, found.instance.sop_instance_uid, "archive")
    assert deliveries.deliveries_of(db, study_id)[0].state is DeliveryState.HELD


def test_what_healed_is_asked_about_again_and_a_damaged_one_never(db: Database) -> None:
    arrive(db, defect="cut off")
    assert forwarding.unrouted(db) == []
    studies.record_arrival(db, arrival(sha256="f" * 64))
    assert len(forwarding.unrouted(db)) == 1


def test_a_prior_is_nobody_s_work_until_it_is_sent_by_itself(db: Database) -> None:
    study_id = arrive(db)
    uid = arrival(2).study_instance_uid
    assert priors.want(db, study_id, "pacs", [(uid, ["7.1"])]) == 1
    assert priors.want(db, study_id, "pacs", [(uid, ["7.1"])]) == 0
    (wanted,) = priors.due(db, "pacs")
    priors.begin(db, wanted.id)
    prior = arrive(db, 2)
    assert row(db, prior).is_prior and [one.id for one in reading.worklist(db)] == [study_id]
    assert [found.study_id for found in forwarding.unrouted(db)] == [study_id]
    assert priors.end(db, wanted.id, message="", pause_s=0) == priors.HERE
    arrive(db, 2, 2)
    assert not row(db, prior).is_prior and len(reading.worklist(db)) == 2


def test_one_that_doesn_t_come_is_left_after_some_tries(db: Database) -> None:
    study_id = arrive(db)
    priors.want(db, study_id, "pacs", [("8.8", ["7.1"])])
    for attempt in range(4):
        (wanted,) = priors.due(db, "pacs")
        priors.begin(db, wanted.id)
        state = priors.end(db, wanted.id, message="away", pause_s=0)
        assert state == (priors.FAILED if attempt == 3 else priors.WANTED)
    assert priors.due(db, "pacs") == []


def test_a_peer_is_asked_once_about_what_came_lately(db: Database) -> None:
    study_id = arrive(db)
    assert [one.id for one in priors.unasked(db, "priors", "pacs", 0)] == [study_id]
    signals.note_inquiry(db, study_id, kind="priors", peer="pacs", found={})
    assert priors.unasked(db, "priors", "pacs", 0) == []
    assert [one.id for one in priors.unasked(db, "priors", "other", 0)] == [study_id]
    assert [one.id for one in priors.unasked(db, "order", "pacs", 0)] == [study_id]


def test_the_header_s_question_goes_before_the_worklist_s(db: Database) -> None:
    study_id = arrive(db, facts={"view": "PA", "indication": "Fever"})
    settle(db, study_id)
    words = {"ReasonForTheRequestedProcedure": "Cough", "AdmissionID": "A1"}
    signals.note_order(db, study_id, words, {"00401001": {"vr": "SH", "Value": ["RP1"]}})
    assert row(db, study_id).ordered == {"ReasonForTheRequestedProcedure": "Fever", "AdmissionID": "A1"}
    assert row(db, study_id).requested_priority == ""
    signals.note_order(db, study_id, {"RequestedProcedurePriority": "stat"}, {"00401001": {"vr": "SH"}})
    assert row(db, study_id).requested_priority == "STAT"
    assert "00401001" in signals.order_of(db, row(db, study_id).study_instance_uid)
    assert signals.order_of(db, "1.2.3") == {}


def test_what_was_signed_here_is_the_prior_s_report_until_it_is_retracted(db: Database) -> None:
    study_id = drafted(db)
    other = drafted(db, 2)
    sign(db, Person.enter(db, "ruth", "reader"), other, "Clear. Signed.")

    def said() -> list[str]:
        (found,) = reading.other_studies(db, study_id)
        return [one.text for one in reading.prior_reports(db, found, Path)]

    assert said() == ["Clear. Signed."]
    execute(db, "UPDATE study SET state = 'retracted' WHERE id = :id", id=other)
    assert said() == []
