"""Users: add one, change the role, disable, enable, a new password. Each is a request that the node carries out."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from llmcxr_ws import supervising
from llmcxr_ws.domain import Account, RequestRow
from llmcxr_ws.identity import MIN_PASSWORD, ROLES
from ui.admin.section import Section, row_of
from ui.desk import Badge
from ui.language import mark, tr
from ui.office import Office
from ui.tables import Column, RowTable
from ui.text import person_name
from ui.widgets import Banner, button, choice, label

_ROLES = {
    "reader": mark("reader: reads and signs"),
    "resident": mark("resident: writes, a reader signs"),
    "admin": mark("administrator"),
    "researcher": mark("researcher: looks at models and quality"),
}


class UserDialog(QDialog):
    """Asks for a new user, or for a new password of one."""

    def __init__(self, parent: QWidget, name: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("New password for {name}", name=name) if name else tr("New user"))
        self.setAccessibleName(self.windowTitle())
        self.setMinimumWidth(420)
        self.name, self.display, self.house = QLineEdit(name), QLineEdit(), QLineEdit()
        self.role = role_box()
        self.password, self.again = QLineEdit(), QLineEdit()
        self.display.setPlaceholderText(tr("Family^Given"))
        form = QFormLayout()
        form.setVerticalSpacing(8)
        rows = [
            (tr("User name"), self.name),
            (tr("Name in documents"), self.display),
            (tr("Organisation"), self.house),
            (tr("Role"), self.role),
        ]
        secrets = [(tr("Password"), self.password), (tr("Password again"), self.again)]
        for box in (self.password, self.again):
            box.setEchoMode(QLineEdit.EchoMode.Password)
        for title, field in secrets if name else [*rows, *secrets]:
            field.setAccessibleName(title)
            form.addRow(label(title, "muted"), field)
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(button(tr("Cancel"), self.reject))
        self.confirm = button(tr("Set password") if name else tr("Add user"), self.accept, tone="action")
        buttons.addWidget(self.confirm)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        if name:
            words = tr("The person gets a new key with it: what waits to be signed must be asked for again.")
            layout.addWidget(label(words, "muted", wraps=True))
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addLayout(buttons)

    def accept(self) -> None:
        """Take what was typed, if it can be taken."""
        if not self.name.text().strip():
            self.problem.say(tr("A user needs a name."))
        elif len(self.password.text()) < MIN_PASSWORD:
            self.problem.say(tr("Use at least %n characters for the password.", "", MIN_PASSWORD))
        elif self.password.text() != self.again.text():
            self.problem.say(tr("The two passwords differ."))
        else:
            super().accept()


def role_box() -> QComboBox:
    """Return a choice of roles."""
    made = choice(tr("Role"))
    for role in ROLES:
        made.addItem(tr(_ROLES[role]), role)
    return made


class UsersSection(Section):
    """Who may log in, and as what."""

    def __init__(self, office: Office) -> None:
        super().__init__(
            office,
            tr("Users"),
            tr("Nothing of a disabled user is removed; the last administrator stays one."),
        )
        self._me = ""
        self.table: RowTable[Account] = RowTable(
            tr("Users"),
            [
                Column(
                    tr("User"),
                    lambda row: tr("{name} (you)", name=row.name) if row.name == self._me else row.name,
                    150,
                ),
                Column(tr("Role"), lambda row: tr(_ROLES.get(row.role, row.role)), 260),
                Column(
                    tr("State"),
                    lambda row: tr("enabled") if row.enabled else tr("disabled"),
                    110,
                    state=lambda row: ("signed", "good") if row.enabled else ("excluded", "attention"),
                ),
                Column(tr("Name in documents"), lambda row: person_name(row.display_name)),
                Column(tr("Organisation"), lambda row: row.organization, 200),
            ],
            key=lambda row: row.name,
        )
        self.table.chosen.connect(self._on_chosen)
        self.body.addWidget(self.table, 1)
        self.add = button(tr("Add a user…"), self._on_add, name=tr("Add a user"), tone="action")
        self.role = role_box()
        self.set_role = button(tr("Set role"), self._on_role, name=tr("Set the role of the chosen user"))
        self.toggle = button(tr("Disable"), self._on_toggle, name=tr("Disable the chosen user"))
        self.passwd = button(
            tr("New password…"), self._on_password, name=tr("Give the chosen user a new password")
        )
        self.body.addLayout(row_of(self.add, 16, self.role, self.set_role, 16, self.toggle, self.passwd))
        self._on_chosen()

    def set_badge(self, badge: Badge | None) -> None:
        """Take note of who sits here."""
        self._me = badge.user if badge is not None else ""

    def refresh(self) -> None:
        """Read all users."""
        self.office.read(self, supervising.users, self._on_users, self.line.error)

    def _on_users(self, rows: tuple[Account, ...]) -> None:
        self.table.show_rows(rows)
        self._on_chosen()

    @property
    def _chosen(self) -> Account | None:
        chosen = self.table.selected()
        return chosen[0] if chosen else None

    def _on_chosen(self) -> None:
        user = self._chosen
        for made in (self.role, self.set_role, self.toggle, self.passwd):
            made.setEnabled(user is not None)
        if user is not None:
            self.role.setCurrentIndex(self.role.findData(user.role))
            self.toggle.setText(tr("Disable") if user.enabled else tr("Enable"))
            self.toggle.setAccessibleName(
                tr("Disable the chosen user") if user.enabled else tr("Enable the chosen user")
            )

    def _decided(self, row: RequestRow) -> None:
        self.line.say(row.outcome, "good")
        self.refresh()

    def _on_add(self) -> None:
        dialog = UserDialog(self)

        def send() -> None:
            made = {
                "name": dialog.name.text().strip(),
                "display_name": dialog.display.text().strip(),
                "organization": dialog.house.text().strip(),
                "role": str(dialog.role.currentData()),
                "password": dialog.password.text(),
            }
            self.office.request(
                self,
                lambda place, key: supervising.request_new_user(place, key, **made),
                self.line.watch(self, self._decided),
            )

        dialog.accepted.connect(send)
        dialog.open()

    def _on_password(self) -> None:
        user = self._chosen
        if user is None:
            return
        dialog = UserDialog(self, user.name)
        name = user.name

        def send() -> None:
            password = dialog.password.text()
            self.office.request(
                self,
                lambda place, key: supervising.request_password(place, key, name, password),
                self.line.watch(self, self._decided),
            )

        dialog.accepted.connect(send)
        dialog.open()

    def _on_role(self) -> None:
        self._change("role", str(self.role.currentData()))

    def _on_toggle(self) -> None:
        user = self._chosen
        if user is not None:
            self._change("disable" if user.enabled else "enable")

    def _change(self, action: str, role: str = "") -> None:
        user = self._chosen
        if user is not None:
            ask = partial(supervising.request_user_change, name=user.name, action=action, role=role)
            self.office.request(
                self, lambda place, key: ask(place, key), self.line.watch(self, self._decided)
            )
