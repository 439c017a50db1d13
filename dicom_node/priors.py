"""Which earlier studies of a patient a peer holds that a reader may compare with: asked by C-FIND
(PS3.4 annex C) or QIDO-RS.

Knows no database: :mod:`dicom_node.steps.priors` asks and fetches.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from pydicom.dataset import Dataset

from dicom_node import ways
from dicom_node.association import LocalEntity
from llmcxr_ws.domain import Identity
from llmcxr_ws.films import is_of_chest
from llmcxr_ws.site import Peer

FILMS: Final = frozenset({"CR", "DX"})
REPORTS: Final = frozenset({"SR"})
_LOOKED_AT: Final = 12
"""Studies whose series are looked at, the latest first: each is a query of its own."""


@dataclass(frozen=True)
class EarlierStudy:
    """An earlier study with chest films: its series of films and of reports, and how surely it is a chest's."""

    StudyInstanceUID: str
    StudyDate: str
    series: tuple[str, ...]
    is_surely_chest: bool


def earlier_studies(
    local: LocalEntity,
    peer: Peer,
    identity: Identity,
    study: tuple[str, str],
    *,
    years: float,
    most: int,
) -> list[EarlierStudy]:
    """Return the studies to fetch, the most useful first: surely of the chest before perhaps, then the latest.

    Parameters
    ----------
    study : (StudyInstanceUID, StudyDate)
        The new study, which isn't its own prior.

    Raises
    ------
    DicomError
        The peer can't be asked.
    """
    uid, study_date = study
    until = _date(study_date) or datetime.now(UTC).date()
    since = until - timedelta(days=round(years * 365.25))
    keys = {
        "PatientID": identity.patient_id,
        "StudyDate": f"{since:%Y%m%d}-{until:%Y%m%d}",
        **dict.fromkeys(
            ("IssuerOfPatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "ModalitiesInStudy"),
            "",
        ),
        "StudyDescription": "",
    }
    matches = [
        match
        for match in ways.find(local, peer, "STUDY", keys)
        if _text(match, "StudyInstanceUID") not in ("", uid)
        and _is_same_patient(identity, match)
        and _may_have_films(match)
    ]
    matches.sort(key=lambda match: _text(match, "StudyDate"), reverse=True)
    found = [made for match in matches[:_LOOKED_AT] if (made := _with_series(local, peer, match)) is not None]
    found.sort(key=lambda one: one.is_surely_chest, reverse=True)  # stable: the latest first among equals
    return found[:most]


def _with_series(local: LocalEntity, peer: Peer, match: Dataset) -> EarlierStudy | None:
    """The study with the series that are worth fetching; None where it has no chest film."""
    keys = {
        "StudyInstanceUID": _text(match, "StudyInstanceUID"),
        **dict.fromkeys(("SeriesInstanceUID", "Modality", "BodyPartExamined", "SeriesDescription"), ""),
    }
    series = ways.find(local, peer, "SERIES", keys)
    films = [one for one in series if _text(one, "Modality") in FILMS and _is_chest(one, match) is not False]
    if not films:
        return None
    reports = [one for one in series if _text(one, "Modality") in REPORTS]
    return EarlierStudy(
        _text(match, "StudyInstanceUID"),
        _text(match, "StudyDate"),
        tuple(_text(one, "SeriesInstanceUID") for one in [*films, *reports]),
        any(_is_chest(one, match) for one in films),
    )


def _is_chest(series: Dataset, study: Dataset) -> bool | None:
    """Whether a series is of the chest; None where nothing says so or otherwise."""
    part = _text(series, "BodyPartExamined")
    if part:
        return is_of_chest(part)
    words = f"{_text(series, 'SeriesDescription')} {_text(study, 'StudyDescription')}"
    return True if is_of_chest(words) else None


def _is_same_patient(identity: Identity, match: Dataset) -> bool:
    """Whether an answer is about the patient, by what it says: an archive may match more than it was asked for."""
    said = {
        "issuer_of_patient_id": _text(match, "IssuerOfPatientID"),
        "patient_birth_date": _text(match, "PatientBirthDate"),
        "patient_sex": _text(match, "PatientSex"),
    }
    return _text(match, "PatientID") == identity.patient_id.strip() and not any(
        theirs and (mine := getattr(identity, name).strip()) and mine != theirs
        for name, theirs in said.items()
    )


def _may_have_films(match: Dataset) -> bool:
    value = match.get("ModalitiesInStudy")
    said = {value} if isinstance(value, str) else set(value or ())
    return not said - {""} or bool(FILMS & {str(one) for one in said})


def _date(written: str) -> date | None:
    try:
        return datetime.strptime(written.strip()[:8], "%Y%m%d").date()
    except ValueError:
        return None


def _text(ds: Dataset, keyword: str) -> str:
    return str(ds.get(keyword) or "").strip(" \0")
