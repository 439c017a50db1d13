"""The log files in the home: where each process writes its own, and their common tail for the window.

What stands in them went through the same masks as what goes to standard error (:mod:`llmcxr_ws.log`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from llmcxr_ws.config import MachineConfig
from llmcxr_ws.log import LogFile

FOLDER: Final = "logs"
LEVELS: Final = ("debug", "info", "warning", "error")
_READ_BYTES: Final = 400_000
_TO_THE_SECOND: Final = len("2026-11-22T10:00:00")
_OWN: Final = ("timestamp", "level", "event", "logger")


@dataclass(frozen=True)
class LogLine:
    """One line of a service's log; `at` is a UTC time as ISO 8601."""

    at: str
    level: str
    service: str
    event: str
    detail: str


def log_file(home: Path, config: MachineConfig, service: str) -> LogFile:
    """Where a service of this home keeps its log."""
    return LogFile(home / FOLDER, service, config.log_file_mb)


def tail(
    home: Path, *, services: Collection[str] = (), lowest: str = "debug", words: str = "", limit: int = 500
) -> tuple[LogLine, ...]:
    """The latest lines of all services on this machine, oldest first.

    Parameters
    ----------
    services : collection of str
        Only these; empty for all.
    lowest : str
        Lowest level that is given.
    words : str
        Only lines that hold this text, in any case.
    """
    least, wanted = LEVELS.index(lowest), words.casefold()
    # As the log's renderer writes it (quotation marks inside a value are escaped): quicker than reading it as JSON.
    below = tuple(f'"level": "{level}"' for level in LEVELS[:least])

    def is_shown(line: LogLine) -> bool:
        return (
            _rank(line.level) >= least and wanted in f"{line.service} {line.event} {line.detail}".casefold()
        )

    found: list[LogLine] = []
    for written, path in _files(home / FOLDER):
        service = path.name.split("-")[0]
        if services and service not in services:
            continue
        if len(found) == limit and written < found[0].at[:_TO_THE_SECOND]:
            break  # it, and every file after it, ends before all that is shown
        raws = (raw for raw in reversed(_last_lines(path)) if not any(level in raw for level in below))
        lines = (line for raw in raws if (line := _line(service, raw)) is not None)
        latest = list(islice(filter(is_shown, lines), limit))
        found = sorted([*found, *reversed(latest)], key=lambda line: line.at)[-limit:]
    return tuple(found)


def _files(folder: Path) -> list[tuple[str, Path]]:
    """The log files, the one that was written to last first, each with when that was: UTC to the second."""
    found = []
    for path in folder.glob("*.jsonl*") if folder.is_dir() else ():
        with suppress(OSError):  # swept in this very moment
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            found.append((at.isoformat()[:_TO_THE_SECOND], path))
    return sorted(found, reverse=True)


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)  # critical, and what nobody foresaw


def _last_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _READ_BYTES, 0))
            data = file.read()
    except OSError:  # turned over, or swept, in this very moment
        return []
    lines = data.decode("utf-8", "replace").splitlines()
    return lines[1:] if size > _READ_BYTES else lines


def _line(service: str, raw: str) -> LogLine | None:
    try:
        values = json.loads(raw)
    except ValueError:  # a line that is being written
        return None
    if not isinstance(values, dict):
        return None
    detail = ", ".join(f"{key} {_shown(value)}" for key, value in values.items() if key not in _OWN)
    return LogLine(
        at=str(values.get("timestamp", "")),
        level=str(values.get("level", "")),
        service=service,
        event=str(values.get("event", "")),
        detail=detail,
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
