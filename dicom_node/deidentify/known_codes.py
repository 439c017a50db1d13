"""Whether a code and its meaning are a dictionary's own words, so that its meaning can't be about somebody."""

from __future__ import annotations

from functools import cache

from pydicom.dataset import Dataset
from pydicom.sr._concepts_dict import concepts

from dicom_node.documents import private_codes


def is_known_code(item: Dataset) -> bool:
    """Whether the meaning is the one that the code has in DCM, SNOMED CT or UCUM as pydicom knows them, or here."""
    scheme, value = str(item.get("CodingSchemeDesignator", "")), str(item.get("CodeValue", ""))
    return str(item.get("CodeMeaning", "")).casefold() in _meanings().get((scheme, value), frozenset())


@cache
def _meanings() -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    dictionary: dict[str, dict[str, dict[str, tuple[str, list[int]]]]] = dict(concepts)  # type: ignore[arg-type]
    for scheme, by_keyword in dictionary.items():
        for by_code in by_keyword.values():
            for value, (meaning, _) in by_code.items():
                found.setdefault((scheme, value), set()).add(meaning.casefold())
    for value, scheme, meaning in private_codes.ALL:
        found.setdefault((scheme, value), set()).add(meaning.casefold())
    return {code: frozenset(meanings) for code, meanings in found.items()}
