"""The self-test: `llmcxr doctor` in the window, each check as it ends, with what to do.

It runs in a process of its own: the checks open models and DICOM associations, which a window never loads.
"""

from __future__ import annotations

from typing import Any

from ui.admin.command import Command
from ui.admin.section import Section, row_of
from ui.language import mark, tr
from ui.office import Office
from ui.tables import Column, RowTable
from ui.widgets import button

_STATES = {
    "ok": ("signed", "good", mark("well")),
    "failed": ("refused", "bad", mark("failed")),
    "broken": ("failed", "bad", mark("couldn't be made")),
}
_ROOMS = {
    "engine": mark("Engine"),
    "hall": mark("Home and database"),
    "node": mark("DICOM node"),
    "ui": mark("Window"),
}
_FIELDS = {"room", "name", "message", "what_to_do"}


class SelfTestSection(Section):
    """All checks of all rooms."""

    def __init__(self, office: Office) -> None:
        super().__init__(
            office,
            tr("Self-test"),
            tr(
                "Everything that must work, checked on this machine as “llmcxr doctor” does. It takes some seconds."
            ),
        )
        self.table: RowTable[dict[str, Any]] = RowTable(
            tr("Checks"),
            [
                Column(
                    tr("Result"),
                    lambda row: tr(_STATES[row["state"]][2]),
                    100,
                    state=lambda row: _STATES[row["state"]][:2],
                ),
                Column(tr("Where"), lambda row: tr(_ROOMS.get(row["room"], row["room"])), 150),
                Column(tr("Check"), lambda row: row["name"], 100),
                Column(tr("What was found"), lambda row: row["message"]),
                Column(tr("What to do"), lambda row: row["what_to_do"], 230),
            ],
            key=lambda row: (row["room"], row["name"]),
            wraps=True,
        )
        self.run = button(tr("Run the self-test"), self.start, tone="action")
        self.body.addLayout(row_of(self.run))
        self.body.addWidget(self.table, 1)
        self.command = Command(office.home, self)
        self.command.told.connect(self._on_told)
        self.command.ended.connect(self._on_end)
        self.command.lacking.connect(self._on_lacking)

    @property
    def is_running(self) -> bool:
        """Whether checks are under way."""
        return self.command.is_running

    def start(self) -> None:
        """Run all checks anew."""
        if self.is_running:
            return
        self.table.show_rows(())
        self.run.setEnabled(False)
        self.line.wait(tr("Checking…"))
        self.command.start(["doctor", "--json"])

    def set_active(self, is_active: bool) -> None:
        """Run once when it is first shown; stop with the window."""
        super().set_active(is_active)
        if is_active and not self.table.rows:
            self.start()

    def stop(self) -> None:
        """End the checks that are under way."""
        self.command.stop()

    def _on_told(self, rows: list[dict[str, Any]]) -> None:
        known = [row for row in rows if row.get("state") in _STATES and row.keys() >= _FIELDS]
        self.table.show_rows((*self.table.rows, *known))

    def _on_end(self, code: int, by_itself: bool) -> None:
        self.run.setEnabled(True)
        bad = sum(row["state"] != "ok" for row in self.table.rows)
        # It ends with 0 when every check passed and with 1 when one didn't; all else is no end of a self-test.
        is_whole = by_itself and code == (1 if bad else 0)
        if not self.table.rows:
            self.line.say(tr("The self-test said nothing. Run “llmcxr doctor” in a terminal."), "bad")
        elif not is_whole:
            self.line.say(
                tr(
                    "The self-test ended early, after %n check(s). Run “llmcxr doctor” in a terminal.",
                    "",
                    len(self.table.rows),
                ),
                "bad",
            )
        elif bad:
            self.line.say(tr("%n check(s) didn't pass; what to do stands beside them.", "", bad), "bad")
        else:
            self.line.say(tr("All %n checks passed.", "", len(self.table.rows)), "good")

    def _on_lacking(self) -> None:
        self.run.setEnabled(True)
        self.line.say(tr("The self-test can't be started. Run “llmcxr doctor” in a terminal."), "bad")
