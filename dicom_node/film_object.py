"""Wrap a grey picture as one projection radiograph: a DX or CR instance with all its modules.

The demonstration films, the PACS simulator and the tests all make their films here. It deliberately knows
no file and no network, and it invents nothing at random: equal input gives an equal instance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

from llmcxr_ws.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, derived_uid

_SOP_CLASSES = {"DX": DigitalXRayImageStorageForPresentation, "CR": ComputedRadiographyImageStorage}

# PS3.16 CID 4010; the value is (Code Value, Code Meaning, Patient Orientation).
_VIEWS: dict[str, tuple[str, str, list[str]]] = {
    "PA": ("272479007", "postero-anterior", ["L", "F"]),
    "AP": ("399348003", "antero-posterior", ["L", "F"]),
    "LL": ("399173006", "left lateral", ["A", "F"]),
    "RL": ("399198007", "right lateral", ["A", "F"]),
}


@dataclass(frozen=True, kw_only=True)
class FilmFacts:
    """What the header of one made film says.

    ``seed`` names the film: study, series and instance UIDs follow from it. ``pixel_spacing_mm`` is
    (between rows, between columns) at the detector.
    """

    seed: str
    patient_id: str
    patient_name: str
    accession: str
    acquired: datetime
    view: str = "PA"
    patient_sex: str = ""
    patient_age_years: int | None = None
    patient_birth_date: str = ""
    modality: Literal["DX", "CR"] = "DX"
    photometric: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2"
    bits_stored: int = 8
    pixel_spacing_mm: tuple[float, float] = (0.7, 0.7)
    requested_procedure: str = "Chest radiograph"
    institution: str = "Demonstration Hospital"
    study_seed: str = ""
    instance_number: int = 1
    lossy_ratio: float | None = None


def wrap_film(pixels: NDArray[Any], facts: FilmFacts) -> Dataset:
    """Return a DX Image Storage - For Presentation or CR Image Storage instance, ready for ``save_as``.

    Parameters
    ----------
    pixels : (H, W) uint8 or uint16
        Grey values, bone bright; for MONOCHROME1 they are stored inverted within ``bits_stored``.
    facts : FilmFacts
        Everything else. Sources: PS3.3 A.26 (DX), A.2 (CR), and PS3.16 CID 4009 and 4010.

    Raises
    ------
    ValueError
        If `pixels` isn't a plane of unsigned integers that fit `bits_stored`.
    """
    _check_pixels(pixels, facts)
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    _add_patient_and_study(ds, facts)
    _add_series_and_order(ds, facts)
    _add_equipment(ds, facts)
    _add_image(ds, facts)
    _add_projection(ds, facts)
    _add_pixels(ds, pixels, facts)
    _add_file_meta(ds)
    return ds


def _check_pixels(pixels: NDArray[Any], facts: FilmFacts) -> None:
    if pixels.ndim != 2 or pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"pixels must be (H, W) uint8 or uint16, not {pixels.shape} {pixels.dtype}")
    if not 6 <= facts.bits_stored <= 8 * pixels.itemsize:
        raise ValueError(f"bits_stored {facts.bits_stored} doesn't fit pixels of {pixels.dtype}")
    if int(pixels.max(initial=0)) >= 1 << facts.bits_stored:
        raise ValueError(f"pixel value {pixels.max()} doesn't fit {facts.bits_stored} bits")


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _study_uid(facts: FilmFacts) -> str:
    return derived_uid("made film", "study", facts.study_seed or facts.seed)


def _add_patient_and_study(ds: Dataset, facts: FilmFacts) -> None:
    ds.PatientName = facts.patient_name
    ds.PatientID = facts.patient_id
    ds.IssuerOfPatientID = facts.institution.upper()
    ds.PatientBirthDate = facts.patient_birth_date
    ds.PatientSex = facts.patient_sex
    if facts.patient_age_years is not None:
        ds.PatientAge = f"{facts.patient_age_years:03d}Y"
    ds.StudyInstanceUID = _study_uid(facts)
    ds.StudyDate = facts.acquired.strftime("%Y%m%d")
    ds.StudyTime = facts.acquired.strftime("%H%M%S")
    ds.TimezoneOffsetFromUTC = "+0000"
    ds.AccessionNumber = facts.accession
    ds.IssuerOfAccessionNumberSequence = [_issuer(facts)]
    ds.StudyID = facts.accession[-16:]
    ds.ReferringPhysicianName = ""
    ds.StudyDescription = facts.requested_procedure
    ds.ProcedureCodeSequence = [_code("399208008", "SCT", "Plain chest X-ray")]


def _issuer(facts: FilmFacts) -> Dataset:
    item = Dataset()
    item.LocalNamespaceEntityID = facts.institution.upper()
    return item


def _add_series_and_order(ds: Dataset, facts: FilmFacts) -> None:
    ds.Modality = facts.modality
    ds.SeriesInstanceUID = derived_uid("made film", "series", facts.study_seed or facts.seed, facts.modality)
    ds.SeriesNumber = 1
    ds.SeriesDescription = f"Chest {facts.view}"
    ds.BodyPartExamined = "CHEST"
    order = Dataset()
    order.AccessionNumber = facts.accession
    order.IssuerOfAccessionNumberSequence = [_issuer(facts)]
    order.RequestedProcedureID = f"RP-{facts.accession}"[:16]
    order.RequestedProcedureDescription = facts.requested_procedure
    order.RequestedProcedureCodeSequence = [_code("399208008", "SCT", "Plain chest X-ray")]
    order.ScheduledProcedureStepID = f"SP-{facts.accession}"[:16]
    order.ScheduledProcedureStepDescription = facts.requested_procedure
    ds.RequestAttributesSequence = [order]
    ds.PerformedProcedureStepID = f"PP-{facts.accession}"[:16]
    ds.PerformedProcedureStepStartDate = ds.StudyDate
    ds.PerformedProcedureStepStartTime = ds.StudyTime
    ds.PerformedProcedureStepDescription = facts.requested_procedure


def _add_equipment(ds: Dataset, facts: FilmFacts) -> None:
    ds.Manufacturer = "LLM-CXR Workstation"
    ds.ManufacturerModelName = "Film wrapper"
    ds.DeviceSerialNumber = "1"
    ds.SoftwareVersions = "1"
    ds.InstitutionName = facts.institution
    ds.StationName = f"DEMO{facts.modality}"


def _add_image(ds: Dataset, facts: FilmFacts) -> None:
    ds.SOPClassUID = _SOP_CLASSES[facts.modality]
    ds.SOPInstanceUID = derived_uid("made film", "instance", facts.seed)
    ds.InstanceNumber = facts.instance_number
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.AcquisitionNumber = 1
    for kind in ("Series", "Acquisition", "Content"):
        setattr(ds, f"{kind}Date", ds.StudyDate)
        setattr(ds, f"{kind}Time", ds.StudyTime)
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    if facts.lossy_ratio is not None:
        ds.LossyImageCompression = "01"
        ds.LossyImageCompressionRatio = f"{facts.lossy_ratio:.2f}"
        ds.LossyImageCompressionMethod = "ISO_10918_1"


def _add_projection(ds: Dataset, facts: FilmFacts) -> None:
    code, meaning, orientation = _VIEWS[facts.view]
    ds.ViewPosition = facts.view
    ds.PatientOrientation = orientation
    ds.ImagerPixelSpacing = [f"{spacing:.6f}" for spacing in facts.pixel_spacing_mm]
    if facts.modality == "CR":
        ds.KVP = None
        return
    view = _code(code, "SCT", meaning)
    view.ViewModifierCodeSequence = []
    ds.ViewCodeSequence = [view]
    ds.ImageLaterality = "U"
    ds.AnatomicRegionSequence = [_code("816094009", "SCT", "Chest")]
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.DetectorType = "DIRECT"
    ds.PositionerType = "NONE"
    ds.AcquisitionContextSequence = []


def _add_pixels(ds: Dataset, pixels: NDArray[Any], facts: FilmFacts) -> None:
    largest = (1 << facts.bits_stored) - 1
    is_inverted = facts.photometric == "MONOCHROME1"
    stored = (largest - pixels).astype(pixels.dtype) if is_inverted else pixels
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = facts.photometric
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated = 8 * stored.itemsize
    ds.BitsStored = facts.bits_stored
    ds.HighBit = facts.bits_stored - 1
    ds.PixelRepresentation = 0
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    # With PS3.3 C.11.2.1.2.1 this window is the identity on 0 … 2^BitsStored - 1.
    ds.WindowCenter, ds.WindowWidth = str((largest + 1) // 2), str(largest + 1)
    ds.WindowCenterWidthExplanation = "FULL RANGE"
    if facts.modality == "DX":
        ds.PixelIntensityRelationship = "LOG"
        ds.PixelIntensityRelationshipSign = 1 if is_inverted else -1
        ds.PresentationLUTShape = "INVERSE" if is_inverted else "IDENTITY"
    raw = stored.astype(stored.dtype.newbyteorder("<")).tobytes()
    # PS3.5 A.2: OW is right for every native pixel size.
    ds.add_new("PixelData", "OW", raw + b"\0" * (len(raw) % 2))


def _add_file_meta(ds: Dataset) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    ds.file_meta = meta
