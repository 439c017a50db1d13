"""What the shipped model says of a film becomes findings, marks, a key image and a capture that the gate passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread

from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from dicom_node.steps import compose, compose_images
from engine.model import Model
from engine.worker import Worker
from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import drawings, maps, reports, studies
from tests.dicom_node.world import World
from tests.peers import dciodvfy_errors

FILM = Path(__file__).parents[2] / "dicom_node" / "films" / "DEMO0004.dcm"

pytestmark = pytest.mark.peers


def test_a_draft_of_the_shipped_model_becomes_documents(tmp_path: Path) -> None:
    with PacsSimulator(SimulatorSettings(storage=tmp_path / "pacs", port=0)) as simulator:
        world = World(
            tmp_path / "home", Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=simulator.port)
        )
        try:
            _draft_and_compose(world, tmp_path)
        finally:
            world.close()


def _draft_and_compose(world: World, folder: Path) -> None:
    db, objects = world.workplace.db, world.workplace.objects
    world.push(FILM)
    world.work_until_state("DEMO0004", StudyState.COMPLETE)
    study = world.study("DEMO0004")
    drawings.ask(db, study.id, user="reader", text="Pleural effusion on the left.")
    Worker(db, objects, Model.open(), lease_s=60, poll_s=0.05, evidence_budget_s=60).run(once=True)
    report_id = world.study("DEMO0004").report_id
    assert report_id is not None
    report = reports.report_by_id(db, report_id)
    headers = compose.read_headers(world.desk, studies.instances_of(db, study.id))
    assert report.evidence["guard_thresholds"] and maps.maps_of(db, report_id)

    findings = compose_images.findings_document(world.desk, report, headers)
    of_classifier = [one for one in findings.findings if "classifier" in one.algorithm.name]
    assert len(of_classifier) == len(report.evidence["guard_thresholds"])
    assert all(one.presence and one.certainty is not None for one in findings.findings)
    assert any(one.region for one in findings.findings), "DEMO0004's draft names findings, with maps"
    for kind in ("findings", "presentation", "key_image", "capture"):
        path = objects.path(compose_images.make(world.desk, kind, report, headers)["path"])
        assert dcmread(path).StudyInstanceUID == study.study_instance_uid
        assert dciodvfy_errors(path) == []
    [drawing] = drawings.drawings_of(db, study.id)
    film = dcmread(objects.path(compose_images.make_synthetic(world.desk, drawing)["path"]))
    assert film.SyntheticData == "YES"
    assert film.ContributingEquipmentSequence[0].DeviceUID == report.model_device_uid
    assert "effusion" not in str(film).lower()
