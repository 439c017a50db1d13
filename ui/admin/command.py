"""A command of `llmcxr` in a process of its own, whose lines of JSON come back as they are printed.

For what a window never loads (models, DICOM associations) and for what looks at every study and file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

_STOP_MS = 2000


class Command(QObject):
    """Runs one command at a time on a home.

    Signals
    -------
    told(list) : objects of JSON, in the order in which they were printed
    ended(int, bool) : the exit code, and whether the process ended by itself
    lacking() : it can't be started
    """

    told = Signal(list)
    ended = Signal(int, bool)
    lacking = Signal()

    def __init__(self, home: str, parent: QObject) -> None:
        super().__init__(parent)
        self._home, self._rest = home, b""
        self.process: QProcess | None = None
        self.said = ""

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self.process is not None

    def start(self, arguments: Sequence[str]) -> None:
        """Run it, unless one is under way."""
        if self.process is not None:
            return
        self._rest, self.said = b"", ""
        self.process = process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("LLMCXR_HOME", self._home)
        environment.insert("PYTHONUNBUFFERED", "1")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._on_output)
        process.finished.connect(lambda code, status: self._on_end(process, code, status))
        process.errorOccurred.connect(self._on_no_process)
        own = [] if getattr(sys, "frozen", False) else ["-m", "llmcxr_ws.cli"]
        process.start(sys.executable, [*own, *arguments])

    def stop(self) -> None:
        """End it, wherever it is."""
        process, self.process = self.process, None
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(_STOP_MS)

    def _on_output(self) -> None:
        if self.process is None:
            return
        *lines, self._rest = (self._rest + bytes(self.process.readAllStandardOutput().data())).split(b"\n")
        self.told.emit([row for line in lines if (row := _row(line)) is not None])

    def _on_end(self, process: QProcess, code: int, status: QProcess.ExitStatus) -> None:
        self._on_output()
        self.said = bytes(process.readAllStandardError().data()).decode(errors="replace").strip()
        self.process = None
        process.deleteLater()
        self.ended.emit(code, status == QProcess.ExitStatus.NormalExit)

    def _on_no_process(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.process = None
            self.lacking.emit()


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:  # something that a library printed
        return None
    return found if isinstance(found, dict) else None
