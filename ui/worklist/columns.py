"""Which columns of the worklist a person sees, in what order and how wide, and what it is sorted by. No widgets.

Kept under the name "columns" of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ui.worklist.model import Column

NAME = "columns"
# At the default text size, in pixels.
WIDTHS = {
    Column.STATE: 124,
    Column.PRIORITY: 92,
    Column.PATIENT: 124,
    Column.STUDY: 124,
    Column.DRAFT: 66,
    Column.ACCESSION: 110,
    Column.VIEW: 70,
    Column.TIME: 134,
    Column.AGE: 84,
    Column.CONFIDENCE: 96,
    Column.HELD_BY: 110,
    Column.RECEIVED: 134,
    Column.DESCRIPTION: 150,
    Column.REFERRED_BY: 150,
}
NARROWEST, WIDEST = 40, 1200


@dataclass(frozen=True)
class Columns:
    """The shown columns from left to right; widths at the default text size, where a person chose them."""

    shown: tuple[Column, ...] = (
        Column.PRIORITY,
        Column.STATE,
        Column.PATIENT,
        Column.STUDY,
        Column.DRAFT,
    )
    widths: tuple[tuple[Column, int], ...] = ()
    sort: Column = Column.STATE
    descending: bool = False

    def width(self, column: Column) -> int:
        """Return a column's width at the default text size."""
        return dict(self.widths).get(column, WIDTHS[column])

    def as_json(self) -> dict[str, Any]:
        """Return what is kept in the store."""
        return {
            "shown": [column.name.lower() for column in self.shown],
            "widths": {column.name.lower(): width for column, width in self.widths},
            "sort": self.sort.name.lower(),
            "descending": self.descending,
        }


def read(kept: Mapping[str, Any]) -> Columns:
    """Return what the store holds, as far as it makes sense; the default for what doesn't."""
    default = Columns()
    named = {column.name.lower(): column for column in Column}
    names = kept.get("shown")
    shown = tuple(dict.fromkeys(named[n] for n in names if n in named)) if isinstance(names, list) else ()
    widths = kept.get("widths")
    pairs = widths.items() if isinstance(widths, Mapping) else ()
    return Columns(
        shown=shown or default.shown,
        widths=tuple(
            (named[name], width)
            for name, width in pairs
            if name in named and isinstance(width, int) and NARROWEST <= width <= WIDEST
        ),
        sort=named.get(str(kept.get("sort")), default.sort),
        descending=kept.get("descending") is True,
    )
