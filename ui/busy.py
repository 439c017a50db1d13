"""The end of the status bar: what has been going on for longer than half a second, and for how long.

Short work says nothing: a light that flickers at every click tells nobody anything.
"""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.language import tr
from ui.tasks import Tasks, Work
from ui.widgets import Mark, label

SILENT_S = 0.5
_LOOK_MS = 150


def words(work: Work) -> str:
    """Return what kind of work it is, for people."""
    if work is Work.OTHER:
        return tr("Working…")
    return tr("Working with the database…") if work is Work.STORE else tr("Reading a film…")


class BusyLight(QWidget):
    """Shows the work that has waited longest, once that is long enough to be wondered about."""

    def __init__(self, tasks: Tasks) -> None:
        super().__init__()
        self._tasks = tasks
        self.text = label(tone="muted")
        self.text.setAccessibleName(tr("Under way"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 2)
        layout.addWidget(Mark("pending", "attention", 12))
        layout.addWidget(self.text)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self.hide()

    def look(self) -> None:
        """Look at what is going on."""
        oldest = self._tasks.oldest
        if oldest is None or oldest[1] < SILENT_S:
            self.hide()
            return
        self.text.setText(tr("{what} {seconds} s", what=words(oldest[0]), seconds=f"{oldest[1]:.0f}"))
        self.show()

    def go_on(self) -> None:
        """Look again."""
        self._timer.start()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()
