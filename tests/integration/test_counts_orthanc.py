"""A study that a modality sends us isn't complete while Orthanc holds more of it; what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from dicom_node import counts, scu
from dicom_node.association import LocalEntity
from llmcxr_ws.completeness import sentence
from llmcxr_ws.states import StudyState
from tests.conftest import AllowLog
from tests.integration.conftest import Orthanc
from tests.integration.counted_films import MODALITY, films_of_one_study, waits_for_the_second
from tests.integration.places import beside

pytestmark = pytest.mark.peers


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Three films of one study."""
    return films_of_one_study(tmp_path)


def test_a_study_waits_for_what_the_archive_holds(
    orthanc: Orthanc, films: list[Path], tmp_path: Path
) -> None:
    scu.store(LocalEntity(), orthanc.peer, films[:2])
    with beside(orthanc, tmp_path / "home", count_from="orthanc") as world:
        waits_for_the_second(world, films)


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
