"""Filters of the worklist: the chips that everybody has, and those that a person has saved. No widgets.

Kept under the name "filters" of a person; what the store holds is checked, and what can't be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.errors import ConfigError
from ui.language import mark, tr
from ui.worklist.priority import Level, priority_of
from ui.worklist.status import Rank, status_of

NAME = "filters"
LONGEST_NAME = 40
LONGEST_AGE_H = 24 * 365
_ALL_RANKS = tuple(rank.name.lower() for rank in Rank)


@dataclass(frozen=True)
class Filter:
    """Which studies are shown.

    Attributes
    ----------
    states : names of the ranks that are shown
    text : every word of it must be somewhere in the row
    mine : only what this person holds
    urgent : only what is urgent or raised
    within_h : only what was received within so many hours; 0 for any time
    """

    name: str
    states: tuple[str, ...] = _ALL_RANKS
    text: str = ""
    mine: bool = False
    urgent: bool = False
    within_h: int = 0

    def lets_through(
        self, row: StudyRow, searched: str, user: str, now: datetime | None = None, *, tells_ai: bool = True
    ) -> bool:
        """Whether a study is shown to this person; `searched` is the row's text in small letters."""
        if status_of(row).rank.name.lower() not in self.states:
            return False
        if self.mine and (not user or row.held_by != user):
            return False
        if self.urgent and priority_of(row, tells_ai=tells_ai).level > Level.RAISED:
            return False
        if self.within_h and row.received_at < (now or datetime.now(UTC)) - timedelta(hours=self.within_h):
            return False
        return all(word in searched for word in self.text.casefold().split())


@dataclass(frozen=True)
class SavedFilters:
    """A person's own filters in their order, and the one that is set at log-in (empty: none)."""

    filters: tuple[Filter, ...] = ()
    default: str = ""

    def named(self, name: str) -> Filter | None:
        """Return the filter of a name."""
        return next((entry for entry in self.filters if entry.name == name), None)

    def with_filter(self, made: Filter, instead_of: str = "") -> SavedFilters:
        """Return the same with a filter added, or put in the place of another.

        Raises
        ------
        ConfigError
            It has no name, a name too long, or the name of another filter; or it would show nothing ever.
        """
        name = made.name.strip()
        if not name or len(name) > LONGEST_NAME:
            raise ConfigError(
                tr(
                    "A filter's name has 1 to {most} characters; this one has {count}.",
                    most=LONGEST_NAME,
                    count=len(name),
                ),
                what_to_do=tr("Choose another name."),
            )
        if not made.states:
            raise ConfigError(
                tr("The filter '{name}' has no state, so it would never show a study.", name=name),
                what_to_do=tr("Tick at least one state."),
            )
        if name != instead_of and self.named(name) is not None:
            raise ConfigError(
                tr("There is a filter '{name}' already.", name=name), what_to_do=tr("Choose another name.")
            )
        kept = replace(made, name=name)
        names = [entry.name for entry in self.filters]
        if instead_of in names:
            at = names.index(instead_of)
            filters = (*self.filters[:at], kept, *self.filters[at + 1 :])
            return SavedFilters(filters, name if self.default == instead_of else self.default)
        return SavedFilters((*self.filters, kept), self.default)

    def without(self, name: str) -> SavedFilters:
        """Return the same without a filter."""
        filters = tuple(entry for entry in self.filters if entry.name != name)
        return SavedFilters(filters, "" if self.default == name else self.default)

    def moved(self, name: str, by: int) -> SavedFilters:
        """Return the same with a filter some places further down; it stays within the list."""
        found = self.named(name)
        if found is None:
            return self
        rest = [entry for entry in self.filters if entry is not found]
        at = min(max(self.filters.index(found) + by, 0), len(rest))
        return SavedFilters((*rest[:at], found, *rest[at:]), self.default)

    def with_default(self, name: str) -> SavedFilters:
        """Return the same with another filter set at log-in."""
        return replace(self, default=name if self.named(name) else "")

    def as_json(self) -> dict[str, Any]:
        """Return what is kept in the store."""
        return {"filters": [asdict(entry) for entry in self.filters], "default": self.default}


def read(kept: Mapping[str, Any]) -> SavedFilters:
    """Return what the store holds, as far as it makes sense."""
    found = SavedFilters()
    entries = kept.get("filters", [])
    for entry in entries if isinstance(entries, list) else []:
        made = _filter(entry)
        if made is not None and found.named(made.name) is None:
            found = SavedFilters((*found.filters, made))
    return found.with_default(str(kept.get("default", "")))


def _filter(entry: object) -> Filter | None:
    if not isinstance(entry, Mapping):
        return None
    name, within = str(entry.get("name", "")).strip()[:LONGEST_NAME], entry.get("within_h", 0)
    states = tuple(state for state in _ALL_RANKS if state in _strings(entry.get("states")))
    if not name or not states or not isinstance(within, int) or not 0 <= within <= LONGEST_AGE_H:
        return None
    return Filter(
        name=name,
        states=states,
        text=str(entry.get("text", "")),
        mine=entry.get("mine") is True,
        urgent=entry.get("urgent") is True,
        within_h=within,
    )


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(entry) for entry in value) if isinstance(value, list | tuple) else ()


def states(ranks: Iterable[Rank]) -> tuple[str, ...]:
    """Return ranks by name, as a filter keeps them."""
    return tuple(rank.name.lower() for rank in ranks)


EVERYTHING = Filter("")
CHIPS: tuple[Filter, ...] = (
    Filter(mark("All")),
    Filter(mark("To read"), states((Rank.ADDENDUM, Rank.REFUSED, Rank.TO_READ, Rank.PENDING))),
    Filter(mark("Coming"), states((Rank.ON_THE_WAY,))),
    Filter(mark("Problems"), states((Rank.REFUSED, Rank.PROBLEM))),
    Filter(mark("Done"), states((Rank.DONE,))),
)
