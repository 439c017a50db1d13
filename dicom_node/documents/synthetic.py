"""Films that a model drew, as Secondary Capture: nobody's patient, marked three times, never sent to a clinical peer.

Synthetic Data is YES (PS3.3 C.12.1), the pixels bear the mark above and below, and the patient is a made one: a
drawn film bears no patient's name and lies in no patient's study. `may_send` is the one place that says to whom it
may go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_node.documents import envelope
from dicom_node.documents.burning import burn
from dicom_node.documents.capture import secondary_capture
from dicom_node.documents.image_result import is_synthetic, refused
from dicom_node.documents.report import Device, check_names, instance_uid
from llmcxr_ws import __version__
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer
from llmcxr_ws.uids import derived_uid

KIND: Final = "synthetic"
MARK: Final = "SYNTHETIC - NOT A PATIENT"
PATIENT_NAME: Final = "SYNTHETIC^NOT A PATIENT"
PATIENT_ID: Final = "SYNTHETIC"
SERIES_DESCRIPTION: Final = "SYNTHETIC - not a patient"
_SERIES_NUMBER: Final = 9015


@dataclass(frozen=True, kw_only=True, eq=False)
class SyntheticFilm:
    """A drawn film (uint8 [H, W]), the model that drew it and by which seed.

    The text that it was drawn from isn't kept: it may name somebody.

    Raises
    ------
    DicomError
        On construction, when the picture isn't one, or a name or time can't be written.
    """

    picture: NDArray[np.uint8]
    device: Device
    seed: int
    drawn_at: datetime
    institution: str
    installation: str = ""

    def __post_init__(self) -> None:
        if self.picture.ndim != 2 or self.picture.dtype != np.uint8 or not self.picture.size:
            raise DicomError("A synthetic film was refused: its picture isn't one of 8-bit greys.")
        if self.drawn_at.utcoffset() is None:
            raise DicomError("A synthetic film was refused: its time has no offset from UTC.")
        check_names(self.institution, (self.device,), None)


def build_synthetic(film: SyntheticFilm) -> Dataset:
    """Return the Secondary Capture Image, ready to be checked by the gate and stored.

    Raises
    ------
    DicomError
        If a value doesn't fit the element that has to hold it.
    """
    burned = burn(film.picture, MARK)
    content = hashlib.sha256(
        burned.tobytes() + repr((film.seed, vars(film.device), film.institution)).encode()
    )
    zone = timezone(film.drawn_at.utcoffset() or timedelta())
    study = derived_uid("synthetic study", content.hexdigest(), film.installation)
    try:
        built = secondary_capture(
            burned,
            study,
            {
                "series_instance_uid": derived_uid("synthetic series", study, __version__),
                "series_number": _SERIES_NUMBER,
                "series_description": SERIES_DESCRIPTION,
                "sop_instance_uid": instance_uid(KIND, 1, f"{study} {film.drawn_at.isoformat()}".encode()),
                "instance_number": 1,
                "content_date": envelope.da(film.drawn_at, zone),
                "content_time": envelope.tm(film.drawn_at, zone),
                **envelope.equipment(film.institution, film.installation),
            },
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise refused("The synthetic film", error) from error
    header = _nobody(film, zone)
    ds = envelope.finish(built, header, (film.device,), film.institution, film.drawn_at, zone)
    ds.SyntheticData = "YES"
    ds.DerivationDescription = f"Drawn by a model from a text, seed {film.seed}. Shows no patient."
    ds.ImageComments = MARK
    ds.BodyPartExamined = "CHEST"
    return ds


def may_send(what: Dataset | str, peer: Peer) -> None:
    """Refuse to send a synthetic film to a peer that isn't for research or tests.

    Parameters
    ----------
    what : Dataset or str
        An instance, of which Synthetic Data is enough, or the kind of a document.
    peer : Peer
        Where it is to go.

    Raises
    ------
    DicomError
        It is synthetic and the peer's role is clinical.
    """
    synthetic = what == KIND if isinstance(what, str) else is_synthetic(what)
    if synthetic and peer.role == "clinical":
        raise DicomError(
            f"Synthetic data aren't sent to the clinical peer '{peer.name}'.",
            what_to_do="Give a research or test peer the rule.",
        )


def check_synthetic(ds: Dataset) -> Iterator[str]:
    """Yield a sentence for each mark that a synthetic film lacks, and for a patient who isn't the made one."""
    if not is_synthetic(ds):
        yield "SyntheticData isn't YES."
    if ds.get("BurnedInAnnotation") != "YES":
        yield "BurnedInAnnotation isn't YES."
    if str(ds.get("PatientName") or "") != PATIENT_NAME or not str(ds.get("PatientID") or "").startswith(
        PATIENT_ID
    ):
        yield "A synthetic film bears a patient's name or number."
    if ds.get("SeriesDescription") != SERIES_DESCRIPTION:
        yield f"The series description of a synthetic film must be '{SERIES_DESCRIPTION}'."


def _nobody(film: SyntheticFilm, zone: timezone) -> Dataset:
    """Return the made patient and study."""
    header = Dataset()
    header.PatientName, header.PatientID = PATIENT_NAME, PATIENT_ID
    header.PatientBirthDate = header.PatientSex = ""
    header.StudyDate, header.StudyTime = envelope.da(film.drawn_at, zone), envelope.tm(film.drawn_at, zone)
    header.StudyID, header.AccessionNumber, header.ReferringPhysicianName = KIND.upper(), "", ""
    header.StudyDescription = "Synthetic film for teaching"
    return header
