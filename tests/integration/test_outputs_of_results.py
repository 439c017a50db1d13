"""What the model made of a film, sent as the output matrix says: findings, marks, pictures, synthetic films."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom.dataset import Dataset

from dicom_node import scu
from dicom_node.association import LocalEntity
from llmcxr_ws import jobs
from llmcxr_ws.domain import NewDrawing, NewMap
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import drawings, maps
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.store.models import Report
from tests.dicom_node.test_compose_images import EVIDENCE, FALLS_OF, OPACITY, TEXT
from tests.dicom_node.world import SITE, World
from tests.factories import make_film, make_pixels, save
from tests.integration.conftest import Orthanc

pytestmark = pytest.mark.peers
KINDS = ("provenance", "findings", "presentation", "key_image", "capture", "synthetic")
SERIES = {
    "provenance": "Signed report: origins",
    "findings": "AI FINDINGS - not reviewed",
    "presentation": "AI MARKS - not reviewed",
    "key_image": "AI KEY IMAGE - not reviewed",
    "capture": "AI DRAFT - not reviewed",
    "synthetic": "SYNTHETIC - not a patient",
}


@pytest.fixture
def world(tmp_path: Path, orthanc: Orthanc) -> Iterator[World]:
    made = World(tmp_path / "home", orthanc.peer, commitment="find")
    yield made
    made.close()


def configure(world: World, kinds: tuple[str, ...], when: str) -> None:
    site = SITE.format(ae_title=world.pacs.ae_title, port=world.pacs.port, commitment="find")
    site = site.replace('name = "pacs"', 'name = "pacs"\nrole = "test"', 1)
    rules = (f'\n[[output]]\ndocument = "{kind}"\nto = "pacs"\nwhen = "{when}"\n' for kind in kinds)
    import_site(world.workplace.db, site + "".join(rules), user="test")


def drafted(world: World, folder: Path, text: str = TEXT) -> None:
    film = save(make_film(make_pixels(80, 64), accession="IMG"), folder)
    [kept] = scu.store(LocalEntity(ae_title="SENDER"), world.pacs, [film])
    assert kept.status == 0
    world.push(film)
    world.draft("IMG", text)
    report_id = world.study("IMG").report_id
    assert report_id is not None
    with world.workplace.db.write() as session:
        session.get_one(Report, report_id).evidence = EVIDENCE


def ask_map(world: World) -> None:
    maps.ask(world.workplace.db, world.study("IMG").report_id or 0, sentence=OPACITY)


def make_map(world: World) -> None:
    claimed = jobs.claim(world.workplace.db, kinds=("map",), owner="test", lease_s=30)
    assert claimed is not None
    maps.begin(world.workplace.db, claimed)
    maps.finish(world.workplace.db, claimed, [NewMap(sentence=OPACITY, **FALLS_OF)])


def draw(world: World) -> None:
    """A film drawn from a text of the study, as an engine keeps it."""
    db = world.workplace.db
    drawings.ask(db, world.study("IMG").id, user="reader", text="An effusion.")
    claimed = jobs.claim(db, kinds=("draw",), owner="test", lease_s=30)
    assert claimed is not None
    drawings.begin(db, claimed)
    info, stream = PngInfo(), io.BytesIO()
    info.add_text("Synthetic", "YES")
    Image.fromarray(make_pixels(64, 64)).save(stream, format="PNG", pnginfo=info)
    path = world.workplace.objects.put_drawing(stream.getvalue())
    digest = hashlib.sha256(stream.getvalue()).hexdigest()
    drawings.finish(db, claimed, NewDrawing(7, (1, 2), "test-model", "1", "2.25.42", path, digest))


def held(orthanc: Orthanc) -> dict[str, Dataset]:
    files = (orthanc.file(one) for one in orthanc.rest("GET", "/instances"))
    return {
        ds.SeriesDescription: ds
        for ds in map(pydicom.dcmread, map(io.BytesIO, files))
        if "SeriesDescription" in ds
    }


def test_every_kind_goes_with_the_signature(world: World, orthanc: Orthanc, tmp_path: Path) -> None:
    configure(world, KINDS, "sign")
    drafted(world, tmp_path)
    ask_map(world)
    make_map(world)
    draw(world)
    world.ask_signature("IMG")
    world.work_until_state("IMG", StudyState.CONFIRMED)
    found = held(orthanc)
    for kind in KINDS:
        [delivery] = world.deliveries("IMG", kind)
        assert delivery.state == DeliveryState.CONFIRMED, (kind, delivery.message)
        assert delivery.sop_instance_uid in {ds.SOPInstanceUID for ds in found.values()}, (
            kind,
            sorted(found),
        )
    synthetic = found[SERIES["synthetic"]]
    assert synthetic.SyntheticData == "YES" and synthetic.PatientID != found[SERIES["findings"]].PatientID
    # The synthetic film lies in a study of its own, where the peer was asked for it.
    assert synthetic.StudyInstanceUID != found[SERIES["findings"]].StudyInstanceUID


def test_marks_wait_for_the_maps_that_are_on_their_way(
    world: World, orthanc: Orthanc, tmp_path: Path
) -> None:
    configure(world, ("presentation", "key_image"), "draft")
    drafted(world, tmp_path)
    ask_map(world)
    world.work_until(lambda: SERIES["key_image"] in held(orthanc), "the key image, which shows no map")
    [delivery] = world.deliveries("IMG", "presentation")
    assert (delivery.state, delivery.path) == (DeliveryState.QUEUED, "")
    make_map(world)
    world.work_until(lambda: SERIES["presentation"] in held(orthanc), "the marks")


def test_a_draft_without_a_region_sends_no_marks_and_alarms_nobody(
    world: World, orthanc: Orthanc, tmp_path: Path
) -> None:
    configure(world, ("presentation", "synthetic"), "sign")
    drafted(world, tmp_path)
    world.ask_signature("IMG")
    world.work_until_state("IMG", StudyState.CONFIRMED)
    for kind, why in (
        ("presentation", "no region on the film"),
        ("synthetic", "No synthetic film was drawn"),
    ):
        [delivery] = world.deliveries("IMG", kind)
        assert delivery.state == DeliveryState.HELD and why in delivery.message
    assert SERIES["presentation"] not in held(orthanc)
