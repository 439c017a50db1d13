"""What a written report says, read back from its Enhanced SR: the one source of every copy for people and systems.

A PDF, an HL7 message and a FHIR resource are made of what was signed and passed the gate, and of nothing else: what a
reader deleted isn't in the SR, so it can't be in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydicom.dataset import Dataset

from dicom_node.documents.header import offset_from_utc, patient_and_study, requests
from dicom_node.documents.report import Device, Section
from llmcxr_ws.errors import DicomError

_SECTIONS: dict[tuple[str, str], Section] = {
    ("59776-5", "LN"): "findings",
    ("19005-8", "LN"): "impression",
    ("55107-7", "LN"): "addendum",
}
HEADINGS: dict[Section, tuple[str, str, str]] = {
    "findings": ("59776-5", "LN", "Findings"),
    "impression": ("19005-8", "LN", "Impressions"),
    "addendum": ("55107-7", "LN", "Addendum"),
}
"""CID 7001, as code value, coding scheme and meaning."""


@dataclass(frozen=True)
class Passage:
    """The sentences under one heading, in their order."""

    section: Section
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """One SR: a draft, a signed report or an addendum.

    `at` is when it was verified, of a draft when it was begun. `by` and `organisation` are who verified it, as DICOM
    writes names; empty for a draft. `devices` are the algorithms that had a part in it.
    """

    SOPInstanceUID: str
    passages: tuple[Passage, ...]
    at: datetime
    by: str = ""
    organisation: str = ""
    authors: tuple[str, ...] = ()
    devices: tuple[Device, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Narrative:
    """A report as it stands: the draft alone, or what was signed with its addenda so far.

    `film` is the header of the film that was read; `identifier` names the report for good, through its draft,
    signature and addenda.

    Raises
    ------
    DicomError
        On construction, when there is nothing to tell, or a document isn't of the film's study.
    """

    stage: str
    parts: tuple[Written, ...]
    film: Dataset
    identifier: str
    institution: str
    report_version: int
    installation: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        if not self.parts or not any(part.passages for part in self.parts):
            raise DicomError("A report was refused: there is no written sentence to be passed on.")
        if (self.stage == "draft") != (not self.parts[-1].by):
            raise DicomError("A report was refused: a draft bears a signature, or a signed report none.")

    @property
    def is_draft(self) -> bool:
        """Whether nobody has reviewed it."""
        return self.stage == "draft"

    @property
    def at(self) -> datetime:
        """When its latest part was verified, or the draft begun."""
        return self.parts[-1].at

    @property
    def devices(self) -> tuple[Device, ...]:
        """The algorithms that had a part in any of it."""
        return tuple(dict.fromkeys(device for part in self.parts for device in part.devices))

    @property
    def sentences(self) -> tuple[str, ...]:
        """Every sentence, in its order."""
        return tuple(text for part in self.parts for passage in part.passages for text in passage.sentences)

    @property
    def patient_and_study(self) -> Dataset:
        """The film's patient and study attributes; those of type 2 are there, if empty."""
        return patient_and_study(self.film)

    @property
    def requests(self) -> list[Dataset]:
        """The film's orders, as items of Referenced Request Sequence."""
        return requests(self.film)


def read_written(ds: Dataset, film: Dataset) -> Written:
    """Read an Enhanced SR that :mod:`dicom_node.documents.sr` made.

    Raises
    ------
    DicomError
        It is of another study than the film, or isn't in the shape of TID 2000 that is written here.
    """
    if ds.StudyInstanceUID != film.StudyInstanceUID:
        raise DicomError("A report was refused: its document is of another study than the film.")
    passages = tuple(_passages(ds.get("ContentSequence") or ()))
    observers = list(ds.get("VerifyingObserverSequence") or ())
    authors = tuple(
        str(item.PersonName) for item in ds.get("AuthorObserverSequence") or () if "PersonName" in item
    )
    devices = tuple(_device(item) for item in ds.get("ContributingEquipmentSequence") or ())
    if not observers:
        begun = datetime.strptime(f"{ds.ContentDate}{str(ds.ContentTime)[:6]}", "%Y%m%d%H%M%S")
        zone = offset_from_utc(film, begun.astimezone())
        at = begun.replace(tzinfo=zone)
        return Written(str(ds.SOPInstanceUID), passages, at, authors=authors, devices=devices)
    verified = observers[-1]
    return Written(
        str(ds.SOPInstanceUID),
        passages,
        datetime.strptime(str(verified.VerificationDateTime), "%Y%m%d%H%M%S%z"),
        by=str(verified.VerifyingObserverName),
        organisation=str(verified.VerifyingOrganization),
        authors=authors,
        devices=devices,
    )


def _device(item: Dataset) -> Device:
    return Device(
        uid=str(item.DeviceUID),
        manufacturer=str(item.Manufacturer),
        model_name=str(item.ManufacturerModelName),
        version=str(item.SoftwareVersions),
        serial=str(item.get("DeviceSerialNumber") or ""),
    )


def _passages(items: Sequence[Dataset]) -> list[Passage]:
    made = []
    for item in items:
        if item.get("ValueType") != "CONTAINER":
            continue
        code = item.ConceptNameCodeSequence[0]
        section = _SECTIONS.get((str(code.CodeValue), str(code.CodingSchemeDesignator)))
        if section is None:
            raise DicomError("A report was refused: it has a heading that isn't known here.")
        texts = [
            str(child.TextValue)
            for child in item.get("ContentSequence") or ()
            if "TextValue" in child and child.get("RelationshipType") == "CONTAINS"
        ]
        made.append(Passage(section, tuple(texts)))
    return made


def person_in_words(name: str) -> str:
    """Return a person name of DICOM as people write it: prefix, given, middle, family, suffix; all its groups."""
    groups = []
    for group in name.split("="):
        parts = [*(part.strip() for part in group.split("^")), "", "", "", ""][:5]
        family, given, middle, prefix, suffix = parts
        words = " ".join(part for part in (prefix, given, middle, family, suffix) if part)
        if words:
            groups.append(words)
    return groups[0] + (f" ({', '.join(groups[1:])})" if groups[1:] else "") if groups else ""
