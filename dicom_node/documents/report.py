"""What a result document is made of, and the UIDs that follow from it.

Frozen values only; building is in :mod:`dicom_node.documents.sr`. A document that exists here is consistent:
the constructor refuses what must never be written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydicom.dataset import Dataset

from dicom_node.documents.header import patient_and_study, requests
from dicom_node.documents.values import forbidden_character, is_legal, listing
from llmcxr_ws import __version__
from llmcxr_ws.errors import DicomError
from llmcxr_ws.sentences import Origin
from llmcxr_ws.uids import derived_uid

Kind = Literal["draft", "signed", "addendum"]
Section = Literal["findings", "impression", "addendum"]


@dataclass(frozen=True)
class Sentence:
    """One sentence of a report, its section and where it comes from."""

    text: str
    section: Section
    origin: Origin


@dataclass(frozen=True)
class Device:
    """An algorithm: ``uid`` follows from its weights, so that a retrained model is another device."""

    uid: str
    manufacturer: str
    model_name: str
    version: str
    serial: str = ""


@dataclass(frozen=True)
class Person:
    """Who signs: the name as DICOM writes it (``Family^Given``), and when, with its offset from UTC."""

    name: str
    organisation: str
    verified_at: datetime
    identifier: str = ""


@dataclass(frozen=True)
class DocumentReference:
    """An earlier document that this one replaces or withdraws."""

    SOPClassUID: str
    SOPInstanceUID: str
    SeriesInstanceUID: str
    StudyInstanceUID: str


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportDocument:
    """One draft, signed report or addendum, complete.

    ``film`` is the header of the film that was read; ``evidence`` holds the headers of every instance of its
    study that was read, the film among them; ``other_evidence`` those of earlier studies. ``device`` observes;
    ``algorithms`` are listed as contributing equipment (the device alone where empty); an addendum, which a
    person writes, names none. ``person`` signs, ``author`` wrote the preliminary report that is signed.
    ``started_at`` is when the content was begun. ``installation`` names this workplace, so that two of them
    never share a series.

    Raises
    ------
    DicomError
        On construction, when a part is missing or contradicts another.
    """

    kind: Kind
    report_version: int
    sentences: tuple[Sentence, ...]
    film: Dataset
    evidence: tuple[Dataset, ...]
    device: Device | None
    started_at: datetime
    institution: str
    other_evidence: tuple[Dataset, ...] = ()
    algorithms: tuple[Device, ...] = ()
    person: Person | None = None
    author: Person | None = None
    predecessor: DocumentReference | None = None
    language: str = "en-US"
    installation: str = field(default="")

    def __post_init__(self) -> None:
        if self.report_version < 1:
            raise DicomError(f"Report version {self.report_version} isn't a positive number.")
        if self.kind != "draft" and self.person is None:
            raise DicomError("A signed report was refused: it names no person who signs.")
        if (self.kind == "addendum") != (self.device is None):
            raise DicomError(
                "A report was refused: a draft and what is signed of it name the model, an addendum none."
            )
        if self.kind == "addendum" and self.predecessor is None:
            raise DicomError(
                "An addendum was refused: it doesn't name the signed report that it is added to."
            )
        if self.kind == "draft" and (self.person is not None or self.author is not None):
            raise DicomError("A draft was refused: it names a person as if it were signed.")
        moments = [self.started_at, *([self.person.verified_at] if self.person else [])]
        if any(moment.utcoffset() is None for moment in moments):
            raise DicomError("A report was refused: one of its times has no offset from UTC.")
        if self.person and self.person.verified_at < self.started_at:
            raise DicomError("A report was refused: it was signed before it was begun.")
        for person in (self.person, self.author):
            check_names(self.institution, self.devices, person)
        _check_sentences(self.sentences)
        if any((s.section == "addendum") != (self.kind == "addendum") for s in self.sentences):
            raise DicomError(
                "A report was refused: an addendum's sentences stand under its own heading alone."
            )
        if self.film.SOPInstanceUID not in {instance.SOPInstanceUID for instance in self.evidence}:
            raise DicomError("A report was refused: the film that was read isn't among its evidence.")
        if any(instance.StudyInstanceUID != self.film.StudyInstanceUID for instance in self.evidence):
            raise DicomError("A report was refused: its evidence holds an instance of another study.")
        if any(instance.StudyInstanceUID == self.film.StudyInstanceUID for instance in self.other_evidence):
            raise DicomError("A report was refused: its earlier studies hold an instance of this study.")

    @property
    def devices(self) -> tuple[Device, ...]:
        """The models that had a part in it: the one that observes, then the algorithms."""
        return (*([self.device] if self.device else []), *self.algorithms)


def check_names(institution: str, devices: Iterable[Device], person: Person | None) -> None:
    """Refuse names that fit no element, without quoting them.

    Raises
    ------
    DicomError
        If a name is too long, holds a backslash or is missing where it must not be.
    """
    named = [("institution", "LO", institution)]
    for device in devices:
        named += [
            ("model's manufacturer", "LO", device.manufacturer),
            ("model's name", "LO", device.model_name),
        ]
        named += [("model's version", "LO", device.version), ("model's UID", "UI", device.uid)]
    if person:
        named += [("person's name", "PN", person.name), ("person's organisation", "LO", person.organisation)]
    for what, VR, value in named:
        if not value.strip("^ ") or not is_legal(VR, value):
            raise DicomError(
                f"A result was refused: the {what} is missing or doesn't fit a DICOM {VR}.",
                what_to_do="Give one of at most 64 characters without a backslash.",
            )


def _check_sentences(sentences: tuple[Sentence, ...]) -> None:
    if not sentences:
        raise DicomError(
            "A report was refused: it holds no sentence.", what_to_do="Write an impression first."
        )
    for sentence in sentences:
        if not sentence.text.strip():
            raise DicomError("A report was refused: one of its sentences is empty.")
        character = forbidden_character(sentence.text)
        if character:
            raise DicomError(
                f"A report was refused: it holds the character U+{ord(character):04X}, which DICOM can't hold.",
                what_to_do="Delete it from the text.",
            )


def canonical_content(document: ReportDocument) -> bytes:
    """Return the document's content, patient and order header as one text: equal if and only if they are."""
    person = document.person
    content = {
        "kind": document.kind,
        "sentences": [[s.section, s.origin, s.text] for s in document.sentences],
        "patient and study": listing(patient_and_study(document.film)),
        "requests": [listing(item) for item in requests(document.film)],
        "film": document.film.SOPInstanceUID,
        "evidence": sorted(str(instance.SOPInstanceUID) for instance in document.evidence),
        "other evidence": sorted(str(instance.SOPInstanceUID) for instance in document.other_evidence),
        "devices": [list(vars(device).values()) for device in document.devices],
        "started": document.started_at.isoformat(),
        "person": [person.name, person.organisation, person.identifier, person.verified_at.isoformat()]
        if person
        else None,
        "author": [document.author.name, document.author.organisation, document.author.identifier]
        if document.author
        else None,
        "predecessor": document.predecessor.SOPInstanceUID if document.predecessor else None,
        "language": document.language,
        "institution": document.institution,
        "installation": document.installation,
        "software": __version__,
    }
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode("utf-8")


def instance_uid(kind: str, report_version: int, content: bytes) -> str:
    """Return the SOP Instance UID of a result: the same content gives the same UID, and a mended one another."""
    return derived_uid("result document", kind, str(report_version), hashlib.sha256(content).hexdigest())


def series_uid(kind: str, StudyInstanceUID: str, installation: str) -> str:
    """Return the UID of the one series that holds all results of a kind for a study."""
    # The equipment module is the series': another software version must open another series.
    return derived_uid("result series", kind, StudyInstanceUID, installation, __version__)
