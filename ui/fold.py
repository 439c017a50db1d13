"""A heading that opens and closes what stands below it, for forms with more fields than a person needs at once."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ui.language import tr


class Fold(QWidget):
    """A heading over a widget; closed it says in a few words what is set inside."""

    def __init__(self, title: str, inside: QWidget, *, is_open: bool = False) -> None:
        super().__init__()
        self._title, self._inside = title, inside
        self.head = QToolButton()
        self.head.setProperty("fold", True)
        self.head.setCheckable(True)
        self.head.setChecked(is_open)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.head.toggled.connect(self._show)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.head)
        column.addWidget(inside)
        self._words, self._also_open = "", False
        self._show(is_open)

    @property
    def is_open(self) -> bool:
        """Whether what is inside is seen."""
        return self.head.isChecked()

    def open(self, is_open: bool = True) -> None:
        """Open or close it."""
        self.head.setChecked(is_open)

    def say(self, words: str, *, also_open: bool = False) -> None:
        """Say something behind the title while it is closed, or always; nothing for an empty text."""
        self._words, self._also_open = words, also_open
        self._show(self.is_open)

    def _show(self, is_open: bool) -> None:
        says = self._words and (self._also_open or not is_open)
        text = f"{self._title}: {self._words}" if says else self._title
        self.head.setText(text)
        self.head.setAccessibleName(tr("Group of settings: {title}", title=text))
        self.head.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self._inside.setVisible(is_open)
