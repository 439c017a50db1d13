"""Models of a site: acceptance with its record, speeds, shadows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from llmcxr_ws.site import parse_site
from llmcxr_ws.store import configuration, modelling, requests, supervision
from llmcxr_ws.store.administration import apply_request
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.modelling import NewShadow
from tests.llmcxr_ws.world import SERVICE_KEY, Person, drafted

HASH = "a" * 64
SHADOW = NewShadow(
    text="No effusion.",
    confidence=0.4,
    withheld="",
    labels={"Effusion": "negative"},
    facts={"weights_sha256": "b" * 64},
    model_name="other",
    model_version="2",
    model_device_uid="2.25.2",
    seconds=1.5,
)


def decide(db: Database, person: Person, **changes: Any) -> tuple[str, str]:
    payload = {
        "action": "accept",
        "weights_sha256": HASH,
        "name": "demo",
        "version": "1",
        "reason": "It agreed with us on 200 films.",
        "figures": {"films compared": "200", "same findings": "181 of 200"},
    } | changes
    number = requests.submit(db, person.key, kind="model", payload=payload)
    apply_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    decided = requests.request_by_id(db, number)
    return decided.state, decided.outcome


def test_without_a_list_every_model_is_accepted() -> None:
    assert parse_site("").accepts_model(HASH)


def test_an_acceptance_counts_and_is_recorded_with_its_figures(db: Database, admin: Person) -> None:
    configuration.import_site(db, '# ours\nname = "East"\n', user="x")
    assert decide(db, admin)[0] == "granted"
    site = configuration.load_site(db)
    assert site.accepts_model(HASH) and not site.accepts_model("b" * 64)
    (kept,) = site.accepted_models
    assert (kept.name, kept.accepted_by, kept.reason) == ("demo", "anna", "It agreed with us on 200 films.")
    assert configuration.site_text(db).startswith("# ours")
    (row,) = supervision.audit_tail(db, words="model.accepted")
    assert row.actor == "anna" and "181 of 200" in row.detail
    again = decide(db, admin)
    assert again[0] == "refused" and "accepted already" in again[1]


def test_an_acceptance_is_withdrawn(db: Database, admin: Person) -> None:
    assert decide(db, admin, action="withdraw")[0] == "refused"
    decide(db, admin)
    assert decide(db, admin, action="withdraw", reason="It missed a pneumothorax.")[0] == "granted"
    assert configuration.load_site(db).accepted_models == ()


@pytest.mark.parametrize(
    "changes",
    [{"reason": "  "}, {"weights_sha256": "short"}, {"action": "adore"}, {"figures": 3}, {"name": ""}],
)
def test_what_is_refused(db: Database, admin: Person, changes: dict[str, Any]) -> None:
    assert decide(db, admin, **changes)[0] == "refused"
    assert configuration.site_version(db) == 0


def test_only_an_administrator_accepts(db: Database, reader: Person) -> None:
    assert decide(db, reader)[0] == "refused"


def test_speeds_of_drafts(db: Database) -> None:
    drafted(db, evidence={"runtime": "onnxruntime", "precision": "float32"})
    (speed,) = modelling.draft_speeds(db)
    assert (speed.runtime, speed.precision, speed.model_name) == ("onnxruntime", "float32", "demo")
    assert 0 <= speed.seconds < 60


def test_a_shadow_takes_the_newest_drafts_of_others_once(db: Database) -> None:
    for study in (1, 2, 3):
        drafted(db, study)
    assert modelling.next_for_shadow(db, "2.25.1", within=10) is None  # its own drafts
    wanted = modelling.next_for_shadow(db, "2.25.2", within=2)
    assert wanted is not None and wanted.study_id == 3
    assert modelling.record_shadow(db, wanted, SHADOW)
    assert not modelling.record_shadow(db, wanted, replace(SHADOW, text="Twice."))
    second = modelling.next_for_shadow(db, "2.25.2", within=2)
    assert second is not None and second.study_id == 2
    assert modelling.next_for_shadow(db, "2.25.2", within=2, skip=(second.report_id,)) is None
    modelling.record_shadow(db, second, SHADOW)
    assert modelling.next_for_shadow(db, "2.25.2", within=2) is None
    rows = modelling.shadow_rows(db)
    assert [(row.study_id, row.shadow_text, row.shadow_weights) for row in rows] == [
        (3, "No effusion.", "b" * 64),
        (2, "No effusion.", "b" * 64),
    ]
    assert modelling.shadow_rows(db, "2.25.9") == ()
    assert json.dumps(rows[0].shadow_labels) == '{"Effusion": "negative"}'
