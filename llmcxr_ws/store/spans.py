"""Where a span of time begins in a table: by its ids, which grow with time, so that no page reads what is older."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

SLACK = timedelta(hours=1)
"""How far rows that were written beside each other, or under a clock that was set back, may be out of order."""


def first_id(
    session: Session, ids: InstrumentedAttribute[int], times: InstrumentedAttribute[datetime], since: datetime
) -> int:
    """An id below which every row is older than a moment; found in some twenty looks, whatever the table's size.

    Parameters
    ----------
    ids, times : columns of one table
        Its key, and a time that is written with the row and never changed.
    """
    low = session.scalar(select(func.min(ids))) or 0
    high = (session.scalar(select(func.max(ids))) or -1) + 1
    while low < high:
        middle = (low + high) // 2
        number, at = session.execute(select(ids, times).where(ids >= middle).order_by(ids).limit(1)).one()
        if at < since - SLACK:
            low = number + 1
        else:
            high = middle
    return low
