"""Logging: structlog over the standard handlers, to standard error and to files in the home, with no patient data.

Identifiers (UIDs, accession numbers, names) go through :func:`mask` before they reach an event. What a peer or a
person said stands in «» (:func:`quote`) and is hidden.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

import structlog

_QUOTATION: Final = re.compile("«.*?(»|$)", re.DOTALL)
_FILES_KEPT: Final = 6
"""Log files of each service that stay after their processes ended."""


@dataclass(frozen=True)
class LogFile:
    """Where a process keeps its log: one file of its own in a folder, two when the first is full."""

    folder: Path
    service: str
    max_mb: float


def mask(value: object) -> str:
    """A short hash that lets two log lines be matched without saying what they speak of."""
    return "#" + hashlib.sha256(str(value).encode()).hexdigest()[:10]


def quote(text: str) -> str:
    """Put what somebody else said into «»: people may read it, the log shows that there was something."""
    return "«" + text.replace("«", "<").replace("»", ">") + "»"


def hide_quotations(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave what stands in «» out of every value: a peer's comment may name a patient."""
    for key, value in event.items():
        if isinstance(value, str) and "«" in value:
            event[key] = _QUOTATION.sub("«…»", value)
    return event


def setup_logging(level: str = "info", *, json: bool = False, file: LogFile | None = None) -> None:
    """Send structlog and the standard library's log to standard error, and as JSON lines to a file."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_quotations,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.processors.KeyValueRenderer(
            key_order=["timestamp", "level", "logger", "event"], drop_missing=True
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    kept = _file_handler(file, shared) if file is not None and file.max_mb > 0 else None
    for earlier in root.handlers:
        if isinstance(earlier, RotatingFileHandler):
            earlier.close()
    root.handlers[:] = [handler] if kept is None else [handler, kept]
    root.setLevel(level.upper())
    # Their messages quote data sets and UIDs; ours say the same without them.
    for name in ("pynetdicom", "pydicom", "highdicom"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # It tells at every start of a process which plug-ins it has; what it changes, `llmcxr db upgrade` says.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _file_handler(file: LogFile, shared: list[structlog.typing.Processor]) -> logging.Handler | None:
    """The handler of a process's own file; None where the folder can't be written, which stops no service.

    The process id is part of the name: two processes that turned over the same file would lose lines.
    """
    if not file.folder.parent.is_dir():
        return None  # a home is made by the node, not by its log
    try:
        file.folder.mkdir(exist_ok=True, mode=0o700)
        _forget_old(file)
        path = file.folder / f"{file.service}-{os.getpid()}.jsonl"
        path.touch(mode=0o600)
        handler = RotatingFileHandler(path, maxBytes=int(file.max_mb * 1e6), backupCount=1, encoding="utf-8")
    except OSError as error:
        print(f"llmcxr: no log file can be kept in {file.folder}: {error.strerror}.", file=sys.stderr)
        return None
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    return handler


def _forget_old(file: LogFile) -> None:
    """Remove what ended processes of this service left, but for the latest files."""
    found: list[tuple[float, Path]] = []
    for path in file.folder.glob(f"{file.service}-*.jsonl*"):
        with suppress(OSError):  # another process that starts may be quicker
            if not is_of_running(path):
                found.append((path.stat().st_mtime, path))
    for _, path in sorted(found)[: max(len(found) - _FILES_KEPT, 0)]:
        with suppress(OSError):
            path.unlink()


def is_of_running(path: Path) -> bool:
    """Whether the process that a log file is named after still runs; on Windows its open file can't be removed."""
    number = path.name.rpartition("-")[2].partition(".")[0]
    if os.name != "posix" or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)  # signal 0 asks only (POSIX.1, kill)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one module."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound
