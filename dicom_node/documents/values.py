"""Whether a text fits its value representation (PS3.5 6.2), and plain copies of data sets.

pydicom warns, quoting the value; here a value is either legal or not, and nothing is quoted.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from pydicom.config import IGNORE, RAISE
from pydicom.datadict import dictionary_has_tag, dictionary_VM
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName, validate_value

_BINARY = frozenset(
    {"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT", "OB", "OW", "OD", "OF", "OL", "OV", "UN"}
)


def is_legal(VR: str, value: Any) -> bool:
    """Say whether every value of an element fits its value representation."""
    for single in value if isinstance(value, MultiValue | list) else [value]:
        if single is None or single == "":
            continue
        if VR not in _BINARY and not _has_legal_characters(VR, str(single)):
            return False
        try:
            validate_value(VR, single if VR in _BINARY else str(single), RAISE)
        except ValueError:
            return False
    return True


def fits(element: DataElement) -> bool:
    """Say whether an element's values are legal and no more than its keyword may have."""
    if element.VM > 1 and dictionary_has_tag(element.tag) and dictionary_VM(element.tag) == "1":
        return False
    return is_legal(element.VR, element.value)


def forbidden_character(text: str, allowed_controls: str = "\t\n\f\r") -> str:
    """Return the first character that no DICOM text can hold (PS3.5 6.1.3), or an empty text."""
    for character in text:
        # A lone surrogate (Cs) can't be written in UTF-8 at all.
        if unicodedata.category(character) in ("Cc", "Cs") and character not in allowed_controls:
            return character
    return ""


def _has_legal_characters(VR: str, text: str) -> bool:
    if VR in ("LT", "ST", "UT"):
        return not forbidden_character(text)
    # The backslash separates values, so it can't be part of one.
    return "\\" not in text and not forbidden_character(text, "")


def put(ds: Dataset, keyword_or_tag: Any, VR: str, value: Any) -> None:
    """Set an element as it is, legal or not, without a warning that would quote it."""
    element = DataElement(keyword_or_tag, VR, value, validation_mode=IGNORE)
    ds[element.tag] = element


def plain_copy(source: Dataset) -> Dataset:
    """Return a deep copy made of nothing but plain items and decoded text; private elements stay behind.

    A PersonName remembers the bytes it was read from; only its text can be written in another character set.
    """
    copy = Dataset()
    for element in source:
        if not element.tag.is_private:
            put(copy, element.tag, element.VR, plain_value(element.VR, element.value))
    return copy


def plain_value(VR: str, value: Any) -> Any:
    """Return one element's value as plain copies."""
    if VR == "SQ":
        return [plain_copy(item) for item in value]
    if isinstance(value, MultiValue | list):
        return [plain_value(VR, single) for single in value]
    if VR in ("DA", "TM", "DT") or isinstance(value, PersonName):
        return "" if value is None else str(value)
    return value


def listing(ds: Dataset) -> list[Any]:
    """Return a data set as nested lists of text, legal or not: equal if and only if the data sets are."""
    return [[str(element.tag), element.VR, _listed(element.VR, element.value)] for element in ds]


def _listed(VR: str, value: Any) -> Any:
    if VR == "SQ":
        return [listing(item) for item in value]
    if isinstance(value, MultiValue | list):
        return [str(single) for single in value]
    return "" if value is None else str(value)
