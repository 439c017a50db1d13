"""Agreement of labels: generated reports with reference reports (Tables 1 and 2), films with films (Table 4).

The paper's AUROC of reports is of hard labels, so per class it is (sensitivity + specificity) / 2; how it
treats uncertain labels isn't published and is a setting here. Labels come from `engine.evaluate.labeler` or
from a classifier's probabilities; nothing is trained and no threshold is chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.evaluate.labeler import OBSERVATIONS, label
from engine.evaluate.statistics import (
    DRAWS,
    Flags,
    Interval,
    Scores,
    WeightedStatistic,
    Weights,
    auroc_over,
    interval,
)

Policy = Literal["negative", "positive", "ignore"]
# What the four states are called in Table 2.
STATES = {"no mention": "", "possible": "uncertain", "negative": "negative", "positive": "positive"}
States = NDArray[np.str_]
Averages = dict[str, WeightedStatistic]


def states_of(texts: Sequence[str]) -> States:
    """Label reports: states [N, 14] in the order of OBSERVATIONS."""
    return np.array([list(label(text).values()) for text in texts], dtype=np.str_).reshape(
        len(texts), len(OBSERVATIONS)
    )


def report_agreement(
    generated: States,
    reference: States,
    patients: Sequence[str],
    uncertain: Policy = "negative",
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, dict[str, Interval]]:
    """Give `auroc`, `f1` (per observation, micro, macro, weighted) and `jaccard` (Table 2) with intervals.

    `uncertain` says what a doubtful label counts as in AUROC and F1: negative, positive, or the cell left out
    on whichever side it stands. No mention counts as negative. An observation that no reference affirms has no
    AUROC and isn't in its macro; its F1 is 0 and is. Raises DataError where the tables differ in size.
    """
    if generated.shape != reference.shape or len(reference) != len(patients):
        raise DataError(
            f"{len(generated)} generated reports, {len(reference)} references and {len(patients)} patients don't "
            "pair up. Give one of each for every film."
        )
    said, truth, counted = (
        _flags(generated, uncertain),
        _flags(reference, uncertain),
        np.ones_like(generated, bool),
    )
    if uncertain == "ignore":
        counted = (generated != "uncertain") & (reference != "uncertain")

    def measured(statistics: Averages) -> dict[str, Interval]:
        return {name: interval(one, patients, draws, seed) for name, one in statistics.items()}

    return {
        "auroc": measured(hard_auroc(said, truth, counted, OBSERVATIONS)),
        "f1": measured(f1(said, truth, counted, OBSERVATIONS)),
        "jaccard": measured(jaccard_by_state(generated, reference)),
    }


def image_agreement(
    generated: Scores,
    original: Scores,
    patients: Sequence[str],
    classes: Sequence[str],
    thresholds: Mapping[str, float] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, dict[str, Interval]]:
    """Give AUROC and F1 of a classifier's probabilities [N, C] on generated films against those on the originals.

    The truth is the classifier's own yes or no on the original (0.5 where no threshold is given), so the
    figure says how well the films agree for this classifier, not how true they are.
    """
    if generated.shape != original.shape or original.shape != (len(patients), len(classes)):
        raise DataError(
            f"Probabilities of {generated.shape} generated and {original.shape} original films don't pair up with "
            f"{len(patients)} patients and {len(classes)} classes."
        )
    limits = np.array([(thresholds or {}).get(name, 0.5) for name in classes])
    truth, said, counted = original >= limits, generated >= limits, np.ones(original.shape, dtype=bool)
    areas: Averages = {name: auroc_over(generated[:, i], truth[:, i]) for i, name in enumerate(classes)}
    support = truth.astype(np.float64)
    areas |= {
        "micro": _repeated(auroc_over(generated.ravel(), truth.ravel()), len(classes)),
        **_averages(_stacked([areas[name] for name in classes]), lambda weights: weights @ support),
    }
    scores = f1(said, truth, counted, classes)
    return {
        "auroc": {name: interval(one, patients, draws, seed) for name, one in areas.items()},
        "f1": {name: interval(one, patients, draws, seed) for name, one in scores.items()},
    }


def hard_auroc(said: Flags, truth: Flags, counted: Flags, names: Sequence[str]) -> Averages:
    """Give (sensitivity + specificity) / 2 per column of [N, C] flags, of all cells, and both means of columns."""
    cells = [table.astype(np.float64) for table in _cells(said, truth, counted)]
    support = (truth & counted).astype(np.float64)

    def columns(weights: Weights) -> NDArray[np.float64]:
        hit, missed, false, rejected = (weights @ table for table in cells)
        return 0.5 * (_ratio(hit, hit + missed) + _ratio(rejected, rejected + false))

    def micro(weights: Weights) -> NDArray[np.float64]:
        hit, missed, false, rejected = ((weights @ table).sum(axis=1) for table in cells)
        return 0.5 * (_ratio(hit, hit + missed) + _ratio(rejected, rejected + false))

    return {
        **_each(columns, names),
        "micro": micro,
        **_averages(columns, lambda weights: weights @ support),
    }


def f1(said: Flags, truth: Flags, counted: Flags, names: Sequence[str]) -> Averages:
    """Give F1 per column of [N, C] flags, of all cells, and both means of columns.

    A column with nothing to find and nothing said has 0, as in the paper's table and in scikit-learn.
    """
    hits, missed, false, _ = (table.astype(np.float64) for table in _cells(said, truth, counted))
    support, either = hits + missed, 2 * hits + missed + false

    def columns(weights: Weights) -> NDArray[np.float64]:
        return _ratio(2 * (weights @ hits), weights @ either, empty=0.0)

    def micro(weights: Weights) -> NDArray[np.float64]:
        return _ratio(2 * (weights @ hits).sum(axis=1), (weights @ either).sum(axis=1), empty=0.0)

    averages = _averages(columns, lambda weights: weights @ support)
    averages["macro"] = lambda weights: columns(weights).mean(axis=1)
    return {**_each(columns, names), "micro": micro, **averages}


def jaccard_by_state(generated: States, reference: States) -> Averages:
    """Give the Jaccard index of the four states over all cells, and their micro, macro and weighted means.

    In every row of Table 2 macro is the mean of the four states, so the states are the classes.
    """
    both, one, other = (
        np.stack([table(state).sum(axis=1).astype(np.float64) for state in STATES.values()], axis=1)
        for table in (_equal(generated, reference), _equal(generated), _equal(reference))
    )
    either, support = one + other - both, other

    def columns(weights: Weights) -> NDArray[np.float64]:
        return _ratio(weights @ both, weights @ either, empty=0.0)

    def micro(weights: Weights) -> NDArray[np.float64]:
        return _ratio((weights @ both).sum(axis=1), (weights @ either).sum(axis=1))

    averages = _averages(columns, lambda weights: weights @ support)
    averages["macro"] = lambda weights: columns(weights).mean(axis=1)  # all four, also one that isn't there
    return {"micro": micro, **averages, **_each(columns, list(STATES))}


def _equal(*tables: States) -> Callable[[str], Flags]:
    def everywhere(state: str) -> Flags:
        return np.asarray(np.logical_and.reduce([table == state for table in tables]))

    return everywhere


def _flags(states: States, uncertain: Policy) -> Flags:
    held = ["positive", "uncertain"] if uncertain == "positive" else ["positive"]
    return np.isin(states, held)


def _cells(said: Flags, truth: Flags, counted: Flags) -> tuple[Flags, Flags, Flags, Flags]:
    """Give hits, misses, false alarms and right rejections."""
    return said & truth & counted, ~said & truth & counted, said & ~truth & counted, ~said & ~truth & counted


def _each(columns: WeightedStatistic, names: Sequence[str]) -> Averages:
    def one(index: int) -> WeightedStatistic:
        return lambda weights: columns(weights)[:, index]

    return {name: one(index) for index, name in enumerate(names)}


def _averages(columns: WeightedStatistic, support: Callable[[Weights], NDArray[np.float64]]) -> Averages:
    """Give the plain mean over the columns that have support, and the mean weighted by support."""

    def mean(weights: Weights, by_support: bool) -> NDArray[np.float64]:
        values, counts = columns(weights), support(weights)
        share = np.where(np.isfinite(values), counts if by_support else (counts > 0), 0.0).astype(np.float64)
        return _ratio((np.nan_to_num(values) * share).sum(axis=1), share.sum(axis=1))

    return {"macro": lambda weights: mean(weights, False), "weighted": lambda weights: mean(weights, True)}


def _stacked(statistics: Sequence[WeightedStatistic]) -> WeightedStatistic:
    return lambda weights: np.stack([one(weights) for one in statistics], axis=1)


def _repeated(statistic: WeightedStatistic, columns: int) -> WeightedStatistic:
    """Let a statistic of all cells take the weights of the rows."""
    return lambda weights: statistic(np.repeat(weights, columns, axis=1))


def _ratio(
    above: NDArray[np.float64], below: NDArray[np.float64], empty: float = np.nan
) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.full_like(above, empty), where=below > 0)
