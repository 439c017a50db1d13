"""What every test shares: the watch on the log, and the session's PostgreSQL server.

Warnings of Python are errors everywhere (pyproject.toml). A log record of WARNING or above is one too, unless the
test says that it belongs to what is tested::

    def test_refuses_a_stranger(allow_log):
        allow_log("association rejected")     # any record that contains this text

or, for a whole test or module, ``pytestmark = pytest.mark.allow_log("refused")``. What child processes log isn't
seen. pynetdicom, pydicom and highdicom are as silent as :func:`llmcxr_ws.log.setup_logging` makes them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from tests.postgres import PostgresServer, running_postgres

AllowLog = Callable[[str], None]

_SILENCED = ("pynetdicom", "pydicom", "highdicom")


def pytest_configure(config: pytest.Config) -> None:
    """Let structlog speak through the standard library, so that the watch hears it."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


@pytest.fixture(autouse=True)
def allow_log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[AllowLog]:
    """Fail a test that logs a warning or error which it didn't announce; call it with a part of the record's text."""
    allowed = [text for mark in request.node.iter_markers("allow_log") for text in mark.args]
    seen: list[str] = []
    call_handlers, root = logging.Logger.callHandlers, logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def watch(logger: logging.Logger, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            seen.append(f"{record.levelname} {record.name}: {record.getMessage()}")
        call_handlers(logger, record)

    # Not a handler on the root logger: the product's own setup would take it away.
    monkeypatch.setattr(logging.Logger, "callHandlers", watch)
    levels = {name: logging.getLogger(name).level for name in _SILENCED}
    for name in _SILENCED:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    yield allowed.append
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    unexpected = [line for line in seen if not any(text in line for text in allowed)]
    if unexpected:
        pytest.fail("logged without being announced by allow_log:\n" + "\n".join(unexpected[:20]))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The session's PostgreSQL server; a machine without one skips what needs it, except on CI."""
    with running_postgres() as server:
        yield server
