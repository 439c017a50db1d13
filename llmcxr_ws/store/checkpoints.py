"""Moving what was committed from SQLite's write-ahead log into the database, beside the writer instead of before it.

SQLite's own way is that the writer whose commit makes the log long does it for all, two syncs included, and whoever
waits for that commit waits for them too.
"""

from __future__ import annotations

import threading
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from llmcxr_ws.store.database import Database
from llmcxr_ws.store.prepared import run_plainly

_COMMITS: Final = 80
"""About as many as fill the thousand pages after which SQLite would do it."""
_LONGEST_PAGES: Final = 8000
"""From so long a log on the writer does it all the same: a log that is always written to can only so begin anew."""


class Checkpoints:
    """Does it in a thread of its own, made when it is first needed; nothing where the database isn't SQLite's."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._commits = 0
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._over = False
        self._thread: threading.Thread | None = None

    def leave_to_us(self, connection: Connection) -> None:
        """A writer's new connection: it needn't do it itself."""
        if self._db.is_sqlite:
            run_plainly(connection, f"PRAGMA wal_autocheckpoint={_LONGEST_PAGES}")

    def committed(self) -> None:
        """One more was committed; by one thread at a time. Never raises: what was committed stays so."""
        self._commits += 1
        if self._commits < _COMMITS or not self._db.is_sqlite:
            return
        self._commits = 0
        with self._lock:
            if self._over:
                return
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no room for one more thread: the writer does it when the log is long
                    return
                self._thread = thread
        self._wanted.set()

    def close(self) -> None:
        """Nothing more will be committed."""
        with self._lock:
            self._over = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._wanted.wait() and not self._over:
            self._wanted.clear()
            try:
                with self._db.engine.connect() as connection:
                    run_plainly(connection, "PRAGMA wal_checkpoint(PASSIVE)")
            except SQLAlchemyError:  # full, or in use: the log grows, and the writer is told when it can't
                continue
