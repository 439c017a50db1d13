"""Walk through a data set's encoding (PS3.5 7) without reading its values: is it whole, and how long are its pixels?

pydicom takes a data set that ends in the middle of an element without a word, so the question is answered here.
Knows tags, VRs and lengths; what the pixel length must be is said in :mod:`dicom_node.examine`.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from llmcxr_ws.errors import DicomError

_UNDEFINED: Final = 0xFFFFFFFF
_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
_PIXEL_DATA: Final = (0x7FE0, 0x0010)
_PIXEL_DATA_KINDS: Final = (_PIXEL_DATA, (0x7FE0, 0x0008), (0x7FE0, 0x0009))
_ITEM: Final = (0xFFFE, 0xE000)
_ITEM_END: Final = (0xFFFE, 0xE00D)
_SEQUENCE_END: Final = (0xFFFE, 0xE0DD)
_DEEPEST: Final = 32
_LARGEST_INFLATED: Final = 256 << 20
"""No film is larger; a deflated file can announce a thousand times its size, and is inflated in memory."""
_CHUNK: Final = 1 << 16


class BrokenDataSet(DicomError):
    """The data set ends too early or isn't encoded as its transfer syntax says."""


@dataclass(frozen=True)
class Pixels:
    """Pixel data as they lie in the data set: their length in bytes, or the number of fragments when encapsulated."""

    length: int
    fragments: int = 0


def walk(path: Path, offset: int, transfer_syntax: str) -> Pixels | None:
    """Go through a data set to its end and describe its pixel data, if it has any.

    Parameters
    ----------
    offset : int
        Where the data set begins in the file, behind the file meta information.

    Raises
    ------
    BrokenDataSet
        It is truncated or wrongly encoded.
    """
    with path.open("rb") as file:
        file.seek(offset)
        stream: BinaryIO = file
        size = path.stat().st_size
        if transfer_syntax == DeflatedExplicitVRLittleEndian:
            stream = _inflate(file)
            size = len(stream.getbuffer())
        syntax = UID(transfer_syntax)
        walker = _Walker(
            stream,
            size,
            big_endian=not (syntax.is_private or syntax.is_little_endian),
            explicit=transfer_syntax != ImplicitVRLittleEndian,
        )
        walker.elements(until_item_end=False, depth=0, explicit=walker.explicit)
        return walker.pixels


def check_inflated_size(path: Path, offset: int) -> None:
    """Refuse a deflated data set that would fill the memory, before anything inflates it as a whole.

    Raises
    ------
    BrokenDataSet
        It is too large. Whether it is sound is :func:`walk`'s question.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = 0
    with path.open("rb") as file:
        file.seek(offset)
        try:
            while not inflater.eof and (data := inflater.unconsumed_tail or file.read(_CHUNK)):
                inflated += len(inflater.decompress(data, _CHUNK))
                if inflated > _LARGEST_INFLATED:
                    raise BrokenDataSet(
                        f"The deflated data set is larger than {_LARGEST_INFLATED >> 20} MB when inflated.",
                        what_to_do="Send it uncompressed.",
                    )
        except zlib.error:
            return


def _inflate(file: BinaryIO) -> io.BytesIO:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(file.read(), _LARGEST_INFLATED)
    except zlib.error as error:
        raise BrokenDataSet("The deflated data set can't be inflated.") from error
    if not inflater.eof:
        raise BrokenDataSet("The deflated data set ends too early.")
    return io.BytesIO(data)


class _Walker:
    def __init__(self, stream: BinaryIO, size: int, *, big_endian: bool, explicit: bool) -> None:
        self.stream = stream
        self.size = size
        self.explicit = explicit
        self.pixels: Pixels | None = None
        self._order = ">" if big_endian else "<"

    def elements(self, *, until_item_end: bool, depth: int, explicit: bool) -> None:
        """Pass elements up to the end of the data set, or of an item of undefined length."""
        if depth > _DEEPEST:
            raise BrokenDataSet(f"Sequences are nested more than {_DEEPEST} deep.")
        while True:
            if not until_item_end and self._at_end():
                return
            tag, vr, length = self._element(explicit)
            if tag == _ITEM_END and until_item_end:
                return
            if length == _UNDEFINED:
                self._undefined(tag, vr, depth, explicit=explicit and vr != b"UN")
            else:
                if tag in _PIXEL_DATA_KINDS and depth == 0:
                    self.pixels = Pixels(length)
                self._skip(length)

    def _undefined(self, tag: tuple[int, int], vr: bytes, depth: int, *, explicit: bool) -> None:
        if tag == _PIXEL_DATA:
            fragments = self._fragments()
            if depth == 0:
                self.pixels = Pixels(0, fragments)
            return
        while True:
            item, length = self._item()
            if item == _SEQUENCE_END:
                return
            if item != _ITEM:
                raise BrokenDataSet("A sequence holds something that isn't an item.")
            if length == _UNDEFINED:
                self.elements(until_item_end=True, depth=depth + 1, explicit=explicit)
            else:
                self._skip(length)

    def _fragments(self) -> int:
        """Pass encapsulated pixel data (PS3.5 A.4): offset table, then fragments; give their number."""
        count = -1
        while True:
            item, length = self._item()
            if item == _SEQUENCE_END:
                return max(count, 0)
            if item != _ITEM or length == _UNDEFINED:
                raise BrokenDataSet("The encapsulated pixel data aren't made of fragments.")
            self._skip(length)
            count += 1

    def _element(self, explicit: bool) -> tuple[tuple[int, int], bytes, int]:
        head = self._read(8)
        group, element = struct.unpack(f"{self._order}HH", head[:4])
        vr = head[4:6]
        if group == 0xFFFE or not explicit or not (vr.isalpha() and vr.isupper()):
            # Delimiters have no VR; some writers fall back to implicit VR inside sequences.
            return (group, element), b"", struct.unpack(f"{self._order}L", head[4:])[0]
        if vr in _LONG_VRS:
            return (group, element), vr, struct.unpack(f"{self._order}L", self._read(4))[0]
        return (group, element), vr, struct.unpack(f"{self._order}H", head[6:])[0]

    def _item(self) -> tuple[tuple[int, int], int]:
        group, element, length = struct.unpack(f"{self._order}HHL", self._read(8))
        return (group, element), length

    def _at_end(self) -> bool:
        rest = self.size - self.stream.tell()
        if rest >= 8:
            return False
        if any(self.stream.read(rest)):  # a few zeros are padding
            raise BrokenDataSet("The data set ends in the middle of an element.")
        return True

    def _read(self, count: int) -> bytes:
        data = self.stream.read(count)
        if len(data) < count:
            raise BrokenDataSet("The data set ends too early.")
        return data

    def _skip(self, length: int) -> None:
        position = self.stream.tell()
        if position + length > self.size:
            missing = position + length - self.size
            raise BrokenDataSet(f"The data set ends too early: {missing} bytes are missing.")
        self.stream.seek(length, io.SEEK_CUR)
