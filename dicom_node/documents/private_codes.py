"""The private coding scheme of this product, and how a document declares it (PS3.3 C.12.1.1.1, PS3.16 section 8).

For what no standard scheme has a code: where a signed sentence comes from, and findings without a code. Every
document that uses one of these codes declares the scheme with :func:`declare`.
"""

from __future__ import annotations

from typing import Final

from pydicom.dataset import Dataset

from llmcxr_ws.sentences import Origin
from llmcxr_ws.uids import derived_uid

DESIGNATOR: Final = "99LLMCXR"
SCHEME_UID: Final = derived_uid("llmcxr-workstation", "coding scheme", DESIGNATOR)
SCHEME_VERSION: Final = "1"

# Code value, coding scheme, meaning.
Concept = tuple[str, str, str]

PROVENANCE_TITLE: Final[Concept] = ("ORIGINS", DESIGNATOR, "Origin of the sentences of a signed report")
SIGNED_REPORT: Final[Concept] = ("REPORT", DESIGNATOR, "Signed report that holds the sentences")
ORIGIN: Final[Concept] = ("ORIGIN", DESIGNATOR, "Origin of the sentence")
ORIGINS: Final[dict[Origin, Concept]] = {
    "ai_kept": ("AI_KEPT", DESIGNATOR, "Written by AI, kept as it was"),
    "ai_edited": ("AI_EDITED", DESIGNATOR, "Written by AI, edited by a person"),
    "human": ("HUMAN", DESIGNATOR, "Written by a person"),
}
ALL: Final[tuple[Concept, ...]] = (PROVENANCE_TITLE, SIGNED_REPORT, ORIGIN, *ORIGINS.values())


def declare(ds: Dataset) -> None:
    """Put the scheme into a document's Coding Scheme Identification Sequence."""
    item = Dataset()
    item.CodingSchemeDesignator = DESIGNATOR
    item.CodingSchemeUID = SCHEME_UID
    item.CodingSchemeName = "LLM-CXR Workstation"
    item.CodingSchemeVersion = SCHEME_VERSION
    item.CodingSchemeResponsibleOrganization = "LLM-CXR Workstation"
    ds.CodingSchemeIdentificationSequence = [item]
