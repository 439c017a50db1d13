"""The same with every archive that isn't ours: Orthanc by TLS, DCMTK's dcmqrscp in clear and by TLS, and Orthanc's
DICOMweb in clear and by TLS. What Orthanc does in clear is in the modules that bear its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from sqlalchemy import select

from dicom_node import scu, statuses, ways
from dicom_node.association import LocalEntity
from dicom_node.display_probe import OBJECTS, show
from dicom_node.sop_classes import ENHANCED_SR, IMAGE_CLASSES
from dicom_node.steps.requests import decide_requests
from llmcxr_ws import reading
from llmcxr_ws.completeness import sentence
from llmcxr_ws.errors import DicomError
from llmcxr_ws.prior_report import read_report
from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import deliveries, priors, studies
from llmcxr_ws.store.models import Delivery
from tests.certificates import Authority
from tests.dicom_node.films import make_film
from tests.dicom_node.web_sender import write_key
from tests.dicom_node.world import World
from tests.integration.conftest import Orthanc
from tests.integration.dcmtk import Dcmqrscp
from tests.integration.orthanc_web import OrthancWeb
from tests.integration.places import beside, orthanc_by_tls

pytestmark = pytest.mark.peers
MODALITY = LocalEntity(ae_title="CR1")
Start = Callable[..., AbstractContextManager[World]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module", params=["orthanc-tls", "dcmtk", "dcmtk-tls", "web", "web-tls"])
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[Any]:
    """One of them, for all tests of this module: each has a patient of its own."""
    folder = tmp_path_factory.mktemp(request.param)
    kind, _, tls = request.param.partition("-")
    of = authority if tls else None
    made = {"orthanc": orthanc_by_tls, "dcmtk": Dcmqrscp, "web": OrthancWeb}[kind](folder, of)
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.fixture
def start(archive: Any, authority: Authority, tmp_path: Path) -> Start:
    """A node beside it; by DICOMweb alone where it is Orthanc's."""
    home = tmp_path / "home"
    if not isinstance(archive, OrthancWeb):
        by_tls = not (isinstance(archive, Dcmqrscp) and archive.authority is None)
        return partial(beside, archive, home, authority=authority if by_tls else None)

    def by_web(*, peer: str = "", **more: Any) -> AbstractContextManager[World]:
        home.mkdir(mode=0o700)
        web = archive.web_peer
        lines = f'dicomweb = "{web.dicomweb}"\n'
        if web.web_ca:
            write_key(home, web.web_ca, authority.certificate.read_bytes())
            lines += f'web_ca = "{web.web_ca}"\n'
        return beside(archive, home, peer=lines + peer, **more)

    return by_web


def the_peer(world: World) -> Peer:
    """The archive as the site document has it."""
    return world.desk.site.peer(world.pacs.name)


def put(world: World, *paths: Path) -> None:
    """Store files in the archive."""
    results = ways.store(world.desk.local, the_peer(world), list(paths))
    assert [one.outcome for one in results] == [scu.Outcome.STORED] * len(paths), results


def fetched(world: World, study: str) -> list[Dataset]:
    """What the archive holds of a study."""
    got: list[Dataset] = []

    def sink(path: Path) -> int:
        got.append(pydicom.dcmread(path))
        return statuses.SUCCESS

    ways.get(world.desk.local, the_peer(world), "STUDY", {"StudyInstanceUID": study}, sink)
    return got


def film(folder: Path, seed: str, **values: Any) -> Path:
    made = make_film(seed, patient_id=f"P/{seed[:6]}", patient_name="Größe^Änne")
    for keyword, value in values.items():
        setattr(made, keyword, value)
    path = folder / f"{seed}.dcm"
    made.save_as(path, enforce_file_format=True)
    return path


def earlier_report(folder: Path, of: Path, text: str) -> Path:
    """A Basic Text SR about a film, in its study, of one sentence."""
    ds = pydicom.dcmread(of)
    del ds.PixelData
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(prefix=None)
    ds.SeriesInstanceUID, ds.Modality = generate_uid(prefix=None), "SR"
    ds.CompletionFlag, ds.VerificationFlag, ds.ValueType = "COMPLETE", "VERIFIED", "CONTAINER"
    name, item = Dataset(), Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = "121073", "DCM", "Impression"
    item.RelationshipType, item.ValueType, item.TextValue = "CONTAINS", "TEXT", text
    item.ConceptNameCodeSequence = ds.ConceptNameCodeSequence = [name]
    ds.ContentSequence = [item]
    path = folder / f"{of.stem}-report.dcm"
    ds.save_as(path, enforce_file_format=True)
    return path


def test_store_find_get_and_move(archive: Any, start: Start, tmp_path: Path) -> None:
    """Each question in both information models; what comes back by C-GET (WADO-RS) and C-MOVE is what was sent."""
    path = film(tmp_path, "asked")
    sent = pydicom.dcmread(path)
    uid = str(sent.StudyInstanceUID)
    with start() as world:
        local, peer = world.desk.local, the_peer(world)
        assert ways.echo(local, peer) < 5
        put(world, path)
        keys = {"PatientID": "P/asked", "PatientName": "", "StudyInstanceUID": ""}
        for model in ("study", "patient"):
            [match] = ways.find(local, peer, "STUDY", keys, model=model)
            assert match.StudyInstanceUID == uid
            assert str(match.PatientName) == "Größe^Änne"
        assert fetched(world, uid) == [sent]
        by_dimse = peer.model_copy(update={"dicomweb": ""})
        assert scu.move(local, by_dimse, "STUDY", {"StudyInstanceUID": uid}, "LLMCXR").completed == 1
        [row] = studies.instances_of(world.workplace.db, world.study("ACC-asked").id)
        assert pydicom.dcmread(world.workplace.objects.path(row.path)) == sent
        with pytest.raises(DicomError, match="C-MOVE with"):
            scu.move(local, by_dimse, "STUDY", {"StudyInstanceUID": uid}, "NOBODY")


def test_a_signed_report_arrives_and_is_confirmed(archive: Any, start: Start, tmp_path: Path) -> None:
    """Identity asked before the signature; confirmed by storage commitment, or where there is none by a question."""
    path = film(tmp_path, "signed")
    with start() as world:
        put(world, path)
        scu.store(MODALITY, world.node, [path])
        world.draft("ACC-signed")
        world.ask_signature("ACC-signed")
        world.work_until_state("ACC-signed", StudyState.CONFIRMED)
        [row] = world.deliveries("ACC-signed", "signed")
        written = pydicom.dcmread(world.workplace.objects.path(row.path))
        kept = fetched(world, str(written.StudyInstanceUID))
        assert [one for one in kept if one.SOPClassUID == ENHANCED_SR] == [written]
        with world.workplace.db.read() as session:
            by = session.execute(select(Delivery.confirmed_by).where(Delivery.id == row.id)).scalar_one()
        assert by == ("commitment" if type(archive) is Orthanc else "find")  # the others have none


@pytest.mark.allow_log("not delivered")
def test_a_report_waits_for_an_archive_that_is_away(archive: Any, start: Start, tmp_path: Path) -> None:
    path = film(tmp_path, "away")
    with start() as world:
        put(world, path)
        scu.store(MODALITY, world.node, [path])
        world.draft("ACC-away")
        world.ask_signature("ACC-away")
        assert decide_requests(world.desk)
        archive.kill()
        world.work_until(lambda: world.deliveries("ACC-away", "signed")[0].attempts >= 2, "tried twice")
        assert "can't be reached" in world.deliveries("ACC-away", "signed")[0].message
        archive.start()
        world.work_until_state("ACC-away", StudyState.CONFIRMED)
        kept = fetched(world, str(pydicom.dcmread(path).StudyInstanceUID))
        assert sum(one.SOPClassUID == ENHANCED_SR for one in kept) == 1


def test_every_kind_of_document_is_stored_and_found(start: Start) -> None:
    """The test objects that show what a display can: one of each kind that can leave."""
    with start() as world:
        local, peer = world.desk.local, the_peer(world)
        shown = show(local, peer, "test")
        assert [(one.kind, one.stored, one.sentence) for one in shown] == [
            (kind, True, "") for kind in OBJECTS
        ]
        [study] = ways.find(local, peer, "STUDY", {"PatientID": "LLMCXR-PROBE", "StudyInstanceUID": ""})
        kept = fetched(world, str(study.StudyInstanceUID))
        assert len(kept) == len(OBJECTS) + 1  # the rejection note has a draft of its own to hide


def test_a_film_is_forwarded_as_it_came(archive: Any, start: Start, tmp_path: Path) -> None:
    path = film(tmp_path, "onward")
    name = archive.peer.name
    rule = f'\n[[rule]]\nname = "on"\nsource = "cr"\nforward_to = ["{name}"]\n'
    with start(rules=rule) as world:
        scu.store(MODALITY, world.node, [path])

        def states() -> list[str]:
            rows = deliveries.deliveries_of(world.workplace.db, world.study("ACC-onward").id)
            return [row.state for row in rows if row.is_forwarded]

        world.work_until(lambda: states() == ["confirmed"], "confirmed")
        sent = pydicom.dcmread(path)
        assert fetched(world, str(sent.StudyInstanceUID)) == [sent]


def test_a_copy_without_its_patient(archive: Any, start: Start, tmp_path: Path) -> None:
    path = film(tmp_path, "person")
    name = archive.peer.name
    rule = f'\n[[rule]]\nname = "study"\nsource = "cr"\ndeidentify_to = ["{name}"]\n'
    research = 'role = "research"\ndeidentify = "basic"\nproject = "LUNG1"\n'
    research += 'deidentify_options = ["clean_structured_content"]\n'
    with start(peer=research, rules=rule) as world:
        scu.store(MODALITY, world.node, [path])

        def states() -> list[str]:
            rows = deliveries.deliveries_of(world.workplace.db, world.study("ACC-person").id)
            return [row.state for row in rows if row.is_forwarded]

        world.work_until(lambda: states() == ["confirmed"], "confirmed")
        keys = {"PatientID": "LUNG1-*", "StudyInstanceUID": ""}
        [match] = ways.find(world.desk.local, the_peer(world), "STUDY", keys)
        [held] = fetched(world, str(match.StudyInstanceUID))
        assert held.PatientIdentityRemoved == "YES"
        assert "P/person" not in str(held) and "nne" not in str(held.PatientName)


def test_priors_come_with_their_report(archive: Any, start: Start, tmp_path: Path) -> None:
    before = film(tmp_path, "prior1", PatientID="P/prior", StudyDate="20250501", BodyPartExamined="CHEST")
    with start(peer="priors = true\n") as world:
        put(world, before, earlier_report(tmp_path, before, "A small nodule on the left."))
        scu.store(MODALITY, world.node, [film(tmp_path, "prior2", PatientID="P/prior")])
        db, number = world.workplace.db, world.study("ACC-prior2").id
        world.work_until(lambda: [row.state for row in priors.priors_of(db, number)] == ["here"], "here")
        [one] = reading.other_studies(db, number)
        assert len(one.instances) == 2 and one.study.is_prior
        [sr] = [
            row for row in studies.instances_of(db, one.study.id) if row.sop_class_uid not in IMAGE_CLASSES
        ]
        told = read_report(world.workplace.objects.path(sr.path))
        assert told is not None and [part.text for part in told.paragraphs] == ["A small nodule on the left."]


def test_a_study_waits_for_what_it_holds(archive: Any, start: Start, tmp_path: Path) -> None:
    uid = generate_uid(prefix=None)
    paths = [
        film(tmp_path, f"count{n}", StudyInstanceUID=uid, AccessionNumber="ACC-C", PatientID="P/count")
        for n in (1, 2)
    ]
    missing = str(pydicom.dcmread(paths[1]).SOPInstanceUID)
    name = archive.peer.name
    with start(count_from=name) as world:
        put(world, *paths)
        scu.store(MODALITY, world.node, paths[:1])

        def said() -> str:
            return sentence(world.study("ACC-C").completeness)

        world.work_until(lambda: said() == f"Waits for 1 image that {name} listed: {missing}.", "it waits")
        scu.store(MODALITY, world.node, paths[1:])
        world.work_until_state("ACC-C", StudyState.COMPLETE)
        assert said() == f"Complete: {name} holds no other images of it."
