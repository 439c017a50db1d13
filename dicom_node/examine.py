"""Examine one received file: its UIDs, what its header says, whether it is whole.

Reads the header up to the pixel data and passes over the rest without decoding it. Decides nothing about storing
(:mod:`dicom_node.reception`) and nothing about drafting (:mod:`llmcxr_ws.films`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import MutableSequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pynetdicom.dsutils import split_dataset

from dicom_node.header_scan import scan_header
from dicom_node.structure import BrokenDataSet, Pixels, check_inflated_size, walk
from llmcxr_ws.domain import Identity
from llmcxr_ws.errors import DicomError
from llmcxr_ws.film_facts import Header, read_facts

_UID: Final = re.compile(r"[0-9.]{1,64}")
"""What a UID is made of (PS3.5 9.1); its finer rules are broken by too many senders to be held against a film."""

_ANNOUNCED: Final = ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")
_CHUNK: Final = 1 << 20
_DEFERRED: Final = 4096
"""Longer values are left in the file; nothing that is needed here is longer."""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What one file is. `defect` is a sentence, empty for a whole file."""

    SOPClassUID: str
    SOPInstanceUID: str
    SeriesInstanceUID: str
    StudyInstanceUID: str
    transfer_syntax: str
    size: int
    identity: Identity
    study_date: str
    study_time: str
    study_description: str
    referring_physician: str
    facts: dict[str, Any]
    defect: str


@dataclass(frozen=True, kw_only=True)
class Head:
    """What is in memory of a file that has just been written.

    Parameters
    ----------
    data : bytes
        The beginning of the data set, or all of it.
    offset : int
        Where the data set begins in the file, behind the file meta information.
    size : int
        Length of the data set in bytes.
    """

    data: bytes
    offset: int
    size: int
    transfer_syntax: str


def examine(path: Path, head: Head | None = None) -> Examined:
    """Examine a DICOM file.

    A usual header is read in one pass (:mod:`dicom_node.header_scan`), from `head` where that is at hand; any other
    by pydicom.

    Raises
    ------
    DicomError
        It can't be read at all, or lacks one of the UIDs by which it is kept.
    """
    scanned = scan_header(head.data, head.size, head.transfer_syntax) if head is not None else None
    if head is None or scanned is None:
        return _examine_by_pydicom(path)
    pixels: Pixels | None = None
    defect = ""
    try:
        if scanned.pixel_length is not None:
            pixels = Pixels(scanned.pixel_length)
        elif scanned.pixels_at is not None:
            pixels = walk(path, head.offset + scanned.pixels_at, head.transfer_syntax)
    except BrokenDataSet as error:
        defect = error.message
    return _examined(scanned.elements, head.transfer_syntax, head.offset + head.size, pixels, defect)


def _examine_by_pydicom(path: Path) -> Examined:
    try:
        meta, offset = split_dataset(path)
        if meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:
            check_inflated_size(path, offset)
        header = pydicom.dcmread(path, stop_before_pixels=True, defer_size=_DEFERRED)
        transfer_syntax = str(meta.TransferSyntaxUID)
    except BrokenDataSet:
        raise
    except Exception as error:
        # Data from outside can break pydicom in many ways, with many kinds of exception; none may end the listener.
        raise DicomError(f"The data set can't be read ({type(error).__name__}).") from error
    pixels: Pixels | None = None
    defect = ""
    try:
        pixels = walk(path, offset, transfer_syntax)
    except BrokenDataSet as error:
        defect = error.message
    except Exception as error:  # as above
        defect = f"The header can't be read ({type(error).__name__})."
    return _examined(header, transfer_syntax, path.stat().st_size, pixels, defect)


def _examined(
    header: Header, transfer_syntax: str, size: int, pixels: Pixels | None, defect: str
) -> Examined:
    """What a header says, and whether it fits its pixel data."""
    try:
        uids: dict[str, Any] = {
            keyword: str(header.get(keyword, "") or "")
            for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
        }
        described = _described(header)
    except Exception as error:  # pydicom decodes values when they are asked for
        raise DicomError(f"The data set can't be read ({type(error).__name__}).") from error
    for keyword, value in uids.items():
        if not _UID.fullmatch(value):
            raise DicomError(f"The data set has no valid {keyword}.", what_to_do="Send a complete object.")
    if not _UID.fullmatch(transfer_syntax):
        raise DicomError("The file has no valid TransferSyntaxUID.", what_to_do="Send a complete object.")
    facts: dict[str, Any] = {}
    try:
        defect = defect or _pixel_defect(header, pixels)
        facts = read_facts(header, has_pixels=pixels is not None).to_dict()
    except Exception as error:  # as above: a header from outside
        defect = defect or f"The header can't be read ({type(error).__name__})."
    return Examined(
        **uids, transfer_syntax=transfer_syntax, size=size, **described, facts=facts, defect=defect
    )


def announced_kind(source: Path | bytes) -> tuple[str, str, str]:
    """SOP class, SOP instance and transfer syntax of the file meta information; empty where none can be read.

    Parameters
    ----------
    source : Path or bytes
        A DICOM file (PS3.10), or its beginning.
    """
    try:
        with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            read_preamble(file, False)
            # Its public callers go on to inflate a deflated data set, of which only the beginning may be there.
            meta = _read_file_meta_info(file)
        uids = [str(meta.get(keyword, "")) for keyword in _ANNOUNCED]
    except Exception:  # as above: data from outside
        return "", "", ""
    sop_class, instance, syntax = (uid if _UID.fullmatch(uid) else "" for uid in uids)
    return sop_class, instance, syntax


def content_sha256(path: Path) -> str:
    """SHA-256 of a file's data set, in hex.

    The file meta information is left out: it names the software that wrote the file and changes with its version.

    Raises
    ------
    DicomError
        It isn't a DICOM file any more.
    """
    with path.open("rb") as file:
        file.seek(data_set_offset(path))
        return hashlib.file_digest(file, "sha256").hexdigest()


def same_content(one: Path, other: Path) -> bool:
    """Whether two files hold the same data set, byte for byte."""
    with one.open("rb") as first, other.open("rb") as second:
        first.seek(data_set_offset(one))
        second.seek(data_set_offset(other))
        while True:
            piece = first.read(_CHUNK)
            if piece != second.read(_CHUNK):
                return False
            if not piece:
                return True


def data_set_offset(path: Path) -> int:
    """Where the data set begins in a file.

    Raises
    ------
    DicomError
        It isn't a DICOM file.
    """
    try:
        offset: int = split_dataset(path)[1]
    except OSError:
        raise
    except Exception as error:  # as above
        raise DicomError(f"A file can't be read as DICOM ({type(error).__name__}).") from error
    return offset


def _pixel_defect(header: Header, pixels: Pixels | None) -> str:
    """Compare the pixel data's length with what the header announces (PS3.5 8.1.1)."""
    if pixels is None:
        return ""
    if pixels.length == 0:
        return "" if pixels.fragments else "The pixel data are empty."
    try:
        frames = int(header.get("NumberOfFrames") or 1)
        samples = int(header.get("SamplesPerPixel") or 1)
        rows, columns, allocated = (int(header.get(name)) for name in ("Rows", "Columns", "BitsAllocated"))
    except (TypeError, ValueError):
        return "The header doesn't say how many pixels there are."
    expected = (rows * columns * samples * allocated * frames + 7) // 8
    if str(header.get("PhotometricInterpretation", "")) == "YBR_FULL_422":
        expected = expected * 2 // 3
    if pixels.length < expected:
        return f"The pixel data have {pixels.length} bytes where the header announces {expected}."
    return ""


def _described(header: Header) -> dict[str, Any]:
    """What the index keeps of the header; pydicom decodes values here, and a damaged one can break it."""
    return {
        "identity": _identity(header),
        "study_date": _text(header, "StudyDate", 16),
        "study_time": _text(header, "StudyTime", 32),
        "study_description": _text(header, "StudyDescription", 256),
        "referring_physician": _text(header, "ReferringPhysicianName", 512),
    }


def _identity(header: Header) -> Identity:
    return Identity(
        patient_id=_text(header, "PatientID", 256),
        issuer_of_patient_id=_text(header, "IssuerOfPatientID", 256),
        patient_name=_text(header, "PatientName", 512),
        patient_birth_date=_text(header, "PatientBirthDate", 16),
        patient_sex=_text(header, "PatientSex", 16),
        accession_number=_text(header, "AccessionNumber", 64),
    )


def _text(header: Header, keyword: str, longest: int) -> str:
    """An element's text, cut to what the index holds; several values are joined as DICOM writes them."""
    value = header.get(keyword)
    if value is None:
        return ""
    if isinstance(value, MutableSequence):
        value = "\\".join(str(part) for part in value)
    return str(value).strip(" \0")[:longest]
