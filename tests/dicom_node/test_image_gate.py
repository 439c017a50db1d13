"""Planted faults in findings, marks, key images, captures and synthetic films: the gate finds each of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom_node.documents.gate import check
from dicom_node.documents.synthetic import PATIENT_NAME
from tests.dicom_node.images_factory import KINDS, build_kind
from tests.factories import make_film

Plant = Callable[[Dataset], None]


def change(**values: object) -> Plant:
    def plant(ds: Dataset) -> None:
        for keyword, value in values.items():
            if value is None:
                ds.pop(keyword, None)
            else:
                setattr(ds, keyword, value)

    return plant


def group(ds: Dataset, number: int = 0) -> Dataset:
    """A measurement group."""
    found: Dataset = ds.ContentSequence[-1].ContentSequence[number]
    return found


def row(item: Dataset, code: str) -> Dataset:
    """The row of a group with this concept name."""
    found: Dataset = next(
        child for child in item.ContentSequence if child.ConceptNameCodeSequence[0].CodeValue == code
    )
    return found


def without(code: str, number: int = 0) -> Plant:
    """Take a row out of a group."""

    def plant(ds: Dataset) -> None:
        item = group(ds, number)
        item.ContentSequence.remove(row(item, code))

    return plant


def without_root_row(code: str) -> Plant:
    def plant(ds: Dataset) -> None:
        ds.ContentSequence.remove(row(ds, code))

    return plant


def region_outside(ds: Dataset) -> None:
    row(group(ds), "111030").GraphicData[2] = 57.0


def open_region(ds: Dataset) -> None:
    row(group(ds), "111030").GraphicData[0] = 9.0


def flat_region(ds: Dataset) -> None:
    row(group(ds), "111030").GraphicData = [1.0, 1.0, 5.0, 1.0, 5.0, 1.0, 1.0, 1.0, 1.0, 1.0]


def region_on_another_film(ds: Dataset) -> None:
    row(group(ds), "111030").ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "1.2.3"


def one_tracking_uid_twice(ds: Dataset) -> None:
    row(group(ds, 1), "112040").UID = row(group(ds), "112040").UID


def more_than_all(ds: Dataset) -> None:
    row(group(ds), "111012").MeasuredValueSequence[0].NumericValue = "101"


def in_millimetres(ds: Dataset) -> None:
    value = row(group(ds), "111012").MeasuredValueSequence[0]
    value.MeasurementUnitsCodeSequence[0].CodeValue = "mm"


def strange_row(ds: Dataset) -> None:
    row(group(ds), "121071").ConceptNameCodeSequence[0].CodeValue = "121999"


def finding_twice(ds: Dataset) -> None:
    item = group(ds)
    item.ContentSequence.insert(3, row(item, "121071"))


def rows_swapped(ds: Dataset) -> None:
    content = group(ds).ContentSequence
    content.insert(0, content.pop())


def library_last(ds: Dataset) -> None:
    ds.ContentSequence.append(ds.ContentSequence.pop(-2))


def no_findings(ds: Dataset) -> None:
    ds.ContentSequence[-1].ContentSequence = []


def mark_outside(ds: Dataset) -> None:
    ds.GraphicAnnotationSequence[0].GraphicObjectSequence[0].GraphicData[1] = 65.0


def mark_unknown(ds: Dataset) -> None:
    del ds.GraphicAnnotationSequence[0].GraphicObjectSequence[0].TrackingUID


def mark_on_another_film(ds: Dataset) -> None:
    item = ds.GraphicAnnotationSequence[0].ReferencedImageSequence[0]
    item.ReferencedSOPInstanceUID = "1.2.3"


def mark_in_another_series(ds: Dataset) -> None:
    ds.ReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.3"


def words_gone(ds: Dataset) -> None:
    ds.GraphicAnnotationSequence[0].TextObjectSequence.pop()


def no_marks(ds: Dataset) -> None:
    del ds.GraphicAnnotationSequence[0].GraphicObjectSequence


def banner_gone(ds: Dataset) -> None:
    pixels = np.frombuffer(ds.PixelData, np.uint8).reshape(ds.Rows, ds.Columns, 3).copy()
    pixels[-40:] = 0
    ds.PixelData = pixels.tobytes()


def source_of_another(ds: Dataset) -> None:
    ds.SourceImageSequence[0].ReferencedSOPInstanceUID = "1.2.3"


PLANTED: list[tuple[str, str, Plant, str]] = [
    ("findings", "rows", region_outside, "leaves the film"),
    ("findings", "rows", open_region, "closed outline"),
    ("findings", "rows", flat_region, "no area"),
    ("findings", "rows", region_on_another_film, "one of the films"),
    ("findings", "evidence", region_on_another_film, "isn't listed as evidence"),
    ("findings", "rows", one_tracking_uid_twice, "another finding's"),
    *(("findings", "rows", without(row), "lacks a row") for row in ("112040", "112039", "111001")),
    ("findings", "rows", without("111030", 2), "lacks a row"),
    ("findings", "rows", more_than_all, "percentage"),
    ("findings", "rows", in_millimetres, "percentage"),
    ("findings", "rows", strange_row, "doesn't know"),
    ("findings", "rows", finding_twice, "2 times"),
    ("findings", "rows", rows_swapped, "out of its order"),
    ("findings", "rows", library_last, "after the measurements"),
    ("findings", "rows", no_findings, "no finding"),
    *(
        ("findings", "rows", without_root_row(row), says)
        for row, says in (
            ("111028", "lacks its image library"),
            ("121049", "lacks its language"),
            ("121012", "Device UID"),
        )
    ),
    ("findings", "rows", change(ContentTemplateSequence=None), "template 1500"),
    ("findings", "flags", change(VerificationFlag="VERIFIED"), "UNVERIFIED"),
    ("findings", "flags", change(PreliminaryFlag="FINAL"), "PRELIMINARY"),
    ("findings", "flags", change(SeriesDescription="Findings"), "series description"),
    ("findings", "identity", change(PatientID="OTHER"), "PatientID"),
    ("findings", "characters", change(SpecificCharacterSet="ISO_IR 100"), "ISO_IR 192"),
    ("presentation", "rows", mark_outside, "leaves the film"),
    ("presentation", "rows", mark_unknown, "tracking UID"),
    ("presentation", "rows", words_gone, "nobody reviewed"),
    ("presentation", "rows", no_marks, "marks no region"),
    ("presentation", "references", mark_on_another_film, "isn't among its sources"),
    ("presentation", "references", mark_in_another_series, "isn't among its sources"),
    ("presentation", "flags", change(SeriesDescription="Marks"), "series description"),
    ("presentation", "identity", change(StudyInstanceUID="1.2.3"), "document's study"),
    ("presentation", "modules", change(PresentationCreationDate=None), "PresentationCreationDate"),
    ("key_image", "rows", lambda ds: ds.ContentSequence.pop(), "names no image"),
    ("key_image", "rows", change(ContentTemplateSequence=None), "template 2010"),
    ("key_image", "flags", change(ContentQualification="PRODUCT"), "RESEARCH"),
    ("key_image", "identity", change(PatientSex="M"), "PatientSex"),
    ("key_image", "sop_class", change(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11"), "neither"),
    ("capture", "pixels", banner_gone, "last rows"),
    ("capture", "pixels", change(BurnedInAnnotation="NO"), "BurnedInAnnotation"),
    ("capture", "pixels", change(Rows=10), "of its size"),
    ("capture", "references", source_of_another, "isn't among its sources"),
    ("capture", "references", change(SourceImageSequence=None), "refers to no film"),
    ("capture", "identity", change(PatientName="OTHER^Film"), "PatientName"),
    ("synthetic", "synthetic", change(SyntheticData=None), "SyntheticData"),
    ("synthetic", "synthetic", change(PatientName="TEST^Film"), "patient's name"),
    ("synthetic", "synthetic", change(PatientID="TEST-1"), "patient's name or number"),
    ("synthetic", "synthetic", change(SeriesDescription="Chest PA"), "series description"),
    ("synthetic", "pixels", banner_gone, "last rows"),
    ("synthetic", "references", change(SyntheticData=None, ImageComments=None, PatientName="A^B"), "no film"),
]


@pytest.mark.parametrize(
    ("kind", "code", "plant", "says"),
    PLANTED,
    ids=[f"{c[0]}: {c[1]}: {c[3]} {n}" for n, c in enumerate(PLANTED)],
)
def test_a_planted_fault_is_caught_by_our_own_checks(
    kind: str, code: str, plant: Plant, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no dciodvfy: it is our own checks that must find it
    film = make_film()
    sources = [] if kind == "synthetic" else [film]
    ds = build_kind(kind, film) if kind != "synthetic" else build_kind(kind)
    assert check(ds, sources) == [], "good before the fault"
    plant(ds)
    faults = [fault for fault in check(ds, sources) if fault.code == code]
    assert faults, "the fault went through"
    assert any(says in fault.sentence for fault in faults), [fault.sentence for fault in faults]


def test_no_sentence_of_a_fault_quotes_a_patient() -> None:
    for kind, _, plant, _ in PLANTED:
        ds = build_kind(kind)
        plant(ds)
        for fault in check(ds, [make_film()]):
            for secret in ("TEST", "OTHER", "1974", make_film().SOPInstanceUID):
                assert secret not in fault.sentence


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_of_another_film_is_refused(kind: str) -> None:
    ds = build_kind(kind)
    codes = {fault.code for fault in check(ds, [make_film(seed="another", patient_id="SOMEBODY-ELSE")])}
    assert "identity" in codes and codes & {"evidence", "references"}


def test_a_synthetic_film_can_not_pass_as_a_capture_of_a_patient() -> None:
    ds, film = build_kind("synthetic"), make_film()
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID"):
        setattr(ds, keyword, film.get(keyword))
    assert "synthetic" in {fault.code for fault in check(ds, [film])}
    assert str(build_kind("synthetic").PatientName) == PATIENT_NAME
