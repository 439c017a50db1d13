"""Questions on texts: the text alone tells the answer, and no held-out wording is among them."""

import itertools
import json
from pathlib import Path

import pytest

from engine.data.findings import JUDGED
from engine.data.templates import SUBJECTS, parse_impression
from engine.train.instruct.corpus import read_instruct
from engine.vqa.filters import same_question
from engine.vqa.rules import HELD_OUT_QUESTIONS, OUTSIDE_ANSWER, TRAINING_QUESTIONS, answer_says
from engine.vqa.settings import TextPairSettings
from engine.vqa.text_pairs import TextPair, own_pairs, text_pairs, write_text_pairs
from engine.vqa.wordings import ABNORMAL

BY_QUESTION = {
    each.question: (subject, each.yes_means)
    for subject in (*JUDGED, ABNORMAL)
    for each in TRAINING_QUESTIONS[subject]
}


@pytest.fixture(scope="module")
def pairs() -> list[TextPair]:
    return list(text_pairs(3_000, seed=0))


def test_the_text_alone_tells_the_answer(pairs: list[TextPair]) -> None:
    asked = dict.fromkeys((*JUDGED, ABNORMAL), 0)
    present = dict(asked)
    for pair in pairs:
        if pair.instruction not in BY_QUESTION:
            continue
        subject, yes_means = BY_QUESTION[pair.instruction]
        text = pair.context.split("\n")[-1]
        has = not text.startswith("No ") if subject == ABNORMAL else SUBJECTS[subject] in text
        assert answer_says(pair.response) == ("yes" if has == yes_means else "no")
        asked[subject] += 1
        present[subject] += has
    assert min(asked.values()) > 200
    assert all(0.4 < present[subject] / asked[subject] < 0.6 for subject in asked)


def test_texts_are_those_of_reports(pairs: list[TextPair]) -> None:
    assert all(parse_impression(pair.context.split("\n")[-1]) is not None for pair in pairs)
    assert 0.4 < sum(pair.context.startswith("View: ") for pair in pairs) / len(pairs) < 0.6
    assert any(pair.response == OUTSIDE_ANSWER for pair in pairs)


def test_held_out_wordings_are_not_taught(pairs: list[TextPair]) -> None:
    held = {same_question(each.question) for each in itertools.chain(*HELD_OUT_QUESTIONS.values())}
    assert not held & {same_question(pair.instruction) for pair in pairs}


def test_the_file_is_read_as_a_plain_language_set(tmp_path: Path) -> None:
    settings = TextPairSettings(out=tmp_path / "texts.jsonl", count=50, seed=3)
    own = len(list(own_pairs()))
    assert write_text_pairs(settings) == own + 50
    lines = [json.loads(line) for line in settings.out.read_text().splitlines()]
    assert {tuple(line) for line in lines} == {("instruction", "context", "response", "category")}
    training, held_out = read_instruct(settings.out)
    assert len(training) + len(held_out) == own + 50
    before = settings.out.read_bytes()
    write_text_pairs(settings)
    assert settings.out.read_bytes() == before
