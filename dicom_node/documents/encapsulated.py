"""A PDF of a report as an Encapsulated PDF (PS3.3 A.45.1), a document that every PACS can show.

highdicom has no class for it, so its modules are written here. The gate judges it like every other document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pydicom.dataset import Dataset

from dicom_node.documents import envelope
from dicom_node.documents.header import offset_from_utc
from dicom_node.documents.narrative import Narrative
from dicom_node.documents.pdf import title_of
from dicom_node.documents.report import instance_uid, series_uid
from dicom_node.sop_classes import ENCAPSULATED_PDF

DRAFT_SERIES_DESCRIPTION = "AI DRAFT - not reviewed (PDF)"
SIGNED_SERIES_DESCRIPTION = "Signed report (PDF)"
_SERIES_NUMBERS = {"draft": 9021, "signed": 9022, "addendum": 9022}


def encapsulate(narrative: Narrative, pdf: bytes) -> Dataset:
    """Return the document, ready to be checked by the gate and stored."""
    film, zone, at = narrative.film, offset_from_utc(narrative.film, narrative.at), narrative.at
    series_kind = "pdf of a draft" if narrative.is_draft else "pdf"
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = ENCAPSULATED_PDF
    ds.SOPInstanceUID = instance_uid(
        f"pdf {narrative.stage}", narrative.report_version, _content(narrative, pdf)
    )
    ds.StudyInstanceUID = str(film.StudyInstanceUID)
    ds.SeriesInstanceUID = series_uid(series_kind, str(film.StudyInstanceUID), narrative.installation)
    ds.SeriesNumber = _SERIES_NUMBERS[narrative.stage]
    ds.SeriesDescription = DRAFT_SERIES_DESCRIPTION if narrative.is_draft else SIGNED_SERIES_DESCRIPTION
    ds.Modality = "DOC"
    ds.ConversionType = "WSD"
    ds.Manufacturer, ds.ManufacturerModelName = envelope.MANUFACTURER, envelope.MODEL_NAME
    for keyword, value in envelope.equipment(narrative.institution, narrative.installation).items():
        setattr(ds, _KEYWORDS[keyword], value)
    ds.InstanceNumber = narrative.report_version
    ds.ContentDate, ds.ContentTime = envelope.da(at, zone), envelope.tm(at, zone)
    ds.AcquisitionDateTime = ""
    ds.BurnedInAnnotation = "YES"
    ds.RecognizableVisualFeatures = "NO"
    ds.SourceInstanceSequence = [_reference(film)]
    ds.DocumentTitle = title_of(narrative)
    ds.ConceptNameCodeSequence = [envelope.code("18748-4", "LN", "Diagnostic Imaging Report")]
    ds.VerificationFlag = "UNVERIFIED" if narrative.is_draft else "VERIFIED"
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    ds.EncapsulatedDocumentLength = len(pdf)
    return envelope.finish(
        ds, narrative.patient_and_study, narrative.devices, narrative.institution, at, zone
    )


def check_encapsulated(ds: Dataset) -> Iterator[str]:
    """Yield what the tables of modules can't tell of a PDF that is to leave."""
    data, length = (
        bytes(ds.get("EncapsulatedDocument") or b""),
        int(ds.get("EncapsulatedDocumentLength") or 0),
    )
    if not data.startswith(b"%PDF-") or not data[:length].rstrip().endswith(b"%%EOF"):
        yield "The encapsulated document isn't a whole PDF."
    if length not in (len(data), len(data) - 1):
        yield "The encapsulated document hasn't the length that is written beside it."
    if ds.get("MIMETypeOfEncapsulatedDocument") != "application/pdf":
        yield "The encapsulated document's type isn't application/pdf."
    verification = ds.get("VerificationFlag")
    if verification not in ("VERIFIED", "UNVERIFIED"):
        yield f"VerificationFlag is '{verification}'."
    if (ds.get("SeriesDescription") == DRAFT_SERIES_DESCRIPTION) != (verification == "UNVERIFIED"):
        yield f"The series description must be '{DRAFT_SERIES_DESCRIPTION}' on drafts and on nothing else."
    if ds.get("BurnedInAnnotation") != "YES":
        yield "BurnedInAnnotation isn't YES, though the document names the patient."


_KEYWORDS = {
    "manufacturer": "Manufacturer",
    "manufacturer_model_name": "ManufacturerModelName",
    "software_versions": "SoftwareVersions",
    "device_serial_number": "DeviceSerialNumber",
    "institution_name": "InstitutionName",
    "specific_character_set": "SpecificCharacterSet",
}


def _reference(film: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = (
        str(film.SOPClassUID),
        str(film.SOPInstanceUID),
    )
    return item


def _content(narrative: Narrative, pdf: bytes) -> bytes:
    written = "".join(f"{part.SOPInstanceUID}\n" for part in narrative.parts)
    return hashlib.sha256(pdf).digest() + written.encode()
