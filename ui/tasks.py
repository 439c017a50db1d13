"""Work off the window's thread: one thread for everything that touches the database, a small pool for pixels.

A result comes back as a queued signal and is handed to a callback on the window's thread. Only frozen things
cross: frozen dataclasses, tuples of them, plain values and arrays. No QThread subclass and no asyncio.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import pathlib
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from llmcxr_ws.errors import UserFacingError
from ui.language import tr

Result = TypeVar("Result")

_PLAIN = (
    type(None),
    bool,
    int,
    float,
    str,
    bytes,
    dt.date,
    dt.timedelta,
    enum.Enum,
    pathlib.PurePath,
    np.ndarray,
)


class Work(enum.Enum):
    """What kind of work goes on elsewhere."""

    STORE = "store"
    PIXELS = "pixels"
    OTHER = "other"


class Ticket:
    """A piece of work under way; a cancelled one never calls back."""

    def __init__(self, work: Work = Work.STORE) -> None:
        self.work, self.asked_at = work, time.monotonic()
        self.is_cancelled = False
        self.is_done = False

    def cancel(self) -> None:
        """Drop the result; work that hasn't begun is skipped."""
        self.is_cancelled = True


class Tasks(QObject):
    """Runs work on other threads and brings results back to this one.

    Signals
    -------
    failed(UserFacingError) : work without its own `failed` callback ended with a sentence for people
    defect(Exception) : work ended with anything else
    """

    failed = Signal(object)
    defect = Signal(object)
    _deliver = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # One thread: statements of this window never overtake each other, so an autosave is in the
        # database before the sign request that was asked for after it.
        self._store = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._pixels = ThreadPoolExecutor(2, thread_name_prefix="pixels")
        self._pending: list[Ticket] = []
        self._is_closed = False
        self._deliver.connect(self._on_deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def is_idle(self) -> bool:
        """Whether no work is waiting, running or being delivered."""
        return not self._pending

    @property
    def oldest(self) -> tuple[Work, float] | None:
        """The work that has been under way longest: its kind, and for how many seconds."""
        wanted = [ticket for ticket in self._pending if not ticket.is_cancelled]
        return (wanted[0].work, time.monotonic() - wanted[0].asked_at) if wanted else None

    def in_store(
        self,
        owner: QObject,
        work: Callable[[], Result],
        done: Callable[[Result], None] | None = None,
        failed: Callable[[UserFacingError], None] | None = None,
    ) -> Ticket:
        """Run `work` on the database thread, then `done` (or `failed`) here while `owner` lives."""
        return self._submit(self._store, Work.STORE, owner, work, done, failed)

    def in_pixels(
        self,
        owner: QObject,
        work: Callable[[], Result],
        done: Callable[[Result], None] | None = None,
        failed: Callable[[UserFacingError], None] | None = None,
    ) -> Ticket:
        """Run `work` (decoding, pyramids: no database) on the pixel pool; otherwise as `in_store`."""
        return self._submit(self._pixels, Work.PIXELS, owner, work, done, failed)

    def aside(
        self,
        owner: QObject,
        work: Callable[[], Result],
        done: Callable[[Result], None] | None = None,
        failed: Callable[[UserFacingError], None] | None = None,
    ) -> Ticket:
        """As `in_pixels`, for what counts or reads files that are no films, so that nobody is told of a film."""
        return self._submit(self._pixels, Work.OTHER, owner, work, done, failed)

    def close(self) -> None:
        """Wait for what is running and refuse anything new; what was submitted is still carried out.

        Nobody is told of its results any more: the window that asked is going.
        """
        self._is_closed = True
        self._store.shutdown(wait=True)
        self._pixels.shutdown(wait=True, cancel_futures=True)

    def _submit(
        self,
        pool: ThreadPoolExecutor,
        kind: Work,
        owner: QObject,
        work: Callable[[], Result],
        done: Callable[[Result], None] | None,
        failed: Callable[[UserFacingError], None] | None,
    ) -> Ticket:
        ticket = Ticket(kind)
        self._pending.append(ticket)

        def run() -> Any:
            if ticket.is_cancelled:
                return None
            result = work()
            check_crossing(result)
            return result

        def bring_back(future: Future[Any]) -> None:
            def finish() -> None:
                self._finish(future, ticket, owner, done, failed)

            if shiboken6.isValid(self):
                self._deliver.emit(finish)

        pool.submit(run).add_done_callback(bring_back)
        return ticket

    def _finish(
        self,
        future: Future[Any],
        ticket: Ticket,
        owner: QObject,
        done: Callable[[Any], None] | None,
        failed: Callable[[UserFacingError], None] | None,
    ) -> None:
        self._pending.remove(ticket)
        ticket.is_done = True
        if future.cancelled() or self._is_closed:
            return
        error = future.exception()
        if error is not None and not isinstance(error, UserFacingError):
            self.defect.emit(error)
        if ticket.is_cancelled or not shiboken6.isValid(owner):
            return
        if error is None:
            if done is not None:
                done(future.result())
        elif failed is not None:
            failed(error if isinstance(error, UserFacingError) else _as_sentence(error))
        elif isinstance(error, UserFacingError):
            self.failed.emit(error)

    def _on_deliver(self, finish: Callable[[], None]) -> None:
        finish()


def _as_sentence(error: BaseException) -> UserFacingError:
    return UserFacingError(
        tr("An internal error ({kind}) stopped this.", kind=type(error).__name__),
        what_to_do=tr(
            "It has been written to the log; try again, and tell your administrator if it comes back."
        ),
    )


def check_crossing(value: object) -> None:
    """Raise TypeError unless `value` may go from one thread to another: plain, or a frozen dataclass.

    A frozen dataclass answers for what it holds. Rows of the database never may cross: they belong to the session
    that read them.
    """
    if isinstance(value, tuple | frozenset):
        for member in value:
            check_crossing(member)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        if not value.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            raise TypeError(f"{type(value).__name__} crosses threads but isn't frozen")
    elif not isinstance(value, _PLAIN):
        raise TypeError(f"{type(value).__name__} must not cross threads")
