"""Check the rows of a content tree against TID 1500 and TID 1410 (PS3.16), as the findings of a draft use them.

Row by row and in order, like :mod:`dicom_node.documents.tree`. It knows only the rows that this product writes: the
template may be extended, our documents aren't. Beside the template it holds what a viewer needs: an image library, a
tracking UID of its own for every group, and a region that lies on the film.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pydicom.dataset import Dataset

from dicom_node.documents.tree import check_rows, children, concept, describe

_TITLE: Final = ("126000", "DCM")
_LANGUAGE, _OBSERVER, _PROCEDURE = ("121049", "DCM"), ("121005", "DCM"), ("121058", "DCM")
_LIBRARY, _LIBRARY_GROUP, _MEASUREMENTS = ("111028", "DCM"), ("126200", "DCM"), ("126010", "DCM")
_GROUP: Final = ("125007", "DCM")
_REGION: Final = ("111030", "DCM")
_TRACKING_UID: Final = ("112040", "DCM")
_DEVICE_UID: Final = ("121012", "DCM")
_CERTAINTY: Final = ("111012", "DCM")
_ROWS: Final = ("language", "observers", "procedure reported", "image library", "measurements")

_Row = tuple[str, str, tuple[str, str]]
# Relationship, value type and concept name of the rows of a group, in their order, and whether each must be there.
_GROUP_ROWS: Final[tuple[tuple[_Row, bool], ...]] = (
    (("HAS OBS CONTEXT", "TEXT", ("112039", "DCM")), True),
    (("HAS OBS CONTEXT", "UIDREF", _TRACKING_UID), True),
    (("CONTAINS", "CODE", ("121071", "DCM")), True),
    (("HAS CONCEPT MOD", "TEXT", ("111001", "DCM")), True),
    (("HAS CONCEPT MOD", "TEXT", ("111003", "DCM")), True),
    (("HAS CONCEPT MOD", "TEXT", ("111002", "DCM")), False),
    (("HAS CONCEPT MOD", "CODE", ("111000", "DCM")), True),
    (("CONTAINS", "NUM", _CERTAINTY), False),
    (("CONTAINS", "CODE", ("121052", "DCM")), False),
    (("CONTAINS", "SCOORD", _REGION), True),
)
_SEVERAL: Final = ("111002", "DCM")  # the one row of a group that may be there more than once


def check_findings_rows(root: Dataset, sources: Sequence[Dataset]) -> list[str]:
    """Return a sentence for each departure from TID 1500, in the order of the tree.

    Parameters
    ----------
    sources : sequence of Dataset
        Headers of the films that regions may lie on, with Rows and Columns.
    """
    faults = []
    if root.get("ValueType") != "CONTAINER" or concept(root) != _TITLE:
        faults.append(f"The root isn't an Imaging Measurement Report ({describe(root)}).")
    if [item.get("TemplateIdentifier") for item in root.get("ContentTemplateSequence") or ()] != ["1500"]:
        faults.append("The root doesn't name template 1500.")
    sizes = {
        str(ds.get("SOPInstanceUID")): (int(ds.get("Rows") or 0), int(ds.get("Columns") or 0))
        for ds in sources
    }

    def inside(row: int, child: Dataset) -> Iterable[str]:
        if row == 3:
            return _check_library(child)
        return _check_measurements(child, sizes) if row == 4 else ()

    found, within = check_rows(root, "1500", _ROWS, _row, inside)
    faults += within
    faults += [f"The tree lacks its {name} row." for row, name in enumerate(_ROWS) if not found[row]]
    if not any(concept(child) == _DEVICE_UID and child.get("UID") for child in children(root)):
        faults.append("The tree doesn't name the model's Device UID.")
    return faults


def _row(item: Dataset) -> int | None:
    relation, kind, name = item.get("RelationshipType"), item.get("ValueType"), concept(item)
    if (relation, kind, name) == ("HAS CONCEPT MOD", "CODE", _LANGUAGE):
        return 0
    if relation == "HAS OBS CONTEXT" and kind in ("CODE", "TEXT", "UIDREF"):
        return 1
    if (relation, kind, name) == ("HAS CONCEPT MOD", "CODE", _PROCEDURE):
        return 2
    if (relation, kind) == ("CONTAINS", "CONTAINER"):
        return {_LIBRARY: 3, _MEASUREMENTS: 4}.get(name)
    return None


def _check_library(library: Dataset) -> Iterator[str]:
    groups = [child for child in children(library) if concept(child) == _LIBRARY_GROUP]
    images = [item for group in groups for item in children(group) if item.get("ValueType") == "IMAGE"]
    if not images:
        yield "The image library names no image."


def _check_measurements(measurements: Dataset, sizes: dict[str, tuple[int, int]]) -> list[str]:
    faults: list[str] = []
    known: set[str] = set()
    groups = children(measurements)
    if not groups:
        faults.append("The document holds no finding.")
    for number, group in enumerate(groups, 1):
        if (group.get("ValueType"), concept(group)) != ("CONTAINER", _GROUP):
            faults.append(f"Among the measurements stands something else than a group ({describe(group)}).")
            continue
        faults += [f"Finding {number}: {fault}" for fault in _check_group(group, sizes, known)]
    return faults


def _check_group(group: Dataset, sizes: dict[str, tuple[int, int]], known: set[str]) -> Iterator[str]:
    rows = [row for row, _ in _GROUP_ROWS]
    before, counts = 0, dict.fromkeys(rows, 0)
    if [item.get("TemplateIdentifier") for item in group.get("ContentTemplateSequence") or ()] != ["1410"]:
        yield "The group doesn't name template 1410."
    for child in children(group):
        row = (str(child.get("RelationshipType")), str(child.get("ValueType")), concept(child))
        if row not in counts:
            yield f"The group holds a row that TID 1410 doesn't know ({describe(child)})."
            continue
        counts[row] += 1
        if rows.index(row) < before:
            yield f"A row stands out of its order ({describe(child)})."
        before = max(before, rows.index(row))
        if row[2] == _TRACKING_UID:
            if str(child.get("UID")) in known:
                yield "Its tracking UID is another finding's."
            known.add(str(child.get("UID")))
        elif row[2] == _REGION:
            yield from _check_region(child, sizes)
        elif row[2] == _CERTAINTY:
            yield from _check_certainty(child)
    for row, is_needed in _GROUP_ROWS:
        if is_needed and not counts[row]:
            yield f"The group lacks a row ({row[0]} {row[1]} {row[2]})."
        if counts[row] > 1 and row[2] != _SEVERAL:
            yield f"The group holds a row {counts[row]} times ({row[0]} {row[1]} {row[2]})."


def _check_certainty(item: Dataset) -> Iterator[str]:
    for value in item.get("MeasuredValueSequence") or ():
        units = [unit.get("CodeValue") for unit in value.get("MeasurementUnitsCodeSequence") or ()]
        if units == ["%"] and 0 <= float(value.get("NumericValue", -1)) <= 100:
            return
    yield "Its certainty isn't a percentage from 0 to 100."


def _check_region(item: Dataset, sizes: dict[str, tuple[int, int]]) -> Iterator[str]:
    images = [child for child in children(item) if child.get("ValueType") == "IMAGE"]
    named = [
        str(ref.get("ReferencedSOPInstanceUID"))
        for image in images
        for ref in image.get("ReferencedSOPSequence") or ()
    ]
    if len(named) != 1 or named[0] not in sizes:
        yield "Its region doesn't lie on one of the films."
        return
    rows, columns = sizes[named[0]]
    data = [float(value) for value in item.get("GraphicData") or ()]
    if item.get("GraphicType") != "POLYLINE" or len(data) < 8 or len(data) % 2 or data[:2] != data[-2:]:
        yield "Its region isn't a closed outline."
        return
    if min(data) < 0 or max(data[::2]) > columns or max(data[1::2]) > rows:
        yield "Its region leaves the film."
    elif max(data[::2]) == min(data[::2]) or max(data[1::2]) == min(data[1::2]):
        yield "Its region has no area."
