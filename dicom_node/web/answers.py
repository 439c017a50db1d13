"""The Store Instances Response (PS3.18 10.5.3 and annex I): made for senders, read from servers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree import ElementTree

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from dicom_node import statuses
from llmcxr_ws.errors import DicomError

JSON: Final = "application/dicom+json"
XML: Final = "application/dicom+xml"
_NATIVE: Final = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_MOST_ITEMS: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What became of one instance; `status` 0000H or a failure reason. UIDs are empty where none could be read."""

    SOPClassUID: str
    SOPInstanceUID: str
    status: int

    @property
    def ok(self) -> bool:
        """Whether it is kept."""
        return statuses.is_success(self.status)


@dataclass(frozen=True, kw_only=True)
class StoreAnswer:
    """What a server says of the instances it got: reasons by SOP Instance UID."""

    stored: frozenset[str] = frozenset()
    failed: dict[str, int] = field(default_factory=dict)
    others: tuple[int, ...] = ()


def answer_dataset(results: Iterable[Stored]) -> Dataset:
    """The response module (PS3.18 table I.1-1); nothing can be fetched back here, so its Retrieve URLs are empty."""
    answer = Dataset()
    answer.RetrieveURL = None
    stored: list[Dataset] = []
    failed: list[Dataset] = []
    others: list[Dataset] = []
    for one in results:
        item = Dataset()
        if one.ok:
            _refer(item, one)
            item.RetrieveURL = None
            stored.append(item)
        else:
            item.FailureReason = one.status
            if one.SOPInstanceUID:
                _refer(item, one)
            (failed if one.SOPInstanceUID else others).append(item)
    if failed:
        answer.FailedSOPSequence = failed
    if stored:
        answer.ReferencedSOPSequence = stored
    if others:
        answer.OtherFailuresSequence = others
    return answer


def _refer(item: Dataset, one: Stored) -> None:
    item.ReferencedSOPClassUID = one.SOPClassUID
    item.ReferencedSOPInstanceUID = one.SOPInstanceUID


def as_json(answer: Dataset) -> bytes:
    """The DICOM JSON model (PS3.18 annex F)."""
    return json.dumps(answer.to_json_dict(), separators=(",", ":")).encode("utf-8")


def as_xml(answer: Dataset) -> bytes:
    """The Native DICOM Model in XML (PS3.19 A.1), of UIDs, numbers and sequences; pydicom writes none."""
    root = ElementTree.Element("NativeDicomModel", {"xmlns": _NATIVE, "xml:space": "preserve"})
    _fill(root, answer)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _fill(parent: ElementTree.Element, dataset: Dataset) -> None:
    for element in dataset:
        names = {"tag": f"{int(element.tag):08X}", "vr": str(element.VR), "keyword": element.keyword}
        node = ElementTree.SubElement(parent, "DicomAttribute", names)
        if element.VR == "SQ":
            for number, item in enumerate(element.value, start=1):
                _fill(ElementTree.SubElement(node, "Item", {"number": str(number)}), item)
        elif element.value not in (None, ""):
            ElementTree.SubElement(node, "Value", {"number": "1"}).text = str(element.value)


def read_json(data: bytes) -> StoreAnswer:
    """What a server's answer in DICOM JSON says; an attribute that isn't there counts as empty.

    Raises
    ------
    DicomError
        It isn't DICOM JSON.
    """
    try:
        values: Any = json.loads(data)
        if isinstance(values, list):  # some servers answer with a list of one
            values = values[0] if values else {}
        return StoreAnswer(
            stored=frozenset(_uid(item) for item in _items(values, "ReferencedSOPSequence")),
            failed={_uid(item): _reason(item) for item in _items(values, "FailedSOPSequence")},
            others=tuple(_reason(item) for item in _items(values, "OtherFailuresSequence")),
        )
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError) as error:
        raise DicomError("The answer isn't a Store Instances Response in DICOM JSON.") from error


def _items(values: Any, keyword: str) -> list[Any]:
    items = values.get(_TAGS[keyword], {}).get("Value") or []
    if not isinstance(items, list) or len(items) > _MOST_ITEMS:
        raise ValueError("no list of items")
    return items


def _uid(item: Any) -> str:
    return str(item[_TAGS["ReferencedSOPInstanceUID"]]["Value"][0])


def _reason(item: Any) -> int:
    """A failure's reason; one that gives none, or no number that fits, counts as a processing failure."""
    found = (item.get(_TAGS["FailureReason"], {}).get("Value") or [statuses.PROCESSING_FAILURE])[0]
    reason = int(found)
    return reason if 0 < reason <= 0xFFFF else statuses.PROCESSING_FAILURE


_TAGS: Final = {
    keyword_for_tag(tag): f"{int(tag):08X}"
    for tag in map(Tag, (0x00081150, 0x00081155, 0x00081197, 0x00081198, 0x00081199, 0x0008119A))
}
