"""The rule labeler: CheXpert's public sample, wordings of drafts, negation and doubt, invariances."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from engine.data.templates import NORMAL, PREDICATES, worded
from engine.evaluate.labeler import OBSERVATIONS, label, label_nih, named

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


@pytest.mark.parametrize("predicate", PREDICATES)
@pytest.mark.parametrize("findings", [{"Pneumonia"}, {"Edema", "Effusion"}, {"Infiltration", "Atelectasis"}])
def test_every_abnormal_draft_names_its_findings(predicate: str, findings: set[str]) -> None:
    assert named(worded(findings, predicate)) == findings


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


@pytest.mark.parametrize(
    ("text", "observation", "state"),
    [
        ("No pneumothorax.", "Pneumothorax", "negative"),
        ("Pneumothorax is not seen.", "Pneumothorax", "negative"),
        ("Pneumothorax: none.", "Pneumothorax", "negative"),
        ("The pneumothorax has resolved.", "Pneumothorax", "negative"),
        ("Without consolidation, effusion, or pneumothorax.", "Pneumothorax", "negative"),
        ("No focal consolidation, large effusion, or pneumothorax.", "Pleural Effusion", "negative"),
        ("No effusion, but atelectasis is seen.", "Atelectasis", "positive"),
        ("No effusion, however there is a pneumothorax.", "Pneumothorax", "positive"),
        ("No abnormality other than a small effusion.", "Pleural Effusion", "positive"),
        ("No significant change in the effusion.", "Pleural Effusion", "positive"),
        ("Pneumonia cannot be excluded.", "Pneumonia", "uncertain"),
        ("Cannot rule out pneumonia.", "Pneumonia", "uncertain"),
        ("No new effusion.", "Pleural Effusion", "uncertain"),
        ("Possible edema.", "Edema", "uncertain"),
        ("Opacity versus atelectasis.", "Atelectasis", "uncertain"),
        ("Atelectasis or pneumonia.", "Pneumonia", "uncertain"),
        ("Opacity, may represent pneumonia.", "Lung Opacity", "positive"),
        ("There is edema. No edema of the skin.", "Edema", "positive"),
        ("The heart is not enlarged.", "Cardiomegaly", "negative"),
        ("The cardiac silhouette is enlarged.", "Cardiomegaly", "positive"),
        ("Heart size is borderline.", "Cardiomegaly", "uncertain"),
        ("The cardiomediastinal silhouette is stable.", "Enlarged Cardiomediastinum", "uncertain"),
        ("Widened mediastinum.", "Enlarged Cardiomediastinum", "positive"),
        ("The heart is seen.", "Cardiomegaly", ""),
        ("Pericardial effusion.", "Pleural Effusion", ""),
        ("A calcified nodule.", "Lung Lesion", ""),
        ("Prior granulomatous infection.", "Pneumonia", ""),
        ("Hyperexpanded lungs.", "No Finding", ""),
        ("A pacemaker is in place. Clear lungs.", "No Finding", "positive"),
    ],
)
def test_states(text: str, observation: str, state: str) -> None:
    assert label(text)[observation] == state


REPORT = (
    "The heart is enlarged. There is no pneumothorax or consolidation, but a small effusion is present.\n"
    "Bibasilar opacities may reflect atelectasis. A picc line ends in the superior vena cava."
)


def test_layout_does_not_change_the_labels() -> None:
    expected = label(REPORT)
    assert (
        expected["Cardiomegaly"] == expected["Pleural Effusion"] == expected["Support Devices"] == "positive"
    )
    sentences = REPORT.replace("\n", " ").split(". ")
    variants = (
        REPORT.upper(),
        REPORT.replace("\n", " "),
        REPORT.replace("\n", "\r\n"),
        REPORT.replace(" ", "  "),
        ". ".join([sentences[2], sentences[0], sentences[1], sentences[3]]),
        "".join(f"{i}. {text.rstrip('.')}.\n" for i, text in enumerate(sentences, start=1)),
        "\n\n".join(f"- {text}" for text in sentences),
        f"{REPORT} {REPORT}",
        f"Chest radiograph of 3 May. {REPORT}",
    )
    for variant in variants:
        assert label(variant) == expected, variant


def test_a_wrapped_line_keeps_its_negation_and_a_list_does_not() -> None:
    wrapped = (
        "There is no evidence of a pneumothorax, of a consolidation, of a pleural\nEffusion or of edema."
    )
    assert label(wrapped)["Pleural Effusion"] == "negative"
    assert named("No pneumonia\nEffusion") == {"Effusion"}


def test_one_statement_does_not_reach_another_label() -> None:
    for one in ("pneumonia", "edema", "atelectasis", "pneumothorax"):
        for other in ("consolidation", "effusion", "a fracture"):
            states = label(f"No {one}. There is {other}.")
            assert sorted(state for state in states.values() if state) == ["negative", "positive"]


def test_nih_names_differ_where_their_table_does() -> None:
    assert label_nih("A calcified nodule.")["Nodule"] == "positive"
    assert label_nih("Vascular congestion.")["Edema"] == ""
    assert label("Vascular congestion.")["Edema"] == "positive"
    assert label_nih("Heart size is stable.")["Cardiomegaly"] == ""
    assert label_nih("Fissural thickening.")["Pleural_Thickening"] == "positive"


def test_no_mention_no_state() -> None:
    assert set(label("").values()) == {""}
    assert label("Two views of the chest.") == {
        name: "positive" if name == "No Finding" else "" for name in OBSERVATIONS
    }
