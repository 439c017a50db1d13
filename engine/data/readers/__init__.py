"""Readers of collections: each turns one collection's own layout into `FilmRecord`s, film by film.

A reader lists its units first, cheaply and in a fixed order, then reads them one at a time, so that a long run
can stop anywhere and go on. What can't be read is a drop with its reason, never an end of the run.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypedDict

from engine.data.records import FilmRecord, Split
from engine.data.report_texts import ReportTexts, TextRules, read_report
from engine.data.splits import SplitRule
from engine.errors import DataError


@dataclass(frozen=True)
class ReadRules:
    """What all readers are told: how to read reports, and how to split where the source doesn't.

    `keep_split` keeps the source's own split where there is one.
    """

    texts: TextRules = field(default_factory=TextRules)
    split: SplitRule = field(default_factory=SplitRule)
    keep_split: bool = True

    def split_of(self, source: str, patient: str, given: str = "") -> Split:
        """Give the source's own split or the made one; raise DataError for a split of an unknown name."""
        if not given or not self.keep_split:
            return self.split.split_of(source, patient)
        if given not in _SPLIT_NAMES:
            raise DataError(f"The source's split {given!r} is none of {', '.join(sorted(_SPLIT_NAMES))}.")
        return _SPLIT_NAMES[given]


@dataclass(frozen=True)
class Found:
    """A film that was read, the text of its report to train stage 1 on, and whether its file is there."""

    record: FilmRecord
    text: str | None = None
    has_image: bool = True


@dataclass(frozen=True)
class Outcome:
    """What one unit gave: films, drops with their reasons, and counts of what its report held."""

    found: tuple[Found, ...] = ()
    drops: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)


class Reader(Protocol):
    """A collection: `name` and `licence` for the record, `images` the folder that its paths start from."""

    name: str
    licence: str
    images: Path

    def units(self) -> Sequence[str]:
        """List what `read` takes, in a fixed order; raise DataError where the collection isn't one."""

    def read(self, unit: str) -> Outcome:
        """Read one unit."""


def dropped(reason: str, count: int = 1) -> Outcome:
    """Make the outcome of a unit that gave nothing."""
    return Outcome(drops=Counter({reason: count}))


def texts_of(report: str | None, rules: TextRules) -> ReportTexts | None:
    """Read a report where there is one."""
    return read_report(report, rules) if report and report.strip() else None


def counted(read: ReportTexts | None) -> Counter[str]:
    """Give what a report's reading counted, the refused reports too."""
    if read is None:
        return Counter()
    return read.counts + Counter({f"dropped: {read.refused}": 1} if read.refused else {})


class TextFields(TypedDict):
    """The fields of a record that its report gives."""

    report: str | None
    findings: str | None
    impression: str | None


def text_fields(report: str | None, read: ReportTexts | None) -> TextFields:
    """Give the fields `report`, `findings` and `impression` of a record; a refused report is as if absent."""
    if read is None or read.refused:
        return {"report": None, "findings": None, "impression": None}
    return {"report": report, "findings": read.sections.findings, "impression": read.sections.impression}


_SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "val": "val",
    "validate": "val",
    "validation": "val",
    "test": "test",
}
