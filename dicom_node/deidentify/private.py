"""Private elements that their vendor declares safe: the Retain Safe Private Option.

Private Data Element Characteristics Sequence (0008,0300) (PS3.3 C.12.1.1.7.2) names the block and says whether it
holds identifying information. What it doesn't name goes; the lists of PS3.15 table E.3.10-1 hold nothing of
projection radiography.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from dicom_node.deidentify.table import words

_TEXTUAL: Final = frozenset(
    words(
        """
AE AS CS DS IS SH LO ST LT UT UC US SS UL SL FL FD
"""
    )
)


def safe_private(ds: Dataset) -> Iterator[DataElement]:
    """The private elements of a data set that are declared safe, their creators with them."""
    for declared in ds.get("PrivateDataElementCharacteristicsSequence") or ():
        group = declared.get("PrivateGroupReference")
        creator = str(declared.get("PrivateCreatorReference", ""))
        status = declared.get("BlockIdentifyingInformationStatus")
        if group is None or not group % 2 or not creator or status not in ("SAFE", "MIXED"):
            continue
        named = declared.get("NonidentifyingPrivateElements")
        allowed = None if status == "SAFE" else _offsets(named)
        yield from _block(ds, int(group), creator, allowed)


def _offsets(value: object) -> set[int]:
    if value is None:
        return set()
    return {int(value)} if isinstance(value, int) else {int(one) for one in value}  # type: ignore[attr-defined]


def _block(ds: Dataset, group: int, creator: str, allowed: set[int] | None) -> Iterator[DataElement]:
    for number in range(0x10, 0x100):
        tag = Tag(group, number)
        if tag not in ds or str(ds[tag].value).strip() != creator:
            continue
        kept = [
            ds[one]
            for one in sorted(ds.keys())
            if one.group == group
            and one.element >> 8 == number
            and (allowed is None or one.element & 0xFF in allowed)
        ]
        kept = [one for one in kept if one.VR in _TEXTUAL]
        if kept:
            yield ds[tag]
            yield from kept
