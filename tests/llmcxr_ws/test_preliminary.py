"""A resident's finished text: frozen for the resident, edited and countersigned by a reader, both named."""

from __future__ import annotations

import json

import pytest

from llmcxr_ws import reading
from llmcxr_ws.errors import AccessError, StoreError
from llmcxr_ws.guards import Overruling
from llmcxr_ws.sent_back import is_sent_back
from llmcxr_ws.store import reports, requests, signing
from llmcxr_ws.store.administration import apply_request
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Audit
from tests.llmcxr_ws.world import (
    AI_TEXT,
    SERVICE_KEY,
    SITE,
    Person,
    arrive,
    ask_signature,
    document_facts,
    draft,
    drafted,
    events,
    report,
    row,
    settle,
)

RESIDENTS = "The heart is large. No effusion."


@pytest.fixture
def resident(db: Database) -> Person:
    return Person.enter(db, "rob", "resident")


def hand_on(
    db: Database, person: Person, study_id: int, text: str = RESIDENTS, **more: object
) -> tuple[str, str]:
    """Ask for it as a window does, and let the node decide."""
    detail = reading.open_study(db, study_id)
    number = reading.request_preliminary(db, person.key, detail, text, **more)  # type: ignore[arg-type]
    apply_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    decided = requests.request_by_id(db, number)
    return decided.state, decided.outcome


@pytest.mark.parametrize("withheld", ["", "Too unsure."])
def test_a_resident_hands_a_report_on(db: Database, resident: Person, withheld: str) -> None:
    study_id = drafted(db, withheld=withheld)
    assert hand_on(db, resident, study_id) == (
        "granted",
        "The report waits for an attending reader's signature.",
    )
    found = report(db, study_id)
    assert (found.state, found.text, found.preliminary_by) == ("preliminary", RESIDENTS, "rob")
    assert found.preliminary_at is not None and found.draft_set_aside == bool(withheld)
    assert found.reason == withheld
    assert row(db, study_id).report_state == "preliminary"
    assert "report.preliminary" in events(db, study_id)


def test_the_text_is_frozen_for_residents_and_open_for_readers(
    db: Database, resident: Person, reader: Person
) -> None:
    study_id = drafted(db)
    hand_on(db, resident, study_id)
    with pytest.raises(StoreError, match="can't be edited by a resident"):
        reading.save_edit(db, report(db, study_id).id, user="rob", text="Changed.")
    reading.save_edit(db, report(db, study_id).id, user="ruth", text="The heart is of normal size.")
    assert report(db, study_id).text == "The heart is of normal size."


def test_a_reader_countersigns_and_the_audit_names_both(
    db: Database, resident: Person, reader: Person
) -> None:
    study_id = drafted(db)
    hand_on(db, resident, study_id)
    order = signing.verify_sign_request(db, ask_signature(db, reader, study_id, AI_TEXT), SERVICE_KEY)
    assert order is not None and order.countersigned is not None
    assert (order.signer.name, order.countersigned.display_name) == ("ruth", "Rob^Test")
    assert signing.complete(db, order, SERVICE_KEY, SITE, document_facts(order.report.id, "signed"))
    signed = report(db, study_id)
    assert (signed.signed_by, signed.preliminary_by, signed.signed_text) == ("ruth", "rob", AI_TEXT)
    with db.read() as session:
        made = session.query(Audit).filter(Audit.event == "report.signed").one()
        assert made.actor == "ruth" and json.loads(made.detail)["countersigns"] == "rob"


def test_a_refused_signature_gives_the_preliminary_report_back(
    db: Database, resident: Person, reader: Person
) -> None:
    study_id = drafted(db, withheld="Too unsure.")
    hand_on(db, resident, study_id)
    request = ask_signature(db, reader, study_id)
    signing.hold(db, request, reason="The PACS can't be asked.", pause_s=0)
    assert report(db, study_id).state == "sign_pending" and report(db, study_id).draft_set_aside
    signing.refuse(db, request, reason="Another patient.")
    found = report(db, study_id)
    assert (found.state, found.preliminary_by, found.draft_set_aside) == ("preliminary", "rob", True)


def test_a_refused_document_of_a_preliminary_report_keeps_its_author(
    db: Database, resident: Person, reader: Person
) -> None:
    study_id = drafted(db)
    hand_on(db, resident, study_id)
    signing.refuse_document(db, ask_signature(db, reader, study_id, RESIDENTS), reason="dciodvfy says no.")
    found = report(db, study_id)
    assert (found.version, found.state, found.preliminary_by, found.text) == (
        2,
        "preliminary",
        "rob",
        RESIDENTS,
    )


def test_who_signs_the_own_preliminary_report_countersigns_nobody(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    hand_on(db, reader, study_id)
    order = signing.verify_sign_request(db, ask_signature(db, reader, study_id), SERVICE_KEY)
    assert order is not None and order.countersigned is None


def test_objections_are_the_residents_too(db: Database, resident: Person) -> None:
    study_id = drafted(db)
    state, outcome = hand_on(db, resident, study_id, "No effusion. The heart is unchanged.")
    assert state == "refused" and "No earlier film was given" in outcome
    assert report(db, study_id).state == "draft"
    sentence = "No earlier film was given, yet it compares: “The heart is unchanged.”"
    overruled = [Overruling("comparison.no_prior", sentence, "Seen in the PACS.")]
    text = "No effusion. The heart is unchanged."
    assert hand_on(db, resident, study_id, text, overruled=overruled)[0] == "granted"
    with db.read() as session:
        made = session.query(Audit).filter(Audit.event == "report.preliminary").one()
        assert json.loads(made.detail)["overruled"] == [
            {"code": "comparison.no_prior", "reason": "Seen in the PACS."}
        ]


def test_images_that_came_after_reading_refuse_it(db: Database, resident: Person) -> None:
    study_id = drafted(db)
    detail = reading.open_study(db, study_id)
    number = reading.request_preliminary(db, resident.key, detail, RESIDENTS)
    arrive(db, n=2)
    apply_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    assert "Images arrived" in requests.request_by_id(db, number).outcome
    assert report(db, study_id).state == "draft"


@pytest.mark.parametrize("role", ["admin", "researcher"])
def test_nobody_else_writes_reports(db: Database, role: str) -> None:
    person = Person.enter(db, "pat", role)
    study_id = drafted(db)
    with pytest.raises(AccessError, match=f"role '{role}' writes no reports"):
        reading.request_preliminary(db, person.key, reading.open_study(db, study_id), "Mine.")
    person.key.role = "resident"  # a window that lies about it
    state, outcome = hand_on(db, person, study_id)
    assert state == "refused" and f"role '{role}'" in outcome


def test_a_report_is_handed_on_once(db: Database, resident: Person) -> None:
    study_id = drafted(db)
    detail = reading.open_study(db, study_id)
    reading.request_preliminary(db, resident.key, detail, RESIDENTS)
    with pytest.raises(StoreError, match="waiting already"):
        reading.request_preliminary(db, resident.key, detail, RESIDENTS)
    assert reports.drafts_to_send(db) != []


# Sent back


def send_back(db: Database, person: Person, study_id: int, words: str = "Which lobe?") -> tuple[str, str]:
    number = reading.request_send_back(db, person.key, report(db, study_id), words)
    apply_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    decided = requests.request_by_id(db, number)
    return decided.state, decided.outcome


def test_an_attending_sends_a_report_back_with_a_reason(
    db: Database, resident: Person, reader: Person
) -> None:
    study_id = drafted(db)
    hand_on(db, resident, study_id)
    reading.hold(db, study_id, user="ruth")
    reading.save_edit(db, report(db, study_id).id, user="ruth", text=f"{RESIDENTS} Seen.")
    assert send_back(db, reader, study_id, "  Which\nlobe? ") == ("granted", "Sent back to rob.")
    found, study = report(db, study_id), row(db, study_id)
    assert (found.state, found.preliminary_by, found.text) == ("draft", "", f"{RESIDENTS} Seen.")
    assert is_sent_back(study) and study.reason == "Sent back to rob by ruth: Which lobe?"
    assert study.held_by == ""
    assert "report.sent_back" in events(db, study_id)
    reading.save_edit(db, found.id, user="rob", text="The left lower lobe is opaque.")
    assert hand_on(db, resident, study_id, "The left lower lobe is opaque.")[0] == "granted"
    assert not is_sent_back(row(db, study_id)) and row(db, study_id).reason == ""


@pytest.mark.parametrize("withheld", ["", "Too unsure."])
def test_late_images_give_a_preliminary_report_back_to_its_author(
    db: Database, resident: Person, withheld: str
) -> None:
    study_id = drafted(db)
    hand_on(db, resident, study_id)
    arrive(db, n=2)
    settle(db, study_id)
    draft(db, withheld=withheld)
    found, study = report(db, study_id), row(db, study_id)
    # The words are there, the handing on isn't, and both the author and whoever looks at the worklist are told.
    assert (found.state, found.version) == ("withheld" if withheld else "draft", 2)
    assert (found.text, found.preliminary_by) == (RESIDENTS, "")
    assert is_sent_back(study)
    assert study.reason.startswith(
        "Images came after the preliminary report by rob, and a new draft with them."
    )
    assert "report.preliminary_renewed" in events(db, study_id)
    assert hand_on(db, resident, study_id)[0] == "granted"
    assert not is_sent_back(row(db, study_id)) and row(db, study_id).reason == ""


@pytest.mark.parametrize("aside", ["withheld", "rejected"])
def test_what_was_set_aside_stays_so_when_it_is_sent_back(
    db: Database, resident: Person, reader: Person, aside: str
) -> None:
    study_id = drafted(db, withheld="Too unsure." if aside == "withheld" else "")
    if aside == "rejected":
        number = reading.request_rejection(db, resident.key, report(db, study_id), "Wrong side")
        apply_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    before = report(db, study_id)
    hand_on(db, resident, study_id)
    assert send_back(db, reader, study_id)[0] == "granted"
    found = report(db, study_id)
    assert (found.state, found.reason, found.draft_set_aside) == (aside, before.reason, True)
    assert [one.id for one in reports.drafts_to_send(db)] == []


def test_only_an_attending_sends_back_and_only_what_waits_for_one(
    db: Database, resident: Person, reader: Person
) -> None:
    study_id = drafted(db)
    with pytest.raises(StoreError, match="The report is 'draft'"):
        reading.request_send_back(db, reader.key, report(db, study_id), "Why?")
    hand_on(db, resident, study_id)
    with pytest.raises(StoreError, match="with a reason"):
        reading.request_send_back(db, reader.key, report(db, study_id), " ")
    with pytest.raises(AccessError, match="'resident' doesn't countersign"):
        reading.request_send_back(db, resident.key, report(db, study_id), "Why?")
    resident.key.role = "reader"  # a window that lies about it
    state, outcome = send_back(db, resident, study_id)
    assert state == "refused" and "role 'resident'" in outcome
    assert report(db, study_id).state == "preliminary"
    number = reading.request_send_back(db, reader.key, report(db, study_id), "Too late.")
    signing.hold(db, ask_signature(db, reader, study_id), reason="The PACS can't be asked.", pause_s=0)
    apply_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    assert "'sign_pending'" in requests.request_by_id(db, number).outcome
