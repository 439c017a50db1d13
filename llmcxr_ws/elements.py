"""Numbers of a DICOM header as senders write them: an element that can't be read is no reason to stop.

pydicom raises when a malformed value is first looked at ("0,5", a trailing backslash, "abc", half a word), and
passes "nan" and "inf" on. Here both are told from an element that isn't there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException


def value_of(ds: Dataset, keyword: str) -> Any:
    """Return an element's value; None where it is absent or can't be read."""
    try:
        return ds.get(keyword)
    except (ValueError, TypeError, OverflowError, BytesLengthException):
        return None


def has_value(ds: Dataset, keyword: str) -> bool:
    """Whether an element is there with a value, readable or not."""
    try:
        value = ds.get(keyword)
    except (ValueError, TypeError, OverflowError, BytesLengthException):
        return True
    return value is not None and value != "" and not (isinstance(value, Sequence) and len(value) == 0)


def numbers(ds: Dataset, keyword: str) -> tuple[float, ...]:
    """Return an element's numbers; none where it is absent, can't be read, or one of them isn't finite."""
    value = value_of(ds, keyword)
    if value is None or value == "":
        return ()
    try:
        found = tuple(float(part) for part in (value if _is_several(value) else [value]))
    except (ValueError, TypeError, OverflowError):
        return ()
    return found if all(math.isfinite(number) for number in found) else ()


def number(ds: Dataset, keyword: str) -> float | None:
    """Return an element's only number; None where it has none, several, or one that can't be read."""
    found = numbers(ds, keyword)
    return found[0] if len(found) == 1 else None


def _is_several(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
