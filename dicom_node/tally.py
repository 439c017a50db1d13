"""What the listener and the STOW-RS server count: a few integers under a lock, handed on with each one's heartbeat.

No metrics library and no file: one addition for each instance, and one JSON value in a row that is written anyway
every few seconds. The counts begin anew with each process, as counters of Prometheus may.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any, Final

_MOST_PLACES: Final = 200
"""Strangers that are told apart between two heartbeats; a flood of them must not fill the memory."""


class Tally:
    """Counts of one process; safe to use from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._instances: Counter[tuple[str, str]] = Counter()
        self._bytes: Counter[tuple[str, str]] = Counter()
        self._associations: Counter[tuple[str, str]] = Counter()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._rejections: Counter[tuple[str, str, str]] = Counter()

    def received(self, peer: str, outcome: str, size: int) -> None:
        """One instance came from a configured peer, of so many bytes."""
        with self._lock:
            self._instances[peer, outcome] += 1
            self._bytes[peer, outcome] += size

    def association(self, peer: str, outcome: str) -> None:
        """One association was accepted or rejected; `peer` is empty for a stranger."""
        with self._lock:
            self._associations[peer, outcome] += 1

    def rejected(self, peer: str, calling: str, address: str, reason: str) -> None:
        """One association was rejected: counted, and kept for the audit trail until :meth:`take_rejections`."""
        with self._lock:
            self._associations[peer, "rejected"] += 1
            self._turn_away(calling, address, reason)

    def request(self, peer: str, status: int) -> None:
        """One STOW-RS request was answered; `peer` is empty for a stranger."""
        with self._lock:
            self._requests[peer, str(status)] += 1

    def handshake_failed(self, address: str, reason: str) -> None:
        """One connection to the STOW-RS server ended before there was TLS: counted, and kept as a rejection is."""
        with self._lock:
            self._requests["", "tls"] += 1
            self._turn_away("", address, reason)

    def turned_away(self, calling: str, address: str, reason: str) -> None:
        """One request was refused for whose it is, or for a limit: kept for the audit trail as a rejection is."""
        with self._lock:
            self._turn_away(calling, address, reason)

    def _turn_away(self, calling: str, address: str, reason: str) -> None:
        if len(self._rejections) < _MOST_PLACES or (calling, address, reason) in self._rejections:
            self._rejections[calling, address, reason] += 1

    def take_rejections(self) -> list[tuple[str, str, str, int]]:
        """Calling AE title, address, reason and number since the last call."""
        with self._lock:
            taken, self._rejections = self._rejections, Counter()
        return [(*place, count) for place, count in taken.items()]

    def snapshot(self, open_associations: int) -> dict[str, Any]:
        """The counts as JSON can hold them."""
        with self._lock:
            return {
                "open": open_associations,
                "instances": [[*key, count] for key, count in self._instances.items()],
                "bytes": [[*key, count] for key, count in self._bytes.items()],
                "associations": [[*key, count] for key, count in self._associations.items()],
                "requests": [[*key, count] for key, count in self._requests.items()],
            }
