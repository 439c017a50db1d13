"""The one-pass reader of headers says of every file what pydicom says of it, or leaves it to pydicom."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom_node.association import prepare_pynetdicom
from dicom_node.examine import Examined, Head, data_set_offset, examine
from dicom_node.header_scan import announced_size, scan_header
from llmcxr_ws.errors import DicomError
from tests.dicom_node.films import make_film

_TEXT_KEYWORDS = [
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "AccessionNumber",
    "StudyDescription",
    "ReferringPhysicianName",
    "Manufacturer",
    "ManufacturerModelName",
    "StationName",
    "InstitutionName",
    "SeriesDescription",
    "ProtocolName",
    "BodyPartExamined",
    "ViewPosition",
    "ImageType",
    "PatientOrientation",
    "BurnedInAnnotation",
    "PresentationIntentType",
    "PatientAge",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AcquisitionDateTime",
    "ContentDate",
    "PatientBirthDate",
    "Modality",
    "RequestedProcedurePriority",
]
_TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "PA", "AP\\LL", "056Y", "20260304", "A^B=C", "x\\ y \\z", "L\\F", "\\", "CHEST  "]
    ),
    st.text(st.characters(codec="latin-1"), max_size=12),
    st.text(max_size=8),
)
_CHARACTER_SETS = st.sampled_from(
    [
        None,
        "",
        "ISO_IR 6",
        "ISO_IR 100",
        "ISO_IR 192",
        "ISO_IR 144",
        "ISO 2022 IR 100",
        ["", "ISO 2022 IR 87"],
        "odd",
    ]
)


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return item


def _encoded(film: Dataset, transfer_syntax: str) -> bytes:
    film.file_meta.TransferSyntaxUID = pydicom.uid.UID(transfer_syntax)
    made = io.BytesIO()
    film.save_as(made, enforce_file_format=True)
    return made.getvalue()


def _head(path: Path, transfer_syntax: str, longest: int = 1 << 16) -> Head:
    offset = data_set_offset(path)
    data = path.read_bytes()[offset:]
    return Head(data=data[:longest], offset=offset, size=len(data), transfer_syntax=transfer_syntax)


def _said(path: Path, head: Head | None) -> Examined | str:
    try:
        return examine(path, head)
    except DicomError as error:
        return error.message


def _same(data: bytes, transfer_syntax: str, longest: int = 1 << 16) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.dcm")
        path.write_bytes(data)
        try:
            head = _head(path, transfer_syntax, longest)
        except DicomError:
            return  # the file meta information is ours; the loop never writes another
        assert _said(path, head) == _said(path, None)


@pytest.fixture(autouse=True)
def _prepared() -> None:
    prepare_pynetdicom()


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(_TEXT_KEYWORDS), _TEXTS, max_size=10),
    _CHARACTER_SETS,
    st.sampled_from([ExplicitVRLittleEndian, ImplicitVRLittleEndian]),
    st.booleans(),
)
@example({"PatientName": "Müller^Jörg"}, "ISO_IR 100", ExplicitVRLittleEndian, False)
@example({"PatientName": "山田^太郎"}, "ISO_IR 192", ImplicitVRLittleEndian, True)
def test_values_as_pydicom_reads_them(
    values: dict[str, str], character_set: Any, transfer_syntax: str, undefined_lengths: bool
) -> None:
    film = make_film("scan", size=8)
    if character_set is None:
        film.pop("SpecificCharacterSet", None)
    else:
        film.SpecificCharacterSet = character_set
    film.ViewCodeSequence = [_code("272479007", "postero-anterior")]
    film.AnatomicRegionSequence = [_code("51185008", "Chest")]
    film["ViewCodeSequence"].is_undefined_length = undefined_lengths
    film.ViewCodeSequence[0].is_undefined_length_sequence_item = undefined_lengths
    for keyword, value in values.items():
        if value or keyword != "StudyInstanceUID":
            setattr(film, keyword, value.split("\\") if "\\" in value else value)
    try:
        data = _encoded(film, transfer_syntax)
    except (ValueError, LookupError, TypeError, AttributeError):
        return  # what pydicom can't write, nobody sends
    _same(data, transfer_syntax)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from([ExplicitVRLittleEndian, ImplicitVRLittleEndian]))
def test_damaged_files_as_pydicom_and_the_walk_see_them(data: st.DataObject, transfer_syntax: str) -> None:
    film = make_film("scan", size=8)
    film.ViewCodeSequence = [_code("272479007", "postero-anterior")]
    whole = bytearray(_encoded(film, transfer_syntax))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(400, len(whole) - 1))
        kind = data.draw(st.sampled_from(["byte", "cut", "insert", "zero"]))
        if kind == "byte":
            whole[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del whole[at:]
        elif kind == "insert":
            whole[at:at] = data.draw(st.binary(max_size=9))
        else:
            whole[at : at + 4] = bytes(4)
        if len(whole) < 420:
            break
    _same(bytes(whole), transfer_syntax)


@pytest.mark.parametrize("transfer_syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_usual_films_are_not_left_to_pydicom(tmp_path: Path, transfer_syntax: str) -> None:
    """The fast way is taken: a silent fall-back would pass every other test here."""
    film = make_film("usual", size=32, patient_name="Müller^Jörg")
    film.ViewCodeSequence = [_code("272479007", "postero-anterior")]
    path = tmp_path / "a.dcm"
    path.write_bytes(_encoded(film, transfer_syntax))
    head = _head(path, transfer_syntax)
    scanned = scan_header(head.data, head.size, transfer_syntax)
    assert scanned is not None
    assert scanned.pixel_length == 32 * 32
    assert scanned.elements.get("PatientName") == "Müller^Jörg"
    assert [item.get("CodeValue") for item in scanned.elements.get("ViewCodeSequence")] == ["272479007"]
    assert scanned.elements.get("Rows") == 32


def test_a_header_longer_than_what_is_at_hand(tmp_path: Path) -> None:
    film = make_film("long", size=16)
    film.ImageComments = "x" * 9000
    data = _encoded(film, ExplicitVRLittleEndian)
    _same(data, ExplicitVRLittleEndian, longest=2000)


@pytest.mark.parametrize("transfer_syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_the_size_that_a_beginning_announces(tmp_path: Path, transfer_syntax: str) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(_encoded(make_film("size", size=64), transfer_syntax))
    head = _head(path, transfer_syntax, longest=3000)
    assert announced_size(head.data, transfer_syntax) == head.size
    assert announced_size(head.data[:100], transfer_syntax) is None
    assert announced_size(head.data, "1.2.840.10008.1.2.2") is None
