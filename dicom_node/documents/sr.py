"""Build a report as an Enhanced SR in the shape of TID 2000 (PS3.16, Basic Diagnostic Imaging Report).

A pure function: the same document gives the same data set. TID 2000 isn't extensible and its order counts:
procedure, language, observers, headings. A draft is COMPLETE, UNVERIFIED, PRELIMINARY; a signed report and an
addendum COMPLETE, VERIFIED, FINAL. An addendum has the title of a report, because CID 7000 knows no other, and
says what it is by its heading (LN 55107-7) and its predecessor (PS3.3 C.17.2). Each heading names its own observers:
the model where one of its sentences comes from it, the person where it was signed. Deliberately not here: where each
sentence comes from. A non-extensible template has no row for it; that is :mod:`dicom_node.documents.provenance`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timezone
from itertools import groupby

from highdicom.sr import (
    CodeContentItem,
    CodedConcept,
    ContainerContentItem,
    ContentSequence,
    EnhancedSR,
    ImageContentItem,
    LanguageOfContentItemAndDescendants,
    ObservationContext,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom.dataset import Dataset

from dicom_node.documents import envelope
from dicom_node.documents.header import offset_from_utc, patient_and_study, procedure_codes, requests
from dicom_node.documents.observers import device_context, person_context
from dicom_node.documents.report import (
    Device,
    DocumentReference,
    Person,
    ReportDocument,
    Section,
    Sentence,
    canonical_content,
    instance_uid,
    series_uid,
)
from llmcxr_ws.errors import DicomError

DRAFT_SERIES_DESCRIPTION = "AI DRAFT - not reviewed"
SIGNED_SERIES_DESCRIPTION = "Signed report"
ADDENDUM_SERIES_DESCRIPTION = "Addendum to the signed report"

# Fixed, and above what modalities count to.
_SERIES_NUMBERS = {"draft": 9001, "signed": 9002, "addendum": 9004}
_DESCRIPTIONS = {
    "draft": DRAFT_SERIES_DESCRIPTION,
    "signed": SIGNED_SERIES_DESCRIPTION,
    "addendum": ADDENDUM_SERIES_DESCRIPTION,
}

NAMES_TOO_LONG = "Shorten names of institution, person and model to 64 characters without a backslash."

# Code value, coding scheme, meaning. Made into an item anew for each use: documents must share nothing.
Concept = tuple[str, str, str]

# PS3.16: heading of CID 7001, element of CID 7002.
HEADINGS: dict[Section, tuple[Concept, Concept]] = {
    "findings": (("59776-5", "LN", "Findings"), ("121071", "DCM", "Finding")),
    "impression": (("19005-8", "LN", "Impressions"), ("121073", "DCM", "Impression")),
    # CID 7002 has no element of the addendum's own.
    "addendum": (("55107-7", "LN", "Addendum"), ("121071", "DCM", "Finding")),
}
_LANGUAGES = {"en": "English", "en-US": "English (United States)", "en-GB": "English (United Kingdom)"}


def build(document: ReportDocument) -> Dataset:
    """Return the Enhanced SR of a report, ready to be checked by the gate and stored.

    Raises
    ------
    DicomError
        If a value of the document doesn't fit the element that has to hold it.
    """
    zone = offset_from_utc(document.film, document.started_at)
    try:
        built = _build(document, zone)
    except (ValueError, TypeError, AttributeError) as error:
        # highdicom's texts may quote the value they refuse; only the kind of error is passed on.
        raise DicomError(
            f"The report can't be made a DICOM document ({type(error).__name__} in its names or headers).",
            what_to_do=NAMES_TOO_LONG,
        ) from error
    person = document.person
    at = person.verified_at if person else document.started_at
    devices = document.algorithms or document.devices
    ds = envelope.finish(built, patient_and_study(document.film), devices, document.institution, at, zone)
    ds.AuthorObserverSequence = authors(document)
    if person:
        ds.VerificationFlag = "VERIFIED"
        ds.VerifyingObserverSequence = [_verification(person, zone)]
        ds.CompletionFlagDescription = "Read and signed by the verifying observer"
    else:
        ds.CompletionFlagDescription = "Complete AI draft, reviewed by nobody"
    if document.predecessor:
        ds.PredecessorDocumentsSequence = [_predecessor(document.predecessor)]
    return ds


def _build(document: ReportDocument, zone: timezone) -> EnhancedSR:
    film = document.film
    others = [instance for instance in document.evidence if instance.SOPInstanceUID != film.SOPInstanceUID]
    evidence = [
        film,
        *sorted((*others, *document.other_evidence), key=lambda instance: instance.SOPInstanceUID),
    ]
    return EnhancedSR(
        evidence=[envelope.stand_in(instance) for instance in evidence],
        content=_tree(document),
        series_instance_uid=series_uid(document.kind, film.StudyInstanceUID, document.installation),
        series_number=_SERIES_NUMBERS[document.kind],
        series_description=_DESCRIPTIONS[document.kind],
        sop_instance_uid=instance_uid(document.kind, document.report_version, canonical_content(document)),
        instance_number=document.report_version,
        is_complete=True,
        is_final=document.kind != "draft",
        # The verification is written by hand afterwards: highdicom takes the clock's time for it.
        is_verified=False,
        requested_procedures=requests(film) or None,
        performed_procedure_codes=[CodedConcept.from_dataset(item) for item in procedure_codes(film)] or None,
        content_date=envelope.da(document.started_at, zone),
        content_time=envelope.tm(document.started_at, zone),
        **envelope.equipment(document.institution, document.installation),
    )


def _tree(document: ReportDocument) -> ContainerContentItem:
    root = ContainerContentItem(
        name=CodedConcept("18748-4", "LN", "Diagnostic Imaging Report"), template_id="2000"
    )
    root.ContentSequence = ContentSequence()
    for procedure in procedure_codes(document.film)[:1]:
        root.ContentSequence.append(
            CodeContentItem(
                name=CodedConcept("121058", "DCM", "Procedure reported"),
                value=CodedConcept.from_dataset(procedure),
                relationship_type=RelationshipTypeValues.HAS_CONCEPT_MOD,
            )
        )
    root.ContentSequence.extend(language(document))
    root.ContentSequence.extend(observers(document.person, document.device))
    for section, sentences in groupby(in_order(document.sentences), lambda sentence: sentence.section):
        root.ContentSequence.append(_section(document, section, list(sentences)))
    return root


def language(document: ReportDocument) -> LanguageOfContentItemAndDescendants:
    """Return the row that names the language of a document (PS3.16 TID 1204)."""
    meaning = _LANGUAGES.get(document.language, document.language)
    return LanguageOfContentItemAndDescendants(CodedConcept(document.language, "RFC5646", meaning))


def observers(person: Person | None, device: Device | None) -> ObservationContext:
    """Return the rows that name who observed what stands below (PS3.16 TID 1001)."""
    return ObservationContext(
        observer_person_context=person_context(person, verifies=True) if person else None,
        observer_device_context=device_context(device) if device else None,
    )


def in_order(sentences: Iterable[Sentence]) -> list[Sentence]:
    """Return the sentences in the order of the headings that they stand under."""
    headings = list(HEADINGS)
    return sorted(sentences, key=lambda sentence: headings.index(sentence.section))


def holds_ai(sentences: Iterable[Sentence]) -> bool:
    """Say whether one of the sentences comes from the model, kept or edited."""
    return any(sentence.origin != "human" for sentence in sentences)


def _section(document: ReportDocument, section: Section, sentences: list[Sentence]) -> ContainerContentItem:
    heading, element = HEADINGS[section]
    container = ContainerContentItem(
        name=CodedConcept(*heading), relationship_type=RelationshipTypeValues.CONTAINS
    )
    is_device_in = document.person is None or holds_ai(sentences)
    container.ContentSequence = ContentSequence()
    container.ContentSequence.extend(observers(document.person, document.device if is_device_in else None))
    for sentence in sentences:
        text = TextContentItem(
            name=CodedConcept(*element),
            value=sentence.text,
            relationship_type=RelationshipTypeValues.CONTAINS,
        )
        container.ContentSequence.append(text)
        if section == "addendum":
            continue  # it may rest on any image of the study, and says itself on which
        image = ImageContentItem(
            name=CodedConcept("121080", "DCM", "Best illustration of finding"),
            referenced_sop_class_uid=document.film.SOPClassUID,
            referenced_sop_instance_uid=document.film.SOPInstanceUID,
            relationship_type=RelationshipTypeValues.INFERRED_FROM,
        )
        text.ContentSequence = ContentSequence([image])
    return container


def authors(document: ReportDocument) -> list[Dataset]:
    """Return who wrote the content: who prepared it and who signs, and the model where a sentence comes from it."""
    written = [_person(person) for person in (document.author, document.person) if person]
    if document.device and (not written or holds_ai(document.sentences)):
        written.append(_device(document.device, document.institution))
    return written


def _person(person: Person) -> Dataset:
    """Return a person as author (PS3.3 table 10-1, Identified Person or Device)."""
    item = Dataset()
    item.ObserverType = "PSN"
    item.PersonName = person.name
    item.PersonIdentificationCodeSequence = []
    item.InstitutionName = person.organisation
    item.InstitutionCodeSequence = []
    return item


def _device(device: Device, institution: str) -> Dataset:
    item = Dataset()
    item.InstitutionName = institution
    item.InstitutionCodeSequence = []
    item.ObserverType = "DEV"
    item.StationName = ""
    item.DeviceUID = device.uid
    item.Manufacturer = device.manufacturer
    item.ManufacturerModelName = device.model_name
    return item


def _verification(person: Person, zone: timezone) -> Dataset:
    item = Dataset()
    item.VerifyingOrganization = person.organisation
    item.VerificationDateTime = envelope.dt(person.verified_at, zone)
    item.VerifyingObserverName = person.name
    item.VerifyingObserverIdentificationCodeSequence = []
    return item


def _predecessor(reference: DocumentReference) -> Dataset:
    instance, series, study = Dataset(), Dataset(), Dataset()
    instance.ReferencedSOPClassUID = reference.SOPClassUID
    instance.ReferencedSOPInstanceUID = reference.SOPInstanceUID
    series.SeriesInstanceUID = reference.SeriesInstanceUID
    series.ReferencedSOPSequence = [instance]
    study.StudyInstanceUID = reference.StudyInstanceUID
    study.ReferencedSeriesSequence = [series]
    return study
