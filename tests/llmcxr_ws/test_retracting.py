"""A signed report is withdrawn by a reader, once it is known who holds it; nothing of it leaves afterwards."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from llmcxr_ws import reading
from llmcxr_ws.domain import DeliveryRow, RequestRow
from llmcxr_ws.errors import AccessError, StoreError
from llmcxr_ws.identity import canonical
from llmcxr_ws.retraction import REASONS
from llmcxr_ws.site import parse_site
from llmcxr_ws.store import deliveries, reports, requests, retracting
from llmcxr_ws.store.administration import apply_request
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.retracting import RetractOrder, RetractRefused
from tests.llmcxr_ws.world import (
    SERVICE_KEY,
    SITE,
    Person,
    document,
    drafted,
    events,
    execute,
    new_version,
    report,
    row,
    sign,
    state,
)


def ask(
    db: Database, person: Person, study_id: int, code: str = "wrong_patient", words: str = ""
) -> RequestRow:
    detail = reading.open_study(db, study_id)
    return requests.request_by_id(db, reading.request_retraction(db, person.key, detail, code, words))


def verified(db: Database, request: RequestRow) -> RetractOrder:
    order = retracting.verify(db, request, SERVICE_KEY)
    assert order is not None
    return order


def complete(db: Database, order: RetractOrder) -> bool:
    return retracting.complete(db, order, SERVICE_KEY)


def arrive_at_peer(db: Database, delivery: DeliveryRow) -> None:
    deliveries.begin(db, delivery.id)
    deliveries.stored(db, delivery.id)


def test_a_retraction(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    pacs, archive = sign(db, reader, study_id)
    arrive_at_peer(db, pacs)
    order = verified(db, ask(db, reader, study_id, "wrong_side", " It is on the right. "))
    assert order.sentence == "A finding is on the wrong side: It is on the right."
    assert [one.kind for one in order.documents] == ["signed"]
    assert complete(db, order)

    found = row(db, study_id)
    assert (found.state, found.reason_code) == ("retracted", "wrong_side")
    assert found.reason == "Retracted by ruth. A finding is on the wrong side: It is on the right."
    assert report(db, study_id).state == "signed"
    by_id = {one.id: one for one in deliveries.deliveries_of(db, study_id)}
    assert (by_id[pacs.id].state, by_id[archive.id].state) == ("stored", "held")
    (note,) = [one for one in by_id.values() if one.kind == "retraction"]
    assert (note.peer, note.required, note.state, note.path) == ("pacs", False, "queued", "")
    assert [one.id for one in deliveries.unbuilt(db)] == [note.id]
    planned = reports.document_by_id(db, note.document_id)
    assert planned.withdraws_id == order.documents[0].id
    granted = retracting.granted_for(db, order.documents[0])
    assert (granted.report.id, granted.by.name, granted.asked_at) == (
        order.report.id,
        "ruth",
        order.asked_at,
    )
    assert granted.reason is REASONS["wrong_side"]
    assert requests.requests_of(db, study_id)[-1].outcome == "Retracted; 1 withdrawals queued."
    assert events(db, study_id)[-2:] == ["study.retracted", "request.retract.granted"]
    with pytest.raises(RetractRefused, match="decided before"):
        complete(db, order)


def test_what_never_left_is_held_and_needs_no_note(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    (held, _) = sign(db, reader, study_id)
    order = verified(db, ask(db, reader, study_id))
    assert order.documents == () and complete(db, order)
    assert {one.state for one in deliveries.deliveries_of(db, study_id)} == {"held"}
    assert requests.requests_of(db, study_id)[-1].outcome == "Retracted; nothing of it had been sent."
    resend = reading.request_resend(db, reader.key, held)
    apply_request(db, requests.request_by_id(db, resend), SERVICE_KEY)
    assert "was retracted" in requests.request_by_id(db, resend).outcome


def test_the_draft_that_a_peer_holds_is_withdrawn_too(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    (delivery,) = document(db, report(db, study_id), "draft")
    arrive_at_peer(db, delivery)
    arrive_at_peer(db, sign(db, reader, study_id)[0])
    order = verified(db, ask(db, reader, study_id))
    assert [one.kind for one in order.documents] == ["draft", "signed"]


def test_it_waits_until_it_is_known_who_holds_the_report(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    (delivery, _) = sign(db, reader, study_id)
    deliveries.begin(db, delivery.id)
    request = ask(db, reader, study_id)
    assert retracting.verify(db, request, SERVICE_KEY) is None
    retracting.wait(db, request, reason="Waiting to learn.", pause_s=60)
    assert requests.request_by_id(db, request.id).outcome == "Waiting to learn."
    assert state(db, study_id) == "signed"
    deliveries.requeue_interrupted(db)
    assert retracting.verify(db, request, SERVICE_KEY) is None
    deliveries.not_arrived(db, delivery.id)
    assert verified(db, request).documents == ()


def test_a_peer_that_gets_it_meanwhile_gets_its_note(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    (delivery, _) = sign(db, reader, study_id)
    order = verified(db, ask(db, reader, study_id))
    deliveries.begin(db, delivery.id)
    assert complete(db, order) is False
    assert state(db, study_id) == "signed"
    deliveries.stored(db, delivery.id)
    assert complete(db, order)
    assert [one.peer for one in deliveries.unbuilt(db)] == ["pacs"]


def test_a_draft_of_an_earlier_version_is_taken_back_by_the_retraction_that_follows(
    db: Database, reader: Person
) -> None:
    study_id = drafted(db)
    (delivery,) = document(db, report(db, study_id), "draft")
    arrive_at_peer(db, delivery)
    early = reports.document_by_id(db, delivery.document_id)
    with pytest.raises(StoreError, match="isn't known"):
        retracting.granted_for(db, early)
    new_version(db, study_id)
    arrive_at_peer(db, sign(db, reader, study_id)[0])
    order = verified(db, ask(db, reader, study_id))
    assert complete(db, order)
    assert retracting.granted_for(db, early).report.id == order.report.id != early.report_id


@pytest.mark.parametrize("role", ["resident", "admin", "researcher"])
def test_nobody_else_retracts(db: Database, reader: Person, role: str) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    person = Person.enter(db, "pat", role)
    with pytest.raises(AccessError, match="doesn't retract"):
        ask(db, person, study_id)
    person.key.role = "reader"
    with pytest.raises(RetractRefused, match=f"role '{role}'"):
        retracting.verify(db, ask(db, person, study_id), SERVICE_KEY)


def test_only_what_is_signed_and_shown_is_retracted(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    with pytest.raises(StoreError, match="'drafted'"):
        ask(db, reader, study_id)
    sign(db, reader, study_id)
    request = ask(db, reader, study_id)
    execute(db, "UPDATE study SET patient_name = 'Roe^Richard'")
    with pytest.raises(RetractRefused, match="identity"):
        retracting.verify(db, request, SERVICE_KEY)
    execute(db, "UPDATE study SET patient_name = 'Doe^Jane', state = 'retracted'")
    with pytest.raises(RetractRefused, match="'retracted'"):
        retracting.verify(db, request, SERVICE_KEY)
    retracting.refuse(db, request, reason="Too late.")
    assert requests.request_by_id(db, request.id).state == "refused"


def test_an_addendum_that_waits_for_its_signature_comes_first(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    begun = reading.begin_addendum(db, study_id, user="ruth")
    detail = reading.open_study(db, study_id)
    addendum = next(one for one in detail.addenda if one.id == begun)
    reading.request_signature(db, reader.key, detail, "More.", addendum=addendum)
    with pytest.raises(RetractRefused, match="waits for its signature"):
        retracting.verify(db, ask(db, reader, study_id), SERVICE_KEY)


@pytest.mark.parametrize(("code", "words"), [("odd", ""), ("other", " "), ("wrong_side", "x" * 301)])
def test_a_reason_that_does_not_do(db: Database, reader: Person, code: str, words: str) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    with pytest.raises(StoreError):
        ask(db, reader, study_id, code, words)
    detail = reading.open_study(db, study_id)
    payload = {
        "study_instance_uid": detail.study.study_instance_uid,
        "report_id": report(db, study_id).id,
        "identity": vars(detail.study.identity),
        "reason_code": code,
        "words": words,
    }
    number = requests.submit(db, reader.key, kind="retract", payload=payload, study_id=study_id)
    with pytest.raises(RetractRefused, match=f"reason '{code}'"):
        retracting.verify(db, requests.request_by_id(db, number), SERVICE_KEY)


def test_every_reason_says_how_the_pacs_is_told() -> None:
    assert {one.rejected for one in REASONS.values()} == {"quality", "patient_safety"}
    assert all(one.words[0].isupper() and not one.words.endswith(".") for one in REASONS.values())


def test_a_retraction_is_not_decided_as_another_kind(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    request = ask(db, reader, study_id)
    apply_request(db, request, SERVICE_KEY)
    assert requests.request_by_id(db, request.id).state == "refused"
    assert state(db, study_id) == "signed"


@pytest.mark.parametrize("end", ["dead", "held"])
def test_a_peer_that_may_have_got_it_is_told(db: Database, reader: Person, end: str) -> None:
    """A try whose answer was lost may have arrived, also where nobody tries again."""
    study_id = drafted(db)
    pacs = sign(db, reader, study_id)[0]
    deliveries.begin(db, pacs.id)
    tries = 1 if end == "dead" else 5
    deliveries.failed(
        db, pacs.id, message="The answer was lost.", pause_s=0, unknown=True, max_attempts=tries
    )
    if end == "held":
        with db.write() as session:
            deliveries.hold(session, pacs.id, by="ada")
    order = verified(db, ask(db, reader, study_id))
    assert [one.kind for one in order.documents] == ["signed"]
    assert complete(db, order)
    (note,) = [one for one in deliveries.deliveries_of(db, study_id) if one.kind == "retraction"]
    assert note.peer == "pacs"


def test_a_retraction_from_the_future_is_refused(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    sign(db, reader, study_id)
    request = ask(db, reader, study_id)
    payload = json.loads(request.payload) | {"time": "2099-01-01T00:00:00+00:00"}
    text = canonical(payload)
    request = replace(request, payload=text, signature=reader.key.sign(text))
    with pytest.raises(RetractRefused, match="lies in the future"):
        retracting.verify(db, request, SERVICE_KEY)


def test_what_a_retraction_will_do_is_told_as_it_is_then_done(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    pacs, archive = sign(db, reader, study_id)
    arrive_at_peer(db, pacs)
    before = retracting.plan(db, study_id, SITE)
    assert [(one.destination, one.kind, one.way) for one in before.withdrawals] == [
        ("pacs", "signed", "dicom")
    ]
    assert [row.peer for row in before.kept_back] == ["archive"]
    (only,) = before.withdrawals
    assert only.is_certain and only.is_known and not before.is_in_doubt
    assert not retracting.plan(db, study_id, parse_site("")).withdrawals[0].is_known
    # A try whose answer was lost: it may be there, and is withdrawn once somebody knows.
    deliveries.begin(db, archive.id)
    assert retracting.plan(db, study_id, SITE).is_in_doubt
    deliveries.failed(db, archive.id, message="lost", pause_s=0, unknown=True, max_attempts=1)
    plan = retracting.plan(db, study_id, SITE)
    assert {one.destination: one.is_certain for one in plan.withdrawals} == {"pacs": True, "archive": False}
    assert complete(db, verified(db, ask(db, reader, study_id)))
    sent = [row for row in deliveries.deliveries_of(db, study_id) if row.kind == "retraction"]
    assert sorted(row.peer for row in sent) == sorted(one.destination for one in plan.withdrawals)
    assert retracting.plan(db, study_id, SITE).withdrawals == ()
