"""SQLite's log is moved on beside the commits; without a thread for it, or with a refusal, nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from llmcxr_ws.store import checkpoints
from llmcxr_ws.store.arrivals import Arrivals
from llmcxr_ws.store.checkpoints import Checkpoints
from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.world import arrival


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Database:
    """A database of its own."""
    path = tmp_path / "llmcxr.db"
    path.write_bytes(sqlite_template.read_bytes())
    return Database(f"sqlite:///{path}", durable=False)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_log_is_moved_on_by_another_thread(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "_COMMITS", 5)
    asked: list[str] = []
    plainly = checkpoints.run_plainly

    def watched(connection: object, sql: str) -> object:
        asked.append(f"{threading.current_thread().name}: {sql}")
        return plainly(connection, sql)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoints, "run_plainly", watched)
    arrivals = Arrivals(sqlite)
    for number in range(1, 6):
        arrivals.record(arrival(1, number))
    wait_for(lambda: "checkpoints: PRAGMA wal_checkpoint(PASSIVE)" in asked)
    arrivals.close()
    assert [line for line in asked if line.startswith("MainThread")] == [
        "MainThread: PRAGMA wal_autocheckpoint=8000"
    ]
    assert not any(thread.name == "checkpoints" for thread in threading.enumerate())
    with sqlite.engine.connect() as connection:  # what was set for the writer stays with it
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == 1000
    sqlite.close()


def test_without_a_thread_what_was_committed_counts(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_COMMITS", 1)
    arrivals = Arrivals(sqlite)
    with monkeypatch.context() as patch:

        def full(_thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        patch.setattr(checkpoints.threading.Thread, "start", full)
        assert arrivals.record(arrival(1, 1)).new
    assert arrivals.record(arrival(1, 2)).new  # there is room again
    wait_for(lambda: any(thread.name == "checkpoints" for thread in threading.enumerate()))
    arrivals.close()
    sqlite.close()


def test_a_refusal_is_tried_again(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bool] = []

    def refused(*_: object) -> None:
        tried.append(True)
        raise OperationalError("PRAGMA wal_checkpoint(PASSIVE)", None, Exception("disk I/O error"))

    monkeypatch.setattr(checkpoints, "_COMMITS", 1)
    monkeypatch.setattr(checkpoints, "run_plainly", refused)
    made = Checkpoints(sqlite)
    for count in (1, 2):
        made.committed()
        wait_for(lambda: len(tried) == count)  # noqa: B023
    made.close()
    made.committed()
    assert len(tried) == 2
    sqlite.close()
