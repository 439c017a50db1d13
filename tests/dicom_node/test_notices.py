"""Procedure steps and availability notices decide when a study is complete, and say what is missing."""

from __future__ import annotations

import time
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from llmcxr_ws.completeness import sentence
from llmcxr_ws.states import StudyState
from llmcxr_ws.store.configuration import import_site
from tests.conftest import AllowLog
from tests.dicom_node.films import make_film
from tests.dicom_node.tellers import Step, notify
from tests.dicom_node.world import MakeWorld, World

SITE = """
quiet_s = {quiet}
patience_s = {patience}
{more}

[[peer]]
name = "pacs"
ae_title = "PACS"
host = "127.0.0.1"
port = 1
tells = ["mpps", "ian"]

[[peer]]
name = "mute"
ae_title = "MUTE"
host = "127.0.0.1"
port = 1
"""


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Two films of one study: PA and lateral."""
    paths = []
    study = generate_uid(prefix=None)
    for name, view in (("pa", "PA"), ("ll", "LL")):
        film = make_film(name, accession="ACC-N")
        film.StudyInstanceUID, film.ViewPosition = study, view
        paths.append(tmp_path / f"{name}.dcm")
        film.save_as(paths[-1], enforce_file_format=True)
    return paths


def place(make_world: MakeWorld, *, quiet: float = 60, patience: float = 120, more: str = "") -> World:
    world = make_world()
    import_site(world.workplace.db, SITE.format(quiet=quiet, patience=patience, more=more), user="test")
    return world


def study_of(path: Path) -> str:
    return str(pydicom.dcmread(path).StudyInstanceUID)


def said(world: World) -> str:
    return sentence(world.study("ACC-N").completeness)


def test_a_completed_step_whose_images_are_here_ends_the_waiting_at_once(
    make_world: MakeWorld, films: list[Path]
) -> None:
    world = place(make_world)
    step = Step(world.node, "PACS")
    assert step.begin(study_of(films[0])).Status == 0
    world.push(*films)
    world.work_until(lambda: "Images are coming in" in said(world), "it waits")
    assert step.end(*films).Status == 0
    world.work_until_state("ACC-N", StudyState.COMPLETE)
    assert said(world) == "Complete: all images that pacs listed are here."


def test_a_step_in_progress_outlasts_the_quiet_time(make_world: MakeWorld, films: list[Path]) -> None:
    world = place(make_world, quiet=0.1)
    step = Step(world.node, "PACS")
    step.begin(study_of(films[0]))
    world.push(films[0])
    world.work_until(lambda: "still goes on" in said(world), "it waits for the step")
    step.end(*films)
    missing = str(pydicom.dcmread(films[1]).SOPInstanceUID)
    world.work_until(lambda: said(world) == f"Waits for 1 image that pacs listed: {missing}.", "it names it")
    assert world.study("ACC-N").state is StudyState.RECEIVING
    world.push(films[1])
    world.work_until_state("ACC-N", StudyState.COMPLETE)
    assert world.study("ACC-N").instances == 2


def test_what_never_comes_is_named_and_not_waited_for_for_ever(
    make_world: MakeWorld, films: list[Path]
) -> None:
    world = place(make_world, quiet=0.1, patience=1.0)
    step = Step(world.node, "PACS")
    step.begin(study_of(films[0]))
    step.end(*films)
    world.push(films[0])
    world.work_until_state("ACC-N", StudyState.COMPLETE)
    missing = str(pydicom.dcmread(films[1]).SOPInstanceUID)
    assert said(world) == f"Not complete: 1 image never came ({missing})."


def test_a_modality_may_leave_the_step_s_name_to_us(make_world: MakeWorld, films: list[Path]) -> None:
    world = place(make_world)
    step = Step(world.node, "PACS")
    step.uid = None
    assert step.begin(study_of(films[0])).Status == 0 and step.uid
    world.push(films[0])
    assert step.end(films[0]).Status == 0
    world.work_until_state("ACC-N", StudyState.COMPLETE)


def test_a_discontinued_step_lists_all_that_will_ever_come(make_world: MakeWorld, films: list[Path]) -> None:
    world = place(make_world)
    step = Step(world.node, "PACS")
    step.begin(study_of(films[0]))
    world.push(films[0])
    step.end(films[0], status="DISCONTINUED")
    world.work_until_state("ACC-N", StudyState.COMPLETE)


def test_a_notice_of_a_step_is_enough_and_one_of_none_is_not(
    make_world: MakeWorld, films: list[Path]
) -> None:
    world = place(make_world)
    world.push(films[0])
    assert notify(world.node, "PACS", films[0]).Status == 0
    world.work_until(lambda: "Images are coming in" in said(world), "more may come")
    assert notify(world.node, "PACS", *films, of_step=True).Status == 0
    time.sleep(0.3)
    world.work_until(lambda: "Images are coming in" in said(world), "one is missing")
    world.push(films[1])
    world.work_until_state("ACC-N", StudyState.COMPLETE)
    assert said(world).startswith("Complete: all images that pacs")


def test_a_film_is_drafted_early_and_again_when_the_others_came(
    make_world: MakeWorld, films: list[Path]
) -> None:
    world = place(make_world, quiet=0.1, more="early_draft = true")
    step = Step(world.node, "PACS")
    step.begin(study_of(films[0]))
    world.push(films[0])
    world.draft("ACC-N")
    world.work_until(lambda: "still goes on" in said(world), "it says what it waits for")
    first = world.study("ACC-N")
    assert first.state is StudyState.DRAFTED
    world.push(films[1])
    step.end(*films)
    world.draft("ACC-N", "The lungs are clear. The lateral film shows nothing else.")
    second = world.study("ACC-N")
    assert second.report_id != first.report_id and said(world).startswith("Complete")


def test_a_list_that_comes_after_the_draft_is_heard_too(make_world: MakeWorld, films: list[Path]) -> None:
    world = place(make_world, quiet=0.1)
    world.push(films[0])
    world.draft("ACC-N")
    notify(world.node, "PACS", *films)
    world.work_until(lambda: "Waits for 1 image" in said(world), "it says what is missing")


@pytest.mark.parametrize(
    ("does", "status"),
    [
        (lambda step, uid: step.begin(uid), 0x0111),
        (lambda step, uid: Step(step.node, "MUTE").begin(uid), 0x0124),
        (lambda step, uid: Step(step.node, "PACS").begin(), 0x0120),
        (lambda step, uid: Step(step.node, "PACS").begin(uid, status="COMPLETED"), 0x0120),
        (lambda step, uid: Step(step.node, "PACS").end(), 0x0112),
        (lambda step, uid: step.end(status="PERHAPS"), 0x0106),
        (lambda step, uid: (step.end(), step.end())[1], 0x0110),
    ],
)
def test_what_is_refused(make_world: MakeWorld, allow_log: AllowLog, does: object, status: int) -> None:
    allow_log("notice refused")
    world = place(make_world)
    step = Step(world.node, "PACS")
    assert step.begin("1.2.3").Status == 0
    assert does(step, "1.2.3").Status == status  # type: ignore[operator]
