"""The tables and the picture of `llmcxr evaluate precision`."""

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
                f"{found['perplexity'].value:.4f}",
                f"{1e3 * found['seconds_per_draft']:.1f}",
                "no" if name in figures["not_fit"] else "yes",
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
    figure = Figure(figsize=(6.4, 1.2 + 0.4 * len(shown)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0.0, color="0.7", linewidth=1)
    axes.axvline(
        -figures["most_lost"], color="0.4", linewidth=1, linestyle="--", label="most that may be lost"
    )
    for place, found in enumerate(shown.values()):
        axes.plot([found.low, found.high], [place, place], color="C0")
        axes.plot([found.value], [place], marker="o", color="C0")
    axes.set_yticks(range(len(shown)), list(shown))
    axes.invert_yaxis()
    axes.set(xlabel=f"macro-F1 against {figures['reference']}, {figures['n']} films")
    axes.legend(loc="lower left", fontsize=8)
    return {"macro_f1": figure}
