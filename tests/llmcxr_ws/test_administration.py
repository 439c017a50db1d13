"""Requests other than signatures: who may make them, what they do, and that nothing but their payload counts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from llmcxr_ws import reading
from llmcxr_ws.errors import ConfigError, DatabaseFailure, StoreError
from llmcxr_ws.store import accounts, configuration, deliveries, requests
from llmcxr_ws.store.administration import apply_request
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Audit
from tests.llmcxr_ws.world import (
    SERVICE_KEY,
    Person,
    document,
    drafted,
    events,
    execute,
    report,
    state,
)

PEER = '[[peer]]\nname = "pacs"\nae_title = "PACS"\nhost = "{host}"\nport = 104\n'


def ask(db: Database, person: Person, kind: str, **payload: Any) -> int:
    return requests.submit(db, person.key, kind=kind, payload=payload)


def apply(db: Database, request_id: int, *, demo: bool = False) -> tuple[str, str]:
    apply_request(db, requests.request_by_id(db, request_id), SERVICE_KEY, demo=demo)
    decided = requests.request_by_id(db, request_id)
    return decided.state, decided.outcome


def new_user(name: str = "kim", role: str = "reader") -> dict[str, Any]:
    return {
        "action": "add",
        "name": name,
        "role": role,
        "display_name": "Kim^Test",
        "organization": "",
        "public_key": "aa" * 32,
        "wrapped_key": "bb",
        "salt": "cc",
    }


def test_an_administrator_adds_and_changes_a_user(db: Database, admin: Person) -> None:
    assert apply(db, ask(db, admin, "user", **new_user())) == ("granted", "User 'kim': add done.")
    for change, role, enabled in (
        ({"action": "role", "role": "resident"}, "resident", True),
        ({"action": "disable"}, "resident", False),
        ({"action": "enable"}, "resident", True),
    ):
        assert apply(db, ask(db, admin, "user", name="kim", **change))[0] == "granted"
        found = accounts.account(db, "kim")
        assert found is not None and (found.role, found.enabled) == (role, enabled)
    keys = {"public_key": "dd" * 32, "wrapped_key": "ee", "salt": "ff"}
    assert apply(db, ask(db, admin, "user", name="kim", action="passwd", **keys))[0] == "granted"
    found = accounts.account(db, "kim")
    assert found is not None and found.public_key == b"\xdd" * 32
    with db.read() as session:
        assert accounts.trusted_account(session, "kim", SERVICE_KEY).name == "kim"
    assert events(db).count("request.user.granted") == 5


@pytest.mark.parametrize("role", ["reader", "resident", "researcher"])
@pytest.mark.parametrize("kind", ["user", "site"])
def test_nobody_else_administers(db: Database, role: str, kind: str) -> None:
    person = Person.enter(db, "pat", role)
    payload = new_user() if kind == "user" else {"text": ""}
    outcome = apply(db, ask(db, person, kind, **payload))
    assert outcome[0] == "refused" and f"role '{role}'" in outcome[1]
    assert (accounts.account(db, "kim"), configuration.site_version(db)) == (None, 0)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"action": "add", "name": "kim"},
        {"action": "fly", "name": "kim"},
        {"action": "role", "name": "kim", "role": "reader"},
        {"action": "passwd", "name": "anna", "public_key": "not hex"},
        {**new_user(), "role": "god"},
        {**new_user(), "salt": 5},
    ],
)
def test_a_user_request_that_makes_no_sense_is_refused_and_changes_nothing(
    db: Database, admin: Person, payload: dict[str, Any]
) -> None:
    before = accounts.accounts(db)
    outcome = apply(db, ask(db, admin, "user", **payload))
    assert outcome[0] == "refused" and outcome[1]
    assert accounts.accounts(db) == before


def test_the_site_document(db: Database, admin: Person) -> None:
    text = PEER.format(host="10.0.0.1")
    assert apply(db, ask(db, admin, "site", text=text)) == (
        "granted",
        "The site document is in force as version 1.",
    )
    assert configuration.site_text(db) == text
    assert configuration.load_site(db).peer("pacs").port == 104
    refused = apply(db, ask(db, admin, "site", text="nmae = 1"))
    assert refused[0] == "refused" and "Did you mean 'name'?" in refused[1]
    assert configuration.site_version(db) == 1
    outcome = apply(db, ask(db, admin, "site", text=PEER.format(host="10.0.0.1")), demo=True)
    assert outcome[0] == "refused" and "loopback" in outcome[1]
    assert apply(db, ask(db, admin, "site", text=PEER.format(host="127.0.0.1")), demo=True)[0] == "granted"
    assert (configuration.site_version(db), configuration.site_text(db, 1)) == (2, text)
    with pytest.raises(ConfigError, match="version 9"):
        configuration.site_text(db, 9)


def test_a_payload_cannot_switch_the_loopback_rule_off(db: Database, admin: Person) -> None:
    request = ask(db, admin, "site", text=PEER.format(host="10.0.0.1"), demo=False)
    assert apply(db, request, demo=True)[0] == "refused"


@pytest.mark.parametrize("role", ["reader", "resident"])
def test_a_draft_is_rejected(db: Database, role: str) -> None:
    person = Person.enter(db, "pat", role)
    study_id = drafted(db)
    (delivery,) = document(db, report(db, study_id), "draft")
    request = reading.request_rejection(db, person.key, report(db, study_id), " Wrong side. ")
    assert apply(db, request) == ("granted", "The draft was rejected.")
    found = report(db, study_id)
    assert (found.state, found.reason, state(db, study_id)) == ("rejected", "Wrong side.", "drafted")
    assert deliveries.deliveries_of(db, study_id)[0].state == "held"
    assert delivery.state == "queued"
    with pytest.raises(StoreError, match="'rejected'"):
        reading.request_rejection(db, person.key, found, "Again.")


def test_a_rejection_needs_a_reason(db: Database, reader: Person) -> None:
    with pytest.raises(StoreError, match="without a reason"):
        reading.request_rejection(db, reader.key, report(db, drafted(db)), "  ")


def test_a_rejection_carries_a_code_from_the_list_into_the_trail(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    with pytest.raises(StoreError, match="'nonsense' is unknown"):
        reading.request_rejection(db, reader.key, report(db, study_id), "Left is right.", "nonsense")
    request = reading.request_rejection(db, reader.key, report(db, study_id), "Left is right.", "wrong_side")
    assert apply(db, request)[0] == "granted"
    with db.read() as session:
        row = session.scalars(select(Audit).where(Audit.event == "report.rejected")).one()
    assert json.loads(row.detail)["reason"] == "wrong_side"


def test_the_node_refuses_a_code_that_isnt_on_the_list(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    payload = {"reason": "x", "reason_code": "nonsense", "report_id": report(db, study_id).id}
    request = requests.submit(
        db, reader.key, kind="reject", payload=payload, study_id=study_id, report_id=payload["report_id"]
    )
    state_, outcome = apply(db, request)
    assert (state_, "'nonsense' is unknown" in outcome) == ("refused", True)
    assert report(db, study_id).state == "draft"


def test_a_rejection_counts_for_the_report_that_was_signed(db: Database, reader: Person) -> None:
    """The row's own columns aren't signed: pointing them elsewhere rejects nothing else."""
    one, two = drafted(db, 1), drafted(db, 2)
    request = reading.request_rejection(db, reader.key, report(db, one), "Wrong side.")
    execute(db, "UPDATE request SET report_id = :r, study_id = :s", r=report(db, two).id, s=two)
    apply(db, request)
    assert (report(db, one).state, report(db, two).state) == ("rejected", "draft")


def test_a_dead_delivery_is_sent_again(db: Database, admin: Person, reader: Person) -> None:
    study_id = drafted(db)
    (delivery,) = document(db, report(db, study_id), "draft")
    request = reading.request_resend(db, admin.key, delivery)
    assert apply(db, request) == (
        "refused",
        "The delivery is 'queued'. Only a dead, held, withheld or confirmed one is sent again.",
    )
    deliveries.refused(db, delivery.id, message="It is down.")
    assert apply(db, reading.request_resend(db, reader.key, delivery))[0] == "granted"
    assert deliveries.deliveries_of(db, study_id)[0].state == "queued"
    assert apply(db, ask(db, reader, "resend", delivery=999))[0] == "refused"


def test_a_database_that_fails_refuses_nobody(
    db: Database, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that was held for too long says nothing against the request: it waits."""
    number = ask(db, admin, "user", **new_user())

    def busy(*_: Any, **__: Any) -> None:
        raise DatabaseFailure("The database can't be used: database is locked.")

    with monkeypatch.context() as patched:
        patched.setattr(requests, "verify", busy)
        with pytest.raises(DatabaseFailure):
            apply(db, number)
    assert requests.request_by_id(db, number).state == "waiting"
    assert apply(db, number)[0] == "granted"


def test_an_unknown_kind(db: Database, admin: Person) -> None:
    outcome = apply(db, ask(db, admin, "teleport"))
    assert outcome[0] == "refused"


def test_a_forged_or_used_request_is_refused(db: Database, admin: Person) -> None:
    stranger = Person.enter(db, "sam", "admin")
    request_id = ask(db, admin, "user", **new_user())
    request = requests.request_by_id(db, request_id)
    apply_request(db, replace(request, signature=stranger.key.sign(request.payload)), SERVICE_KEY)
    assert requests.request_by_id(db, request_id).state == "refused"
    assert accounts.account(db, "kim") is None

    disable = ask(db, admin, "user", action="disable", name="sam")
    assert apply(db, disable)[0] == "granted"
    assert apply(db, ask(db, admin, "user", action="enable", name="sam"))[0] == "granted"
    execute(db, "UPDATE request SET state = 'waiting' WHERE id = :id", id=disable)
    outcome = apply(db, disable)
    assert outcome[0] == "refused" and "decided before" in outcome[1]
    found = accounts.account(db, "sam")
    assert found is not None and found.enabled


def test_a_payload_cannot_hide_who_asks(db: Database, admin: Person) -> None:
    with pytest.raises(ValueError, match="user_role"):
        ask(db, admin, "site", text="", user_role="reader")


def test_a_request_is_signed_over_who_when_and_what(db: Database, admin: Person) -> None:
    request = requests.request_by_id(db, ask(db, admin, "site", text="Ä\n"))
    assert '"kind":"site"' in request.payload and '"user":"anna"' in request.payload
    assert f'"nonce":"{request.nonce}"' in request.payload and '"time":"20' in request.payload
    assert admin.private.public_key().verify(request.signature, request.payload.encode()) is None
    with pytest.raises(StoreError, match="no request with id 99"):
        requests.request_by_id(db, 99)
