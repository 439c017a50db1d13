"""Figures with intervals: what is measured on films and texts, and the bootstrap by patient behind it.

A statistic comes in one of two forms. One takes row indices and gives a number: any function will do. The
other takes weights [D, N], how often each row was drawn in each of D draws, and gives [D] numbers: all draws
at once, which is what makes 2,000 of them cheap. Both forms see the same draws for the same patients and
seed. Nothing here reads files or chooses thresholds.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
_CHUNK = 250  # draws whose weights are held at once

Indices = NDArray[np.int64]
Weights = NDArray[np.float64]
Flags = NDArray[np.bool_]
Scores = NDArray[np.float64]
Statistic = Callable[[Indices], float]
WeightedStatistic = Callable[[Weights], NDArray[np.float64]]


@dataclass(frozen=True)
class Interval:
    """A figure, its 95 % interval and the number of rows; NaN where it can't be had."""

    value: float
    low: float
    high: float
    n: int

    def to_json(self) -> dict[str, float | None]:
        """Give `value`, `low` and `high`, None where JSON has no number for it."""
        named = {"value": self.value, "low": self.low, "high": self.high}
        return {name: float(value) if math.isfinite(value) else None for name, value in named.items()}

    def __str__(self) -> str:
        if not math.isfinite(self.value):
            return "–"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap(statistic: Statistic, patients: Sequence[str], draws: int = DRAWS, seed: int = 0) -> Interval:
    """Give a statistic of row indices with its interval over draws of whole patients.

    A draw in which the statistic is NaN (a class is empty in it) is left out of the quantiles.
    """

    def weighted(weights: Weights) -> NDArray[np.float64]:
        rows = np.arange(weights.shape[1])
        return np.array([statistic(np.repeat(rows, row.astype(np.int64))) for row in weights])

    return interval(weighted, patients, draws, seed)


def paired(
    statistic_a: Statistic, statistic_b: Statistic, patients: Sequence[str], draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Give `statistic_a - statistic_b` with its interval, both taken on the same draws."""
    return bootstrap(lambda rows: statistic_a(rows) - statistic_b(rows), patients, draws, seed)


def interval(
    statistic: WeightedStatistic, patients: Sequence[str], draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Give a statistic of weights with its interval over draws of whole patients."""
    return intervals({"": statistic}, patients, draws, seed)[""]


def intervals(
    statistics: Mapping[str, WeightedStatistic], patients: Sequence[str], draws: int = DRAWS, seed: int = 0
) -> dict[str, Interval]:
    """Give many statistics of the same rows with their intervals, all on the same draws."""
    return {name: one.interval for name, one in sampled(statistics, patients, draws, seed).items()}


@dataclass(frozen=True)
class Sample:
    """A statistic's value and what it was in each draw, [D]; samples of the same draws can be subtracted."""

    value: float
    drawn: NDArray[np.float64]
    n: int

    @property
    def interval(self) -> Interval:
        """The value with its 95 % interval; draws in which it is NaN are left out."""
        drawn = self.drawn[np.isfinite(self.drawn)]
        if not len(drawn) or not math.isfinite(self.value):
            return Interval(self.value, math.nan, math.nan, self.n)
        low, high = np.quantile(drawn, [0.025, 0.975])
        return Interval(self.value, float(low), float(high), self.n)

    def __sub__(self, other: "Sample") -> "Sample":
        """Give the difference, draw by draw: its interval is a paired one."""
        return Sample(self.value - other.value, self.drawn - other.drawn, self.n)


def sampled(
    statistics: Mapping[str, WeightedStatistic], patients: Sequence[str], draws: int = DRAWS, seed: int = 0
) -> dict[str, Sample]:
    """Give many statistics of the same rows in the same draws."""
    n = len(patients)
    if n == 0:
        return {name: Sample(math.nan, np.zeros(0), 0) for name in statistics}
    values = {name: float(one(np.ones((1, n)))[0]) for name, one in statistics.items()}
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in statistics}
    for weights in resampled(patients, draws, seed):
        for name, one in statistics.items():
            drawn[name].append(one(weights))
    return {name: Sample(values[name], np.concatenate(parts), n) for name, parts in drawn.items()}


def difference(a: WeightedStatistic, b: WeightedStatistic) -> WeightedStatistic:
    """Give the statistic `a - b`, for a paired interval."""
    return lambda weights: a(weights) - b(weights)


def mean_of(statistics: Sequence[WeightedStatistic]) -> WeightedStatistic:
    """Give the mean of several statistics; one that is NaN in a draw is left out of that draw's mean."""

    def mean(weights: Weights) -> NDArray[np.float64]:
        return _mean_present(np.stack([one(weights) for one in statistics]))

    return mean


def resampled(patients: Sequence[str], draws: int = DRAWS, seed: int = 0) -> Iterator[Weights]:
    """Draw patients with replacement and give, in parts, how often each row is drawn: weights [D, N]."""
    _, group_of = np.unique(np.asarray(patients, dtype=object).astype(str), return_inverse=True)
    groups = int(group_of.max()) + 1
    random = np.random.default_rng(seed)
    for start in range(0, draws, _CHUNK):
        size = min(_CHUNK, draws - start)
        chosen = random.integers(groups, size=(size, groups)) + np.arange(size)[:, None] * groups
        counts = np.bincount(chosen.ravel(), minlength=size * groups).reshape(size, groups)
        yield counts[:, group_of].astype(np.float64)


def mean_over(values: NDArray[np.floating] | Flags) -> WeightedStatistic:
    """Mean of a value per row; NaN where no row was drawn."""
    column = np.asarray(values, dtype=np.float64)
    return lambda weights: _ratio(weights @ column, weights.sum(axis=1))


def balanced_accuracy_over(said: Flags, truth: Flags) -> WeightedStatistic:
    """Mean of sensitivity and specificity; NaN where a class is empty."""
    return rates_over(said & truth, ~said & ~truth, truth)


def rates_over(right_yes: Flags, right_no: Flags, truth: Flags) -> WeightedStatistic:
    """Balanced accuracy from what was got right in each class, where an answer may also be neither."""
    yes, no = truth.astype(np.float64), (~truth).astype(np.float64)
    right = right_yes.astype(np.float64), right_no.astype(np.float64)
    return lambda weights: (
        0.5 * (_ratio(weights @ right[0], weights @ yes) + _ratio(weights @ right[1], weights @ no))
    )


def auroc_over(scores: Scores, truth: Flags) -> WeightedStatistic:
    """Area under the ROC curve, ties counting half; NaN where a class is empty.

    Sorted once; a draw then costs one cumulative sum of its weights.
    """
    order = np.argsort(scores, kind="stable")
    ranked, positive = np.asarray(scores)[order], np.asarray(truth)[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])) if len(ranked) else order

    def area(weights: Weights) -> NDArray[np.float64]:
        drawn = weights[:, order]
        yes = np.add.reduceat(drawn * positive, starts, axis=1)
        no = np.add.reduceat(drawn * ~positive, starts, axis=1)
        below = np.cumsum(no, axis=1) - 0.5 * no
        return _ratio((yes * below).sum(axis=1), yes.sum(axis=1) * no.sum(axis=1))

    return area


def macro_f1_over(said: Flags, truth: Flags) -> WeightedStatistic:
    """Mean F1 over the columns of [N, C] flags; a class that is neither there nor said counts 0.

    That is scikit-learn's `zero_division=0`: it never flatters.
    """
    both, either = (said & truth).astype(np.float64), said.astype(np.float64) + truth

    def mean(weights: Weights) -> NDArray[np.float64]:
        hits, total = weights @ both, weights @ either
        scores = np.divide(2.0 * hits, total, out=np.zeros_like(hits), where=total > 0)
        return np.asarray(scores.mean(axis=1))

    return mean


def auroc(scores: Scores, truth: Flags) -> float:
    """Give the area under the ROC curve (ties count half); NaN where one class is empty."""
    return _whole(auroc_over(scores, truth), len(truth))


def balanced_accuracy(said: Flags, truth: Flags) -> float:
    """Give the mean of sensitivity and specificity; NaN where one class is empty."""
    return _whole(balanced_accuracy_over(said, truth), len(truth))


def macro_f1(said: Flags, truth: Flags) -> float:
    """Give the mean F1 over the columns of [N, C] flags; see :func:`macro_f1_over`."""
    return _whole(macro_f1_over(said, truth), len(truth))


def micro_f1(said: Flags, truth: Flags) -> float:
    """Give the F1 of all cells of [N, C] flags together; 0 where nothing is there or said."""
    total = int(said.sum()) + int(truth.sum())
    return 2.0 * int((said & truth).sum()) / total if total else 0.0


def weighted_f1(said: Flags, truth: Flags) -> float:
    """Give the F1 of the columns of [N, C] flags, averaged by how often each class is there."""
    support = truth.sum(axis=0)
    total = said.sum(axis=0) + support
    scores = np.divide(2.0 * (said & truth).sum(axis=0), total, out=np.zeros(len(total)), where=total > 0)
    return float((scores * support).sum() / support.sum()) if support.sum() else 0.0


def jaccard(said: NDArray[np.generic], truth: NDArray[np.generic], blank: object) -> float:
    """Give the Jaccard index of equal states over cells [N, C] where either side isn't `blank`.

    NaN where both sides are blank everywhere.
    """
    spoken = (said != blank) | (truth != blank)
    return float((said == truth)[spoken].mean()) if spoken.any() else math.nan


def _whole(statistic: WeightedStatistic, n: int) -> float:
    return float(statistic(np.ones((1, n)))[0]) if n else math.nan


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _mean_present(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the first axis of what isn't NaN."""
    present = np.isfinite(values)
    return _ratio(np.where(present, values, 0.0).sum(axis=0), present.sum(axis=0).astype(np.float64))
