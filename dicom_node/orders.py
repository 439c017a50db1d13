"""A study's order, asked for by Modality Worklist (PS3.4 annex K), and put into headers that lack it.

Knows no database: :mod:`dicom_node.steps.orders` asks and keeps.
"""

from __future__ import annotations

from typing import Any, Final

from pydicom.dataset import Dataset

from dicom_node import scu, sop_classes
from dicom_node.association import LocalEntity, PeerAddress
from llmcxr_ws.domain import Identity

_OF_REQUEST: Final = (
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "ReasonForTheRequestedProcedure",
    "PlacerOrderNumberImagingServiceRequest",
    "FillerOrderNumberImagingServiceRequest",
)
_CODES_OF_REQUEST: Final = ("RequestedProcedureCodeSequence", "ReasonForRequestedProcedureCodeSequence")
_TOLD: Final = (
    *_OF_REQUEST,
    "RequestedProcedurePriority",
    "RequestingPhysician",
    "ReferringPhysicianName",
    "AdmissionID",
    "CurrentPatientLocation",
)
"""What a reader is told, as text."""
_IDENTITY: Final = ("AccessionNumber", "PatientID", "IssuerOfPatientID", "PatientName", "StudyInstanceUID")
_MOST: Final = 20


def order_of(
    local: LocalEntity, peer: PeerAddress, identity: Identity, StudyInstanceUID: str, study_date: str
) -> Dataset | None:
    """Return the worklist entry of a study: its accession number's, else the only one that names the study.

    Without an accession number it is asked for the patient's entries of the study's day. None where no entry is
    surely the study's; an entry of another patient never is.

    Raises
    ------
    DicomError
        The peer can't be asked.
    """
    accession = identity.accession_number.strip()
    if not (accession or identity.patient_id.strip()):
        return None
    asked = {"AccessionNumber": accession} if accession else {"PatientID": identity.patient_id}
    entries = [
        entry
        for entry in scu.find_identifier(
            local,
            peer,
            sop_classes.WORKLIST_FIND,
            _identifier(asked, "" if accession else study_date),
            limit=_MOST,
        )
        if _text(entry, "PatientID") == identity.patient_id.strip()
    ]
    named = [entry for entry in entries if _text(entry, "StudyInstanceUID") == StudyInstanceUID]
    if accession:
        named = named or [entry for entry in entries if _text(entry, "AccessionNumber") == accession]
        # One order may have several steps, each with an entry; they say the same of the order.
        return named[0] if len({_text(entry, "RequestedProcedureID") for entry in named}) == 1 else None
    return named[0] if named else None


def words_of(order: Dataset) -> dict[str, str]:
    """Return what a reader is told of an order, by keyword; what is empty is left out."""
    said = {keyword: _text(order, keyword) for keyword in _TOLD}
    if not said["ReasonForTheRequestedProcedure"]:
        said["ReasonForTheRequestedProcedure"] = ", ".join(
            _text(code, "CodeMeaning") for code in order.get("ReasonForRequestedProcedureCodeSequence") or ()
        )
    return {keyword: value for keyword, value in said.items() if value}


def completed(header: Dataset, order: Dataset) -> None:
    """Put into a film's header what it lacks of its order; what it says itself stays.

    An order in the header that names another procedure is left alone. Patient and accession number are never touched.
    """
    requests = list(header.get("RequestAttributesSequence") or ())
    item = requests[0] if requests else Dataset()
    named = _text(item, "RequestedProcedureID")
    if len(requests) > 1 or (named and named != _text(order, "RequestedProcedureID")):
        return
    for keyword in _OF_REQUEST:
        if not _text(item, keyword) and _text(order, keyword):
            setattr(item, keyword, order[keyword].value)
    for keyword in _CODES_OF_REQUEST:
        if not item.get(keyword) and order.get(keyword):
            setattr(item, keyword, list(order[keyword].value))
    if len(item):
        header.RequestAttributesSequence = [item]
    if not _text(header, "AdmissionID") and _text(order, "AdmissionID"):
        header.AdmissionID = order.AdmissionID


def _identifier(asked: dict[str, Any], study_date: str) -> Dataset:
    identifier = Dataset()
    for keyword in (*_IDENTITY, *_TOLD):
        setattr(identifier, keyword, asked.get(keyword, ""))
    for keyword in _CODES_OF_REQUEST:
        setattr(identifier, keyword, [])
    step = Dataset()
    step.Modality = ""
    step.ScheduledProcedureStepStartDate = study_date
    step.ScheduledProcedureStepDescription = ""
    identifier.ScheduledProcedureStepSequence = [step]
    if not all(str(value).isascii() for value in asked.values()):
        identifier.SpecificCharacterSet = "ISO_IR 192"
    return identifier


def _text(ds: Dataset, keyword: str) -> str:
    return str(ds.get(keyword) or "").strip(" \0")
