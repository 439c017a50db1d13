"""Received instances go on to other peers by rule, unchanged, through the outbox, and never back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from dicom_node import scu
from dicom_node.association import LocalEntity
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from dicom_node.steps.forwarding import forward_received
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import deliveries, studies
from llmcxr_ws.store.configuration import import_site
from tests.conftest import AllowLog
from tests.dicom_node.films import write_film
from tests.dicom_node.world import MakeWorld, World

SITE = """
quiet_s = 0.2

[[peer]]
name = "pacs"
ae_title = "PACS"
host = "127.0.0.1"
port = {pacs}

[[peer]]
name = "archive"
ae_title = "ARCHIVE"
host = "127.0.0.1"
port = {archive}
commitment = "find"

[[peer]]
name = "twin"
ae_title = "TWIN"
host = "127.0.0.1"
port = {pacs}
"""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[PacsSimulator]:
    """A second archive, to which films are forwarded."""
    settings = SimulatorSettings(storage=tmp_path / "archive", ae_title="ARCHIVE", port=0)
    with PacsSimulator(settings) as running:
        yield running


def place(make_world: MakeWorld, archive: PacsSimulator, rules: str) -> World:
    world = make_world()
    site = SITE.format(pacs=world.pacs.port, archive=archive.port)
    import_site(world.workplace.db, site + rules, user="test")
    return world


def rule(name: str, *lines: str) -> str:
    return "\n".join(["", "[[rule]]", f'name = "{name}"', *lines, ""])


def forwards(world: World, accession: str) -> list[DeliveryRow]:
    return world.deliveries(accession, "forwarded")


def work_until_there(world: World, accession: str, count: int = 1) -> None:
    """Until all that is forwarded of a study has arrived; an archive that ends before that would be logged."""
    world.work_until(lambda: [d.state for d in forwards(world, accession)] == ["confirmed"] * count, "there")


def test_a_film_goes_on_unchanged_and_is_confirmed(
    make_world: MakeWorld, archive: PacsSimulator, tmp_path: Path
) -> None:
    world = place(make_world, archive, rule("to archive", 'source = "pacs"', 'forward_to = ["archive"]'))
    path = write_film(tmp_path, "go")
    world.push(path)
    world.work_until_state("ACC-go", StudyState.COMPLETE)  # a rule that forwards leaves the draft alone
    work_until_there(world, "ACC-go")
    (held,) = archive.archive.instances()
    assert pydicom.dcmread(held.path) == pydicom.dcmread(path)
    documents = list((world.workplace.objects.root / "documents").rglob("*.dcm"))
    assert documents == []  # no second copy of the file


def test_nothing_goes_back_to_where_it_came_from(
    make_world: MakeWorld, archive: PacsSimulator, tmp_path: Path
) -> None:
    """Neither by name nor by another name of the same application."""
    world = place(make_world, archive, rule("all", 'forward_to = ["pacs", "twin", "archive"]'))
    world.push(write_film(tmp_path, "back"))
    work_until_there(world, "ACC-back")
    assert [row.peer for row in forwards(world, "ACC-back")] == ["archive"]


def test_two_nodes_that_forward_to_each_other_come_to_rest(
    make_world: MakeWorld, archive: PacsSimulator, tmp_path: Path
) -> None:
    world = place(make_world, archive, rule("all", 'forward_to = ["pacs", "archive"]'))
    path = write_film(tmp_path, "loop")
    world.push(path)
    work_until_there(world, "ACC-loop")
    scu.store(LocalEntity(ae_title="ARCHIVE"), world.node, [path])  # the archive forwards it to us
    for _ in range(5):
        world.work_until(lambda: True, "a round")
    assert [(row.peer, row.attempts) for row in forwards(world, "ACC-loop")] == [("archive", 1)]


def test_a_peer_that_sends_it_itself_needn_t_get_it(
    make_world: MakeWorld, archive: PacsSimulator, tmp_path: Path, allow_log: AllowLog
) -> None:
    allow_log("not delivered")
    world = place(make_world, archive, rule("all", 'forward_to = ["archive"]'))
    archive.stop()
    path = write_film(tmp_path, "own")
    world.push(path)
    world.work_until(
        lambda: [(d.attempts, d.state) for d in forwards(world, "ACC-own")] == [(1, "queued")],
        "tried in vain",
    )
    scu.store(LocalEntity(ae_title="ARCHIVE"), world.node, [path])
    (row,) = forwards(world, "ACC-own")
    assert row.state is DeliveryState.HELD and "sent it itself" in row.message


RESEARCH = """
[[peer]]
name = "study"
ae_title = "STUDY"
host = "127.0.0.1"
port = {study}
role = "research"
commitment = "find"
deidentify = "basic"
deidentify_options = ["clean_structured_content"]
project = "P1"
"""


def test_a_rule_sends_a_study_copies_without_their_patient(
    make_world: MakeWorld, archive: PacsSimulator, tmp_path: Path
) -> None:
    """The archive gets the film itself, the study a copy of it; each is confirmed under its own UID."""
    settings = SimulatorSettings(storage=tmp_path / "study", ae_title="STUDY", port=0)
    rules = rule("care", 'forward_to = ["archive"]') + rule("study", 'deidentify_to = ["study"]')
    with PacsSimulator(settings) as study:
        world = place(make_world, archive, RESEARCH.format(study=study.port) + rules)
        path = write_film(tmp_path, "deid", patient_name="Luedenscheidt^Anna", patient_id="PID-0815")
        world.push(path)
        work_until_there(world, "ACC-deid", count=2)
        (film,), (copy,) = archive.archive.instances(), study.archive.instances()
        assert pydicom.dcmread(film.path) == pydicom.dcmread(path)
        ours, theirs = pydicom.dcmread(path), pydicom.dcmread(copy.path)
    data = Path(copy.path).read_bytes()
    for left in (b"Luedenscheidt", b"PID-0815", b"ACC-deid", str(ours.SOPInstanceUID).encode()):
        assert left not in data
    assert theirs.PatientIdentityRemoved == "YES" and theirs.PatientID.startswith("P1-")
    assert theirs.PixelData == ours.PixelData


def test_what_may_not_name_its_patient_does_not_leave_with_it(
    make_world: MakeWorld, archive: PacsSimulator, tmp_path: Path, allow_log: AllowLog
) -> None:
    """A peer that isn't a study's any more when the film's turn comes gets nothing at all."""
    allow_log("delivery is dead")
    to_study = rule("study", 'deidentify_to = ["archive"]')
    world = place(make_world, archive, "")
    plain = SITE.format(pacs=world.pacs.port, archive=archive.port)
    with pytest.raises(ConfigError, match="nothing is de-identified for that peer"):
        import_site(world.workplace.db, plain + to_study, user="test")
    study = plain.replace(
        'commitment = "find"', 'commitment = "find"\nrole = "research"\ndeidentify = "basic"\nproject = "P1"'
    )
    import_site(world.workplace.db, study + to_study, user="test")
    world.push(write_film(tmp_path, "deid"))
    forward_received(world.desk)
    import_site(world.workplace.db, plain, user="test")
    world.work_until(lambda: [d.state for d in forwards(world, "ACC-deid")] == ["dead"], "refused")
    assert "nothing is de-identified for this peer" in forwards(world, "ACC-deid")[0].message
    assert len(archive.archive) == 0


def test_a_dead_forward_is_sent_again(
    make_world: MakeWorld, archive: PacsSimulator, tmp_path: Path, allow_log: AllowLog
) -> None:
    allow_log("delivery is dead")
    world = place(make_world, archive, rule("all", 'forward_to = ["archive"]'))
    world.push(write_film(tmp_path, "dead"))
    forward_received(world.desk)
    (kept,) = studies.instances_of(world.workplace.db, world.study("ACC-dead").id)
    file = world.workplace.objects.path(kept.path)
    whole = file.read_bytes()
    file.write_bytes(whole[:-2] + b"xx")
    world.work_until(lambda: [d.state for d in forwards(world, "ACC-dead")] == ["dead"], "refused")
    (row,) = forwards(world, "ACC-dead")
    assert "isn't the one" in row.message
    file.write_bytes(whole)
    with world.workplace.db.write() as session:
        deliveries.resend(session, row.id)
    work_until_there(world, "ACC-dead")


def test_a_late_image_of_a_signed_study_is_forwarded_too(
    make_world: MakeWorld, archive: PacsSimulator, tmp_path: Path
) -> None:
    world = place(
        make_world, archive, rule("laterals", 'view = "lateral"', 'then = "pass"', 'forward_to = ["archive"]')
    )
    first = write_film(tmp_path, "late")
    world.push(first)
    world.draft("ACC-late")
    film = pydicom.dcmread(first)
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = f"{film.SOPInstanceUID}.1"
    film.ViewPosition = "LL"
    film.save_as(tmp_path / "ll.dcm", enforce_file_format=True)
    assert forwards(world, "ACC-late") == []
    world.push(tmp_path / "ll.dcm")
    work_until_there(world, "ACC-late")
    assert forwards(world, "ACC-late")[0].sop_instance_uid == film.SOPInstanceUID
