"""The table of the children's films of Kermany et al.: normal against pneumonia, and bacterial against viral.

Two classes are read from drafts and their log-odds, three from drafts and an answer on the kind of pneumonia.
Beside them stand what pixels alone give: nearest neighbour and a logistic regression on 16 x 16 pixels, both
fitted on the training split.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.manifest import FilmRow
from engine.errors import DataError, GenerationError
from engine.evaluate.cohort import Cohort, FilmReader, load_cohort, read_film, shuffled_orders, small_pixels
from engine.evaluate.floors import pixel_distances
from engine.evaluate.report import BLANKED, SHUFFLED
from engine.evaluate.results import Cell, Table
from engine.evaluate.said import said_by_texts
from engine.evaluate.scores import contexts, draft
from engine.evaluate.statistics import (
    DRAWS,
    Flags,
    Sample,
    WeightedStatistic,
    auroc_over,
    macro_f1_over,
    mean_of,
    rates_over,
    sampled,
)
from engine.model import Model
from engine.progress import track
from engine.vqa.wordings import HELD_OUT_QUESTIONS, KIND

SOURCE = "kermany"
CLASSES = ("normal", "bacterial", "viral")
METRICS = ("pneumonia_auroc", "pneumonia_balanced_accuracy", "three_classes_macro_f1")
NEIGHBOUR, LOGISTIC = "nearest neighbour in pixels", "logistic on pixels"


def evaluate_kermany(
    model: Model,
    rows: Sequence[FilmRow],
    training: Sequence[FilmRow],
    with_context: bool,
    read: FilmReader,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """Give the figures of the films of source kermany among `rows`, the pixel floors fitted on `training`.

    Raises DataError where there is no such film.
    """
    films = [row for row in rows if row.source == SOURCE]
    if not films:
        raise DataError(f"The manifest has no film of source {SOURCE} in this split.")
    cohort = load_cohort(model, films, read)
    truth = np.array([_kind_of(row) for row in cohort.rows])
    used = _readings(model, cohort, with_context)
    groups = {"the model": [used], SHUFFLED: [_take(used, order) for order in shuffled_orders(cohort)]}
    if with_context:
        groups[BLANKED] = [_readings(model, cohort, False)]
    groups |= {name: [found] for name, found in _pixel_floors(cohort, training, read).items()}
    statistics = {
        f"{group}/{metric}": mean_of([_metrics(one, truth)[metric] for one in each])
        for group, each in groups.items()
        for metric in METRICS
    }
    samples = sampled(statistics, cohort.patients(np.arange(len(cohort))), draws)
    return {
        "n": len(cohort),
        "population": "films of source kermany",
        "films": {name: int((truth == i).sum()) for i, name in enumerate(CLASSES)},
        "model": model.bundle.model_key,
        "context": with_context,
        "unread": [sentence for _, sentence in cohort.unread],
        "metrics": _of(samples, "the model"),
        "floors": {name: _of(samples, name) for name in groups if name in (NEIGHBOUR, LOGISTIC)},
        "shuffled": _of(samples, SHUFFLED),
        "context_blanked": _of(samples, BLANKED if with_context else "the model"),
    }


Reading = tuple[NDArray[np.int64], NDArray[np.float64]]  # class or -1 [N], score for pneumonia [N]


def _readings(model: Model, cohort: Cohort, with_context: bool) -> Reading:
    drafts = draft(model, cohort, with_context)
    said = said_by_texts(drafts.texts)
    kinds = np.full(len(cohort), -1)
    kinds[said.normal] = 0
    sick = np.flatnonzero(said.abnormal)
    kinds[sick] = _kinds_told(model, cohort.take(sick), with_context)
    return kinds, drafts.log_odds


def _kinds_told(model: Model, films: Cohort, with_context: bool) -> NDArray[np.int64]:
    """Ask which kind the pneumonia is; an answer that names none counts as bacterial, the commoner kind."""
    lines = contexts(films, with_context)
    told = []
    for index, codes in enumerate(track(films.codes.tolist(), "kinds asked")):
        asked = HELD_OUT_QUESTIONS[KIND][index % len(HELD_OUT_QUESTIONS[KIND])]
        try:
            text = model.answer(codes, asked.question, context=lines[index]).text.lower()
        except GenerationError:
            text = ""
        told.append(2 if "viral" in text and "bacterial" not in text else 1)
    return np.array(told, dtype=np.int64)


def _take(reading: Reading, order: NDArray[np.int64]) -> Reading:
    return reading[0][order], reading[1][order]


def _pixel_floors(cohort: Cohort, training: Sequence[FilmRow], read: FilmReader) -> dict[str, Reading]:
    from sklearn.linear_model import LogisticRegression

    known = [row for row in training if row.source == SOURCE]
    if not known:
        return {}
    pixels = np.stack([small_pixels(read_film(row, read)) for row in track(known, "training films read")])
    kinds = np.array([_kind_of(row) for row in known])
    distance = pixel_distances(cohort.pixels, pixels)
    score = distance[:, kinds == 0].min(axis=1) - distance[:, kinds > 0].min(axis=1)
    flat, seen = (part.reshape(len(part), -1) / 255.0 for part in (pixels, cohort.pixels))
    centre, scale = flat.mean(axis=0), flat.std(axis=0) + 1e-6
    linear = LogisticRegression(C=0.01, max_iter=2000).fit((flat - centre) / scale, kinds)
    chances = linear.predict_proba((seen - centre) / scale)
    return {
        NEIGHBOUR: (kinds[distance.argmin(axis=1)], score),
        LOGISTIC: (linear.classes_[chances.argmax(axis=1)], -chances[:, 0]),
    }


def _metrics(reading: Reading, truth: NDArray[np.int64]) -> dict[str, WeightedStatistic]:
    kinds, score = reading
    sick: Flags = truth > 0
    return {
        "pneumonia_auroc": auroc_over(score, sick),
        "pneumonia_balanced_accuracy": rates_over((kinds > 0) & sick, (kinds == 0) & ~sick, sick),
        "three_classes_macro_f1": macro_f1_over(
            np.stack([kinds == i for i in range(len(CLASSES))], axis=1),
            np.stack([truth == i for i in range(len(CLASSES))], axis=1),
        ),
    }


def _kind_of(row: FilmRow) -> int:
    if row.labels & {"Normal", "No Finding"}:
        return 0
    return 2 if any("viral" in label for label in row.labels) else 1


def _of(samples: Mapping[str, Sample], group: str) -> dict[str, Any]:
    return {metric: samples[f"{group}/{metric}"].interval for metric in METRICS}


def kermany_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Give the one table."""
    named = {
        "the model": figures["metrics"],
        "the model, view and age blanked": figures["context_blanked"],
        "the model, films shuffled": figures["shuffled"],
        **{f"floor: {name}": found for name, found in figures["floors"].items()},
    }
    rows: list[list[Cell]] = [[name, *[found[metric] for metric in METRICS]] for name, found in named.items()]
    columns = ["", "AUROC pneumonia", "balanced accuracy", "macro-F1 of three classes"]
    note = f"{figures['n']} films of children; 95 % intervals, bootstrap by patient."
    return [Table("Kermany: normal, bacterial, viral", columns, rows, notes=[note])]
