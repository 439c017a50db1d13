"""Findings, marks, key images, captures and synthetic films as other software reads them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import highdicom.sr
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.documents import burning
from dicom_node.documents.gate import check, is_outdated
from dicom_node.documents.regions import box_of_map
from dicom_node.documents.report import Device
from dicom_node.documents.synthetic import may_send
from llmcxr_ws.errors import DicomError
from llmcxr_ws.imaging import displayed, render
from llmcxr_ws.site import Peer
from tests.dicom_node.documents_factory import STARTED
from tests.dicom_node.images_factory import (
    KINDS,
    WORDS,
    build_kind,
    make_finding,
    make_region,
    make_synthetic,
)
from tests.factories import make_film, make_pixels, save
from tests.peers import dciodvfy_errors, run_peer


def as_bytes(ds: Dataset) -> bytes:
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.mark.peers
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("modality", ["DX", "CR"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_each_kind_passes_gate_dciodvfy_and_dcentvfy(
    kind: str, modality: str, photometric: str, tmp_path: Path
) -> None:
    film = make_film(modality=modality, photometric=photometric)
    ds = build_kind(kind, film)
    assert check(ds, [film]) == []
    path = save(ds, tmp_path)
    assert dciodvfy_errors(path) == []
    said = run_peer("dcentvfy", save(film, tmp_path, "source.dcm"), path)
    assert b"Error" not in said.stdout + said.stderr, said.stderr


@pytest.mark.peers
def test_a_film_and_all_that_was_made_of_it_are_consistent_for_dcentvfy(tmp_path: Path) -> None:
    film = make_film()
    paths = [save(build_kind(kind, film), tmp_path, f"{kind}.dcm") for kind in KINDS]
    said = run_peer("dcentvfy", save(film, tmp_path), *paths)
    assert b"Error" not in said.stdout + said.stderr, said.stderr


THIN: list[dict[str, Any]] = [
    {"AccessionNumber": None, "RequestAttributesSequence": None, "ProcedureCodeSequence": None},
    {"StudyID": None, "PatientBirthDate": None, "PatientSex": None, "PatientAge": None},
    {"StudyTime": None, "StudyDate": None, "PatientName": None, "ReferringPhysicianName": None},
    {"PatientOrientation": None, "ImagerPixelSpacing": None, "BodyPartExamined": None, "ViewPosition": None},
    {"WindowCenter": None, "WindowWidth": None, "RescaleSlope": None, "RescaleIntercept": None},
    {"WindowWidth": "0", "TimezoneOffsetFromUTC": None, "IssuerOfPatientID": None},
    {"WindowCenter": ["2000", "100"], "WindowWidth": ["4000", "50"], "LossyImageCompression": "01"},
]


@pytest.mark.peers
@pytest.mark.parametrize("absent", THIN, ids=lambda absent: "+".join(absent))
@pytest.mark.parametrize("kind", KINDS)
def test_a_thin_header_gives_a_valid_document(kind: str, absent: dict[str, Any], tmp_path: Path) -> None:
    film = make_film(**absent)
    ds = build_kind(kind, film)
    assert check(ds, [film]) == []
    assert dciodvfy_errors(save(ds, tmp_path)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_in_another_script_arrives_in_utf8(kind: str, tmp_path: Path) -> None:
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    path = save(make_film(SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName=name), tmp_path)
    film = dcmread(path)
    read = dcmread(save(build_kind(kind, film), tmp_path, "result.dcm"))
    assert (read.SpecificCharacterSet, str(read.PatientName)) == ("ISO_IR 192", name)
    assert check(read, [film]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_equal_content_gives_equal_bytes_and_other_content_another_uid(kind: str) -> None:
    first = build_kind(kind)
    assert as_bytes(first) == as_bytes(build_kind(kind))
    others = [
        build_kind(kind, make_film(PatientName="TEST^Another")),
        build_kind(kind, report_version=2),
        build_kind(kind, device=Device("2.25.3", "a", "b", "c")),
        build_kind(kind, regions=(make_region(), make_region((1.0, 1.0, 9.0, 9.0), "Another."))),
    ]
    assert len({ds.SOPInstanceUID for ds in (first, *others)}) == len(others) + 1
    assert others[1].SeriesInstanceUID == first.SeriesInstanceUID
    elsewhere = build_kind(kind, installation="another workplace")
    assert elsewhere.SeriesInstanceUID != first.SeriesInstanceUID


def test_kinds_have_their_own_series_and_say_that_nobody_reviewed_them() -> None:
    made = [build_kind(kind) for kind in KINDS]
    assert (
        len({ds.SeriesInstanceUID for ds in made}) == len({int(ds.SeriesNumber) for ds in made}) == len(KINDS)
    )
    assert all("not reviewed" in ds.SeriesDescription for ds in made)


# Findings


def test_highdicom_reads_findings_regions_and_tracking_back() -> None:
    read = highdicom.sr.srread(BytesIO(as_bytes(build_kind("findings"))))
    assert isinstance(read, highdicom.sr.Comprehensive3DSR)
    groups = read.content.get_planar_roi_measurement_groups()
    assert [group.finding_type.meaning for group in groups] == [
        "Opacity",
        "Pleural effusion",
        "Something rare",
    ]
    assert [group.tracking_identifier for group in groups][1] == "AI classifier: Effusion"
    assert len({group.tracking_uid for group in groups}) == 3
    regions = [group.roi.value for group in groups]
    left, top, right, bottom = make_region().box
    assert regions[0].tolist() == [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    assert regions[1].tolist()[2] == [56, 60]
    certainties = [[m.value for m in group.get_measurements()] for group in groups]
    assert certainties == [[70.0], [12.34], []]
    [percent] = groups[1].get_measurements()
    assert (percent.unit.value, percent.name.meaning) == ("%", "Certainty of Finding")
    meant = [{e.value.meaning for e in group.get_qualitative_evaluations()} for group in groups]
    assert [values & {"Present", "Absent"} for values in meant] == [{"Present"}, {"Absent"}, set()]


@pytest.mark.peers
def test_dsr2html_and_dsrdump_show_finding_certainty_and_algorithm(tmp_path: Path) -> None:
    path = save(build_kind("findings"), tmp_path)
    page = run_peer("dsr2html", "+U8", path)
    assert page.returncode == 0, page.stderr
    text = page.stdout.decode("utf-8")
    for shown in ("Pleural effusion", "12.34", "Absent", "LLM-CXR demo", "2.25.171717"):
        assert shown in text
    dumped = run_peer("dsrdump", "+Pl", "+Pc", "+Pu", path).stdout.decode("utf-8")
    assert "POLYLINE" in dumped and "UNVERIFIED" in dumped and "PRELIMINARY" in dumped
    assert make_region().tracking_uid in dumped


def test_a_finding_without_a_code_is_written_in_our_declared_scheme() -> None:
    ds = build_kind("findings")
    declared = [item.CodingSchemeDesignator for item in ds.CodingSchemeIdentificationSequence]
    assert declared == ["99LLMCXR"]
    only_standard = build_kind("findings", findings=(make_finding(),), regions=())
    assert "CodingSchemeIdentificationSequence" not in only_standard
    long_names = [make_finding(f"A finding with a very long name indeed, number {n}") for n in range(2)]
    groups = build_kind("findings", findings=tuple(long_names)).ContentSequence[-1].ContentSequence
    codes = [item.ConceptCodeSequence[0].CodeValue for group in groups for item in group.ContentSequence[2:3]]
    assert len(set(codes)) == 2 and all(len(code) <= 16 for code in codes)


# What must never be written


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("findings", {"findings": ()}, "no coded finding"),
    ("findings", {"findings": (make_finding(certainty=1.5),)}, "must lie in 0 to 1"),
    ("findings", {"findings": (make_finding(), make_finding())}, "one tracking UID"),
    ("findings", {"examined": (0.0, 0.0, 57.0, 64.0)}, "examined part"),
    ("findings", {"regions": ()}, "isn't among the document's"),
    ("presentation", {"regions": ()}, "no region"),
    (
        "presentation",
        {"regions": (make_region((0.0, 0.0, 57.0, 10.0)),)},
        "doesn't lie on the film of 56 x 64",
    ),
    ("key_image", {"regions": (make_region((9.0, 9.0, 9.0, 10.0)),)}, "doesn't lie on the film"),
    ("key_image", {"description": "a\x00b"}, r"U\+0000"),
    ("capture", {"regions": (make_region(words=" "),)}, "no words"),
    ("capture", {"picture": np.zeros((10, 10), np.uint8)}, "isn't the film's"),
    ("capture", {"started_at": STARTED.replace(tzinfo=None)}, "offset from UTC"),
    ("capture", {"report_version": 0}, "positive"),
    ("synthetic", {"picture": np.zeros((0, 10), np.uint8)}, "8-bit greys"),
    ("synthetic", {"institution": "x" * 65}, "institution"),
]


@pytest.mark.parametrize(("kind", "values", "says"), REFUSED, ids=[f"{c[0]}: {c[2]}" for c in REFUSED])
def test_what_must_not_be_written_is_refused(kind: str, values: dict[str, Any], says: str) -> None:
    with pytest.raises(DicomError, match=says):
        build_kind(kind, **values)


# Marks


@pytest.mark.peers
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("window", [("128", "256"), ("90", "60")])
def test_dcmtk_shows_the_film_under_the_marks_as_we_do(
    photometric: str, window: tuple[str, str], tmp_path: Path
) -> None:
    film = make_film(photometric=photometric, WindowCenter=window[0], WindowWidth=window[1])
    state = save(build_kind("presentation", film), tmp_path, "state.dcm")
    shown = tmp_path / "shown.pgm"
    said = run_peer("dcmp2pgm", "-p", state, save(film, tmp_path), shown)
    assert shown.is_file(), said.stderr
    difference = np.asarray(Image.open(shown)).astype(int) - render(displayed(film)).astype(int)
    assert abs(difference).max() <= 1


def test_a_mark_and_its_finding_are_known_by_one_tracking_uid() -> None:
    mark = build_kind("presentation").GraphicAnnotationSequence[0].GraphicObjectSequence[0]
    groups = build_kind("findings").ContentSequence[-1].ContentSequence
    assert mark.TrackingUID in [group.ContentSequence[1].UID for group in groups]
    texts = build_kind("presentation").GraphicAnnotationSequence[0].TextObjectSequence
    assert [text.UnformattedTextValue for text in texts] == [WORDS, "AI DRAFT - not reviewed"]


def test_a_film_with_long_pixels_is_displayed_so() -> None:
    film = make_film(ImagerPixelSpacing=["0.3", "0.2"])
    [area] = build_kind("presentation", film).DisplayedAreaSelectionSequence
    assert list(area.PresentationPixelAspectRatio) == [300, 200]


# Key image


@pytest.mark.peers
def test_dsrdump_shows_the_key_image_and_who_chose_it(tmp_path: Path) -> None:
    film = make_film()
    shown = run_peer("dsrdump", "+Pc", "+Pu", save(build_kind("key_image", film), tmp_path)).stdout.decode()
    assert "(113000,DCM" in shown and film.SOPInstanceUID in shown and "2.25.171717" in shown


# Captures


def test_the_capture_holds_the_film_unchanged_between_its_banners() -> None:
    film = make_film(make_pixels(600, 520))
    ds = build_kind("capture", film, regions=())
    picture = ds.pixel_array
    above = (ds.Rows - 600) // 2
    assert picture.shape == (ds.Rows, 520, 3) and above > 10
    assert (picture[above : above + 600] == render(displayed(film))[..., None]).all()
    for strip in (picture[:above], picture[-above:]):
        assert (strip == burning.AMBER).all(axis=2).sum() > 30
    assert (ds.BurnedInAnnotation, ds.Modality) == ("YES", "OT")
    assert ds.SourceImageSequence[0].ReferencedSOPInstanceUID == film.SOPInstanceUID
    assert "PixelSpacing" not in ds and "SyntheticData" not in ds


def test_a_region_is_drawn_where_it_lies_also_on_a_film_made_smaller() -> None:
    film = make_film(np.full((3000, 2400), 120, np.uint8))
    region = make_region((600.0, 1200.0, 1200.0, 2100.0))
    picture = build_kind("capture", film, regions=(region,)).pixel_array
    rows, columns = np.nonzero((picture[100:2000] == burning.AMBER).all(axis=2))
    shrink = 2048 / 3000
    above = next(row for row in range(picture.shape[0]) if (picture[row] == 120).all())
    assert abs(columns.min() - 600 * shrink) < 12 and abs(columns.max() - 1200 * shrink) < 12
    assert abs(rows.min() + 100 - above - 1200 * shrink) < 12
    assert (picture.shape[1], 2048 < picture.shape[0] < 2500) == (1638, True)


def test_pixels_of_another_shape_than_square_are_made_square() -> None:
    picture = burning.burn(np.full((600, 600), 9, np.uint8), "MARK", aspect=2.0)
    body = [row for row in picture if (row == 9).all()]
    assert (len(body), picture.shape[1]) == (1200, 600)
    small = burning.burn(np.full((100, 100), 9, np.uint8), "MARK")
    assert (sum((row == 9).all() for row in small), small.shape[1]) == (600, 600)


def test_long_words_lose_nothing_and_many_regions_stay_legible() -> None:
    words = " ".join(f"word{number}" for number in range(60))
    regions = [make_region((1.0, 1.0, 90.0, 90.0), f"{words} {number}") for number in range(12)]
    picture = burning.burn(np.zeros((400, 400), np.uint8), "AI DRAFT - not reviewed", regions)
    assert picture.shape[1] == 800 and 800 < picture.shape[0] < 4000


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("Effusion — “large”, ≥ 3 cm…", "Effusion - “large”, >= 3 cm..."),
        ("Trübung rechts, épanchement.", "Trubung rechts, epanchement."),
        ("胸水を認める。", "in the report"),
        ("انصباب", "in the report"),
        ("two\nlines", "two lines"),
        ("word " * 10_000, "word " * 47 + "wo..."),
    ],
)
def test_no_letter_becomes_a_box(words: str, written: str) -> None:
    assert burning.legible(words) == written


def test_once_lossy_always_lossy() -> None:
    film = make_film(lossy_ratio=12.5)
    ds = build_kind("capture", film)
    assert (ds.LossyImageCompression, ds.LossyImageCompressionRatio) == ("01", 12.5)


# Synthetic films


@pytest.mark.peers
def test_a_synthetic_film_is_marked_three_times_and_is_nobodys(tmp_path: Path) -> None:
    ds = build_kind("synthetic")
    assert check(ds, []) == []
    path = save(ds, tmp_path)
    read = dcmread(path)
    assert read.SyntheticData == "YES"
    assert "SYNTHETIC" in str(read.PatientName) and "SYNTHETIC" in read.SeriesDescription
    for strip in (read.pixel_array[:36], read.pixel_array[-36:]):
        assert (strip == burning.AMBER).all(axis=2).any()
    # dicom3tools of 2022 doesn't know the attribute; nothing else is faulted.
    said = dciodvfy_errors(path)
    assert len(said) == 1 and is_outdated(said[0])
    assert "(0008,001c) CS [YES]" in run_peer("dcmdump", path).stdout.decode()


def test_another_drawing_is_another_instance_of_another_study() -> None:
    first, again, other = build_kind("synthetic"), build_kind("synthetic"), build_kind("synthetic", seed=8)
    assert as_bytes(first) == as_bytes(again)
    assert first.SOPInstanceUID != other.SOPInstanceUID
    assert first.StudyInstanceUID != other.StudyInstanceUID


def test_what_is_made_of_a_synthetic_film_is_synthetic_too() -> None:
    film = make_film(SyntheticData="YES")
    for kind in KINDS:
        assert build_kind(kind, film).SyntheticData == "YES"


@pytest.mark.parametrize("role", ["clinical", "research", "test"])
def test_synthetic_data_go_to_no_clinical_peer(role: str) -> None:
    peer = Peer(name="there", ae_title="THERE", host="127.0.0.1", port=1, role=role)
    film = make_film(SyntheticData="YES")
    for harmless in (build_kind("capture"), make_film(), "capture", "draft"):
        may_send(harmless, peer)
    for drawn in (build_kind("synthetic"), build_kind("capture", film), "synthetic"):
        if role == "clinical":
            with pytest.raises(DicomError, match="clinical peer 'there'"):
                may_send(drawn, peer)
        else:
            may_send(drawn, peer)


def test_the_text_that_a_film_was_drawn_from_is_nowhere() -> None:
    assert not hasattr(make_synthetic(), "text")


# Regions


def test_the_box_of_a_map_is_its_strongest_connected_part() -> None:
    values = [0.0] * 16
    values[5] = values[6] = 1.0  # row 1, columns 1 and 2
    values[9] = 0.6  # row 2, column 1
    values[15] = 0.9  # apart
    assert box_of_map(values, 4, 4, (10.0, 20.0, 50.0, 60.0)) == (20.0, 30.0, 40.0, 50.0)
    assert box_of_map([0.05] * 16, 4, 4, (0.0, 0.0, 4.0, 4.0)) is None
    assert box_of_map([-1.0] * 16, 4, 4, (0.0, 0.0, 4.0, 4.0)) is None
    assert box_of_map([1.0] * 15, 4, 4, (0.0, 0.0, 4.0, 4.0)) is None
    assert box_of_map([1.0] * 16, 4, 4, (0.0, 0.0, 4.0, 4.0)) == (0.0, 0.0, 4.0, 4.0)
