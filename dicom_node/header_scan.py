"""One pass over a header's bytes that checks its encoding and picks the few elements that are wanted (PS3.5 7).

pydicom takes some ten times as long, for it makes an object of every element. Only what is usual is read here:
little endian, elements in order, the VRs of the standard, plain text in four character sets. Of anything else
:func:`scan_header` gives None, and the caller asks pydicom: both must say the same, which a property test holds.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import ImplicitVRLittleEndian

from dicom_node import sop_classes

_EXPLICIT: Final = frozenset({sop_classes.EXPLICIT_LITTLE, *sop_classes.COMPRESSED})
_UNDEFINED: Final = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXEL_DATA: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_FIRST: Final = 0x00080000
_FIRST_PIXELS: Final = min(_PIXEL_DATA)
_LONGEST: Final = 4096
_DEEPEST: Final = 8
_EXPLICIT_HEAD: Final = struct.Struct("<HH2sH")
_IMPLICIT_HEAD: Final = struct.Struct("<HHL")
_LENGTH: Final = struct.Struct("<L")
_SHORT_VRS: Final = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG_VRS: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_CODECS: Final[Mapping[str, str]] = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 100": "latin-1",
    "ISO_IR 192": "utf-8",
}
_IN_CHARACTER_SET: Final = frozenset({"LO", "PN", "SH"})
_CONTROL: Final = bytes(range(0x20)) + b"\x7f"

_KEYWORDS: Final = [
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "ImageType",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "ContentDate",
    "AcquisitionDateTime",
    "StudyTime",
    "SeriesTime",
    "AcquisitionTime",
    "ContentTime",
    "AccessionNumber",
    "Modality",
    "PresentationIntentType",
    "Manufacturer",
    "InstitutionName",
    "ReferringPhysicianName",
    "StationName",
    "StudyDescription",
    "SeriesDescription",
    "ManufacturerModelName",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "BodyPartExamined",
    "ProtocolName",
    "AcquisitionDeviceProcessingDescription",
    "ViewPosition",
    "PatientOrientation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BurnedInAnnotation",
    "PerformedProcedureStepDescription",
    "RequestedProcedurePriority",
    "ReasonForTheRequestedProcedure",
    "CodeValue",
    "CodeMeaning",
    "ViewCodeSequence",
    "AnatomicRegionSequence",
    "RequestAttributesSequence",
]
_WANTED: Final[Mapping[int, tuple[str, str]]] = {
    tag: (keyword, dictionary_VR(tag))
    for keyword in _KEYWORDS
    if (tag := tag_for_keyword(keyword)) is not None
}
_WANTED_VRS: Final[Mapping[int, bytes]] = {tag: vr.encode() for tag, (_, vr) in _WANTED.items()}
_NAMED: Final = frozenset(_KEYWORDS) | {"TransferSyntaxUID"}


class _Unusual(Exception):
    """Not for this reader."""


class Elements:
    """The wanted elements of a data set or an item by keyword, with ``get`` as pydicom's Dataset has it."""

    def __init__(self, values: Mapping[str, Any], file_meta: Elements | None = None) -> None:
        self._values = values
        self.file_meta = file_meta

    def get(self, keyword: str, default: Any = None) -> Any:
        """An element's value; `default` where it isn't there.

        Raises
        ------
        LookupError
            This reader passes over that element, so whether it is there isn't known.
        """
        if keyword not in _NAMED:
            raise LookupError(f"The header's {keyword} isn't read; name it among the keywords.")
        return self._values.get(keyword, default)


@dataclass(frozen=True, slots=True)
class Scanned:
    """A header. `pixels_at` is where the pixel data element begins in the data set, and `pixel_length` its length in
    bytes where it is native and ends the data set; else None."""

    elements: Elements
    pixels_at: int | None
    pixel_length: int | None


def scan_header(head: bytes, size: int, transfer_syntax: str) -> Scanned | None:
    """Read a data set up to its pixel data.

    Parameters
    ----------
    head : bytes
        The data set's beginning, or all of it.
    size : int
        Length of the whole data set in bytes.

    Returns
    -------
    Scanned or None
        None: something about it is unusual, or its header is longer than `head`; ask pydicom.
    """
    explicit = transfer_syntax in _EXPLICIT
    if not explicit and transfer_syntax != ImplicitVRLittleEndian:
        return None
    reader = _Reader(head, explicit)
    try:
        found, at = reader.elements(0, size, 0, top=True)
        codec = _CODECS[_character_set(reader, found)]
        values = {
            _WANTED[tag][0]: _decoded(reader, _WANTED[tag][1], place, codec) for tag, place in found.items()
        }
        pixels_at = at if at < size else None
        length = reader.pixel_length(at, size) if pixels_at is not None else None
    except (_Unusual, KeyError, IndexError, ValueError, struct.error):
        return None
    return Scanned(Elements(values, Elements({"TransferSyntaxUID": transfer_syntax})), pixels_at, length)


def announced_size(head: bytes, transfer_syntax: str) -> int | None:
    """The length in bytes of a data set of which only the beginning is there, by what its native pixel data announce.

    None where that can't be told, which harms nobody.
    """
    if transfer_syntax != ImplicitVRLittleEndian and transfer_syntax not in _EXPLICIT:
        return None
    reader = _Reader(head, transfer_syntax in _EXPLICIT)
    try:
        _, at = reader.elements(0, 1 << 62, 0, top=True)
        begin, length = reader.pixel_data(at)
    except (_Unusual, IndexError, ValueError, struct.error):
        return None
    return begin + length if length != _UNDEFINED else None


class _Reader:
    def __init__(self, head: bytes, explicit: bool) -> None:
        self.head = head
        self._explicit = explicit

    def elements(
        self, at: int, end: int, depth: int, *, top: bool = False, until_delimiter: bool = False
    ) -> tuple[dict[int, Any], int]:
        """Pass the elements from `at` to `end`; give where the wanted ones lie, and where it stopped.

        At the top that may be the pixel data; in an item of undefined length, behind its delimiter.
        """
        head, explicit = self.head, self._explicit
        limit = min(end, len(head))
        found: dict[int, Any] = {}
        last, vr = _FIRST - 1, b""
        while at < end:
            if explicit:
                group, element, vr, length = _EXPLICIT_HEAD.unpack_from(head, at)
            else:
                group, element, length = _IMPLICIT_HEAD.unpack_from(head, at)
            tag = group << 16 | element
            if tag == _ITEM_END and until_delimiter:
                if head[at + 4 : at + 8] != b"\0\0\0\0":
                    raise _Unusual
                return found, at + 8
            if tag <= last:
                raise _Unusual
            last = tag
            if tag >= _FIRST_PIXELS and tag in _PIXEL_DATA:
                if top:
                    return found, at
                raise _Unusual
            at += 8
            if vr in _LONG_VRS:
                if length:
                    raise _Unusual
                (length,) = _LENGTH.unpack_from(head, at)
                at += 4
            elif explicit and vr not in _SHORT_VRS:
                raise _Unusual
            wanted = _WANTED_VRS.get(tag)
            if wanted and explicit and vr != wanted:
                raise _Unusual
            if length == _UNDEFINED:
                if (explicit and vr != b"SQ") or depth >= _DEEPEST:
                    raise _Unusual
                items, at = self._items(at, end, depth, delimited=True)
                if wanted:
                    found[tag] = items
                continue
            if at + length > limit:
                raise _Unusual
            if wanted == b"SQ":
                found[tag] = self._items(at, at + length, depth, delimited=False)[0]
            elif wanted:
                found[tag] = at, length
            at += length
        if until_delimiter or at != end:
            raise _Unusual
        return found, at

    def _items(self, at: int, end: int, depth: int, *, delimited: bool) -> tuple[list[dict[int, Any]], int]:
        """The items of a sequence, and where it ends."""
        items: list[dict[int, Any]] = []
        while delimited or at < end:
            group, element, length = _IMPLICIT_HEAD.unpack_from(self.head, at)
            tag = group << 16 | element
            at += 8
            if tag == _SEQUENCE_END and delimited and not length:
                return items, at
            if tag != _ITEM or depth >= _DEEPEST:
                raise _Unusual
            if length == _UNDEFINED:
                found, at = self.elements(at, end, depth + 1, until_delimiter=True)
            else:
                if at + length > end:
                    raise _Unusual
                found, at = self.elements(at, at + length, depth + 1)
            items.append(found)
        return items, at

    def pixel_length(self, at: int, size: int) -> int | None:
        """Length of native pixel data that end the data set."""
        begin, length = self.pixel_data(at)
        return length if begin + length == size else None

    def pixel_data(self, at: int) -> tuple[int, int]:
        """Where the value of the pixel data element at `at` begins, and its length."""
        if self._explicit:
            vr, reserved = self.head[at + 4 : at + 6], self.head[at + 6 : at + 8]
            if vr not in _LONG_VRS or reserved != b"\0\0":
                raise _Unusual
            at += 4
        (length,) = _LENGTH.unpack_from(self.head, at + 4)
        return at + 8, length


def _character_set(reader: _Reader, found: dict[int, Any]) -> str:
    place = found.get(0x00080005)
    return str(_decoded(reader, "CS", place, "ascii")) if place else ""


def _decoded(reader: _Reader, vr: str, place: Any, codec: str) -> Any:
    """A value as pydicom gives it: text, a list of texts, a number, or a list of items."""
    if vr == "SQ":
        return [Elements(_item_values(reader, item, codec)) for item in place]
    at, length = place
    if length > _LONGEST:
        raise _Unusual
    value = reader.head[at : at + length]
    if vr == "US":
        if length not in (0, 2):
            raise _Unusual
        return int.from_bytes(value, "little") if length else None
    value = value.rstrip(b"\0 ")
    if value.translate(None, _CONTROL) != value:
        raise _Unusual
    text = value.decode(codec if vr in _IN_CHARACTER_SET else "ascii")
    if vr == "IS":
        return _whole(text)
    if vr == "PN" and ("=" in text or "\\" in text):
        raise _Unusual
    if "\\" not in text:
        return text
    if vr == "UI":
        raise _Unusual
    parts = text.split("\\")
    return [part.rstrip(" ") for part in parts] if vr in _IN_CHARACTER_SET else parts


def _item_values(reader: _Reader, item: dict[int, Any], codec: str) -> dict[str, Any]:
    if 0x00080005 in item:
        raise _Unusual
    return {_WANTED[tag][0]: _decoded(reader, _WANTED[tag][1], place, codec) for tag, place in item.items()}


def _whole(text: str) -> int | None:
    """An IS of digits alone (PS3.5 6.2)."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise _Unusual
    return int(text)
