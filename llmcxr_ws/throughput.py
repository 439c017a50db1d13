"""Counts and waits by the hour or by the day, from the moments that the store gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from llmcxr_ws.store.supervision import Flow


@dataclass(frozen=True)
class Period:
    """One hour or day, by local time; waits are minutes from arrival to draft, None where none was made."""

    start: datetime
    received: int
    drafted: int
    signed: int
    wait_median: float | None
    wait_p90: float | None


def by_period(found: Flow, *, until: datetime, count: int, hours: bool) -> tuple[Period, ...]:
    """The last `count` hours or days up to the one that holds `until`, oldest first."""
    starts = _starts(until, count, hours=hours)
    received, drafted, signed = (
        Counter(_start(at, hours=hours) for at in moments)
        for moments in (found.received, found.drafted, found.signed)
    )
    waits: dict[datetime, list[float]] = {}
    for at, seconds in found.waits:
        waits.setdefault(_start(at, hours=hours), []).append(max(seconds, 0.0) / 60)
    return tuple(
        Period(
            start,
            received[start],
            drafted[start],
            signed[start],
            median(waits[start]) if start in waits else None,
            quantile(waits[start], 0.9) if start in waits else None,
        )
        for start in starts
    )


def since(until: datetime, count: int, *, hours: bool) -> datetime:
    """The beginning of the first of those periods."""
    return _starts(until, count, hours=hours)[0]


def quantile(values: Iterable[float], share: float) -> float:
    """A quantile with linear interpolation, as numpy's default; the values may not be empty."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _start(at: datetime, *, hours: bool) -> datetime:
    local = at.astimezone().replace(minute=0, second=0, microsecond=0, tzinfo=None)
    return local if hours else local.replace(hour=0)


def _starts(until: datetime, count: int, *, hours: bool) -> list[datetime]:
    step = timedelta(hours=1) if hours else timedelta(days=1)
    last = _start(until, hours=hours)
    return [last - step * back for back in range(count - 1, -1, -1)]
