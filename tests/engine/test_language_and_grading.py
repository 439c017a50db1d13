"""Perplexity by hand, windows, kept language; grades of answers by rule, by words and by people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import DataError
from engine.evaluate.grading import Answered, accuracy, exact, grade, read_answers, read_grades
from engine.evaluate.language import (
    TextLoss,
    perplexity,
    perplexity_change,
    read_documents,
    read_instructions,
    text_loss,
)

VOCABULARY = 7


def letters(text: str) -> list[int]:
    return [ord(letter) % VOCABULARY for letter in text]


def uniform(ids: list[int]) -> np.ndarray:
    return np.zeros((len(ids), VOCABULARY), dtype=np.float32)


def successor(ids: list[int]) -> np.ndarray:
    """Almost sure that the next id is one more."""
    logits: np.ndarray = np.eye(VOCABULARY, dtype=np.float32)[(np.array(ids) + 1) % VOCABULARY] * 50
    return logits


@pytest.mark.parametrize("window", [4, 5, 64])
def test_a_uniform_model_has_the_perplexity_of_its_vocabulary(window: int) -> None:
    documents = ["no acute finding on this film", "ab", "effusion"]
    loss = text_loss(uniform, letters, documents, window)
    assert loss.tokens.tolist() == [28.0, 1.0, 7.0]
    found = perplexity(loss, draws=20)["perplexity"]
    assert found.value == pytest.approx(7.0)
    assert found.low == pytest.approx(7.0)


@pytest.mark.parametrize("window", [4, 5, 64])
def test_windows_predict_every_token_once_and_from_its_own_context(window: int) -> None:
    seen: list[int] = []

    def score(ids: list[int]) -> np.ndarray:
        seen.append(len(ids))
        return successor(ids)

    loss = text_loss(score, lambda _: list(range(7)) * 3, ["a b"], window)
    assert loss.nats[0] == pytest.approx(0.0, abs=1e-6)
    assert loss.tokens[0] == 20
    assert max(seen) < window


def test_bits_per_byte_and_change_by_hand() -> None:
    before = TextLoss(np.array([8.0, 0.0]) * np.log(2), np.array([4.0, 4.0]), np.array([8.0, 8.0]))
    after = TextLoss(np.array([8.0, 8.0]) * np.log(2), np.array([2.0, 2.0]), np.array([8.0, 8.0]))
    assert perplexity(before, draws=20)["bits_per_byte"].value == pytest.approx(0.5)
    assert perplexity(after, draws=20)["perplexity"].value == pytest.approx(16.0)
    change = perplexity_change(before, after, draws=50)
    assert change.value == pytest.approx(0.5)
    assert change.low == pytest.approx(0.0)
    assert change.high == pytest.approx(1.0)


def test_documents_are_read_from_text_and_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one two\nthree\n\n = \n\nfour five\n", encoding="utf-8")
    (tmp_path / "a.jsonl").write_text('{"text": "one two"}\n\n{"text": "three four"}\n', encoding="utf-8")
    assert read_documents(tmp_path / "a.txt") == ["one two\nthree", "four five"]
    assert read_documents(tmp_path / "a.jsonl", limit=1) == ["one two"]
    (tmp_path / "empty.txt").write_text("\n\n", encoding="utf-8")
    with pytest.raises(DataError, match="no document"):
        read_documents(tmp_path / "empty.txt")
    with pytest.raises(DataError, match="can't be read"):
        read_documents(tmp_path / "none.txt")


def test_instructions_are_read_and_a_bad_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "dolly.jsonl"
    file.write_text('{"instruction": "Say hello.", "response": "Hello."}\n', encoding="utf-8")
    assert read_instructions(file) == [{"instruction": "Say hello.", "context": "", "response": "Hello."}]
    file.write_text('{"instruction": "x"}\n[1]\n', encoding="utf-8")
    with pytest.raises(DataError, match="Line 2"):
        read_instructions(file)


@pytest.mark.parametrize(
    ("reference", "answer", "expected"),
    [
        ("Yes.", "yes", 1.0),
        ("Yes.", "No.", 0.0),
        ("Yes, there is a pleural effusion.", "Yes, an effusion is present.", 1.0),
        ("Yes, there is a pleural effusion.", "No, there is no pleural effusion.", 0.0),
        ("There is an effusion.", "No effusion is seen.", 0.0),
        ("No.", "No, there is no pneumothorax.", 1.0),
        ("Left lower lobe.", "In the left lower lobe.", 1.0),
        ("Left lower lobe.", "Left upper lobe.", 0.5),
        ("Left.", "Right.", 0.0),
        ("Pneumonia and effusion.", "Pneumonia.", 0.5),
        ("Edema.", "Fracture.", 0.0),
        ("Mild enlargement.", "Mild.", 0.5),
        ("Small.", "", 0.0),
    ],
)
def test_grade(reference: str, answer: str, expected: float) -> None:
    assert grade(reference, answer) == expected
    assert grade(reference, answer.upper()) == expected


def test_exact_match_leaves_articles_and_punctuation_out() -> None:
    assert exact("The left lung.", "left lung") == 1.0
    assert exact("left lung", "right lung") == 0.0


def test_accuracy_by_group_and_by_people(tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    table.write_text(
        "key,patient,question,reference,answer,kind,finding\n"
        "1,a,Is there edema?,Yes.,Yes.,presence,edema\n"
        "2,b,Is there edema?,No.,Yes.,presence,edema\n"
        "3,c,Where?,Left lower lobe.,Left upper lobe.,location,effusion\n",
        encoding="utf-8",
    )
    graded = tmp_path / "grades.csv"
    graded.write_text("key,grade\n1,1\n2,0\n3,1\n3,0.5\n", encoding="utf-8")
    answers = read_answers(table)
    found = accuracy(answers, read_grades(graded), draws=50)
    assert found["graded by rule"]["all"].value == pytest.approx(0.5)
    assert found["graded by rule"]["presence"].value == pytest.approx(0.5)
    assert found["exact"]["location"].value == 0.0
    assert found["graded by people"]["location"].value == pytest.approx(0.75)
    assert found["exact"]["all"].n == 3
    with pytest.raises(DataError, match="have no grade"):
        accuracy([*answers, Answered("9", "d", "?", "x", "y")], read_grades(graded))
    graded.write_text("key,grade\n1,0.7\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"none of 0, 0\.5 and 1"):
        read_grades(graded)
