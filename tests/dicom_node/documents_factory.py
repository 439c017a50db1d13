"""Small made reports and rejection notes for the tests of result documents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydicom.dataset import Dataset

from dicom_node.documents.rejection import RejectionNote
from dicom_node.documents.report import Device, DocumentReference, Person, ReportDocument, Sentence
from tests.factories import make_film

STARTED = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
DEVICE = Device("2.25.171717", "LLM-CXR Workstation", "LLM-CXR demo", "0.1.0", "5eed")
ALGORITHMS = (
    Device("2.25.181818", "LLM-CXR Workstation", "VQ-GAN", "0.1.0"),
    Device("2.25.191919", "LLM-CXR Workstation", "Language model", "0.1.0"),
)
SENTENCES = (
    Sentence("The heart is not enlarged.", "findings", "human"),
    Sentence("Opacity in the right lower zone, ≥ 3 cm — “pneumonia” is likely.", "impression", "ai_kept"),
    Sentence("No effusion.", "impression", "ai_edited"),
)


def reader(minutes: float = 4) -> Person:
    return Person("Reader^Demo", "Demonstration Hospital", STARTED + timedelta(minutes=minutes), "reader")


def make_report(kind: str = "draft", film: Dataset | None = None, **overrides: Any) -> ReportDocument:
    film = film or make_film()
    values: dict[str, Any] = {
        "kind": kind,
        "report_version": 1,
        "sentences": SENTENCES,
        "film": film,
        "evidence": (film,),
        "device": DEVICE,
        "algorithms": ALGORITHMS,
        "started_at": STARTED,
        "institution": "Demonstration Hospital",
        "person": reader() if kind != "draft" else None,
        "installation": "test",
    }
    if kind == "addendum":
        sentences = (Sentence("The lateral film shows no effusion — ≥ 3 cm.", "addendum", "human"),)
        values |= {"device": None, "algorithms": (), "sentences": sentences}
    return ReportDocument(**{**values, **overrides})


def rows_of(section: Dataset) -> list[Dataset]:
    """The sentences below a heading, without the rows that name its observers."""
    return [item for item in section.ContentSequence if item.RelationshipType == "CONTAINS"]


def refer_to(ds: Dataset) -> DocumentReference:
    return DocumentReference(ds.SOPClassUID, ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.StudyInstanceUID)


def make_note(withdrawn: Dataset, film: Dataset, **overrides: Any) -> RejectionNote:
    values: dict[str, Any] = {
        "withdrawn": refer_to(withdrawn),
        "film": film,
        "reason": "quality",
        "at": STARTED + timedelta(minutes=9),
        "institution": "Demonstration Hospital",
        "device": DEVICE,
        "person": reader(),
        "description": "The draft was rejected by its reader.",
        "installation": "test",
    }
    return RejectionNote(**{**values, **overrides})
