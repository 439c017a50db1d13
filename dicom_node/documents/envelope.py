"""What every result document has around its content: equipment, times, marks, character set.

highdicom builds the modules; this fills in what it leaves to chance (clock times, its own UIDs) and what it lacks
(Device UID of contributing equipment, offset from UTC).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

from highdicom.base import SOPClass
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from dicom_node.documents.report import Device
from dicom_node.documents.values import plain_copy
from llmcxr_ws import __version__
from llmcxr_ws.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

MANUFACTURER = "LLM-CXR Workstation"
MODEL_NAME = "LLM-CXR Workstation"
RESEARCH_USE = "Research use only. Not for diagnosis."


def stand_in(instance: Dataset) -> Dataset:
    """Return a header with an instance's UIDs and no patient, for highdicom to build on.

    The patient's attributes are put in afterwards, unchanged: highdicom would reformat or refuse some, and
    writes them to its log.
    """
    header = Dataset()
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        setattr(header, keyword, str(instance[keyword].value))
    for keyword in (
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "AccessionNumber",
        "StudyID",
    ):
        setattr(header, keyword, "")
    header.StudyDate = header.StudyTime = None
    return header


def finish(
    built: SOPClass,
    header: Dataset,
    devices: Iterable[Device],
    institution: str,
    at: datetime,
    zone: timezone,
) -> Dataset:
    """Return the built document as a plain data set with patient, equipment, times and marks filled in.

    `at` is when the content came into being; written in `zone`, which the document declares.
    """
    ds = plain_copy(built)
    ds.update(header)
    ds.TimezoneOffsetFromUTC = at.astimezone(zone).strftime("%z")
    ds.InstanceCreationDate, ds.InstanceCreationTime = da(at, zone), tm(at, zone)
    ds.InstanceCreatorUID = IMPLEMENTATION_CLASS_UID
    ds.ContentQualification = "RESEARCH"
    ds.pop("ContributingEquipmentSequence", None)  # highdicom names itself
    contributions = [_contribution(device, institution, at, zone) for device in devices]
    if contributions:  # type 3: never empty
        ds.ContributingEquipmentSequence = contributions
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(ds.SOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(ds.SOPInstanceUID)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    ds.file_meta = meta
    return ds


def equipment(institution: str, installation: str) -> dict[str, str]:
    """Return highdicom's keywords for the equipment module of this workstation (PS3.3 C.7.5.1)."""
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MODEL_NAME,
        "software_versions": __version__,
        "device_serial_number": (installation or "1")[:64],
        "institution_name": institution,
        "specific_character_set": "ISO_IR 192",
    }


def da(moment: datetime, zone: timezone) -> str:
    """Return a date as DICOM writes it, in the document's zone."""
    return moment.astimezone(zone).strftime("%Y%m%d")


def tm(moment: datetime, zone: timezone) -> str:
    """Return a time of day to the second as DICOM writes it, in the document's zone."""
    return moment.astimezone(zone).strftime("%H%M%S")


def dt(moment: datetime, zone: timezone) -> str:
    """Return a date and time with its offset as DICOM writes it."""
    return moment.astimezone(zone).strftime("%Y%m%d%H%M%S%z")


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return a code sequence item."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _contribution(device: Device, institution: str, at: datetime, zone: timezone) -> Dataset:
    """Return an item of Contributing Equipment with its Device UID, as IHE AIR asks for each algorithm."""
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [code("109102", "DCM", "Processing Equipment")]
    item.Manufacturer = device.manufacturer
    item.InstitutionName = institution
    item.ManufacturerModelName = device.model_name
    item.SoftwareVersions = device.version
    item.DeviceUID = device.uid
    if device.serial:
        item.DeviceSerialNumber = device.serial
    item.ContributionDateTime = dt(at, zone)
    item.ContributionDescription = f"Artificial intelligence. {RESEARCH_USE}"
    return item
