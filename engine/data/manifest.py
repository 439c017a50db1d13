"""Reader of the plain CSV manifest: one row per film with labels, view, age, sex, patient and split.

Columns: file, source, patient, view, age, sex, labels (separated by `|`), split; others are ignored. It
reads no pixels and makes no splits: the split is the manifest's own, by patient; films of a manifest without
that column are test films.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError

COLUMNS = ("file", "source", "patient", "view", "age", "sex", "labels")
SPLITS = ("train", "val", "test")
ADULT_YEARS = 18


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
    Raises DataError naming the line for a missing column, an unknown split, an age that isn't a number, or a
    patient who is in two splits.
    """
    manifest = Path(path)
    root = Path(images) if images is not None else manifest.parent
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                raise DataError(f"The manifest {manifest.name} lacks the columns {', '.join(missing)}.")
            rows = [_row(values, root, reader.line_num, any_split) for values in reader]
    except OSError as error:
        raise DataError(f"Can't read the manifest {path}: {error}.") from error
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


def _row(values: dict[str, str], root: Path, line: int, any_split: bool) -> FilmRow:
    split, age = (values.get("split") or "test").strip(), values["age"].strip()
    if split not in SPLITS and any_split:
        split = "test"
    if split not in SPLITS:
        raise DataError(f"Line {line} of the manifest: split {split!r} is none of {', '.join(SPLITS)}.")
    try:
        years = int(float(age)) if age else None
    except ValueError as error:
        raise DataError(f"Line {line} of the manifest: age {age!r} isn't a number of years.") from error
    labels = frozenset(label.strip() for label in values["labels"].split("|") if label.strip())
    return FilmRow(
        file=root / values["file"],
        source=values["source"],
        patient=values["patient"],
        view=values["view"].strip().upper(),
        age=years,
        sex=values["sex"].strip().upper(),
        labels=labels,
        split=split,
    )


def _check_patients(rows: Iterable[FilmRow]) -> None:
    split_of: dict[str, str] = {}
    for row in rows:
        if split_of.setdefault(row.patient, row.split) != row.split:
            raise DataError("A patient of the manifest is in two splits. Split by patient, not by film.")
