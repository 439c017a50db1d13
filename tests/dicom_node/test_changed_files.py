"""A received file that was changed on the disk before its hash was made: said, held, and healed by a new sending."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from dicom_node import statuses
from dicom_node.steps.hashing import hash_received
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import audit, studies
from tests.dicom_node.films import write_film
from tests.dicom_node.world import MakeWorld, World


def received(world: World, accession: str) -> Path:
    [row] = studies.instances_of(world.workplace.db, world.study(accession).id)
    assert row.file_stamp and not row.sha256
    return world.workplace.objects.path(row.path)


def flip(path: Path) -> None:
    """Other pixels, the same length."""
    with path.open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(bytes(b ^ 0xFF for b in path.read_bytes()[-100:]))


def replace_by_a_copy(path: Path) -> None:
    """Another file of the same name, length and time."""
    state, data = path.stat(), path.read_bytes()
    other = path.with_suffix(".new")
    other.write_bytes(data[:-4] + b"\1\2\3\4")
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.replace(path)


@pytest.mark.allow_log("changed on the disk")
@pytest.mark.parametrize("harm", [flip, replace_by_a_copy, Path.unlink])
def test_a_changed_file_holds_its_study_until_it_is_sent_again(
    make_world: MakeWorld, tmp_path: Path, harm: object
) -> None:
    world = make_world()
    film = write_film(tmp_path, "A-1", accession="A-1")
    assert world.push(film)[0].status == statuses.SUCCESS
    harm(received(world, "A-1"))  # type: ignore[operator]
    world.work_until_state("A-1", StudyState.FAILED)
    study = world.study("A-1")
    assert study.reason_code == "file_changed" and "isn't the one that was received" in study.reason
    assert world.push(film)[0].status == statuses.SUCCESS
    world.draft("A-1")
    [row] = studies.instances_of(world.workplace.db, study.id)
    assert row.sha256 and not row.defect
    assert audit.verify(world.workplace.db)[1] is None


def test_a_film_that_was_sent_again_meanwhile_is_not_taken_away(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    """Whoever makes hashes may have read the row before it was healed."""
    world = make_world()
    world.push(write_film(tmp_path, "A-1", accession="A-1"))
    path = received(world, "A-1")
    study = world.study("A-1")
    [row] = studies.instances_of(world.workplace.db, study.id)
    assert hash_received(world.workplace, study.id, replace(row, file_stamp="1-2-3")) is None
    assert path.is_file() and studies.instances_of(world.workplace.db, study.id) == [row]
    assert hash_received(world.workplace, study.id, row)


def test_a_file_that_nobody_touched_is_drafted(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world()
    world.push(write_film(tmp_path, "A-1", accession="A-1"))
    received(world, "A-1")
    world.draft("A-1")
    [row] = studies.instances_of(world.workplace.db, world.study("A-1").id)
    assert row.sha256


@pytest.mark.allow_log("changed on the disk")
def test_a_changed_file_is_not_forwarded(make_world: MakeWorld, tmp_path: Path) -> None:
    from llmcxr_ws.store.configuration import import_site
    from tests.dicom_node.world import SITE

    world = make_world()
    site = SITE.format(ae_title=world.pacs.ae_title, port=world.pacs.port, commitment="auto")
    other = '[[peer]]\nname = "other"\nae_title = "OTHER"\nhost = "127.0.0.1"\nport = 1\n'
    rule = '[[rule]]\nname = "on"\nforward_to = ["other"]\n'
    import_site(world.workplace.db, f"{site}\n{other}\n{rule}", user="test")
    world.push(write_film(tmp_path, "A-1", accession="A-1"))
    flip(received(world, "A-1"))
    world.work_until_state("A-1", StudyState.FAILED)
    assert world.deliveries("A-1", "forwarded") == []
