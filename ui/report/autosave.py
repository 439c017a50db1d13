"""Saves what a reader writes: two seconds after a change at the latest, and whenever the editor is left.

Holds no text itself; asks the editor when it saves. What was saved is in the database, so a window that dies
loses two seconds of typing at most.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtCore import QObject, QTimer, Signal

from llmcxr_ws.errors import UserFacingError
from ui.tasks import Tasks

AUTOSAVE_MS = 2000
RETRY_MS = 5000


class Autosave(QObject):
    """Keeps one report's edit in step with the store.

    Signals
    -------
    state_changed(str, str) : words for the reader, and their tone
    moved(int) : the text went to a newer version of the report than the one on the screen
    """

    state_changed = Signal(str, str)
    moved = Signal(int)

    def __init__(
        self, tasks: Tasks, save: Callable[[int, str], int], text: Callable[[], str], parent: QObject
    ) -> None:
        """Make an idle one.

        Parameters
        ----------
        save : callable
            Called off this thread with report id and text; returns the id that the text went to.
        text : callable
            Gives the editor's text.
        """
        super().__init__(parent)
        self._tasks, self._save, self._text = tasks, save, text
        self._report_id: int | None = None
        self._is_dirty = False
        self._in_flight = 0
        self._waiting: list[tuple[Callable[[], None], Callable[[UserFacingError], None] | None]] = []
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.flush)

    @property
    def is_settled(self) -> bool:
        """Whether the store has all that the editor shows."""
        return not self._is_dirty and self._in_flight == 0

    def watch(self, report_id: int | None, saved_at: datetime | None) -> None:
        """Look after another report (None: after none)."""
        self._report_id, self._is_dirty = report_id, False
        self._timer.stop()
        self._say(saved_at)

    def touch(self) -> None:
        """The reader changed the text."""
        if self._report_id is None:
            return
        self._is_dirty = True
        self.state_changed.emit("Not saved yet", "attention")
        if not self._timer.isActive():
            self._timer.start(AUTOSAVE_MS)

    def flush(
        self,
        then: Callable[[], None] | None = None,
        otherwise: Callable[[UserFacingError], None] | None = None,
    ) -> None:
        """Save now what isn't saved.

        Parameters
        ----------
        then : callable, optional
            Called when all that was written so far is in the store.
        otherwise : callable, optional
            Called instead, with the reason, when it can't be saved.
        """
        if then is not None:
            self._waiting.append((then, otherwise))
        if self._is_dirty and self._report_id is not None:
            self._begin(self._report_id, self._text())
        self._release()

    def _begin(self, report_id: int, text: str) -> None:
        self._is_dirty = False
        self._timer.stop()
        self._in_flight += 1
        self.state_changed.emit("Saving…", "muted")

        def done(went_to: int) -> None:
            self._in_flight -= 1
            if self._is_current(report_id) and not self._is_dirty:
                self._say(datetime.now(UTC))
            if went_to != report_id:
                self.moved.emit(went_to)
            self._release()

        def failed(error: UserFacingError) -> None:
            self._in_flight -= 1
            waiting, self._waiting = self._waiting, []
            if self._is_current(report_id):
                self._is_dirty = True
                self.state_changed.emit(f"Not saved: {error.sentence}", "bad")
                self._timer.start(RETRY_MS)
            for _, otherwise in waiting:
                if otherwise is not None:
                    otherwise(error)

        self._tasks.in_store(self, lambda: self._save(report_id, text), done, failed)

    def _is_current(self, report_id: int) -> bool:
        return report_id == self._report_id

    def _release(self) -> None:
        if self.is_settled and self._waiting:
            waiting, self._waiting = self._waiting, []
            for then, _ in waiting:
                then()

    def _say(self, saved_at: datetime | None) -> None:
        if self._report_id is None or saved_at is None:
            self.state_changed.emit("", "muted")
        else:
            self.state_changed.emit(f"Saved {saved_at.astimezone():%H:%M:%S}", "good")
