"""Several training seeds side by side: the mean and range of every figure in several result files.

Ranges say how much the training's own chance moves a figure; the intervals inside each file say how much the
choice of films does. Nothing is chosen here.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.evaluate.results import Table
from engine.evaluate.statistics import Interval


def read_figures(path: Path) -> dict[str, Any]:
    """Read one result file; raise DataError where it isn't one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} can't be read as a result file: {error}. Give files that `llmcxr evaluate` wrote."
        ) from error
    if not isinstance(found, dict):
        raise DataError(f"{path} holds no figures. Give files that `llmcxr evaluate` wrote.")
    return found


def across_seeds(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give each figure that every result has: `mean`, `lowest`, `highest` and the single `values`.

    Raises DataError for results of different films.
    """
    counts = {(result.get("n"), result.get("population"), result.get("split")) for result in results}
    if len(counts) != 1:
        raise DataError(
            "The result files are of different films. Give one file for each seed, of the same split."
        )
    every = [dict(leaves(result)) for result in results]
    shared = [name for name in every[0] if all(name in one for one in every)]
    figures = {}
    for name in shared:
        values = [one[name] for one in every]
        figures[name] = {
            "mean": sum(values) / len(values),
            "lowest": min(values),
            "highest": max(values),
            "values": values,
        }
    return {"n": results[0].get("n"), "seeds": len(results), "figures": figures}


def seeds_table(found: Mapping[str, Any], everything: bool = False) -> Table:
    """Give mean and range of each figure of the top level, or of everything."""
    rows = [
        [name, one["mean"], f"{one['lowest']:.3f} to {one['highest']:.3f}", _list(one["values"])]
        for name, one in found["figures"].items()
        if everything or "," not in name or name.startswith(("metrics", "shuffled", "context blanked"))
    ]
    columns = ["figure", "mean", "range", "each seed"]
    notes = [f"{found['seeds']} training seeds on the same {found['n']} films."]
    return Table("Training seeds", columns, rows, notes=notes)


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Walk to every interval of a result, written or not, and give its name and value."""
    if isinstance(value, Interval):
        yield name, value.value
        return
    if not isinstance(value, Mapping):
        return
    if isinstance(value.get("value"), int | float):
        yield name, float(value["value"])
        return
    for key, entry in value.items():
        yield from leaves(entry, f"{name}, {key}".strip(", ").replace("_", " "))
