"""The window that holds the film alone, for a second monitor. Its keys are the main window's."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QCloseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.language import tr
from ui.places import Watch


class FilmWindow(QWidget):
    """A frame for the film panel.

    Signals
    -------
    closing : the reader closed it; the film goes back
    moved : it stands elsewhere or has another size
    """

    closing = Signal()
    moved = Signal()

    def __init__(self, film: QWidget, actions: list[QAction]) -> None:
        super().__init__()
        self.setWindowTitle(tr("Film"))
        self.setAccessibleName(tr("Film"))
        self._is_dropped = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(film)
        film.show()
        self.addActions(actions)
        Watch(self).moved.connect(self.moved)

    def drop(self) -> None:
        """Close it without telling; the film has been taken out."""
        self._is_dropped = True
        self.close()
        self.deleteLater()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give the film back instead of ending anything."""
        if not self._is_dropped:
            event.ignore()
            self.closing.emit()
            return
        super().closeEvent(event)
