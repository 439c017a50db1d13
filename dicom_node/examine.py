"""Examine one received file: its UIDs, what its header says, whether it is whole.

Reads the header up to the pixel data and passes over the rest without decoding it. Decides nothing about storing
(:mod:`dicom_node.reception`) and nothing about drafting (:mod:`llmcxr_ws.films`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pynetdicom.dsutils import split_dataset

from dicom_node.structure import BrokenDataSet, Pixels, check_inflated_size, walk
from llmcxr_ws.domain import Identity
from llmcxr_ws.errors import DicomError
from llmcxr_ws.film_facts import read_facts

_UID: Final = re.compile(r"[0-9.]{1,64}")
"""What a UID is made of (PS3.5 9.1); its finer rules are broken by too many senders to be held against a film."""

_ANNOUNCED: Final = ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")
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
    sha256: str
    identity: Identity
    study_date: str
    study_time: str
    study_description: str
    referring_physician: str
    facts: dict[str, Any]
    defect: str


def examine(path: Path) -> Examined:
    """Examine a DICOM file.

    Raises
    ------
    DicomError
        It can't be read at all, or lacks one of the UIDs by which it is kept.
    """
    try:
        meta, offset = split_dataset(path)
        if meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:
            check_inflated_size(path, offset)
        header = pydicom.dcmread(path, stop_before_pixels=True, defer_size=_DEFERRED)
        transfer_syntax = str(meta.TransferSyntaxUID)
        uids: dict[str, Any] = {
            keyword: str(header.get(keyword, "") or "")
            for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
        }
        described = _described(header)
    except BrokenDataSet:
        raise
    except Exception as error:
        # Data from outside can break pydicom in many ways, with many kinds of exception; none may end the listener.
        raise DicomError(f"The data set can't be read ({type(error).__name__}).") from error
    for keyword, value in uids.items():
        if not _UID.fullmatch(value):
            raise DicomError(f"The data set has no valid {keyword}.", what_to_do="Send a complete object.")
    return Examined(
        **uids,
        transfer_syntax=transfer_syntax,
        size=path.stat().st_size,
        sha256=content_sha256(path, offset),
        **described,
        **_facts_and_defect(path, offset, transfer_syntax, header),
    )


def announced_kind(path: Path) -> tuple[str, str, str]:
    """SOP class, SOP instance and transfer syntax of the file meta information; empty where none can be read."""
    try:
        meta = pydicom.filereader.read_file_meta_info(path)
        uids = [str(meta.get(keyword, "")) for keyword in _ANNOUNCED]
    except Exception:  # as above: data from outside
        return "", "", ""
    sop_class, instance, syntax = (uid if _UID.fullmatch(uid) else "" for uid in uids)
    return sop_class, instance, syntax


def content_sha256(path: Path, offset: int) -> str:
    """SHA-256 of a file's data set, in hex.

    The file meta information is left out: it names the software that wrote the file and changes with its version.
    """
    with path.open("rb") as file:
        file.seek(offset)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _facts_and_defect(path: Path, offset: int, transfer_syntax: str, header: Dataset) -> dict[str, Any]:
    pixels: Pixels | None = None
    defect = ""
    try:
        pixels = walk(path, offset, transfer_syntax)
        defect = _pixel_defect(header, pixels)
    except BrokenDataSet as error:
        defect = error.message
    except Exception as error:  # as above: a damaged header breaks pydicom in many ways
        defect = f"The header can't be read ({type(error).__name__})."
    try:
        facts = read_facts(header, has_pixels=pixels is not None).to_dict()
    except Exception as error:  # as above: a header from outside
        facts, defect = {}, defect or f"The header can't be read ({type(error).__name__})."
    return {"facts": facts, "defect": defect}


def _pixel_defect(header: Dataset, pixels: Pixels | None) -> str:
    """Compare the pixel data's length with what the header announces (PS3.5 8.1.1)."""
    if pixels is None:
        return ""
    if pixels.length == 0:
        return "" if pixels.fragments else "The pixel data are empty."
    try:
        frames = int(header.get("NumberOfFrames") or 1)
        samples = int(header.get("SamplesPerPixel") or 1)
        bits = int(header.Rows) * int(header.Columns) * samples * int(header.BitsAllocated) * frames
    except (AttributeError, TypeError, ValueError):
        return "The header doesn't say how many pixels there are."
    expected = (bits + 7) // 8
    if str(header.get("PhotometricInterpretation", "")) == "YBR_FULL_422":
        expected = expected * 2 // 3
    if pixels.length < expected:
        return f"The pixel data have {pixels.length} bytes where the header announces {expected}."
    return ""


def _described(header: Dataset) -> dict[str, Any]:
    """What the index keeps of the header; pydicom decodes values here, and a damaged one can break it."""
    return {
        "identity": _identity(header),
        "study_date": _text(header, "StudyDate", 16),
        "study_time": _text(header, "StudyTime", 32),
        "study_description": _text(header, "StudyDescription", 256),
        "referring_physician": _text(header, "ReferringPhysicianName", 512),
    }


def _identity(header: Dataset) -> Identity:
    return Identity(
        patient_id=_text(header, "PatientID", 256),
        issuer_of_patient_id=_text(header, "IssuerOfPatientID", 256),
        patient_name=_text(header, "PatientName", 512),
        patient_birth_date=_text(header, "PatientBirthDate", 16),
        patient_sex=_text(header, "PatientSex", 16),
        accession_number=_text(header, "AccessionNumber", 64),
    )


def _text(header: Dataset, keyword: str, longest: int) -> str:
    """An element's text, cut to what the index holds; several values are joined as DICOM writes them."""
    value = header.get(keyword)
    if value is None:
        return ""
    if isinstance(value, pydicom.multival.MultiValue):
        value = "\\".join(str(part) for part in value)
    return str(value).strip(" \0")[:longest]
