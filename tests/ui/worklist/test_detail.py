"""What the worklist says of a study's images and of its order."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from llmcxr_ws.completeness import Verdict
from llmcxr_ws.states import StudyState
from tests.ui.worklist.rows import row
from ui.language import speak
from ui.worklist.detail import facts, sentences


@pytest.fixture(autouse=True)
def _english(qapp: QApplication) -> None:
    speak(qapp, "en")


WAITS = Verdict("missing", False, {"by": "cr", "names": "1.2, 1.3"}, ("1.2", "1.3")).to_dict()


def test_a_study_says_what_it_waits_for_instead_of_that_it_waits() -> None:
    said = sentences(row(1, state=StudyState.RECEIVING, completeness=WAITS))
    assert [one.replace("\u200b", "") for one in said] == ["Waits for 2 images that cr listed: 1.2, 1.3."]


def test_an_early_draft_says_both() -> None:
    said = sentences(row(1, completeness=WAITS))
    assert said[0].startswith("Waits for 2 images") and said[1] == "A draft is ready to be read."


def test_one_that_was_gone_on_with_says_what_is_missing_as_long_as_it_is() -> None:
    kept = Verdict("gave_up", True, {"by": "cr", "names": "1.2"}, ("1.2",)).to_dict()
    said = sentences(row(1, completeness=kept))[0]
    assert said.replace("\u200b", "") == "Not complete: 1 image never came (1.2)."


def test_a_complete_one_says_why_among_the_facts() -> None:
    kept = Verdict("told", True, {"by": "cr"}).to_dict()
    assert ("Images", "Complete: all images that cr listed are here.") in facts(row(1, completeness=kept))
    assert sentences(row(1, completeness=kept)) == ("A draft is ready to be read.",)


def test_the_order_stands_with_the_study() -> None:
    ordered = {
        "RequestedProcedureDescription": "Chest pa and lateral",
        "ReasonForTheRequestedProcedure": "Cough, effusion?",
        "RequestingPhysician": "Asker^Anna",
        "ReferringPhysicianName": "Overseas^Olga",
        "AdmissionID": "ADM-77",
    }
    found = dict(facts(row(1, ordered=ordered)))
    assert found["Clinical question"] == "Cough, effusion?" and found["Requested"] == "Chest pa and lateral"
    assert found["Requested by"] == "Asker, Anna" and found["Referred by"] == "Overseas, Olga"
    assert found["Admission"] == "ADM-77"
    assert dict(facts(row(1, referring_physician="Own^Otto", ordered=ordered)))["Referred by"] == "Own, Otto"
    assert "Requested" not in dict(facts(row(1, ordered={"RequestedProcedureDescription": "Chest"})))
