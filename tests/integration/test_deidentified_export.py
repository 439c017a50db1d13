"""`llmcxr deidentify export` into a folder and into a real Orthanc; sending again makes no second object."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
import pytest

from dicom_node.courier import run_courier
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from llmcxr_ws.home import ENVIRONMENT_VARIABLE
from llmcxr_ws.site import Peer
from llmcxr_ws.store import accounts, deliveries
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.films import write_film
from tests.dicom_node.world import World
from tests.integration.conftest import Orthanc
from tests.network import free_port, wait_for
from tests.peers import dciodvfy_errors, require

pytestmark = pytest.mark.peers
NAME = "Müller-Lüdenscheidt^Anna"
SITE = """
quiet_s = 0.2

[[peer]]
name = "study"
ae_title = "ORTHANC"
host = "127.0.0.1"
port = {port}
role = "research"
deidentify = "basic"
deidentify_options = ["clean_structured_content", "retain_patient_characteristics"]
project = "LUNG1"
"""


def llmcxr(*arguments: str | Path) -> tuple[int, str]:
    """Run a command as a person does, in a process of its own: it sets the log up for all that follows in it."""
    done = subprocess.run(
        [sys.executable, "-m", "llmcxr_ws.cli", *map(str, arguments)],
        env={**os.environ, "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def world(tmp_path: Path, orthanc: Orthanc, monkeypatch: pytest.MonkeyPatch) -> World:
    with PacsSimulator(SimulatorSettings(storage=tmp_path / "pacs", port=0)) as simulator:
        pacs = Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=simulator.port)
        made = World(tmp_path / "home", pacs)
        for seed in ("A-1", "B-2"):
            film = write_film(tmp_path, seed, accession=seed, patient_name=NAME, patient_id="0012345678")
            assert made.push(film)[0].status == 0
        import_site(made.workplace.db, SITE.format(port=orthanc.dicom_port), user="test")
        accounts.create_user(
            made.workplace.db,
            made.workplace.service_key(),
            name="boss",
            password="a long password",
            role="admin",
            display_name="Boss^Bea",
            organization="",
        )
        made.close()
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path / "home"))
    return made


def test_a_cohort_goes_into_a_folder(world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cohort = tmp_path / "cohort.txt"
    cohort.write_text("A-1\n2\n")
    arguments = ("deidentify", "export", "--list", cohort, "--out", out, "--project", "LUNG1")
    code, said = llmcxr(*arguments)
    assert code == 0 and "2 of 2 objects of 2 studies left de-identified." in said
    files = sorted(out.rglob("*.dcm"))
    before = {path: path.read_bytes() for path in files}
    assert len({path.relative_to(out).parts[0] for path in files}) == 1
    for path, data in before.items():
        assert b"nscheidt" not in data and b"12345678" not in data
        assert dciodvfy_errors(path) == []
    with (out / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    manifest = (out / "manifest.csv").read_text()
    assert [row["outcome"] for row in rows] == ["written", "written"]
    for left in ("A-1", "B-2", "12345678", "nscheidt", *(str(path.stem) for path in tmp_path.glob("*.dcm"))):
        assert left not in manifest and left not in said
    assert llmcxr(*arguments)[0] == 0
    assert {path: path.read_bytes() for path in sorted(out.rglob("*.dcm"))} == before


@contextmanager
def courier(home: Path) -> Iterator[None]:
    """The courier at work, which alone sends."""
    stop = threading.Event()
    thread = threading.Thread(target=run_courier, args=(home, stop))
    thread.start()
    yield
    stop.set()
    thread.join(30)


@pytest.mark.allow_log("not delivered")  # at first nobody is there
@pytest.mark.allow_log("commitment not asked")  # Orthanc doesn't know this node
def test_a_cohort_goes_to_a_peer_once(world: World, orthanc: Orthanc, tmp_path: Path) -> None:
    """By the outbox: tried again while the peer is away, nothing twice, and the manifest says how far it is."""
    require("Orthanc")
    asked = ("deidentify", "export", "--study", "A-1", "--study", "B-2", "--to", "study")
    place = Workplace.open(tmp_path / "home")
    import_site(place.db, SITE.format(port=free_port()), user="test")
    code, said = llmcxr(*asked)
    assert code == 0 and "2 objects of 2 studies were queued for 'study'. All of them: 2 queued." in said
    mine = [row.id for number in (1, 2) for row in deliveries.deliveries_of(place.db, number)]
    with courier(tmp_path / "home"):
        wait_for(
            lambda: any(row.attempts for row in deliveries.deliveries_of(place.db, 1)),
            "tried in vain",
            timeout_s=30,
        )
        import_site(place.db, SITE.format(port=orthanc.dicom_port), user="test")
        wait_for(lambda: len(orthanc.rest("GET", "/instances")) == 2, "both are there", timeout_s=40)
        done = ("stored", "confirmed")
        wait_for(
            lambda: all(row.state in done for n in (1, 2) for row in deliveries.deliveries_of(place.db, n)),
            "written down",
            timeout_s=20,
        )
        manifest = tmp_path / "manifest.csv"
        code, said = llmcxr(*asked, "--manifest", manifest)
    assert code == 0 and "0 objects of 2 studies were queued" in said, said
    assert [row.id for number in (1, 2) for row in deliveries.deliveries_of(place.db, number)] == mine
    place.close()
    rows = list(csv.DictReader(manifest.read_text().splitlines()))
    assert [row["kind"] for row in rows] == ["film", "film"] and all(row["sha256"] for row in rows)
    [first, second] = orthanc.rest("GET", "/instances")
    held = {
        orthanc.rest("GET", f"/instances/{one}/simplified-tags")["SOPInstanceUID"] for one in (first, second)
    }
    assert held == {row["SOPInstanceUID"] for row in rows}
    for left in ("A-1", "B-2", "12345678", "nscheidt"):
        assert left not in manifest.read_text() and left not in said
    tags = orthanc.rest("GET", f"/instances/{first}/simplified-tags")
    assert tags["PatientID"].startswith("LUNG1-") and tags["PatientIdentityRemoved"] == "YES"
    assert tags["PatientSex"] == "F" and tags["PatientBirthDate"] == ""


def test_only_an_administrator_reads_whose_pseudonym_it_is(world: World, tmp_path: Path) -> None:
    llmcxr("deidentify", "export", "--study", "A-1", "--out", tmp_path / "out", "--project", "LUNG1")
    words = tmp_path / "password"
    words.write_text("a long password")
    asked = (
        "deidentify",
        "key-table",
        "--project",
        "LUNG1",
        "--reason",
        "a finding",
        "--password-file",
        words,
    )
    code, said = llmcxr(*asked, "--as", "reader")
    assert code != 0 and "administrator" in said and "12345678" not in said
    table = tmp_path / "table.csv"
    table.touch(mode=0o644)  # one that others could read
    code, said = llmcxr(*asked, "--as", "boss", "--out", table)
    assert code != 0 and "Name another one" in said and not table.read_text()
    table.unlink()
    code, said = llmcxr(*asked, "--as", "boss", "--out", table)
    assert code == 0 and table.stat().st_mode & 0o077 == 0
    [row] = list(csv.DictReader(table.read_text().splitlines()))
    [folder] = [path for path in (tmp_path / "out").iterdir() if path.is_dir()]
    assert (row["pseudonym"], row["patient_id"]) == (folder.name, "0012345678")
    place = Workplace.open(tmp_path / "home")
    with place.db.read() as session:
        from llmcxr_ws.store.models import Audit

        events = [row.event for row in session.query(Audit).filter(Audit.actor == "boss")]
    place.close()
    assert "deidentify.key_table_read" in events


def test_what_has_burned_in_text_stays(world: World, tmp_path: Path) -> None:
    place = world.workplace.objects.root
    for path in place.rglob("received/**/*.dcm"):
        film = pydicom.dcmread(path)
        film.BurnedInAnnotation = "YES"
        film.save_as(path)
    out = tmp_path / "out"
    code, said = llmcxr("deidentify", "export", "--study", "A-1", "--out", out, "--project", "LUNG1")
    assert code == 1 and "0 of 1" in said and "burned in" in said
    assert "the image that came as number 1" in said and "Clean Pixel Data isn't offered" in said
    assert list(out.rglob("*.dcm")) == []


def test_what_can_not_be_read_stays_and_the_others_go(world: World, tmp_path: Path) -> None:
    damaged = next(world.workplace.objects.root.rglob("received/**/*.dcm"))
    damaged.write_bytes(b"no film any more")
    out = tmp_path / "out"
    code, said = llmcxr(
        "deidentify", "export", "--study", "A-1", "--study", "B-2", "--out", out, "--project", "LUNG1"
    )
    assert code == 1 and "1 of 2 objects of 2 studies" in said and "Its file can't be read." in said
    assert len(list(out.rglob("*.dcm"))) == 1
    with (out / "manifest.csv").open() as file:
        outcomes = sorted(row["outcome"] for row in csv.DictReader(file))
    assert len(outcomes) == 2 and outcomes[0].startswith("kept back") and outcomes[1] == "written"


def test_a_folder_that_can_not_be_written_is_named(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    code, said = llmcxr(
        "deidentify", "export", "--study", "A-1", "--out", tmp_path / "file", "--project", "LUNG1"
    )
    assert code == 1 and "file" in said and "can't be written: " in said and "Traceback" not in said
