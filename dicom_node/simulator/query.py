"""C-FIND, C-MOVE and C-GET identifiers against the archive (PS3.4 C.3, C.6): levels, unique keys, responses.

Hierarchical search of the patient root and study root models. Relational queries are answered too: a key of a lower
level selects by the instances below.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from dicom_node.simulator.archive import Archive, Held
from dicom_node.simulator.matching import matches
from llmcxr_ws.errors import DicomError

LEVELS: Final[dict[str, str]] = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
"""Query/retrieve level and its unique key."""

COUNTS: Final = (
    "NumberOfPatientRelatedStudies",
    "NumberOfPatientRelatedSeries",
    "NumberOfPatientRelatedInstances",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
    "NumberOfSeriesRelatedInstances",
)
_COMPUTED: Final = (*COUNTS, "ModalitiesInStudy", "SOPClassesInStudy")
_IGNORED: Final = frozenset(
    Tag(keyword)
    for keyword in ("SpecificCharacterSet", "QueryRetrieveLevel", "RetrieveAETitle", "TimezoneOffsetFromUTC")
)


def find(archive: Archive, identifier: Dataset, *, patient_root: bool, ae_title: str) -> Iterator[Dataset]:
    """Yield one response identifier for each match.

    Raises
    ------
    DicomError
        The level is missing or isn't one of the model's.
    """
    level = _level(identifier, patient_root=patient_root)
    groups: dict[str, list[Held]] = {}
    for held in archive.instances():
        groups.setdefault(str(held.header.get(LEVELS[level], "")), []).append(held)
    for group in groups.values():
        candidates = [held for held in group if _selects(identifier, held.header)]
        if not candidates:
            continue
        computed = _computed(archive, candidates[0].header)
        if all(matches(key, computed) for key in identifier if key.keyword in _COMPUTED):
            yield _response(identifier, level, candidates[0].header, computed, ae_title)


def select(archive: Archive, identifier: Dataset, *, patient_root: bool) -> list[Held]:
    """The instances that a C-MOVE or C-GET identifier names by its unique keys.

    Raises
    ------
    DicomError
        The level is missing, or its unique key is.
    """
    level = _level(identifier, patient_root=patient_root)
    if not identifier.get(LEVELS[level]):
        raise DicomError(f"A retrieve at level {level} needs {LEVELS[level]}.")
    return [held for held in archive.instances() if _selects(identifier, held.header)]


def _level(identifier: Dataset, *, patient_root: bool) -> str:
    level = str(identifier.get("QueryRetrieveLevel", "")).strip()
    if level not in LEVELS or (level == "PATIENT" and not patient_root):
        raise DicomError(f"The query/retrieve level '{level}' isn't one of this model.")
    return level


def _selects(identifier: Dataset, header: Dataset) -> bool:
    return all(
        matches(key, header) for key in identifier if key.tag not in _IGNORED and key.keyword not in _COMPUTED
    )


def _computed(archive: Archive, header: Dataset) -> Dataset:
    """The attributes that are counted rather than held."""
    patient = [
        held.header for held in archive.instances() if held.header.get("PatientID") == header.get("PatientID")
    ]
    study = [other for other in patient if other.StudyInstanceUID == header.StudyInstanceUID]
    counts = Dataset()
    counts.NumberOfPatientRelatedStudies = len({other.StudyInstanceUID for other in patient})
    counts.NumberOfPatientRelatedSeries = len({other.SeriesInstanceUID for other in patient})
    counts.NumberOfPatientRelatedInstances = len(patient)
    counts.NumberOfStudyRelatedSeries = len({other.SeriesInstanceUID for other in study})
    counts.NumberOfStudyRelatedInstances = len(study)
    counts.NumberOfSeriesRelatedInstances = sum(
        o.SeriesInstanceUID == header.SeriesInstanceUID for o in study
    )
    counts.ModalitiesInStudy = sorted({str(other.get("Modality", "")) for other in study} - {""})
    counts.SOPClassesInStudy = sorted({str(other.get("SOPClassUID", "")) for other in study} - {""})
    return counts


def _response(identifier: Dataset, level: str, header: Dataset, computed: Dataset, ae_title: str) -> Dataset:
    """The attributes asked for, with the values held; what isn't held comes back empty."""
    response = Dataset()
    if "SpecificCharacterSet" in header:
        response.SpecificCharacterSet = header.SpecificCharacterSet
    for key in identifier:
        if key.tag in _IGNORED:
            continue
        source = computed if key.keyword in _COMPUTED else header
        _copy(key.tag, key.VR, source, response)
    unique: BaseTag | int | None = tag_for_keyword(LEVELS[level])
    if unique is not None:
        _copy(Tag(unique), "UI" if level != "PATIENT" else "LO", header, response)
    response.QueryRetrieveLevel = level
    response.RetrieveAETitle = ae_title
    return response


def _copy(tag: BaseTag, vr: str, source: Dataset, target: Dataset) -> None:
    if tag in source:
        target[tag] = source[tag]
    else:
        target.add_new(tag, vr, [] if vr == "SQ" else None)
