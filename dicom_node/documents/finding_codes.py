"""Which code stands for which finding: SNOMED CT and DICOM where there is one, else our own declared scheme.

Names are those of the labels that bundles bear, and of :mod:`llmcxr_ws.guards.lexicon`; both are matched in lower
case. A name that nobody knows is written in our scheme, with itself as its meaning: nothing is guessed.
"""

from __future__ import annotations

import re
from typing import Final

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept

from llmcxr_ws.uids import derived_uid

OWN_SCHEME: Final = "99LLMCXR"

_ABNORMAL = ("263654008", "SCT", "Abnormal")
_CODES: Final[dict[str, tuple[str, str, str]]] = {
    "abnormal": _ABNORMAL,
    "atelectasis": ("46621007", "SCT", "Atelectasis"),
    "cardiomegaly": ("8186001", "SCT", "Cardiomegaly"),
    "consolidation": ("95436008", "SCT", "Lung consolidation"),
    "edema": ("19242006", "SCT", "Pulmonary edema"),
    "effusion": ("60046008", "SCT", "Pleural effusion"),
    "pleural effusion": ("60046008", "SCT", "Pleural effusion"),
    "emphysema": ("87433001", "SCT", "Pulmonary emphysema"),
    "fibrosis": ("51615001", "SCT", "Fibrosis of lung"),
    "fracture": ("125605004", "SCT", "Fracture of bone"),
    "hernia": ("39839004", "SCT", "Diaphragmatic hernia"),
    "infiltrate": ("112121", "DCM", "Infiltrate"),
    "infiltration": ("112121", "DCM", "Infiltrate"),
    "mass": ("4147007", "SCT", "Mass"),
    "nodule": ("27925004", "SCT", "Nodule"),
    "opacity": ("112001", "DCM", "Opacity"),
    "pneumonia": ("233604007", "SCT", "Pneumonia"),
    "pneumothorax": ("36118008", "SCT", "Pneumothorax"),
    "tuberculosis": ("154283005", "SCT", "Pulmonary tuberculosis"),
}
_LONGEST_CODE: Final = 16
_LONGEST_MEANING: Final = 64


def finding_code(name: str) -> CodedConcept:
    """Return the code of a finding; one without a standard code is coded in our own scheme."""
    known = _CODES.get(name.strip().lower())
    if known is not None:
        return CodedConcept(*known)
    meaning = name.strip()[:_LONGEST_MEANING]
    value = re.sub(r"[^A-Z0-9]+", "_", meaning.upper()).strip("_")
    if not value or len(value) > _LONGEST_CODE:
        # Long names share their beginnings; what follows from the whole name doesn't.
        value = f"F{derived_uid('finding', name.strip().lower())[-(_LONGEST_CODE - 1) :]}"
    return CodedConcept(value, OWN_SCHEME, meaning)


def own_scheme() -> CodingSchemeIdentificationItem:
    """Return the declaration of our scheme, for Coding Scheme Identification Sequence (PS3.3 C.12.1.1).

    It is registered nowhere, so it has no UID.
    """
    return CodingSchemeIdentificationItem(
        designator=OWN_SCHEME,
        name="LLM-CXR Workstation",
        responsible_organization="LLM-CXR Workstation",
    )
