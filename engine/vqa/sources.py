"""The report texts that questions are made from: a prepared set's own, or a CSV or JSON Lines file.

Reads texts and terms only. A text without words is left out and counted.
"""

import csv
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.data.records import FilmRecord
from engine.errors import SynthesisError

NO_TEXT = "film without a report text"


@dataclass(frozen=True)
class Report:
    """A report text, the terms it stands under, and the films that it belongs to: `key` and `others`."""

    key: str
    text: str
    licence: str = ""
    others: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """All films of the report."""
        return (self.key, *self.others)

    @property
    def sha256(self) -> str:
        """Tell texts apart without holding them."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def reports_of(records: Iterable[FilmRecord], whole: bool = False) -> tuple[list[Report], dict[str, int]]:
    """Give the reports of films, and how many films were left out for which reason.

    The text is findings and impression, joined; or, if `whole`, all of the report. Films of one study with one
    text share a report, so that a model writes for it once.
    """
    films: dict[tuple[str, str, str, str], list[FilmRecord]] = defaultdict(list)
    dropped: Counter[str] = Counter()
    for record in records:
        parts = (record.report,) if whole else (record.findings, record.impression)
        text = " ".join(part.strip() for part in parts if part)
        if any(character.isalpha() for character in text):
            films[record.source, record.patient, record.study, text].append(record)
        else:
            dropped[NO_TEXT] += 1
    reports = [
        Report(first.key, text, first.licence, tuple(other.key for other in others))
        for (_, _, _, text), (first, *others) in films.items()
    ]
    return reports, dict(dropped)


def read_reports(path: Path) -> tuple[list[Report], dict[str, int]]:
    """Read `key` and `text` (and `licence`, where there is one) from CSV or JSON Lines by the file's ending.

    Raises SynthesisError for a file that can't be read, a missing column, or a key that comes twice.
    """
    reports: list[Report] = []
    dropped: Counter[str] = Counter()
    seen: set[str] = set()
    for line, row in enumerate(_rows(path), start=1):
        key, text = row.get("key"), row.get("text")
        if not isinstance(key, str) or not isinstance(text, str) or not key:
            raise SynthesisError(f"Entry {line} of {path.name} lacks `key` or `text`. Give both as text.")
        if key in seen:
            raise SynthesisError(f"Entry {line} of {path.name} has the key of an entry before it. Keep one.")
        seen.add(key)
        if any(character.isalpha() for character in text):
            reports.append(Report(key, text.strip(), str(row.get("licence") or "")))
        else:
            dropped[NO_TEXT] += 1
    return reports, dict(dropped)


def _rows(path: Path) -> Iterator[dict[str, object]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            if path.suffix.lower() == ".csv":
                # Reports are longer than the csv module's own limit only where a file isn't CSV at all.
                yield from csv.DictReader(file)
                return
            for line, text in enumerate(file, start=1):
                if text.strip():
                    row = json.loads(text)
                    if not isinstance(row, dict):
                        raise SynthesisError(f"Line {line} of {path.name} isn't a JSON object.")
                    yield row
    except (OSError, UnicodeDecodeError, csv.Error, json.JSONDecodeError) as error:
        raise SynthesisError(
            f"The texts in {path} can't be read: {error}. Give CSV or JSON Lines with `key` and `text`."
        ) from error
