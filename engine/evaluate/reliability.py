"""Confidence held against labels: the line that is fitted, figures out of its folds, thresholds chosen by them.

Two things are fitted to few sentences, so that they can hardly be fitted to chance: how much a sentence's score
counts, and how much likelier one is that says that nothing is there. What is shown is measured on patients that were
left out of the fitting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.evaluate.statistics import (
    Flags,
    Interval,
    Scores,
    WeightedStatistic,
    auroc_over,
    intervals,
    mean_over,
)
from engine.evidence.file import Line

FOLDS = 10
BINS = 5
WEAK = 0.5  # below it a sentence is likelier false than true
MOST_WITHHELD = 0.05  # of the drafts that the threshold is chosen on
_FEWEST = 20


@dataclass(frozen=True)
class Judged:
    """Sentences as rows: score, whether it says that nothing is there, whether labels bear it out, film, patient."""

    score: Scores
    normal: Flags
    true: Flags
    film: NDArray[np.int64]
    patient: tuple[str, ...]

    def take(self, rows: NDArray[np.intp] | Flags) -> Judged:
        """Give these rows alone."""
        kept = np.arange(len(self.score))[rows]
        return Judged(
            self.score[rows],
            self.normal[rows],
            self.true[rows],
            self.film[rows],
            tuple(self.patient[row] for row in kept),
        )


def fit_line(rows: Judged) -> Line:
    """Fit the line to sentences; raise DataError where there are too few, or all or none are true."""
    from sklearn.linear_model import LogisticRegression

    if len(rows.true) < _FEWEST or rows.true.all() or not rows.true.any():
        raise DataError(
            f"{len(rows.true)} sentences, {int(rows.true.sum())} of them true by the labels, are too few to say "
            f"how sure a sentence is. Give a manifest with more labelled films: {_FEWEST} sentences at least."
        )
    fitted = LogisticRegression(C=1.0).fit(_columns(rows), rows.true)
    slope, normal = (round(float(value), 4) for value in fitted.coef_[0])
    return Line(round(float(fitted.intercept_[0]), 4), slope, normal)


def confidences(line: Line, rows: Judged) -> Scores:
    """Give each sentence's confidence by a line."""
    return np.array(
        [line.confidence(score, bool(normal)) for score, normal in zip(rows.score, rows.normal, strict=True)]
    )


def out_of_fold(rows: Judged, seed: int) -> Scores:
    """Give each sentence's confidence by the line of those folds that its patient isn't in."""
    patients = sorted(set(rows.patient))
    order = np.random.default_rng(seed).permutation(len(patients))
    fold_of = {patients[place]: number % FOLDS for number, place in enumerate(order)}
    fold = np.array([fold_of[patient] for patient in rows.patient])
    found = np.zeros(len(fold))
    for number in np.unique(fold):
        inside = fold == number
        found[inside] = confidences(fit_line(rows.take(~inside)), rows.take(inside))
    return found


def figures(held: Scores, true: Flags, patients: Sequence[str], draws: int) -> dict[str, Interval]:
    """Give calibration error, Brier score and AUROC of confidences, with intervals by patient."""
    statistics: dict[str, WeightedStatistic] = {
        "ece": ece_over(held, true),
        "brier": mean_over((held - true) ** 2),
        "auroc": auroc_over(held, true),
        "mean_confidence": mean_over(held),
        "share_true": mean_over(true),
    }
    return intervals(statistics, patients, draws)


def ece_over(held: Scores, true: Flags) -> WeightedStatistic:
    """Expected calibration error over bins of equal size: how far confidence lies from the share of true ones.

    Chance alone makes it larger than 0, the more so in a draw that repeats rows.
    """
    members = _bins(held)
    gap = held - true

    def error(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        apart = np.abs(weights @ (gap[:, None] * members)).sum(axis=1)
        total = weights.sum(axis=1)
        found: Scores = np.divide(apart, total, out=np.full_like(apart, np.nan), where=total > 0)
        return found

    return error


def reliability(held: Scores, true: Flags, patients: Sequence[str], draws: int) -> list[dict[str, object]]:
    """Give each bin of the reliability plot: its sentences, mean confidence, and share of true ones with interval."""
    found = []
    for column in _bins(held).T.astype(bool):
        inside = [patient for patient, member in zip(patients, column, strict=True) if member]
        share = intervals({"true": mean_over(true[column])}, inside, draws)["true"]
        found.append(
            {"sentences": int(column.sum()), "confidence": float(held[column].mean()), "true": share}
        )
    return found


def best_of_drafts(held: Scores, film: NDArray[np.int64]) -> tuple[Scores, NDArray[np.int64]]:
    """Give the highest confidence of each film's sentences, and the films."""
    films = np.unique(film)
    return np.array([held[film == one].max() for one in films]), films


def withheld_below(best: Scores) -> float:
    """Choose the confidence below which a draft is withheld: the highest that withholds no more than MOST_WITHHELD.

    It never lies above WEAK, so that a draft with a sentence that isn't weak is never withheld.
    """
    grid = np.round(np.arange(0.05, WEAK + 1e-9, 0.05), 2)
    fitting = [float(value) for value in grid if (best < value).mean() <= MOST_WITHHELD]
    return max(fitting, default=0.0)


def _columns(rows: Judged) -> NDArray[np.float64]:
    return np.stack([rows.score, rows.normal.astype(np.float64)], axis=1)


def _bins(held: Scores) -> NDArray[np.float64]:
    """Flags [N, bins] of bins of equal size, from the least confidence on."""
    parts = [part for part in np.array_split(np.argsort(held, kind="stable"), BINS) if len(part)]
    members = np.zeros((len(held), len(parts)))
    for column, part in enumerate(parts):
        members[part, column] = 1.0
    return members
