"""A signature is granted for what the reader saw, to who the reader is, once; everything else is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from llmcxr_ws import reading
from llmcxr_ws.domain import RequestRow
from llmcxr_ws.errors import AccessError, StoreError
from llmcxr_ws.identity import canonical, new_nonce
from llmcxr_ws.store import deliveries, reports, requests, signing
from llmcxr_ws.store.accounts import change_account
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Request
from llmcxr_ws.store.signing import SignRefused
from tests.llmcxr_ws.world import (
    AI_TEXT,
    SERVICE_KEY,
    SITE,
    Person,
    arrive,
    ask_signature,
    document,
    document_facts,
    draft,
    drafted,
    due_now,
    events,
    execute,
    held,
    report,
    row,
    settle,
    sign,
    state,
)


def verify(db: Database, request: RequestRow) -> signing.SignOrder | None:
    return signing.verify_sign_request(db, request, SERVICE_KEY)


def complete(db: Database, order: signing.SignOrder) -> bool:
    return signing.complete(db, order, SERVICE_KEY, SITE, document_facts(order.report.id, "signed"))


def forge(db: Database, person: Person, request: RequestRow, **changes: Any) -> RequestRow:
    """Put another payload, properly signed by `person`, in the request's place."""
    payload = json.loads(request.payload) | changes
    text = canonical({key: value for key, value in payload.items() if value is not ...})
    signature = person.private.sign(text.encode())
    execute(
        db,
        "UPDATE request SET payload = :text, signature = :signature WHERE id = :id",
        text=text,
        signature=signature,
        id=request.id,
    )
    return requests.request_by_id(db, request.id)


def test_a_signature(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    request = ask_signature(db, reader, study_id, "The heart is large.  \r\nNo effusion.")
    assert state(db, study_id) == "in_review"
    (waiting,) = requests.waiting_requests(db)
    assert waiting == request
    order = verify(db, request)
    assert order is not None
    assert (order.text, order.signer.name) == ("The heart is large.\nNo effusion.", "ruth")
    assert (order.identity.accession_number, order.predecessor) == ("ACC-1", None)
    assert len(order.instances) == 1 and abs(order.asked_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert complete(db, order)

    signed = report(db, study_id)
    assert (signed.state, signed.signed_by, signed.signed_text) == ("signed", "ruth", order.text)
    assert signed.ai_text == AI_TEXT and signed.signed_at is not None
    assert state(db, study_id) == "signed"
    decided = requests.request_by_id(db, request.id)
    assert (decided.state, decided.outcome) == ("granted", "Signed; 2 deliveries queued.")
    assert [one.kind for one in reports.documents_of(db, study_id)] == ["signed"]
    assert events(db, study_id)[-4:] == [
        "report.sign_pending",
        "report.signed",
        "study.signed",
        "request.sign.granted",
    ]
    with pytest.raises(SignRefused):
        complete(db, order)
    assert len(deliveries.deliveries_of(db, study_id)) == 2


def test_the_role_resident_doesnt_even_ask(db: Database) -> None:
    resident = Person.enter(db, "rob", "resident")
    with pytest.raises(AccessError, match="'resident' doesn't sign"):
        ask_signature(db, resident, drafted(db))
    assert requests.waiting_requests(db) == []


@pytest.mark.parametrize("role", ["resident", "admin", "researcher"])
def test_a_window_that_lies_about_the_role_is_refused(db: Database, role: str) -> None:
    liar = Person.enter(db, "liam", role)
    liar.key.role = "reader"
    request = ask_signature(db, liar, drafted(db))
    with pytest.raises(SignRefused, match=f"role '{role}' of user 'liam' doesn't allow 'sign'"):
        verify(db, request)


def test_a_window_asks_for_nothing_twice_and_for_no_empty_report(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    with pytest.raises(StoreError, match="empty report"):
        ask_signature(db, reader, study_id, " \n ")
    ask_signature(db, reader, study_id)
    with pytest.raises(StoreError, match="waiting already"):
        ask_signature(db, reader, study_id)
    with pytest.raises(StoreError, match="no report to sign"):
        ask_signature(db, reader, arrive(db, 2))


def test_a_forged_signature(db: Database, reader: Person) -> None:
    request = ask_signature(db, reader, drafted(db))
    stranger = Person.enter(db, "sam", "reader")
    with pytest.raises(SignRefused, match="not this user's"):
        verify(db, forge(db, stranger, request))
    with pytest.raises(SignRefused, match="not this user's"):
        verify(db, replace(request, signature=b""))


def test_a_text_changed_after_the_signature(db: Database, reader: Person) -> None:
    request = ask_signature(db, reader, drafted(db))
    with pytest.raises(SignRefused, match="not this user's"):
        verify(db, replace(request, payload=request.payload.replace("normal", "enormous")))
    with pytest.raises(SignRefused, match="doesn't fit the hash"):
        verify(db, forge(db, reader, request, text="Another text."))
    with pytest.raises(SignRefused, match="empty report"):
        verify(db, forge(db, reader, request, text=" "))


def test_a_request_of_another_user(db: Database, reader: Person) -> None:
    request = ask_signature(db, reader, drafted(db))
    Person.enter(db, "sam", "reader")
    with pytest.raises(SignRefused):
        verify(db, replace(request, user="sam"))
    with pytest.raises(SignRefused, match="no user 'nobody'"):
        verify(db, replace(request, user="nobody"))
    with pytest.raises(SignRefused, match="doesn't allow"):
        verify(db, forge(db, reader, request, user="sam"))


def test_a_disabled_user(db: Database, reader: Person) -> None:
    request = ask_signature(db, reader, drafted(db))
    with db.write() as session:
        change_account(session, SERVICE_KEY, "ruth", by="service", enabled=False)
    with pytest.raises(SignRefused, match="disabled"):
        verify(db, request)


@pytest.mark.parametrize(
    "change",
    ["role = 'reader'", "enabled = true", "display_name = 'Chief^Doctor'", "organization = 'Elsewhere'"],
)
def test_a_user_row_that_somebody_else_wrote(db: Database, change: str) -> None:
    forger = Person.enter(db, "fred", "resident")
    with db.write() as session:
        change_account(session, SERVICE_KEY, "fred", by="service", enabled=False)
    forger.key.role = "reader"
    request = ask_signature(db, forger, drafted(db))
    execute(db, f"UPDATE user_account SET {change} WHERE name = 'fred'")
    with pytest.raises(SignRefused, match="not written by this service"):
        verify(db, request)


def test_a_public_key_that_somebody_else_put_there(db: Database, reader: Person) -> None:
    request = ask_signature(db, reader, drafted(db))
    thief = Person.enter(db, "theo", "reader")
    execute(
        db,
        "UPDATE user_account SET public_key = :key WHERE name = 'ruth'",
        key=thief.private.public_key().public_bytes_raw(),
    )
    with pytest.raises(SignRefused, match="not written by this service"):
        verify(db, forge(db, thief, request))


def test_images_that_came_after_reading(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    request = ask_signature(db, reader, study_id)
    arrive(db, n=2)
    with pytest.raises(SignRefused, match="Images arrived"):
        verify(db, request)


def test_images_that_come_between_verification_and_completion(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    request = ask_signature(db, reader, study_id)
    order = verify(db, request)
    assert order is not None
    arrive(db, n=2)
    with pytest.raises(SignRefused, match="Images arrived"):
        complete(db, order)
    assert (state(db, study_id), reports.documents_of(db, study_id)) == ("in_review", [])
    assert requests.request_by_id(db, request.id).state == "waiting"


def test_listing_images_that_are_not_there(db: Database, reader: Person) -> None:
    request = ask_signature(db, reader, drafted(db))
    with pytest.raises(SignRefused, match="Images arrived"):
        verify(db, forge(db, reader, request, instances=["1.2.3"]))


def test_a_study_that_is_being_received_again(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    arrive(db, n=2)
    request = ask_signature(db, reader, study_id)
    with pytest.raises(SignRefused, match="study is 'receiving'"):
        verify(db, request)


def test_an_identity_that_changed(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    request = ask_signature(db, reader, study_id)
    execute(db, "UPDATE study SET patient_name = 'Roe^Richard'")
    with pytest.raises(SignRefused, match="identity"):
        verify(db, request)


def test_a_stale_version(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    request = ask_signature(db, reader, study_id)
    arrive(db, n=2)
    settle(db, study_id)
    draft(db)
    with pytest.raises(SignRefused, match="'superseded'"):
        verify(db, request)
    with pytest.raises(SignRefused, match="newer version"):
        verify(db, replace(forge(db, reader, request, report_version=1), report_id=report(db, study_id).id))


def test_a_row_that_points_to_another_report(db: Database, reader: Person) -> None:
    one, two = drafted(db, 1), drafted(db, 2)
    request = ask_signature(db, reader, one)
    other = replace(request, study_id=two, report_id=report(db, two).id)
    with pytest.raises(SignRefused, match="another study"):
        verify(db, other)
    with pytest.raises(SignRefused, match="newer version"):
        verify(db, replace(request, report_id=report(db, two).id))


def test_a_newer_version_stops_the_window(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    detail = reading.open_study(db, study_id)
    arrive(db, n=2)
    settle(db, study_id)
    draft(db)
    with pytest.raises(StoreError, match="newer version"):
        reading.request_signature(db, reader.key, detail, "Mine.")
    assert report(db, study_id).text == "Mine."


@pytest.mark.parametrize(
    ("moment", "refused"),
    [
        (timedelta(minutes=6), True),
        (timedelta(minutes=4), False),
        (timedelta(days=-3), False),  # it may have waited for the PACS
    ],
)
def test_a_request_from_the_future(db: Database, reader: Person, moment: timedelta, refused: bool) -> None:
    request = ask_signature(db, reader, drafted(db))
    request = forge(db, reader, request, time=(datetime.now(UTC) + moment).isoformat())
    if refused:
        with pytest.raises(SignRefused, match="future"):
            verify(db, request)
    else:
        assert verify(db, request) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ...},
        {"time": ...},
        {"time": "yesterday"},
        {"instances": 5},
        {"identity": {"shoe_size": "44"}},
        {"identity": None},
        {"report_version": ...},
        {"text_sha256": ...},
    ],
)
def test_a_signed_request_that_makes_no_sense_is_refused(
    db: Database, reader: Person, changes: dict[str, Any]
) -> None:
    request = ask_signature(db, reader, drafted(db))
    with pytest.raises(SignRefused, match="can't be read"):
        verify(db, forge(db, reader, request, **changes))


@pytest.mark.parametrize("payload", ["", "[]", "{", "null"])
def test_a_signed_text_that_is_no_request(db: Database, reader: Person, payload: str) -> None:
    request = ask_signature(db, reader, drafted(db))
    signature = reader.private.sign(payload.encode())
    with pytest.raises(SignRefused):
        verify(db, replace(request, payload=payload, signature=signature))


def test_a_nonce_is_used_once(db: Database, reader: Person) -> None:
    """A copied row breaks the unique nonce, a copy under another nonce its signature, a reset row the record."""
    study_id = drafted(db)
    request = ask_signature(db, reader, study_id)
    signing.refuse(db, request, reason="Another patient.")
    with pytest.raises(IntegrityError), db.write() as session:
        session.add(_copy(request, request.nonce))
    with db.write() as session:
        session.add(copy := _copy(request, new_nonce()))
        session.flush()
        copy_id = copy.id
    with pytest.raises(SignRefused, match="doesn't fit its signature"):
        verify(db, requests.request_by_id(db, copy_id))
    execute(db, "UPDATE request SET state = 'waiting', decided_at = NULL WHERE id = :id", id=request.id)
    with pytest.raises(SignRefused, match="decided before"):
        verify(db, requests.request_by_id(db, request.id))


def _copy(request: RequestRow, nonce: str) -> Request:
    return Request(
        kind=request.kind,
        user=request.user,
        study_id=request.study_id,
        report_id=request.report_id,
        payload=request.payload,
        signature=request.signature,
        nonce=nonce,
    )


def test_a_request_of_another_kind(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    rejection = reading.request_rejection(db, reader.key, report(db, study_id), "Wrong side.")
    with pytest.raises(SignRefused, match="doesn't fit"):
        verify(db, replace(requests.request_by_id(db, rejection), kind="sign"))


def test_a_request_waits_visibly_while_the_pacs_cant_be_asked(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    request = ask_signature(db, reader, study_id)
    signing.hold(db, request, reason="The PACS can't be asked.", pause_s=60)
    assert requests.waiting_requests(db) == []
    assert (report(db, study_id).state, report(db, study_id).reason) == (
        "sign_pending",
        "The PACS can't be asked.",
    )
    assert requests.request_by_id(db, request.id).outcome == "The PACS can't be asked."
    due_now(db, "request")
    signing.hold(db, request, reason="Still not.", pause_s=0)
    assert report(db, study_id).reason == "Still not."
    order = verify(db, request)
    assert order is not None and complete(db, order)
    assert report(db, study_id).state == "signed"


def test_a_refused_request_gives_the_text_back(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    request = ask_signature(db, reader, study_id, "Mine.")
    signing.hold(db, request, reason="Waiting.", pause_s=0)
    signing.refuse(db, request, reason="Another patient.")
    found = report(db, study_id)
    assert (found.state, found.reason, found.text) == ("draft", "Another patient.", "Mine.")
    decided = requests.request_by_id(db, request.id)
    assert (decided.state, decided.outcome) == ("refused", "Another patient.")
    with pytest.raises(StoreError, match="decided before"):
        signing.refuse(db, request, reason="Again.")
    sign(db, reader, study_id, "Mine.")
    assert report(db, study_id).signed_text == "Mine."


@pytest.mark.parametrize("withheld", ["", "Confidence too low."])
def test_a_refused_document_stays_as_evidence(db: Database, reader: Person, withheld: str) -> None:
    study_id = drafted(db, withheld=withheld)
    first = report(db, study_id)
    if not withheld:
        held(db, first)
    request = ask_signature(db, reader, study_id, "Mine.")
    signing.refuse_document(db, request, reason="dciodvfy says no.")
    one, two = reports.versions(db, study_id)
    assert (one.state, one.reason) == ("refused", "dciodvfy says no.")
    assert (two.state, two.reason) == (("withheld", withheld) if withheld else ("draft", ""))
    assert (two.text, two.ai_text, report(db, study_id).id) == ("Mine.", AI_TEXT, two.id)
    assert requests.request_by_id(db, request.id).state == "refused"
    withdrawn = [found.id for found, _ in reports.drafts_to_withdraw(db)]
    assert withdrawn == ([] if withheld else [one.id])
    sign(db, reader, study_id, "Mine.")


def test_a_signature_waits_while_its_draft_is_being_sent(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    (delivery,) = document(db, report(db, study_id), "draft")
    request = ask_signature(db, reader, study_id)
    deliveries.begin(db, delivery.id)
    assert verify(db, request) is None
    deliveries.stored(db, delivery.id)
    order = verify(db, request)
    assert order is not None and order.predecessor is not None
    assert order.predecessor.id == delivery.document_id
    assert complete(db, order)


def test_a_draft_that_arrives_meanwhile_asks_for_another_document(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    (delivery,) = document(db, report(db, study_id), "draft")
    order = verify(db, ask_signature(db, reader, study_id))
    assert order is not None and order.predecessor is None
    deliveries.begin(db, delivery.id)
    assert complete(db, order) is False
    deliveries.stored(db, delivery.id)
    assert complete(db, order) is False
    assert (state(db, study_id), row(db, study_id).report_state) == ("in_review", "draft")


STATES: list[tuple[str, Callable[[Database, int], None]]] = [
    (
        state,
        lambda db, study_id, s=state: execute(
            db, "UPDATE study SET state = :s WHERE id = :i", s=s, i=study_id
        ),
    )
    for state in ("complete", "drafting", "excluded", "failed", "signed", "confirmed", "retracted")
]


@pytest.mark.parametrize(("name", "put"), STATES)
def test_a_study_in_any_other_state_is_refused(
    db: Database, reader: Person, name: str, put: Callable[[Database, int], None]
) -> None:
    study_id = drafted(db)
    request = ask_signature(db, reader, study_id)
    put(db, study_id)
    with pytest.raises(SignRefused, match=f"study is '{name}'"):
        verify(db, request)


def test_a_request_about_no_report_is_refused_as_well(db: Database, reader: Person) -> None:
    """The courier refuses what it broke over, of whatever kind."""
    number = requests.submit(db, reader.key, kind="echo", payload={})
    signing.refuse(db, requests.request_by_id(db, number), reason="The node failed.")
    assert requests.request_by_id(db, number).state == "refused"
