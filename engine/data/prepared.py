"""The prepared set: a folder that holds all that training and evaluation read of a collection but its pixels.

    films.parquet     one row for each film (`FilmRecord`)
    prepared.json     where they came from: reader, settings, counts, drops with reasons, licences
    reports.parquet   texts to train on (`ReportText`)
    vqa.parquet       questions and answers (`QuestionAnswer`)
    codes/<first 12 of the tokenizer's sha256>/codes.npy, codes.json

Every file is replaced whole. prepared.json is written last: a folder without it isn't a set.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.data.records import SPLITS, FilmRecord, QuestionAnswer, ReportText
from engine.errors import DataError
from engine.safe_write import replacing, write_json

FORMAT = 1
FILMS, FACTS, REPORTS, VQA = "films.parquet", "prepared.json", "reports.parquet", "vqa.parquet"
CODES, CODES_FACTS = "codes.npy", "codes.json"
CODES_PER_FILM = 256
NOT_ENCODED = -1

Codes = NDArray[np.int16]
Text = TypeVar("Text", ReportText, QuestionAnswer)

_TEXT = pa.string()
FILM_SCHEMA = pa.schema(
    [
        pa.field(name, kind)
        for name, kind in {
            **{field.name: _TEXT for field in fields(FilmRecord)},
            "age": pa.int16(),
            "labels": pa.list_(_TEXT),
            "uncertain": pa.list_(_TEXT),
        }.items()
    ]
)
REPORT_SCHEMA = pa.schema([("key", _TEXT), ("text", _TEXT), ("kind", _TEXT), ("weight", pa.float32())])
VQA_SCHEMA = pa.schema(
    [(name, _TEXT) for name in ("key", "question", "answer", "source", "generator", "licence")]
    + [("weight", pa.float32())]
)


@dataclass(frozen=True)
class PreparedSet:
    """An opened set; `facts` is prepared.json, and `records` are in the order of the rows of its codes."""

    folder: Path
    records: list[FilmRecord]
    facts: dict[str, Any]

    @classmethod
    def open(cls, folder: str | Path, images: str | Path | None = None) -> Self:
        """Read a set; `images` replaces the folder that its films' paths start from, where they were moved.

        Raises DataError where the folder holds no whole set of a format known here.
        """
        place = Path(folder)
        facts = _read_facts(place)
        root = Path(facts["images"]) if images is None else Path(images)
        return cls(place, films_from_table(_read_table(place / FILMS), root), facts)

    @classmethod
    def create(
        cls,
        folder: str | Path,
        records: Sequence[FilmRecord],
        facts: Mapping[str, Any],
        images: str | Path = ".",
    ) -> Self:
        """Write a set and open it; paths below `images` are stored relative to it.

        `facts` are kept as they are in prepared.json. Texts and codes of an earlier set in the folder are
        left: they are found by key, and codes of other films are refused when they are opened.
        Raises DataError for two films with one key, an unknown split, or a patient in two splits.
        """
        check_records(records)
        place, root = Path(folder), Path(images).absolute()
        (place / FACTS).unlink(missing_ok=True)
        _write_table(place / FILMS, table_from_films(records, root))
        told = {"format": FORMAT, **facts, "images": str(root), "films": len(records)}
        write_json(place / FACTS, told)
        return cls(place, list(records), told)

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each film by its key."""
        return {record.key: row for row, record in enumerate(self.records)}

    def select(self, split: str) -> list[int]:
        """Give the rows of one split."""
        return [row for row, record in enumerate(self.records) if record.split == split]

    def codes_folder(self, tokenizer_id: str) -> Path:
        """The folder of the codes by the tokenizer with this sha256."""
        return self.folder / "codes" / tokenizer_id[:12]

    def codes(self, tokenizer_id: str) -> Codes:
        """Map the codes [films, variants, 256]; variant 0 is what inference sees, the others are moved films.

        A film that couldn't be encoded has -1 everywhere (see `encoded`).
        Raises DataError where there are none, their pass isn't finished, or they belong to other films.
        """
        folder = self.codes_folder(tokenizer_id)
        try:
            facts = json.loads((folder / CODES_FACTS).read_text(encoding="utf-8"))
            codes: Codes = np.load(folder / CODES, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise DataError(
                f"The set {self.folder} has no codes of the tokenizer {tokenizer_id[:12]}. "
                f"Run `llmcxr data codes --set {self.folder}` with it."
            ) from error
        if facts["keys_sha256"] != keys_sha256(self.records):
            raise DataError(
                f"The codes in {folder} belong to other films than those of the set. Delete that folder and "
                "encode again."
            )
        if not facts["finished"]:
            raise DataError(f"The codes in {folder} are unfinished. Run `llmcxr data codes` again to go on.")
        return codes

    def encoded(self, tokenizer_id: str) -> NDArray[np.bool_]:
        """Tell for each film [films] whether it has codes."""
        return np.asarray(self.codes(tokenizer_id)[:, 0, 0] != NOT_ENCODED)

    def reports(self) -> list[ReportText]:
        """Read the texts to train on, an empty list where there are none yet."""
        return _read_texts(self.folder / REPORTS, ReportText)

    def vqa(self) -> list[QuestionAnswer]:
        """Read the questions and answers, an empty list where there are none yet."""
        return _read_texts(self.folder / VQA, QuestionAnswer)

    def write_reports(self, texts: Iterable[ReportText]) -> int:
        """Replace the texts to train on and give their number; raise DataError for a film not in the set."""
        return self._write_texts(REPORTS, list(texts), REPORT_SCHEMA)

    def write_vqa(self, pairs: Iterable[QuestionAnswer]) -> int:
        """Replace the questions and answers and give their number; raise DataError for a film not in the set."""
        return self._write_texts(VQA, list(pairs), VQA_SCHEMA)

    def _write_texts(self, name: str, texts: Sequence[Text], schema: pa.Schema) -> int:
        strangers = sum(text.key not in self.rows for text in texts)
        if strangers:
            raise DataError(
                f"{strangers} of {len(texts)} texts for {name} belong to films that aren't in the set "
                f"{self.folder}. Make the texts from this set."
            )
        columns = {field.name: [getattr(text, field.name) for text in texts] for field in schema}
        _write_table(self.folder / name, pa.table(columns, schema=schema))
        return len(texts)


def keys_sha256(records: Sequence[FilmRecord]) -> str:
    """Give the sha256 over the keys in their order: the films that codes belong to."""
    return hashlib.sha256("\n".join(record.key for record in records).encode()).hexdigest()


def check_records(records: Sequence[FilmRecord]) -> None:
    """Raise DataError for two films with one key, an unknown split, or a patient in two splits."""
    keys: set[str] = set()
    for record in records:
        if record.key in keys:
            raise DataError(f"Two films have the key {record.key!r}. Give each film a name of its own.")
        keys.add(record.key)
        if record.split not in SPLITS:
            raise DataError(f"The split {record.split!r} is none of {', '.join(SPLITS)}.")
    check_patients(records)


def check_patients(records: Iterable[FilmRecord]) -> None:
    """Raise DataError for a patient in two splits, whose films may come from several sets or lists."""
    split_of: dict[tuple[str, str], str] = {}
    for record in records:
        if (split := split_of.setdefault((record.source, record.patient), record.split)) != record.split:
            raise DataError(
                f"A patient of {record.source} is in two splits, {split} and {record.split}. Split by patient, not "
                "by film, and every set or list of the same patients by one rule."
            )


def table_from_films(records: Sequence[FilmRecord], root: Path) -> pa.Table:
    """Give the films as a table, paths below `root` relative to it."""
    columns: dict[str, list[Any]] = {
        name: [getattr(record, name) for record in records] for name in FILM_SCHEMA.names
    }
    columns["image"] = [_relative(record.image, root) for record in records]
    columns["labels"] = [None if labels is None else sorted(labels) for labels in columns["labels"]]
    columns["uncertain"] = [sorted(labels) for labels in columns["uncertain"]]
    return pa.table(columns, schema=FILM_SCHEMA)


def films_from_table(table: pa.Table, root: Path) -> list[FilmRecord]:
    """Read the films of a table; raise DataError where its columns aren't those of a set."""
    if "uncertain" not in table.column_names:  # a set from before the column
        table = table.append_column("uncertain", pa.array([[]] * len(table), pa.list_(_TEXT)))
    try:
        rows = table.select(FILM_SCHEMA.names).cast(FILM_SCHEMA).to_pylist()
    except (KeyError, pa.ArrowInvalid) as error:
        raise DataError(f"The films' table isn't that of a prepared set: {error}.") from error
    for row in rows:
        row["image"] = root / row["image"]
        row["labels"] = None if row["labels"] is None else frozenset(row["labels"])
        row["uncertain"] = frozenset(row["uncertain"])
    return [FilmRecord(**row) for row in rows]


def _relative(path: Path, root: Path) -> str:
    whole = path.absolute()
    return (whole.relative_to(root) if whole.is_relative_to(root) else whole).as_posix()


def _read_facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder} isn't a prepared set: {FACTS} can't be read ({error}). Run `llmcxr data prepare`."
        ) from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise DataError(f"{folder / FACTS} isn't of format {FORMAT}. Prepare the set with this version.")
    return facts


def _read_texts(path: Path, kind: type[Text]) -> list[Text]:
    if not path.exists():
        return []
    names = [field.name for field in fields(kind)]
    try:
        return [kind(**row) for row in _read_table(path).select(names).to_pylist()]
    except KeyError as error:
        raise DataError(f"{path} lacks a column: {error}. Write it anew.") from error


def _read_table(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path} can't be read: {error}. Prepare the set again.") from error


def _write_table(path: Path, table: pa.Table) -> None:
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
