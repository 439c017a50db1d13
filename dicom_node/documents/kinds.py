"""Every kind of document there is, and how an example of each is made: for the table of conformance and for tests.

The examples are made from a film that ships, by the same builders that make the real ones; nothing in them is said of
a real draft. A new kind is one line in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.dataset import Dataset

from dicom_node.documents import rejection, sr
from dicom_node.documents.capture import Capture, build_capture
from dicom_node.documents.encapsulated import encapsulate
from dicom_node.documents.findings import Algorithm, Finding, FindingsDocument, build_findings
from dicom_node.documents.key_image import KeyImage, build_key_image
from dicom_node.documents.narrative import Narrative, read_written
from dicom_node.documents.pdf import Picture, make_pdf
from dicom_node.documents.presentation import Presentation, build_presentation
from dicom_node.documents.provenance import build_provenance
from dicom_node.documents.regions import Box, Region, tracking_uid
from dicom_node.documents.report import Device, DocumentReference, Person, ReportDocument, Sentence
from dicom_node.documents.synthetic import SyntheticFilm, build_synthetic
from llmcxr_ws.imaging import displayed, render

FILM: Final = Path(__file__).parents[1] / "films" / "DEMO0002.dcm"
_MODEL: Final = Device("2.25.171717", "LLM-CXR Workstation", "Example model", "1")
_SENTENCES: Final = (
    Sentence("The heart is not enlarged.", "findings", "human"),
    Sentence("Opacity in the right lower zone — “pneumonia” is likely.", "impression", "ai_kept"),
    Sentence("No pleural effusion.", "impression", "ai_edited"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ExampleStudy:
    """What the examples are made from: a film with its pixels, a model, a person, and times."""

    film: Dataset
    started_at: datetime
    device: Device = _MODEL
    institution: str = "Demonstration Hospital"
    installation: str = "conformance"

    @property
    def person(self) -> Person:
        """Who signs."""
        return Person("Reader^Demo", self.institution, self.started_at + timedelta(minutes=4), "reader")

    @property
    def examined(self) -> Box:
        """The middle square of the film, as a model sees it."""
        rows, columns = int(self.film.Rows), int(self.film.Columns)
        side = min(rows, columns)
        left, top = (columns - side) / 2, (rows - side) / 2
        return left, top, left + side, top + side

    @property
    def region(self) -> Region:
        """Where the second sentence rests: a box of 3 x 4 tokens of 16."""
        left, top, right, _ = self.examined
        token, words = (right - left) / 16, _SENTENCES[1].text
        box = (left + 3 * token, top + 9 * token, left + 6 * token, top + 13 * token)
        uid = tracking_uid(self.film.SOPInstanceUID, self.device.uid, words)
        return Region(box=box, words=words, tracking_uid=uid, tracking_id="AI sentence 2: opacity")

    def image_result(self) -> dict[str, Any]:
        """The keywords that findings, marks, key images and captures share."""
        return {
            "film": self.film,
            "device": self.device,
            "report_version": 1,
            "started_at": self.started_at,
            "institution": self.institution,
            "installation": self.installation,
            "regions": (self.region,),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """A document, the instances that it refers to, and the sentences that it must hold where it is a report."""

    dataset: Dataset
    sources: tuple[Dataset, ...]
    sentences: tuple[str, ...] | None = None


Maker = Callable[[ExampleStudy], Example]


def example_study(path: Path = FILM) -> ExampleStudy:
    """Return the study of a film that ships; its draft is begun half an hour after the film was taken."""
    film = pydicom.dcmread(path)
    taken = datetime.strptime(f"{film.StudyDate}{film.StudyTime[:6]}", "%Y%m%d%H%M%S")
    return ExampleStudy(film=film, started_at=taken.replace(tzinfo=UTC) + timedelta(minutes=30))


def reference_to(ds: Dataset) -> DocumentReference:
    """Return how another document names this one."""
    return DocumentReference(ds.SOPClassUID, ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.StudyInstanceUID)


def _document(study: ExampleStudy, kind: str, **more: Any) -> ReportDocument:
    values: dict[str, Any] = {
        "kind": kind,
        "report_version": 1,
        "sentences": _SENTENCES,
        "film": study.film,
        "evidence": (study.film,),
        "device": study.device,
        "started_at": study.started_at,
        "institution": study.institution,
        "installation": study.installation,
        **more,
    }
    return ReportDocument(**values)


def _report(study: ExampleStudy, document: ReportDocument) -> Example:
    return Example(dataset=sr.build(document), sources=(study.film,), sentences=_texts(document))


def _texts(document: ReportDocument) -> tuple[str, ...]:
    return tuple(sentence.text for sentence in document.sentences)


def _signed_document(study: ExampleStudy) -> ReportDocument:
    return _document(study, "signed", person=study.person, predecessor=reference_to(_draft(study).dataset))


def _draft(study: ExampleStudy) -> Example:
    return _report(study, _document(study, "draft"))


def _signed(study: ExampleStudy) -> Example:
    return _report(study, _signed_document(study))


def _provenance(study: ExampleStudy) -> Example:
    document = _signed_document(study)
    report = sr.build(document)
    sources = (study.film, report)
    return Example(dataset=build_provenance(document, report), sources=sources, sentences=_texts(document))


def _addendum(study: ExampleStudy) -> Example:
    sentence = Sentence("The lateral film shows no effusion.", "addendum", "human")
    signed = reference_to(_signed(study).dataset)
    document = _document(
        study, "addendum", sentences=(sentence,), device=None, person=study.person, predecessor=signed
    )
    return _report(study, document)


def _rejection(study: ExampleStudy) -> Example:
    draft = _draft(study).dataset
    note = rejection.RejectionNote(
        withdrawn=reference_to(draft),
        film=study.film,
        reason="quality",
        at=study.started_at + timedelta(minutes=9),
        institution=study.institution,
        device=study.device,
        person=study.person,
        description="Draft rejected by its reader.",
        installation=study.installation,
    )
    return Example(dataset=rejection.build_rejection(note), sources=(study.film, draft))


def _findings(study: ExampleStudy) -> Example:
    model = Algorithm(name=study.device.model_name, version=study.device.version, parameters=("Example",))
    classifier = Algorithm(name="Example classifier", version="1", parameters=("Threshold 0.5",))
    findings = (
        Finding(
            name="opacity",
            algorithm=model,
            tracking_uid=study.region.tracking_uid,
            tracking_id=study.region.tracking_id,
            certainty=0.72,
            presence="present",
            region=study.region,
        ),
        *(
            Finding(
                name=name,
                algorithm=classifier,
                tracking_uid=tracking_uid(study.film.SOPInstanceUID, study.device.uid, name),
                tracking_id=f"Classifier: {name}",
                certainty=certainty,
                presence="present" if certainty > 0.5 else "absent",
            )
            for name, certainty in (("Pneumonia", 0.81), ("Effusion", 0.07), ("Finding without a code", 0.5))
        ),
    )
    document = FindingsDocument(**study.image_result(), findings=findings, examined=study.examined)
    return Example(dataset=build_findings(document), sources=(study.film,))


def _presentation(study: ExampleStudy) -> Example:
    return Example(dataset=build_presentation(Presentation(**study.image_result())), sources=(study.film,))


def _key_image(study: ExampleStudy) -> Example:
    note = KeyImage(**study.image_result(), description="The film that the AI draft was made from.")
    return Example(dataset=build_key_image(note), sources=(study.film,))


def _capture(study: ExampleStudy) -> Example:
    image = displayed(study.film)
    capture = Capture(**study.image_result(), picture=render(image), aspect=image.pixel_aspect)
    return Example(dataset=build_capture(capture), sources=(study.film,))


def _pdf(study: ExampleStudy) -> Example:
    narrative = Narrative(
        stage="signed",
        parts=(read_written(_signed(study).dataset, study.film),),
        film=study.film,
        identifier="2.25.171718",
        institution=study.institution,
        report_version=1,
        installation=study.installation,
    )
    image = displayed(study.film)
    pdf = make_pdf(narrative, Picture(render(image), image.pixel_aspect))
    return Example(dataset=encapsulate(narrative, pdf), sources=(study.film,))


def _synthetic(study: ExampleStudy) -> Example:
    film = SyntheticFilm(
        # No model runs here: the film that ships stands in for a drawn one.
        picture=render(displayed(study.film)),
        device=study.device,
        seed=7,
        drawn_at=study.started_at,
        institution=study.institution,
        installation=study.installation,
    )
    return Example(dataset=build_synthetic(film), sources=())


KINDS: Final[Mapping[str, Maker]] = {
    "draft": _draft,
    "report": _signed,
    "addendum": _addendum,
    "rejection": _rejection,
    "provenance": _provenance,
    "findings": _findings,
    "presentation": _presentation,
    "key_image": _key_image,
    "capture": _capture,
    "synthetic": _synthetic,
    "pdf": _pdf,
}
"""Name of a kind and how an example of it is made."""
