"""Texts worded from labels hold what the labels hold, and every decision is the first token of a sentence."""

from pathlib import Path

import numpy as np
import pytest

from engine.data.bpe import train_tokenizer
from engine.data.manifest import FilmRow
from engine.data.templates import (
    JUDGED,
    NORMAL,
    NOT_JUDGED,
    PREDICATES,
    SUBJECTS,
    age_band,
    context,
    impression,
    judged_findings,
    parse_impression,
    usable,
    worded,
)
from engine.lm.vocabulary import Vocabulary

LABELS = (
    "No Finding",
    "Pneumonia|Infiltration",
    "Pneumonia|Atelectasis|Edema|Mass",
    "Pneumonia|Effusion|Pneumothorax",
    "Edema|Infiltration|Hernia|Fracture",
    "Pneumonia, viral",
    "Normal",
)
# Sides, places, sizes, severities, devices and comparisons: labels know none of them.
UNKNOWN_TO_LABELS = (
    *("left", "right", "bilateral", "upper", "lower", "lobe", "basal", "apical"),
    *("small", "large", "mild", "moderate", "severe", "extensive", "subtle", "minimal"),
    *("tube", "line", "catheter", "pacemaker", "device", "drain"),
    *("unchanged", "new ", "improved", "worse", "stable", "previous", "prior", "since"),
)


def row(labels: str, age: int | None = 45, view: str = "PA") -> FilmRow:
    return FilmRow(Path("x.png"), "made", "p", view, age, "F", frozenset(labels.split("|")), "train")


def test_mimic_s_name_of_an_effusion_is_the_finding() -> None:
    assert judged_findings(row("Pleural Effusion|Edema")) == ("Edema", "Effusion")
    assert usable(row("Pleural Effusion")) and not usable(row("Pleural Other"))


def test_ten_thousand_reports_state_only_what_the_row_holds() -> None:
    random = np.random.default_rng(0)
    outside = [name.lower() for name in NOT_JUDGED]
    texts = set()
    for number in range(10_000):
        film = row(LABELS[number % len(LABELS)])
        text = impression(film, random)
        texts.add(text)
        assert parse_impression(text) == frozenset(judged_findings(film))
        assert not [word for word in (*outside, *UNKNOWN_TO_LABELS) if word in text.lower()]
    assert len(texts) >= 30


def test_every_decision_is_one_token_of_its_own() -> None:
    """At the start "No" or a finding; after a sentence another finding or the end."""
    vocabulary = Vocabulary.from_text(train_tokenizer().to_str())
    normal = {vocabulary.encode(text)[0] for text in NORMAL}
    first = [vocabulary.encode(subject)[0] for subject in SUBJECTS.values()]
    later = [vocabulary.encode(" " + subject)[0] for subject in SUBJECTS.values()]
    end = vocabulary.encode("\n\n")[0]
    assert len(normal) == 1
    assert len({*normal, *first, *later, end}) == 2 + 2 * len(SUBJECTS)
    assert vocabulary.encode("Yes,")[0] != vocabulary.encode("No,")[0]


def test_sentences_follow_one_order() -> None:
    assert worded({"Effusion", "Pneumonia"}) == "Pneumonia is present. Pleural effusion is present."
    assert worded(()) == NORMAL[0]
    assert all(parse_impression(worded(JUDGED, end)) == frozenset(JUDGED) for end in PREDICATES)


@pytest.mark.parametrize(
    "text",
    [
        "No acute finding. Pneumonia is present.",
        "Pneumonia is present. Pneumonia is present.",
        "Fracture is present.",
        "Pneumonia",
        "",
    ],
)
def test_other_texts_are_not_read_as_impressions(text: str) -> None:
    assert parse_impression(text) is None


def test_rows_that_labels_do_not_settle_give_no_report() -> None:
    assert usable(row("No Finding"))
    assert usable(row("Normal", age=3))
    assert not usable(row("Mass"))
    assert not usable(row("No Finding|Pneumonia"))


def test_context_tells_view_and_age_band() -> None:
    assert context(row("No Finding")) == "View: PA. Age: 40 to 59 years."
    assert context(row("No Finding", age=None, view="")) == "Age: not known."
    assert [age_band(years) for years in (17, 18, 60)] == [
        "under 18 years", "18 to 39 years", "60 years or more",
    ]  # fmt: skip
