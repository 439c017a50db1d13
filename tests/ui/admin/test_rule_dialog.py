"""A routing rule in its dialog: everything that the grammar knows goes in and comes out."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from llmcxr_ws.rules import PRIORITIES as OF_RULES
from llmcxr_ws.rules import RoutingRule
from ui.admin.rule_dialog import PRIORITIES, THEN, RuleDialog, films_of, outcome_of, then_of

WHOLE: dict[str, Any] = {
    "name": "all of it",
    "source": "pacs",
    "view": "PA",
    "modality": "DX",
    "sop_class": "DigitalXRayImageStorageForPresentation",
    "body_part": "CHEST",
    "min_age": 18,
    "max_age": 65.5,
    "study_description": "Thorax*",
    "series_description": "*pa*",
    "station": "ICU*",
    "institution": "East*",
    "device": "Acme*",
    "then": "draft",
    "lifts": ["derived"],
    "forward_to": ["archive"],
    "deidentify_to": ["study"],
    "priority": "high",
}


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def dialog(parent: QWidget, begun: dict[str, Any]) -> RuleDialog:
    return RuleDialog(parent, begun, ["pacs", "archive", "study"], print)


def test_a_whole_rule_comes_out_as_it_went_in(parent: QWidget) -> None:
    assert dialog(parent, WHOLE).values() == WHOLE
    assert set(WHOLE) == set(RoutingRule.model_fields)


def test_what_the_document_leaves_out_is_said(parent: QWidget) -> None:
    """A rule that forwards leaves the draft to the next; one that does nothing else skips."""
    for begun in ({"name": "a", "forward_to": ["archive"]}, {"name": "a"}):
        rule = RoutingRule(**begun)
        assert then_of(begun) == rule.decision == dialog(parent, begun).values()["then"]
    assert set(PRIORITIES) == set(OF_RULES) and set(THEN) == {"skip", "draft", "pass"}


def test_an_age_that_is_none_stays_for_the_validator(parent: QWidget) -> None:
    asked = dialog(parent, {"name": "a"})
    asked.texts["min_age"].setText("old")
    assert asked.values()["min_age"] == "old"
    asked.texts["min_age"].setText("0")
    assert asked.values()["min_age"] == 0


def test_the_table_says_what_a_rule_does() -> None:
    assert "Body part: CHEST" in films_of(WHOLE) and "Age from: 18" in films_of(WHOLE)
    said = outcome_of(WHOLE)
    assert said == (
        "is drafted, also: marked as derived; Goes on to: archive; De-identified to: study; priority high"
    )
    assert outcome_of({"forward_to": ["archive"]}) == "is left to the next rule; Goes on to: archive"
