"""Two models on the same films: what counts as agreement, and what counts as nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from llmcxr_ws.comparison import compare, differences, speeds
from llmcxr_ws.store.modelling import DraftSpeed, ShadowRow

NOW = datetime(2026, 11, 2, tzinfo=UTC)
EFFUSION, NONE = {"Effusion": "positive"}, {"Effusion": "negative"}
ROW = ShadowRow(
    report_id=1,
    study_id=1,
    accession_number="A1",
    drafted_at=NOW,
    text="There is an effusion.",
    confidence=0.8,
    withheld="",
    labels=EFFUSION,
    model="one 1",
    model_device_uid="1.1",
    shadow_text="There is  an effusion.",
    shadow_confidence=0.7,
    shadow_withheld="",
    shadow_labels=EFFUSION,
    shadow_model="two 2",
    shadow_device_uid="1.2",
    shadow_weights="abc",
    shadow_seconds=2.0,
    signed_labels={},
)
OTHER = replace(ROW, shadow_text="No effusion.", shadow_labels=NONE, shadow_seconds=4.0, signed_labels=NONE)


def test_no_rows_say_nothing() -> None:
    assert compare(()) is None


def test_agreement_and_who_was_right() -> None:
    found = compare((ROW, OTHER))
    assert found is not None
    assert (found.first, found.second, found.films) == ("one 1", "two 2", 2)
    assert (found.same_findings.hits, found.same_findings.of) == (1, 2)
    assert (found.same_text.hits, found.same_text.of) == (1, 2)
    (effusion,) = found.findings
    assert (effusion.both, effusion.only_first, effusion.only_second, effusion.neither) == (1, 1, 0, 0)
    # Only one of them was signed, and its reader denied the effusion.
    assert (effusion.first_right.hits, effusion.first_right.of) == (0, 1)
    assert (effusion.second_right.hits, effusion.second_right.of) == (1, 1)
    assert found.second_seconds == 3.0
    assert differences(OTHER) == ("Effusion",)


def test_a_withheld_draft_neither_agrees_nor_differs() -> None:
    silent = replace(ROW, text="", shadow_text="", labels={}, shadow_labels={}, withheld="No film.")
    silent = replace(silent, shadow_withheld="No film.")
    weak = replace(ROW, withheld="Very weak.", shadow_text="No effusion.", shadow_labels=NONE)
    found = compare((ROW, silent, weak))
    assert found is not None
    assert (found.films, found.withheld_first, found.withheld_second) == (3, 2, 1)
    assert (found.same_findings.hits, found.same_findings.of) == (1, 1)
    assert (found.same_text.hits, found.same_text.of) == (1, 1)
    assert found.findings[0].only_first == 0


def test_speeds_are_summed_up_by_model_runtime_and_machine() -> None:
    rows = [DraftSpeed("1.1", "one", "1", "onnx", "int8", float(n), NOW) for n in range(1, 11)]
    rows.append(DraftSpeed("1.2", "two", "2", "", "", 7.0, NOW))
    rows += [DraftSpeed("1.1", "one", "1", "onnx", "int8", 90.0, NOW, "slow-pc")] * 2
    first, elsewhere, second = speeds(rows)
    assert (first.machine, elsewhere.machine, elsewhere.drafts, elsewhere.median) == ("", "slow-pc", 2, 90.0)
    assert (first.model, first.runtime, first.drafts) == ("one 1", "onnx int8", 10)
    assert (first.median, first.slowest_tenth) == (5.5, pytest.approx(9.1))
    assert (second.model, second.runtime, second.median, second.slowest_tenth) == ("two 2", "", 7.0, 7.0)
