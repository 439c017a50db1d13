"""Readers of published question sets: what each row asks of which film, in one form for evaluation.

Three layouts: `physionet` ("Visual Question Answering evaluation dataset for MIMIC CXR" 1.0.0), `elixr` (the
same design: cases of six label groups), and `study-files` (one text file a study with a Python literal, as the
published LLM-CXR code reads it). The names of files and columns of the first two weren't verified, because
their access is restricted: columns are found by usual names and a site can name its own (`Columns`). Reads no
films and grades nothing.
"""

import ast
import csv
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from engine.data.records import FilmRecord
from engine.errors import DataError
from engine.vqa.parsing import FIELDS

Layout = Literal["physionet", "elixr", "study-files"]
QuestionKind = Literal["presence", "location", "size/severity/type"]

GROUPS = (
    "No Finding",
    "Pneumothorax",
    "Pleural Effusion",
    "Edema",
    "Consolidation or Pneumonia",
    "Lung Lesion",
)
# What the page of the PhysioNet set tells: questions and cases of each part.
PHYSIONET_COUNTS = {"test": (224, 48), "val": (111, 23)}
MAX_STUDY_FILE_BYTES = 1_000_000


@dataclass(frozen=True)
class SetQuestion:
    """A question of a set. `film`, `study` and `patient` are the layout's names, "" where it has none.

    `answer` is "" where the set has no reference, `group` where it names no label group.
    """

    question: str
    answer: str
    kind: QuestionKind
    group: str
    film: str = ""
    study: str = ""
    patient: str = ""
    split: str = ""


@dataclass(frozen=True)
class Columns:
    """The names of a table's columns; "" means: found by usual names, case and spaces aside."""

    film: str = ""
    study: str = ""
    patient: str = ""
    question: str = ""
    answer: str = ""
    kind: str = ""
    group: str = ""
    split: str = ""


_USUAL = {
    "film": ("dicom_id", "image_id", "dicom", "image", "image_path", "file", "filename"),
    "study": ("study_id", "study", "case_id", "case"),
    "patient": ("subject_id", "patient_id", "subject", "patient"),
    "question": ("question", "query", "prompt"),
    "answer": ("answer", "reference_answer", "reference", "ground_truth", "gt_answer", "expected_answer"),
    "kind": ("question_type", "kind", "type", "category", "question_category"),
    "group": ("label_group", "group", "label", "condition", "finding", "pathology"),
    "split": ("split", "partition", "dataset"),
}
_KINDS: tuple[tuple[QuestionKind, str], ...] = (
    (
        "location",
        r"\bwhere\b|\bloca(?:tion|ted|lised|lized)\b|\bwhich (?:side|lung|lobe|zone|part)\b|\bside\b",
    ),
    (
        "size/severity/type",
        r"\bsize\b|\bhow (?:large|big|small|severe|extensive|much|wide)\b|\bsever(?:e|ity)\b|\btypes?\b|\bkinds?\b|"
        r"\bextent\b|\bdegree\b|\bdescribe\b|\bcharacter",
    ),
)
_GROUP_WORDS = (
    ("Pneumothorax", "pneumothora"),
    ("Pleural Effusion", "effusion"),
    ("Edema", "edema"),
    ("Consolidation or Pneumonia", "consolidation|pneumonia"),
    ("Lung Lesion", "lesion|nodule|mass"),
    ("No Finding", "no finding|normal|abnormal"),
)


def read_questions(
    path: Path, layout: Layout, columns: Columns | None = None, dropped: Counter[str] | None = None
) -> list[SetQuestion]:
    """Read a question set: a folder of study files, or a table (.csv, .json, .jsonl, .parquet) or a folder of those.

    Study files that hold no list of questions are left out and counted by reason in `dropped`. Raises DataError
    for files that can't be read, columns that aren't there, or no question at all.
    """
    dropped = Counter() if dropped is None else dropped
    if layout == "study-files":
        found = list(read_study_files(path, dropped))
    else:
        found = [
            question for table in _tables(path) for question in _questions_of(table, columns or Columns())
        ]
    if not found:
        told = "".join(f" Left out: {count} {reason}." for reason, count in dropped.items())
        raise DataError(f"There is no question of the layout {layout} in {path}. Check the path.{told}")
    return found


def read_study_files(folder: Path, dropped: Counter[str]) -> Iterator[SetQuestion]:
    """Read `pNN/pNNNNNNNN/sNNNNNNNN.txt` files, each a list of dicts of exactly question and answer.

    The text is read as a literal and never run. A file that holds anything else is counted in `dropped` by
    reason and left out; its name is a patient's study and stands nowhere.
    """
    for path in sorted(folder.rglob("s*.txt")):
        try:
            pairs = _literal_pairs(path)
        except DataError as error:
            dropped[f"study file: {error}"] += 1
            continue
        for question, answer in pairs:
            yield SetQuestion(
                question,
                answer,
                kind_of(question),
                group_of(question),
                study=path.stem,
                patient=path.parent.name,
            )


def kind_of(question: str, named: str = "") -> QuestionKind:
    """Tell a question's kind from the set's own word for it, else from the question's words."""
    if "presence" in named.lower():
        return "presence"
    closed = re.match(r"(?:is|are|was|were|does|do|did|has|have|can|could|any)\b", question.lower())
    for text in (named.lower(), "" if closed else question.lower()):
        for kind, pattern in _KINDS:
            if re.search(pattern, text):
                return kind
    return "presence"


def group_of(*texts: str) -> str:
    """Name the label group that the first text with one speaks of, "" where none does."""
    for text in texts:
        for group, pattern in _GROUP_WORDS:
            if re.search(pattern, text.lower()):
                return group
    return ""


def on_films(
    questions: Sequence[SetQuestion], records: Iterable[FilmRecord], every: bool = False
) -> tuple[list[tuple[FilmRecord, SetQuestion]], dict[str, int]]:
    """Give each question the film that it is about, and the number of those left out by reason.

    A film is found by its key (the stem of a file's name), else by study: the first frontal film by key, or with
    `every` each of its frontal films. Identifiers are compared without their leading letters, as MIMIC writes
    `s50414267` and 50414267.
    """
    by_key: dict[str, FilmRecord] = {}
    by_study: dict[str, list[FilmRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda film: (not film.frontal, film.key)):
        by_key[record.key] = record
        by_study[_bare(record.study)].append(record)
    joined: list[tuple[FilmRecord, SetQuestion]] = []
    left_out: Counter[str] = Counter()
    for question in questions:
        films = _films_of(question, by_key, by_study)
        if not films:
            left_out["question about a film that isn't in the set"] += 1
        elif question.patient and _bare(films[0].patient) != _bare(question.patient):
            left_out["question whose film belongs to another patient"] += 1
        else:
            joined += [(film, question) for film in (films if every else films[:1])]
    return joined, dict(left_out)


def _films_of(
    question: SetQuestion, by_key: Mapping[str, FilmRecord], by_study: Mapping[str, Sequence[FilmRecord]]
) -> Sequence[FilmRecord]:
    named = by_key.get(_stem(question.film)) if question.film else None
    if named is not None:
        return (named,)
    films = by_study.get(_bare(question.study), ()) if question.study else ()
    frontal = [film for film in films if film.frontal]
    return frontal or films


def counts_beside_published(questions: Sequence[SetQuestion]) -> dict[str, dict[str, int]]:
    """Count questions and cases of each part beside those that the PhysioNet page tells."""
    told: dict[str, dict[str, int]] = {}
    for split in sorted({question.split for question in questions}):
        part = [question for question in questions if question.split == split]
        published = PHYSIONET_COUNTS.get(split, (0, 0))
        told[split or "all"] = {
            "questions": len(part),
            "cases": len({question.study or question.film for question in part}),
            "published_questions": published[0],
            "published_cases": published[1],
        }
    return told


def _tables(path: Path) -> list[Path]:
    if path.is_dir():
        endings = {".csv", ".json", ".jsonl", ".parquet"}
        return sorted(entry for entry in path.iterdir() if entry.suffix.lower() in endings)
    return [path]


def _questions_of(table: Path, columns: Columns) -> Iterator[SetQuestion]:
    rows = _rows(table)
    if not rows:
        return
    names = _names(rows[0], columns, table)
    for row in rows:
        values = {field: _text(row.get(name)) for field, name in names.items()}
        question, answer = values["question"], values.get("answer", "")
        group = values.get("group", "")
        if question:
            yield SetQuestion(
                question,
                answer,
                kind_of(question, values.get("kind", "")),
                group_of(group, question) or group,
                film=values.get("film", ""),
                study=values.get("study", ""),
                patient=values.get("patient", ""),
                split=_split_of(values.get("split", ""), table),
            )


def _names(row: Mapping[str, Any], columns: Columns, table: Path) -> dict[str, str]:
    """Give the column of each field that the table has; raise DataError where one that is needed is missing."""
    usual = {_plain(name): name for name in row}
    names: dict[str, str] = {}
    for entry in fields(Columns):
        wanted: str = getattr(columns, entry.name)
        if wanted and wanted not in row:
            raise DataError(f"{table.name} has no column {wanted!r}. It has: {', '.join(row)}.")
        found = wanted or next((usual[name] for name in _USUAL[entry.name] if name in usual), "")
        if found:
            names[entry.name] = found
    if "question" not in names or not {"film", "study"} & names.keys():
        raise DataError(
            f"{table.name} has no column that is known to hold the question and its film or study. It has: "
            f"{', '.join(row)}. Name the columns."
        )
    return names


def _rows(table: Path) -> list[dict[str, Any]]:
    try:
        ending = table.suffix.lower()
        if ending == ".parquet":
            import pyarrow.parquet as pq

            return list(pq.read_table(table).to_pylist())
        text = table.read_text(encoding="utf-8-sig")
        if ending == ".csv":
            return list(csv.DictReader(io.StringIO(text, newline="")))
        found = (
            [json.loads(line) for line in text.splitlines() if line.strip()]
            if ending == ".jsonl"
            else json.loads(text)
        )
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"The questions in {table} can't be read: {error}.") from error
    if isinstance(found, dict):  # a JSON object that holds the list under a name of its own
        found = next((value for value in found.values() if isinstance(value, list)), [])
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise DataError(f"{table} isn't a list of objects, one for each question.")
    return found


def _literal_pairs(path: Path) -> list[tuple[str, str]]:
    try:
        if path.stat().st_size > MAX_STUDY_FILE_BYTES:
            raise DataError(f"above {MAX_STUDY_FILE_BYTES} bytes, which no file of this layout is")
        items = ast.literal_eval(path.read_text(encoding="utf-8").strip())
    except (OSError, ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise DataError(f"not one Python list of questions and answers ({type(error).__name__})") from error
    good = isinstance(items, list) and all(
        isinstance(item, dict) and set(item) == FIELDS and all(isinstance(v, str) for v in item.values())
        for item in items
    )
    if not good:
        raise DataError("something else than dicts of exactly question and answer")
    return [(item["question"].strip(), item["answer"].strip()) for item in items]


def _split_of(named: str, table: Path) -> str:
    for text in (named.lower(), table.stem.lower()):
        if "test" in text:
            return "test"
        if "val" in text:
            return "val"
    return ""


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]+", "_", name.lower()).strip("_")


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _stem(film: str) -> str:
    name = film.replace("\\", "/").rsplit("/", 1)[-1]
    return re.sub(r"\.(?:dcm|jpe?g|png)$", "", name, flags=re.IGNORECASE)


def _bare(identifier: str) -> str:
    match = re.fullmatch(r"[a-zA-Z]?(\d+)(?:\.0)?", identifier)
    return match.group(1) if match else identifier
