"""The self-test: `llmcxr doctor` in the window, each check as it ends, with what to do.

It runs in a process of its own: the checks open models and DICOM associations, which a window never loads.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from PySide6.QtCore import QProcess, QProcessEnvironment

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
_STOP_MS = 2000


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
        self._process: QProcess | None = None
        self._rest = b""

    @property
    def is_running(self) -> bool:
        """Whether checks are under way."""
        return self._process is not None

    def start(self) -> None:
        """Run all checks anew."""
        if self._process is not None:
            return
        self.table.show_rows(())
        self._rest = b""
        self.run.setEnabled(False)
        self.line.wait(tr("Checking…"))
        self._process = process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("LLMCXR_HOME", self.office.home)
        environment.insert("PYTHONUNBUFFERED", "1")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._on_output)
        process.finished.connect(lambda code, status: self._on_end(process, code, status))
        process.errorOccurred.connect(self._on_no_process)
        own = [] if getattr(sys, "frozen", False) else ["-m", "llmcxr_ws.cli"]
        process.start(sys.executable, [*own, "doctor", "--json"])

    def set_active(self, is_active: bool) -> None:
        """Run once when it is first shown; stop with the window."""
        super().set_active(is_active)
        if is_active and not self.table.rows:
            self.start()

    def stop(self) -> None:
        """End the checks that are under way."""
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(_STOP_MS)

    def _on_output(self) -> None:
        if self._process is None:
            return
        *lines, self._rest = (self._rest + bytes(self._process.readAllStandardOutput().data())).split(b"\n")
        found = [row for line in lines if (row := _row(line)) is not None]
        self.table.show_rows((*self.table.rows, *found))

    def _on_end(self, process: QProcess, code: int, status: QProcess.ExitStatus) -> None:
        self._on_output()
        self._process = None
        process.deleteLater()
        self.run.setEnabled(True)
        bad = sum(row["state"] != "ok" for row in self.table.rows)
        # It ends with 0 when every check passed and with 1 when one didn't; all else is no end of a self-test.
        is_whole = status == QProcess.ExitStatus.NormalExit and code == (1 if bad else 0)
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

    def _on_no_process(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._process = None
            self.run.setEnabled(True)
            self.line.say(tr("The self-test can't be started. Run “llmcxr doctor” in a terminal."), "bad")


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:  # something that a library printed
        return None
    known = isinstance(found, dict) and found.get("state") in _STATES
    return found if known and {"room", "name", "message", "what_to_do"} <= found.keys() else None
