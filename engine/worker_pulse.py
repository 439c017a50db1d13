"""What goes on beside the worker's job in hand: its lease is renewed, and an answer's pieces are handed on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from llmcxr_ws import jobs
from llmcxr_ws.jobs import Claimed, LeaseLost
from llmcxr_ws.log import logger
from llmcxr_ws.store import services
from llmcxr_ws.store.database import Database

SERVICE_SEEN_S = 5.0
# Eight pieces of an answer a second: quick for a reader, light for the database.
CHUNK_PAUSE_S = 0.125

log = logger("engine.worker")


class Pulse:
    """A thread that renews the lease of the job in hand and the worker's own row."""

    def __init__(self, db: Database, name: str, lease_s: float) -> None:
        self._db = db
        self._name = name
        self._lease_s = lease_s
        self._pause_s = min(lease_s / 4, SERVICE_SEEN_S)
        self._claimed: Claimed | None = None
        self._lost: Claimed | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine-pulse", daemon=True)
        self._thread.start()

    def hold(self, claimed: Claimed | None) -> None:
        """Say which job is in hand."""
        self._claimed = claimed

    def check(self) -> None:
        """Raise LeaseLost when the job in hand is known to be somebody else's."""
        claimed = self._claimed
        if claimed is not None and claimed is self._lost:
            raise LeaseLost(f"Job {claimed.id}, attempt {claimed.attempt}, is no longer held by this worker.")

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._pause_s):
            try:
                services.seen(self._db, self._name)
                claimed = self._claimed
                if claimed is not None and not jobs.heartbeat(self._db, claimed, self._lease_s):
                    # The job may have ended in this very moment; then nobody holds it any more.
                    self._lost = claimed
            except Exception:  # process boundary: a missed beat is mended by the next, or the lease runs out
                log.exception("engine.heartbeat_failed")


class Chunks:
    """Gathers an answer's pieces and hands them on a few times a second."""

    def __init__(self, write: Callable[[int, str], Any]) -> None:
        self._write = write
        self._seq = 0
        self._pending = ""
        self._written_at = 0.0

    def push(self, text: str) -> None:
        """Take a piece; hand on what has gathered where the last time is long enough ago."""
        self._pending += text
        now = time.monotonic()
        if now - self._written_at >= CHUNK_PAUSE_S:
            self._write(self._seq, self._pending)
            self._seq, self._pending, self._written_at = self._seq + 1, "", now
