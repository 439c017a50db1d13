"""What one peer may take of the listener: a rate that its associations share, and their number."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Final

from llmcxr_ws.site import Peer

_GRACE_S: Final = 0.5


class Pace:
    """A rate that all associations of one peer share: who is ahead of it waits."""

    def __init__(self, bytes_per_s: float) -> None:
        self.bytes_per_s = bytes_per_s
        self._free_at = 0.0
        self._lock = threading.Lock()

    def delay(self, count: int) -> float:
        """Note that so many bytes came; give the seconds to wait, after half a second of grace."""
        now = time.monotonic()
        with self._lock:
            self._free_at = max(self._free_at, now - _GRACE_S) + count / self.bytes_per_s
            return max(self._free_at - now, 0.0)


class PeerLimits:
    """The paces and the numbers of associations of all peers, by their names."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._paces: dict[str, Pace] = {}
        self._lock = threading.Lock()

    def enter(self, peer: Peer) -> bool:
        """Count an association; False, and not counted, when the peer has as many as it may."""
        with self._lock:
            if peer.max_associations is not None and self._open[peer.name] >= peer.max_associations:
                return False
            self._open[peer.name] += 1
            return True

    def leave(self, name: str) -> None:
        """An association that was counted has ended."""
        with self._lock:
            self._open[name] -= 1

    def pace_of(self, peer: Peer) -> Pace | None:
        """The rate that the peer's associations share; None where it has none."""
        if peer.max_mb_s is None:
            return None
        rate = peer.max_mb_s * 1e6
        with self._lock:
            pace = self._paces.get(peer.name)
            if pace is None or pace.bytes_per_s != rate:
                pace = self._paces[peer.name] = Pace(rate)
            return pace
