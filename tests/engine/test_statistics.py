"""The bootstrap and the figures, against scikit-learn and values worked out by hand."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from engine.evaluate import statistics as st
from engine.evaluate.results import Table, write_results


def _films(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.random(n) < 0.4
    # Rounded, so that there are ties.
    return np.round(random.normal(size=n) + truth, 1), truth


def test_auroc_with_ties_is_scikit_learns() -> None:
    scores, truth = _films(300)
    assert st.auroc(scores, truth) == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert st.auroc(np.zeros(4), np.array([True, False, True, False])) == 0.5
    assert math.isnan(st.auroc(scores, np.ones(300, dtype=bool)))


def test_balanced_accuracy_and_f1_are_scikit_learns() -> None:
    random = np.random.default_rng(1)
    said, truth = random.random((200, 5)) < 0.3, random.random((200, 5)) < 0.3
    truth[:, 4] = said[:, 4] = False
    assert st.balanced_accuracy(said[:, 0], truth[:, 0]) == pytest.approx(
        metrics.balanced_accuracy_score(truth[:, 0], said[:, 0])
    )
    for ours, average in ((st.macro_f1, "macro"), (st.micro_f1, "micro"), (st.weighted_f1, "weighted")):
        theirs = metrics.f1_score(truth, said, average=average, zero_division=0)
        assert ours(said, truth) == pytest.approx(theirs), average


def test_jaccard_by_hand() -> None:
    said = np.array([["+", "", "-"], ["?", "+", ""]])
    truth = np.array([["+", "", "+"], ["?", "", ""]])
    # Spoken of: four cells; equal: two.
    assert st.jaccard(said, truth, "") == 0.5


def test_weights_and_indices_give_the_same_interval() -> None:
    scores, truth = _films(120)
    patients = [f"p{i // 3}" for i in range(120)]
    fast = st.interval(st.auroc_over(scores, truth), patients, draws=200)
    slow = st.bootstrap(lambda rows: st.auroc(scores[rows], truth[rows]), patients, draws=200)
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high))


def test_patients_are_drawn_whole() -> None:
    patients = ["a", "a", "a", "b", "c"]
    for weights in st.resampled(patients, draws=50):
        assert (weights[:, :3] == weights[:, :1]).all()
        assert (weights[:, [0, 3, 4]].sum(axis=1) == 3).all()


def test_the_interval_of_a_mean_covers_as_it_should() -> None:
    values = np.random.default_rng(3).normal(5.0, 2.0, 400)
    found = st.interval(st.mean_over(values), [str(i) for i in range(400)])
    error = values.std() / 20.0
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.05)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.05)


def test_a_paired_difference_is_narrower_than_two_single_intervals() -> None:
    scores, truth = _films(200)
    worse = scores + np.random.default_rng(5).normal(0, 0.3, 200)
    patients = [str(i) for i in range(200)]
    a, b = st.auroc_over(scores, truth), st.auroc_over(worse, truth)
    both = st.interval(st.difference(a, b), patients)
    single = st.interval(a, patients)
    assert both.high - both.low < (single.high - single.low)
    plain = st.paired(
        lambda r: st.auroc(scores[r], truth[r]), lambda r: st.auroc(worse[r], truth[r]), patients, draws=2000
    )
    assert (both.value, both.low) == pytest.approx((plain.value, plain.low))


def test_a_class_that_is_empty_in_some_draws_does_no_harm() -> None:
    truth = np.array([True, False, False, False, False])
    patients = list("abcde")
    found = st.interval(st.auroc_over(np.arange(5.0)[::-1].copy(), truth), patients)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)
    none = st.interval(st.auroc_over(np.arange(5.0), np.zeros(5, dtype=bool)), patients)
    assert none.to_json() == {"value": None, "low": None, "high": None}
    mixed = st.mean_of([st.auroc_over(np.arange(5.0), np.zeros(5, dtype=bool)), st.mean_over(truth)])
    assert st.interval(mixed, patients).value == pytest.approx(0.2)


def test_two_thousand_draws_take_seconds() -> None:
    scores, truth = _films(1000)
    start = time.process_time()
    st.interval(st.auroc_over(scores, truth), [str(i) for i in range(1000)])
    assert time.process_time() - start < 3.0


def test_results_are_markdown_beside_the_papers_row_and_strict_json(tmp_path: Path) -> None:
    figure_of = st.Interval(0.5, 0.4, 0.6, 10)
    table = Table("Report", ["model", "AUROC"], [["ours", figure_of]], ["paper", 0.81], ["A note."])
    write_results(tmp_path, {"a": figure_of, "b": float("nan"), "c": np.float32(1.5)}, [table])
    assert json.loads((tmp_path / "results.json").read_text()) == {
        "a": {"value": 0.5, "low": 0.4, "high": 0.6},
        "b": None,
        "c": 1.5,
    }
    text = (tmp_path / "results.md").read_text()
    assert "| ours | 0.500 [0.400, 0.600] |\n| paper | 0.810 |" in text
    with pytest.raises(ValueError, match="3 cells"):
        Table("Bad", ["one"], [["a", "b", "c"]]).to_markdown()
