"""After a retraction a new report is written and signed; the retracted one never leaves again and counts no more."""

from __future__ import annotations

import pytest

from llmcxr_ws import reading
from llmcxr_ws.errors import AccessError, StoreError
from llmcxr_ws.store import deliveries, reports
from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.test_retracting import arrive_at_peer, ask, complete, verified
from tests.llmcxr_ws.world import AI_TEXT, Person, drafted, events, report, row, sign, state

WRONG = "There is a pneumothorax."
RIGHT = "There is no pneumothorax."


def retracted(db: Database, reader: Person, **draft: object) -> int:
    """A study whose report reached the PACS, not the archive, and was withdrawn."""
    study_id = drafted(db, **draft)
    (pacs, _) = sign(db, reader, study_id, WRONG)
    arrive_at_peer(db, pacs)
    assert complete(db, verified(db, ask(db, reader, study_id, "wrong_patient")))
    return study_id


def test_a_new_report_begins_with_the_draft_not_with_the_retracted_words(
    db: Database, reader: Person
) -> None:
    study_id = retracted(db, reader)
    old = report(db, study_id)
    new_id = reading.report_again(db, study_id, user="ruth")
    new = report(db, study_id)
    assert (new.id, new.version, new.state) == (new_id, old.version + 1, "draft")
    assert (new.ai_text, new.edit_text, new.signed_text) == (AI_TEXT, None, "")
    assert (state(db, study_id), row(db, study_id).held_by) == ("in_review", "ruth")
    assert "The one before: Retracted by ruth." in row(db, study_id).reason
    assert reports.report_by_id(db, old.id).signed_text == WRONG
    assert {"study.reported_again", "report.begun_again"} <= set(events(db, study_id))


def test_it_is_signed_and_confirmed_without_the_retracted_one(db: Database, reader: Person) -> None:
    study_id = retracted(db, reader)
    reading.report_again(db, study_id, user="ruth")
    before = {one.id for one in deliveries.deliveries_of(db, study_id)}
    sign(db, reader, study_id, RIGHT)
    assert state(db, study_id) == "signed"
    for one in [one for one in deliveries.deliveries_of(db, study_id) if one.id not in before]:
        arrive_at_peer(db, one)
        deliveries.confirm(db, one.id, by="find")
    assert state(db, study_id) == "confirmed"


def test_the_retracted_documents_never_leave_again(db: Database, reader: Person) -> None:
    study_id = retracted(db, reader)
    old = [one for one in deliveries.deliveries_of(db, study_id) if one.kind == "signed"]
    (held,) = [one for one in old if one.state == "held"]
    reading.report_again(db, study_id, user="ruth")
    assert all(deliveries.is_retracted(db, one.id) for one in old)
    with pytest.raises(StoreError, match="retracted"), db.write() as session:
        deliveries.resend(session, held.id)
    sign(db, reader, study_id, RIGHT)
    assert all(deliveries.is_retracted(db, one.id) for one in old)
    known = {one.id for one in old}
    new = [
        one for one in deliveries.deliveries_of(db, study_id) if one.kind == "signed" and one.id not in known
    ]
    assert new and not any(deliveries.is_retracted(db, one.id) for one in new)


def test_the_new_one_can_be_retracted_in_its_turn_and_only_it_is_withdrawn(
    db: Database, reader: Person
) -> None:
    study_id = retracted(db, reader)
    first = {one.document_id for one in deliveries.deliveries_of(db, study_id)}
    reading.report_again(db, study_id, user="ruth")
    sign(db, reader, study_id, RIGHT)
    (pacs,) = [
        one
        for one in deliveries.deliveries_of(db, study_id)
        if one.kind == "signed" and one.peer == "pacs" and one.document_id not in first
    ]
    arrive_at_peer(db, pacs)
    order = verified(db, ask(db, reader, study_id, "wrong_patient"))
    assert [one.id for one in order.documents] == [pacs.document_id]
    assert complete(db, order)
    assert state(db, study_id) == "retracted"


def test_a_draft_that_was_set_aside_stays_so(db: Database, reader: Person) -> None:
    study_id = retracted(db, reader, withheld="Too unsure.")
    reading.report_again(db, study_id, user="ruth")
    new = report(db, study_id)
    assert (new.state, new.reason, new.draft_set_aside) == ("withheld", "Too unsure.", True)


def test_only_a_retracted_study_that_nobody_else_holds_is_reported_again(
    db: Database, reader: Person
) -> None:
    study_id = drafted(db)
    with pytest.raises(StoreError, match="'drafted'"):
        reading.report_again(db, study_id, user="ruth")
    other = retracted(db, reader, study=2)
    reading.hold(db, other, user="ben")
    with pytest.raises(AccessError, match="held by 'ben'"):
        reading.report_again(db, other, user="ruth")
    assert state(db, other) == "retracted"
