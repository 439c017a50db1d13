"""Logging: structlog over the standard handlers, to standard error, with no patient data.

Identifiers (UIDs, accession numbers, names) go through :func:`mask` before they reach an event. What a peer or a
person said stands in «» (:func:`quote`) and is hidden.
"""

from __future__ import annotations

import hashlib
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

_QUOTATION: Final = re.compile("«.*?(»|$)", re.DOTALL)


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


def setup_logging(level: str = "info", *, json: bool = False) -> None:
    """Send structlog and the standard library's log to standard error."""
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
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Their messages quote data sets and UIDs; ours say the same without them.
    for name in ("pynetdicom", "pydicom", "highdicom"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # It tells at every start of a process which plug-ins it has; what it changes, `llmcxr db upgrade` says.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one module."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound
