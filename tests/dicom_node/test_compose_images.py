"""Findings, marks, key images and captures of a study's stored draft, as the courier would make them."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.documents.gate import check
from dicom_node.steps import compose, compose_images
from dicom_node.steps.read_draft import examined_part, read_findings, read_regions
from llmcxr_ws import jobs
from llmcxr_ws.domain import DrawingRow, MapRow, NewMap, ReportRow
from llmcxr_ws.errors import DicomError
from llmcxr_ws.states import ReportState
from llmcxr_ws.store import drawings, maps, reports, studies
from llmcxr_ws.store.models import Report
from tests.dicom_node.world import MakeWorld, World
from tests.factories import make_film, make_pixels, save

OPACITY, DENIED, CLEAR = "Opacity in the right lower zone.", "No pleural effusion.", "The lungs are clear."
TEXT = f"{OPACITY} {DENIED}"
EVIDENCE: dict[str, Any] = {
    "seen": {
        "left": 0.0,
        "top": 0.1,
        "right": 1.0,
        "bottom": 0.9,
        "rows": 80,
        "columns": 64,
        "grid": [16, 16],
    },
    "sentences": [
        {"text": OPACITY, "confidence": 0.61, "agreement": 0.5, "weak": False},
        {"text": DENIED, "confidence": None, "agreement": None, "weak": False},
    ],
    "guard": {
        "probabilities": {"nih/Abnormal": 0.95, "nih/Effusion": 0.02, "other/Pneumonia, bacterial": 0.4},
        "abnormal": True,
        "agreement": "agrees",
        "version": "3",
    },
    "guard_thresholds": {"nih/Abnormal": 0.9, "nih/Effusion": 0.9},
}
FALLS = np.zeros((16, 16))
FALLS[8:12, 2:5] = 2.0
FALLS[0, 15] = 1.9
FALLS_OF: dict[str, Any] = {"rows": 16, "columns": 16, "values": tuple(FALLS.ravel().tolist())}


def make_report(text: str = TEXT, evidence: dict[str, Any] | None = None) -> ReportRow:
    now = datetime(2026, 11, 2, 10, tzinfo=UTC)
    return ReportRow(
        id=1,
        study_id=1,
        version=1,
        state=ReportState.DRAFT,
        reason="",
        film_sop_instance_uid="1.2.3",
        instances=("1.2.3",),
        ai_text=text,
        edit_text=None,
        edit_revision=0,
        edited_by="",
        edit_saved_at=None,
        confidence=0.5,
        codes=(1, 2),
        evidence=EVIDENCE if evidence is None else evidence,
        model_name="test-model",
        model_version="1",
        model_device_uid="2.25.42",
        seed=1,
        started_at=now,
        created_at=now,
        signed_by="",
        signed_at=None,
        signed_text="",
    )


def made_map(sentence: str, state: str = "ready", **facts: Any) -> MapRow:
    return MapRow(id=1, report_id=1, sentence=sentence, state=state, facts=facts, error_text="", **FALLS_OF)


FILM = make_film(make_pixels(80, 64))


def test_a_region_lies_within_the_part_that_the_model_saw() -> None:
    [region] = read_regions(make_report(), FILM, [made_map(OPACITY), made_map(DENIED)])
    assert region.words == OPACITY
    assert region.box == pytest.approx((8.0, 8 + 64 * 8 / 16, 20.0, 8 + 64 * 12 / 16))
    assert examined_part(make_report(), FILM) == pytest.approx((0.0, 8.0, 64.0, 72.0))
    assert examined_part(make_report(evidence={}), FILM) == (0.0, 0.0, 64.0, 80.0)


@pytest.mark.parametrize(
    "row",
    [
        made_map(OPACITY, state="computing"),
        made_map(OPACITY, says_normal=True),
        made_map("Another sentence."),
        made_map(DENIED),
    ],
    ids=["not ready", "says that nothing is there", "not of the draft", "denies"],
)
def test_what_marks_no_region(row: MapRow) -> None:
    assert read_regions(make_report(), FILM, [row]) == ()


def test_findings_are_those_of_sentences_and_of_the_classifier() -> None:
    report = make_report()
    regions = read_regions(report, FILM, [made_map(OPACITY)])
    found = read_findings(report, regions)
    told = [
        (finding.name, finding.presence, finding.certainty, finding.region is not None) for finding in found
    ]
    assert told == [
        ("opacity", "present", 0.61, True),
        ("pleural effusion", "absent", None, False),
        ("Abnormal", "present", 0.95, False),
        ("Effusion", "absent", 0.02, False),
    ]
    assert found[0].tracking_uid == regions[0].tracking_uid
    assert len({finding.tracking_uid for finding in found}) == len(found)
    assert found[0].algorithm.name == "test-model"
    assert (found[2].algorithm.name, found[2].algorithm.version) == ("test-model classifier", "3")
    assert any("Threshold 0.9" in text for text in found[2].algorithm.parameters)
    assert read_findings(report, regions) == found


def test_a_clear_chest_says_that_nothing_is_abnormal_once() -> None:
    [finding] = read_findings(make_report(CLEAR, {}), ())
    assert (finding.name, finding.presence) == ("Abnormal", "absent")


def test_a_sentence_that_names_two_findings_marks_its_region_with_the_first() -> None:
    text = "Small effusion and atelectasis on the left."
    report = make_report(text, {})
    regions = read_regions(report, FILM, [made_map(text)])
    found = read_findings(report, regions)
    assert len(found) == 2 and all(finding.region == regions[0] for finding in found)
    assert [finding.tracking_uid == regions[0].tracking_uid for finding in found] == [True, False]


# From the store


@pytest.fixture
def drafted(make_world: MakeWorld, tmp_path: Path) -> tuple[World, ReportRow, list[Dataset]]:
    """A node whose one study has a draft with evidence and maps."""
    world = make_world()
    world.push(save(make_film(make_pixels(80, 64), accession="IMG"), tmp_path))
    world.draft("IMG", TEXT)
    db = world.workplace.db
    study = world.study("IMG")
    assert study.report_id is not None
    with db.write() as session:
        session.get_one(Report, study.report_id).evidence = EVIDENCE
    maps.ask(db, study.report_id, sentence=OPACITY)
    claimed = jobs.claim(db, kinds=("map",), owner="test", lease_s=30)
    assert claimed is not None
    maps.begin(db, claimed)
    maps.finish(db, claimed, [NewMap(sentence=OPACITY, **FALLS_OF)])
    report = reports.report_by_id(db, study.report_id)
    headers = compose.read_headers(world.desk, studies.instances_of(db, study.id))
    return world, report, headers


@pytest.mark.parametrize("kind", ["findings", "presentation", "key_image", "capture"])
def test_each_kind_is_made_from_the_store_and_recorded(
    kind: str, drafted: tuple[World, ReportRow, list[Dataset]]
) -> None:
    world, report, headers = drafted
    fields = compose_images.make(world.desk, kind, report, headers)
    db = world.workplace.db
    with db.write() as session:
        reports.record_document(session, session.get_one(Report, report.id), kind=kind, **fields)
    [row] = [row for row in reports.documents_of(db, report.study_id) if row.kind == kind]
    ds = dcmread(world.workplace.objects.path(row.path))
    assert check(ds, headers) == []
    assert ds.SOPInstanceUID == row.sop_instance_uid
    assert (ds.PatientID, ds.StudyInstanceUID) == (headers[0].PatientID, headers[0].StudyInstanceUID)
    assert compose_images.make(world.desk, kind, report, headers)["sha256"] == row.sha256, "made twice, equal"


def test_a_draft_without_regions_or_findings_is_refused_in_words(
    drafted: tuple[World, ReportRow, list[Dataset]],
) -> None:
    world, report, headers = drafted
    bare = make_report("Nothing that anybody knows.", {})
    bare = ReportRow(**{**vars(bare), "film_sop_instance_uid": report.film_sop_instance_uid, "id": 10**6})
    with pytest.raises(DicomError, match="no region"):
        compose_images.make(world.desk, "presentation", bare, headers)
    with pytest.raises(DicomError, match="no coded finding"):
        compose_images.make(world.desk, "findings", bare, headers)
    with pytest.raises(DicomError, match="no document of the kind 'film'"):
        compose_images.make(world.desk, "film", report, headers)
    with pytest.raises(DicomError, match="no longer among"):
        compose_images.make(world.desk, "capture", make_report(), headers)


@pytest.mark.parametrize(
    "values",
    [
        {"state": ReportState.WITHHELD},
        {"state": ReportState.REJECTED},
        {"draft_set_aside": True},
        {"kind": "addendum"},
    ],
    ids=["withheld", "rejected", "set aside", "addendum"],
)
def test_what_no_reader_was_to_see_is_not_shown(
    values: dict[str, Any], drafted: tuple[World, ReportRow, list[Dataset]]
) -> None:
    world, report, headers = drafted
    for kind in ("findings", "presentation", "key_image", "capture"):
        with pytest.raises(DicomError, match="withheld or rejected"):
            compose_images.make(world.desk, kind, replace(report, **values), headers)


def draw(world: World, report: ReportRow, *, synthetic: str = "YES") -> DrawingRow:
    """A drawing as an engine keeps it."""
    info = PngInfo()
    info.add_text("Synthetic", synthetic)
    stream = io.BytesIO()
    Image.fromarray(make_pixels(64, 64)).save(stream, format="PNG", pnginfo=info)
    path = world.workplace.objects.put_drawing(stream.getvalue())
    now = datetime(2026, 11, 2, 10, tzinfo=UTC)
    return DrawingRow(
        id=1,
        study_id=report.study_id,
        user="reader",
        text="Mrs Mueller has an effusion.",
        state="drawn",
        seed=7,
        path=path,
        sha256=hashlib.sha256(stream.getvalue()).hexdigest(),
        share=1.0,
        error_text="",
        model_name="test-model",
        model_version="1",
        asked_at=now,
        drawn_at=now,
        model_device_uid="2.25.42",
    )


def test_a_drawing_becomes_nobodys_film(drafted: tuple[World, ReportRow, list[Dataset]]) -> None:
    world, report, headers = drafted
    fields = compose_images.make_synthetic(world.desk, draw(world, report))
    data = world.workplace.objects.path(fields["path"]).read_bytes()
    ds = dcmread(io.BytesIO(data))
    assert ds.SyntheticData == "YES" and ds.StudyInstanceUID != headers[0].StudyInstanceUID
    for secret in (b"Mueller", b"TEST-1", b"TEST^Film", str(headers[0].StudyInstanceUID).encode()):
        assert secret not in data


def test_a_drawing_that_is_unmarked_changed_or_not_drawn_is_refused(
    drafted: tuple[World, ReportRow, list[Dataset]],
) -> None:
    world, report, _ = drafted
    row = draw(world, report)
    with pytest.raises(DicomError, match="isn't marked as synthetic"):
        compose_images.make_synthetic(world.desk, draw(world, report, synthetic="NO"))
    with pytest.raises(DicomError, match="was changed"):
        compose_images.make_synthetic(world.desk, DrawingRow(**{**vars(row), "sha256": "0" * 64}))
    with pytest.raises(DicomError, match="isn't drawn yet"):
        compose_images.make_synthetic(world.desk, DrawingRow(**{**vars(row), "state": "drawing"}))
    with pytest.raises(DicomError, match="missing"):
        compose_images.make_synthetic(world.desk, DrawingRow(**{**vars(row), "path": "drawings/aa/none.png"}))


def test_the_store_says_which_weights_drew_a_film(drafted: tuple[World, ReportRow, list[Dataset]]) -> None:
    world, report, _ = drafted
    db = world.workplace.db
    drawing = drawings.ask(db, report.study_id, user="reader", text="A film.")
    assert drawings.drawing(db, drawing).model_device_uid == ""
