"""A study that a modality sends us isn't complete while Orthanc holds more of it; what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from dicom_node import counts, scu
from dicom_node.association import LocalEntity
from llmcxr_ws.completeness import sentence
from llmcxr_ws.states import StudyState
from tests.conftest import AllowLog
from tests.dicom_node.films import make_film
from tests.integration.conftest import Orthanc
from tests.integration.places import beside

pytestmark = pytest.mark.peers
MODALITY = LocalEntity(ae_title="CR1")


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Three films of one study."""
    study, paths = generate_uid(prefix=None), []
    for name in ("one", "two", "three"):
        film = make_film(name, accession="ACC-C")
        film.StudyInstanceUID = study
        paths.append(tmp_path / f"{name}.dcm")
        film.save_as(paths[-1], enforce_file_format=True)
    return paths


def test_a_study_waits_for_what_the_archive_holds(
    orthanc: Orthanc, films: list[Path], tmp_path: Path
) -> None:
    scu.store(LocalEntity(), orthanc.peer, films[:2])
    missing = str(pydicom.dcmread(films[1]).SOPInstanceUID)
    with beside(orthanc, tmp_path / "home", count_from="orthanc") as world:
        scu.store(MODALITY, world.node, films[:1])

        def said() -> str:
            return sentence(world.study("ACC-C").completeness)

        wanted = f"Waits for 1 image that orthanc listed: {missing}."
        world.work_until(lambda: said() == wanted, "it names what is missing")
        assert world.study("ACC-C").state is StudyState.RECEIVING
        scu.store(MODALITY, world.node, films[1:2])
        world.work_until_state("ACC-C", StudyState.COMPLETE)
        assert said() == "Complete: orthanc holds no other images of it."


def test_what_the_archive_never_sends_is_waited_for_as_long_as_the_site_says(
    orthanc: Orthanc, films: list[Path], tmp_path: Path
) -> None:
    scu.store(LocalEntity(), orthanc.peer, films)
    with beside(orthanc, tmp_path / "home", count_from="orthanc", patience=1.5) as world:
        scu.store(MODALITY, world.node, films[:1])
        world.work_until_state("ACC-C", StudyState.COMPLETE)
        assert sentence(world.study("ACC-C").completeness).startswith("Not complete: 2 images never came (")


def test_an_archive_that_is_away_delays_and_is_named(
    orthanc: Orthanc, films: list[Path], tmp_path: Path, allow_log: AllowLog
) -> None:
    allow_log("put off")
    with beside(orthanc, tmp_path / "home", count_from="cr", patience=1.5) as world:  # port 1: nobody there
        scu.store(MODALITY, world.node, films[:1])
        waits = "Waits: cr is being asked how many images it holds."
        world.work_until(lambda: sentence(world.study("ACC-C").completeness) == waits, "it says so")
        world.work_until_state("ACC-C", StudyState.COMPLETE)
        assert "could not be asked" in sentence(world.study("ACC-C").completeness)


def test_our_own_report_in_the_archive_is_no_image(
    orthanc: Orthanc, films: list[Path], tmp_path: Path
) -> None:
    """The archive holds a film and our SR of it, which never comes to us."""
    with beside(orthanc, tmp_path / "home", count_from="orthanc") as world:
        scu.store(MODALITY, world.node, films[:1])
        scu.store(LocalEntity(), orthanc.peer, films[:1])
        world.draft("ACC-C")
        world.ask_signature("ACC-C")
        world.work_until_state("ACC-C", StudyState.CONFIRMED)
        study = world.study("ACC-C").study_instance_uid
        found = counts.images_at(LocalEntity(), orthanc.peer, study, 1)
        assert found["images"] == [str(pydicom.dcmread(films[0]).SOPInstanceUID)]
