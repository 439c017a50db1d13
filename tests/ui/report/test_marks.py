"""What was looked at, study by study: kept, joined with what was kept before, and bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ui.report.changes import key_of
from ui.report.marks import MAX_STUDIES, ReadingMarks, StudyMarks

KEY = key_of("Heart normal.", "Heart large.")


def test_marks_come_back_as_they_were_kept() -> None:
    marks = ReadingMarks()
    assert marks.put(7, StudyMarks(frozenset([KEY]), 2))
    assert not marks.put(7, StudyMarks(frozenset([KEY]), 2))
    again = ReadingMarks()
    again.join(json.loads(json.dumps(marks.as_json())))
    assert again.of(7) == StudyMarks(frozenset([KEY]), 2)
    assert again.of(8) == StudyMarks()


def test_what_was_marked_before_the_old_marks_came_is_joined_with_them() -> None:
    marks = ReadingMarks()
    marks.put(7, StudyMarks(frozenset(["new"]), 3))
    marks.put(8, StudyMarks(frozenset(["only here"]), 1))
    marks.join({"studies": [{"study": 7, "seen": 1, "kept": ["old"]}, {"study": 9, "seen": 4, "kept": []}]})
    assert marks.of(7) == StudyMarks(frozenset(["old", "new"]), 1)  # the newer draft wasn't acknowledged
    assert marks.of(8) == StudyMarks(frozenset(["only here"]), 1)
    assert marks.of(9).seen == 4


def test_the_oldest_studies_are_forgotten() -> None:
    marks = ReadingMarks()
    for study in range(MAX_STUDIES + 5):
        marks.put(study, StudyMarks(seen=1))
    assert len(marks.as_json()["studies"]) == MAX_STUDIES
    assert marks.of(0) == StudyMarks() and marks.of(MAX_STUDIES + 4).seen == 1


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"studies": None},
        {"studies": [1, None, {"study": "x"}, {"study": 7, "seen": "x", "kept": [1, None]}]},
    ],
)
def test_whatever_isnt_a_mark_is_left_out(value: dict[str, Any]) -> None:
    marks = ReadingMarks()
    marks.join(value)
    assert marks.of(7) == StudyMarks()


def test_the_name_of_a_change_tells_no_words() -> None:
    assert "eart" not in KEY and len(KEY) == 16
    assert key_of("a", "b") != key_of("b", "a")
