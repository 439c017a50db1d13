"""Addenda: own versions beside a signed report that never changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llmcxr_ws import reading
from llmcxr_ws.domain import ReportRow
from llmcxr_ws.errors import AccessError, StoreError
from llmcxr_ws.store import deliveries, reports, requests, signing
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.signing import SignRefused
from tests.llmcxr_ws.world import (
    AI_TEXT,
    SERVICE_KEY,
    SITE,
    Person,
    arrive,
    document_facts,
    drafted,
    events,
    execute,
    report,
    row,
    sign,
    state,
)

WORDS = "The lateral film shows no effusion."


def begin(db: Database, study_id: int, user: str = "ruth") -> ReportRow:
    return reports.report_by_id(db, reading.begin_addendum(db, study_id, user=user))


def ask(
    db: Database, reader: Person, study_id: int, addendum: ReportRow, words: str = WORDS
) -> signing.SignOrder:
    detail = reading.open_study(db, study_id)
    number = reading.request_signature(db, reader.key, detail, words, addendum=addendum)
    order = signing.verify_sign_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    assert order is not None
    return order


def complete(db: Database, order: signing.SignOrder) -> bool:
    return signing.complete(db, order, SERVICE_KEY, SITE, document_facts(order.report.id, "addendum"))


def confirm_all(db: Database, study_id: int) -> None:
    for one in deliveries.deliveries_of(db, study_id):
        if one.state == "queued":
            deliveries.begin(db, one.id)
            deliveries.stored(db, one.id)
            deliveries.confirm(db, one.id, by="find")


def test_an_addendum_is_signed_beside_the_report(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    confirm_all(db, study_id)
    before = report(db, study_id)
    arrive(db, n=2)
    assert row(db, study_id).needs_addendum and state(db, study_id) == "confirmed"

    addendum = begin(db, study_id)
    assert (addendum.kind, addendum.amends_id, addendum.text) == ("addendum", before.id, "")
    assert len(addendum.instances) == 2
    assert reading.save_edit(db, addendum.id, user="ruth", text=WORDS) == addendum.id
    order = ask(db, reader, study_id, addendum)
    assert order.predecessor is not None and order.predecessor.kind == "signed"
    assert complete(db, order)

    assert report(db, study_id) == before
    (made,) = reading.open_study(db, study_id).addenda
    assert (made.state, made.signed_by, made.signed_text) == ("signed", "ruth", WORDS)
    assert not row(db, study_id).needs_addendum
    assert state(db, study_id) == "signed"  # until it has arrived as well
    assert events(db, study_id)[-4:] == [
        "report.signed",
        "study.addendum",
        "study.unconfirmed",
        "request.sign.granted",
    ]
    sent = [one.peer for one in deliveries.deliveries_of(db, study_id) if one.kind == "addendum"]
    assert sent == ["pacs", "archive"]
    confirm_all(db, study_id)
    assert state(db, study_id) == "confirmed"


def test_addenda_are_numbered_in_their_order(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    for words in ("First.", "Second."):
        assert complete(db, ask(db, reader, study_id, begin(db, study_id), words))
    found = reading.open_study(db, study_id).addenda
    assert [(one.version, one.signed_text) for one in found] == [(2, "First."), (3, "Second.")]
    assert report(db, study_id).signed_text == AI_TEXT


def test_one_addendum_is_begun_at_a_time_and_by_who_holds_the_study(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    first = begin(db, study_id)
    assert begin(db, study_id).id == first.id
    assert row(db, study_id).held_by == "ruth"
    with pytest.raises(AccessError, match="held by 'ruth'"):
        begin(db, study_id, "ben")
    with pytest.raises(AccessError, match="held by 'ruth'"):
        reading.save_edit(db, first.id, user="ben", text="Mine.")


def test_only_a_signed_report_is_added_to(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    with pytest.raises(StoreError, match="'drafted'"):
        begin(db, study_id)
    sign(db, reader, study_id)
    execute(db, "UPDATE study SET state = 'retracted'")
    with pytest.raises(StoreError, match="'retracted'"):
        begin(db, study_id)


def test_an_addendum_is_no_draft_that_is_sent(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    begin(db, study_id)
    assert reports.drafts_to_send(db) == []


def test_an_addendum_of_another_report_is_refused(db: Database, reader: Person) -> None:
    one, two = drafted(db, 1), drafted(db, 2)
    for study_id in (one, two):
        sign(db, reader, study_id)
    stray = begin(db, two)
    detail = reading.open_study(db, one)
    request = requests.request_by_id(
        db, reading.request_signature(db, reader.key, detail, WORDS, addendum=begin(db, one))
    )
    with pytest.raises(SignRefused, match="newer version"):
        signing.verify_sign_request(db, replace(request, report_id=stray.id), SERVICE_KEY)


def test_identity_and_images_are_checked_as_for_a_report(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    order = ask(db, reader, study_id, begin(db, study_id))
    arrive(db, n=2)
    with pytest.raises(SignRefused, match="Images arrived"):
        complete(db, order)
    execute(db, "UPDATE study SET patient_name = 'Roe^Richard'")
    with pytest.raises(SignRefused):
        complete(db, order)
    assert reading.open_study(db, study_id).addenda[0].state == "draft"


def test_an_addendum_waits_visibly_and_comes_back_when_refused(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    order = ask(db, reader, study_id, begin(db, study_id))
    signing.hold(db, order.request, reason="The PACS can't be asked.", pause_s=0)
    (pending,) = reading.open_study(db, study_id).addenda
    assert (pending.state, pending.reason) == ("sign_pending", "The PACS can't be asked.")
    signing.refuse(db, order.request, reason="Another patient.")
    (back,) = reading.open_study(db, study_id).addenda
    assert (back.state, back.text) == ("draft", WORDS)
    assert report(db, study_id).state == "signed"


def test_a_refused_addendum_is_renewed_beside_the_report(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    before = report(db, study_id)
    order = ask(db, reader, study_id, begin(db, study_id))
    signing.refuse_document(db, order.request, reason="dciodvfy says no.")
    assert report(db, study_id) == before
    (renewed,) = reading.open_study(db, study_id).addenda
    assert (renewed.kind, renewed.amends_id, renewed.state, renewed.text) == (
        "addendum",
        before.id,
        "draft",
        WORDS,
    )
    assert [one.state for one in reports.versions(db, study_id)] == ["signed", "refused", "draft"]


def test_an_addendum_left_empty_goes_with_the_study(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    first = begin(db, study_id)
    reading.save_edit(db, first.id, user="ruth", text="Half a word")
    reading.save_edit(db, first.id, user="ruth", text=" \n")
    reading.let_go(db, study_id, user="anna")  # who doesn't hold it gives nothing back
    assert [one.id for one in reading.open_study(db, study_id).addenda] == [first.id]
    reading.let_go(db, study_id, user="ruth")
    assert reading.open_study(db, study_id).addenda == ()
    assert events(db, study_id)[-1] == "addendum.discarded"
    again = begin(db, study_id)
    reading.save_edit(db, again.id, user="ruth", text=WORDS)
    reading.let_go(db, study_id, user="ruth")
    assert [one.text for one in reading.open_study(db, study_id).addenda] == [WORDS]


def test_an_addendum_that_a_request_speaks_of_stays(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    addendum = begin(db, study_id)
    order = ask(db, reader, study_id, addendum)
    signing.refuse(db, order.request, reason="Another patient.")
    reading.save_edit(db, addendum.id, user="ruth", text="")
    reading.let_go(db, study_id, user="ruth")
    assert [one.id for one in reading.open_study(db, study_id).addenda] == [addendum.id]


def test_an_addendum_that_cant_be_begun_leaves_nobody_holding_the_study(db: Database) -> None:
    study_id = drafted(db)
    with pytest.raises(StoreError, match="added to a signed report"):
        reading.begin_addendum(db, study_id, user="ruth")
    assert row(db, study_id).held_by == ""
