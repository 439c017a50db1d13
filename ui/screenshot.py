"""A picture of the window at work: logs in, opens a study, waits for film, draft and answer, saves a PNG.

Works on a real home and nothing else; what is on the picture is what a reader would see.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from llmcxr_ws.errors import ConfigError
from ui.app import run
from ui.tasks import Tasks
from ui.window import MainWindow

_STEP_MS = 100
_SETTLE_STEPS = 12


@dataclass(frozen=True)
class Wanted:
    """What the picture shows."""

    out: Path
    user: str
    password: str
    width: int
    height: int
    question: str = ""
    accession: str = ""
    timeout_s: float = 120.0


class _Photographer(QObject):
    """Takes one step after the other, each when the one before can be seen."""

    def __init__(self, window: MainWindow, tasks: Tasks, wanted: Wanted) -> None:
        super().__init__(window)
        self._window, self._tasks, self._wanted = window, tasks, wanted
        self.problem = ""
        self._steps = [self._log_in, self._choose, self._ask, self._settle, self._save]
        self._left = int(wanted.timeout_s * 1000 / _STEP_MS)
        self._is_begun = False
        self._calm = 0
        window.resize(wanted.width, wanted.height)
        self._timer = QTimer(self, interval=_STEP_MS)
        self._timer.timeout.connect(self._on_step)
        self._timer.start()

    def _on_step(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.problem = (
                self._window.entry.problem.text or f"step {5 - len(self._steps) + 1} of 5 didn't end"
            )
            self._end()
        elif self._steps[0]():
            self._steps.pop(0)
            self._is_begun = False
            if not self._steps:
                self._end()

    def _end(self) -> None:
        self._timer.stop()
        self._window.close()

    def _begin(self) -> bool:
        """Whether a step is entered for the first time."""
        was_begun, self._is_begun = self._is_begun, True
        return not was_begun

    def _log_in(self) -> bool:
        if self._begin():
            self._window.entry.user.setText(self._wanted.user)
            self._window.entry.secret.box.setText(self._wanted.password)
            self._window.entry.confirm.click()
        return self._window.is_open

    def _choose(self) -> bool:
        window, worklist = self._window, self._window.worklist
        rows = worklist.model.rows()
        if not rows:
            return False
        if self._begin():
            chosen = [row for row in rows if row.identity.accession_number == self._wanted.accession]
            if chosen:
                worklist.choose(chosen[0].id)
            else:
                worklist.choose_first()
        return window.case.detail is not None and window.film.view.film is not None

    def _ask(self) -> bool:
        chat = self._window.chat
        if not self._wanted.question:
            return True
        if self._begin():
            chat.box.setText(self._wanted.question)
            chat.ask()
        return chat.is_answered

    def _settle(self) -> bool:
        self._calm = self._calm + 1 if self._tasks.is_idle or self._calm else 0
        return self._calm > _SETTLE_STEPS

    def _save(self) -> bool:
        self._wanted.out.parent.mkdir(parents=True, exist_ok=True)
        if not self._window.grab().save(str(self._wanted.out)):
            self.problem = f"{self._wanted.out} can't be written"
        return True


def take(home: Path | None, wanted: Wanted) -> None:
    """Take the picture.

    Raises
    ------
    ConfigError
        Log-in was refused, or what should be on the picture didn't come in time.
    """
    made: list[_Photographer] = []
    run(home, wanted.user, when_open=lambda window, tasks: made.append(_Photographer(window, tasks, wanted)))
    QApplication.processEvents()
    if not made or made[0].problem:
        raise ConfigError(f"No picture was taken: {made[0].problem if made else 'the window did not open'}.")
