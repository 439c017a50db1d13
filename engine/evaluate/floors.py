"""The floors of a table: what can be had without a trained model of films, or with a far simpler one.

Fitted on the training split, per source, and kept in one small file (`engine.evaluate.floors_file`) that ships
beside a model, so that hidden films can be judged without the training films. Thresholds come from the validation
split. The floors see what the model sees (view, age, codes) and no label of the films that they are applied to.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.data.templates import JUDGED, impression, usable
from engine.errors import DataError
from engine.evaluate.cohort import FINDINGS, FIVE, Cohort
from engine.evaluate.said import Said, said_by_flags, said_by_texts
from engine.evaluate.statistics import Flags, Scores, auroc

CODES = 1024
DRAWN_REPORTS = 10
MOST_NEIGHBOURS = 1000  # training films kept for nearest neighbours, per source
MOST_REPORTS = 400
PROBE_STRENGTHS = (0.0003, 0.001, 0.003, 0.01)  # the best on val is taken
FEWEST = 10  # normal and abnormal training films of a source, each

NO_FILM = (
    "always normal",
    "every finding always yes",
    "most frequent report",
    "random training report",
    "view, age and sex alone",
    "question alone",
)
PIXEL_NEIGHBOUR, CODE_PROBE = "nearest neighbour in pixels", "logistic probe on codes"
FLOORS = (*NO_FILM, PIXEL_NEIGHBOUR, CODE_PROBE)

TARGETS = ("abnormal", *JUDGED)
Thresholds = Literal["balanced", "f1"]


@dataclass(frozen=True)
class Linear:
    """Logistic regressions on standardised features [F] for `TARGETS`, with thresholds fixed on val.

    `balanced` maximises balanced accuracy, `f1` the F1, each [targets], on the log-odds.
    """

    centre: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    balanced: NDArray[np.float32]
    f1: NDArray[np.float32]

    def log_odds(self, features: NDArray[np.floating]) -> Scores:
        """Score features [N, F] for every target, [N, targets]."""
        standard = (features - self.centre) / self.scale
        return np.asarray(standard @ self.weights.T.astype(np.float64) + self.bias)


@dataclass(frozen=True)
class SourceFloors:
    """The floors of one source; `inside` judges abnormal films alone from view, age and sex."""

    context: Linear
    inside: Linear
    probe: Linear
    reports: tuple[str, ...]
    pixels: NDArray[np.uint8]
    truth: Flags
    abnormal: Flags
    films: int
    counts: dict[str, int]


Floors = dict[str, SourceFloors]


def context_features(cohort: Cohort) -> NDArray[np.float64]:
    """Give what is known of each film without looking at it: view, age, sex, [N, 7]."""
    rows = [
        [
            row.view == "PA",
            row.view == "AP",
            row.age is None,
            (row.age or 0) / 100.0,
            ((row.age or 0) / 100.0) ** 2,
            row.sex == "F",
            row.sex == "M",
        ]
        for row in cohort.rows
    ]
    return np.array(rows, dtype=np.float64).reshape(len(cohort), 7)


def code_features(cohort: Cohort) -> NDArray[np.float64]:
    """Give how often each code stands in each film, as square roots, [N, 1024]."""
    counts = np.zeros((len(cohort), CODES))
    rows = np.repeat(np.arange(len(cohort)), cohort.codes.shape[1])
    np.add.at(counts, (rows, cohort.codes.ravel().astype(np.int64)), 1.0)
    return np.asarray(np.sqrt(counts))


def fit_floors(cohort: Cohort, seed: int = 0, fewest: int = FEWEST) -> Floors:
    """Fit the floors of every source with at least `fewest` normal and as many abnormal training films.

    Raises DataError where no source has them.
    """
    floors = fitted_floors(cohort, seed, fewest)
    if not floors:
        raise DataError(
            f"No source of the manifest has {fewest} normal and {fewest} abnormal films in its training split. "
            "Give more films, or lower --fewest."
        )
    return floors


def fitted_floors(cohort: Cohort, seed: int = 0, fewest: int = FEWEST) -> Floors:
    """Fit the floors of the sources that have enough training films, perhaps of none."""
    floors = {}
    for source in sorted({row.source for row in cohort.rows}):
        here = np.array([row.source == source for row in cohort.rows]) & cohort.labelled
        train = cohort.take(np.flatnonzero(here & _split(cohort, "train")))
        val = cohort.take(np.flatnonzero(here & _split(cohort, "val")))
        if min(int(train.abnormal.sum()), int((~train.abnormal).sum())) >= fewest:
            floors[source] = _fit_source(train, val if len(val) else train, seed)
    return floors


def _fit_source(train: Cohort, val: Cohort, seed: int) -> SourceFloors:
    random = np.random.default_rng(seed)
    drawn = random.permutation(len(train))[:MOST_NEIGHBOURS]
    sick, sick_val = (part.take(np.flatnonzero(part.abnormal)) for part in (train, val))
    worded = [impression(row, random) for row in train.rows if usable(row)]
    return SourceFloors(
        context=_fit(train, val, context_features, (1.0,)),
        inside=_fit(sick, sick_val if len(sick_val) else sick, context_features, (1.0,)),
        probe=_fit(train, val, code_features, PROBE_STRENGTHS),
        reports=tuple(worded[i] for i in random.permutation(len(worded))[:MOST_REPORTS]),
        pixels=train.pixels[drawn],
        truth=train.truth[drawn],
        abnormal=train.abnormal[drawn],
        films=len(train),
        counts={name: int(train.truth[:, i].sum()) for i, name in enumerate(FINDINGS)},
    )


def _fit(
    train: Cohort,
    val: Cohort,
    features: Callable[[Cohort], NDArray[np.float64]],
    strengths: Sequence[float],
) -> Linear:
    """Fit with each inverse regularisation and keep the one that tells abnormal films of val best."""
    values, held_out = features(train), features(val)
    fitted = [_fit_one(values, targets(train), strength) for strength in strengths]
    areas = [np.nan_to_num(auroc(one.log_odds(held_out)[:, 0], val.abnormal)) for one in fitted]
    best = fitted[int(np.argmax(areas))]
    scores, known = best.log_odds(held_out), targets(val)
    chosen = {
        kind: np.array(
            [best_threshold(s, t, kind) for s, t in zip(scores.T, known.T, strict=True)], np.float32
        )
        for kind in ("balanced", "f1")
    }
    return replace(best, **chosen)


def _fit_one(values: NDArray[np.float64], known: Flags, strength: float) -> Linear:
    from sklearn.linear_model import LogisticRegression

    centre, scale = values.mean(axis=0), values.std(axis=0)
    scale[scale < 1e-6] = 1.0
    weights, bias = np.zeros((len(TARGETS), values.shape[1])), np.zeros(len(TARGETS))
    for row, truth in enumerate(known.T):
        if truth.all() or not truth.any():
            bias[row] = 20.0 if truth.all() else -20.0
            continue
        model = LogisticRegression(C=strength, max_iter=2000).fit((values - centre) / scale, truth)
        weights[row], bias[row] = model.coef_[0], model.intercept_[0]
    none = np.zeros(len(TARGETS), dtype=np.float32)
    parts = {"centre": centre, "scale": scale, "weights": weights, "bias": bias}
    single = {name: array.astype(np.float32) for name, array in parts.items()}
    return Linear(**single, balanced=none, f1=none)


def targets(cohort: Cohort) -> Flags:
    """Give what the films' labels say to `TARGETS`, [N, targets]."""
    return np.column_stack([cohort.abnormal, cohort.truth[:, FIVE]])


def best_threshold(scores: Scores, truth: Flags, kind: Thresholds) -> float:
    """Choose the threshold with the best balanced accuracy, or the best F1; 0 where a class is empty."""
    if truth.all() or not truth.any():
        return 0.0
    ranked = np.unique(scores)
    options = np.concatenate([[ranked[0] - 1.0], (ranked[1:] + ranked[:-1]) / 2.0])
    said = scores[None, :] > options[:, None]
    hits, positives = (said & truth).sum(axis=1), truth.sum()
    if kind == "f1":
        value = 2.0 * hits / (said.sum(axis=1) + positives)
    else:
        value = hits / positives + (~said & ~truth).sum(axis=1) / (~truth).sum()
    return float(options[int(value.argmax())])


def applied(
    floors: SourceFloors | None, cohort: Cohort, seed: int = 0, thresholds: Thresholds = "f1"
) -> dict[str, list[Said]]:
    """Give what every floor says of films of one source; a floor that is drawn at random says it ten times.

    `thresholds` are those by which the linear floors name a finding: the best on val for F1, or for balanced
    accuracy. Without fitted floors only those that need no training film are given.
    """
    n = len(cohort)
    zeros, ones = np.zeros((n, len(FINDINGS)), dtype=bool), np.ones((n, len(FINDINGS)), dtype=bool)
    said = {
        "always normal": [said_by_flags(zeros, zeros[:, 0], np.zeros(n))],
        "every finding always yes": [said_by_flags(ones, ones[:, 0], np.zeros(n))],
    }
    if floors is None:
        return said
    usual = Counter(floors.reports).most_common(1)[0][0]
    random = np.random.default_rng(seed)
    drawn = random.integers(len(floors.reports), size=(DRAWN_REPORTS, n))
    constant = said_by_texts([usual] * n)
    return {
        **said,
        "most frequent report": [constant],
        "random training report": [said_by_texts([floors.reports[i] for i in row]) for row in drawn],
        "view, age and sex alone": [_linear(floors.context, context_features(cohort), thresholds)],
        # Every film is given the same instruction: what can be had from that alone is the commonest report.
        "question alone": [constant],
        PIXEL_NEIGHBOUR: [_neighbour(floors, cohort)],
        CODE_PROBE: [_linear(floors.probe, code_features(cohort), thresholds)],
    }


def _linear(linear: Linear, features: NDArray[np.float64], thresholds: Thresholds) -> Said:
    scores = linear.log_odds(features)
    findings = np.zeros((len(scores), len(FINDINGS)), dtype=bool)
    findings[:, FIVE] = scores[:, 1:] > getattr(linear, thresholds)[1:]
    return said_by_flags(findings, scores[:, 0] > linear.balanced[0], scores[:, 0])


def _neighbour(floors: SourceFloors, cohort: Cohort) -> Said:
    distance = pixel_distances(cohort.pixels, floors.pixels)
    nearest = distance.argmin(axis=1)
    to_normal, to_abnormal = distance[:, ~floors.abnormal], distance[:, floors.abnormal]
    # A linear model would need training: how much nearer the nearest abnormal film is serves as score.
    score = to_normal.min(axis=1) - to_abnormal.min(axis=1) if len(cohort) else np.zeros(0)
    return said_by_flags(floors.truth[nearest], floors.abnormal[nearest], score)


def pixel_distances(films: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Give the Euclidean distances of small films [N, S, S] to others [M, S, S], [N, M]."""
    a, b = (part.reshape(len(part), -1).astype(np.float64) for part in (films, others))
    squared = (a**2).sum(axis=1)[:, None] - 2.0 * a @ b.T + (b**2).sum(axis=1)[None]
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)))


def _split(cohort: Cohort, split: str) -> Flags:
    return np.array([row.split == split for row in cohort.rows], dtype=bool)


def missing(floors: SourceFloors | None) -> Sequence[str]:
    """Name the floors that can't be had without fitted ones."""
    return () if floors is not None else FLOORS[2:]
