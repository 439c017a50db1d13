"""A patient's earlier films, a report about one of them, and films that are nobody's prior, put into an Orthanc."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicom_node import scu, sop_classes
from dicom_node.association import LocalEntity
from llmcxr_ws import reading
from llmcxr_ws.domain import OtherStudy
from tests.dicom_node.films import make_film
from tests.dicom_node.world import World
from tests.integration.conftest import Orthanc


def film(folder: Path, seed: str, day: str, **values: str) -> Path:
    """Write a film of the patient of a day."""
    made = make_film(seed, acquired=datetime.strptime(day, "%Y-%m-%d"))
    for keyword, value in values.items():
        setattr(made, keyword, value)
    path = folder / f"{seed}.dcm"
    made.save_as(path, enforce_file_format=True)
    return path


def report(folder: Path, of: Path, text: str) -> Path:
    """Write a verified Basic Text SR about a film, in its study."""
    header = pydicom.dcmread(of, stop_before_pixels=True)
    ds = Dataset()
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyInstanceUID"):
        setattr(ds, keyword, header[keyword].value)
    for keyword in ("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"):
        setattr(ds, keyword, header.get(keyword, ""))
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.11", generate_uid(prefix=None)
    ds.SeriesInstanceUID, ds.Modality = generate_uid(prefix=None), "SR"
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "VERIFIED"
    ds.ContentDate, ds.ContentTime = header.StudyDate, "120000"
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [code("18748-4", "LN", "Diagnostic imaging report")]
    item, section = Dataset(), Dataset()
    item.RelationshipType, item.ValueType, item.TextValue = "CONTAINS", "TEXT", text
    item.ConceptNameCodeSequence = [code("121073", "DCM", "Impression")]
    section.RelationshipType, section.ValueType, section.ContinuityOfContent = (
        "CONTAINS",
        "CONTAINER",
        "SEPARATE",
    )
    section.ConceptNameCodeSequence = [code("121072", "DCM", "Impressions")]
    section.ContentSequence = [item]
    ds.ContentSequence = [section]
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = sop_classes.EXPLICIT_LITTLE
    path = folder / f"{of.stem}-report.dcm"
    ds.save_as(path, enforce_file_format=True)
    return path


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def archive(orthanc: Orthanc, folder: Path) -> None:
    """Two chest films of the last years, one of ten years ago, a hand, another patient, and a report."""
    last = film(folder, "last", "2025-05-01", BodyPartExamined="CHEST")
    paths = [
        last,
        report(folder, last, "Small nodule in the left upper lobe."),
        film(folder, "before", "2024-06-01", BodyPartExamined="CHEST"),
        film(folder, "unsure", "2026-01-01", BodyPartExamined="", StudyDescription="Thorax pa"),
        film(folder, "old", "2016-01-01", BodyPartExamined="CHEST"),
        film(
            folder,
            "hand",
            "2025-12-01",
            BodyPartExamined="HAND",
            StudyDescription="Hand",
            SeriesDescription="",
        ),
        film(folder, "other", "2025-12-02", BodyPartExamined="CHEST", PatientID="TEST-2"),
    ]
    scu.store(LocalEntity(), orthanc.peer, paths)


def others(world: World, accession: str) -> list[OtherStudy]:
    return list(reading.other_studies(world.workplace.db, world.study(accession).id))
