"""What a result document takes over from the header of the film: patient, study, order.

Copies what identifies the patient unchanged, decoded so that it can be written in UTF-8. Deliberately judges
nothing: whether the copy is legal and the same as the source is the gate's business.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from highdicom.base import get_module_attribute_map
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from dicom_node.documents.values import fits, plain_copy, plain_value, put

# Type 2 of the Patient and General Study modules (PS3.3 C.7.1.1, C.7.2.1): present in every document, if empty.
_ALWAYS_THERE = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
)
# Never left out, however malformed: an identity is taken over unchanged or refused.
IDENTIFYING = frozenset({*_ALWAYS_THERE, "IssuerOfPatientID", "StudyInstanceUID"})
_MODULES = ("patient", "clinical-trial-subject", "general-study", "patient-study", "clinical-trial-study")

# Referenced Request Sequence (PS3.3 C.17.2): type 2 ones, and those of type 3 that an image may carry.
_REQUEST_TYPE_2 = (
    "AccessionNumber",
    "PlacerOrderNumberImagingServiceRequest",
    "FillerOrderNumberImagingServiceRequest",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
)
_REQUEST_OPTIONAL = (
    "IssuerOfAccessionNumberSequence",
    "OrderPlacerIdentifierSequence",
    "OrderFillerIdentifierSequence",
    "ReasonForTheRequestedProcedure",
    "ReasonForRequestedProcedureCodeSequence",
)


def patient_and_study(film: Dataset) -> Dataset:
    """Return the patient and study attributes of a film; absent ones that must be there are empty."""
    copy = Dataset()
    for module in _MODULES:
        for attribute in get_module_attribute_map()[module]:
            if not attribute["path"]:
                _copy(film, copy, attribute["keyword"])
    for keyword in _ALWAYS_THERE:
        if keyword not in copy:
            setattr(copy, keyword, "")
    return copy


def requests(film: Dataset) -> list[Dataset]:
    """Return the items of Referenced Request Sequence for the film's order; none where it names no order."""
    orders = list(film.get("RequestAttributesSequence") or ())
    if not orders and not film.get("AccessionNumber"):
        return []
    return [_request(film, order) for order in orders or [Dataset()]]


def _request(film: Dataset, order: Dataset) -> Dataset:
    item = Dataset()
    item.StudyInstanceUID = str(order.get("StudyInstanceUID") or film.StudyInstanceUID)
    item.ReferencedStudySequence = []
    for keyword in (*_REQUEST_TYPE_2, *_REQUEST_OPTIONAL):
        _copy(order, item, keyword)
    if not item.get("AccessionNumber"):
        _copy(film, item, "AccessionNumber")
        _copy(film, item, "IssuerOfAccessionNumberSequence")
    for keyword in _REQUEST_TYPE_2:
        if keyword not in item:
            setattr(item, keyword, "")
    _copy(order, item, "RequestedProcedureCodeSequence")
    if "RequestedProcedureCodeSequence" not in item:
        item.RequestedProcedureCodeSequence = []
    return item


def procedure_codes(film: Dataset) -> list[Dataset]:
    """Return the codes of the procedure that was performed, else of the one that was requested."""
    for source in (film, *(film.get("RequestAttributesSequence") or ())):
        for keyword in ("ProcedureCodeSequence", "RequestedProcedureCodeSequence"):
            codes = [plain_copy(code) for code in source.get(keyword) or ()]
            if codes:
                return codes
    return []


def offset_from_utc(film: Dataset, moment: datetime) -> timezone:
    """Return the offset that the study's times are in: the film's own, else that of `moment`.

    Study Date and Time are copied as they are, so every other time of the document must be in their zone.
    """
    written = str(film.get("TimezoneOffsetFromUTC") or "").strip()
    try:
        parsed = datetime.strptime(written, "%z").utcoffset()
    except ValueError:
        parsed = None
    return timezone(parsed if parsed is not None else moment.utcoffset() or timedelta())


def _copy(source: Dataset, target: Dataset, keyword: str) -> None:
    """Copy an attribute that has a value; an illegal one only where the gate must see it and refuse."""
    tag = tag_for_keyword(keyword)
    if tag is None or tag not in source:
        return
    element = source[tag]
    if element.is_empty or (element.VR == "SQ" and not element.value):
        return
    value = plain_value(element.VR, element.value)
    if element.VR == "SQ":
        for item in value:
            item.pop("SpecificCharacterSet", None)
    elif keyword not in IDENTIFYING and not fits(element):
        return
    put(target, tag, element.VR, value)


# What builders of pictures and marks take over of a film beside patient and study.
copy_attribute = _copy
