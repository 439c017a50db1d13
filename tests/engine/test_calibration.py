"""Draft thresholds: what a draft could say is read from the model, and biases serve the films they are set on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.calibration import (
    CHOICES,
    NAMED,
    balanced_accuracy,
    decision_bias,
    decisions,
    drafted,
    fit_line,
    fit_thresholds,
    macro_f1,
    shares_named,
)
from engine.data.bpe import train_tokenizer
from engine.data.manifest import FilmRow
from engine.data.templates import JUDGED, NORMAL, SUBJECTS, worded
from engine.lm.vocabulary import Vocabulary
from engine.runtime.rows import RowBatch


class Believer(RowBatch):
    """Says findings by scores that its prompt's first id selects; it reads what was said from its own ids."""

    def __init__(self, vocabulary: Vocabulary, beliefs: Sequence[Sequence[float]]) -> None:
        super().__init__(vocabulary.size, 400)
        self.vocabulary = vocabulary
        self.beliefs = beliefs
        self.ids = np.zeros(400, dtype=np.int64)

    def _allocate(self, rows: int) -> None:
        assert rows == 1

    def _run(self, ids: NDArray[np.int64], write: NDArray[np.int64], keep: int) -> NDArray[np.float32]:
        start = int(write[0])
        self.ids[start : start + ids.shape[1]] = ids[0]
        said = self.ids[1 : start + ids.shape[1]]
        belief = self.beliefs[int(self.ids[0])]
        logits = np.full(self.vocabulary_size, -20.0, dtype=np.float32)
        encode = self.vocabulary.encode
        later = len(said) > 0
        for name, value in zip(JUDGED, belief, strict=True):
            logits[encode(f" {SUBJECTS[name]}" if later else SUBJECTS[name])[0]] = value
        logits[encode("\n\n")[0] if later else encode(NORMAL[0])[0]] = 0.0
        return np.broadcast_to(logits, (1, keep, self.vocabulary_size))


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_text(train_tokenizer().to_str())


def test_every_row_of_findings_in_order_is_looked_at(vocabulary: Vocabulary) -> None:
    model = Believer(vocabulary, [[3.0, -1.0, -1.0, 1.0, -2.0]])
    table = decisions(model, vocabulary, [0])
    assert len(table) == 2 ** len(JUDGED)
    assert np.isneginf(table[("Edema",)][1:5]).all()
    assert np.isneginf(table[()][-1]) and np.isneginf(table[("Edema",)][0])
    assert drafted(table, np.zeros(len(CHOICES))) == ("Pneumonia", "Edema")


def made_films() -> tuple[list[list[float]], list[FilmRow]]:
    """Every second film is abnormal, every fourth has an effusion that the model is too shy of, by 2 or so."""
    random = np.random.default_rng(0)
    beliefs, rows = [], []
    for number in range(60):
        abnormal, effusion = number % 2 == 0, number % 4 == 0
        shift = random.normal(0, 0.2)
        beliefs.append(
            [2.0 + shift if abnormal else 0.9 + shift, -9.0, -9.0, -9.0, -1.0 if effusion else -3.5]
        )
        labels = {"Pneumonia", *(["Effusion"] if effusion else [])} if abnormal else {"No Finding"}
        rows.append(FilmRow(Path("x"), "made", f"p{number}", "PA", 50, "F", frozenset(labels), "val"))
    return beliefs, rows


def test_biases_name_findings_as_often_as_wanted_and_draw_the_line_to_normal(vocabulary: Vocabulary) -> None:
    beliefs, rows = made_films()
    model, prompts = Believer(vocabulary, beliefs), [[number] for number in range(60)]
    found = fit_thresholds(model, vocabulary, prompts, rows, {"Pneumonia": 1.0, "Effusion": 0.5 / NAMED})
    assert found.balanced_accuracy == 1.0
    assert found.macro_f1 == pytest.approx(2 / len(JUDGED))
    assert found.decision_bias["No"] > 0.5
    assert 1.0 <= found.decision_bias[" Pleural effusion"] == found.decision_bias["Pleural effusion"]
    assert found.films == 60
    # A finding of every training film is named on every abnormal one, one that training doesn't have on none.
    often = fit_thresholds(model, vocabulary, prompts, rows, {"Pneumonia": 1.0, "Effusion": 1.0})
    assert often.decision_bias[" Pleural effusion"] > 3.0
    never = fit_thresholds(model, vocabulary, prompts, rows, {"Pneumonia": 1.0})
    assert never.decision_bias.get(" Pleural effusion", 0.0) <= 0.0


def test_the_line_of_other_films_is_drawn_anew(vocabulary: Vocabulary) -> None:
    beliefs, rows = made_films()
    model, prompts = Believer(vocabulary, beliefs), [[number] for number in range(60)]
    found = fit_thresholds(model, vocabulary, prompts, rows, {"Pneumonia": 1.0})
    bolder = Believer(vocabulary, [[value + 2.0 for value in belief] for belief in beliefs])
    line = fit_line(bolder, vocabulary, prompts, rows, found)
    assert list(line) == ["No"]
    assert line["No"] == pytest.approx(found.decision_bias["No"] + 2.0, abs=0.5)


def test_films_without_an_abnormal_one_move_nothing(vocabulary: Vocabulary) -> None:
    beliefs, rows = made_films()
    normal = [number for number, row in enumerate(rows) if row.normal]
    found = fit_thresholds(
        Believer(vocabulary, beliefs),
        vocabulary,
        [[n] for n in normal],
        [rows[n] for n in normal],
        {"Effusion": 1.0},
    )
    assert found.decision_bias == {}


def test_shares_are_those_of_abnormal_films() -> None:
    _, rows = made_films()
    assert shares_named(rows) == {name: {"Pneumonia": 1.0, "Effusion": 0.5}.get(name, 0.0) for name in JUDGED}
    assert shares_named([row for row in rows if row.normal]) == {}


def test_biases_are_named_by_what_they_move() -> None:
    bias = np.array([0.5, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    assert decision_bias(bias) == {"No": 0.5, "Infiltration": 1.0, " Infiltration": 1.0}
    assert worded({"Infiltration"}).startswith("Infiltration")


def test_scores_by_hand() -> None:
    said = np.array([True, True, False, False])
    assert balanced_accuracy(said, np.array([True, False, False, False])) == pytest.approx((1 + 2 / 3) / 2)
    flags = np.array([[True, False], [False, False]])
    assert macro_f1(flags, np.array([[True, True], [True, False]])) == pytest.approx((2 / 3 + 0) / 2)
