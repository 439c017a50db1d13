"""Tables and plots of the evidence: deletion curves, reliability, what is weak and withheld."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.evaluate.deletion import CENTRE, MAP, ORDERS, RANDOM
from engine.evaluate.evidence import DONOR, KINDS, NEUTRAL
from engine.evaluate.results import Cell, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MEASURES = ("ece", "brier", "auroc", "mean_confidence", "share_true")
_CALIBRATED = "calibrated"
_ROWS = (_CALIBRATED, "calibrated, without samples", "probability of the first word", "share of samples")


def evidence_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Give the tables: confidence, what is weak, claims, deletion of each source."""
    confidence = figures["confidence"]
    rows: list[list[Cell]] = [[name, *(confidence[name][measure] for measure in _MEASURES)] for name in _ROWS]
    for source, found in figures["confidence of other sources"].items():
        if _CALIBRATED in found:
            rows.append(
                [
                    f"{source} ({found['sentences']} sentences)",
                    *(found[_CALIBRATED][m] for m in _MEASURES),
                ]
            )
    notes = [
        f"{confidence['sentences']} sentences of {figures['n']} films ({figures['population']}), "
        f"{confidence['patients']} patients. The first two rows are measured on patients left out of the fitting, "
        "the rows of other sources with the line that ships. ECE over five bins of equal size."
    ]
    tables = [
        Table(
            "Confidence of sentences",
            ["", "ECE", "Brier", "AUROC", "mean confidence", "true by the labels"],
            rows,
            notes=notes,
        )
    ]
    tables += [_weak(confidence), _claims(confidence)]
    tables += [_deletion(source, found) for source, found in figures["deletion"].items()]
    return tables


def evidence_pictures(figures: Mapping[str, Any]) -> dict[str, Figure]:
    """Draw the reliability of sentences and the deletion curves of the first source."""
    source, found = next(iter(figures["deletion"].items()))
    return {
        "reliability": _reliability_figure(figures["confidence"]),
        "deletion": _deletion_figure(found, f"{source}: {found['films']} films"),
    }


def _weak(confidence: Mapping[str, Any]) -> Table:
    weak, withheld = confidence["weak"], confidence["withheld"]
    rows: list[list[Cell]] = [
        [f"weak: confidence below {weak['below']:g}", weak["share"]],
        ["true where weak", weak["true where weak"]],
        ["true elsewhere", weak["true elsewhere"]],
        [f"drafts withheld: no sentence reaches {withheld['below']:g}", withheld["share"]],
        [
            "of these, with a sentence that is true",
            f"{withheld['with a true sentence']} of {withheld['count']}",
        ],
    ]
    return Table("Weak sentences and withheld drafts", ["", "share"], rows)


def _claims(confidence: Mapping[str, Any]) -> Table:
    rows: list[list[Cell]] = [
        [one["claim"], one["sentences"], one["confidence"], one["true"]] for one in confidence["by claim"]
    ]
    return Table("By claim", ["claim", "sentences", "mean confidence", "true by the labels"], rows)


def _deletion(source: str, found: Mapping[str, Any]) -> Table:
    rows: list[list[Cell]] = []
    for kind in KINDS:
        for by in (NEUTRAL, DONOR):
            if kind not in found:
                continue
            one = found[kind][by]
            rows.append(
                [
                    f"{kind} ({found[kind]['sentences']}), put out with {by}",
                    *(one[order] for order in ORDERS),
                    one[f"minus {RANDOM}"],
                    one[f"minus {CENTRE}"],
                ]
            )
    notes = [
        f"Mean fall of a sentence's log-probability while {found['blocks']} blocks of 2 x 2 tokens are put out, the "
        f"first in order first; {found['films']} films. Higher is more faithful."
    ]
    columns = ["sentences", *ORDERS, f"{MAP} minus {RANDOM}", f"{MAP} minus {CENTRE}"]
    return Table(f"Deletion: {source}", columns, rows, notes=notes)


def _reliability_figure(confidence: Mapping[str, Any]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.2, 4.6), layout="constrained")
    titles = {
        "reliability": "calibrated (patients left out)",
        "reliability of the first word": "the model's own probability of the first word",
    }
    for axes, (name, title) in zip(figure.subplots(1, 2), titles.items(), strict=True):
        bins = confidence[name]
        held = np.array([one["confidence"] for one in bins])
        true = [one["true"] for one in bins]
        values = np.array([one.value for one in true])
        low, high = (np.array([getattr(one, end) for one in true]) for end in ("low", "high"))
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        errors = np.maximum(np.stack([values - low, high - values]), 0.0)
        axes.errorbar(held, values, yerr=errors, marker="o", capsize=3, color="tab:blue")
        for one, x, y in zip(bins, held, values, strict=True):
            axes.annotate(
                str(one["sentences"]), (x, y), textcoords="offset points", xytext=(6, -12), fontsize=8
            )
        axes.set(
            xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share true by the labels", aspect="equal"
        )
        axes.set_title(f"{title}\nECE {confidence[_named(name)]['ece']}", fontsize=9)
    return figure


def _named(name: str) -> str:
    return _CALIBRATED if name == "reliability" else "probability of the first word"


def _deletion_figure(found: Mapping[str, Any], title: str) -> Figure:
    from matplotlib.figure import Figure

    kinds = [kind for kind in KINDS if kind in found]
    figure = Figure(figsize=(4.6 * len(kinds), 7.2), layout="constrained")
    grid = figure.subplots(2, len(kinds), squeeze=False)
    shares = np.array(found["steps"]) / found["blocks"]
    for column, kind in enumerate(kinds):
        for row, by in enumerate((NEUTRAL, DONOR)):
            axes = grid[row, column]
            for order in ORDERS:
                axes.plot(shares, found[kind][by]["curves"][order], marker=".", label=order)
            axes.axhline(0.0, color="0.7", linewidth=1)
            axes.set(xlabel="share of the film put out", ylabel="fall of the log-probability")
            axes.set_title(
                f"a sentence that {kind} ({found[kind]['sentences']})\nput out with {by}", fontsize=9
            )
            axes.legend(fontsize=8)
    figure.suptitle(title, fontsize=10)
    return figure
