"""The model beside a supervised reference on the same films: how much of the skill is kept.

Skill is AUROC above chance: kept = (AUROC - .5) / (reference AUROC - .5), both on the same films and the same
draws. The reference counts only where its mean AUROC for abnormal on the validation split is at least .88, and
each of at least three seeds took as many CPU hours as the model, tokenizer and all runs before included. On few
films a network is soon trained, and more steps make it worse; so a seed may spend its hours on several networks,
whose mean log-odds then are the reference.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.classifier.model import Classifier
from engine.data.manifest import FilmRow
from engine.data.templates import JUDGED
from engine.errors import CheckpointError
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
from engine.train.film_run import BEST, CPU

VALID_FROM = 0.88
SEEDS = 3
MEAN = "mean of five"
BATCH = 16
_SUREST = 1e-7

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """One training seed of the reference: a network, or several whose log-odds are averaged."""

    name: str
    members: tuple[Classifier, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a classifier file, or every best.pt below a folder; raise CheckpointError where there is none."""
        if not path.is_dir():
            return cls(path.name, (Classifier.load(path),))
        files = sorted(path.rglob(BEST))
        if not files:
            raise CheckpointError(f"The folder {path} holds no {BEST}. Name a folder of trained classifiers.")
        return cls(path.name, tuple(Classifier.load(file) for file in files))

    def score(self, films: NDArray[np.float32], sources: Sequence[str]) -> Scores:
        """Give the log-odds of every target, [N, targets], for films [N, 1, R, R] in [-1, 1]."""
        every = [
            np.column_stack([read_heads(one, found, sources, label) for label in (ABNORMAL, *JUDGED)])
            for one, found in ((one, one.probabilities(films)) for one in self.members)
        ]
        return np.asarray(np.mean(_log_odds(np.stack(every)), axis=0))

    def cpu_hours(self, seconds_per_step: float | None) -> float | None:
        """Give the CPU hours of all members: what they took, or their steps at `seconds_per_step`.

        None where a member doesn't tell, or was trained elsewhere than on a CPU and no seconds are given.
        """
        return _hours(_sum(_cpu_seconds(one, seconds_per_step) for one in self.members))

    @property
    def devices(self) -> list[str]:
        """Name what the members were trained on."""
        return sorted({str(one.facts.get("device", CPU)) for one in self.members})


def reference_scores(references: Sequence[Reference], rows: Sequence[FilmRow], read: FilmReader) -> Scores:
    """Score films by each reference for every target, [references, N, targets]."""
    parts = []
    for start in track(range(0, len(rows), BATCH), "batches of films judged"):
        batch = rows[start : start + BATCH]
        films, sources = np.stack([read_film(row, read) for row in batch]), [row.source for row in batch]
        parts.append(np.stack([one.score(films, sources) for one in references]))
    return np.concatenate(parts, axis=1)


def evaluate_reference(
    model: Model,
    files: Sequence[Path],
    rows: Sequence[FilmRow],
    validation: Sequence[FilmRow],
    with_context: bool,
    read: FilmReader,
    draws: int = DRAWS,
    seconds_per_step: float | None = None,
) -> dict[str, Any]:
    """Compare the model's log-odds with the references' on the top level of the films.

    `validation` are the films that say whether the reference is valid; `seconds_per_step` is what a step of a
    reference costs on a CPU, where it was trained elsewhere. Raises DataError for a film and CheckpointError
    for a reference that can't be used.
    """
    references = [Reference.load(file) for file in files]
    cohort = load_cohort(model, rows, read)
    top, _ = strata(cohort)
    films = cohort.take(top.inside)
    odds = abnormal_log_odds(model, films, contexts(films, with_context))
    ours = np.column_stack([odds, finding_log_odds(model, cohort, top, with_context)[top.inside]])
    theirs = reference_scores(references, films.rows, read)
    samples = sampled(_statistics(ours, theirs, films), cohort.patients(top.inside), draws)
    val = _validation_auroc(references, validation, read)
    spent = [one.cpu_hours(seconds_per_step) for one in references]
    ours_spent = model_hours(model.bundle.manifest.training)
    reasons = reasons_not_valid(val, spent, ours_spent)
    names = ("abnormal", MEAN)
    return {
        "n": len(films),
        "population": top.population,
        "model": model.bundle.model_key,
        "references": [one.name for one in references],
        "reference_networks": [len(one.members) for one in references],
        "reference_devices": sorted({device for one in references for device in one.devices}),
        "cpu_seconds_per_step": seconds_per_step,
        "reference_val_auroc": val,
        "reference_cpu_hours": spent,
        "model_cpu_hours": ours_spent,
        "not_valid_for": reasons,
        "valid": not reasons,
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


def model_hours(training: Mapping[str, Any]) -> float | None:
    """Give the CPU hours behind a bundle's weights, from its manifest; None where a run isn't recorded."""
    runs = [
        run
        for part in ("tokenizer", "language_model")
        for run in (*training.get(part, {}).get("before", []), training.get(part, {}))
    ]
    return _hours(_sum(run.get("cpu_seconds") for run in runs))


def _log_odds(probabilities: Scores) -> Scores:
    sure = np.clip(probabilities, _SUREST, 1 - _SUREST)
    return np.asarray(np.log(sure) - np.log1p(-sure))


def _cpu_seconds(one: Classifier, seconds_per_step: float | None) -> float | None:
    if one.facts.get("device", CPU) == CPU:
        return one.facts.get("run_cpu_seconds")
    steps = one.facts.get("run_steps")
    return None if steps is None or seconds_per_step is None else steps * seconds_per_step


def _sum(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(float(seconds) / 3600, 3)


def reasons_not_valid(val: Sequence[float], spent: Sequence[float | None], ours: float | None) -> list[str]:
    """Say what keeps a reference from counting: its seeds' AUROC on val, their number, or their CPU hours."""
    reasons = []
    if not val or np.mean(val) < VALID_FROM:
        reasons.append(f"its mean AUROC on val isn't at least {VALID_FROM}")
    if len(spent) < SEEDS:
        reasons.append(f"{len(spent)} of {SEEDS} seeds")
    if ours is None or any(hours is None or hours < ours for hours in spent):
        reasons.append("not every seed took as many CPU hours as the model")
    return reasons


def _validation_auroc(
    references: Sequence[Reference], rows: Sequence[FilmRow], read: FilmReader
) -> list[float]:
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
    valid = "valid" if figures["valid"] else f"NOT valid: {'; '.join(figures['not_valid_for'])}"
    hours = ", ".join(str(one) for one in figures["reference_cpu_hours"])
    notes = [
        f"{figures['n']} films. The reference's AUROC on val: {val}. CPU hours of its seeds: "
        f"{hours}{_elsewhere(figures)}; of the model: {figures['model_cpu_hours']}. The reference is {valid}."
    ]
    columns = ["", "AUROC of the model", "AUROC of the reference, mean of its seeds", "skill kept"]
    return [Table(f"Beside a supervised reference: {figures['population']}", columns, rows, notes=notes)]


def _elsewhere(figures: Mapping[str, Any]) -> str:
    """Word where the hours come from, if not from the run itself."""
    devices = [name for name in figures["reference_devices"] if name != CPU]
    if not devices:
        return ""
    seconds = figures["cpu_seconds_per_step"]
    counted = "not counted" if seconds is None else f"its steps at {seconds:g} CPU seconds each"
    return f" ({counted}; trained on {', '.join(devices)})"
