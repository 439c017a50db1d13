"""Counts by hour and day, in local time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from llmcxr_ws.store.supervision import Flow
from llmcxr_ws.throughput import by_period, quantile, since

NOON = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)


def test_hours_and_days() -> None:
    flow = Flow(
        received=(NOON - timedelta(hours=25), NOON - timedelta(hours=1), NOON),
        drafted=(NOON,),
        signed=(),
        waits=((NOON, 60.0), (NOON, 180.0), (NOON - timedelta(hours=1), -5.0)),
    )
    hours = by_period(flow, until=NOON, count=24, hours=True)
    assert len(hours) == 24 and [period.received for period in hours[-2:]] == [1, 1]
    assert (hours[-1].wait_median, hours[-2].wait_median, hours[-3].wait_median) == (2.0, 0.0, None)
    assert hours[-1].wait_p90 == pytest.approx(2.8)
    days = by_period(flow, until=NOON, count=3, hours=False)
    assert sum(period.received for period in days) == 3 and days[-1].drafted == 1
    assert since(NOON, 3, hours=False) == days[0].start


def test_quantiles() -> None:
    assert quantile([3.0], 0.9) == 3.0 and quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.5
