"""How fast one peer may send: a rate that all its associations share."""

from __future__ import annotations

import threading
import time


class Pace:
    """A rate that all associations of one peer share: who is ahead of it waits."""

    def __init__(self, bytes_per_s: float) -> None:
        self._bytes_per_s = bytes_per_s
        self._free_at = 0.0
        self._lock = threading.Lock()

    def delay(self, count: int) -> float:
        """Note that so many bytes came; give the seconds to wait, after half a second of grace."""
        now = time.monotonic()
        with self._lock:
            self._free_at = max(self._free_at, now - 0.5) + count / self._bytes_per_s
            return max(self._free_at - now, 0.0)
