"""The courier purges by the site's rules; what comes again, is amended or withdrawn afterwards still works."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pydicom
import pytest
import typer
from typer.testing import CliRunner

from dicom_node import cli, statuses
from dicom_node.courier import run_round
from dicom_node.simulator.server import PacsSimulator
from dicom_node.sop_classes import KEY_OBJECT_SELECTION
from dicom_node.steps import purging
from llmcxr_ws import reading
from llmcxr_ws.home import ENVIRONMENT_VARIABLE
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import audit, configuration, studies
from llmcxr_ws.store.configuration import import_site
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.world import MakeWorld, World, documents_in

RULES = """
[[retention]]
what = "films"
after_days = 0.00001

[[retention]]
what = "quarantine"
after_days = 30
"""
GB = 10**9


def confirmed(world: World, simulator: PacsSimulator, folder: Path, accession: str = "A-1") -> Path:
    """A confirmed study whose film is in the PACS; the film's file as it was sent."""
    path = simulator.archive.spool / f"{accession}.dcm"
    make_film(accession, accession=accession).save_as(path, enforce_file_format=True)
    simulator.archive.keep(path)
    film = write_film(folder, accession, accession=accession)
    assert world.push(film)[0].status == statuses.SUCCESS
    world.draft(accession)
    world.ask_signature(accession)
    world.work_until_state(accession, StudyState.CONFIRMED)
    return film


def put_rules(world: World, more: str) -> None:
    text = configuration.site_text(world.workplace.db).split("[[retention]]")[0]
    head, _, rest = text.partition("[[peer]]")
    extra, _, rules = more.partition("[[")
    import_site(world.workplace.db, f"{head}{extra}\n[[peer]]{rest}\n[[{rules}", user="test")


def kept(world: World, accession: str = "A-1") -> Path:
    [instance] = studies.instances_of(world.workplace.db, world.study(accession).id)
    return world.workplace.objects.path(instance.path)


def purge(world: World) -> None:
    put_rules(world, RULES)
    time.sleep(1.0)
    world.work_until(lambda: not kept(world).exists(), "the film is purged")


def test_a_confirmed_film_goes_and_its_study_stays(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    confirmed(world, simulator, tmp_path)
    unsigned = write_film(tmp_path, "B-2", accession="B-2", patient_id="TEST-2")
    world.push(unsigned)
    world.draft("B-2")
    purge(world)
    db = world.workplace.db
    study = world.study("A-1")
    assert study.purged_at is not None and study.state == StudyState.CONFIRMED
    detail = reading.open_study(db, study.id)
    assert detail.report is not None and detail.report.signed_text
    assert detail.instances[0].purged_at is not None
    assert kept(world, "B-2").is_file()
    header = pydicom.dcmread(world.workplace.objects.header_of(detail.instances[0].path))
    assert "PixelData" not in header and header.AccessionNumber == "A-1"
    assert audit.verify(db)[1] is None
    assert not list((world.workplace.objects.root / "trash").iterdir())


def test_a_film_that_was_purged_and_comes_again_is_here_again(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    film = confirmed(world, simulator, tmp_path)
    purge(world)
    import_site(
        world.workplace.db, configuration.site_text(world.workplace.db).replace("0.00001", "30"), user="test"
    )
    assert world.push(film)[0].status == statuses.SUCCESS
    assert kept(world).read_bytes().endswith(film.read_bytes()[-1000:])
    assert world.study("A-1").purged_at is None and world.study("A-1").state == StudyState.CONFIRMED
    world.desk._not_before.clear()
    run_round(world.desk)
    assert kept(world).is_file()


@pytest.mark.allow_log("refused")
def test_other_content_under_the_uid_of_a_purged_film_is_refused(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    confirmed(world, simulator, tmp_path)
    purge(world)
    other = make_film("A-1", accession="A-1")
    other.PixelData = bytes(len(other.PixelData))
    other.save_as(tmp_path / "other.dcm", enforce_file_format=True)
    assert world.push(tmp_path / "other.dcm")[0].status == statuses.DUPLICATE_UID_OTHER_CONTENT
    assert not kept(world).exists()


@pytest.mark.peers
def test_a_report_can_be_withdrawn_after_its_film_was_purged(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    confirmed(world, simulator, tmp_path)
    purge(world)
    db = world.workplace.db
    detail = reading.open_study(db, world.study("A-1").id)
    reading.request_retraction(db, world.key(), detail, "wrong_patient", "")
    world.work_until_state("A-1", StudyState.RETRACTED)
    world.work_until(lambda: documents_in(simulator, KEY_OBJECT_SELECTION), "the note is at the PACS")


def test_the_disk_below_its_mark_purges_earlier_and_no_further(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    for accession in ("A-1", "B-2"):
        confirmed(world, simulator, tmp_path, accession)
    rule = '[[retention]]\nwhat = "films"\nafter_days = 30\nat_least_days = 0\n'
    put_rules(world, f"purge_below_gb = 50\n{rule}")
    free = [60 * GB]
    real = purging.shutil.disk_usage
    usage = type(real("/"))
    monkeypatch.setattr(purging.shutil, "disk_usage", lambda path: usage(100 * GB, 40 * GB, free[0]))
    assert purging.purge_due(world.desk) is False
    world.desk._not_before.clear()
    free[0] = 40 * GB
    discard = world.workplace.objects.discard

    def freed(path: str) -> bool:
        free[0] = 51 * GB
        return discard(path)

    monkeypatch.setattr(world.workplace.objects, "discard", freed)
    assert purging.purge_due(world.desk) is True
    gone = [accession for accession in ("A-1", "B-2") if not kept(world, accession).exists()]
    assert gone == ["A-1"]


def test_only_what_somebody_reviewed_leaves_quarantine(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    put_rules(world, RULES)
    spooled = world.workplace.objects.spool_file()
    spooled.write_bytes(b"not DICOM")
    path = world.workplace.objects.path(world.workplace.objects.quarantine(spooled))
    os.utime(path, (0, 0))
    assert purging.purge_due(world.desk) is False and path.exists()
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path / "home"))
    app = typer.Typer()
    cli.register(app)

    def llmcxr(*words: str) -> str:
        said = CliRunner().invoke(app, ["retention", *words])
        assert said.exit_code == 0, said.output
        return said.output

    assert "nobody has reviewed it" in llmcxr("dry-run")
    assert "1 files are marked" in llmcxr("reviewed", "--all")
    [row] = [json.loads(line) for line in llmcxr("dry-run", "--json").splitlines()]
    assert (row["what"], row["why"], row["bytes"]) == ("quarantine", "", 9)
    assert path.exists()
    world.desk._not_before.clear()
    assert purging.purge_due(world.desk) is True
    assert not path.exists()
