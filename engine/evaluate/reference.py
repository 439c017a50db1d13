"""A model run over the films of a prepared set that have reference texts: drafts, films, answers.

Every result is a line of a file that is written through at once, so that an interrupted run goes on where it
was; patients stand in it as hashes. Scoring is elsewhere (`engine.evaluate.paper_tables`).
"""

import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar

from engine.data.prepared import PreparedSet
from engine.data.records import FilmRecord
from engine.errors import DataError, GenerationError
from engine.evaluate.grading import Answered
from engine.model import Model
from engine.pictures import save_decoded_png
from engine.preprocess import Film
from engine.progress import track

TEXTS, FILMS, ANSWERS = "texts.jsonl", "films.jsonl", "answers.jsonl"
ReadFilm = Callable[[Path], Film]
Section = Literal["impression", "findings_and_impression"]


@dataclass(frozen=True)
class TextPair:
    """A draft and the reference text of one film; a draft that didn't come is empty and `refused` says why."""

    key: str
    patient: str
    reference: str
    generated: str
    refused: str = ""


@dataclass(frozen=True)
class FilmPair:
    """A film drawn from a text, and the original that the text was written about; `generated` is a file."""

    key: str
    patient: str
    original: str
    generated: str


Line = TypeVar("Line", TextPair, FilmPair, Answered)


def films_with_text(
    prepared: PreparedSet, split: str, section: Section, limit: int = 0
) -> list[tuple[FilmRecord, str]]:
    """Give the frontal films of a split with their reference text; raise DataError where there is none."""
    found = [
        (record, text)
        for record in prepared.records
        if record.split in split.split("+") and record.frontal and (text := reference_text(record, section))
    ]
    if not found:
        raise DataError(
            f"{prepared.folder} has no frontal film in split {split} with a text ({section}). Prepare the set from a "
            "source with reports, or choose another split or section."
        )
    return found[:limit] if limit else found


def reference_text(record: FilmRecord, section: Section) -> str:
    """Give the text a film is measured by; empty where its report lacks a section of it."""
    parts = [record.impression] if section == "impression" else [record.findings, record.impression]
    return "\n".join(part.strip() for part in parts if part) if all(parts) else ""


def draft_texts(
    model: Model, films: Sequence[tuple[FilmRecord, str]], read: ReadFilm, out: Path, seed: int = 0
) -> list[TextPair]:
    """Draft every film; film i uses seed + i, so that a run that went on gives what an unbroken one gives."""

    def make(index: int) -> TextPair:
        record, reference = films[index]
        try:
            codes = model.encode(read(record.image))
            draft = model.report(codes, seed + index, model.context(record.view, record.age))
        except GenerationError as error:
            return TextPair(record.key, hashed(record.patient), reference, "", str(error))
        return TextPair(record.key, hashed(record.patient), reference, draft.text, draft.reason)

    return _journalled(out / TEXTS, TextPair, [record.key for record, _ in films], make, "drafts")


def draw_films(
    model: Model, films: Sequence[tuple[FilmRecord, str]], out: Path, seed: int = 0
) -> list[FilmPair]:
    """Draw a film for every text into `out/generated`, numbered, with seed + i; originals are named, not copied."""
    folder = out / "generated"
    folder.mkdir(parents=True, exist_ok=True)

    def make(index: int) -> FilmPair:
        record, text = films[index]
        path = folder / f"{index:06d}.png"
        save_decoded_png(model.generate(text, seed + index).film, path, model.name)
        return FilmPair(record.key, hashed(record.patient), str(record.image), str(path))

    return _journalled(out / FILMS, FilmPair, [record.key for record, _ in films], make, "films")


def answer_questions(
    model: Model, prepared: PreparedSet, split: str, read: ReadFilm, out: Path, seed: int = 0, limit: int = 0
) -> list[Answered]:
    """Ask a split's questions of a prepared set; an answer that is refused is empty and counts as wrong."""
    records = {record.key: record for record in prepared.records if record.split in split.split("+")}
    pairs = [pair for pair in prepared.vqa() if pair.key in records]
    pairs = pairs[:limit] if limit else pairs
    if not pairs:
        raise DataError(f"{prepared.folder} has no question about a film of split {split}.")

    codes: dict[str, tuple[int, ...]] = {}

    def make(index: int) -> Answered:
        pair, record = pairs[index], records[pairs[index].key]
        if record.key not in codes:
            codes[record.key] = model.encode(read(record.image))
        try:
            context = model.context(record.view, record.age)
            said = model.answer(codes[record.key], pair.question, seed + index, context=context).text
        except GenerationError:
            said = ""
        key = f"{index}:{pair.key}"
        return Answered(key, hashed(record.patient), pair.question, pair.answer, said, kind=pair.source)

    keys = [f"{index}:{pair.key}" for index, pair in enumerate(pairs)]
    return _journalled(out / ANSWERS, Answered, keys, make, "answers")


def read_pairs(path: str | Path, kind: type[Line]) -> list[Line]:
    """Read pairs from .jsonl as written here, or from a CSV with the same columns.

    Raises DataError naming a missing column.
    """
    path = Path(path)
    names = [name for name in kind.__dataclass_fields__ if name not in ("refused", "kind", "finding")]
    try:
        if path.suffix == ".jsonl":
            rows = [
                json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
            ]
        else:
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"The pairs {path} can't be read: {error}.") from error
    missing = [name for name in names if rows and name not in rows[0]]
    if not rows or missing:
        raise DataError(f"The pairs {path} need rows with the columns {', '.join(names)}.")
    return [kind(**{name: str(row[name] or "") for name in names}) for row in rows]


def hashed(patient: str) -> str:
    """Give 12 digits that stand for a patient: enough to draw by patient, and no name."""
    return hashlib.sha256(patient.encode()).hexdigest()[:12]


def _journalled(
    path: Path, kind: type[Line], keys: Sequence[str], make: Callable[[int], Line], what: str
) -> list[Line]:
    """Make what the file lacks, in the order of the keys; raise DataError for a file of another run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done = {line.key: line for line in _whole_lines(path, kind)}
    if not set(done) <= set(keys):
        raise DataError(f"{path} holds {what} of other films. Choose another folder.")
    todo = [index for index, key in enumerate(keys) if key not in done]
    with path.open("a", encoding="utf-8") as file:
        for index in track(todo, what, len(keys), len(keys) - len(todo)):
            line = make(index)
            done[line.key] = line
            file.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    return [done[key] for key in keys]


def _whole_lines(path: Path, kind: type[Line]) -> Iterable[Line]:
    """Read what a run left; a last line that a crash cut off is removed from the file."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    try:
        return [kind(**json.loads(line)) for line in whole.splitlines()]
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} isn't a file of this command: {error}. Choose another folder.") from error
