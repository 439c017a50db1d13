"""Three films of one study, of which a node gets some while an archive holds more."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.uid import generate_uid

from dicom_node import scu
from dicom_node.association import LocalEntity
from llmcxr_ws.completeness import sentence
from llmcxr_ws.states import StudyState
from tests.dicom_node.films import make_film
from tests.dicom_node.world import World

MODALITY = LocalEntity(ae_title="CR1")


def films_of_one_study(folder: Path) -> list[Path]:
    """Three files."""
    study, paths = generate_uid(prefix=None), []
    for name in ("one", "two", "three"):
        film = make_film(name, accession="ACC-C")
        film.StudyInstanceUID = study
        paths.append(folder / f"{name}.dcm")
        film.save_as(paths[-1], enforce_file_format=True)
    return paths


def waits_for_the_second(world: World, films: list[Path]) -> None:
    """The archive `orthanc` holds two of them: after the first it names the other, and with it there are all."""
    missing = str(pydicom.dcmread(films[1]).SOPInstanceUID)
    scu.store(MODALITY, world.node, films[:1])

    def said() -> str:
        return sentence(world.study("ACC-C").completeness)

    wanted = f"Waits for 1 image that orthanc listed: {missing}."
    world.work_until(lambda: said() == wanted, "it names what is missing")
    assert world.study("ACC-C").state is StudyState.RECEIVING
    scu.store(MODALITY, world.node, films[1:2])
    world.work_until_state("ACC-C", StudyState.COMPLETE)
    assert said() == "Complete: orthanc holds no other images of it."
