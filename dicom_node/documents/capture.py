"""Build a picture that every viewer shows: Secondary Capture (PS3.3 A.8.1) of a film, its draft's marks burned in.

For PACS and viewers that show neither structured reports nor presentation states. The picture bears a banner above
and below in its pixels, so it can't be taken for the film; it has no pixel spacing, because nothing is to be measured
on it. The modality is that of the class, OT.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from highdicom.sc import SCImage
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_node.documents import envelope
from dicom_node.documents.burning import Rgb, burn
from dicom_node.documents.header import copy_attribute
from dicom_node.documents.image_result import (
    ImageResult,
    finish,
    identification,
    reference,
    refused,
    show_body_part,
)
from llmcxr_ws.errors import DicomError

BANNER: Final = "AI DRAFT - not reviewed"
_DERIVED: Final = ("121322", "DCM", "Source image for image processing operation")
_LOSSY: Final = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")


@dataclass(frozen=True, kw_only=True, eq=False)
class Capture(ImageResult):
    """A film as people see it (uint8 [H, W], the film's own pixels), and its regions; `aspect` as burn takes it."""

    picture: NDArray[np.uint8]
    aspect: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.picture.shape != (int(self.film.Rows), int(self.film.Columns)):
            raise DicomError(
                f"A capture was refused: its picture of {self.picture.shape} isn't the film's "
                f"{(int(self.film.Rows), int(self.film.Columns))}."
            )


def build_capture(capture: Capture) -> Dataset:
    """Return the Secondary Capture Image, ready to be checked by the gate and stored.

    Raises
    ------
    DicomError
        If a value doesn't fit the element that has to hold it.
    """
    burned = burn(capture.picture, BANNER, capture.regions, capture.aspect)
    content = {"picture": hashlib.sha256(burned.tobytes()).hexdigest(), "shape": burned.shape}
    try:
        built = secondary_capture(
            burned, capture.film.StudyInstanceUID, identification("capture", capture, content)
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise refused("The capture", error) from error
    ds = finish(built, capture)
    film = capture.film
    source = reference(film)
    source.PurposeOfReferenceCodeSequence = [envelope.code(*_DERIVED)]
    ds.SourceImageSequence = [source]
    ds.DerivationDescription = "Film as displayed, with the regions and the banner of an AI draft burned in"
    show_body_part(ds, film)
    sides = [str(side) for side in film.get("PatientOrientation") or ()]
    if len(sides) == 2 and all(re.fullmatch(r"[AFHLPR]{1,3}", side) for side in sides):
        ds.PatientOrientation = sides
    if film.get("LossyImageCompression") == "01":
        # Once lossy, always lossy (PS3.3 C.7.6.1.1.5).
        for keyword in _LOSSY:
            copy_attribute(film, ds, keyword)
    return ds


def secondary_capture(pixels: Rgb, StudyInstanceUID: str, keywords: dict[str, Any]) -> SCImage:
    """Return a colour picture as Secondary Capture without patient, with burned-in marks and the content's times."""
    built = SCImage(
        pixel_array=pixels,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        study_instance_uid=StudyInstanceUID,
        # highdicom reformats a name or refuses it; the film's own is put in afterwards.
        patient_id="",
        patient_name="",
        patient_birth_date="",
        patient_sex="",
        accession_number="",
        study_id="",
        referring_physician_name="",
        **keywords,
    )
    # highdicom takes the clock's time, and an orientation that the film may not have.
    built.DateOfSecondaryCapture, built.TimeOfSecondaryCapture = built.ContentDate, built.ContentTime
    built.PatientOrientation = ""
    built.BurnedInAnnotation = "YES"
    built["PixelData"].VR = "OB"
    return built
