"""Work from a UPS-RS worklist, rehearsed with a worklist of our own: no server that isn't ours could be had."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from dicom_node.courier import run_round
from dicom_node.simulator.server import PacsSimulator
from dicom_node.simulator.worklist import WorklistSimulator
from dicom_node.steps import workitems as step
from dicom_node.web import workitems
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.site import parse_site
from llmcxr_ws.states import StudyState
from llmcxr_ws.store.configuration import import_site
from tests.dicom_node.films import make_film
from tests.dicom_node.world import SITE, MakeWorld, World, documents_in

CODE = "DRAFT^99SITE"
LIST = """
[[peer]]
name = "list"
ae_title = "LIST"
host = "127.0.0.1"
port = 1
dicomweb = "{url}"
workitems = "{code}"
"""


@pytest.fixture
def worklist(simulator: PacsSimulator) -> Iterator[WorklistSimulator]:
    """A worklist whose studies are the PACS's."""
    with WorklistSimulator(simulator.archive) as running:
        yield running


@pytest.fixture
def world(make_world: MakeWorld, worklist: WorklistSimulator, monkeypatch: pytest.MonkeyPatch) -> World:
    """A node that takes work from it."""
    monkeypatch.setattr(step, "_POLL_S", 0.05)
    made = make_world()
    site = SITE.format(ae_title=made.pacs.ae_title, port=made.pacs.port, commitment="auto")
    import_site(made.workplace.db, site + LIST.format(url=worklist.url, code=CODE), user="test")
    return made


def _in_pacs(simulator: PacsSimulator, accession: str, **facts: object) -> pydicom.Dataset:
    film = make_film(accession, accession=accession, **facts)
    spooled = simulator.archive.spool / f"{accession}.dcm"
    film.save_as(spooled, enforce_file_format=True)
    simulator.archive.keep(spooled)
    return film


def test_a_workitem_is_claimed_fetched_and_completed(
    world: World, worklist: WorklistSimulator, simulator: PacsSimulator
) -> None:
    film = _in_pacs(simulator, "A-1")
    worklist.schedule("1.2.3", str(film.StudyInstanceUID), CODE)
    worklist.schedule("1.2.4", str(film.StudyInstanceUID), "OTHER^99SITE")
    world.work_until(lambda: worklist.state("1.2.3") == "IN PROGRESS", "claimed")
    world.draft("A-1")
    world.work_until(lambda: _percent(worklist, "1.2.3") == 50, "it says that it is drafted")
    world.ask_signature("A-1")
    world.work_until(lambda: worklist.state("1.2.3") == "COMPLETED", "completed")
    assert world.study("A-1").state is StudyState.CONFIRMED
    item = pydicom.Dataset.from_json(worklist.workitems["1.2.3"])
    [performed] = item.UnifiedProcedureStepPerformedProcedureSequence
    [output] = performed.OutputInformationSequence
    [document] = documents_in(simulator)
    assert output.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == document.SOPInstanceUID
    assert output.SeriesInstanceUID == document.SeriesInstanceUID
    assert output.DICOMRetrievalSequence[0].RetrieveAETitle == world.pacs.ae_title
    assert performed.PerformedWorkitemCodeSequence[0].CodeValue == "DRAFT"
    assert worklist.state("1.2.4") == "SCHEDULED"


def _percent(worklist: WorklistSimulator, uid: str) -> float:
    item = pydicom.Dataset.from_json(worklist.workitems[uid])
    told = item.get("ProcedureStepProgressInformationSequence") or []
    return float(told[0].get("ProcedureStepProgress", 0)) if told else 0.0


@pytest.mark.allow_log("workitem")
def test_what_cant_be_done_is_canceled_with_its_reason(
    world: World, worklist: WorklistSimulator, simulator: PacsSimulator
) -> None:
    child = _in_pacs(simulator, "CHILD", patient_age_years=3, patient_birth_date="20230101")
    worklist.schedule("1.2.5", str(child.StudyInstanceUID), CODE)
    worklist.schedule("1.2.6", "1.9.9.9", CODE)  # nobody holds it
    world.work_until(lambda: worklist.state("1.2.5") == "CANCELED", "the child's is canceled")
    world.work_until(lambda: worklist.state("1.2.6") == "CANCELED", "the missing one is canceled")
    for uid, reason in (("1.2.5", world.study("CHILD").reason), ("1.2.6", "None of its instances")):
        item = pydicom.Dataset.from_json(worklist.workitems[uid])
        [told] = item.ProcedureStepProgressInformationSequence
        assert reason and told.ReasonForCancellation.startswith(reason)


def test_somebody_elses_workitem_is_left_alone(
    world: World, worklist: WorklistSimulator, simulator: PacsSimulator
) -> None:
    film = _in_pacs(simulator, "A-1")
    worklist.schedule("1.2.3", str(film.StudyInstanceUID), CODE)
    peer = world.workplace.site().peer("list")
    workitems.change_state(world.desk.local, peer, "1.2.3", "1.2.840.1", workitems.IN_PROGRESS)
    with pytest.raises(workitems.NotOurs):
        workitems.change_state(world.desk.local, peer, "1.2.3", "1.2.840.2", workitems.COMPLETED)
    for _ in range(3):
        step.do_workitems(world.desk)
        world.desk.wait_for_asides(10)
        world.desk.put_off("workitems", "list", 0.0)
    assert worklist.state("1.2.3") == "IN PROGRESS"
    assert not _percent(worklist, "1.2.3")


def test_a_claim_whose_study_was_never_fetched_is_taken_up(
    world: World, worklist: WorklistSimulator, simulator: PacsSimulator
) -> None:
    """The courier died between the two."""
    film = _in_pacs(simulator, "A-1")
    worklist.schedule("1.2.3", str(film.StudyInstanceUID), CODE)
    peer = world.workplace.site().peer("list")
    transaction = step._transaction(world.desk, "1.2.3")
    workitems.change_state(world.desk.local, peer, "1.2.3", transaction, workitems.IN_PROGRESS)
    step.do_workitems(world.desk)
    world.desk.wait_for_asides(10)
    world.work_until_state("A-1", StudyState.COMPLETE)


@pytest.mark.allow_log("put off")
def test_a_worklist_that_never_answers_holds_nobody_up(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "_POLL_S", 0.05)
    world = make_world(machine="network_timeout_s = 4\n")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site = SITE.format(ae_title=world.pacs.ae_title, port=world.pacs.port, commitment="auto")
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        import_site(world.workplace.db, site + LIST.format(url=url, code=CODE), user="test")
        begun = time.monotonic()
        for _ in range(3):
            run_round(world.desk)
        assert time.monotonic() - begun < 3, "a round waits for it"
        world.desk.wait_for_asides(10)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"code": "DRAFT"}, "workitems"),
        ({"url": ""}, "no DICOMweb services"),
        ({"url": "ftp://x"}, "isn't an http or https URL"),
        ({"url": "https://user:secret@x"}, "its value isn't shown"),
    ],
)
def test_settings_that_are_refused(changed: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        parse_site(LIST.format(**{"url": "http://127.0.0.1:1", "code": CODE, **changed}))
    assert "secret" not in str(refused.value)
