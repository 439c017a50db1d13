"""What a person brings to every report: macros, spelling, and what was looked at; read once, kept when it changes.

Nothing is written before it was read: what couldn't be read must not be overwritten with nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from llmcxr_ws import macros as autotext
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.macros import Macro
from ui.desk import Desk
from ui.report import marks
from ui.report.marks import ReadingMarks, StudyMarks
from ui.report.spell_check import PREFERENCE as SPELLING
from ui.tasks import Tasks

AGAIN_MS = 5000


class OwnTexts(QObject):
    """The settings of one person that the report needs.

    Signals
    -------
    came : they were read; or somebody else sits here, and they are empty
    failed(UserFacingError) : they couldn't be read or kept; both are tried again
    """

    came = Signal()
    failed = Signal(object)

    def __init__(self, tasks: Tasks, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks, self._desk = tasks, desk
        self._user = ""
        self._is_read = False
        self._unkept: set[str] = set()
        self.macros: tuple[Macro, ...] = ()
        self.spelling: dict[str, Any] = {}
        self.marks = ReadingMarks()
        self._again = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._again.timeout.connect(self._try_again)

    @property
    def user(self) -> str:
        """Whose these are; empty while nobody sits here."""
        return self._user

    @property
    def is_read(self) -> bool:
        """Whether what is here is what the person kept."""
        return self._is_read

    def come(self, user: str) -> None:
        """Somebody sits here now; nobody for an empty name."""
        if user == self._user:
            return
        self._user, self._is_read, self._unkept = user, False, set()
        self.macros, self.spelling, self.marks = (), {}, ReadingMarks()
        self._again.stop()
        self.came.emit()
        self._read()

    def set_macros(self, macros: tuple[Macro, ...]) -> None:
        """Keep other macros; only once the old ones were read."""
        if self._is_read:
            self.macros = macros
            self._keep(autotext.PREFERENCE)

    def set_spelling(self, value: dict[str, Any]) -> None:
        """Keep another spelling preference; only once the old one was read, with its own words."""
        if self._is_read:
            self.spelling = value
            self._keep(SPELLING)

    def set_marks(self, study_id: int, wanted: StudyMarks) -> None:
        """Keep what was looked at in a study; what comes before the old marks were read is joined with them."""
        if self.marks.put(study_id, wanted):
            self._keep(marks.PREFERENCE)

    def _read(self) -> None:
        user = self._user
        if not user:
            return

        def done(found: str) -> None:
            if user == self._user and not self._is_read:
                self._take(json.loads(found))

        def failed(error: UserFacingError) -> None:
            if user == self._user:
                self._again.start()
                self.failed.emit(error)

        self._tasks.in_store(self, lambda: json.dumps(self._desk.preferences(user)), done, failed)

    def _take(self, values: dict[str, dict[str, Any]]) -> None:
        self._is_read = True
        self.macros = autotext.from_preference(values.get(autotext.PREFERENCE, {}))
        self.spelling = values.get(SPELLING, {})
        kept = values.get(marks.PREFERENCE, {})
        self.marks.join(kept)
        if self.marks.as_json() != kept and marks.PREFERENCE in self._unkept:
            self._keep(marks.PREFERENCE)
        self.came.emit()

    def _keep(self, name: str) -> None:
        """Write one setting; it stays noted until the store has it."""
        self._unkept.add(name)
        if not self._is_read:
            return
        user, value = self._user, self._value(name)

        def done(_: None) -> None:
            if user == self._user and value == self._value(name):
                self._unkept.discard(name)

        def failed(error: UserFacingError) -> None:
            if user == self._user:
                self._again.start()
                self.failed.emit(error)

        self._tasks.in_store(self, lambda: self._desk.set_preference(user, name, value), done, failed)

    def _value(self, name: str) -> dict[str, Any]:
        values: dict[str, Callable[[], dict[str, Any]]] = {
            autotext.PREFERENCE: lambda: autotext.to_preference(self.macros),
            SPELLING: lambda: self.spelling,
            marks.PREFERENCE: self.marks.as_json,
        }
        return values[name]()

    def _try_again(self) -> None:
        if not self._is_read:
            self._read()
            return
        for name in sorted(self._unkept):
            self._keep(name)
