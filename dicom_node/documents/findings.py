"""Build the coded findings of a draft as a Comprehensive 3D SR in the shape of TID 1500 (PS3.16), as IHE AIR asks.

Each finding is a measurement group of its own (TID 1410): tracking identifier and UID, the coded finding, the
algorithm that gave it, its certainty in percent where one is known, whether it is present, and the region of the
film. The region of a finding without one is the whole part of the film that the model examined: viewers (OHIF among
them) expect coordinates beside every number, and PixelMed's validator the same template for every group. What the
draft says in prose isn't here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    CodedConcept,
    Comprehensive3DSR,
    ContainerContentItem,
    ContentSequence,
    ImageContentItem,
    ImageRegion,
    LanguageOfContentItemAndDescendants,
    Measurement,
    MeasurementReport,
    NumContentItem,
    ObservationContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForRegion,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset

from dicom_node.documents import envelope
from dicom_node.documents.finding_codes import OWN_SCHEME, finding_code, own_scheme
from dicom_node.documents.header import procedure_codes, requests
from dicom_node.documents.image_result import (
    ImageResult,
    check_words,
    finish,
    identification,
    refused,
)
from dicom_node.documents.observers import device_context
from dicom_node.documents.regions import Box, Region, corners, is_within
from dicom_node.sop_classes import CR_IMAGE
from llmcxr_ws.errors import DicomError

Presence = Literal["present", "absent", "undetermined"]

# CID 240.
_PRESENCE: Final[dict[Presence, tuple[str, str, str]]] = {
    "present": ("52101004", "SCT", "Present"),
    "absent": ("272519000", "SCT", "Absent"),
    "undetermined": ("373068000", "SCT", "Undetermined"),
}
CERTAINTY: Final = ("111012", "DCM", "Certainty of Finding")
_PRESENCE_OF: Final = ("121052", "DCM", "Presence of property")
_PERCENT: Final = ("%", "UCUM", "Percent")
# CID 100, which the procedure reported is taken from, knows no film of the chest; the film's own code stands in
# Performed Procedure Code Sequence.
_IMAGING: Final = ("363679005", "SCT", "Imaging procedure")
_FAMILY: Final = ("123110", "DCM", "Artificial Intelligence")


@dataclass(frozen=True, kw_only=True)
class Algorithm:
    """What gave a finding (PS3.16 TID 4019): its name, version, and how its numbers are to be read."""

    name: str
    version: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding: its name as a bundle's label or the guards' lexicon calls it, and what is known of it.

    `certainty` lies in [0, 1], None where nothing was measured. `presence` is None where no threshold says it.
    """

    name: str
    algorithm: Algorithm
    tracking_uid: str
    tracking_id: str
    certainty: float | None = None
    presence: Presence | None = None
    region: Region | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class FindingsDocument(ImageResult):
    """The findings on one film; `examined` is the part of the film that the model saw."""

    findings: tuple[Finding, ...]
    examined: Box

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.findings:
            raise DicomError("The draft has no coded finding to write.")
        if not is_within(self.examined, int(self.film.Rows), int(self.film.Columns)):
            raise DicomError("Findings were refused: the examined part doesn't lie on the film.")
        if len({finding.tracking_uid for finding in self.findings}) != len(self.findings):
            raise DicomError("Findings were refused: two of them have one tracking UID.")
        for finding in self.findings:
            check_words(finding.name)
            check_words(finding.tracking_id)
            if finding.certainty is not None and not 0 <= finding.certainty <= 1:
                raise DicomError(f"A certainty of {finding.certainty:g} was refused: it must lie in 0 to 1.")
            if finding.region is not None and finding.region not in self.regions:
                raise DicomError("Findings were refused: a finding's region isn't among the document's.")


def build_findings(document: FindingsDocument) -> Dataset:
    """Return the Comprehensive 3D SR, ready to be checked by the gate and stored.

    Raises
    ------
    DicomError
        If a value doesn't fit the element that has to hold it.
    """
    film = document.film
    try:
        report = _report(document)
        schemes = [own_scheme()] if _uses_own_scheme(document) else None
        built = Comprehensive3DSR(
            evidence=[envelope.stand_in(film)],
            content=report[0],
            is_complete=True,
            is_final=False,
            is_verified=False,
            requested_procedures=requests(film) or None,
            performed_procedure_codes=[CodedConcept.from_dataset(item) for item in procedure_codes(film)]
            or None,
            coding_schemes=schemes,
            **identification("findings", document, _content(document)),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise refused("The findings", error) from error
    return finish(built, document)


def _report(document: FindingsDocument) -> MeasurementReport:
    report = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=device_context(document.device)),
        procedure_reported=[CodedConcept(*_IMAGING)],
        imaging_measurements=[_group(document, finding) for finding in document.findings],
        title=CodedConcept("126000", "DCM", "Imaging Measurement Report"),
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(
            CodedConcept("en-US", "RFC5646", "English (United States)")
        ),
    )
    # highdicom's own library refuses a film without orientation or spacing; it stands before the measurements.
    report[0].ContentSequence.insert(len(report[0].ContentSequence) - 1, _library(document.film))
    return report


def _library(film: Dataset) -> ContainerContentItem:
    """Return the image library (TID 1600 to 1602) of the one film; OHIF reads no SR without it."""
    modality = (
        ("CR", "DCM", "Computed Radiography")
        if film.SOPClassUID == CR_IMAGE
        else ("DX", "DCM", "Digital Radiography")
    )
    acquired = RelationshipTypeValues.HAS_ACQ_CONTEXT
    pixels = CodedConcept("{pixels}", "UCUM", "Pixels")
    image = ImageContentItem(
        name=CodedConcept("260753009", "SCT", "Source"),
        referenced_sop_class_uid=film.SOPClassUID,
        referenced_sop_instance_uid=film.SOPInstanceUID,
        relationship_type=RelationshipTypeValues.CONTAINS,
    )
    image.ContentSequence = ContentSequence(
        [
            CodeContentItem(CodedConcept("121139", "DCM", "Modality"), CodedConcept(*modality), acquired),
            NumContentItem(
                CodedConcept("110910", "DCM", "Pixel Data Rows"),
                int(film.Rows),
                pixels,
                relationship_type=acquired,
            ),
            NumContentItem(
                CodedConcept("110911", "DCM", "Pixel Data Columns"),
                int(film.Columns),
                pixels,
                relationship_type=acquired,
            ),
        ]
    )
    group = _container(("126200", "DCM", "Image Library Group"), [image])
    return _container(("111028", "DCM", "Image Library"), [group])


def _container(concept: tuple[str, str, str], content: list[Dataset]) -> ContainerContentItem:
    item = ContainerContentItem(CodedConcept(*concept), relationship_type=RelationshipTypeValues.CONTAINS)
    item.ContentSequence = ContentSequence(content)
    return item


def _group(document: FindingsDocument, finding: Finding) -> PlanarROIMeasurementsAndQualitativeEvaluations:
    outline = finding.region.outline if finding.region else corners(document.examined)
    source = SourceImageForRegion(document.film.SOPClassUID, document.film.SOPInstanceUID)
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=finding.tracking_uid, identifier=finding.tracking_id),
        referenced_region=ImageRegion("POLYLINE", np.array(outline), source),
        finding_type=finding_code(finding.name),
        algorithm_id=AlgorithmIdentification(
            name=finding.algorithm.name,
            version=finding.algorithm.version,
            parameters=list(finding.algorithm.parameters) or None,
            family=CodedConcept(*_FAMILY),
        ),
        measurements=_certainty(finding),
        qualitative_evaluations=_presence(finding),
    )


def _certainty(finding: Finding) -> list[Measurement] | None:
    if finding.certainty is None:
        return None
    percent = round(100 * finding.certainty, 2)
    return [Measurement(CodedConcept(*CERTAINTY), percent, CodedConcept(*_PERCENT))]


def _presence(finding: Finding) -> list[QualitativeEvaluation] | None:
    if finding.presence is None:
        return None
    value = CodedConcept(*_PRESENCE[finding.presence])
    return [QualitativeEvaluation(CodedConcept(*_PRESENCE_OF), value)]


def _uses_own_scheme(document: FindingsDocument) -> bool:
    return any(finding_code(finding.name).scheme_designator == OWN_SCHEME for finding in document.findings)


def _content(document: FindingsDocument) -> dict[str, object]:
    return {
        "examined": document.examined,
        "findings": [
            [
                finding.name,
                finding.tracking_uid,
                finding.tracking_id,
                finding.certainty,
                finding.presence,
                finding.region.box if finding.region else None,
                [finding.algorithm.name, finding.algorithm.version, *finding.algorithm.parameters],
            ]
            for finding in document.findings
        ],
    }
