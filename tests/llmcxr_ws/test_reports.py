"""Drafts, versions, edits and documents."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from llmcxr_ws import jobs, reading
from llmcxr_ws.errors import StoreError
from llmcxr_ws.jobs import LeaseLost
from llmcxr_ws.store import deliveries, reports, signing, studies
from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.world import (
    AI_TEXT,
    Person,
    age_leases,
    arrive,
    ask_signature,
    claim,
    document,
    draft,
    drafted,
    due_now,
    events,
    execute,
    instance_uid,
    new_draft,
    new_version,
    report,
    row,
    settle,
    sign,
    state,
)


def test_a_draft_is_the_first_version(db: Database) -> None:
    study_id = arrive(db)
    settle(db, study_id)
    claimed = claim(db)
    wanted = reports.begin_draft(db, claimed)
    assert wanted is not None and wanted.film_path == "received/01/1.dcm"
    assert state(db, study_id) == "drafting"
    report_id = reports.finish_draft(db, claimed, new_draft(claimed, evidence={"ids": [1]}))
    found = reports.report_by_id(db, report_id)
    assert (found.version, found.state, found.text, found.ai_text) == (1, "draft", AI_TEXT, AI_TEXT)
    assert (found.codes, found.confidence, found.evidence) == ((1, 2, 3), 0.7, {"ids": [1]})
    assert (found.edit_text, found.signed_text, found.signed_at) == (None, "", None)
    assert abs((datetime.now(UTC) - found.created_at).total_seconds()) < 60
    assert state(db, study_id) == "drafted"
    assert jobs.waiting(db) == {"done": 1}
    assert events(db, study_id)[-2:] == ["study.drafting", "study.drafted"]


def test_a_worker_that_outlived_its_lease_writes_no_draft(db: Database) -> None:
    study_id = arrive(db)
    settle(db, study_id)
    first = claim(db, "first")
    reports.begin_draft(db, first)
    age_leases(db)
    second = claim(db, "second")
    for attempt in (
        lambda: reports.begin_draft(db, first),
        lambda: reports.finish_draft(db, first, new_draft(first)),
        lambda: reports.end_draft(db, first, code="c", sentence="s", excluded=True),
        lambda: reports.draft_attempt_failed(db, first, code="c", sentence="s"),
    ):
        with pytest.raises(LeaseLost):
            attempt()
    assert (state(db, study_id), reports.versions(db, study_id)) == ("drafting", [])
    reports.begin_draft(db, second)
    reports.finish_draft(db, second, new_draft(second))
    assert [found.version for found in reports.versions(db, study_id)] == [1]


@pytest.mark.parametrize(("excluded", "end"), [(True, "excluded"), (False, "failed")])
def test_a_film_that_gives_no_draft(db: Database, excluded: bool, end: str) -> None:
    study_id = arrive(db)
    settle(db, study_id)
    claimed = claim(db)
    reports.begin_draft(db, claimed)
    reports.end_draft(db, claimed, code="blank", sentence="The film is blank.", excluded=excluded)
    found = row(db, study_id)
    assert (found.state, found.reason_code, found.reason) == (end, "blank", "The film is blank.")
    assert jobs.waiting(db) == {"done": 1}


def test_a_film_whose_index_row_is_gone_fails_its_study_until_the_row_is_back(db: Database) -> None:
    """The row was deleted by hand while the engine was at work, and the engine died."""
    study_id = arrive(db)
    settle(db, study_id)
    reports.begin_draft(db, claim(db))
    execute(db, "DELETE FROM instance")
    age_leases(db)
    assert reports.begin_draft(db, claim(db)) is None
    found = row(db, study_id)
    assert (found.state, found.reason_code) == ("failed", "film_missing")
    assert "Restart the node" in found.reason
    arrive(db)  # the node restores the row from the file when it starts
    settle(db, study_id)
    draft(db)
    assert state(db, study_id) == "drafted"


@pytest.mark.parametrize("excluded", [True, False])
def test_a_draft_is_nobodys_when_the_engine_can_make_none_of_later_images(
    db: Database, excluded: bool
) -> None:
    study_id = drafted(db)
    (delivery,) = document(db, report(db, study_id), "draft")
    deliveries.begin(db, delivery.id)
    deliveries.stored(db, delivery.id)
    arrive(db, n=2)
    settle(db, study_id, film=2)
    claimed = claim(db)
    reports.begin_draft(db, claimed)
    reports.end_draft(db, claimed, code="blank", sentence="The film is blank.", excluded=excluded)
    assert report(db, study_id).state == "superseded"
    assert [one.id for one, _ in reports.drafts_to_withdraw(db)] == [report(db, study_id).id]


def test_a_reader_is_told_when_late_images_get_no_draft(db: Database) -> None:
    """The study stays the reader's, with the engine's sentence beside it."""
    study_id = drafted(db)
    reading.save_edit(db, report(db, study_id).id, user="ruth", text="Mine.")
    arrive(db, n=2)
    settle(db, study_id, film=2)
    claimed = claim(db)
    reports.begin_draft(db, claimed)
    reports.end_draft(db, claimed, code="blank", sentence="The film is blank.", excluded=True)
    found = row(db, study_id)
    assert (found.state, found.reason_code) == ("in_review", "blank")
    assert found.reason.endswith("with them: The film is blank.")
    assert "draft.not_renewed" in events(db, study_id)
    assert report(db, study_id).text == "Mine."


def test_a_failed_study_that_is_sent_again_is_drafted_again(db: Database) -> None:
    """Its files are known already; that they come again is the way to ask for another try."""
    study_id = arrive(db)
    settle(db, study_id)
    claimed = claim(db)
    reports.begin_draft(db, claimed)
    reports.end_draft(db, claimed, code="model_failed", sentence="It broke.", excluded=False)
    assert studies.due_studies(db) == []
    studies.note_sent_again(db, instance_uid(1, 1))
    assert state(db, study_id) == "receiving"
    settle(db, study_id)
    draft(db)
    assert state(db, study_id) == "drafted"
    before = row(db, study_id)
    studies.note_sent_again(db, instance_uid(1, 1))  # no news in any other state
    assert row(db, study_id) == before


def test_a_failed_attempt_is_repeated_and_then_fails_the_study(db: Database) -> None:
    study_id = arrive(db)
    settle(db, study_id)
    outcomes = []
    for _ in range(3):
        claimed = claim(db)
        reports.begin_draft(db, claimed)
        outcomes.append(reports.draft_attempt_failed(db, claimed, code="oom", sentence="Too little memory."))
        due_now(db, "job")
    assert outcomes == [True, True, False]
    assert (state(db, study_id), row(db, study_id).reason) == ("failed", "Too little memory.")
    assert jobs.waiting(db) == {"dead": 1}


def test_a_withheld_draft_is_shown_with_its_reason_and_never_leaves(db: Database) -> None:
    study_id = drafted(db, withheld="Confidence too low.")
    found = report(db, study_id)
    assert (found.state, found.reason, state(db, study_id)) == ("withheld", "Confidence too low.", "drafted")
    assert reports.drafts_to_send(db) == []


def test_a_withheld_draft_stays_withheld_after_a_refused_signature(db: Database, reader: Person) -> None:
    study_id = drafted(db, withheld="Confidence too low.")
    request = ask_signature(db, reader, study_id, "My own words.")
    signing.hold(db, request, reason="The PACS can't be asked.", pause_s=0)
    assert report(db, study_id).state == "sign_pending"
    signing.refuse(db, request, reason="Another patient.")
    found = report(db, study_id)
    assert (found.state, found.reason, found.text) == ("withheld", "Confidence too low.", "My own words.")
    assert reports.drafts_to_send(db) == []


def test_a_new_version_takes_the_edit_over(db: Database) -> None:
    study_id = drafted(db)
    first = report(db, study_id).id
    reading.save_edit(db, first, user="ruth", text="Mine.")
    second = new_version(db, study_id)
    found = reports.report_by_id(db, second)
    assert (found.version, found.ai_text, found.edit_text, found.edited_by) == (2, AI_TEXT, "Mine.", "ruth")
    assert reports.report_by_id(db, first).state == "superseded"
    assert reports.report_by_id(db, first).edit_text == "Mine."


def test_an_edit_of_a_superseded_version_lands_in_the_new_one(db: Database) -> None:
    study_id = drafted(db)
    first = report(db, study_id).id
    second = new_version(db, study_id)
    assert reading.save_edit(db, first, user="ruth", text="Written late.") == second
    assert report(db, study_id).text == "Written late."
    assert reports.report_by_id(db, first).edit_text is None


def test_a_rejected_drafts_edit_is_taken_over_too(db: Database) -> None:
    study_id = drafted(db)
    first = report(db, study_id)
    reading.save_edit(db, first.id, user="ruth", text="Mine.")
    execute(db, "UPDATE report SET state = 'rejected'")
    second = new_version(db, study_id)
    assert reports.report_by_id(db, second).edit_text == "Mine."
    assert reports.report_by_id(db, first.id).state == "rejected"
    assert reading.save_edit(db, first.id, user="ruth", text="More.") == second


def test_saving_an_edit(db: Database) -> None:
    study_id = drafted(db)
    report_id = report(db, study_id).id
    reading.save_edit(db, report_id, user="ruth", text="One.")
    first = report(db, study_id)
    reading.save_edit(db, report_id, user="ruth", text="One.")
    assert report(db, study_id) == first, "an equal text is no news"
    reading.save_edit(db, report_id, user="ruth", text="Two.")
    second = report(db, study_id)
    assert (first.edit_revision, second.edit_revision, second.text) == (1, 2, "Two.")
    assert second.ai_text == AI_TEXT
    assert first.edit_saved_at is not None and second.edit_saved_at is not None
    assert first.edit_saved_at <= second.edit_saved_at
    assert state(db, study_id) == "in_review"
    assert events(db, study_id).count("study.in_review") == 1


@pytest.mark.parametrize("ended", ["signed", "sign_pending", "refused"])
def test_a_report_that_cannot_be_edited(db: Database, ended: str) -> None:
    study_id = drafted(db)
    execute(db, "UPDATE report SET state = :ended", ended=ended)
    with pytest.raises(StoreError, match=f"'{ended}' and can't be edited"):
        reading.save_edit(db, report(db, study_id).id, user="ruth", text="Mine.")
    assert report(db, study_id).edit_text is None


def test_a_draft_that_comes_after_the_signature_is_thrown_away(db: Database, reader: Person) -> None:
    """Late images queue a draft, the reader has seen them and signs first: a signed report is never reopened."""
    study_id = drafted(db)
    reading.save_edit(db, report(db, study_id).id, user="ruth", text="Mine.")
    arrive(db, n=2)
    settle(db, study_id)
    claimed = claim(db)
    assert reports.begin_draft(db, claimed) is not None
    sign(db, reader, study_id, "Mine.")
    signed = report(db, study_id)
    assert reports.finish_draft(db, claimed, new_draft(claimed)) == signed.id
    assert (report(db, study_id), state(db, study_id)) == (signed, "signed")
    assert reports.drafts_to_send(db) == []
    # The two drafts; the reading of the signed text's labels waits.
    assert jobs.waiting(db) == {"done": 2, "queued": 1}


def test_drafts_to_send_and_to_withdraw(db: Database) -> None:
    study_id = drafted(db)
    first = report(db, study_id)
    assert [found.id for found in reports.drafts_to_send(db)] == [first.id]
    (delivery,) = document(db, first, "draft")
    assert (reports.drafts_to_send(db), reports.drafts_to_withdraw(db)) == ([], [])
    second = new_version(db, study_id)
    assert reports.drafts_to_withdraw(db) == []  # nobody holds it
    deliveries.begin(db, delivery.id)
    deliveries.stored(db, delivery.id)
    ((withdrawn, made),) = reports.drafts_to_withdraw(db)
    assert (withdrawn.id, made.kind) == (first.id, "draft")
    assert [found.id for found in reports.drafts_to_send(db)] == [second]
    document(db, withdrawn, "rejection")
    assert reports.drafts_to_withdraw(db) == []
    assert [found.kind for found in reports.documents_of(db, study_id)] == ["draft", "rejection"]
    assert reports.is_own_document(db, made.sop_instance_uid)
    assert not reports.is_own_document(db, "1.2.3")


def test_what_is_not_there(db: Database) -> None:
    with pytest.raises(StoreError, match="no report with id 7"):
        reports.report_by_id(db, 7)
    assert reports.current_report(db, 7) is None
    assert reports.current_report(db, arrive(db)) is None
