"""DICOM films: the same pixels as the workstation's own imaging, and a folder of them read by its headers."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from engine.data.dicom_pixels import is_dicom, read_dicom_film
from engine.data.film_files import read_grey
from engine.data.readers import ReadRules
from engine.data.readers.dicom_folder import DicomFolderReader, age_years, view_of
from engine.errors import DataError, FilmRefused
from engine.preprocess import PreprocessingSpec, prepared_grey
from llmcxr_ws import imaging

FILMS = Path(__file__).parents[3] / "dicom_node" / "films"
DX = "1.2.840.10008.5.1.4.1.1.1.1"


def made(values: np.ndarray, **elements: object) -> Dataset:
    """Make a DX image in memory."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = DX
    ds.SOPClassUID, ds.SOPInstanceUID, ds.StudyInstanceUID = DX, generate_uid(), generate_uid()
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.PatientID, ds.Modality = "patient-1", "DX"
    ds.Rows, ds.Columns = values.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = 8 * values.itemsize
    ds.BitsStored, ds.HighBit = ds.BitsAllocated, ds.BitsAllocated - 1
    ds.PixelRepresentation = int(values.dtype.kind == "i")
    ds.add_new("PixelData", "OW", values.tobytes())
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    if "BitsStored" in elements and "HighBit" not in elements:
        ds.HighBit = ds.BitsStored - 1
    return ds


def lut(first: int, values: list[int], bits: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(values), first % 65536, bits])
    item.add_new("LUTData", "US", values)
    return item


RAMP = (np.arange(64 * 48).reshape(64, 48) % 4096).astype(np.uint16)
SIGNED = (RAMP.astype(np.int32) - 2000).astype(np.int16)
IMAGES = {
    "MONOCHROME2": made(RAMP, BitsStored=12),
    "MONOCHROME1": made(RAMP, BitsStored=12, PhotometricInterpretation="MONOCHROME1"),
    "8 bits": made((RAMP % 256).astype(np.uint8)),
    "16 bits": made(RAMP * 16),
    "inverse shape": made(RAMP, BitsStored=12, PresentationLUTShape="INVERSE"),
    "identity shape wins": made(
        RAMP, BitsStored=12, PresentationLUTShape="IDENTITY", PhotometricInterpretation="MONOCHROME1"
    ),
    "negative slope": made(RAMP, BitsStored=12, RescaleSlope="-1", RescaleIntercept="4095"),
    "signed": made(SIGNED, BitsStored=13, PixelPaddingValue=-2000),
    "high bit": made(RAMP << 4, BitsStored=12, HighBit=15),
    "overlay bits": made(RAMP | 0x8000, BitsStored=12),
    "padding": made(RAMP, BitsStored=12, PixelPaddingValue=0),
    "padding range": made(RAMP, BitsStored=12, PixelPaddingValue=4000, PixelPaddingRangeLimit=3000),
    "falling VOI LUT": made(
        RAMP, BitsStored=12, VOILUTSequence=[lut(0, [4095 - value for value in range(4096)], 12)]
    ),
    "modality LUT": made(
        RAMP, BitsStored=12, ModalityLUTSequence=[lut(100, [value * 2 for value in range(1000)], 11)]
    ),
    "falling modality LUT": made(
        RAMP, BitsStored=12, ModalityLUTSequence=[lut(0, [4095 - value for value in range(4096)], 12)]
    ),
    "all padding": made(np.zeros((64, 48), np.uint16), BitsStored=12, PixelPaddingValue=0),
}


def assert_equal_films(source: Dataset | Path) -> None:
    ours, theirs = read_dicom_film(source), imaging.stored(source)
    assert ours.values.dtype == theirs.values.dtype
    np.testing.assert_array_equal(ours.values, theirs.values)
    if theirs.padding_mask is None:
        assert ours.padding_mask is None
    else:
        np.testing.assert_array_equal(ours.padding_mask, theirs.padding_mask)


@pytest.mark.parametrize("name", IMAGES)
def test_pixels_equal_those_of_the_workstation(name: str) -> None:
    assert_equal_films(IMAGES[name])


def test_pixels_of_the_shipped_films_equal_those_of_the_workstation() -> None:
    for path in sorted(FILMS.glob("*.dcm"))[:4]:
        assert_equal_films(path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "isn't grey"),
        ({"NumberOfFrames": 2}, "2 frames"),
        ({"BitsStored": 17}, "17 bits stored in 16"),
        ({"Rows": 640}, "can't be decoded"),
        ({"RescaleSlope": "0"}, "Rescale Slope is 0"),
        ({"PixelData": None}, "lacks a value for PixelData"),
    ],
)
def test_images_that_are_no_films_are_refused_by_both(change: dict[str, object], why: str) -> None:
    ds = made(RAMP, **{"BitsStored": 12, **change})
    with pytest.raises(FilmRefused, match=why), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of the values that are refused here
        read_dicom_film(ds)


def test_a_file_is_read_by_what_it_is(tmp_path: Path) -> None:
    path = FILMS / "DEMO0002.dcm"
    spec = PreprocessingSpec()
    stored = imaging.stored(path)
    np.testing.assert_array_equal(
        read_grey(path, spec),
        prepared_grey(stored.values, spec.dicom, spec.minimum_side, stored.padding_mask),
    )
    assert is_dicom(path)
    (tmp_path / "text.txt").write_text("no film")
    assert not is_dicom(tmp_path / "text.txt")
    with pytest.raises(FilmRefused, match="can't be read as an image"):
        read_grey(tmp_path / "text.txt", spec)
    with pytest.raises(FilmRefused, match="can't be read"):
        read_grey(tmp_path / "none.dcm", spec)


def test_the_shipped_films_as_a_folder() -> None:
    reader = DicomFolderReader(FILMS, ReadRules(), "as told", salt="of the test")
    outcomes = {unit: reader.read(unit) for unit in reader.units()}
    rows = list(csv.DictReader((FILMS / "films.csv").read_text(encoding="utf-8").splitlines()))
    records = {unit: outcome.found[0].record for unit, outcome in outcomes.items() if outcome.found}
    assert set(records) == {row["file"] for row in rows}
    for row in rows:
        record = records[row["file"]]
        assert (record.view, record.age, record.sex) == (row["view"], int(row["age"]), row["sex"])
        assert record.labels is None and record.report is None and record.licence == "as told"
        ds = dcmread(FILMS / row["file"], stop_before_pixels=True)
        told = repr({**vars(record), "image": ""})
        assert not any(
            str(ds[name].value) in told for name in ("PatientID", "SOPInstanceUID", "StudyInstanceUID")
        )
    assert sum(outcomes["films.csv"].drops.values()) == 1
    again = DicomFolderReader(FILMS, ReadRules(), salt="another")
    assert again.read("DEMO0001.dcm").found[0].record.patient != records["DEMO0001.dcm"].patient


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Modality": "MR"}, "modality other than CR or DX"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "film for processing, not for presentation"),
        ({"BurnedInAnnotation": "YES"}, "film with burned-in annotation"),
        ({"BodyPartExamined": "KNEE"}, "body part other than the chest"),
        ({"PatientID": ""}, "film without a Patient ID"),
    ],
)
def test_files_that_are_no_films_are_dropped_with_their_reason(
    tmp_path: Path, change: dict[str, str], why: str
) -> None:
    made(RAMP, **change).save_as(tmp_path / "a.dcm", enforce_file_format=True)
    made(RAMP).save_as(tmp_path / "b", enforce_file_format=True)
    (tmp_path / ".hidden").write_text("")
    (tmp_path / "c.txt").write_text("no film")
    reader = DicomFolderReader(tmp_path, ReadRules())
    assert list(reader.units()) == ["a.dcm", "b", "c.txt"]
    assert reader.read("a.dcm").drops == {why: 1}
    assert len(reader.read("b").found) == 1
    assert reader.read("c.txt").drops == {"file that isn't DICOM": 1}


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="isn't a folder"):
        DicomFolderReader(tmp_path / "none", ReadRules())


def code(value: str) -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", "a view"
    return [item]


@pytest.mark.parametrize(
    ("elements", "view"),
    [
        ({"ViewPosition": "PA"}, "PA"),
        ({"ViewPosition": "LL"}, "LL"),
        ({"ViewPosition": "AP", "PatientOrientation": ["A", "F"]}, "AP"),
        ({"ViewPosition": "LAT"}, "LATERAL"),
        ({"ViewCodeSequence": code("272479007")}, "PA"),
        ({"ViewCodeSequence": code("0"), "PatientOrientation": ["L", "F"]}, "FRONTAL"),
        ({"PatientOrientation": ["L", "F"]}, "FRONTAL"),
        ({"PatientOrientation": ["A", "F"]}, "LATERAL"),
        ({"PatientOrientation": ["PR", "F"]}, "LATERAL"),
        ({}, ""),
    ],
)
def test_views(elements: dict[str, object], view: str) -> None:
    assert view_of(made(RAMP, **elements)) == view


@pytest.mark.parametrize(
    ("elements", "age"),
    [
        ({"PatientAge": "045Y"}, 45),
        ({"PatientAge": "030M"}, 2),
        ({"PatientAge": "010D"}, 0),
        ({"PatientBirthDate": "19800615", "StudyDate": "20200614"}, 39),
        ({"PatientBirthDate": "19800615", "StudyDate": "20200615"}, 40),
        ({"PatientBirthDate": "19800615", "AcquisitionDate": "20200615"}, 40),
        ({"PatientBirthDate": "20300615", "StudyDate": "20200615"}, None),
        ({"PatientBirthDate": "19800231", "StudyDate": "20200615"}, None),
        ({}, None),
    ],
)
def test_ages(elements: dict[str, str], age: int | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the 31st of February
        assert age_years(made(RAMP, **elements)) == age
