"""The text of an earlier report, from other people's SRs and from our own."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset

from llmcxr_ws.errors import ImagingError
from llmcxr_ws.prior_report import Paragraph, read_report


def code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def item(kind: str, name: str = "", relation: str = "CONTAINS", **values: object) -> Dataset:
    made = Dataset()
    made.RelationshipType, made.ValueType = relation, kind
    if name:
        made.ConceptNameCodeSequence = [code("1", name)]
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def sr(folder: Path, *content: Dataset, **values: object) -> Path:
    ds = item("CONTAINER", "Report", ContentSequence=list(content), **values)
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.3"
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ContentDate = "20250501"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    path = folder / "sr.dcm"
    ds.save_as(path, enforce_file_format=True)
    return path


def measured() -> Dataset:
    value = Dataset()
    value.NumericValue, value.MeasurementUnitsCodeSequence = "12", [code("mm", "millimetre")]
    return value


def test_headings_texts_codes_and_measurements_in_their_order(tmp_path: Path) -> None:
    observer = Dataset()
    observer.VerifyingObserverName = "Leser^Lena"
    path = sr(
        tmp_path,
        item("PNAME", "Observer", "HAS OBS CONTEXT", PersonName="Leser^Lena"),
        item("TEXT", "Patient", "HAS OBS CONTEXT", TextValue="not for the reader"),
        item(
            "CONTAINER",
            "Findings",
            ContentSequence=[
                item("TEXT", TextValue="Knoten im\n Oberlappen – klein."),
                item("CODE", "Finding", ConceptCodeSequence=[code("2", "Nodule")]),
                item("NUM", "Diameter", MeasuredValueSequence=[measured()]),
                item("IMAGE"),
            ],
        ),
        item("TEXT", "Impression", TextValue="Kontrolle."),
        VerificationFlag="VERIFIED",
        VerifyingObserverSequence=[observer],
    )
    found = read_report(path)
    assert found is not None
    assert found.paragraphs == (
        Paragraph("Findings", "Knoten im Oberlappen – klein."),
        Paragraph("Finding", "Nodule"),
        Paragraph("Diameter", "12 mm"),
        Paragraph("Impression", "Kontrolle."),
    )
    assert (found.status, found.by, found.date) == ("verified", "Leser^Lena", "20250501")
    assert found.text.startswith("Findings: Knoten")


def test_one_that_nobody_verified_says_so_and_one_without_words_is_none(tmp_path: Path) -> None:
    found = read_report(sr(tmp_path, item("TEXT", TextValue="Clear.")))
    assert found is not None and found.status == "unverified"
    assert read_report(sr(tmp_path, item("IMAGE"))) is None


def test_what_is_endless_is_cut_and_what_is_deep_left(tmp_path: Path) -> None:
    deep = item("TEXT", TextValue="bottom")
    for _ in range(40):
        deep = item("CONTAINER", ContentSequence=[deep])
    found = read_report(sr(tmp_path, *(item("TEXT", TextValue="word " * 1000) for _ in range(20)), deep))
    assert found is not None
    assert len(found.text) < 21_000 and found.paragraphs[-1].text == "…"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 700), st.binary(min_size=1, max_size=12))
def test_damage_is_a_sentence_or_is_read_past(tmp_path: Path, at: int, bytes_: bytes) -> None:
    path = sr(tmp_path, item("TEXT", "Impression", TextValue="Clear."))
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + bytes_ + whole[at + len(bytes_) :])
    try:
        read_report(path)
    except ImagingError as error:
        assert "can't be read" in str(error)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(ImagingError, match="can't be read"):
        read_report(tmp_path / "gone.dcm")
