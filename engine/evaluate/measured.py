"""A figure that was measured, or the reason why it wasn't: nothing stands in for a missing library or weight file."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from engine.evaluate.results import Cell
from engine.evaluate.statistics import Interval


@dataclass(frozen=True)
class Measured:
    """One figure with how it came about; `interval` is None where it wasn't measured, and `missing` says why."""

    name: str
    interval: Interval | None
    how: str
    missing: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def cell(self) -> Cell:
        """Give what stands in a table: the interval, or `not measured`; the reason goes into the notes."""
        return self.interval if self.interval is not None else "not measured"

    @property
    def note(self) -> str:
        """Give one sentence for below the table."""
        return f"{self.name}: not measured: {self.missing}" if self.missing else f"{self.name}: {self.how}"

    def to_json(self) -> dict[str, Any]:
        """Give the figure with its provenance; without `value` where it wasn't measured."""
        if self.interval is None:
            return {"not_measured": self.missing}
        return {**self.interval.to_json(), "n": self.interval.n, "how": self.how, **self.facts}


def not_measured(name: str, reason: str) -> Measured:
    """Give a figure that is missing, with the reason as a sentence that says what to do."""
    return Measured(name, None, "", reason)


def library(name: str) -> str | None:
    """Give `name version` of an installed distribution, or None."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return None


def from_json(held: Any) -> Cell:
    """Give a figure back as a table's cell: an interval, `not measured`, or None where there is nothing."""
    if not isinstance(held, Mapping):
        return None
    if "not_measured" in held:
        return "not measured"
    values = [held.get(name) for name in ("value", "low", "high")]
    if values[0] is None:
        return None
    value, low, high = (math.nan if one is None else float(one) for one in values)
    return Interval(value, low, high, int(held.get("n") or 0))
