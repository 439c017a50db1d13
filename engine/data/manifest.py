"""Reader of the plain CSV manifest: one row per film with labels, view, age, sex, patient and split.

Columns: file, source, patient, view, age, sex, labels (separated by `|`), split; others are ignored. It
reads no pixels and makes no splits: the split is the manifest's own, by patient; films of a manifest without
that column are test films.
"""

import csv
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError

COLUMNS = ("file", "source", "patient", "view", "age", "sex", "labels")
SPLITS = ("train", "val", "test")
ADULT_YEARS = 18
OLDEST_YEARS = 120  # the NIH's table has ages up to 414: those are not known
_NAMES = (
    "No Finding", "Normal", "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia",
    "Pneumothorax", "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia",
)  # fmt: skip
# `no finding` and `Pleural Thickening` are the NIH's names too.
_SPELLING = {name.lower().replace("_", " "): name for name in _NAMES}
_PER_YEAR = {"Y": 1, "": 1, "M": 12, "W": 52, "D": 365}


@dataclass(frozen=True)
class FilmRow:
    """One film of the manifest; `age` in years or None, `labels` empty where the source has none."""

    file: Path
    source: str
    patient: str
    view: str
    age: int | None
    sex: str
    labels: frozenset[str]
    split: str

    @property
    def adult(self) -> bool:
        """Tell whether the age is known and at least 18 years."""
        return self.age is not None and self.age >= ADULT_YEARS

    @property
    def normal(self) -> bool:
        """Tell whether the source's labels say No Finding."""
        return "No Finding" in self.labels


def read_manifest(
    path: str | Path, images: str | Path | None = None, any_split: bool = False
) -> list[FilmRow]:
    """Read every row; `images` is the folder that `file` is relative to (default: the manifest's own).

    With `any_split`, films of a split by another name are test films (films that no training knew).
    An age outside 0 to 120 years is not known. Raises DataError naming the line for a missing column or cell, an
    unknown split, an age that isn't a number, or a patient who is in two splits.
    """
    manifest = Path(path)
    root = Path(images) if images is not None else manifest.parent
    try:
        # Spreadsheets put a byte order mark before the first column's name.
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                raise DataError(f"The manifest {manifest.name} lacks the columns {', '.join(missing)}.")
            rows = [_row(values, root, reader.line_num, any_split) for values in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"Can't read the manifest {path}: {error}. Give a CSV in UTF-8.") from error
    _check_patients(rows)
    return rows


def select(
    rows: Iterable[FilmRow], split: str, sources: Iterable[str] | None = None, adults_only: bool = False
) -> list[FilmRow]:
    """Keep the rows of one split, of the named sources (all if None), optionally adults alone."""
    wanted = None if sources is None else set(sources)
    return [
        row
        for row in rows
        if row.split == split and (wanted is None or row.source in wanted) and (row.adult or not adults_only)
    ]


def _row(values: dict[str, str | None], root: Path, line: int, any_split: bool) -> FilmRow:
    cells = {name: (values.get(name) or "").strip() for name in (*COLUMNS, "split")}
    if values["labels"] is None or not cells["file"]:
        raise DataError(f"Line {line} of the manifest is cut short or names no file.")
    split = cells["split"] or "test"
    if split not in SPLITS and any_split:
        split = "test"
    if split not in SPLITS:
        raise DataError(f"Line {line} of the manifest: split {split!r} is none of {', '.join(SPLITS)}.")
    return FilmRow(
        file=root / cells["file"],
        source=cells["source"],
        patient=cells["patient"],
        view=cells["view"].upper(),
        age=_years(cells["age"], line),
        sex=cells["sex"].upper()[:1],
        labels=_labels(cells["labels"]),
        split=split,
    )


def _years(age: str, line: int) -> int | None:
    """Read `58`, `58.0`, DICOM's `058Y` or nothing; what can't be a person's age isn't known."""
    number = re.fullmatch(r"(.*?)([YMWD]?)", age.upper())
    try:
        years = float(number[1]) / _PER_YEAR[number[2]] if age and number else math.nan
    except ValueError as error:
        raise DataError(f"Line {line} of the manifest: age {age!r} isn't a number of years.") from error
    return int(years) if 0 <= years <= OLDEST_YEARS else None


def _labels(text: str) -> frozenset[str]:
    """Split labels at `|`, and at commas where each part is a finding by itself (`Edema, Effusion`)."""
    found: set[str] = set()
    for label in filter(None, (part.strip() for part in text.split("|"))):
        parts = [_spelled(part.strip()) for part in label.split(",")]
        found |= set(parts) if all(part in _NAMES for part in parts) else {", ".join(parts)}
    return frozenset(found)


def _spelled(label: str) -> str:
    return _SPELLING.get(label.lower().replace("_", " "), label)


def unknown_labels(labels: Iterable[str]) -> list[str]:
    """Give the labels that are none of the NIH's names; `Pneumonia, bacterial` is one of them."""
    return sorted(label for label in labels if _spelled(label.split(",")[0].strip()) not in _NAMES)


def _check_patients(rows: Iterable[FilmRow]) -> None:
    split_of: dict[tuple[str, str], str] = {}
    for row in rows:
        # Sources count their patients by themselves; a film without one stands for itself.
        if row.patient and split_of.setdefault((row.source, row.patient), row.split) != row.split:
            raise DataError("A patient of the manifest is in two splits. Split by patient, not by film.")
