"""The courier with a PACS that it knows by DICOMweb alone: Orthanc behind stunnel, no DICOM port in reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from dicom_node import statuses, ways
from dicom_node.courier import run_round
from dicom_node.scu import Outcome
from dicom_node.sop_classes import ENHANCED_SR
from dicom_node.steps.requests import decide_requests
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import deliveries
from llmcxr_ws.store.configuration import import_site
from tests.certificates import Authority
from tests.dicom_node.films import write_film
from tests.dicom_node.web_sender import write_key
from tests.dicom_node.world import World
from tests.integration.orthanc_web import OrthancWeb

pytestmark = pytest.mark.peers

SITE = """
institution = "Test hospital"
quiet_s = 0.2

[[peer]]
name = "pacs"
ae_title = "ORTHANC"
host = "127.0.0.1"
port = 1
dicomweb = "{url}"
web_ca = "orthanc-ca"
identity = true

[[output]]
document = "signed"
to = "pacs"
"""


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[OrthancWeb]:
    """Orthanc with TLS before it."""
    folder = tmp_path / "orthanc"
    folder.mkdir()
    running = OrthancWeb(folder, Authority(tmp_path / "ca"))
    try:
        running.start()
        yield running
    finally:
        running.kill()


@pytest.fixture
def world(pacs: OrthancWeb, tmp_path: Path) -> Iterator[World]:
    """A node that knows it by its URL."""
    made = World(tmp_path / "home", Peer(name="pacs", ae_title="ORTHANC", host="127.0.0.1", port=1))
    import_site(made.workplace.db, SITE.format(url=pacs.web_peer.dicomweb), user="test")
    assert pacs.authority is not None
    write_key(made.workplace.home, "orthanc-ca", pacs.authority.certificate.read_bytes())
    made.pacs = made.workplace.site().peer("pacs")
    try:
        yield made
    finally:
        made.close()


def _film_in_both(world: World, folder: Path, accession: str) -> pydicom.Dataset:
    path = write_film(folder, accession, accession=accession)
    [stored] = ways.store(world.desk.local, world.pacs, [path])
    assert stored.outcome is Outcome.STORED
    [result] = world.push(path)
    assert result.status == statuses.SUCCESS
    return pydicom.dcmread(path)


def _reports_in(world: World, film: pydicom.Dataset) -> list[bytes]:
    """The structured reports of the film's study that Orthanc holds."""
    found: list[bytes] = []

    def sink(file: Path) -> int:
        if pydicom.dcmread(file).SOPClassUID == ENHANCED_SR:
            found.append(file.read_bytes())
        return statuses.SUCCESS

    keys = {"StudyInstanceUID": str(film.StudyInstanceUID)}
    ways.get(world.desk.local, world.pacs, "STUDY", keys, sink)
    return found


def _bytes_of(world: World, row: DeliveryRow) -> bytes:
    return world.workplace.objects.path(row.path).read_bytes()


def test_a_signed_report_arrives_and_is_confirmed(world: World, tmp_path: Path) -> None:
    film = _film_in_both(world, tmp_path, "A-1")
    world.draft("A-1")
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [row] = world.deliveries("A-1", "signed")
    assert _reports_in(world, film) == [_bytes_of(world, row)]
    [again] = ways.store(world.desk.local, world.pacs, [world.workplace.objects.path(row.path)])
    assert again.outcome is Outcome.STORED
    assert len(_reports_in(world, film)) == 1


@pytest.mark.allow_log("not delivered")
def test_it_waits_for_a_pacs_that_is_down(world: World, pacs: OrthancWeb, tmp_path: Path) -> None:
    film = _film_in_both(world, tmp_path, "A-1")
    world.draft("A-1")
    world.ask_signature("A-1")
    assert decide_requests(world.desk)
    pacs.kill()
    world.work_until(lambda: world.deliveries("A-1", "signed")[0].attempts >= 2, "it was tried twice")
    [row] = world.deliveries("A-1", "signed")
    assert "can't be reached" in row.message
    pacs.start()
    world.work_until_state("A-1", StudyState.CONFIRMED)
    assert len(_reports_in(world, film)) == 1


def test_an_outcome_that_isnt_known_is_asked_first(world: World, tmp_path: Path) -> None:
    """The node died after Orthanc had stored the document but before it knew: nothing is sent a second time."""
    film = _film_in_both(world, tmp_path, "A-1")
    world.draft("A-1")
    world.ask_signature("A-1")
    assert decide_requests(world.desk)
    [row] = world.deliveries("A-1", "signed")
    deliveries.begin(world.workplace.db, row.id)
    ways.store(world.desk.local, world.pacs, [world.workplace.objects.path(row.path)])
    assert deliveries.requeue_interrupted(world.workplace.db) == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ways.send, "open_storing", lambda *_: pytest.fail("it was sent again"))
        world.work_until_state("A-1", StudyState.CONFIRMED)
    assert _reports_in(world, film) == [_bytes_of(world, row)]
    assert not run_round(world.desk)
