"""The report evaluation as tables and pictures; the figures come from :mod:`engine.evaluate.report`."""

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data.templates import JUDGED
from engine.evaluate.report import ReportResult
from engine.evaluate.results import Cell, Table
from engine.evaluate.said import METRICS, said_by_texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RECOGNISED = {True: "yes", False: "not shown to be recognised", None: "all or none of them have it"}
NAMES = ("balanced accuracy", "AUROC", "macro-F1 of 5", "macro-F1 of 14")


def report_tables(figures: Mapping[str, Any], title: str = "Report") -> list[Table]:
    """Give one table for the top level, one for each stratum, and those of texts and findings."""
    tables = [_table(f"{title}: {figures['population']}", figures)]
    # The primary stratum is the top level again.
    tables += [
        _table(f"{title}: {name}", part)
        for name, part in figures["strata"].items()
        if part["population"] != figures["population"]
    ]
    return [*tables, _paired_table(figures), _text_table(figures), _finding_table(figures)]


def _table(title: str, part: Mapping[str, Any]) -> Table:
    rows: list[list[Cell]] = [["the model", *_cells(part["metrics"])]]
    rows.append(["the model, view and age blanked", *_cells(part["context_blanked"])])
    rows.append(["the model, films shuffled", *_cells(part["shuffled"])])
    rows += [[f"floor: {name}", *_cells(found)] for name, found in part["floors"].items()]
    notes = [
        f"{part['n']} films, {part['abnormal']} of them abnormal; 95 % intervals, bootstrap by patient. "
        f"{part['unlabelled']} films without labels are in no figure. "
        f"{part['not_shuffled_for_want_of_another_film']} films had no other of their view and age band to be "
        "shuffled with."
    ]
    if part.get("refused_by_input_check"):
        notes.append(
            f"The workstation's input check would refuse {part['refused_by_input_check']} of these films and give no "
            "draft; they are in every figure."
        )
    if part.get("unread"):
        notes.append(f"{len(part['unread'])} films can't be read and are in no figure.")
    if part["floors_missing"]:
        notes.append(f"No training films to fit these floors on: {', '.join(part['floors_missing'])}.")
    return Table(title, ["", *NAMES], rows, notes=notes)


def _cells(found: Mapping[str, Any]) -> list[Cell]:
    return [found[name] for name in METRICS]


def _paired_table(figures: Mapping[str, Any]) -> Table:
    rows: list[list[Cell]] = [[name, *_cells(found)] for name, found in figures["paired"].items()]
    title = f"The model minus each floor, paired: {figures['population']}"
    return Table(title, ["", *NAMES], rows)


def _text_table(figures: Mapping[str, Any]) -> Table:
    keys = (
        "n",
        "parse_rate",
        "in_trained_wording",
        "contradictions",
        "rare_findings_asserted",
        "withheld",
        "distinct",
    )
    rows: list[list[Cell]] = [
        [name, *(found.get(key) for key in keys)] for name, found in figures["drafts"].items()
    ]
    return Table(
        "Drafts as texts",
        [
            "films",
            "n",
            "parsed",
            "in trained wording",
            "contradictory",
            "name a rare finding",
            "withheld",
            "distinct drafts",
        ],
        rows,
    )


def _finding_table(figures: Mapping[str, Any]) -> Table:
    rows: list[list[Cell]] = []
    for name in JUDGED:
        found, inside = figures["findings"][name], figures["inside_abnormal"][name]
        rows.append(
            [
                name,
                found["films"],
                found["asserted"],
                found["f1"],
                found["auroc"],
                inside.get("auroc"),
                inside.get("view, age and sex alone"),
                inside.get("difference"),
                _RECOGNISED[inside["shown_to_be_recognised"]],
            ]
        )
    columns = [
        "finding",
        "films",
        "asserted",
        "F1 of drafts",
        "AUROC of questions",
        "AUROC inside abnormal films",
    ]
    columns += ["view, age and sex alone, inside", "difference, paired", "recognised inside abnormal films"]
    return Table(f"Findings: {figures['population']}", columns, rows)


def report_pictures(result: ReportResult) -> "dict[str, Figure]":
    """Draw ROC, confusion and calibration of the top level, with each view in the ROC."""
    # The figures alone need nothing but the runtime; pictures need the extra for training.
    from engine.evaluate.plots import calibration_figure, confusion_figure, roc_figure

    cohort, drafts, top = result.cohort, result.drafts, result.top
    truth, odds = cohort.abnormal[top.inside], drafts.log_odds[top.inside]
    curves = {top.name: (odds, truth)}
    for view in ("PA", "AP"):
        rows = np.array([i for i in top.inside if cohort.rows[i].view == view], dtype=np.int64)
        curves[view] = (drafts.log_odds[rows], cohort.abnormal[rows])
    said = said_by_texts([drafts.texts[i] for i in top.inside])
    told = np.where(said.abnormal, 1, np.where(said.normal, 0, 2))
    counts = np.array(
        [[int(((truth == kind) & (told == t)).sum()) for t in range(3)] for kind in (False, True)]
    )
    return {
        "roc": roc_figure(curves, f"Abnormal, log-odds of the draft's opening ({top.name})"),
        "confusion": confusion_figure(
            counts, ["normal", "abnormal"], ["normal", "abnormal", "neither"], f"Drafts ({top.name})"
        ),
        "calibration": calibration_figure(odds, truth, f"Calibration ({top.name})"),
    }


def films_csv(result: ReportResult) -> str:
    """Give one line for each film: its place in the manifest, labels, draft and scores; no patient."""
    stream = io.StringIO()
    # The default line end: with "\n" alone a draft that holds "\r" isn't quoted and breaks the line.
    writer = csv.writer(stream)
    scored = [f"log-odds {name}" for name in JUDGED]
    writer.writerow(["row", "source", "view", "adult", "labels", "draft", "log-odds abnormal", *scored])
    unread = {place for place, _ in result.cohort.unread}
    places = [place for place in range(len(result.cohort) + len(unread)) if place not in unread]
    for index, row in enumerate(result.cohort.rows):
        labels = "|".join(sorted(row.labels))
        scores = [f"{value:.4f}" for value in (result.drafts.log_odds[index], *result.finding_scores[index])]
        writer.writerow(
            [
                places[index] + 1,
                row.source,
                row.view,
                int(row.adult),
                labels,
                result.drafts.texts[index],
                *scores,
            ]
        )
    return stream.getvalue()
