"""The pictures of an evaluation: ROC, confusion, calibration, and sheets of films. Drawn without a display."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from engine.evaluate.statistics import Flags, Scores, auroc
from engine.preprocess import Film

BINS = 5


def roc_figure(curves: Mapping[str, tuple[Scores, Flags]], title: str) -> Figure:
    """Draw the ROC curve of each named pair of scores and truth."""
    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, (scores, truth) in curves.items():
        if not truth.any() or truth.all():
            continue
        order = np.argsort(-scores, kind="stable")
        last = np.append(np.diff(scores[order]) != 0, True)
        hits = np.concatenate([[0], np.cumsum(truth[order])[last]]) / truth.sum()
        alarms = np.concatenate([[0], np.cumsum(~truth[order])[last]]) / (~truth).sum()
        axes.plot(alarms, hits, label=f"{name}: {auroc(scores, truth):.3f} ({len(truth)} films)")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title=title, aspect="equal")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", fontsize=8)
    return figure


def confusion_figure(
    counts: NDArray[np.int64], rows: Sequence[str], columns: Sequence[str], title: str
) -> Figure:
    """Draw counts [rows, columns]: rows are what the labels say, columns what the model said."""
    figure = Figure(figsize=(1.6 + 1.1 * len(columns), 1.4 + 0.7 * len(rows)), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        dark = shares[row, column] > 0.6
        axes.text(column, row, str(count), ha="center", va="center", color="white" if dark else "black")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.set(xlabel="draft", ylabel="label")
    axes.set_title(title, fontsize=10)
    return figure


def calibration_figure(log_odds: Scores, truth: Flags, title: str) -> Figure:
    """Draw how often films are abnormal against how likely the model holds it, in bins of equal size."""
    figure = Figure(figsize=(4.6, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    if len(truth):
        held = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -60, 60)))
        bins = [part for part in np.array_split(np.argsort(held, kind="stable"), BINS) if len(part)]
        axes.plot([held[part].mean() for part in bins], [truth[part].mean() for part in bins], marker="o")
    axes.set(
        xlabel="the model's probability of abnormal",
        ylabel="share labelled abnormal",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    axes.set_title(title, fontsize=10)
    return figure


def sheet_figure(
    pairs: Sequence[Sequence[Film]],
    columns: Sequence[str],
    captions: Sequence[str],
    marked: str = "",
    across: int = 3,
) -> Figure:
    """Draw entries of films [C, H, W] in [-1, 1], `across` entries in a row, captioned on their first film.

    `marked` is written into every first film, for those that are synthetic.
    """
    wide, high = len(columns) * min(across, max(1, len(pairs))), max(1, -(-len(pairs) // across))
    figure = Figure(figsize=(2.1 * wide, 2.5 * high), layout="constrained")
    grid = figure.subplots(high, wide, squeeze=False)
    for axis in grid.ravel():
        axis.set_axis_off()
    for number, films in enumerate(pairs):
        row, first = number // across, number % across * len(columns)
        for column, film in enumerate(films):
            axes = grid[row, first + column]
            axes.imshow(film[0], cmap="gray", vmin=-1, vmax=1)
            words = captions[number] if column == 0 else columns[column]
            axes.set_title("\n".join(textwrap.wrap(words, 34)), fontsize=6)
        if marked:
            place = grid[row, first]
            place.text(
                0.5,
                0.01,
                marked,
                transform=place.transAxes,
                ha="center",
                va="bottom",
                fontsize=6,
                color="white",
                backgroundcolor="black",
            )
    return figure
