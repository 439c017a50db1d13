"""The hall as an administrator's page sees it: reads, and requests whose outcome is waited for.

Like `ui.desk`, always off the window's thread. A page has an office of its own and asks it; the functions that it
asks for stand in :mod:`llmcxr_ws.supervising`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer

from llmcxr_ws import supervising
from llmcxr_ws.domain import RequestRow
from llmcxr_ws.errors import AccessError, UserFacingError
from llmcxr_ws.identity import UnlockedKey
from llmcxr_ws.workplace import Workplace
from ui.desk import Badge, off_the_window
from ui.language import tr
from ui.tasks import Tasks, Ticket

Result = TypeVar("Result")
Failed = Callable[[UserFacingError], None]

LOOK_MS = 250
LATE_S = 20.0


class Office(QObject):
    """What a page of administration, models or quality asks of the hall."""

    def __init__(self, tasks: Tasks, place: Workplace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tasks = tasks
        self._place = place
        self.badge: Badge | None = None

    @property
    def home(self) -> str:
        """The home that this window works on."""
        return str(self._place.home)

    @property
    def is_demo(self) -> bool:
        """Whether this is a demonstration's home, whose peers are on loopback."""
        return self._place.config.demo

    def read(
        self,
        owner: QObject,
        work: Callable[[Workplace], Result],
        done: Callable[[Result], None],
        failed: Failed | None = None,
    ) -> Ticket:
        """Read from the hall on the database thread, then call `done` here."""

        def run() -> Result:
            off_the_window()
            return work(self._place)

        return self.tasks.in_store(owner, run, done, failed)

    def look(
        self,
        owner: QObject,
        work: Callable[[Workplace], Result],
        done: Callable[[Result], None],
        failed: Failed | None = None,
    ) -> Ticket:
        """As `read`, for what reads files and no database, and so needn't keep statements waiting."""

        def run() -> Result:
            off_the_window()
            return work(self._place)

        return self.tasks.aside(owner, run, done, failed)

    def request(
        self,
        owner: QObject,
        ask: Callable[[Workplace, UnlockedKey], int],
        watch: Watch,
    ) -> None:
        """Write a request and watch it until the node has decided."""
        key = self.badge.key if self.badge is not None else None

        def run(place: Workplace) -> int:
            if key is None:
                raise AccessError(tr("The window is locked."), what_to_do=tr("Unlock it and repeat this."))
            return ask(place, key)

        self.read(owner, run, lambda number: watch.begin(self, number), watch.fail)


class Watch(QObject):
    """Looks at one request until the node has decided it.

    `waiting` is told once the request is written, and again when the node is late; `decided` gets its row; `failed`
    whatever kept it from being written or read.
    """

    def __init__(
        self,
        owner: QObject,
        decided: Callable[[RequestRow], None],
        failed: Failed,
        waiting: Callable[[bool], None],
    ) -> None:
        super().__init__(owner)
        self._decided, self._failed, self._waiting = decided, failed, waiting
        self._since = time.monotonic()
        self._is_late = False

    def begin(self, office: Office, number: int) -> None:
        """Begin to look."""
        self._waiting(False)
        self._look(office, number)

    def fail(self, error: UserFacingError) -> None:
        """End with an error."""
        self._failed(error)
        self.deleteLater()

    def _look(self, office: Office, number: int) -> None:
        office.read(
            self,
            lambda place: supervising.request(place, number),
            lambda row: self._on_row(office, row),
            self.fail,
        )

    def _on_row(self, office: Office, row: RequestRow) -> None:
        if row.state != "waiting":
            self._decided(row)
            self.deleteLater()
            return
        if not self._is_late and time.monotonic() - self._since > LATE_S:
            self._is_late = True
            self._waiting(True)
        QTimer.singleShot(
            LOOK_MS if not self._is_late else 4 * LOOK_MS, self, lambda: self._look(office, row.id)
        )
