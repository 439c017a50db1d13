"""Disk: free space where films and database lie, against the watermarks, and how much there is of what."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from llmcxr_ws import supervising
from llmcxr_ws.supervising import Disk, Space
from ui.admin.section import Section, row_of
from ui.language import mark, tr
from ui.office import Office
from ui.tables import Column, RowTable
from ui.text import decimal, grouped
from ui.widgets import Mark, label, with_tone

WHAT = {"objects": mark("Films and documents"), "database": mark("Database")}
VERDICTS = {
    "good": ("signed", "good", mark("Enough room.")),
    "low": ("failed", "attention", mark("Getting full: free some space, or films will be refused.")),
    "full": ("refused", "bad", mark("Full: nothing more is taken until there is room again.")),
}


_FORESEEN = 3650  # days: what lies beyond isn't foreseen


def size(count: float) -> str:
    """Return bytes in the unit that people would use."""
    for unit, amount in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= amount:
            return f"{decimal(count / amount, 1)} {unit}"
    return f"{count:.0f} B"


class DiskPanel(QWidget):
    """One file system."""

    def __init__(self) -> None:
        super().__init__()
        self._title, self._words = label("", "heading"), label("", wraps=True)
        self._path = label("", "muted", wraps=True)
        self._mark = Mark()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(4)
        layout.addWidget(self._title)
        layout.addWidget(self.bar)
        words = row_of(self._mark, self._words, stretch=False)
        words.setStretch(1, 1)
        layout.addLayout(words)
        layout.addWidget(self._path)

    @property
    def text(self) -> str:
        """What it says."""
        return self._words.text()

    def show_disk(self, disk: Disk, days_left: float | None) -> None:
        """Show how full it is."""
        shape, tone, words = VERDICTS[disk.state]
        title = tr(WHAT[disk.what])
        self._title.setText(title)
        self.bar.setAccessibleName(tr("{what}: used space", what=title))
        used = 1 - disk.free / disk.total if disk.total else 1.0
        self.bar.setValue(round(used * 1000))
        said = tr(
            "{free} of {total} free ({share} % used). {verdict}",
            free=size(disk.free),
            total=size(disk.total),
            share=round(used * 100),
            verdict=tr(words),
        )
        if days_left is not None:
            said = tr(
                "{said} At the rate of the last day there is room for {days} days.",
                said=said,
                days=f"{days_left:.0f}",
            )
        self._words.setText(said)
        with_tone(self._words, tone if tone != "good" else "")
        self._mark.show_shape(shape, tone)
        self._path.setText(
            tr(
                "{path}; warned below {warns}, the listener takes nothing below {stops}",
                path=disk.path,
                warns=size(disk.warns_below),
                stops=size(disk.stops_below),
            )
            if disk.what == "objects"
            else tr("{path}; warned below {warns}", path=disk.path, warns=size(disk.warns_below))
        )


class DiskSection(Section):
    """Space and sizes."""

    POLL_MS = 10_000

    def __init__(self, office: Office) -> None:
        super().__init__(
            office, tr("Disk"), tr("Room for films, documents and the database, as this machine sees it.")
        )
        self.panels: dict[str, DiskPanel] = {}
        self._disks = QVBoxLayout()
        self.body.addLayout(self._disks)
        self.sums = label("", wraps=True)
        self.body.addWidget(self.sums)
        self._estimated: frozenset[str] = frozenset()
        self.table: RowTable[tuple[str, int]] = RowTable(
            tr("Rows in the database"),
            [
                Column(tr("Table"), lambda row: row[0], 200),
                Column(
                    tr("Rows"),
                    lambda row: self._about(row[0], grouped(row[1])),
                    140,
                    key=lambda row: row[1],
                    is_number=True,
                ),
                Column("", lambda row: ""),
            ],
            key=lambda row: row[0],
        )
        self.body.addWidget(self.table, 1)

    def refresh(self) -> None:
        """Look again."""
        self.office.read(self, supervising.space, self._on_space, self.line.error)

    def _on_space(self, found: Space) -> None:
        sums = found.sizes
        self._estimated = sums.estimated
        for disk in found.disks:
            if disk.what not in self.panels:
                self.panels[disk.what] = DiskPanel()
                self._disks.addWidget(self.panels[disk.what])
            left = disk.free / sums.last_day_bytes if disk.what == "objects" and sums.last_day_bytes else None
            self.panels[disk.what].show_disk(disk, left if left is not None and left < _FORESEEN else None)
        since = sums.first_at.astimezone().date().isoformat() if sums.first_at else "–"
        days = max((datetime.now(UTC) - sums.first_at).days, 1) if sums.first_at else 1
        self.sums.setText(
            tr(
                "{studies} studies with {instances} instances ({bytes}) since {since}, {rate} a day; "
                "{documents} documents made; the database takes {database}.",
                studies=self._about("study", grouped(sums.studies)),
                instances=self._about("instance", grouped(sums.instances)),
                bytes=self._about("bytes", size(sums.instance_bytes)),
                since=since,
                rate=size(sums.instance_bytes / days),
                documents=self._about("document", grouped(sums.documents)),
                database=size(sums.database_bytes),
            )
        )
        self.table.show_rows(found.sizes.rows)

    def _about(self, what: str, said: str) -> str:
        """A number, marked where it was estimated."""
        return tr("about {number}", number=said) if what in self._estimated else said
