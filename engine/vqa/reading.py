"""One run of reading a question set: its questions joined to a prepared set's films, as a CSV or as training pairs.

The CSV has the columns key, patient, question, reference, kind and finding; answers and grades are added by
`engine.evaluate`. A set that is evaluated on must not be added to the training pairs, so it's one or the other.
"""

import csv
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.data.prepared import PreparedSet
from engine.data.records import FilmRecord, QuestionAnswer
from engine.errors import DataError
from engine.safe_write import replacing
from engine.vqa.layouts import Columns, SetQuestion, counts_beside_published, on_films, read_questions
from engine.vqa.licences import licence_of
from engine.vqa.results import write_results
from engine.vqa.settings import ReadSettings

COLUMNS = ("key", "patient", "question", "reference", "kind", "finding")
Joined = list[tuple[FilmRecord, SetQuestion]]


@dataclass(frozen=True)
class Reading:
    """What was read: questions of the set, those with a film, where they were written, what was left out."""

    questions: int
    joined: int
    file: Path
    left_out: dict[str, int]
    counts: dict[str, dict[str, int]]


def read_set(settings: ReadSettings) -> Reading:
    """Read, join and write; raise DataError for files or columns that can't be used, or no question with a film."""
    prepared = PreparedSet.open(settings.set)
    dropped: Counter[str] = Counter()
    questions = read_questions(settings.files, settings.layout, _columns(settings.columns), dropped)
    joined, left_out = on_films(questions, prepared.records, every=settings.training)
    left_out |= dropped
    if not joined:
        raise DataError(
            f"None of the {len(questions)} questions in {settings.files} is about a film of {settings.set}. Check "
            "that the set holds those films, and the columns for film and study."
        )
    if settings.training:
        answered = [(film, asked) for film, asked in joined if asked.answer]
        if len(answered) < len(joined):
            left_out["question without an answer"] = len(joined) - len(answered)
        joined = answered
        file = _write_training(settings, prepared, joined)
    else:
        file = settings.out or settings.set / "questions.csv"
        _write_csv(file, joined)
    counts = counts_beside_published(questions) if settings.layout == "physionet" else {}
    return Reading(len(questions), len(joined), file, left_out, counts)


def _columns(named: dict[str, str]) -> Columns:
    try:
        return Columns(**named)
    except TypeError as error:
        raise DataError(
            f"There is no column kind of that name ({error}). Choose from {', '.join(asdict(Columns()))}."
        ) from error


def _write_csv(file: Path, joined: Joined) -> None:
    with replacing(file) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for film, asked in joined:
            writer.writerow((film.key, film.patient, asked.question, asked.answer, asked.kind, asked.group))


def _write_training(settings: ReadSettings, prepared: PreparedSet, joined: Joined) -> Path:
    generator = f"file:{settings.layout}"
    rows = [
        {
            **asdict(
                QuestionAnswer(
                    film.key,
                    asked.question,
                    asked.answer,
                    source=settings.layout,
                    generator=generator,
                    licence=licence_of(film.licence, settings.licence_note, generator),
                )
            ),
            "provenance": {"kind": asked.kind, "group": asked.group},
        }
        for film, asked in joined
    ]
    summary = {"settings": settings.model_dump(mode="json"), "pairs": len(rows)}
    scope = [film.key for film, _ in joined]
    write_results(prepared.folder, prepared, rows, generator, scope, summary, replace=False)
    return prepared.folder / "vqa.parquet"
