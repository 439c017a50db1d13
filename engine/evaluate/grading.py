"""Grades of answers to questions about films (Table 3): exact match, a rule's grade, or a person's from a file.

The paper's grades were given by hand and its scale isn't published beyond the accuracy. The rule here gives 0,
0.5 or 1 from findings, polarity, sides and words; it is no radiologist, and a table says which grade it holds.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import DataError
from engine.evaluate.labeler import label, label_nih
from engine.evaluate.nlg import words
from engine.evaluate.statistics import DRAWS, Interval, interval, mean_over

GRADES = (0.0, 0.5, 1.0)
COLUMNS = ("key", "patient", "question", "reference", "answer")
_IDLE = frozenset(
    ("a", "an", "the", "is", "are", "there", "it", "this", "that", "in", "on", "of", "at", "with", "and", "to", "be",
     "seen", "present", "shown", "film", "image")
)  # fmt: skip
_SIDES = {
    "left": "left", "right": "right", "bilateral": "both", "both": "both", "upper": "upper", "lower": "lower",
    "middle": "middle", "basal": "lower", "basilar": "lower", "base": "lower", "bases": "lower", "apical": "upper",
    "apex": "upper", "lingula": "middle",
}  # fmt: skip
_YES, _NO = re.compile(r"^\s*yes\b", re.IGNORECASE), re.compile(r"^\s*no\b", re.IGNORECASE)
_HELD = ("positive", "uncertain")


@dataclass(frozen=True)
class Answered:
    """One question with its reference and a model's answer; `kind` and `finding` are groups of Table 3, or ""."""

    key: str
    patient: str
    question: str
    reference: str
    answer: str
    kind: str = ""
    finding: str = ""


def read_answers(path: str | Path) -> list[Answered]:
    """Read a CSV with the columns of `Answered`; raise DataError for a missing column or an empty table."""
    rows = _read_csv(path, COLUMNS)
    if not rows:
        raise DataError(f"The table {path} holds no question.")
    known = [*COLUMNS, "kind", "finding"]
    return [Answered(**{name: row.get(name) or "" for name in known}) for row in rows]


def read_grades(path: str | Path) -> dict[str, float]:
    """Read people's grades from a CSV: key, grade (0, 0.5 or 1); several graders of a key are averaged.

    Raises DataError naming the key of a grade that is none of the three.
    """
    found: dict[str, list[float]] = {}
    for row in _read_csv(path, ("key", "grade")):
        try:
            grade = float(row["grade"])
        except ValueError:
            grade = float("nan")
        if grade not in GRADES:
            raise DataError(f"The grade {row['grade']!r} of key {row['key']!r} is none of 0, 0.5 and 1.")
        found.setdefault(row["key"], []).append(grade)
    return {key: sum(grades) / len(grades) for key, grades in found.items()}


def exact(reference: str, answer: str) -> float:
    """Give 1 where both texts hold the same words in the same order, articles aside; else 0."""
    return float(_plain(reference) == _plain(answer))


def grade(reference: str, answer: str) -> float:
    """Grade an answer by rule.

    0: nothing said, the opposite polarity (yes against no, or a finding affirmed on one side and denied on the
    other), or less than half of the words shared. 1: the same words, or the same polarity and findings with no
    other side or zone than the reference's. 0.5: right polarity, but sides, findings or words agree only in part.
    """
    if not words(answer):
        return 0.0
    if exact(reference, answer):
        return 1.0
    meant, said = _polarity(reference), _polarity(answer)
    if {meant, said} == {"yes", "no"} or _opposed(reference, answer):
        return 0.0
    findings, named = _findings(reference), _findings(answer)
    places, told = _places(reference), _places(answer)
    if findings == named and places == told and (findings or places or (meant == said != "")):
        return 1.0
    shared = (
        (findings & named) or (places & told) or (meant == said != "") or _overlap(reference, answer) >= 0.5
    )
    return 0.5 if shared else 0.0


def accuracy(
    answers: Sequence[Answered],
    grades: Mapping[str, float] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, dict[str, Interval]]:
    """Give the mean grade by rule, by exact match and, with `grades`, by people, for all and every group.

    Raises DataError for a question without a person's grade where grades are given.
    """
    missing = [one.key for one in answers if grades is not None and one.key not in grades]
    if missing:
        raise DataError(
            f"{len(missing)} questions have no grade, the first is {missing[0]!r}. Grade every one."
        )
    ways = {
        "graded by rule": np.array([grade(one.reference, one.answer) for one in answers]),
        "exact": np.array([exact(one.reference, one.answer) for one in answers]),
    }
    if grades is not None:
        ways["graded by people"] = np.array([grades[one.key] for one in answers])
    groups = {"all": np.ones(len(answers), dtype=bool)}
    for name in sorted({group for one in answers for group in (one.kind, one.finding) if group}):
        groups[name] = np.array([name in (one.kind, one.finding) for one in answers])
    return {
        way: {
            name: interval(
                mean_over(values[held]),
                [one.patient for one, one_held in zip(answers, held, strict=True) if one_held],
                draws,
                seed,
            )
            for name, held in groups.items()
        }
        for way, values in ways.items()
    }


def _plain(text: str) -> list[str]:
    return [word for word in words(text) if word not in ("a", "an", "the")]


def _polarity(text: str) -> str:
    return "yes" if _YES.match(text) else "no" if _NO.match(text) else ""


def _states(text: str) -> dict[str, str]:
    """Findings of both vocabularies with their states; a leading yes or no is no part of the sentence."""
    rest = re.sub(r"^\s*(?:yes|no)\s*[,.:;]\s*", "", text, flags=re.IGNORECASE)
    states: dict[str, str] = {**label(rest), **label_nih(rest)}
    return {name: state for name, state in states.items() if state and name != "No Finding"}


def _findings(text: str) -> set[str]:
    return {name for name, state in _states(text).items() if state in _HELD}


def _opposed(reference: str, answer: str) -> bool:
    meant, said = _states(reference), _states(answer)
    return any((meant[name] in _HELD) != (said[name] in _HELD) for name in set(meant) & set(said))


def _places(text: str) -> set[str]:
    return {_SIDES[word] for word in words(text) if word in _SIDES}


def _overlap(reference: str, answer: str) -> float:
    """Word F1 without words that say nothing of the film."""
    meant, said = (set(words(text)) - _IDLE for text in (reference, answer))
    return 2 * len(meant & said) / (len(meant) + len(said)) if meant and said else 0.0


def _read_csv(path: str | Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = [name for name in columns if name not in (reader.fieldnames or [])]
            if missing:
                raise DataError(f"The table {path} lacks the columns {', '.join(missing)}.")
            return list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The table {path} can't be read: {error}.") from error
