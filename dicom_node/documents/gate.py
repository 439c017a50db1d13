"""The conformance gate: nothing leaves on a fault.

Judges a finished document against the headers of the instances it was made from. Faults name elements, never
their values, so that they can be shown, stored and logged; only ``details`` may quote, and is kept with the
document alone. Deliberately no mending here: a mended document is a new version.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.documents.encapsulated import check_encapsulated
from dicom_node.documents.image_gate import CLASSES, check_image_result, is_key_image, is_synthetic_film
from dicom_node.documents.modules import check_modules
from dicom_node.documents.sr import DRAFT_SERIES_DESCRIPTION
from dicom_node.documents.tree import (
    check_provenance_rows,
    check_rejection_rows,
    check_report_rows,
    walk,
)
from dicom_node.documents.values import fits
from dicom_node.sop_classes import COMPREHENSIVE_SR, ENCAPSULATED_PDF, ENHANCED_SR, KEY_OBJECT_SELECTION

_PATIENT = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex")
_STUDY = ("StudyInstanceUID", "StudyID", "StudyDate", "StudyTime", "AccessionNumber")
# Over the years a name or a recorded sex may change; these may not.
_SAME_PERSON = ("PatientID", "IssuerOfPatientID", "PatientBirthDate")
# Where an earlier study says nothing of these, it contradicts nothing.
_MAY_BE_SILENT = ("IssuerOfPatientID", "PatientBirthDate")

_VALIDATOR_TIMEOUT_S = 60
# What dciodvfy adds to any fault of a value.
_SUMS_UP = "Dicom dataset contains invalid data values for Value Representations"
# Synthetic Data is newer than the dictionary of the dicom3tools that Debian has (2022).
_NEWER_THAN_DCIODVFY = ("(0x0008,0x001c)",)


@dataclass(frozen=True)
class Fault:
    """Why a document may not leave: a stable code and a sentence without patient data."""

    code: str
    sentence: str
    details: str = ""


def check(
    dataset: Dataset, source_headers: Sequence[Dataset], *, sentences: Sequence[str] | None = None
) -> list[Fault]:
    """Return every fault of a document; an empty list lets it leave.

    Parameters
    ----------
    dataset : Dataset
        The document as it was built, with its file meta information.
    source_headers : sequence of Dataset
        Headers of every instance that the document refers to, as they were received: films, earlier films, and
        for a rejection note the withdrawn document.
    sentences : sequence of str, optional
        The sentences that were decided on; the document must hold exactly these, in this order.
    """
    faults = [Fault("modules", sentence) for sentence in check_modules(dataset)]
    if dataset.get("SOPClassUID") == ENHANCED_SR:
        faults += [Fault("flags", sentence) for sentence in _check_flags(dataset)]
        faults += [Fault("rows", sentence) for sentence in check_report_rows(dataset)]
    elif dataset.get("SOPClassUID") == COMPREHENSIVE_SR:
        faults += [Fault("flags", sentence) for sentence in _check_provenance_flags(dataset)]
        faults += [Fault("rows", sentence) for sentence in check_provenance_rows(dataset)]
    elif dataset.get("SOPClassUID") in CLASSES or is_key_image(dataset):
        faults += [Fault(*fault) for fault in check_image_result(dataset, source_headers)]
    elif dataset.get("SOPClassUID") == KEY_OBJECT_SELECTION:
        faults += [Fault("rows", sentence) for sentence in check_rejection_rows(dataset)]
    elif dataset.get("SOPClassUID") == ENCAPSULATED_PDF:
        faults += [Fault("pdf", sentence) for sentence in check_encapsulated(dataset)]
        faults += [Fault("evidence", sentence) for sentence in _check_sources(dataset, source_headers)]
    else:
        faults.append(
            Fault(
                "sop_class", "The document is neither a report nor a note nor a copy or picture of a result."
            )
        )
    if sentences is not None and dataset.get("SOPClassUID") in (ENHANCED_SR, COMPREHENSIVE_SR):
        faults += [Fault("sentences", sentence) for sentence in _check_sentences(dataset, sentences)]
    if not is_synthetic_film(dataset):  # a drawn film is nobody's and refers to nothing
        faults += [Fault("identity", sentence) for sentence in _check_identity(dataset, source_headers)]
        faults += [Fault("evidence", sentence) for sentence in _check_evidence(dataset, source_headers)]
    faults += [Fault("values", sentence) for sentence in _check_values(dataset)]
    if not any(fault.code == "values" for fault in faults):
        faults += [Fault("characters", sentence) for sentence in _check_characters(dataset)]
    # What can't be written as it is can't be validated either.
    if any(fault.code in ("values", "characters") for fault in faults):
        return faults
    return faults + _run_dciodvfy(dataset)


def is_outdated(line: str) -> bool:
    """Whether dciodvfy faults an attribute for nothing but being newer than its dictionary."""
    return "not a recognized standard attribute" in line and any(tag in line for tag in _NEWER_THAN_DCIODVFY)


def summary(faults: Sequence[Fault]) -> str:
    """Return one sentence for people about the faults of a document."""
    first = "; ".join(fault.sentence.rstrip(".") for fault in faults[:3])
    more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
    return f"The document wasn't sent: {first}{more}."


def _check_flags(ds: Dataset) -> Iterator[str]:
    """PS3.3 C.17.2, and the rules of the house: FINAL and VERIFIED go together, with a named person."""
    completion, verification = ds.get("CompletionFlag"), ds.get("VerificationFlag")
    preliminary = ds.get("PreliminaryFlag")
    observers = list(ds.get("VerifyingObserverSequence") or ())
    if verification not in ("VERIFIED", "UNVERIFIED"):
        yield f"VerificationFlag is '{verification}'."
    if verification == "VERIFIED" and completion != "COMPLETE":
        yield f"A document with CompletionFlag '{completion}' can't be VERIFIED."
    if (verification == "VERIFIED") != (preliminary == "FINAL"):
        yield f"PreliminaryFlag '{preliminary}' doesn't go with VerificationFlag '{verification}'."
    if verification == "VERIFIED" and not observers:
        yield "A VERIFIED document names no verifying observer."
    if verification != "VERIFIED" and observers:
        yield "An UNVERIFIED document names a verifying observer."
    for observer in observers:
        for keyword in ("VerifyingObserverName", "VerifyingOrganization", "VerificationDateTime"):
            if not str(observer.get(keyword) or "").strip("^ "):
                yield f"The verifying observer lacks {keyword}."
    is_marked = ds.get("SeriesDescription") == DRAFT_SERIES_DESCRIPTION
    if is_marked != (verification == "UNVERIFIED"):
        yield f"The series description must be '{DRAFT_SERIES_DESCRIPTION}' on drafts and on nothing else."
    if ds.get("ContentQualification") != "RESEARCH":
        yield "ContentQualification isn't RESEARCH."


def _check_provenance_flags(ds: Dataset) -> Iterator[str]:
    """Derived from a report, it never passes for one: neither verified nor final."""
    if (ds.get("CompletionFlag"), ds.get("VerificationFlag")) != ("COMPLETE", "UNVERIFIED"):
        yield "A provenance SR must be COMPLETE and UNVERIFIED."
    if "PreliminaryFlag" in ds or "VerifyingObserverSequence" in ds:
        yield "A provenance SR must have neither a PreliminaryFlag nor a verifying observer."
    if ds.get("ContentQualification") != "RESEARCH":
        yield "ContentQualification isn't RESEARCH."


def _check_sentences(ds: Dataset, sentences: Sequence[str]) -> Iterator[str]:
    held = [
        str(item.TextValue)
        for item in walk(ds)
        if item.get("RelationshipType") == "CONTAINS" and "TextValue" in item
    ]
    if held != list(sentences):
        yield f"The document's {len(held)} sentences aren't the {len(sentences)} that were decided on."


def _check_identity(ds: Dataset, source_headers: Sequence[Dataset]) -> Iterator[str]:
    of_study = [
        source for source in source_headers if source.get("StudyInstanceUID") == ds.get("StudyInstanceUID")
    ]
    if not of_study:
        yield "None of the source instances is of the document's study."
    for keyword in (*_PATIENT, *_STUDY):
        if any(_plain(ds, keyword) != _plain(source, keyword) for source in of_study):
            yield f"{keyword} differs between the document and its source instances."
    for source in source_headers:
        differing = [key for key in _SAME_PERSON if _contradicts(ds, source, key)]
        if source not in of_study and differing:
            yield f"Evidence of another study is of another patient ({', '.join(differing)} differs)."


def _contradicts(ds: Dataset, source: Dataset, keyword: str) -> bool:
    mine, theirs = _plain(ds, keyword), _plain(source, keyword)
    return mine != theirs and not (keyword in _MAY_BE_SILENT and not (mine and theirs))


def _check_evidence(ds: Dataset, source_headers: Sequence[Dataset]) -> Iterator[str]:
    known = {str(source.get("SOPInstanceUID")): source for source in source_headers}
    current = dict(_listed(ds.get("CurrentRequestedProcedureEvidenceSequence") or ()))
    other = dict(_listed(ds.get("PertinentOtherEvidenceSequence") or ()))
    for SOPInstanceUID, hierarchy in (current | other).items():
        source = known.get(SOPInstanceUID)
        if source is None:
            yield "The document lists an instance as evidence that isn't among its sources."
        elif hierarchy != _hierarchy(source):
            yield "The document lists evidence with another class, series or study than the instance has."
    if any(hierarchy["StudyInstanceUID"] != ds.get("StudyInstanceUID") for hierarchy in current.values()):
        yield "An instance of another study stands in the current procedure's evidence."
    if any(hierarchy["StudyInstanceUID"] == ds.get("StudyInstanceUID") for hierarchy in other.values()):
        yield "An instance of this study stands in the evidence of other studies."
    for item in walk(ds):
        for reference in item.get("ReferencedSOPSequence") or ():
            listed = (current | other).get(str(reference.get("ReferencedSOPInstanceUID")))
            if listed is None or listed["SOPClassUID"] != reference.get("ReferencedSOPClassUID"):
                yield "The tree refers to an instance that isn't listed as evidence."
    for _, hierarchy in _listed(ds.get("PredecessorDocumentsSequence") or ()):
        if hierarchy["StudyInstanceUID"] != ds.get("StudyInstanceUID"):
            yield "The predecessor is of another study."


def _check_sources(ds: Dataset, source_headers: Sequence[Dataset]) -> Iterator[str]:
    known = {str(source.get("SOPInstanceUID")) for source in source_headers}
    for item in ds.get("SourceInstanceSequence") or ():
        if str(item.get("ReferencedSOPInstanceUID")) not in known:
            yield "The document names an instance as its source that isn't among its sources."


def _listed(studies: Iterable[Dataset]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield (SOP Instance UID, where it stands) of a hierarchical reference (PS3.3 table C.17-3)."""
    for study in studies:
        for series in study.get("ReferencedSeriesSequence") or ():
            for instance in series.get("ReferencedSOPSequence") or ():
                yield (
                    str(instance.get("ReferencedSOPInstanceUID")),
                    {
                        "SOPClassUID": str(instance.get("ReferencedSOPClassUID")),
                        "SeriesInstanceUID": str(series.get("SeriesInstanceUID")),
                        "StudyInstanceUID": str(study.get("StudyInstanceUID")),
                    },
                )


def _hierarchy(source: Dataset) -> Mapping[str, str]:
    return {key: str(source.get(key)) for key in ("SOPClassUID", "SeriesInstanceUID", "StudyInstanceUID")}


def _check_values(ds: Dataset) -> Iterator[str]:
    elements = [element for element in ds.iterall() if element.VR != "SQ"]
    for keyword in sorted({element.keyword for element in elements if not fits(element)}):
        yield f"{keyword} holds a value that doesn't fit its value representation."


def _check_characters(ds: Dataset) -> Iterator[str]:
    """Every text must come back from the written bytes as it is now."""
    if ds.get("SpecificCharacterSet") != "ISO_IR 192":
        yield "SpecificCharacterSet isn't ISO_IR 192."
        return
    texts = dict(_texts(ds))
    damaged = sorted({keyword for keyword, text in texts.items() if "�" in text})
    if damaged:
        yield f"Characters were lost before the document was made ({', '.join(damaged)})."
    try:
        buffer = BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        buffer.seek(0)
        returned = dict(_texts(dcmread(buffer)))
    except (ValueError, TypeError, AttributeError, KeyError, OSError) as error:
        yield f"The document can't be written ({type(error).__name__})."
        return
    changed = sorted(
        keyword for keyword in texts.keys() | returned.keys() if texts.get(keyword) != returned.get(keyword)
    )
    if changed:
        yield f"Text changes when the document is written ({', '.join(changed)})."


def _texts(ds: Dataset, path: str = "") -> Iterator[tuple[str, str]]:
    for element in ds:
        where = f"{path}{element.keyword or element.tag}"
        if element.VR == "SQ":
            for index, item in enumerate(element.value):
                yield from _texts(item, f"{where}[{index}]/")
        elif element.VR in ("LO", "LT", "PN", "SH", "ST", "UC", "UT", "CS", "AS", "DA", "TM", "DT", "UI"):
            # Leading and trailing spaces carry no meaning in most of these (PS3.5 6.2) and may be padding.
            yield where, "" if element.value is None else str(element.value).strip(" \0")


def _plain(ds: Dataset, keyword: str) -> str:
    # A trailing ^ or = of a name carries no meaning (PS3.5 6.2.1).
    return str(ds.get(keyword) or "").strip(" \0").rstrip("^= ")


def _counts_bytes(line: str) -> bool:
    """Whether dciodvfy faults a length: it counts bytes, also across the groups of a name.

    PS3.5 6.2 counts characters, and of a name those of each group, as :func:`_check_values` has done before.
    """
    return "Length invalid for this VR" in line


def _run_dciodvfy(ds: Dataset) -> list[Fault]:
    """Ask dicom3tools where it is installed; it prints errors and exits 0, so its text is what counts."""
    tool = shutil.which("dciodvfy")
    if tool is None:
        return []
    with tempfile.TemporaryDirectory(prefix="llmcxr-gate-") as folder:
        path = Path(folder) / "document.dcm"
        ds.save_as(path, enforce_file_format=True)
        try:
            said = subprocess.run(
                [tool, os.fspath(path)], capture_output=True, timeout=_VALIDATOR_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return [Fault("validator", f"dciodvfy couldn't judge the document ({type(error).__name__}).")]
    lines = (said.stdout + said.stderr).decode("utf-8", "replace").splitlines()
    errors = [line for line in lines if "Error" in line and not _counts_bytes(line) and not is_outdated(line)]
    if errors == [line for line in errors if _SUMS_UP in line]:
        errors = []
    if errors or said.returncode < 0:
        return [
            Fault("validator", f"dciodvfy finds {len(errors)} errors in the document.", "\n".join(errors))
        ]
    return []
