"""The node as processes, with DCMTK and Orthanc as the other side: the whole way, and what it must stand."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pydicom
import pytest

from dicom_node import scu
from dicom_node.association import LocalEntity
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from dicom_node.simulator.services import Destination
from llmcxr_ws import jobs, reading
from llmcxr_ws.domain import NewDraft
from llmcxr_ws.site import Peer
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import accounts, deliveries, reports, studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.films import make_film, write_film
from tests.integration.conftest import Orthanc
from tests.integration.node import NodeProcess, pid_of, running, state_of
from tests.network import free_port, run, wait_for

pytestmark = pytest.mark.peers

SITE = """
institution = "Test hospital"
quiet_s = 0.3

[[peer]]
name = "pacs"
ae_title = "{ae_title}"
host = "127.0.0.1"
port = {port}
identity = true

[[peer]]
name = "dcmtk"
ae_title = "DCMTK"
host = "127.0.0.1"
port = 1

[[output]]
document = "signed"
to = "pacs"
"""


class Place:
    """A home with its settings, a node on it, and a reader."""

    def __init__(self, home: Path, pacs: Peer) -> None:
        home.mkdir(mode=0o700)
        self.port = free_port()
        (home / "llmcxr.toml").write_text(
            f'bind_host = "127.0.0.1"\ndicom_port = {self.port}\npoll_s = 0.05\nretry_s = 0.3\nretry_max_s = 0.5\n'
            "connect_timeout_s = 3\n"
        )
        self.workplace = Workplace.open(home, upgrade=True)
        self.db = self.workplace.db
        import_site(self.db, SITE.format(ae_title=pacs.ae_title, port=pacs.port), user="test")
        accounts.create_user(
            self.db,
            self.workplace.service_key(),
            name="reader",
            password="a long password",
            role="reader",
            display_name="Reader^Rita",
            organization="Test hospital",
        )
        self.node = NodeProcess(home, self.port)
        self.peer = Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=self.port)

    def draft(self, accession: str, text: str) -> None:
        """Write a draft as an engine does."""
        wait_for(lambda: state_of(self.db, accession) == StudyState.COMPLETE, f"{accession} is complete")
        claimed = jobs.claim(self.db, kinds=("draft",), owner="test", lease_s=30)
        assert claimed is not None
        wanted = reports.begin_draft(self.db, claimed)
        assert wanted is not None
        draft = NewDraft(
            film_sop_instance_uid=wanted.film_sop_instance_uid,
            instances=wanted.instances,
            ai_text=text,
            confidence=None,
            codes=(1,),
            model_name="test-model",
            model_version="1",
            model_device_uid="2.25.42",
            seed=1,
            started_at=datetime.now(UTC),
        )
        reports.finish_draft(self.db, claimed, draft)

    def sign(self, accession: str, text: str) -> None:
        """Sign as a window does."""
        key = reading.log_in(self.db, "reader", "a long password")
        study = studies.find_study(self.db, accession_number=accession)
        assert study is not None
        reading.request_signature(self.db, key, reading.open_study(self.db, study.id), text)


@pytest.fixture
def make_place(tmp_path: Path) -> Iterator[object]:
    places: list[Place] = []

    def make(pacs: Peer) -> Place:
        places.append(Place(tmp_path / "home", pacs))
        return places[-1]

    yield make
    for place in places:
        place.workplace.close()


def test_orthanc_the_whole_way(orthanc: Orthanc, make_place: object, tmp_path: Path) -> None:
    """Orthanc pushes by C-MOVE of DCMTK's movescu; the SR comes back, findscu finds it, dsrdump shows its text."""
    place: Place = make_place(orthanc.peer)  # type: ignore[operator]
    path = write_film(tmp_path, "w", accession="ACC-W")
    film = pydicom.dcmread(path)
    scu.store(LocalEntity(), orthanc.peer, [path])
    orthanc.know("LLMCXR", place.port)
    with running(place.node):
        keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={film.StudyInstanceUID}"]
        call = ["-aet", "LLMCXR", "-aec", "ORTHANC", "127.0.0.1", orthanc.dicom_port]
        assert run("movescu", "-S", "-aem", "LLMCXR", *call, *keys).returncode == 0
        place.draft("ACC-W", "The lungs are clear. No effusion.")
        place.sign("ACC-W", "The lungs are clear. The heart is enlarged.")
        wait_for(lambda: state_of(place.db, "ACC-W") == StudyState.CONFIRMED, "confirmed", timeout_s=30)
        study = studies.find_study(place.db, accession_number="ACC-W")
        assert study is not None
        [delivery] = deliveries.deliveries_of(place.db, study.id)
        assert delivery.attempts == 1
        found = run(
            "findscu", "-S", *call,
            "-k", "QueryRetrieveLevel=IMAGE",
            "-k", f"StudyInstanceUID={film.StudyInstanceUID}",
            "-k", "SeriesInstanceUID",
            "-k", f"SOPInstanceUID={delivery.sop_instance_uid}",
        )  # fmt: skip
        assert delivery.sop_instance_uid in found.stdout
    [instance] = orthanc.rest(
        "POST", "/tools/find", {"Level": "Instance", "Query": {"SOPInstanceUID": delivery.sop_instance_uid}}
    )
    document = tmp_path / "document.dcm"
    document.write_bytes(orthanc.file(instance))
    shown = run("dsrdump", document).stdout
    assert "The heart is enlarged." in shown and "No effusion." not in shown
    assert not [line for line in run("dciodvfy", document).stdout.splitlines() if "Error" in line]
    sent = pydicom.dcmread(place.workplace.objects.path(delivery.path))
    assert pydicom.dcmread(io.BytesIO(orthanc.file(instance))) == sent


def test_dcmtk_sends_to_the_listener(orthanc: Orthanc, make_place: object, tmp_path: Path) -> None:
    place: Place = make_place(orthanc.peer)  # type: ignore[operator]
    good = write_film(tmp_path, "g", accession="ACC-G")
    compressed = tmp_path / "c.dcm"
    write_film(tmp_path, "p", accession="ACC-C")
    assert run("dcmcjpeg", tmp_path / "p.dcm", compressed).returncode == 0
    broken = tmp_path / "t.dcm"
    short = make_film("t", accession="ACC-T")
    short.PixelData = short.PixelData[:1000]
    short.save_as(broken, enforce_file_format=True)
    call = ["-aet", "DCMTK", "-aec", "LLMCXR", "127.0.0.1", place.port]
    with running(place.node):
        assert run("echoscu", *call).returncode == 0
        assert "Calling AE Title Not Recognized" in run("echoscu", "-v", "-aet", "WHO", *call[2:]).stdout
        wrong = ["-aet", "DCMTK", "-aec", "WRONG", *call[4:]]
        assert "Called AE Title Not Recognized" in run("echoscu", "-v", *wrong).stdout
        assert run("storescu", *call, good).returncode == 0
        assert run("dcmsend", *call, good).returncode == 0  # a duplicate is no news
        assert run("storescu", "-xs", *call, compressed).returncode == 0
        assert "(Error: CannotUnderstand)" in run("storescu", "-v", *call, broken).stdout
        for accession in ("ACC-G", "ACC-C"):
            wait_for(lambda a=accession: state_of(place.db, a) == StudyState.COMPLETE, "complete")  # type: ignore[misc]
        wait_for(lambda: state_of(place.db, "ACC-T") == StudyState.FAILED, "the truncated one failed")
    study = studies.find_study(place.db, accession_number="ACC-C")
    assert study is not None
    [row] = studies.instances_of(place.db, study.id)
    assert row.transfer_syntax_uid == "1.2.840.10008.1.2.4.70"
    assert pydicom.dcmread(place.workplace.objects.path(row.path)).SOPInstanceUID == row.sop_instance_uid


def test_killed_while_it_receives(make_place: object, tmp_path: Path) -> None:
    """kill -9 again and again under load: what was acknowledged is on disk, indexed, readable, and there once."""
    place: Place = make_place(Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=1))  # type: ignore[operator]
    films = [write_film(tmp_path, f"k{n}", accession=f"K{n}", size=256) for n in range(120)]
    acknowledged: set[Path] = set()
    done = threading.Event()

    def send() -> None:
        local = LocalEntity(ae_title="DCMTK")
        rest = list(films)
        while rest and not done.is_set():
            try:
                scu.store(local, place.peer, rest[:10], lambda r: _note(r, acknowledged))
            except Exception:  # the node is being killed: refused, reset, whatever
                time.sleep(0.1)
            rest = [path for path in rest if path not in acknowledged]

    sender = threading.Thread(target=send)
    place.node.start()
    sender.start()
    try:
        for kills in range(3):
            enough = (
                len(acknowledged) + 7 + kills
            )  # in the middle of an association of ten, each time elsewhere
            wait_for(lambda n=enough: len(acknowledged) >= n, "some are acknowledged")  # type: ignore[misc]
            pid = pid_of(place.db, "listener")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda old=pid: pid_of(place.db, "listener") != old, "a new listener")  # type: ignore[misc]
        sender.join(timeout=90)
    finally:
        done.set()
        sender.join()
        place.node.stop()
    assert acknowledged == set(films)
    assert place.node.log.count("part ended; it is started again") == 3
    for path in films:
        film = pydicom.dcmread(path)
        row = studies.known_instance(place.db, str(film.SOPInstanceUID))
        assert row is not None and row.defect == ""
        assert pydicom.dcmread(place.workplace.objects.path(row.path)) == film
    assert studies.indexed_paths(place.db) == set(place.workplace.objects.files())
    assert len(studies.indexed_paths(place.db)) == len(films)
    assert list((place.workplace.objects.root / "spool").iterdir()) == []


def _note(result: scu.StoreResult, acknowledged: set[Path]) -> None:
    if result.outcome is scu.Outcome.STORED:
        acknowledged.add(result.path)


def test_killed_while_it_sends(make_place: object, tmp_path: Path) -> None:
    """kill -9 of the courier after the PACS got the document and before it could answer: not sent a second time."""
    from pynetdicom import evt

    from dicom_node.provider import answer

    settings = SimulatorSettings(storage=tmp_path / "pacs", port=0)
    with PacsSimulator(settings) as pacs:
        peer = Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=pacs.port)
        place: Place = make_place(peer)  # type: ignore[operator]
        pacs.add_destination(Destination("LLMCXR", "127.0.0.1", place.port))
        path = write_film(tmp_path, "s", accession="ACC-S")
        scu.store(LocalEntity(), peer, [path])
        stores: list[int] = []

        def keep_and_kill(event: object) -> object:
            event.request._dataset_file.close()  # type: ignore[attr-defined]
            pacs.archive.keep(event.dataset_path)  # type: ignore[attr-defined]
            stores.append(1)
            if len(stores) == 1:
                pid = pid_of(place.db, "courier")
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
                time.sleep(0.2)
            return answer(0)

        with running(place.node):
            scu.store(LocalEntity(ae_title="PACS"), place.peer, [path])
            place.draft("ACC-S", "Clear lungs.")
            assert pacs._provider is not None
            pacs._provider._server.bind(evt.EVT_C_STORE, keep_and_kill)
            place.sign("ACC-S", "Clear lungs.")
            wait_for(lambda: state_of(place.db, "ACC-S") == StudyState.CONFIRMED, "confirmed", timeout_s=40)
        assert stores == [1]
        study = studies.find_study(place.db, accession_number="ACC-S")
        assert study is not None
        [delivery] = deliveries.deliveries_of(place.db, study.id)
        assert delivery.state == DeliveryState.CONFIRMED


def test_one_node_a_home_and_a_clean_end(make_place: object, tmp_path: Path) -> None:
    place: Place = make_place(Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=1))  # type: ignore[operator]
    with running(place.node) as node:
        wait_for(lambda: pid_of(place.db, "courier") is not None, "the courier has reported")
        second = NodeProcess(place.node.home, place.port, "courier")
        second.start(wait=False)
        assert second.process is not None
        assert second.process.wait(timeout=30) == 1
        assert "Another courier runs" in node.log
        listener = pid_of(place.db, "listener")
        assert node.stop() == 0
    assert listener is not None
    with pytest.raises(ProcessLookupError):
        os.kill(listener, 0)
    assert pid_of(place.db, "listener") is None and pid_of(place.db, "courier") is None


def test_killed_supervisor_leaves_nobody(make_place: object) -> None:
    """kill -9 of the supervisor ends its parts, so that the next start finds port and locks free."""
    if sys.platform != "linux":
        pytest.skip("the kernel's parent-death signal is Linux's")
    place: Place = make_place(Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=1))  # type: ignore[operator]
    place.node.start()
    place.node.kill()
    with running(place.node):
        wait_for(lambda: pid_of(place.db, "courier") is not None, "the courier has reported")


def _llmcxr(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "llmcxr_ws.cli", *arguments],
        env={**os.environ, "LLMCXR_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_commands(orthanc: Orthanc, make_place: object, tmp_path: Path) -> None:
    import json

    place: Place = make_place(orthanc.peer)  # type: ignore[operator]
    home = place.workplace.home
    path = write_film(tmp_path, "q", accession="ACC-Q")
    film = pydicom.dcmread(path)
    assert "answered in" in _llmcxr(home, "dicom", "echo", "pacs").stdout
    assert _llmcxr(home, "dicom", "store", "pacs", str(path)).returncode == 0
    found = json.loads(_llmcxr(home, "dicom", "find", "pacs", "--json", "--key", "AccessionNumber=ACC-Q",
                               "--key", "StudyInstanceUID").stdout)  # fmt: skip
    assert [row["StudyInstanceUID"] for row in found] == [film.StudyInstanceUID]
    assert "ACC-Q" in _llmcxr(home, "dicom", "find", "pacs", "--key", "AccessionNumber=ACC-Q").stdout
    out = tmp_path / "out"
    got = _llmcxr(
        home, "dicom", "get", "pacs", "--study", film.StudyInstanceUID, "--modality", "DX", "--out", str(out)
    )
    assert got.returncode == 0, got.stderr
    assert pydicom.dcmread(out / f"{film.SOPInstanceUID}.dcm") == film
    nobody = _llmcxr(home, "dicom", "echo", f"NOBODY@127.0.0.1:{free_port()}")
    assert (
        nobody.returncode == 1 and "connection refused" in nobody.stderr and "Traceback" not in nobody.stderr
    )
    unknown = _llmcxr(home, "dicom", "echo", "pax")
    assert unknown.returncode == 1 and "There is no peer 'pax'" in unknown.stderr
    films = json.loads(_llmcxr(home, "dicom", "films").stdout)
    assert len(films) >= 12 and Path(films[0]["path"]).is_file()


def test_simulator_command(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "llmcxr_ws.cli",
            "simulator",
            "--storage",
            str(tmp_path / "s"),
            "--port",
            str(port),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        wait_for(
            lambda: run("echoscu", "-aec", "PACS", "127.0.0.1", port).returncode == 0, "the simulator answers"
        )
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0
