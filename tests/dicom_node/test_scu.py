"""The services as user, against the simulator; tests/integration has Orthanc and DCMTK as the other side."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt

from dicom_node import scu
from dicom_node.association import HeldCheckpoint, LocalEntity, Timeouts, open_association
from dicom_node.commitment import Reference
from dicom_node.simulator.server import PacsSimulator
from dicom_node.simulator.services import Destination
from dicom_node.sop_classes import VERIFICATION
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer
from tests.dicom_node.films import make_film, write_film
from tests.network import free_port

LOCAL = LocalEntity(
    ae_title="LLMCXR", timeouts=Timeouts(connect_s=2, negotiation_s=3, response_s=5, silence_s=2)
)


def test_echo(pacs: Peer) -> None:
    assert 0 < scu.echo(LOCAL, pacs) < 5


def test_nothing_listens() -> None:
    peer = Peer(name="gone", ae_title="PACS", host="127.0.0.1", port=free_port())
    with pytest.raises(
        DicomError, match=r"gone \(PACS at 127.0.0.1:\d+\) can't be reached: connection refused"
    ):
        scu.echo(LOCAL, peer)


def test_wrong_called_ae_title(pacs: Peer) -> None:
    with pytest.raises(DicomError, match="called AE title 'OTHER' not recognised"):
        scu.echo(LOCAL, pacs.model_copy(update={"ae_title": "OTHER"}))


def test_silent_service() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = Peer(name="mute", ae_title="PACS", host="127.0.0.1", port=server.getsockname()[1])
        with pytest.raises(DicomError, match="took the connection but didn't answer"):
            scu.echo(LocalEntity(timeouts=Timeouts(negotiation_s=0.3, silence_s=0.3)), peer)


def test_half_an_answer_ends_at_the_deadline() -> None:
    """A peer that sends half a PDU and falls silent doesn't hold us for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def half() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"\x02\x00\x00\x00\x01")
                time.sleep(3)

        thread = threading.Thread(target=half)
        thread.start()
        peer = Peer(name="half", ae_title="PACS", host="127.0.0.1", port=server.getsockname()[1])
        started = time.monotonic()
        with pytest.raises(DicomError):
            scu.echo(LocalEntity(timeouts=Timeouts(negotiation_s=5, silence_s=0.5)), peer)
        assert time.monotonic() - started < 3
        thread.join()


def test_store_keeps_the_bytes(pacs: Peer, simulator: PacsSimulator, tmp_path: Path) -> None:
    path = write_film(tmp_path, "a")
    seen: list[scu.StoreResult] = []
    results = scu.store(LOCAL, pacs, [path], seen.append)
    assert (
        [result.outcome for result in results] == [scu.Outcome.STORED] == [result.outcome for result in seen]
    )
    [held] = simulator.archive.instances()
    original, kept = pydicom.dcmread(path), pydicom.dcmread(held.path)
    assert kept == original
    assert kept.file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID


def test_store_twice_is_safe(pacs: Peer, simulator: PacsSimulator, tmp_path: Path) -> None:
    path = write_film(tmp_path, "a")
    for _ in range(2):
        [result] = scu.store(LOCAL, pacs, [path])
        assert result.outcome is scu.Outcome.STORED
    assert len(simulator.archive) == 1


def test_store_refuses_what_is_no_dicom_file(pacs: Peer, tmp_path: Path) -> None:
    text = tmp_path / "letter.txt"
    text.write_text("nothing to see")
    with pytest.raises(DicomError, match=r"letter\.txt can't be sent"):
        scu.store(LOCAL, pacs, [text])


def test_store_says_what_the_peer_does_not_take(pacs: Peer, tmp_path: Path) -> None:
    """A private SOP class gets no presentation context; the other file goes through."""
    odd = make_film("odd")
    odd.SOPClassUID = odd.file_meta.MediaStorageSOPClassUID = "1.2.826.0.1.3680043.9.9999.1"
    odd.save_as(tmp_path / "odd.dcm", enforce_file_format=True)
    results = scu.store(LOCAL, pacs, [tmp_path / "odd.dcm", write_film(tmp_path, "b")])
    assert [result.outcome for result in results] == [scu.Outcome.REFUSED, scu.Outcome.STORED]
    assert "doesn't take" in results[0].sentence
    assert not results[0].retry


def test_find_levels_and_matching(pacs: Peer, tmp_path: Path) -> None:
    paths = [
        write_film(tmp_path, "a", patient_id="P1", patient_name="Mueller^Anna", accession="A-1"),
        write_film(
            tmp_path, "b", patient_id="P1", patient_name="Mueller^Anna", accession="A-1", study_seed="a"
        ),
        write_film(tmp_path, "c", patient_id="P2", patient_name="Schmidt^Bo", accession="A-2"),
    ]
    scu.store(LOCAL, pacs, paths)
    study = pydicom.dcmread(paths[0], stop_before_pixels=True)
    [match] = scu.find(LOCAL, pacs, "STUDY", {"AccessionNumber": "A-1", "NumberOfStudyRelatedInstances": ""})
    assert match.StudyInstanceUID == study.StudyInstanceUID
    assert match.NumberOfStudyRelatedInstances == 2
    assert len(scu.find(LOCAL, pacs, "STUDY", {"PatientName": "mueller*"})) == 1
    assert len(scu.find(LOCAL, pacs, "STUDY", {"StudyDate": "20260101-20261231"})) == 2
    assert scu.find(LOCAL, pacs, "STUDY", {"StudyDate": "-20251231"}) == []
    assert len(scu.find(LOCAL, pacs, "PATIENT", {"PatientID": "P?"}, model="patient")) == 2
    images = scu.find(
        LOCAL, pacs, "IMAGE", {"StudyInstanceUID": str(study.StudyInstanceUID), "SOPInstanceUID": ""}
    )
    assert len(images) == 2
    both = [str(pydicom.dcmread(path).SOPInstanceUID) for path in paths[1:]]
    assert {
        str(image.SOPInstanceUID) for image in scu.find(LOCAL, pacs, "IMAGE", {"SOPInstanceUID": both})
    } == set(both)
    assert len(scu.find(LOCAL, pacs, "IMAGE", {"SOPInstanceUID": ""}, limit=1)) == 1


def test_find_refusals(pacs: Peer) -> None:
    with pytest.raises(DicomError, match="isn't the keyword"):
        scu.find(LOCAL, pacs, "STUDY", {"PatientNam": "x"})
    with pytest.raises(DicomError, match="A900H"):
        scu.find(LOCAL, pacs, "PATIENT", {"PatientID": "x"})  # no patient level in the study root model


def test_get(pacs: Peer, tmp_path: Path) -> None:
    path = write_film(tmp_path, "a")
    scu.store(LOCAL, pacs, [path])
    film = pydicom.dcmread(path)
    got = tmp_path / "got.dcm"
    temporary: list[Path] = []

    def sink(part: Path) -> int:
        temporary.append(part)
        shutil.copy(part, got)
        return 0

    result = scu.get(LOCAL, pacs, "STUDY", {"StudyInstanceUID": str(film.StudyInstanceUID)}, sink)
    assert (result.status, result.completed, result.failed) == (0, 1, 0)
    assert pydicom.dcmread(got) == film
    assert not temporary[0].exists()


def test_move_between_two_archives(pacs: Peer, simulator: PacsSimulator, tmp_path: Path) -> None:
    from dicom_node.simulator.server import SimulatorSettings

    path = write_film(tmp_path, "a")
    scu.store(LOCAL, pacs, [path])
    query = {"StudyInstanceUID": str(pydicom.dcmread(path).StudyInstanceUID)}
    with pytest.raises(DicomError, match="A801H, move destination unknown"):
        scu.move(LOCAL, pacs, "STUDY", query, "OTHER")
    settings = SimulatorSettings(storage=tmp_path / "other", ae_title="OTHER", port=0)
    with PacsSimulator(settings) as other:
        simulator.add_destination(Destination("OTHER", "127.0.0.1", other.port))
        result = scu.move(LOCAL, pacs, "STUDY", query, "OTHER")
        assert (result.status, result.completed) == (0, 1)
        [held] = other.archive.instances()
    assert pydicom.dcmread(held.path) == pydicom.dcmread(path)


def test_commitment_without_an_address_is_refused(pacs: Peer) -> None:
    with pytest.raises(DicomError, match="0124H, not authorised"):
        scu.request_commitment(LOCAL, pacs, "1.2.3", [Reference("1.2", "1.2.4")])


def test_the_reactor_never_takes_our_answers(pacs: Peer, simulator: PacsSimulator) -> None:
    """Stock pynetdicom loses about one answer in 800 to its own reactor; ours is held for the association's life."""
    with open_association(LOCAL, pacs, [(VERIFICATION, ("1.2.840.10008.1.2",))]) as association:
        assert isinstance(association.raw._reactor_checkpoint, HeldCheckpoint)
        for _ in range(400):
            assert association.raw.send_c_echo().Status == 0
        assert association.raw._is_paused
        raw = association.raw
    assert not raw.is_alive()
    assert not raw.dul.is_alive()


def test_peer_that_dies_is_noticed(pacs: Peer, simulator: PacsSimulator, tmp_path: Path) -> None:
    """After an abort in the middle the outcome is unknown and what follows is not sent; nothing hangs."""
    paths = [write_film(tmp_path, name) for name in "abc"]

    def die(event: object) -> int:
        event.assoc.abort()  # type: ignore[attr-defined]
        return 0

    assert simulator._provider is not None
    simulator._provider._server.bind(evt.EVT_C_STORE, die)
    results = scu.store(LOCAL, pacs, paths)
    assert [result.outcome for result in results] == [
        scu.Outcome.UNKNOWN,
        scu.Outcome.NOT_SENT,
        scu.Outcome.NOT_SENT,
    ]
    assert all(result.retry for result in results)


@pytest.mark.slow
def test_four_thousand_sends_and_none_lost(pacs: Peer, simulator: PacsSimulator, tmp_path: Path) -> None:
    """At the stock library's rate about five of these answers would be lost."""
    path = write_film(tmp_path, "small", size=16)
    for _ in range(4):
        results = scu.store(LOCAL, pacs, [path] * 1000)
        assert all(result.outcome is scu.Outcome.STORED for result in results)


def _endless(count: int) -> Callable[[Any], Iterator[tuple[int, Dataset | None]]]:
    def find(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        for number in range(count):  # whatever we cancel
            match = Dataset()
            match.QueryRetrieveLevel, match.PatientID = "STUDY", f"P-{number}"
            yield 0xFF00, match

    return find


def test_a_peer_that_answers_without_end_is_left(
    pacs: Peer, simulator: PacsSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has more matches than anybody wants, and goes on after the cancel."""
    monkeypatch.setattr(scu, "MOST_MATCHES", 20)
    monkeypatch.setattr(scu, "_MOST_AFTER_CANCEL", 10)
    assert simulator._provider is not None
    simulator._provider._server.bind(evt.EVT_C_FIND, _endless(500))
    started = time.monotonic()
    with pytest.raises(DicomError, match="answers with more than 20 matches"):
        scu.find(LOCAL, pacs, "STUDY", {"PatientID": ""})
    assert len(scu.find(LOCAL, pacs, "STUDY", {"PatientID": ""}, limit=5)) == 5
    assert time.monotonic() - started < 10
    simulator._provider._server.bind(evt.EVT_C_FIND, _endless(20))
    assert len(scu.find(LOCAL, pacs, "STUDY", {"PatientID": ""})) == 20  # exactly as many is no fault


def test_many_questions_on_one_association(pacs: Peer, simulator: PacsSimulator, tmp_path: Path) -> None:
    scu.store(LOCAL, pacs, [write_film(tmp_path, name, accession=f"A-{name}") for name in "abc"])
    opened: list[int] = []
    assert simulator._provider is not None
    simulator._provider._server.bind(evt.EVT_ACCEPTED, lambda event: opened.append(1))
    with scu.open_finding(LOCAL, pacs) as finding:
        found = [len(finding.ask("STUDY", {"AccessionNumber": f"A-{name}"})) for name in "abcd"]
    assert (found, opened) == ([1, 1, 1, 0], [1])


def test_a_get_whose_files_cant_be_kept_says_so(pacs: Peer, tmp_path: Path) -> None:
    path = write_film(tmp_path, "a")
    scu.store(LOCAL, pacs, [path])

    def full(part: Path) -> int:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        scu.get(LOCAL, pacs, "STUDY", {"StudyInstanceUID": str(pydicom.dcmread(path).StudyInstanceUID)}, full)


def test_what_wasnt_retrieved_is_named(pacs: Peer, tmp_path: Path) -> None:
    """The list of failed instances (0008,0058) comes with the last answer."""
    paths = [write_film(tmp_path, name, study_seed="one") for name in "ab"]
    scu.store(LOCAL, pacs, paths)
    films = [pydicom.dcmread(path) for path in paths]
    refused = str(films[1].SOPInstanceUID)

    def sink(part: Path) -> int:
        return 0xA700 if pydicom.dcmread(part).SOPInstanceUID == refused else 0

    result = scu.get(LOCAL, pacs, "STUDY", {"StudyInstanceUID": str(films[0].StudyInstanceUID)}, sink)
    assert (result.status, result.completed, result.failed) == (0xB000, 1, 1)
    assert result.failed_uids == (refused,)
