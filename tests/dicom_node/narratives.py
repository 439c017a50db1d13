"""Small made narratives for the tests of what is derived from a signed report."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from dicom_node.documents import sr
from dicom_node.documents.narrative import Narrative, read_written
from dicom_node.documents.report import Sentence
from tests.dicom_node.documents_factory import make_report, refer_to
from tests.factories import make_film


def narrative(stage: str = "signed", film: Dataset | None = None, *texts: str, **overrides: Any) -> Narrative:
    """A report as it stands; an addendum stands below what was signed."""
    film = film or make_film()
    sentences = {"sentences": tuple(Sentence(text, "impression", "human") for text in texts)} if texts else {}
    first = sr.build(make_report("draft" if stage == "draft" else "signed", film, **sentences))
    parts = [read_written(first, film)]
    if stage == "addendum":
        added = make_report("addendum", film, predecessor=refer_to(first))
        parts.append(read_written(sr.build(added), film))
    values: dict[str, Any] = {
        "stage": stage,
        "parts": tuple(parts),
        "film": film,
        "identifier": "2.25.4711",
        "institution": "Demonstration Hospital",
        "report_version": 1,
        "installation": "test",
    }
    return Narrative(**{**values, **overrides})
