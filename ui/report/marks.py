"""What a person has looked at, study by study: changes that are kept, and the draft that was seen. No Qt.

It goes along with the text: kept in the person's settings at once, so that it outlives the window, and on every
machine of the site. Only digests and version numbers, never words of a patient; the oldest studies are forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ui.report.changes import Key

PREFERENCE = "reading"
MAX_STUDIES = 100


@dataclass(frozen=True)
class StudyMarks:
    """What was looked at in one study.

    Attributes
    ----------
    kept : the changes against the AI text that are marked no more
    seen : version of the draft that was on the screen, and whose difference from a later one is told; 0 for none
    """

    kept: frozenset[Key] = frozenset()
    seen: int = 0


class ReadingMarks:
    """The marks of one person."""

    def __init__(self) -> None:
        self._studies: OrderedDict[int, StudyMarks] = OrderedDict()

    def of(self, study_id: int) -> StudyMarks:
        """Return the marks of a study; none where nothing was looked at."""
        return self._studies.get(study_id, StudyMarks())

    def put(self, study_id: int, marks: StudyMarks) -> bool:
        """Remember marks; return whether they are other ones than before."""
        if marks == self.of(study_id):
            return False
        self._studies[study_id] = marks
        self._studies.move_to_end(study_id)
        while len(self._studies) > MAX_STUDIES:
            self._studies.popitem(last=False)
        return True

    def join(self, value: Mapping[str, Any]) -> None:
        """Take in what was kept before this window was opened; whatever isn't a mark is left out.

        What was made here meanwhile stays. The older of two seen drafts counts: nobody has acknowledged the newer.
        """
        rows = value.get("studies")
        here, self._studies = self._studies, OrderedDict()
        for row in rows[-MAX_STUDIES:] if isinstance(rows, list) else ():
            if isinstance(row, Mapping) and isinstance(row.get("study"), int):
                self._studies[row["study"]] = _read(row)
        for study_id, marks in here.items():
            before = self.of(study_id)
            seen = min(before.seen or marks.seen, marks.seen)
            self.put(study_id, StudyMarks(before.kept | marks.kept, seen))

    def as_json(self) -> dict[str, Any]:
        """Return what is kept."""
        rows = [
            {"study": study_id, "seen": marks.seen, "kept": sorted(marks.kept)}
            for study_id, marks in self._studies.items()
        ]
        return {"studies": rows}


def _read(row: Mapping[str, Any]) -> StudyMarks:
    kept, seen = row.get("kept"), row.get("seen")
    keys = frozenset(key for key in kept if isinstance(key, str)) if isinstance(kept, list) else frozenset()
    return StudyMarks(keys, seen if isinstance(seen, int) else 0)
