"""A plain table of films, CSV or Parquet, one row each.

Columns: file and patient are needed; source, study, order, view, age, sex, labels (separated by `|`), text,
split and licence are read where they are there, others ignored. An empty label cell says nothing; films without
findings say "No Finding". A text without section headers is an impression. A unit is one row.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.data.readers import Found, Outcome, ReadRules, counted, dropped, text_fields, texts_of
from engine.data.readers.tables import read_columns, rows
from engine.data.records import FilmRecord
from engine.errors import DataError

NEEDED = ("file", "patient")
OPTIONAL = ("source", "study", "order", "view", "age", "sex", "labels", "text", "split", "licence")


class ManifestReader:
    """Reads the rows of one table; `images` is the folder that `file` is relative to (else the table's own)."""

    name = "manifest"

    def __init__(self, table: Path, rules: ReadRules, images: Path | None = None, licence: str = "") -> None:
        """Read the table; `licence` is that of rows without one.

        Raises DataError where it can't be read, lacks a column, names one file twice, or holds an age or a
        split that can't be understood.
        """
        self.images = table.parent if images is None else images
        self.licence = licence
        self.rules = replace(rules, texts=replace(rules.texts, headerless=True))
        read = read_columns(table, NEEDED, OPTIONAL)
        self._rows = {row["file"]: row for row in rows(read)}
        if len(self._rows) != len(read["file"]):
            twice = len(read["file"]) - len(self._rows)
            raise DataError(f"{table} names {twice} files more than once. Give one row for each film.")
        for row in self._rows.values():
            _years(row.get("age", ""))
            rules.split_of("", "", row.get("split", "").strip())

    def units(self) -> Sequence[str]:
        """List the files in the order of the table."""
        return list(self._rows)

    def read(self, unit: str) -> Outcome:
        """Read one row."""
        row = self._rows[unit]
        image = self.images / unit
        source, patient = row.get("source") or self.name, row["patient"].strip()
        if not patient:
            return dropped("row without a patient")
        read = texts_of(row.get("text"), self.rules.texts)
        record = FilmRecord(
            key=unit,
            image=image,
            source=source,
            patient=patient,
            study=row.get("study", "").strip() or unit,
            order=row.get("order", "").strip(),
            view=row.get("view", "").strip().upper(),
            age=_years(row.get("age", "")),
            sex=row.get("sex", "").strip().upper(),
            labels=_labels(row.get("labels", "")),
            split=self.rules.split_of(source, patient, row.get("split", "").strip()),
            licence=row.get("licence", "").strip() or self.licence,
            **text_fields(row.get("text"), read),
        )
        joined = None if read is None or read.refused else read.sections.joined
        counts = counted(read) + Counter({} if read else {"films without a report": 1})
        return Outcome((Found(record, joined, image.is_file()),), counts=counts)


def _years(written: str) -> int | None:
    try:
        return int(float(written)) if written.strip() else None
    except ValueError as error:
        raise DataError(f"The age {written!r} of the manifest isn't a number of years.") from error


def _labels(written: str) -> frozenset[str] | None:
    labels = frozenset(label.strip() for label in written.split("|") if label.strip())
    return labels or None
