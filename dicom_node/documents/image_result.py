"""What findings, marks, key images and captures of a draft have in common: the film, the model, the times.

They show what the model made of one film, so all of them are marked as reviewed by nobody, whatever becomes of the
draft. What is derived from a synthetic film is synthetic too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final, Literal

from highdicom.base import SOPClass
from pydicom.dataset import Dataset

from dicom_node.documents import envelope
from dicom_node.documents.header import copy_attribute, offset_from_utc, patient_and_study, requests
from dicom_node.documents.regions import Region, is_within
from dicom_node.documents.report import Device, check_names, instance_uid, series_uid
from dicom_node.documents.values import forbidden_character, listing
from llmcxr_ws import __version__
from llmcxr_ws.errors import DicomError

Kind = Literal["findings", "presentation", "key_image", "capture"]

SERIES_DESCRIPTIONS: Final[Mapping[str, str]] = {
    "findings": "AI FINDINGS - not reviewed",
    "presentation": "AI MARKS - not reviewed",
    "key_image": "AI KEY IMAGE - not reviewed",
    "capture": "AI DRAFT - not reviewed",
}
_SERIES_NUMBERS: Final[Mapping[str, int]] = {
    "findings": 9011,
    "presentation": 9012,
    "key_image": 9013,
    "capture": 9014,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageResult:
    """What every one of these documents is made of.

    `film` is the header of the film that was read, `device` the model, `started_at` when the draft was begun.
    `regions` are the boxes that its sentences depend on, none where there is no map.

    Raises
    ------
    DicomError
        On construction, when a region doesn't lie on the film, or a name or time can't be written.
    """

    film: Dataset
    device: Device
    report_version: int
    started_at: datetime
    institution: str
    regions: tuple[Region, ...] = ()
    installation: str = ""

    def __post_init__(self) -> None:
        if self.report_version < 1:
            raise DicomError(f"Report version {self.report_version} isn't a positive number.")
        if self.started_at.utcoffset() is None:
            raise DicomError("A result was refused: its time has no offset from UTC.")
        check_names(self.institution, (self.device,), None)
        rows, columns = int(self.film.get("Rows") or 0), int(self.film.get("Columns") or 0)
        if not rows or not columns:
            raise DicomError("A result was refused: the film's header doesn't say how large the film is.")
        for region in self.regions:
            if not is_within(region.box, rows, columns):
                raise DicomError(
                    f"A result was refused: a region doesn't lie on the film of {columns} x {rows} pixels."
                )
            check_words(region.words)

    @property
    def zone(self) -> timezone:
        """The offset that the document's times are written in."""
        return offset_from_utc(self.film, self.started_at)


def check_words(words: str) -> None:
    """Refuse words that no DICOM text can hold, without quoting them.

    Raises
    ------
    DicomError
        They are empty or hold a control character.
    """
    character = forbidden_character(words)
    if character or not words.strip():
        raise DicomError(
            f"A result was refused: its words hold the character U+{ord(character):04X}, which DICOM can't hold."
            if character
            else "A result was refused: a region or finding has no words."
        )


def identification(kind: Kind, result: ImageResult, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return highdicom's keywords for series, instance and equipment; equal content gives equal UIDs."""
    return {
        "series_instance_uid": series_uid(kind, result.film.StudyInstanceUID, result.installation),
        "series_number": _SERIES_NUMBERS[kind],
        "series_description": SERIES_DESCRIPTIONS[kind],
        "sop_instance_uid": instance_uid(kind, result.report_version, _canonical(result, content)),
        "instance_number": result.report_version,
        "content_date": envelope.da(result.started_at, result.zone),
        "content_time": envelope.tm(result.started_at, result.zone),
        **envelope.equipment(result.institution, result.installation),
    }


def refused(what: str, error: Exception) -> DicomError:
    """Return the error for what highdicom refused; its own texts may quote a value and go nowhere."""
    return DicomError(
        f"{what} can't be made a DICOM document ({type(error).__name__} in its names or headers).",
        what_to_do="Shorten names of institution and model to 64 characters without a backslash.",
    )


def finish(built: SOPClass, result: ImageResult, devices: Iterable[Device] = ()) -> Dataset:
    """Return the built document with patient, study, equipment, times and marks."""
    made_by = tuple(devices) or (result.device,)
    header = patient_and_study(result.film)
    ds = envelope.finish(built, header, made_by, result.institution, result.started_at, result.zone)
    if is_synthetic(result.film):
        ds.SyntheticData = "YES"
    return ds


def is_synthetic(ds: Dataset) -> bool:
    """Whether an instance says of itself that it shows no patient (PS3.3 C.12.1, Synthetic Data)."""
    return str(ds.get("SyntheticData") or "").strip().upper() == "YES"


def show_body_part(ds: Dataset, film: Dataset) -> None:
    """Take over the body part, a chest where the film names none.

    Without one the series would have to say which of a pair of body parts it shows (PS3.3 C.7.3.1).
    """
    copy_attribute(film, ds, "BodyPartExamined")
    if not ds.get("BodyPartExamined"):
        ds.BodyPartExamined = "CHEST"


def reference(ds: Dataset) -> Dataset:
    """Return an item that refers to an instance by class and UID."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    return item


def _canonical(result: ImageResult, content: Mapping[str, Any]) -> bytes:
    everything = {
        "content": content,
        "regions": [[region.box, region.words, region.tracking_uid] for region in result.regions],
        "film": str(result.film.SOPInstanceUID),
        "device": list(vars(result.device).values()),
        "started": result.started_at.isoformat(),
        "patient and study": listing(patient_and_study(result.film)),
        "requests": [listing(item) for item in requests(result.film)],
        "institution": result.institution,
        "installation": result.installation,
        "software": __version__,
    }
    return json.dumps(everything, sort_keys=True, ensure_ascii=False).encode("utf-8")
