"""What this machine remembers for whoever comes to its log-in: colours and language of the one who sat here last.

A small file among the settings of the system's user; no name and nothing of a patient is in it. A file that can't be
read or written is no reason to keep anybody from work: then the log-in looks as at first.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths

from ui import preferences
from ui.preferences import Preferences
from ui.tasks import Tasks

REMEMBERED = ("theme", "language")
_FILE = "window.json"


def standard_file() -> Path:
    """Return where the file lies: among the settings of the system's user, in a folder of this program."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    return Path(folder) / "llmcxr" / _FILE


class Workstation(QObject):
    """The looks of the log-in at this machine.

    Parameters
    ----------
    file : Path, optional
        Where they are kept; without one they are forgotten with the window. It is read here, so make this before
        a window is on the screen.
    """

    def __init__(self, tasks: Tasks, file: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks, self._file = tasks, file
        self._looks = _read(file) if file is not None else Preferences()

    @property
    def looks(self) -> Preferences:
        """The settings that count where nobody's own ones do."""
        return self._looks

    def remember(self, wanted: Preferences) -> None:
        """Keep colours and language for the next log-in."""
        looks = replace(self._looks, **{name: getattr(wanted, name) for name in REMEMBERED})
        if looks == self._looks:
            return
        self._looks, file = looks, self._file
        if file is not None:
            self._tasks.in_store(self, lambda: _write(file, looks))


def _read(file: Path) -> Preferences:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Preferences()
    known = {name: kept[name] for name in REMEMBERED if name in kept} if isinstance(kept, dict) else {}
    return preferences.read(known)


def _write(file: Path, looks: Preferences) -> None:
    text = json.dumps({name: getattr(looks, name) for name in REMEMBERED})
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(file)
