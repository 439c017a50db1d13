"""De-identification: who gets copies under which options, how many pseudonyms there are, who read the key table."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QLineEdit, QTabWidget, QWidget

from llmcxr_ws.keeping import DeidentificationSeen, Recipient, deidentification_seen, save_key_table
from llmcxr_ws.store.overview import KeyReading, Project
from ui.admin.peer_fields import OPTIONS
from ui.admin.section import Section, row_of
from ui.desk import Badge
from ui.dialogs import Dialog, button_row
from ui.language import tr
from ui.office import Office
from ui.tables import Column, RowTable, number_column, time_column
from ui.widgets import Banner, Mark, button, label, with_tone


class KeyTableDialog(Dialog):
    """Asks for what the key table is read: why, by whom, and where the file goes."""

    def __init__(self, parent: QWidget, project: str, user: str) -> None:
        super().__init__(parent, tr("Key table of {project}", project=project), width=560)
        self.project, self.user, self.path = project, user, Path()
        self.inside.addWidget(
            label(
                tr(
                    "The file will say whose pseudonym is whose, with names and birth dates. That you read it, and "
                    "why, stands in the audit trail before it is written."
                ),
                wraps=True,
            )
        )
        self.reason, self.password, self.file = QLineEdit(), QLineEdit(), QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.file.setText(str(Path.home() / f"key-table-{project}.csv"))
        for title, made in (
            (tr("Why"), self.reason),
            (tr("Password of {user}", user=user), self.password),
            (tr("New file"), self.file),
        ):
            made.setAccessibleName(title)
            self.inside.addWidget(label(title, "muted"))
            if made is self.file:
                chooser = button(tr("Choose…"), self._choose, name=tr("Choose the file"))
                row = row_of(made, chooser, stretch=False)
                row.setStretch(0, 1)
                self.inside.addLayout(row)
            else:
                self.inside.addWidget(made)
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        self.inside.addWidget(self.problem)
        self.confirm = button(tr("Write the file"), self.accept, tone="action")
        self.inside.addLayout(button_row(button(tr("Cancel"), self.reject), self.confirm))

    def accept(self) -> None:
        """Take what was typed, if it can be taken."""
        if not self.reason.text().strip():
            self.problem.say(tr("Say why the key table is read."))
        elif not self.password.text():
            self.problem.say(tr("The password is needed."))
        elif not self.file.text().strip():
            self.problem.say(tr("Name the file."))
        else:
            try:
                self.path = Path(self.file.text().strip()).expanduser()
            except RuntimeError:  # the home of an account that isn't there
                self.problem.say(tr("Nobody has the home that the file's name begins with: name its folder."))
            else:
                super().accept()

    def _choose(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, tr("New file"), self.file.text(), "CSV (*.csv)")
        if name:
            self.file.setText(name)


class DeidentificationSection(Section):
    """Recipients, projects, and the key that ties pseudonyms to patients."""

    POLL_MS = 15_000

    def __init__(self, office: Office) -> None:
        super().__init__(
            office,
            tr("De-identification"),
            tr(
                "Research peers get copies without the patient (PS3.15 Annex E). Profile, project and options of a "
                "peer stand in its form under Peers. Whose pseudonym is whose lies sealed in the database; only who "
                "can read the key file and proves to be an administrator sees it."
            ),
        )
        self._user = ""
        self._mark, self.key = Mark(), label("", wraps=True)
        row = row_of(self._mark, self.key, stretch=False)
        row.setStretch(1, 1)
        self.body.addLayout(row)
        self.recipients: RowTable[Recipient] = RowTable(
            tr("Who gets de-identified copies"),
            [
                Column(tr("Peer"), lambda row: row.name, 170),
                Column(tr("Research project"), lambda row: row.project, 170),
                Column(tr("Options of the profile"), lambda row: _options(row.options)),
            ],
            key=lambda row: row.name,
            wraps=True,
        )
        self.projects: RowTable[Project] = RowTable(
            tr("Pseudonyms by project"),
            [
                Column(tr("Research project"), lambda row: row.name, 200),
                number_column(tr("Pseudonyms"), lambda row: row.pseudonyms, 130),
                time_column(tr("First"), lambda row: row.first_at, 180),
                time_column(tr("Last"), lambda row: row.last_at),
            ],
            key=lambda row: row.name,
        )
        self.readings: RowTable[KeyReading] = RowTable(
            tr("Who read the key table"),
            [
                time_column(tr("When"), lambda row: row.at, 180),
                Column(tr("Who"), lambda row: row.by, 150),
                Column(tr("Research project"), lambda row: row.project, 170),
                number_column(tr("Rows"), lambda row: row.rows, 90),
                Column(tr("Why"), lambda row: row.reason),
            ],
            key=lambda row: row.number,
        )
        self.projects.chosen.connect(self._on_chosen)
        self.save = button(
            tr("Write the key table…"),
            self._on_save,
            name=tr("Write the key table of the chosen project into a file"),
        )
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(tr("De-identification"))
        for made, title in (
            (self.projects, tr("Pseudonyms by project")),
            (self.recipients, tr("Who gets copies")),
            (self.readings, tr("Who read the key table")),
        ):
            self.tabs.addTab(made, title)
        self.body.addWidget(self.tabs, 1)
        self.body.addLayout(row_of(self.save))
        self._on_chosen()

    def set_badge(self, badge: Badge | None) -> None:
        """Take note of who sits here."""
        self._user = badge.user if badge is not None else ""

    def refresh(self) -> None:
        """Read who gets copies and what was given."""
        self.look(deidentification_seen, self._on_seen)

    def _on_seen(self, found: DeidentificationSeen) -> None:
        self.recipients.show_rows(found.recipients)
        self.projects.show_rows(found.projects)
        self.readings.show_rows(found.readings)
        if found.projects and not self.projects.selected():
            self.projects.selectRow(0)
        self._on_chosen()
        if found.key_problem:
            shape, tone, words = "refused", "bad", tr(found.key_problem)
        elif found.has_key:
            shape, tone = "signed", "good"
            words = tr(
                "This account can read the key, {file}. Back it up with service.key.", file=found.key_file
            )
        else:
            shape, tone = "waiting", "muted"
            words = tr(
                "There is no key yet; it is made with the first pseudonym, as {file}.", file=found.key_file
            )
        self._mark.show_shape(shape, tone)
        self.key.setText(words)
        with_tone(self.key, tone if tone == "bad" else "")

    @property
    def _chosen(self) -> str:
        chosen = self.projects.selected()
        return chosen[0].name if chosen else ""

    def _on_chosen(self) -> None:
        self.save.setEnabled(bool(self._chosen))

    def _on_save(self) -> None:
        if not self._chosen:
            return
        dialog = KeyTableDialog(self.window(), self._chosen, self._user)

        def send() -> None:
            path, project = dialog.path, dialog.project
            user, password, reason = dialog.user, dialog.password.text(), dialog.reason.text()
            self.line.wait(tr("Opening the key table…"))
            self.office.read(
                self,
                lambda place: save_key_table(
                    place, path, project, user=user, password=password, reason=reason
                ),
                lambda rows: self._on_saved(path, rows),
                self.line.error,
            )

        dialog.accepted.connect(send)
        dialog.open()

    def _on_saved(self, path: Path, rows: int) -> None:
        self.line.say(
            tr(
                "%n pseudonym(s) were written to {file}, readable by this account only.",
                "",
                rows,
                file=str(path),
            ),
            "good",
        )
        self.refresh()


def _options(names: tuple[str, ...]) -> str:
    return ", ".join(tr(OPTIONS[name]) if name in OPTIONS else name for name in names) or tr(
        "none: the basic profile alone"
    )
