"""How figures move between groups of films: source, and within a source view, age band, sex and scanner.

Reads one predictions file (`films.csv` of `llmcxr evaluate report`) beside the manifest that it was made from;
runs no model. Sources are never pooled, and a group with one class alone has no figure.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data.manifest import FilmRow, read_manifest
from engine.data.templates import age_band, is_normal
from engine.errors import DataError
from engine.evaluate.cohort import FINDINGS, has_label
from engine.evaluate.results import Cell, Table
from engine.evaluate.said import METRICS, Said, metrics, said_by_texts
from engine.evaluate.statistics import DRAWS, Flags, Interval, interval

SCORE = "log-odds abnormal"
SMALLEST = 5
_UNKNOWN = "not known"


if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Prediction:
    """One film with what the model said of it; `scanner` is Manufacturer and model name, or ""."""

    row: FilmRow
    draft: str
    score: float | None
    scanner: str


def read_predictions(path: str | Path, rows: Sequence[FilmRow], scanners: Sequence[str]) -> list[Prediction]:
    """Join predictions with their films by place; raise DataError where a line isn't of that film."""
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The predictions {path} can't be read: {error}.") from error
    # A film that couldn't be read has no line; the others keep their place.
    places = [
        int(line["row"]) - 1 if str(line.get("row", "")).isdecimal() else i for i, line in enumerate(lines)
    ]
    whole = len(lines) == len(rows) or bool(lines and "row" in lines[0] and len(lines) < len(rows))
    if (
        not whole
        or not lines
        or "draft" not in lines[0]
        or not all(0 <= place < len(rows) for place in places)
    ):
        raise DataError(
            f"{path} holds {len(lines)} films with drafts, the manifest gives {len(rows)}. Give the manifest, "
            "split and source that the predictions were made with."
        )
    found = []
    for number, (line, place) in enumerate(zip(lines, places, strict=True), start=1):
        row, scanner = rows[place], scanners[place]
        same = line.get("source", row.source) == row.source and line.get("view", row.view) == row.view
        if not same or set(line.get("labels", "").split("|")) - {""} != set(row.labels):
            raise DataError(
                f"Line {number} of {path} is of another film than film {place + 1} of the manifest."
            )
        score = float(line[SCORE]) if line.get(SCORE) else None
        found.append(Prediction(row, line["draft"], score, scanner))
    return found


def shift(
    predictions: Sequence[Prediction], draws: int = DRAWS, seed: int = 0
) -> tuple[dict[str, Any], list[Table]]:
    """Give every group's figures with intervals by patient, and one table for each grouping."""
    labelled = [one for one in predictions if one.row.labels]
    truth = np.array([[has_label(one.row, name) for name in FINDINGS] for one in labelled], dtype=bool)
    abnormal = np.array([not is_normal(one.row) for one in labelled], dtype=bool)
    scores = [one.score for one in labelled]
    known = None if any(score is None for score in scores) else np.array(scores, dtype=np.float64)
    said = said_by_texts([one.draft for one in labelled], known)
    figures: dict[str, Any] = {"n": len(labelled), "without_labels": len(predictions) - len(labelled)}
    tables = []
    for grouping, name_of in _GROUPINGS.items():
        names = [
            f"{one.row.source}: {name_of(one)}" if grouping != "source" else one.row.source
            for one in labelled
        ]
        found = {
            name: _figures(
                labelled, said, truth, abnormal, np.flatnonzero(np.array(names) == name), draws, seed
            )
            for name in sorted(set(names))
        }
        figures[grouping] = found
        tables.append(_table(grouping, found))
    return figures, tables


def shift_pictures(predictions: Sequence[Prediction]) -> "dict[str, Figure]":
    """Draw one ROC curve and one calibration for each source whose films have labels and scores."""
    from engine.evaluate.plots import calibration_figure, roc_figure

    scored = [one for one in predictions if one.row.labels and one.score is not None]
    curves = {}
    for source in sorted({one.row.source for one in scored}):
        films = [one for one in scored if one.row.source == source]
        truth = np.array([not is_normal(one.row) for one in films], dtype=bool)
        curves[source] = (np.array([one.score for one in films], dtype=np.float64), truth)
    pictures = {
        f"calibration_{number}": calibration_figure(scores, truth, f"Abnormal, {source}")
        for number, (source, (scores, truth)) in enumerate(curves.items())
    }
    return {"roc": roc_figure(curves, "Abnormal, by source"), **pictures} if curves else {}


def manifest_rows(manifest: str | Path, split: str, source: str) -> tuple[list[FilmRow], list[str]]:
    """Give the films that `llmcxr evaluate report` took from a manifest, each with its scanner.

    The scanner is in the manifest's columns `manufacturer` and `model`, where it has them.
    """
    rows = read_manifest(manifest, any_split=True)
    with Path(manifest).open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    chosen = [
        (row, " ".join(filter(None, (line.get("manufacturer"), line.get("model")))))
        for row, line in zip(rows, lines, strict=True)
        if split in ("all", row.split) and source in ("", row.source)
    ]
    return [row for row, _ in chosen], [scanner for _, scanner in chosen]


_GROUPINGS: dict[str, Callable[[Prediction], str]] = {
    "source": lambda one: one.row.source,
    "view": lambda one: one.row.view or _UNKNOWN,
    "age band": lambda one: age_band(one.row.age),
    "sex": lambda one: one.row.sex or _UNKNOWN,
    "scanner": lambda one: one.scanner or _UNKNOWN,
}


def _figures(
    films: Sequence[Prediction],
    said: Said,
    truth: Flags,
    abnormal: Flags,
    rows: np.ndarray,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    patients = [films[index].row.patient or f"film {index}" for index in rows]
    statistics = metrics(said.take(rows), truth[rows], abnormal[rows])
    enough = min(int(abnormal[rows].sum()), int((~abnormal[rows]).sum())) >= SMALLEST
    nothing = Interval(float("nan"), float("nan"), float("nan"), len(rows))
    return {
        "n": len(rows),
        "abnormal": int(abnormal[rows].sum()),
        **{
            name: interval(statistics[name], patients, draws, seed) if enough else nothing for name in METRICS
        },
    }


def _table(grouping: str, found: dict[str, dict[str, Any]]) -> Table:
    rows: list[list[Cell]] = [
        [name, group["n"], group["abnormal"], *(group[metric] for metric in METRICS)]
        for name, group in found.items()
    ]
    notes = (
        f"A group with fewer than {SMALLEST} films of either class has no figure. Groups aren't matched.",
    )
    columns = [grouping, "films", "abnormal", *(metric.replace("_", " ") for metric in METRICS)]
    return Table(f"By {grouping}", columns, rows, None, notes)
