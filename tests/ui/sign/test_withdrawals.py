"""The dialog of a retraction says what goes to whom, from the deliveries that there are."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel

from llmcxr_ws import reading
from llmcxr_ws.site import parse_site
from llmcxr_ws.store import configuration, deliveries, outgoing
from tests.ui.conftest import Seat
from tests.ui.homes import PASSWORD, House
from tests.ui.office_seat import dialog_of
from tests.ui.sign.node import decide, document_facts
from ui.sign.retract import RetractDialog

TEXT = "The lungs are clear. No effusion. No fracture. No mass."
SITE = """
[[peer]]
name = "pacs"
ae_title = "PACS"
host = "127.0.0.1"
port = 104

[[hl7]]
name = "ris"
host = "127.0.0.1"
port = 2575

[[fhir]]
name = "ehr"
base_url = "http://127.0.0.1/r4"

[[output]]
document = "signed"
to = "pacs"

[[output]]
document = "pdf"
to = "pacs"

[[output]]
document = "oru"
to = "ris"

[[output]]
document = "fhir"
to = "ehr"
"""
ENDINGS = {"pdf": ".dcm", "oru": ".hl7", "fhir": ".json"}


@pytest.fixture
def study(home: House) -> int:
    """A signed report whose outputs are built, and none of them sent."""
    db = home.workplace.db
    configuration.import_site(db, SITE, user="service")
    study_id = home.drafted("DEMO0001.dcm", TEXT)
    key = reading.log_in(db, "anna", PASSWORD)
    reading.request_signature(db, key, reading.open_study(db, study_id), TEXT)
    assert [row.state for row in decide(home, parse_site(SITE))] == ["granted"]
    for row in deliveries.deliveries_of(db, study_id):
        if row.kind in ENDINGS:
            facts = document_facts(row.document_id, row.kind)
            outgoing.built(db, row.document_id, facts | {"path": f"documents/{row.id}{ENDINGS[row.kind]}"})
    return study_id


def arrive(home: House, study_id: int, *kinds: str) -> None:
    for row in deliveries.deliveries_of(home.workplace.db, study_id):
        if row.kind in kinds:
            deliveries.begin(home.workplace.db, row.id)
            deliveries.stored(home.workplace.db, row.id)


def told(seat: Seat, study_id: int) -> dict[str, str]:
    """What the dialog says of each destination; under an empty name what it says of all."""
    seat.log_in()
    seat.open(study_id)
    seat.window.wishes.retract()
    dialog = dialog_of(seat, RetractDialog)
    seat.wait(lambda: "Looking" not in dialog.told.text())
    labels = [one.text() for one in dialog.told.parentWidget().findChildren(QLabel) if one is not dialog.told]
    said = dict(zip(labels[::2], labels[1::2], strict=True))
    return said | {"": "" if dialog.told.isHidden() else dialog.told.text()}


def test_each_destination_is_told_in_its_own_way(seat: Seat, home: House, study: int) -> None:
    arrive(home, study, "signed", "pdf", "oru", "fhir")
    said = told(seat, study)
    assert said == {
        "pacs": "gets a rejection note for each document that it holds: Signed report; Report as PDF.",
        "ris": "gets a message that cancels the result (OBR-25 X, OBX-11 W), for each of: HL7 message (ORU).",
        "ehr": "has its resource set to “entered in error”, without its words: FHIR report.",
        "": "",
    }


def test_what_has_not_left_is_named_and_who_has_nothing_is_told_nothing(
    seat: Seat, home: House, study: int
) -> None:
    arrive(home, study, "oru")
    configuration.import_site(
        home.workplace.db, SITE.replace('"ris"', '"other"').replace("2575", "2576"), user="service"
    )
    said = told(seat, study)
    assert said["ris"].startswith("holds HL7 message (ORU), but is no longer among the site's destinations")
    assert said["pacs"] == "hasn't got this yet, and won't: Signed report; Report as PDF."
    assert said["ehr"] == "hasn't got this yet, and won't: FHIR report."


def test_nothing_left_and_a_try_under_way_are_said(seat: Seat, home: House, study: int) -> None:
    rows = {row.kind: row for row in deliveries.deliveries_of(home.workplace.db, study)}
    deliveries.begin(home.workplace.db, rows["signed"].id)
    said = told(seat, study)
    assert "isn't known yet whether it arrived" in said[""] and "ris" in said


def test_nobody_holds_anything(seat: Seat, home: House, study: int) -> None:
    assert "nobody is told" in told(seat, study)[""]
