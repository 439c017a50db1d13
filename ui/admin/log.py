"""The live log: what the services on this machine write, and the audit trail's end. Neither holds patient data."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtWidgets import QCheckBox, QLineEdit, QTabWidget, QVBoxLayout, QWidget

from llmcxr_ws import supervising
from llmcxr_ws.logfile import LEVELS, LogLine
from llmcxr_ws.store.supervision import SEARCHED, AuditRow
from ui.admin.section import Section, row_of
from ui.language import mark, tr
from ui.office import Office
from ui.tables import Column, RowTable, number_column
from ui.tasks import Ticket
from ui.text import grouped
from ui.widgets import choice, label

_SERVICES = (
    ("", mark("all services")),
    ("listener", mark("listener")),
    ("courier", mark("courier")),
    ("watcher", mark("watcher")),
    ("web", mark("STOW-RS server")),
    ("node", mark("node")),
    ("engine", mark("engine")),
    ("shadow", mark("shadow engine")),
    ("window", mark("window")),
)
_LEVELS = {
    "debug": ("", "muted", mark("debug")),
    "info": ("alive", "text", mark("info")),
    "warning": ("failed", "attention", mark("warning")),
    "error": ("refused", "bad", mark("error")),
    "critical": ("refused", "bad", mark("critical")),
}


def local_time(at: str) -> str:
    """Return a UTC time of the log as local time, to the second."""
    try:
        return datetime.fromisoformat(at).astimezone().strftime("%m-%d %H:%M:%S")
    except ValueError:
        return at


class LogSection(Section):
    """The log's tail, and the trail's."""

    POLL_MS = 1500

    def __init__(self, office: Office) -> None:
        super().__init__(
            office,
            tr("Live log"),
            tr(
                "What the services on this machine write into the folder “logs” of the home, and who did what. "
                "Identifiers are masked; no patient is named."
            ),
        )
        self._looking = Ticket()
        self.service, self.level = choice(tr("Service")), choice(tr("Lowest level"))
        self.words = QLineEdit()
        for name, words in _SERVICES:
            self.service.addItem(tr(words), name)
        for name in LEVELS:
            self.level.addItem(tr(_LEVELS[name][2]), name)
        self.level.setCurrentIndex(LEVELS.index("info"))
        self.words.setAccessibleName(tr("Search the log"))
        self.words.setToolTip(
            tr("In the audit trail, actor and event of the latest {count} rows", count=grouped(SEARCHED))
        )
        self.words.setPlaceholderText(tr("Search"))
        self.words.setClearButtonEnabled(True)
        self.follows = QCheckBox(tr("Follow"))
        self.follows.setAccessibleName(tr("Follow the end of the log"))
        self.follows.setChecked(True)
        self.lines: RowTable[LogLine] = RowTable(
            tr("Log of the services"),
            [
                Column(tr("Time"), lambda row: local_time(row.at), 120, key=lambda row: row.at),
                Column(
                    tr("Level"),
                    lambda row: tr(_LEVELS[row.level][2]) if row.level in _LEVELS else row.level,
                    100,
                    state=lambda row: _LEVELS.get(row.level, ("", "text", ""))[:2],
                ),
                Column(tr("Service"), lambda row: row.service, 90),
                Column(tr("What"), lambda row: row.event, 210),
                Column(tr("Detail"), lambda row: row.detail),
            ],
            key=lambda row: (row.at, row.service, row.event, row.detail),
        )
        self.trail: RowTable[AuditRow] = RowTable(
            tr("Audit trail"),
            [
                number_column(tr("Number"), lambda row: row.id, 80, text=str),
                Column(tr("Time"), lambda row: local_time(row.at), 120, key=lambda row: row.at),
                Column(tr("Who"), lambda row: row.actor, 100),
                Column(tr("What"), lambda row: row.event, 210),
                Column(tr("Study"), lambda row: str(row.study_id or ""), 70),
                Column(tr("Detail"), lambda row: row.detail),
            ],
            key=lambda row: row.id,
        )
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(tr("Logs"))
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, 8, 0, 0)
        inside.addLayout(
            row_of(
                label(tr("Service"), "muted"), self.service, 8, label(tr("From level"), "muted"), self.level
            )
        )
        inside.addWidget(self.lines, 1)
        self.tabs.addTab(page, tr("Services"))
        self.tabs.addTab(self.trail, tr("Audit trail"))
        found = row_of(self.words, self.follows, stretch=False)
        found.setStretch(0, 1)
        self.body.addLayout(found)
        self.body.addWidget(self.tabs, 1)
        for box in (self.service, self.level):
            box.currentIndexChanged.connect(lambda _: self.refresh())
        self.words.textChanged.connect(lambda _: self.refresh())
        self.tabs.currentChanged.connect(lambda _: self.refresh())

    def refresh(self) -> None:
        """Read the end of what is shown."""
        words = self.words.text()
        if self.tabs.currentIndex() == 1:
            self.office.read(
                self,
                lambda place: supervising.audit_tail(place, words=words),
                self._on_trail,
                self.line.error,
            )
            return
        service, lowest = str(self.service.currentData()), str(self.level.currentData())
        self._looking.cancel()  # two at once may end in either order
        self._looking = self.office.look(
            self,
            lambda place: supervising.log_tail(place, service=service, lowest=lowest, words=words),
            self._on_lines,
            self.line.error,
        )

    def _on_lines(self, rows: tuple[LogLine, ...]) -> None:
        self._show(self.lines, rows)
        if not rows:
            self.line.say(
                tr(
                    "No line fits. Log files are kept unless log_file_mb is 0; this shows only this machine's."
                ),
                "muted",
            )
        elif self.line.text:
            self.line.say("")

    def _on_trail(self, rows: tuple[AuditRow, ...]) -> None:
        self._show(self.trail, rows)
        self.line.say("")

    def _show(self, table: RowTable, rows: tuple) -> None:  # type: ignore[type-arg]
        if table.rows == rows:
            return
        table.show_rows(rows)
        if self.follows.isChecked():
            table.scrollToBottom()
