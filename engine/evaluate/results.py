"""What an evaluation leaves behind: one JSON file, Markdown tables beside the paper's row, and pictures.

Every evaluation command writes its folder through here. It measures nothing and knows no metric.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import DataError
from engine.evaluate.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | int | float | Interval | None


@dataclass(frozen=True)
class Table:
    """One table: a row is as long as `columns`; `paper` is the paper's own row, set below a mark."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    paper: Sequence[Cell] | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    def to_markdown(self) -> str:
        """Give the table as Markdown with its title as heading and its notes below.

        Raises ValueError for a row that isn't as long as `columns`.
        """
        lines = [f"## {self.title}", "", _line(self.columns), _line(["---"] * len(self.columns))]
        for row in (*self.rows, *([self.paper] if self.paper is not None else [])):
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {self.title!r} has {len(row)} cells, not {len(self.columns)}")
            lines.append(_line([shown(cell) for cell in row]))
        lines += ["", *self.notes] if self.notes else []
        return "\n".join(lines) + "\n"


def shown(cell: Cell) -> str:
    """Give a cell as text: three decimals, an interval in brackets, a dash where there is nothing."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return "–"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON whole or not at all, intervals as `value`, `low`, `high`, and null for what isn't a number.

    Raises DataError where the file can't be written.
    """
    target = Path(path)
    text = json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(target.name + ".tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(target)
    except OSError as error:
        raise DataError(f"{target} can't be written: {error.strerror}. Choose another file.") from error


def from_json(value: Any) -> Any:
    """Give a result as it was before it was written: what has value, low and high is an interval again.

    Such an interval doesn't know its number of rows and says 0.
    """
    if isinstance(value, Mapping):
        if set(value) == {"value", "low", "high"}:
            value_, low, high = (
                math.nan if value[key] is None else float(value[key]) for key in ("value", "low", "high")
            )
            return Interval(value_, low, high, 0)
        return {key: from_json(entry) for key, entry in value.items()}
    return [from_json(entry) for entry in value] if isinstance(value, list) else value


def write_results(
    folder: str | Path,
    json_obj: Any,
    tables: Sequence[Table] = (),
    figures: Mapping[str, Figure] | None = None,
) -> list[Path]:
    """Write `results.json`, `results.md` and one PNG per figure into a folder and give what was written.

    Figures are closed. Raises DataError where the folder can't be written.
    """
    folder = Path(folder)
    write_json(folder / "results.json", json_obj)
    written = [folder / "results.json", folder / "results.md"]
    pictures = [f"![{name}]({name}.png)" for name in figures or {}]
    parts = [*(table.to_markdown() for table in tables), *pictures]
    (folder / "results.md").write_text("\n".join(parts) + "\n", encoding="utf-8")
    for name, figure in (figures or {}).items():
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=110, metadata={"Software": None})
        figure.clear()
        written.append(path)
    return written


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _plain(value: Any) -> Any:
    """Turn a result into what JSON knows."""
    if isinstance(value, Interval):
        return value.to_json()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(entry) for entry in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
