"""The page before the work: log-in, and the lock that covers the window without touching what lies under it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from llmcxr_ws.errors import UserFacingError
from ui.desk import Badge, Desk
from ui.language import tr
from ui.sign.secret import SecretField
from ui.tasks import Tasks
from ui.theme import current, follow, px
from ui.widgets import Banner, button, label


class EntryPage(QWidget):
    """Asks who sits here: user name and password, or for the locked user PIN or password.

    Signals
    -------
    entered(Badge) : somebody proved who he is
    other_wanted : another person wants to log in at a locked window
    """

    entered = Signal(object)
    other_wanted = Signal()

    def __init__(self, tasks: Tasks, desk: Desk, user: str = "") -> None:
        super().__init__()
        self._tasks, self._desk = tasks, desk
        self._locked: Badge | None = None
        self.user = QLineEdit(user)
        self.user.setAccessibleName(tr("User name"))
        self.user.setPlaceholderText(tr("User name"))
        self.secret = SecretField()
        self.pin = QLineEdit()
        self.pin.setAccessibleName(tr("PIN for this session, optional"))
        self.pin.setPlaceholderText(tr("PIN for this session (optional)"))
        self.pin.setEchoMode(QLineEdit.EchoMode.Password)
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        self.confirm = button(tr("Log in"), self._on_confirm, tone="action")
        self.other = button(tr("Another person…"), self.other_wanted.emit)
        self._heading = label("", "heading")
        self._hint = label("", "muted", wraps=True)
        self.user.returnPressed.connect(self.secret.box.setFocus)
        self.secret.entered.connect(self._on_confirm)
        self.pin.returnPressed.connect(self._on_confirm)
        self._lay_out()
        self.ask_name()

    def _lay_out(self) -> None:
        self._card = card = QFrame()
        card.setObjectName("card")
        follow(self._dress)
        inside = QVBoxLayout(card)
        inside.setContentsMargins(28, 24, 28, 24)
        inside.setSpacing(12)
        inside.addWidget(label("LLM-CXR Workstation", "greeting"))
        inside.addWidget(label(tr("Research use only. Not for diagnosis."), "attention"))
        inside.addSpacing(6)
        for part in (self._heading, self._hint, self.user, self.secret, self.pin, self.problem):
            inside.addWidget(part)
        row = QHBoxLayout()
        row.addWidget(self.other)
        row.addStretch(1)
        row.addWidget(self.confirm)
        inside.addLayout(row)
        layout = QVBoxLayout(self)
        layout.addWidget(card, 0, Qt.AlignmentFlag.AlignCenter)

    def _dress(self) -> None:
        self._card.setFixedWidth(px(420))
        self._card.setStyleSheet(
            f"QFrame#card {{ background: {current().panel}; border-radius: {px(8)}px; }}"
        )

    def ask_name(self) -> None:
        """Ask for user name and password."""
        self._locked = None
        self.secret.set_badge(None)
        self._show(
            tr("Log in"),
            tr("The password opens your signing key. A PIN re-opens it when the window has locked."),
        )
        self.confirm.setText(tr("Log in"))

    def ask_again(self, badge: Badge) -> None:
        """Ask the person at a locked window to prove again who it is."""
        self._locked = badge
        self.secret.set_badge(badge)
        self._show(tr("Locked by {name}", name=badge.display_name), tr("Your work is kept and saved."))
        self.confirm.setText(tr("Unlock"))

    def _show(self, heading: str, hint: str) -> None:
        self._heading.setText(heading)
        self._hint.setText(hint)
        is_log_in = self._locked is None
        for control in (self.user, self.pin):
            control.setVisible(is_log_in)
        self.other.setVisible(not is_log_in)
        self.problem.say("")
        self.pin.clear()
        self.secret.take()
        self.confirm.setEnabled(True)
        self._focus()

    def _focus(self) -> None:
        """Put the cursor where the next thing is to be typed."""
        is_nameless = self._locked is None and not self.user.text()
        (self.user if is_nameless else self.secret.box).setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin in the right field."""
        super().showEvent(event)
        self._focus()

    def _on_confirm(self) -> None:
        if not self.confirm.isEnabled():
            return
        name, pin = self.user.text().strip(), self.pin.text()
        secret, is_pin, locked = self.secret.take(), self.secret.is_pin, self._locked
        self.confirm.setEnabled(False)
        self.problem.say("")

        def work() -> Badge:
            if locked is not None:
                return self._desk.reenter(locked, secret, is_pin=is_pin)
            return self._desk.enter(name, secret, pin)

        self._tasks.in_store(self, work, self._on_badge, self._on_failed)

    def _on_badge(self, badge: Badge) -> None:
        self.pin.clear()
        self.confirm.setEnabled(True)
        self.entered.emit(badge)

    def _on_failed(self, error: UserFacingError) -> None:
        self.problem.say(error.sentence)
        if self._locked is not None and self.secret.is_pin:
            self.secret.set_badge(self._locked)  # a PIN that is used up is asked for no more
        self.confirm.setEnabled(True)
        self.secret.box.setFocus()
