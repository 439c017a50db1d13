"""Attribute matching of C-FIND (PS3.4 C.2.2.2): single value, list of UID, universal, wild card, range, sequence.

Knows data elements, not levels or archives. Matching of person names ignores case; that of other text doesn't.
"""

from __future__ import annotations

import re
from typing import Any, Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

_RANGE_VRS: Final = frozenset({"DA", "TM", "DT"})
_WILDCARD_VRS: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})


def matches(key: DataElement, candidate: Dataset) -> bool:
    """Whether `candidate` satisfies one key attribute of a query."""
    if key.VR == "SQ":
        return _matches_sequence(key, candidate)
    wanted = _values(key.value)
    if not wanted or wanted == ["*"]:
        return True  # universal matching: the attribute is only asked for
    held = _values(candidate[key.tag].value) if key.tag in candidate else []
    if key.VR == "UI":
        return any(value in wanted for value in held)  # list of UID matching
    if key.VR in _RANGE_VRS and len(wanted) == 1 and "-" in wanted[0]:
        return any(_in_range(value, wanted[0], key.VR) for value in held)
    return any(_same(pattern, value, key.VR) for pattern in wanted for value in held)


def _matches_sequence(key: DataElement, candidate: Dataset) -> bool:
    """A sequence key holds one item; some item of the candidate must satisfy all of its keys."""
    items = list(key.value or [])
    if not items or all(not _values(element.value) for element in items[0]):
        return True
    held = candidate[key.tag].value if key.tag in candidate else []
    return any(all(matches(element, item) for element in items[0]) for item in held)


def _values(value: Any) -> list[str]:
    """The values of an element as text, without padding; an empty element has none."""
    if value is None or isinstance(value, bytes):
        return []
    parts = list(value) if isinstance(value, (list, tuple, MultiValue)) else [value]
    texts = [str(part).strip(" \0") for part in parts]
    return texts if any(texts) else []


def _same(pattern: str, value: str, vr: str) -> bool:
    if vr == "PN":  # trailing empty components don't count (PS3.5 6.2.1.2)
        pattern, value = pattern.rstrip("^=").casefold(), value.rstrip("^=").casefold()
    if vr in _WILDCARD_VRS and ("*" in pattern or "?" in pattern):
        expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
        return re.fullmatch(expression, value, re.DOTALL) is not None
    if vr in ("DS", "IS", "US", "SS", "UL", "SL"):
        return pattern == value or _number(pattern) == _number(value) is not None
    return pattern == value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _in_range(value: str, wanted: str, vr: str) -> bool:
    """Both ends are inclusive, either may be missing, and a shortened time means its whole span (PS3.4 C.2.2.2.5)."""
    low, _, high = wanted.partition("-")
    clean = _plain(value, vr)
    low, high = _plain(low, vr), _plain(high, vr)
    return (not low or clean[: len(low)] >= low) and (not high or clean[: len(high)] <= high)


def _plain(text: str, vr: str) -> str:
    """Without the separators of the old ACR-NEMA forms, and without the fraction of a time."""
    plain = text.strip().replace(".", "" if vr == "DA" else ".").replace(":", "")
    return plain if vr == "DA" else plain.partition(".")[0]
