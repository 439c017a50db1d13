"""What the window's dialogs have in common: name, margins, a width that grows with the text, no leftovers."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ui.theme import follow, px


class Dialog(QDialog):
    """A modal dialog that is gone once it is closed; its contents go into `inside`.

    Parameters
    ----------
    width : int
        Least width in pixels at the default text size; never more than the screen has.
    """

    def __init__(self, parent: QWidget, title: str, *, width: int = 440) -> None:
        super().__init__(parent)
        self._width = width
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setModal(True)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.inside = QVBoxLayout(self)
        follow(self._dress)

    def _dress(self) -> None:
        self.inside.setContentsMargins(px(20), px(18), px(20), px(16))
        self.inside.setSpacing(px(12))
        room: QSize = self.screen().availableSize()
        self.setMinimumWidth(min(px(self._width), room.width() - px(20)))


def button_row(*made: QWidget, enter_presses_last: bool = True) -> QHBoxLayout:
    """Return the buttons at a dialog's end, to the right; Enter presses the last one, unless fields hear it."""
    row = QHBoxLayout()
    row.addStretch(1)
    for entry in made:
        row.addWidget(entry)
    if enter_presses_last and isinstance(made[-1], QPushButton):
        made[-1].setDefault(True)
    return row
