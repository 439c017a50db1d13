"""The simulator with DCMTK as the other side: echoscu, storescu, dcmsend, findscu, movescu, getscu."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from dicom_node.simulator.server import PacsSimulator, SimulatorSettings, parse_destinations
from tests.dicom_node.films import write_film
from tests.network import answers, free_port, run, start, wait_for

pytestmark = pytest.mark.peers


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[PacsSimulator]:
    with PacsSimulator(SimulatorSettings(storage=tmp_path / "pacs", port=0)) as running:
        yield running


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    return [
        write_film(tmp_path, "a", patient_id="P1", patient_name="Mueller^Anna", accession="A-1"),
        write_film(tmp_path, "b", patient_id="P2", patient_name="Schmidt^Bo", accession="A-2"),
        write_film(tmp_path, "c", patient_id="P2", patient_name="Schmidt^Bo", accession="A-3", modality="CR"),
    ]


def _call(pacs: PacsSimulator) -> list[str]:
    return ["-aet", "DCMTK", "-aec", "PACS", "127.0.0.1", str(pacs.port)]


def test_echo_and_wrong_called_title(pacs: PacsSimulator) -> None:
    assert run("echoscu", *_call(pacs)).returncode == 0
    wrong = run("echoscu", "-v", "-aec", "OTHER", "127.0.0.1", pacs.port)
    assert wrong.returncode != 0
    assert "Called AE Title Not Recognized" in wrong.stdout


def test_storescu_and_dcmsend(pacs: PacsSimulator, films: list[Path]) -> None:
    assert run("storescu", *_call(pacs), *films[:2]).returncode == 0
    assert run("dcmsend", *_call(pacs), *films[1:]).returncode == 0
    assert len(pacs.archive) == 3
    for path in films:
        film = pydicom.dcmread(path)
        held = pacs.archive.instance(film.SOPInstanceUID)
        assert held is not None
        assert pydicom.dcmread(held.path) == film


def test_compressed_film_is_kept_as_it_came(pacs: PacsSimulator, films: list[Path], tmp_path: Path) -> None:
    lossless = tmp_path / "lossless.dcm"
    assert run("dcmcjpeg", films[0], lossless).returncode == 0
    assert run("storescu", "-xs", *_call(pacs), lossless).returncode == 0
    [held] = pacs.archive.instances()
    assert held.header.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.70"


def _find(pacs: PacsSimulator, model: str, level: str, *keys: str) -> str:
    arguments = [f"QueryRetrieveLevel={level}", *keys]
    said = run("findscu", "-v", model, *_call(pacs), *[part for key in arguments for part in ("-k", key)])
    assert said.returncode == 0, said.stdout
    return said.stdout


def test_findscu(pacs: PacsSimulator, films: list[Path]) -> None:
    run("storescu", *_call(pacs), *films)
    by_name = _find(pacs, "-S", "STUDY", "PatientName=SCHM*", "AccessionNumber", "ModalitiesInStudy")
    assert by_name.count("(Pending)") == 2
    assert "[A-2" in by_name and "[A-3" in by_name and "[A-1" not in by_name
    assert _find(pacs, "-S", "STUDY", "StudyDate=20260304-", "ModalitiesInStudy=CR").count("(Pending)") == 1
    assert _find(pacs, "-S", "STUDY", "StudyDate=20260305-").count("(Pending)") == 0
    assert _find(pacs, "-P", "PATIENT", "PatientID=P?").count("(Pending)") == 2
    study = pydicom.dcmread(films[0]).StudyInstanceUID
    assert _find(pacs, "-S", "SERIES", f"StudyInstanceUID={study}", "Modality=DX").count("(Pending)") == 1
    assert _find(pacs, "-P", "IMAGE", f"StudyInstanceUID={study}", "SOPInstanceUID").count("(Pending)") == 1


def test_getscu(pacs: PacsSimulator, films: list[Path], tmp_path: Path) -> None:
    run("storescu", *_call(pacs), *films)
    film = pydicom.dcmread(films[1])
    (tmp_path / "got").mkdir()
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={film.StudyInstanceUID}"]
    said = run("getscu", "-v", "-S", "-od", tmp_path / "got", *_call(pacs), *keys)
    assert said.returncode == 0, said.stdout
    [got] = (tmp_path / "got").iterdir()
    assert pydicom.dcmread(got) == film


def test_movescu(pacs: PacsSimulator, films: list[Path], tmp_path: Path) -> None:
    run("storescu", *_call(pacs), *films)
    film = pydicom.dcmread(films[2])
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={film.StudyInstanceUID}"]
    unknown = run("movescu", "-v", "-S", "-aem", "SINK", *_call(pacs), *keys)
    assert "Refused: MoveDestinationUnknown" in unknown.stdout
    port = free_port()
    (tmp_path / "sink").mkdir()
    sink = start("storescp", "-aet", "SINK", "-od", tmp_path / "sink", port, output=tmp_path / "sink.log")
    try:
        wait_for(lambda: answers(port), "storescp listens")
        for destination in parse_destinations([f"SINK=127.0.0.1:{port}"]):
            pacs.add_destination(destination)
        said = run("movescu", "-v", "-S", "-aem", "SINK", *_call(pacs), *keys)
        assert said.returncode == 0, said.stdout
        [got] = (tmp_path / "sink").iterdir()
        assert pydicom.dcmread(got) == film
    finally:
        sink.terminate()
        sink.wait()


def test_archive_is_there_again_after_a_restart(tmp_path: Path, films: list[Path]) -> None:
    settings = SimulatorSettings(storage=tmp_path / "pacs", port=0)
    with PacsSimulator(settings) as pacs:
        run("storescu", *_call(pacs), *films)
    with PacsSimulator(settings) as again:
        assert len(again.archive) == 3
        assert _find(again, "-S", "STUDY", "AccessionNumber=A-2").count("(Pending)") == 1


def test_known_only(tmp_path: Path) -> None:
    settings = SimulatorSettings(storage=tmp_path / "pacs", port=0, known_only=True)
    with PacsSimulator(settings) as pacs:
        assert "Calling AE Title Not Recognized" in run("echoscu", "-v", *_call(pacs)).stdout


def llmcxr(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of ours to its end."""
    command = [sys.executable, "-m", "llmcxr_ws.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_fault_by_command_line_is_what_dcmtk_sees(films: list[Path], tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "llmcxr_ws.cli", "simulator", "--storage", str(tmp_path / "own"),
            "--port", str(port), "--fault", "refuse", "--fault-times", "1", "--profile", "no-commitment",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    try:
        wait_for(lambda: answers(port), "the simulator listens", timeout_s=30)
        call = ["-v", "-aet", "DCMTK", "-aec", "PACS", "127.0.0.1", str(port)]
        assert "OutOfResources" in run("storescu", *call, films[0]).stdout
        assert run("storescu", *call, films[0]).returncode == 0
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=20)
    assert "refuse: 1 times." in said


def test_the_sender_by_command_line_reaches_storescp(films: list[Path], tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "scp"
    folder.mkdir()
    scp = start("storescp", "-od", folder, "--promiscuous", port, output=tmp_path / "scp.log")
    try:
        wait_for(lambda: answers(port), "storescp listens")
        to = f"STORESCP@127.0.0.1:{port}"
        done = llmcxr(
            "simulator", "send", *films, "--to", to, "--fault", "patient", "--fault", "drop=0.5", "--json"
        )
        assert done.returncode == 0, done.stderr
        sent = [json.loads(line) for line in done.stdout.splitlines()]
    finally:
        scp.terminate()
        scp.wait()
    stored = [row for row in sent if row["outcome"] == "stored"]
    held = [pydicom.dcmread(path, force=True) for path in folder.iterdir()]
    assert len(stored) == len(held) and len(sent) == len(films)
    assert all(str(ds.PatientID).startswith("X-") for ds in held)


def test_wrong_words_on_the_command_line_are_refused(tmp_path: Path) -> None:
    for words, said in (
        (["simulator"], "Name one: --storage"),
        (["simulator", "--storage", tmp_path, "--fault", "drip"], "One of: drop"),
        (["simulator", "--storage", tmp_path, "--profile", "none"], "One of: no-commitment"),
        (["simulator", "send", tmp_path / "x.dcm", "--to", "X@127.0.0.1:1"], "isn't a DICOM file"),
        (
            ["simulator", "send", tmp_path / "x.dcm", "--to", "X@127.0.0.1:1", "--fault", "refuse"],
            "no meaning",
        ),
    ):
        done = llmcxr(*words)
        assert done.returncode == 1 and said in done.stderr, (words, done.stderr)
    assert "patient" in llmcxr("simulator", "faults").stdout
    assert "slow-index" in json.loads(llmcxr("simulator", "profiles", "--json").stdout)
