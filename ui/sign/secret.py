"""The field for a password or PIN. What is typed is handed over once and wiped from the screen."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from ui.desk import Badge
from ui.language import tr

_PIN, _PASSWORD = "pin", "password"


class SecretField(QWidget):
    """Password or, where one was chosen at log-in, PIN.

    Signals
    -------
    entered : Return was pressed
    """

    entered = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.kind = QComboBox()
        self.kind.setAccessibleName(tr("Password or PIN"))
        self.box = QLineEdit()
        self.box.setEchoMode(QLineEdit.EchoMode.Password)
        self.box.returnPressed.connect(self.entered)
        self.kind.currentIndexChanged.connect(self._name)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.kind)
        layout.addWidget(self.box, 1)
        self.set_badge(None)

    def set_badge(self, badge: Badge | None) -> None:
        """Offer what this person may type; the PIN first."""
        has_pin = badge is not None and badge.sealed is not None and not badge.sealed.is_used_up
        self.kind.clear()
        if has_pin:
            self.kind.addItem(tr("PIN"), _PIN)
        self.kind.addItem(tr("Password"), _PASSWORD)
        self.kind.setVisible(has_pin)
        self._name()

    @property
    def is_pin(self) -> bool:
        """Whether what is typed is a PIN."""
        return bool(self.kind.currentData() == _PIN)

    def take(self) -> str:
        """Return what was typed and wipe it."""
        typed = self.box.text()
        self.box.clear()
        return typed

    def _name(self) -> None:
        self.box.setAccessibleName(self.kind.currentText())
        self.box.setPlaceholderText(self.kind.currentText())
