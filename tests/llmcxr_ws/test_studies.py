"""Arrival of instances, settlement after the quiet time, late images in every state, the worklist."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llmcxr_ws import jobs, reading
from llmcxr_ws.domain import Identity
from llmcxr_ws.errors import StoreError
from llmcxr_ws.store import reports, studies
from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.world import (
    Person,
    arrival,
    arrive,
    claim,
    draft,
    drafted,
    due_study,
    events,
    execute,
    held,
    instance_uid,
    new_draft,
    report,
    row,
    settle,
    sign,
    state,
)


def without_film(db: Database, study_id: int, *, failed: bool = False) -> bool:
    due = due_study(db, study_id)
    return studies.settle_without_film(db, due, code="lateral", sentence="Only laterals.", failed=failed)


def test_the_first_instance_makes_the_study(db: Database) -> None:
    recorded = studies.record_arrival(db, arrival())
    assert recorded.new
    found = row(db, recorded.study_id)
    assert (found.state, found.instances, found.source_peer) == ("receiving", 1, "pacs")
    assert found.identity == Identity("P-1", "HOSPITAL", "Doe^Jane", "19700101", "F", "ACC-1")
    assert events(db, recorded.study_id) == ["instance.received"]
    known = studies.known_instance(db, instance_uid(1, 1))
    assert known is not None and known.path == "received/01/1.dcm"
    assert studies.indexed_paths(db) == {"received/01/1.dcm"}
    assert studies.known_instance(db, "1.2.3") is None


def test_a_duplicate_is_no_news(db: Database) -> None:
    study_id = arrive(db)
    before = row(db, study_id)
    recorded = studies.record_arrival(db, arrival())
    assert (recorded.study_id, recorded.new) == (study_id, False)
    assert row(db, study_id) == before
    assert events(db, study_id) == ["instance.received"]


def test_an_instance_of_another_study_is_refused(db: Database) -> None:
    arrive(db, 1)
    with pytest.raises(StoreError, match="another study"):
        studies.record_arrival(db, arrival(2, sop_instance_uid=instance_uid(1, 1)))
    assert [one.instances for one in studies.worklist(db)] == [1]


def test_a_defective_instance_is_healed_by_a_resend(db: Database) -> None:
    study_id = arrive(db, defect="The pixel data end too early.", path="quarantine/aa/1.dcm", sha256="bad")
    assert without_film(db, study_id, failed=True)
    assert (row(db, study_id).state, studies.due_studies(db)) == ("failed", [])
    assert not studies.record_arrival(db, arrival(defect="Cut again.", sha256="bad 2")).new

    assert studies.record_arrival(db, arrival()).new
    assert state(db, study_id) == "receiving"
    (instance,) = studies.instances_of(db, study_id)
    assert (instance.defect, instance.path) == ("", "received/01/1.dcm")
    assert settle(db, study_id)
    assert state(db, study_id) == "complete"


def test_a_sound_instance_is_not_replaced_by_a_defective_one(db: Database) -> None:
    study_id = arrive(db)
    assert not studies.record_arrival(db, arrival(defect="Cut.", sha256="bad")).new
    assert studies.instances_of(db, study_id)[0].defect == ""


def test_settling_completes_the_study_and_queues_its_draft_once(db: Database) -> None:
    study_id = arrive(db)
    arrive(db, n=2)
    due = due_study(db, study_id)
    assert 0 <= due.quiet_for_s < 60
    assert studies.settle_film(db, due, instance_uid(1, 2))
    assert (state(db, study_id), jobs.waiting(db), studies.due_studies(db)) == ("complete", {"queued": 1}, [])
    assert row(db, study_id).film_sop_instance_uid == instance_uid(1, 2)
    assert row(db, study_id).view == "PA"
    assert not studies.settle_film(db, due, instance_uid(1, 2)), "settled twice"
    payload = claim(db).payload
    assert payload == {
        "film": instance_uid(1, 2),
        "instances": sorted([instance_uid(1, 1), instance_uid(1, 2)]),
    }


@pytest.mark.parametrize("film", [True, False])
def test_nothing_is_settled_when_an_instance_came_meanwhile(db: Database, film: bool) -> None:
    study_id = arrive(db)
    due = due_study(db, study_id)
    arrive(db, n=2)
    if film:
        assert not studies.settle_film(db, due, instance_uid(1, 1))
    else:
        assert not studies.settle_without_film(db, due, code="c", sentence="s", failed=False)
    assert (state(db, study_id), jobs.waiting(db)) == ("receiving", {})


@pytest.mark.parametrize(("failed", "end"), [(False, "excluded"), (True, "failed")])
def test_a_study_without_a_film_ends_with_its_sentence(db: Database, failed: bool, end: str) -> None:
    study_id = arrive(db)
    assert without_film(db, study_id, failed=failed)
    found = row(db, study_id)
    assert (found.state, found.reason_code, found.reason) == (end, "lateral", "Only laterals.")
    assert jobs.waiting(db) == {}


@pytest.mark.parametrize("failed", [False, True])
def test_late_images_open_an_ended_study_again(db: Database, failed: bool) -> None:
    study_id = arrive(db)
    without_film(db, study_id, failed=failed)
    arrive(db, n=2)
    found = row(db, study_id)
    assert (found.state, found.reason_code, found.reason) == ("receiving", "", "")
    assert settle(db, study_id, film=2)
    assert state(db, study_id) == "complete"


def test_late_images_before_the_draft_make_the_waiting_job_obsolete(db: Database) -> None:
    study_id = arrive(db)
    settle(db, study_id)
    arrive(db, n=2)
    assert state(db, study_id) == "receiving"
    assert reports.begin_draft(db, claim(db)) is None
    settle(db, study_id)
    draft(db)
    assert len(report(db, study_id).instances) == 2
    assert jobs.waiting(db) == {"dead": 1, "done": 1}


def test_an_old_job_does_not_draft_the_new_set_of_images(db: Database) -> None:
    """Both jobs are queued when the engine comes: the one of the smaller set is obsolete, in whatever order."""
    study_id = arrive(db)
    settle(db, study_id)
    arrive(db, n=2)
    settle(db, study_id)
    for _ in range(2):
        claimed = claim(db)
        if reports.begin_draft(db, claimed) is not None:
            reports.finish_draft(db, claimed, new_draft(claimed))
    assert len(report(db, study_id).instances) == 2
    assert [one.version for one in reports.versions(db, study_id)] == [1]


def test_late_images_while_drafting_are_looked_at_afterwards(db: Database) -> None:
    study_id = arrive(db)
    settle(db, study_id)
    claimed = claim(db)
    reports.begin_draft(db, claimed)
    arrive(db, n=2)
    assert (state(db, study_id), studies.due_studies(db)) == ("drafting", [])
    reports.finish_draft(db, claimed, new_draft(claimed))
    assert state(db, study_id) == "drafted"
    settle(db, study_id)
    assert state(db, study_id) == "complete"
    draft(db)
    assert [one.state for one in reports.versions(db, study_id)] == ["superseded", "draft"]


def test_late_images_after_the_draft_give_a_new_version(db: Database) -> None:
    study_id = drafted(db)
    arrive(db, n=2)
    assert state(db, study_id) == "receiving"
    settle(db, study_id)
    draft(db)
    assert (state(db, study_id), report(db, study_id).version) == ("drafted", 2)


def test_a_draft_is_nobodys_when_late_images_exclude_its_study(db: Database) -> None:
    study_id = drafted(db)
    held(db, report(db, study_id))
    arrive(db, n=2)
    without_film(db, study_id)
    assert (state(db, study_id), report(db, study_id).state) == ("excluded", "superseded")
    assert reports.drafts_to_send(db) == []
    assert [one.id for one, _ in reports.drafts_to_withdraw(db)] == [report(db, study_id).id]
    with pytest.raises(StoreError, match="superseded"):
        reading.save_edit(db, report(db, study_id).id, user="ruth", text="Mine.")


def test_late_images_in_review_keep_the_state_and_show_a_banner(db: Database) -> None:
    study_id = drafted(db)
    first = report(db, study_id).id
    reading.save_edit(db, first, user="ruth", text="Mine.")
    assert state(db, study_id) == "in_review"
    arrive(db, n=2)
    assert not row(db, study_id).late_images
    settle(db, study_id)
    found = row(db, study_id)
    assert (found.state, found.late_images) == ("in_review", True)
    draft(db)
    assert (state(db, study_id), report(db, study_id).version) == ("in_review", 2)
    assert report(db, study_id).text == "Mine."


def test_late_images_that_fit_nothing_leave_a_review_alone(db: Database) -> None:
    study_id = drafted(db)
    reading.save_edit(db, report(db, study_id).id, user="ruth", text="Mine.")
    arrive(db, n=2)
    without_film(db, study_id)
    found = row(db, study_id)
    assert (found.state, found.late_images, report(db, study_id).state) == ("in_review", True, "draft")


def test_late_images_after_the_signature_need_an_addendum(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    arrive(db, n=2)
    found = row(db, study_id)
    assert (found.state, found.needs_addendum, studies.due_studies(db)) == ("signed", True, [])
    assert not row(db, arrive(db, 2)).needs_addendum


def test_the_worklist_gives_what_changed_since(db: Database) -> None:
    one, two = arrive(db, 1), arrive(db, 2)
    rows = reading.worklist(db)
    assert [found.id for found in rows] == [one, two]
    seen = max(found.updated_seq for found in rows)
    assert reading.worklist(db, since=seen) == []
    settle(db, one)
    assert [found.id for found in reading.worklist(db, since=seen)] == [one]
    draft(db)
    (found,) = reading.worklist(db, since=seen)
    assert (found.report_state, found.confidence) == ("draft", 0.7)


def test_a_long_worklist_comes_in_pieces_in_the_order_of_change(db: Database) -> None:
    wanted = [arrive(db, number) for number in range(1, 6)]
    settle(db, wanted[0])
    found: list[int] = []
    seen = 0
    while rows := reading.worklist(db, since=seen, limit=2):
        assert len(rows) <= 2
        seen = rows[-1].updated_seq
        found += [one.id for one in rows]
    assert found == [*wanted[1:], wanted[0]]


def test_finding_a_study(db: Database) -> None:
    study_id = arrive(db, 3)
    by_accession = studies.find_study(db, accession_number="ACC-3")
    by_uid = studies.find_study(db, study_instance_uid=arrival(3).study_instance_uid)
    assert by_accession is not None and by_accession == by_uid and by_uid.id == study_id
    assert studies.find_study(db, accession_number="nobody's") is None
    with pytest.raises(StoreError, match="no study with id 99"):
        studies.study_row(db, 99)


def test_text_that_a_database_cannot_hold(db: Database) -> None:
    """PostgreSQL takes no NUL and no half of a surrogate pair; neither may stop a reception."""
    odd = replace(arrival().identity, patient_name="Doe\x00^Jane", patient_id="P\ud800")
    study_id = arrive(db, identity=odd)
    assert row(db, study_id).identity.patient_name == "Doe^Jane"
    assert row(db, study_id).identity.patient_id == "P?"


def test_a_text_too_long_is_refused_by_both_databases(db: Database) -> None:
    with pytest.raises(StoreError, match="257 characters was refused where 256 fit"):
        arrive(db, study_description="x" * 257)
    assert studies.worklist(db) == []


def test_a_restored_index_row_of_a_signed_study_asks_for_no_addendum(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    execute(db, "DELETE FROM instance")
    arrive(db)
    assert not row(db, study_id).needs_addendum


def test_a_late_image_that_was_signed_with_the_rest_asks_for_no_addendum(
    db: Database, reader: Person
) -> None:
    study_id = drafted(db)
    reading.save_edit(db, report(db, study_id).id, user="ruth", text="Both films are clear.")
    arrive(db, n=2)
    sign(db, reader, study_id)
    execute(db, "DELETE FROM instance")
    arrive(db, n=2)
    assert not row(db, study_id).needs_addendum
