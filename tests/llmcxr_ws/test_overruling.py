"""The node asks the guards again: what a window passes over in silence isn't signed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmcxr_ws import guards, reading
from llmcxr_ws.domain import RequestRow
from llmcxr_ws.guards import Overruling
from llmcxr_ws.identity import canonical
from llmcxr_ws.store import requests, signing
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Audit
from llmcxr_ws.store.signing import SignRefused
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
    execute,
    report,
    settle,
)

CONTRADICTION = "No effusion. There is a left effusion."
EVIDENCE = {
    "findings_not_judged": ["Fracture", "Mass"],
    "guard": {"abnormal": True, "probabilities": {"nih/Effusion": 0.9}},
    "guard_thresholds": {"nih/Effusion": 0.5},
}
UPRIGHT = {"view": "PA", "patient_orientation": ["L", "F"]}


def upright(db: Database, study: int = 1, **draft_changes: Any) -> int:
    """A drafted study whose film's header says how it lies."""
    study_id = arrive(db, study, facts=UPRIGHT)
    assert settle(db, study_id)
    draft(db, **draft_changes)
    return study_id


def verify(db: Database, request: RequestRow) -> signing.SignOrder | None:
    return signing.verify_sign_request(db, request, SERVICE_KEY)


def overrule_all(db: Database, study_id: int, text: str, looked_at: tuple[str, ...] = ()) -> list[Overruling]:
    """What a window offers: every objection, set aside with a reason."""
    detail = reading.open_study(db, study_id)
    assert detail.report is not None
    found = guards.objections(text, detail.facts(detail.report, looked_at))
    return [Overruling(one.code, one.sentence, "Looked twice.") for one in found]


def details(db: Database, event: str) -> dict[str, Any]:
    with db.read() as session:
        row = session.query(Audit).filter(Audit.event == event).one()
        return dict(json.loads(row.detail), actor=row.actor)


def test_a_standing_objection_refuses_the_signature(db: Database, reader: Person) -> None:
    request = ask_signature(db, reader, upright(db), CONTRADICTION)
    with pytest.raises(SignRefused, match="denies and affirms pleural effusion"):
        verify(db, request)


def test_an_overruled_objection_is_signed_and_stands_in_the_audit_row(db: Database, reader: Person) -> None:
    study_id = upright(db)
    overruled = overrule_all(db, study_id, CONTRADICTION)
    assert [one.code for one in overruled] == ["contradiction.negation"]
    order = verify(db, ask_signature(db, reader, study_id, CONTRADICTION, overruled=overruled))
    assert order is not None and order.overruled == tuple(overruled)
    assert signing.complete(db, order, SERVICE_KEY, SITE, document_facts(order.report.id, "signed"))
    row = details(db, "report.signed")
    assert row["actor"] == "ruth"
    assert row["overruled"] == [{"code": "contradiction.negation", "reason": "Looked twice."}]
    assert "effusion" not in json.dumps(row)


def test_an_overruling_holds_for_the_words_it_was_of(db: Database, reader: Person) -> None:
    study_id = upright(db)
    overruled = overrule_all(db, study_id, CONTRADICTION)
    request = ask_signature(
        db, reader, study_id, f"{CONTRADICTION} Heart enlarged. Normal heart.", overruled=overruled
    )
    with pytest.raises(SignRefused, match="cardiomegaly"):
        verify(db, request)


def test_findings_that_nobody_addressed_refuse_until_they_were_looked_at(
    db: Database, reader: Person
) -> None:
    study_id = upright(db, evidence={"findings_not_judged": ["Fracture", "Mass"]})
    with pytest.raises(SignRefused, match="nobody has addressed them: Fracture, Mass"):
        verify(db, first := ask_signature(db, reader, study_id))
    signing.refuse(db, first, reason="Look.")
    assert verify(db, ask_signature(db, reader, study_id, looked_at=["Mass", "Fracture"])) is not None


def test_a_rejected_draft_leaves_no_list_behind(db: Database, reader: Person) -> None:
    study_id = upright(db, evidence={"findings_not_judged": ["Fracture"]}, withheld="Too unsure.")
    assert verify(db, ask_signature(db, reader, study_id)) is not None


def test_the_second_network_is_heard(db: Database, reader: Person) -> None:
    study_id = upright(db, evidence=EVIDENCE)
    request = ask_signature(db, reader, study_id, looked_at=["Fracture", "Mass"])
    with pytest.raises(SignRefused, match="calls this film abnormal"):
        verify(db, request)


def test_a_film_without_orientation_and_organs_on_the_other_side(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    assert (
        guards.objections("Left effusion.", reading.open_study(db, study_id).facts(report(db, study_id)))
        == ()
    )
    request = ask_signature(db, reader, study_id, "Dextrocardia.")
    with pytest.raises(SignRefused, match="which side is which"):
        verify(db, request)


def test_a_comparison_needs_an_earlier_film_of_the_same_patient(db: Database, reader: Person) -> None:
    study_id = upright(db, 2)
    with pytest.raises(SignRefused, match="No earlier film"):
        verify(db, first := ask_signature(db, reader, study_id, "The heart is unchanged."))
    signing.refuse(db, first, reason="Alone.")
    arrive(db, 1, facts=UPRIGHT, study_date="20260101")
    assert reading.open_study(db, study_id).has_earlier
    assert verify(db, ask_signature(db, reader, study_id, "The heart is unchanged.")) is not None
    execute(db, "UPDATE study SET issuer_of_patient_id = 'ELSEWHERE' WHERE study_date = '20260101'")
    assert not reading.open_study(db, study_id).has_earlier


def test_a_study_without_patient_id_cant_be_overruled(db: Database, reader: Person) -> None:
    study_id = upright(db)
    execute(db, "UPDATE study SET patient_id = ''")
    overruled = overrule_all(db, study_id, AI_TEXT)
    assert [one.code for one in overruled] == ["identity.no_patient_id"]
    with pytest.raises(SignRefused, match=r"no patient ID.*can't be overruled"):
        verify(db, ask_signature(db, reader, study_id, overruled=overruled))


@pytest.mark.parametrize(
    "changes",
    [
        {"overruled": "everything"},
        {"overruled": [{"code": "contradiction.negation"}]},
        {"overruled": [{"code": "a", "sentence": "b", "reason": ""}]},
        {"overruled": {"code": "reason"}},
        {"looked_at": "all"},
        {"looked_at": [1]},
    ],
)
def test_an_overruling_that_makes_no_sense_is_refused(
    db: Database, reader: Person, changes: dict[str, Any]
) -> None:
    request = ask_signature(db, reader, upright(db))
    payload = canonical(json.loads(request.payload) | changes)
    execute(
        db,
        "UPDATE request SET payload = :text, signature = :signature",
        text=payload,
        signature=reader.private.sign(payload.encode()),
    )
    with pytest.raises(SignRefused, match="can't be read"):
        verify(db, requests.request_by_id(db, request.id))


def test_a_request_of_an_older_window_is_held_to_the_same(db: Database, reader: Person) -> None:
    """One without a word about objections is signed where there are none."""
    request = ask_signature(db, reader, upright(db))
    payload = json.loads(request.payload)
    del payload["overruled"], payload["looked_at"]
    text = canonical(payload)
    execute(
        db,
        "UPDATE request SET payload = :text, signature = :signature",
        text=text,
        signature=reader.private.sign(text.encode()),
    )
    assert verify(db, requests.request_by_id(db, request.id)) is not None
    assert report(db, 1).state == "draft"
