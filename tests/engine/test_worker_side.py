"""What the worker does beside drafts and answers, on a real database, object store and the model that ships."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from engine.bundle import default_bundle_folder
from engine.evaluate.labeler import labels_of
from engine.evidence.card import write_beside
from engine.evidence.draft import falls
from engine.evidence.file import evidence_of
from engine.model import Model
from engine.pictures import SYNTHETIC_MARK
from engine.preprocess import PreprocessingSpec
from engine.worker import Worker
from engine.worker_record import film_and_seen
from llmcxr_ws import jobs
from llmcxr_ws.domain import Arrival, Identity, ReportRow
from llmcxr_ws.states import ReportState
from llmcxr_ws.store import drawings, maps, reports, studies, transitions
from llmcxr_ws.store.models import Report
from llmcxr_ws.workplace import Workplace
from tests.engine.shipped_films import FILMS


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    opened = Workplace.open(tmp_path / "home", upgrade=True)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def demo() -> Model:
    return Model.open(threads=1)


def send(workplace: Workplace, name: str = "DEMO0001.dcm") -> int:
    """Put one of the films that ship where the node would, and queue its draft; give the study's id."""
    ds = pydicom.dcmread(FILMS / name, stop_before_pixels=True)
    spooled = workplace.objects.spool_file()
    shutil.copy(FILMS / name, spooled)
    data = spooled.read_bytes()
    arrival = Arrival(
        study_instance_uid=ds.StudyInstanceUID,
        series_instance_uid=ds.SeriesInstanceUID,
        sop_instance_uid=ds.SOPInstanceUID,
        sop_class_uid=ds.SOPClassUID,
        transfer_syntax_uid=ds.file_meta.TransferSyntaxUID,
        path=workplace.objects.keep(spooled, ds.SOPInstanceUID),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        identity=Identity(patient_id="P"),
    )
    recorded = studies.record_arrival(workplace.db, arrival)
    due = next(study for study in studies.due_studies(workplace.db) if study.id == recorded.study_id)
    assert studies.settle_film(workplace.db, due, ds.SOPInstanceUID)
    return recorded.study_id


def work(workplace: Workplace, model: Model, *, budget_s: float = 60.0) -> int:
    """Work the queue off."""
    worker = Worker(
        workplace.db, workplace.objects, model, lease_s=30, poll_s=0.05, evidence_budget_s=budget_s
    )
    return worker.run(once=True)


def drafted(workplace: Workplace, study_id: int) -> ReportRow:
    report = reports.current_report(workplace.db, study_id)
    assert report is not None
    return report


def test_a_draft_brings_its_sentences_its_maps_and_its_round_trip(workplace: Workplace, demo: Model) -> None:
    study_id = send(workplace)
    assert work(workplace, demo) == 3
    report = drafted(workplace, study_id)
    evidence = report.evidence
    assert [one["text"] for one in evidence["sentences"]] == report.ai_text.replace(". ", ".\n").split("\n")
    for one in evidence["sentences"]:
        assert set(one) == {"text", "confidence", "agreement", "weak"}
        assert 0 < one["confidence"] < 1 and one["weak"] == (one["confidence"] < 0.5)
    found = {row.sentence: row for row in maps.maps_of(workplace.db, report.id)}
    assert set(found) == {one["text"] for one in evidence["sentences"]}
    expected = falls(demo, report.codes, evidence["context"], evidence["ids"])
    for one in expected:
        assert found[one.text].values == pytest.approx(one.falls, abs=1e-3)
        assert (found[one.text].rows, found[one.text].columns) == (16, 16)
    trip = drawings.round_trip_of(workplace.db, report.id)
    assert trip is not None and demo.evidence is not None and demo.evidence.round_trip is not None
    assert (trip.auroc, trip.low) == (demo.evidence.round_trip.auroc, demo.evidence.round_trip.low)
    assert jobs.waiting(workplace.db) == {"done": 3}


def test_a_round_trip_that_doesnt_separate_stays_off(workplace: Workplace, tmp_path: Path) -> None:
    """Measured, but its lower bound reaches chance: no film is drawn for it, and nothing is advised."""
    folder = tmp_path / "chance"
    shutil.copytree(default_bundle_folder(), folder)
    model = Model.open(folder, threads=1)
    held = evidence_of(model.bundle)
    assert held is not None and held.round_trip is not None
    write_beside(model.bundle, replace(held, round_trip=replace(held.round_trip, low=0.5)))
    study_id = send(workplace)
    assert work(workplace, Model.open(folder, threads=1)) == 2  # the draft and its maps
    assert drawings.round_trip_of(workplace.db, drafted(workplace, study_id).id) is None
    assert jobs.waiting(workplace.db) == {"done": 2}


def test_what_the_model_saw_is_told_in_shares_of_the_film(workplace: Workplace, demo: Model) -> None:
    study_id = send(workplace)
    work(workplace, demo)
    seen = drafted(workplace, study_id).evidence["seen"]
    ds = pydicom.dcmread(FILMS / "DEMO0001.dcm", stop_before_pixels=True)
    assert (seen["rows"], seen["columns"], seen["grid"]) == (ds.Rows, ds.Columns, [16, 16])
    assert 0 <= seen["left"] < seen["right"] <= 1 and 0 <= seen["top"] < seen["bottom"] <= 1


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (512, 512, (0.0, 0.0, 1.0, 1.0)),
        (512, 1024, (0.25, 0.0, 0.75, 1.0)),
        (768, 512, (0.0, 1 / 6, 1.0, 5 / 6)),
    ],
)
def test_the_seen_region_is_the_centre_square(
    height: int, width: int, expected: tuple[float, float, float, float]
) -> None:
    stored = np.arange(height * width, dtype=np.uint32).reshape(height, width).astype(np.uint16)
    found = film_and_seen(stored, PreprocessingSpec())[1].shares
    assert tuple(found[side] for side in ("left", "top", "right", "bottom")) == pytest.approx(expected)


def test_maps_that_would_take_too_long_are_made_when_asked_for(workplace: Workplace, demo: Model) -> None:
    report = drafted(workplace, send_and_draft(workplace, demo, budget_s=0.0))
    assert report.evidence["samples"] == 0
    assert maps.maps_of(workplace.db, report.id) == []
    row = maps.ask(workplace.db, report.id, sentence=report.evidence["sentences"][0]["text"])
    assert row.state == "asked"
    work(workplace, demo, budget_s=0.0)
    assert maps.map_by_id(workplace.db, row.id).state == "ready"


def send_and_draft(workplace: Workplace, model: Model, *, budget_s: float = 60.0) -> int:
    study_id = send(workplace)
    work(workplace, model, budget_s=budget_s)
    return study_id


def test_a_draft_of_weak_sentences_alone_is_withheld_with_the_reason(
    workplace: Workplace, tmp_path: Path
) -> None:
    folder = tmp_path / "strict"
    shutil.copytree(default_bundle_folder(), folder)
    model = Model.open(folder, threads=1)
    held = evidence_of(model.bundle)
    assert held is not None and held.confidence is not None
    write_beside(model.bundle, replace(held, confidence=replace(held.confidence, withheld=1.0)))
    report = drafted(workplace, send_and_draft(workplace, Model.open(folder, threads=1)))
    assert report.state == ReportState.WITHHELD
    assert "too weak to be shown" in report.reason and "100%" in report.reason
    # Nothing follows a draft that nobody sees.
    assert jobs.waiting(workplace.db) == {"done": 1}


def test_maps_of_a_draft_of_other_weights_are_refused_in_words(workplace: Workplace, demo: Model) -> None:
    report = drafted(workplace, send_and_draft(workplace, demo, budget_s=0.0))
    with workplace.db.write() as session:
        row = session.get(Report, report.id)
        assert row is not None
        row.model_device_uid = "2.25.1"
    asked = maps.ask(workplace.db, report.id, sentence=report.evidence["sentences"][0]["text"])
    work(workplace, demo)
    failed = maps.map_by_id(workplace.db, asked.id)
    assert failed.state == "failed" and "another model" in failed.error_text


def test_a_text_becomes_a_marked_picture_in_the_object_store(workplace: Workplace, demo: Model) -> None:
    study_id = send_and_draft(workplace, demo, budget_s=0.0)
    asked = drawings.ask(workplace.db, study_id, user="anna", text="Pneumonia is present.", seed=7)
    work(workplace, demo)
    row = drawings.drawing(workplace.db, asked)
    assert (row.state, row.seed, row.model_name) == ("drawn", 7, "llmcxr-demo")
    data = workplace.objects.path(row.path).read_bytes()
    assert row.path.startswith("drawings/") and hashlib.sha256(data).hexdigest() == row.sha256
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.text["Description"] == SYNTHETIC_MARK and "seed 7" in picture.text["Software"]  # type: ignore[attr-defined]
        grey = np.asarray(picture)
    # The mark: white letters on a black bar at the top and at the bottom.
    for bar in (grey[:12], grey[-12:]):
        assert bar.max() > 200 and (bar == 0).mean() > 0.5
    # The same seed gives the same film, without one every drawing has its own.
    again = drawings.ask(workplace.db, study_id, user="anna", text="Pneumonia is present.", seed=7)
    free = drawings.ask(workplace.db, study_id, user="anna", text="Pneumonia is present.")
    work(workplace, demo)
    assert drawings.drawing(workplace.db, again).path == row.path
    assert drawings.drawing(workplace.db, free).seed == free
    assert drawings.drawing(workplace.db, free).path != row.path


def test_a_text_that_leaves_no_room_for_a_film_fails_in_words(workplace: Workplace, demo: Model) -> None:
    study_id = send_and_draft(workplace, demo, budget_s=0.0)
    asked = drawings.ask(workplace.db, study_id, user="anna", text="Pneumonia is present. " * 80)
    work(workplace, demo)
    row = drawings.drawing(workplace.db, asked)
    assert row.state == "failed" and "too long" in row.error_text


def test_a_store_that_cant_be_written_ends_the_drawing_in_words(
    workplace: Workplace, demo: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = send_and_draft(workplace, demo, budget_s=0.0)
    asked = drawings.ask(workplace.db, study_id, user="anna", text="No acute finding.")
    monkeypatch.setattr(workplace.objects, "spool_file", lambda: Path("/proc/nowhere/file"))
    work(workplace, demo)
    row = drawings.drawing(workplace.db, asked)
    assert row.state == "failed" and "can't be written" in row.error_text


def test_labels_are_read_in_the_draft_and_in_the_signed_text(workplace: Workplace, demo: Model) -> None:
    study_id = send_and_draft(workplace, demo, budget_s=0.0)
    report_id = drafted(workplace, study_id).id
    with workplace.db.write() as session:
        report = session.get(Report, report_id)
        assert report is not None
        assert report.ai_labels == labels_of(report.ai_text) != {}
        transitions.await_signature(session, report, "")
        transitions.sign_report(session, report, "anna", "No effusion. Possible pneumonia.")
    work(workplace, demo)
    with workplace.db.read() as session:
        report = session.get(Report, report_id)
        assert report is not None
        assert report.signed_labels == {
            "Effusion": "negative",
            "Pneumonia": "uncertain",
            "No Finding": "negative",
        }


def test_a_text_that_was_read_has_labels_even_where_it_names_nothing() -> None:
    assert labels_of("No acute finding.") == {"No Finding": "positive"}
    assert labels_of("Rotated.") == {"No Finding": "negative"}


def test_work_that_nobody_waits_for_gives_way(
    workplace: Workplace, demo: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft that comes while maps are made goes first, and the maps are made afterwards."""
    monkeypatch.setattr("engine.worker._GIVE_WAY_S", 0.0)
    first = send(workplace)
    order: list[tuple[str, str]] = []
    worker = Worker(workplace.db, workplace.objects, demo, lease_s=30, poll_s=0.05, evidence_budget_s=60)
    plain = worker._outcome
    sent: list[int] = []

    def watched(claimed: jobs.Claimed, pulse: object) -> str:
        order.append((claimed.kind, "begun"))
        if claimed.kind == "map" and not sent:
            sent.append(send(workplace, "DEMO0002.dcm"))
        ended = plain(claimed, pulse)  # type: ignore[arg-type]
        order.append((claimed.kind, "ended"))
        return ended

    monkeypatch.setattr(worker, "_outcome", watched)
    worker.run(once=True)
    kinds = [one for one in order if one[0] in ("draft", "map")]
    assert kinds[:4] == [("draft", "begun"), ("draft", "ended"), ("map", "begun"), ("draft", "begun")]
    assert kinds.count(("map", "ended")) == 2
    for study_id in (first, sent[0]):
        assert maps.maps_of(workplace.db, drafted(workplace, study_id).id)
