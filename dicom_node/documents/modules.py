"""Check modules and attributes of a document by highdicom's tables of PS3.3.

Type 1 must have a value, type 2 must be there, at the root and in every item of a sequence. Conditions (1C, 2C)
aren't in the tables; the SR Document Content module is nothing but conditions and is left to
:mod:`dicom_node.documents.tree`.
"""

from __future__ import annotations

from highdicom.base import get_iod_module_map, get_module_attribute_map, get_sop_class_iod_map
from pydicom.dataset import Dataset

_NOT_BY_TABLE = frozenset({"sr-document-content"})


def check_modules(ds: Dataset) -> list[str]:
    """Return a sentence for each mandatory attribute that is absent or empty."""
    iod = get_sop_class_iod_map().get(str(ds.get("SOPClassUID", "")))
    if iod is None:
        return [f"The SOP class '{ds.get('SOPClassUID', '')}' isn't known."]
    faults: list[str] = []
    for module in get_iod_module_map()[iod]:
        if module["usage"] != "M" or module["key"] in _NOT_BY_TABLE:
            continue
        for attribute in get_module_attribute_map()[module["key"]]:
            for place in _places(ds, attribute["path"]):
                fault = _check(place, attribute["keyword"], attribute["type"])
                if fault:
                    faults.append(f"{'/'.join([*attribute['path'], attribute['keyword']])} {fault}")
    return faults


def _places(ds: Dataset, path: list[str]) -> list[Dataset]:
    places = [ds]
    for keyword in path:
        places = [item for place in places for item in place.get(keyword) or ()]
    return places


def _check(place: Dataset, keyword: str, kind: str) -> str:
    if kind not in ("1", "2"):
        return ""
    if keyword not in place:
        return f"is absent (type {kind})."
    if kind == "1" and (place[keyword].is_empty or place[keyword].value in ("", [])):
        return "is empty (type 1)."
    return ""
