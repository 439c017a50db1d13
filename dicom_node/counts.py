"""Ask a peer by C-FIND (PS3.4 annex C) or QIDO-RS how many images a study has, and, where it holds more than we do,
which.
"""

from __future__ import annotations

from typing import Any, Final

from dicom_node import sop_classes, ways
from dicom_node.association import LocalEntity
from llmcxr_ws.site import Peer

_NOT_IMAGES: Final = frozenset(
    {"SR", "KO", "PR", "DOC", "REG", "SEG", "RTSTRUCT", "AU", "HC", "PLAN", "SMR", "ASMT"}
)
"""Modalities of series without pictures (PS3.3 C.7.3.1.1.1)."""


def images_at(local: LocalEntity, peer: Peer, StudyInstanceUID: str, held: int) -> dict[str, Any]:
    """Return how many images of a study a peer holds; where that is more than `held`, their UIDs too.

    Documents, our own reports among them, aren't counted where the peer says of its series what they are.

    Raises
    ------
    DicomError
        The peer can't be asked.
    """
    keys = {"StudyInstanceUID": StudyInstanceUID, "NumberOfStudyRelatedInstances": ""}
    studies = ways.find(local, peer, "STUDY", keys)
    there = sum(_number(study.get("NumberOfStudyRelatedInstances")) for study in studies)
    is_known = all(study.get("NumberOfStudyRelatedInstances") is not None for study in studies)
    if is_known and there <= held:
        return {"there": there, "images": []}
    images = _images(local, peer, StudyInstanceUID)
    return {"there": len(images) or there, "images": images}


def _images(local: LocalEntity, peer: Peer, StudyInstanceUID: str) -> list[str]:
    keys = {"StudyInstanceUID": StudyInstanceUID, "SeriesInstanceUID": "", "Modality": ""}
    found: list[str] = []
    for series in ways.find(local, peer, "SERIES", keys):
        if str(series.get("Modality", "")) in _NOT_IMAGES:
            continue
        wanted = {
            "StudyInstanceUID": StudyInstanceUID,
            "SeriesInstanceUID": str(series.SeriesInstanceUID),
            "SOPInstanceUID": "",
            "SOPClassUID": "",
        }
        found += [
            str(image.SOPInstanceUID)
            for image in ways.find(local, peer, "IMAGE", wanted)
            if str(image.get("SOPClassUID") or "") in ("", *sop_classes.IMAGE_CLASSES)
        ]
    return sorted(found)


def _number(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0
