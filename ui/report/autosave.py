"""Saves what a reader writes: two seconds after a change at the latest, and whenever the editor is left.

Holds no text itself; asks the editor when it saves. What was saved is in the database, so a window that dies
loses two seconds of typing at most. Words that couldn't be saved before the reader went to another report are
kept here, under the name of who wrote them, and tried again until the database takes them or says why not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from PySide6.QtCore import QObject, QTimer, Signal

from llmcxr_ws.errors import AccessError, DatabaseFailure, StoreError, UserFacingError
from ui.language import tr
from ui.tasks import Tasks

AUTOSAVE_MS = 2000
RETRY_MS = 5000


@dataclass(frozen=True)
class Words:
    """A text on its way to the store: of which report, and who wrote it."""

    report_id: int
    user: str
    text: str


class Autosave(QObject):
    """Keeps one report's edit in step with the store.

    Signals
    -------
    state_changed(str, str) : words for the reader, and their tone
    moved(int) : the text went to a newer version of the report than the one on the screen
    refused(Words, UserFacingError) : words of a report that was left can never be saved, and why
    """

    state_changed = Signal(str, str)
    moved = Signal(int)
    refused = Signal(object, object)

    def __init__(
        self,
        tasks: Tasks,
        save: Callable[[int, str, str], int],
        text: Callable[[], str],
        user: Callable[[], str],
        parent: QObject,
    ) -> None:
        """Make an idle one.

        Parameters
        ----------
        save : callable
            Called off this thread with report id, user and text; returns the id that the text went to.
        text, user : callable
            Give the editor's text, and who writes it; called on this thread, where they can't change meanwhile.
        """
        super().__init__(parent)
        self._tasks, self._save, self._text, self._user = tasks, save, text, user
        self._report_id: int | None = None
        self._is_dirty = False
        self._in_flight: list[Words] = []
        self._owed: dict[int, Words] = {}
        self._waiting: list[tuple[Callable[[], None], Callable[[UserFacingError], None] | None]] = []
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.flush)
        self._again = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._again.timeout.connect(self._try_again)

    @property
    def is_settled(self) -> bool:
        """Whether the store has all that the editor shows, and all that it showed before."""
        return not self._is_dirty and not self._in_flight and not self._owed

    @property
    def has_unsaved(self) -> bool:
        """Whether the store lacks something of the report on the screen."""
        return self._is_dirty or any(self._is_current(words) for words in self._in_flight)

    def watch(self, report_id: int | None, saved_at: datetime | None) -> None:
        """Look after another report (None: after none); what isn't saved of the last one is given up."""
        self._report_id, self._is_dirty = report_id, False
        self._timer.stop()
        self._say(saved_at)

    def leave(self) -> None:
        """Save what isn't saved, now that the editor still shows it, and look after no report any more."""
        self.flush()
        self._report_id = None
        self._timer.stop()

    def give_up(self) -> None:
        """The reader was asked and leaves what can't be saved: nothing is tried again."""
        self._owed.clear()
        self._again.stop()
        self.watch(None, None)

    def take_owed(self, report_id: int) -> str | None:
        """Hand out the words of a report that couldn't be saved yet; the editor has them again."""
        owed = self._owed.get(report_id)
        if owed is None or owed.user != self._user():
            return None
        del self._owed[report_id]
        return owed.text

    def touch(self) -> None:
        """The reader changed the text."""
        if self._report_id is None:
            return
        self._is_dirty = True
        self.state_changed.emit(tr("Not saved yet"), "attention")
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
            self._is_dirty = False
            self._timer.stop()
            self.state_changed.emit(tr("Saving…"), "muted")
            self._begin(Words(self._report_id, self._user(), self._text()))
        if then is not None:
            self._try_again()
        self._release()

    def _try_again(self) -> None:
        self._again.stop()
        owed, self._owed = self._owed, {}
        for words in owed.values():
            self._begin(words)

    def _begin(self, words: Words) -> None:
        self._in_flight.append(words)

        def done(went_to: int) -> None:
            self._in_flight.remove(words)
            if self._is_current(words) and not self._is_dirty:
                self._say(datetime.now(UTC))
            if went_to != words.report_id:
                self.moved.emit(went_to)
            self._release()

        def failed(error: UserFacingError) -> None:
            self._in_flight.remove(words)
            waiting, self._waiting = self._waiting, []
            self._keep(words, error)
            for _, otherwise in waiting:
                if otherwise is not None:
                    otherwise(error)

        self._tasks.in_store(self, lambda: self._save(words.report_id, words.user, words.text), done, failed)

    def _keep(self, words: Words, error: UserFacingError) -> None:
        """Words couldn't be saved: they are in the editor still, or kept here, or shown to whoever sits here."""
        if self._is_current(words):
            self._is_dirty = True
            self.state_changed.emit(tr("Not saved: {why}", why=error.sentence), "bad")
            self._timer.start(RETRY_MS)
        elif _is_final(error):
            self.refused.emit(words, error)
        else:
            self._owed[words.report_id] = words
            self._again.start()

    def _is_current(self, words: Words) -> bool:
        return words.report_id == self._report_id and words.user == self._user()

    def _release(self) -> None:
        if self.is_settled and self._waiting:
            waiting, self._waiting = self._waiting, []
            for then, _ in waiting:
                then()

    def _say(self, saved_at: datetime | None) -> None:
        if self._report_id is None or saved_at is None:
            self.state_changed.emit("", "muted")
        else:
            time = f"{saved_at.astimezone():%H:%M:%S}"
            self.state_changed.emit(tr("Saved {time}", time=time), "good")


def _is_final(error: UserFacingError) -> bool:
    """Whether trying again is of no use: the store was there and refused."""
    return isinstance(error, StoreError | AccessError) and not isinstance(error, DatabaseFailure)
