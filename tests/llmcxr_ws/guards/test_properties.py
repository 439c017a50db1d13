"""What holds of the guards for every text: no text breaks them, places lie in it, left and right are alike."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmcxr_ws.guards import Facts, Objection, Overruling, from_payload, objections, standing, to_payload, why
from llmcxr_ws.guards.lexicon import FINDINGS, findings_called
from llmcxr_ws.guards.rules import WHY
from llmcxr_ws.guards.statements import sections, sentences, statements
from llmcxr_ws.guards.wording import SENTENCES
from llmcxr_ws.sections import split_sections

FACTS = Facts(orientation=("L", "F"), patient_id="P-1")
NAMED = [
    name
    for name in FINDINGS
    if name not in ("cardiomegaly", "mediastinal widening", "free air", "support device")
]
OTHER = {"left": "right", "right": "left"}
WORDS = [
    "No", "left", "right", "bilateral", "effusion", "pneumothorax", "unchanged", "new", "is", "seen", "or", "and",
    "the", "lungs", "clear", "heart", "enlarged", "normal", ".", ",", ";", "?", "\n", "Findings:", "\nImpression:",
    "without", "possible", "except", "[..]", "fracture", "ł", "İ", "e\u0301", "small", "upper", "lobe",
]  # fmt: skip
texts = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join) | st.text(max_size=200)


def said(text: str, facts: Facts = FACTS) -> list[tuple[str, str]]:
    return [(one.code, one.sentence) for one in objections(text, facts)]


@given(texts)
def test_no_text_breaks_the_guards_and_every_place_lies_in_it(text: str) -> None:
    for facts in (
        FACTS,
        Facts(),
        Facts(kind="addendum", has_prior=True, ai_text=text, not_judged=("Mass", "Odd one")),
    ):
        for one in objections(text, facts):
            assert one.code in WHY and why(one.code)
            assert one.sentence == SENTENCES[one.key].format(**dict(one.values))
            assert one.sentence.strip() == one.sentence and "\n" not in one.sentence
            assert all(0 <= place.start < place.end <= len(text) for place in one.places)
            assert all(text[place.start : place.end].strip() for place in one.places)


@given(texts)
@example("No No No No right bilateral Findings: e\u0301 No")  # a quote from the end, cut before a letter
def test_the_same_text_gives_the_same_objections_however_it_is_composed(text: str) -> None:
    assert said(text) == said(text)
    assert said(unicodedata.normalize("NFC", text)) == said(text)


@given(st.sampled_from(NAMED), st.sampled_from(["left", "right"]))
def test_every_finding_is_read_as_denied_and_affirmed(finding: str, side: str) -> None:
    codes = [code for code, _ in said(f"No {finding}. There is a {side} {finding}.")]
    assert "contradiction.negation" in codes
    assert said(f"No {side} {finding}. There is a {OTHER[side]} {finding}.") == []
    assert said(f"No {side} {finding}; {OTHER[side]} {finding} is present.") == []


@given(texts)
def test_left_and_right_are_alike(text: str) -> None:
    mirrored = re.sub(r"\b(left|right)\b", lambda match: OTHER[match[0]], text)
    assert sorted(code for code, _ in said(mirrored)) == sorted(code for code, _ in said(text))


@given(texts, texts)
def test_a_text_behind_another_takes_no_contradiction_away(text: str, more: str) -> None:
    """What denies and affirms in one sentence after the other does so whatever follows as a paragraph of its own."""
    core = "No left effusion. A left effusion is present."
    assert "contradiction.negation" in [code for code, _ in said(f"{core}\n\n{more}")]


@given(texts)
def test_sections_are_those_that_are_signed(text: str) -> None:
    """The places of the sections hold the same words as `llmcxr_ws.sections` gives them."""
    mine: dict[str, list[str]] = {"findings": [], "impression": []}
    for name, place in sections(text):
        mine[name] += text[place.start : place.end].split()
    split = split_sections(text)
    assert mine == {"findings": split.findings.split(), "impression": split.impression.split()}


@given(texts)
def test_sentences_hold_every_word_once(text: str) -> None:
    body = " ".join(text[place.start : place.end] for _, place in sections(text)).split()
    assert " ".join(text[place.start : place.end] for _, place in sentences(text)).split() == body


def test_labels_of_every_table_are_findings() -> None:
    labels = (
        "Cardiomegaly", "Consolidation", "Emphysema", "Fibrosis", "Fracture", "Hernia", "Mass", "Nodule",
        "Pleural thickening", "Pleural_Thickening", "Pneumothorax", "Tuberculosis", "nih-cxr14/Effusion",
        "kermany/Pneumonia, bacterial", "Enlarged Cardiomediastinum", "Lung Lesion", "Lung Opacity", "Edema",
        "Pleural Effusion", "Pleural Other", "Support Devices", "Atelectasis", "Infiltration",
    )  # fmt: skip
    for label in labels:
        assert findings_called(label) <= set(FINDINGS) and findings_called(label), label
    assert findings_called("nih-cxr14/Abnormal") == frozenset()


def test_each_statement_knows_its_side_and_zone() -> None:
    found = {
        (one.finding, one.state, *sorted(one.sides), *sorted(one.zones))
        for one in statements("Left effusion and right upper lobe opacity. No pneumothorax on either side.")
    }
    assert found == {
        ("pleural effusion", "affirmed", "left"),
        ("opacity", "affirmed", "right", "upper"),
        ("pneumothorax", "denied", "left", "right"),
    }


# Overruling


OBJECTION = Objection("a.b", "Why not.")


def test_an_objection_stands_until_it_is_overruled_in_its_own_words() -> None:
    assert standing([OBJECTION], []) == [OBJECTION]
    assert standing([OBJECTION], [Overruling("a.b", "Why not.", "Because.")]) == []
    assert standing([OBJECTION], [Overruling("a.b", "Other words.", "Because.")]) == [OBJECTION]
    assert standing([OBJECTION], [Overruling("c.d", "Why not.", "Because.")]) == [OBJECTION]


def test_identity_stands_whatever_is_said() -> None:
    (identity,) = [one for one in objections("No effusion.", Facts()) if not one.overrulable]
    assert standing([identity], [Overruling(identity.code, identity.sentence, "Never mind.")]) == [identity]


def test_overrulings_survive_the_payload() -> None:
    made = (Overruling("a.b", "Why not.", "Because."),)
    assert from_payload(to_payload(made)) == made and from_payload([]) == ()


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        "text",
        [1],
        [{}],
        [{"code": "a", "sentence": "b"}],
        [{"code": "a", "sentence": "b", "reason": " "}],
        [{"code": "a", "sentence": "b", "reason": 5}],
        [{"code": "a", "sentence": "b", "reason": "c", "more": "d"}],
        [{"code": "a", "sentence": "b", "reason": "c" * 301}],
        [{"code": "a", "sentence": "b", "reason": "c"}] * 201,
    ],
)
def test_overrulings_that_make_no_sense_are_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        from_payload(value)


def test_every_rule_has_its_sentences_and_says_why() -> None:
    assert {key.partition("/")[0] for key in SENTENCES} == set(WHY)
