"""Withdraw a document that was sent: a Key Object Selection as rejection note (IHE RAD IOCM, PS3.16 TID 2010).

For a sent draft that its reader rejects or that a newer version supersedes, and for a retracted report. The note
names the withdrawn document; it deliberately says nothing of its content.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset

from dicom_node.documents import envelope
from dicom_node.documents.header import offset_from_utc, patient_and_study, requests
from dicom_node.documents.observers import device_context, person_context
from dicom_node.documents.report import (
    Device,
    DocumentReference,
    Person,
    check_names,
    instance_uid,
    series_uid,
)
from dicom_node.documents.values import listing
from llmcxr_ws import __version__
from llmcxr_ws.errors import DicomError

Reason = Literal["quality", "patient_safety"]

SERIES_DESCRIPTION = "Rejection note"
_SERIES_NUMBER = 9003

# CID 7011.
_TITLES: dict[Reason, tuple[str, str]] = {
    "quality": ("113001", "Rejected for Quality Reasons"),
    "patient_safety": ("113037", "Rejected for Patient Safety Reasons"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class RejectionNote:
    """One withdrawn document, why and when, and who withdraws it.

    `film` is the header of the film that the document was about; `device` is the model that wrote it, none
    for an addendum, `person` the reader who withdraws it, absent where a newer version supersedes it.

    Raises
    ------
    DicomError
        On construction, when the document isn't of the film's study or the time has no offset from UTC.
    """

    withdrawn: DocumentReference
    film: Dataset
    reason: Reason
    at: datetime
    institution: str
    device: Device | None
    person: Person | None = None
    description: str = ""
    installation: str = ""

    def __post_init__(self) -> None:
        if self.withdrawn.StudyInstanceUID != self.film.StudyInstanceUID:
            raise DicomError("A rejection note was refused: the document is of another study than the film.")
        if self.at.utcoffset() is None:
            raise DicomError("A rejection note was refused: its time has no offset from UTC.")
        if self.device is None and self.person is None:
            raise DicomError("A rejection note was refused: it names neither a model nor a person.")
        check_names(self.institution, self.devices, self.person)

    @property
    def devices(self) -> tuple[Device, ...]:
        """The model as a list of one or none."""
        return (self.device,) if self.device else ()


def build_rejection(note: RejectionNote) -> Dataset:
    """Return the Key Object Selection Document, ready to be checked by the gate and stored.

    Raises
    ------
    DicomError
        If a value of the note doesn't fit the element that has to hold it.
    """
    zone = offset_from_utc(note.film, note.at)
    withdrawn = _withdrawn_header(note.withdrawn)
    try:
        content = KeyObjectSelection(
            document_title=CodedConcept(_TITLES[note.reason][0], "DCM", _TITLES[note.reason][1]),
            referenced_objects=[withdrawn],
            observer_person_context=person_context(note.person) if note.person else None,
            observer_device_context=device_context(note.device) if note.device else None,
            description=note.description or None,
        )
        built = KeyObjectSelectionDocument(
            evidence=[withdrawn],
            content=content,
            series_instance_uid=series_uid("rejection", note.film.StudyInstanceUID, note.installation),
            series_number=_SERIES_NUMBER,
            series_description=SERIES_DESCRIPTION,
            sop_instance_uid=instance_uid("rejection", 1, _canonical_content(note)),
            instance_number=1,
            requested_procedures=requests(note.film) or None,
            content_date=envelope.da(note.at, zone),
            content_time=envelope.tm(note.at, zone),
            **envelope.equipment(note.institution, note.installation),
        )
    except (ValueError, TypeError, AttributeError) as error:
        # As in sr.build: highdicom's texts may quote the value they refuse.
        raise DicomError(
            f"The rejection note can't be made a DICOM document ({type(error).__name__} in its names or headers).",
            what_to_do="Shorten names of institution, person and model to 64 characters without a backslash.",
        ) from error
    ds = envelope.finish(built, patient_and_study(note.film), note.devices, note.institution, note.at, zone)
    for item in ds.ContentSequence:
        if item.ValueType == "COMPOSITE":
            # TID 2010 gives its references no concept name; highdicom adds one.
            del item.ConceptNameCodeSequence
    return ds


def _withdrawn_header(reference: DocumentReference) -> Dataset:
    header = Dataset()
    header.SOPClassUID, header.SOPInstanceUID = reference.SOPClassUID, reference.SOPInstanceUID
    header.SeriesInstanceUID, header.StudyInstanceUID = (
        reference.SeriesInstanceUID,
        reference.StudyInstanceUID,
    )
    return envelope.stand_in(header)


def _canonical_content(note: RejectionNote) -> bytes:
    content = {
        "withdrawn": note.withdrawn.SOPInstanceUID,
        "reason": note.reason,
        "description": note.description,
        "at": note.at.isoformat(),
        "device": note.device.uid if note.device else None,
        "person": [note.person.name, note.person.organisation, note.person.identifier]
        if note.person
        else None,
        "patient and study": listing(patient_and_study(note.film)),
        "requests": [listing(item) for item in requests(note.film)],
        "institution": note.institution,
        "installation": note.installation,
        "software": __version__,
    }
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode("utf-8")
