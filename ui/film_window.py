"""The window that holds the film alone, for a second monitor. Its keys are the main window's."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QAction, QCloseEvent, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.language import tr


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

    def drop(self) -> None:
        """Close it without telling; the film has been taken out."""
        self._is_dropped = True
        self.close()
        self.deleteLater()

    def moveEvent(self, event: QMoveEvent) -> None:
        """Tell where it stands."""
        super().moveEvent(event)
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell how large it is."""
        super().resizeEvent(event)
        self.moved.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Tell whether it fills the screen."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.WindowStateChange:
            self.moved.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give the film back instead of ending anything."""
        if not self._is_dropped:
            event.ignore()
            self.closing.emit()
            return
        super().closeEvent(event)
