"""Say of each sentence of a signed report where it comes from: a Comprehensive SR of its own beside the report.

TID 2000 isn't extensible: a row that says it within the report is outside the template. So this document claims no
template, refers to the report, and repeats its headings and sentences, each with its origin as a code of the private
scheme. It holds nothing but the signed sentences: what was deleted, or stood there before an edit, is in neither.

It is COMPLETE and UNVERIFIED, without a Preliminary Flag: derived from what was signed, it must never count as the
study's prevailing final report (PS3.3 C.17.2).
"""

from __future__ import annotations

from datetime import timezone
from itertools import groupby

from highdicom.sr import (
    CodeContentItem,
    CodedConcept,
    CompositeContentItem,
    ComprehensiveSR,
    ContainerContentItem,
    ContentSequence,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom.dataset import Dataset

from dicom_node.documents import envelope, private_codes, sr
from dicom_node.documents.header import offset_from_utc, patient_and_study, procedure_codes, requests
from dicom_node.documents.report import ReportDocument, Sentence, canonical_content, instance_uid, series_uid
from llmcxr_ws.errors import DicomError

SERIES_DESCRIPTION = "Sentence origins of the signed report"
_SERIES_NUMBER = 9020


def build_provenance(document: ReportDocument, report: Dataset) -> Dataset:
    """Return the provenance SR of a signed report, ready to be checked by the gate and stored.

    Parameters
    ----------
    document : ReportDocument
        What the report was built from, of kind ``signed``.
    report : Dataset
        The report itself, as :func:`dicom_node.documents.sr.build` returned it.

    Raises
    ------
    DicomError
        If the document isn't a signed report, or one of its values doesn't fit the element that has to hold it.
    """
    person = document.person
    if document.kind != "signed" or person is None:
        raise DicomError("Origins of sentences were refused: they are told of a signed report alone.")
    zone = offset_from_utc(document.film, document.started_at)
    try:
        built = _build(document, report, zone)
    except (ValueError, TypeError, AttributeError) as error:
        # As in sr.build: highdicom's texts may quote the value they refuse.
        raise DicomError(
            f"The sentences' origins can't be made a DICOM document ({type(error).__name__} in names or headers).",
            what_to_do=sr.NAMES_TOO_LONG,
        ) from error
    header = patient_and_study(document.film)
    devices = document.algorithms or document.devices
    ds = envelope.finish(built, header, devices, document.institution, person.verified_at, zone)
    private_codes.declare(ds)
    ds.AuthorObserverSequence = sr.authors(document)
    ds.CompletionFlagDescription = "Derived from the signed report, which is another document"
    del ds.PreliminaryFlag
    return ds


def _build(document: ReportDocument, report: Dataset, zone: timezone) -> ComprehensiveSR:
    film = document.film
    at = document.person.verified_at if document.person else document.started_at
    content = str(report.SOPInstanceUID).encode() + canonical_content(document)
    return ComprehensiveSR(
        evidence=[envelope.stand_in(report)],
        content=_tree(document, report),
        series_instance_uid=series_uid("provenance", film.StudyInstanceUID, document.installation),
        series_number=_SERIES_NUMBER,
        series_description=SERIES_DESCRIPTION,
        sop_instance_uid=instance_uid("provenance", document.report_version, content),
        instance_number=document.report_version,
        is_complete=True,
        requested_procedures=requests(film) or None,
        performed_procedure_codes=[CodedConcept.from_dataset(item) for item in procedure_codes(film)] or None,
        content_date=envelope.da(at, zone),
        content_time=envelope.tm(at, zone),
        **envelope.equipment(document.institution, document.installation),
    )


def _tree(document: ReportDocument, report: Dataset) -> ContainerContentItem:
    root = ContainerContentItem(name=CodedConcept(*private_codes.PROVENANCE_TITLE))
    root.ContentSequence = ContentSequence()
    root.ContentSequence.extend(sr.language(document))
    root.ContentSequence.extend(sr.observers(document.person, document.device))
    root.ContentSequence.append(
        CompositeContentItem(
            name=CodedConcept(*private_codes.SIGNED_REPORT),
            referenced_sop_class_uid=report.SOPClassUID,
            referenced_sop_instance_uid=report.SOPInstanceUID,
            relationship_type=RelationshipTypeValues.CONTAINS,
        )
    )
    for section, sentences in groupby(sr.in_order(document.sentences), lambda sentence: sentence.section):
        heading, element = sr.HEADINGS[section]
        container = ContainerContentItem(
            name=CodedConcept(*heading), relationship_type=RelationshipTypeValues.CONTAINS
        )
        container.ContentSequence = ContentSequence([_row(sentence, element) for sentence in sentences])
        root.ContentSequence.append(container)
    return root


def _row(sentence: Sentence, element: sr.Concept) -> TextContentItem:
    text = TextContentItem(
        name=CodedConcept(*element), value=sentence.text, relationship_type=RelationshipTypeValues.CONTAINS
    )
    origin = CodeContentItem(
        name=CodedConcept(*private_codes.ORIGIN),
        value=CodedConcept(*private_codes.ORIGINS[sentence.origin]),
        relationship_type=RelationshipTypeValues.HAS_CONCEPT_MOD,
    )
    text.ContentSequence = ContentSequence([origin])
    return text
