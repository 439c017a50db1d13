"""The tables and the picture of `llmcxr evaluate precision`."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.evaluate.results import Cell, Table
from engine.evaluate.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def precision_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Give the table of runtimes and precisions, and the encoder's."""
    rows: list[list[Cell]] = []
    notes = []
    for name, found in figures["backends"].items():
        if "not_measured" in found:
            rows.append([name, *["not measured"] * 7])
            notes.append(f"{name}: {found['not_measured']}")
            continue
        same: Interval = found["same_texts"]
        rows.append(
            [
                name,
                same.value,
                found["macro_f1"].value,
                found["macro_f1_difference"],
                f"{found['log_odds_difference']['mean_size']:.1e}",
                f"{found['perplexity'].value:.4f}" if math.isfinite(found["perplexity"].value) else "–",
                f"{1e3 * found['seconds_per_draft']:.1f}",
                _fit(found["macro_f1_difference"], name in figures["not_fit"]),
            ]
        )
    notes.append(
        f"{figures['films']} films, of which {figures['n']} with labels ({figures['population']}) give macro-F1 over "
        "the five findings and the perplexity of the reports that their labels word; differences are to "
        f"{figures['reference']}, with 95 % intervals over draws of patients. Not fit for a default is what costs "
        f"more than {figures['most_lost']:.3f} of macro-F1."
    )
    columns = (
        "runtime and precision", "same texts", "macro-F1", "macro-F1 difference", "mean change of log-odds",
        "perplexity of references", "ms per draft", "fit for a default",
    )  # fmt: skip
    return [Table("Precisions", columns, rows, notes=notes), _encoder_table(figures["encoder"])]


def _fit(difference: Interval, costly: bool) -> str:
    """Say whether a precision may be a default; without labels nobody knows."""
    return ("no" if costly else "yes") if math.isfinite(difference.value) else "–"


def _encoder_table(encoder: Mapping[str, Any]) -> Table:
    rows: list[list[Cell]] = [
        [name, found["same_codes"], found["same_films"], f"{1e3 * found['seconds_per_film']:.1f}"]
        for name, found in encoder.items()
        if isinstance(found, Mapping)
    ]
    columns = ("encoder", "same codes", "films with all codes the same", "ms per film")
    note = f"{encoder['films']} films against {encoder['reference']}."
    return Table("The film tokenizer's encoder", columns, rows, notes=[note])


def precision_pictures(figures: Mapping[str, Any]) -> dict[str, "Figure"]:
    """Draw the differences in macro-F1 with their intervals, and the line below which a precision isn't fit."""
    from matplotlib.figure import Figure

    shown = {
        name: found["macro_f1_difference"]
        for name, found in figures["backends"].items()
        if "not_measured" not in found and name != figures["reference"]
    }
    figure = Figure(figsize=(6.4, 1.6 + 0.3 * len(shown)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0.0, color="0.7", linewidth=1, label=str(figures["reference"]))
    axes.axvline(
        -figures["most_lost"], color="C3", linewidth=1, linestyle="--", label="the most that may be lost"
    )
    found = list(shown.values())
    places = range(len(found))
    lows, highs = [one.low for one in found], [one.high for one in found]
    axes.hlines(places, lows, highs, color="C0", linewidth=2, label="95 % interval")
    axes.plot([one.value for one in found], places, "o", color="C0", label="difference")
    axes.set_yticks(places, list(shown))
    # Half a row of room around the first and the last.
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.margins(x=0.08)
    axes.set(xlabel=f"difference in macro-F1, {figures['n']} films")
    figure.legend(loc="outside upper center", ncols=2, fontsize=8, frameon=False)
    return {"macro_f1": figure}
