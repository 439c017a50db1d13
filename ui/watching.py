"""Keeps a window in step with the store: looks at the worklist twice a second, at who runs every three seconds."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from llmcxr_ws.domain import ServiceRow
from llmcxr_ws.errors import UserFacingError
from ui.desk import Badge, Desk, Look
from ui.services import ServiceLights
from ui.tasks import Tasks
from ui.worklist.cover import EVERYTHING
from ui.worklist.panel import WorklistPanel

POLL_MS = 500
SERVICES_MS = 3000


class Watching(QObject):
    """Brings what changed into the worklist and the lights, one look at a time.

    Signals
    -------
    changed(tuple of StudyRow) : these studies are different now; the worklist shows them already
    failed(UserFacingError) : the store can't be looked at
    """

    changed = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        tasks: Tasks,
        desk: Desk,
        badge: Callable[[], Badge | None],
        worklist: WorklistPanel,
        lights: ServiceLights,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._tasks, self._desk, self._badge = tasks, desk, badge
        self._worklist, self._lights = worklist, lights
        self._is_looking = False
        self._looks_for: str | None = None
        self._rows = QTimer(self, interval=POLL_MS)
        self._rows.timeout.connect(self.look)
        self._services = QTimer(self, interval=SERVICES_MS)
        self._services.timeout.connect(self.look_at_services)

    def begin(self) -> None:
        """Look now and from now on, or go on doing so."""
        if not self._rows.isActive():
            self._rows.start()
            self._services.start()
            self.look()
            self.look_at_services()

    def stop(self) -> None:
        """Look no more."""
        self._rows.stop()
        self._services.stop()

    def forget_person(self) -> None:
        """Somebody else is coming: until it is known what may be told, nothing is."""
        self._looks_for = None
        self._worklist.set_cover(EVERYTHING)

    def look(self) -> None:
        """Fetch what changed on the worklist."""
        if self._is_looking:
            return
        self._is_looking = True
        since, badge = self._worklist.model.last_seq, self._badge()
        user = badge.user if badge is not None else None
        cover = self._worklist.model.cover if user == self._looks_for else None

        def done(look: Look) -> None:
            self._is_looking = False
            # Whoever came meanwhile may be told something else.
            now = self._badge()
            if (now.user if now is not None else None) == user:
                self._looks_for = user
                self._worklist.set_cover(look.cover)
            self._on_rows(look)

        self._tasks.in_store(self, lambda: self._desk.look(since, badge, cover), done, self._on_no_store)

    def _on_rows(self, look: Look) -> None:
        if look.rows:
            self._worklist.merge(look.rows)
            self.changed.emit(look.rows)
        if look.is_more and self._rows.isActive():
            QTimer.singleShot(0, self, self.look)

    def _on_no_store(self, error: UserFacingError) -> None:
        self._is_looking = False
        self._lights.show_no_database()
        self.failed.emit(error)

    def look_at_services(self) -> None:
        """Fetch who runs."""

        def done(rows: tuple[ServiceRow, ...]) -> None:
            self._lights.show_services(rows)

        self._tasks.in_store(self, self._desk.services, done, lambda _: self._lights.show_no_database())
