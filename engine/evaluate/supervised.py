"""The model beside a supervised reference on the same films: how much of the skill is kept.

Skill is AUROC above chance: kept = (AUROC - .5) / (reference AUROC - .5), both on the same films and the same
draws. The reference counts only where its mean AUROC for abnormal on the validation split is at least .88.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.classifier.model import Classifier
from engine.data.manifest import FilmRow
from engine.data.templates import JUDGED
from engine.evaluate.cohort import Cohort, FilmReader, load_cohort, read_film, strata
from engine.evaluate.floors import TARGETS, targets
from engine.evaluate.judge import ABNORMAL, read_heads
from engine.evaluate.report import finding_log_odds
from engine.evaluate.results import Table
from engine.evaluate.scores import abnormal_log_odds, contexts
from engine.evaluate.statistics import (
    DRAWS,
    WeightedStatistic,
    Weights,
    auroc,
    auroc_over,
    mean_of,
    sampled,
)
from engine.model import Model
from engine.progress import track

VALID_FROM = 0.88
MEAN = "mean of five"
BATCH = 16

Scores = NDArray[np.float64]


def reference_scores(references: Sequence[Classifier], rows: Sequence[FilmRow], read: FilmReader) -> Scores:
    """Score films by each reference for every target, [references, N, targets]."""
    labels = (ABNORMAL, *JUDGED)
    parts = []
    for start in track(range(0, len(rows), BATCH), "batches of films judged"):
        batch = rows[start : start + BATCH]
        films, sources = np.stack([read_film(row, read) for row in batch]), [row.source for row in batch]
        every = [
            np.column_stack([read_heads(one, found, sources, label) for label in labels])
            for one, found in ((one, one.probabilities(films)) for one in references)
        ]
        parts.append(np.stack(every))
    return np.concatenate(parts, axis=1)


def evaluate_reference(
    model: Model,
    files: Sequence[Path],
    rows: Sequence[FilmRow],
    validation: Sequence[FilmRow],
    with_context: bool,
    read: FilmReader,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """Compare the model's log-odds with the references' probabilities on the top level of the films.

    `validation` are the films that say whether the reference is valid. Raises DataError for a film and
    CheckpointError for a reference that can't be used.
    """
    references = [Classifier.load(file) for file in files]
    cohort = load_cohort(model, rows, read)
    top, _ = strata(cohort)
    films = cohort.take(top.inside)
    odds = abnormal_log_odds(model, films, contexts(films, with_context))
    ours = np.column_stack([odds, finding_log_odds(model, cohort, top, with_context)[top.inside]])
    theirs = reference_scores(references, films.rows, read)
    samples = sampled(_statistics(ours, theirs, films), cohort.patients(top.inside), draws)
    val = _validity(references, validation, read)
    names = ("abnormal", MEAN)
    return {
        "n": len(films),
        "population": top.population,
        "model": model.bundle.model_key,
        "references": [file.name for file in files],
        "reference_val_auroc": val,
        "valid": bool(val and np.mean(val) >= VALID_FROM),
        "model_auroc": {name: samples[f"model/{name}"].interval for name in (*TARGETS, MEAN)},
        "reference_auroc": {name: samples[f"reference/{name}"].interval for name in (*TARGETS, MEAN)},
        "skill_kept": {name: samples[f"kept/{name}"].interval for name in names},
    }


def _statistics(ours: Scores, theirs: Scores, films: Cohort) -> dict[str, WeightedStatistic]:
    truth = targets(films)
    found: dict[str, WeightedStatistic] = {}
    for column, name in enumerate(TARGETS):
        known = truth[:, column]
        found[f"model/{name}"] = auroc_over(ours[:, column], known)
        found[f"reference/{name}"] = mean_of([auroc_over(one[:, column], known) for one in theirs])
    for side in ("model", "reference"):
        found[f"{side}/{MEAN}"] = mean_of([found[f"{side}/{name}"] for name in TARGETS[1:]])
    for name in ("abnormal", MEAN):
        found[f"kept/{name}"] = share_kept(found[f"model/{name}"], found[f"reference/{name}"])
    return found


def share_kept(ours: WeightedStatistic, theirs: WeightedStatistic) -> WeightedStatistic:
    """Give (ours - .5) / (theirs - .5) as a statistic; NaN where the reference is at chance."""

    def share(weights: Weights) -> NDArray[np.float64]:
        above, skill = ours(weights) - 0.5, theirs(weights) - 0.5
        # A reference at chance has no skill to keep.
        return np.divide(above, skill, out=np.full_like(above, np.nan), where=skill > 0.01)

    return share


def _validity(references: Sequence[Classifier], rows: Sequence[FilmRow], read: FilmReader) -> list[float]:
    adults = [row for row in rows if row.adult and row.labels]
    if not adults:
        return []
    scores = reference_scores(references, adults, read)
    truth = np.array([not row.normal for row in adults])
    return [auroc(one[:, 0], truth) for one in scores]


def reference_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Give the one table."""
    rows = [
        [
            name,
            figures["model_auroc"][name],
            figures["reference_auroc"][name],
            figures["skill_kept"].get(name),
        ]
        for name in (*TARGETS, MEAN)
    ]
    val = ", ".join(f"{value:.3f}" for value in figures["reference_val_auroc"]) or "not measured"
    valid = "valid" if figures["valid"] else f"NOT valid (it takes {VALID_FROM})"
    notes = [f"{figures['n']} films. The reference's AUROC on val: {val}; it is {valid}."]
    columns = ["", "AUROC of the model", "AUROC of the reference, mean of its seeds", "skill kept"]
    return [Table(f"Beside a supervised reference: {figures['population']}", columns, rows, notes=notes)]
