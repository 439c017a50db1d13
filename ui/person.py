"""The person at this window and what he or she set: applied at once, kept in the store, read at log-in.

Each part of the window owns one name in the store ("window", "keys", "filters", "columns", "places", ...) and what it
keeps under it; here values are plain JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from llmcxr_ws.errors import UserFacingError
from ui import preferences
from ui.desk import Desk
from ui.preferences import Preferences
from ui.tasks import Tasks
from ui.workstation import Workstation


@dataclass(frozen=True)
class _Kept:
    """Settings on their way from the store's thread: name and JSON text."""

    values: tuple[tuple[str, str], ...]


class Person(QObject):
    """What is set for whoever sits here; everything at its default while nobody does.

    Signals
    -------
    changed(str) : what is kept under a name is different now
    """

    changed = Signal(str)

    def __init__(
        self,
        tasks: Tasks,
        desk: Desk,
        parent: QObject | None = None,
        *,
        workstation: Workstation | None = None,
    ) -> None:
        super().__init__(parent)
        self._tasks, self._desk = tasks, desk
        self._workstation = workstation if workstation is not None else Workstation(tasks, parent=self)
        self._user = ""
        # Whether the store has told what is kept; before it has, nothing there is written over.
        self._is_known = False
        self._values: dict[str, dict[str, Any]] = {}

    @property
    def user(self) -> str:
        """Whose settings these are; empty while nobody sits here."""
        return self._user

    @property
    def preferences(self) -> Preferences:
        """The settings of the window; where nobody has set any, those of the last log-in at this machine."""
        kept = self.get(preferences.NAME)
        return preferences.read(kept) if kept else self._workstation.looks

    def get(self, name: str) -> dict[str, Any]:
        """Return what is kept under a name; empty where nothing is."""
        return self._values.get(name, {})

    def set(self, name: str, value: dict[str, Any]) -> None:
        """Keep a value and tell everybody, when it is another one than before."""
        if value == self.get(name):
            return
        self._values[name] = value
        user = self._user
        if user and self._is_known:
            self._tasks.in_store(self, lambda: self._desk.set_preference(user, name, value))
        self.changed.emit(name)

    def set_preferences(self, wanted: Preferences) -> None:
        """Keep the settings of the window."""
        self.set(preferences.NAME, wanted.as_json())

    def remember_looks(self) -> None:
        """Let the next log-in at this machine look as the window does now."""
        self._workstation.remember(self.preferences)

    def come(self, user: str, then: Callable[[], None]) -> None:
        """Read a person's settings, tell everybody of those that differ, and go on.

        They are read at every unlocking: the same person may have changed them at another machine meanwhile.
        """

        def work() -> _Kept:
            found = self._desk.preferences(user)
            return _Kept(tuple((name, json.dumps(value)) for name, value in found.items()))

        def done(kept: _Kept) -> None:
            self._user, self._is_known = user, True
            self._replace({name: json.loads(text) for name, text in kept.values})
            then()

        def failed(error: UserFacingError) -> None:
            """Work goes on without them; nothing is kept then, which would be written over what is there."""
            if user != self._user:
                self._user, self._is_known = user, False
                self._replace({})
            then()
            self._tasks.failed.emit(error)

        self._tasks.in_store(self, work, done, failed)

    def go(self) -> None:
        """Nobody sits here any more: defaults again."""
        self._user, self._is_known = "", False
        self._replace({})

    def _replace(self, values: dict[str, dict[str, Any]]) -> None:
        before, self._values = self._values, values
        for name in sorted(before.keys() | values.keys()):
            if before.get(name) != values.get(name):
                self.changed.emit(name)
