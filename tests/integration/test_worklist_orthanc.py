"""The order of a study comes from Orthanc's worklist (its own plug-in, entries made by DCMTK's dump2dcm)."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from dicom_node import scu
from dicom_node.association import LocalEntity
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import deliveries, reports, signals
from tests.dicom_node.films import make_film
from tests.dicom_node.world import World
from tests.integration.conftest import WORKLISTS, Orthanc
from tests.integration.places import beside
from tests.network import run
from tests.peers import dciodvfy_errors, missing

pytestmark = pytest.mark.peers
MODALITY = LocalEntity(ae_title="CR1")

ENTRY = """
(0008,0005) CS [ISO_IR 100]
(0008,0050) SH [{accession}]
(0008,0090) PN [Overseas^Olga]
(0010,0010) PN [Test^Person]
(0010,0020) LO [{patient}]
(0020,000d) UI [{study}]
(0032,1032) PN [Asker^Anna]
(0032,1060) LO [Chest pa and lateral]
(0032,1064) SQ
(fffe,e000) na
(0008,0100) SH [36643-5]
(0008,0102) SH [LN]
(0008,0104) LO [XR Chest 2 Views]
(fffe,e00d) na
(fffe,e0dd) na
(0038,0010) LO [ADM-77]
(0040,0100) SQ
(fffe,e000) na
(0008,0060) CS [DX]
(0040,0001) AE [CR1]
(0040,0002) DA [{day}]
(0040,0003) TM [080000]
(0040,0007) LO [Chest]
(0040,0009) SH [SPS1]
(fffe,e00d) na
(fffe,e0dd) na
(0040,1001) SH [{procedure}]
(0040,1002) LO [Cough for three weeks, effusion?]
(0040,1003) SH [HIGH]
(0040,2016) LO [PLACER-1]
(0040,2017) LO [FILLER-1]
"""


@pytest.fixture(autouse=True)
def _plugin() -> None:
    if not any(plugin.is_file() for plugin in WORKLISTS):
        missing("Orthanc's worklist plug-in isn't installed (Debian: apt-get install orthanc)")


def enter(orthanc: Orthanc, name: str, folder: Path, **values: str) -> None:
    """Put an entry into Orthanc's worklist."""
    dump = folder / f"{name}.dump"
    said = {"accession": "", "patient": "TEST-1", "study": "1.2.3", "day": "20260304", "procedure": "RP1"}
    dump.write_text(ENTRY.format(**(said | values)))
    done = run("dump2dcm", dump, orthanc.worklist / f"{name}.wl")
    assert done.returncode == 0, done.stdout


def film(folder: Path, seed: str, **values: object) -> Path:
    made = make_film(seed, **{key: value for key, value in values.items() if key.islower()})
    for keyword, value in values.items():
        if not keyword.islower():
            setattr(made, keyword, value)
    if "RequestAttributesSequence" in made and "RequestAttributesSequence" not in values:
        del made.RequestAttributesSequence
    path = folder / f"{seed}.dcm"
    made.save_as(path, enforce_file_format=True)
    return path


def asked(world: World, accession: str) -> list[str]:
    rows = signals.inquiries_of(world.workplace.db, world.study(accession).id, "order")
    return [row.state for row in rows]


def test_the_order_reaches_reader_and_report(orthanc: Orthanc, tmp_path: Path) -> None:
    enter(orthanc, "mine", tmp_path, accession="ACC-w")
    enter(orthanc, "another", tmp_path, accession="ACC-z", procedure="RP9")
    with beside(orthanc, tmp_path / "home", peer="worklist = true") as world:
        path = film(tmp_path, "w")
        scu.store(LocalEntity(), orthanc.peer, [path])  # so that the PACS knows the patient at the signature
        scu.store(MODALITY, world.node, [path])
        world.work_until(lambda: asked(world, "ACC-w") == ["told"], "asked")
        assert world.study("ACC-w").ordered == {
            "RequestedProcedureID": "RP1",
            "RequestedProcedureDescription": "Chest pa and lateral",
            "ReasonForTheRequestedProcedure": "Cough for three weeks, effusion?",
            "PlacerOrderNumberImagingServiceRequest": "PLACER-1",
            "FillerOrderNumberImagingServiceRequest": "FILLER-1",
            "RequestedProcedurePriority": "HIGH",
            "RequestingPhysician": "Asker^Anna",
            "ReferringPhysicianName": "Overseas^Olga",
            "AdmissionID": "ADM-77",
        }
        world.draft("ACC-w")
        world.ask_signature("ACC-w")
        world.work_until_state("ACC-w", StudyState.CONFIRMED)
        db = world.workplace.db
        (document,) = [
            row for row in reports.documents_of(db, world.study("ACC-w").id) if row.kind == "signed"
        ]
        file = world.workplace.objects.path(document.path)
        written = pydicom.dcmread(file)
        (request,) = written.ReferencedRequestSequence
        assert (request.RequestedProcedureID, request.AccessionNumber) == ("RP1", "ACC-w")
        assert request.PlacerOrderNumberImagingServiceRequest == "PLACER-1"
        assert request.ReasonForTheRequestedProcedure == "Cough for three weeks, effusion?"
        assert request.RequestedProcedureCodeSequence[0].CodeValue == "36643-5"
        assert written.AdmissionID == "ADM-77"
        assert dciodvfy_errors(file) == []
        assert deliveries.deliveries_of(db, document.study_id)


def test_what_the_header_says_goes_before_the_worklist(orthanc: Orthanc, tmp_path: Path) -> None:
    enter(orthanc, "mine", tmp_path, accession="ACC-h")
    item = pydicom.Dataset()
    item.RequestedProcedureID, item.ReasonForTheRequestedProcedure = "RP1", "As the header says"
    with beside(orthanc, tmp_path / "home", peer="worklist = true") as world:
        path = film(tmp_path, "h", RequestAttributesSequence=[item])
        scu.store(LocalEntity(), orthanc.peer, [path])
        scu.store(MODALITY, world.node, [path])
        world.work_until(lambda: asked(world, "ACC-h") == ["told"], "asked")
        world.draft("ACC-h")
        world.ask_signature("ACC-h")
        world.work_until_state("ACC-h", StudyState.CONFIRMED)
        rows = reports.documents_of(world.workplace.db, world.study("ACC-h").id)
        (document,) = [row for row in rows if row.kind == "signed"]
        (request,) = pydicom.dcmread(world.workplace.objects.path(document.path)).ReferencedRequestSequence
        assert request.ReasonForTheRequestedProcedure == "As the header says"
        assert request.RequestedProcedureDescription == "Chest pa and lateral"


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([{"accession": "ACC-n", "patient": "TEST-9"}], "of another patient"),
        ([{"accession": "ACC-n"}, {"accession": "ACC-n", "procedure": "RP2"}], "two procedures"),
        ([{"accession": "ACC-m"}], "of another order"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_order_that_isn_t_surely_the_study_s_is_left_alone(
    orthanc: Orthanc, tmp_path: Path, entries: list[dict[str, str]], why: str
) -> None:
    for number, values in enumerate(entries):
        enter(orthanc, f"e{number}", tmp_path, **values)
    with beside(orthanc, tmp_path / "home", peer="worklist = true") as world:
        scu.store(MODALITY, world.node, [film(tmp_path, "n")])
        world.work_until(lambda: asked(world, "ACC-n") == ["told"], "asked")
        assert world.study("ACC-n").ordered == {}, why


def test_without_an_accession_number_the_study_s_uid_finds_the_order(
    orthanc: Orthanc, tmp_path: Path
) -> None:
    path = film(tmp_path, "u", AccessionNumber="")
    study = str(pydicom.dcmread(path).StudyInstanceUID)
    enter(orthanc, "mine", tmp_path, accession="ACC-u", study=study)
    with beside(orthanc, tmp_path / "home", peer="worklist = true") as world:
        scu.store(MODALITY, world.node, [path])
        world.work_until(lambda: asked(world, "") == ["told"], "asked")
        assert world.study("").ordered["RequestedProcedureID"] == "RP1"
