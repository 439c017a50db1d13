"""The rule labeler: CheXpert's public sample, wordings of drafts, negation and doubt, invariances."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from engine.data.templates import ABNORMAL, NORMAL, WORDS
from engine.evaluate.labeler import OBSERVATIONS, label, label_nih, named, sentences

SAMPLE = Path(__file__).parents[1] / "data" / "chexpert_labeler" / "labeled_reports.csv"
STATES = {"1.0": "positive", "0.0": "negative", "-1.0": "uncertain", "": ""}


def sample() -> list[dict[str, str]]:
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", sample(), ids=lambda row: row["Reports"][:20])
def test_chexpert_sample(row: dict[str, str]) -> None:
    assert label(row["Reports"]) == {name: STATES[row[name]] for name in OBSERVATIONS}


@pytest.mark.parametrize("text", NORMAL)
def test_every_normal_draft_names_no_finding(text: str) -> None:
    assert named(text) == {"No Finding"}


@pytest.mark.parametrize("pattern", ABNORMAL)
@pytest.mark.parametrize("finding", WORDS)
def test_every_abnormal_draft_names_its_finding(pattern: str, finding: str) -> None:
    for word in WORDS[finding]:
        assert named(pattern.format(findings=word)) == {finding}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pneumonia is present. Effusion is seen.", {"Pneumonia", "Effusion"}),
        ("Findings: atelectasis, pulmonary edema and an effusion.", {"Atelectasis", "Edema", "Effusion"}),
        ("- Infiltration\n- Effusion", {"Infiltration", "Effusion"}),
        ("1. Pneumonia.\n2. No effusion.", {"Pneumonia"}),
        ("Pneumonia; edema", {"Pneumonia", "Edema"}),
        ("No pneumonia, no effusion.", {"No Finding"}),
        ("The lungs are clear.", {"No Finding"}),
        ("Scoliosis.", set()),
        ("", set()),
        ("Purple lantern.", set()),
    ],
)
def test_named(text: str, expected: set[str]) -> None:
    assert named(text) == expected
    assert named(text.upper()) == expected


def test_named_can_leave_doubt_out() -> None:
    assert named("Possible pneumonia.") == {"Pneumonia"}
    assert named("Possible pneumonia.", uncertain=False) == frozenset()
