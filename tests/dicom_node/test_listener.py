"""The listener over the network, with our own user as sender; DCMTK and Orthanc send in tests/integration."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
import pytest
from sqlalchemy import text

from dicom_node import scu, statuses
from dicom_node.admission import is_address_of
from dicom_node.association import LocalEntity, open_association
from dicom_node.commitment import Reference
from dicom_node.listener import Listener
from dicom_node.simulator.server import PacsSimulator
from dicom_node.simulator.services import Destination
from dicom_node.sop_classes import DX_FOR_PRESENTATION, EXPLICIT_LITTLE
from llmcxr_ws import site_document
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import configuration, deliveries, studies
from llmcxr_ws.store.models import Audit
from llmcxr_ws.workplace import Workplace
from llmcxr_ws.write_back import Pending
from tests.dicom_node.films import make_film, write_film
from tests.network import wait_for

SENDER = LocalEntity(ae_title="SENDER")


def _send(node: Peer, *paths: Path) -> list[scu.StoreResult]:
    return scu.store(SENDER, node, list(paths))


def _events(workplace: Workplace) -> list[str]:
    with workplace.db.read() as session:
        return [row.event for row in session.query(Audit).order_by(Audit.id)]


def _spool(workplace: Workplace) -> list[Path]:
    return list((workplace.objects.root / "spool").iterdir())


def _quarantine(workplace: Workplace) -> list[Path]:
    return list((workplace.objects.root / "quarantine").rglob("*.dcm"))


def test_received_film_is_on_disk_and_in_the_index(node: Peer, workplace: Workplace, tmp_path: Path) -> None:
    path = write_film(tmp_path, "a", accession="ACC-1")
    [result] = _send(node, path)
    assert result.status == statuses.SUCCESS
    study = studies.find_study(workplace.db, accession_number="ACC-1")
    assert study is not None
    assert (study.state, study.source_peer, study.instances) == (StudyState.RECEIVING, "sender", 1)
    [row] = studies.instances_of(workplace.db, study.id)
    kept = pydicom.dcmread(workplace.objects.path(row.path))
    film = pydicom.dcmread(path)
    assert kept == film
    assert row.facts["view"] == "PA" and row.facts["has_pixels"] is True
    assert study.identity.patient_name == str(film.PatientName)
    assert str(film.SOPInstanceUID) not in row.path
    assert not _spool(workplace)


@pytest.mark.allow_log("association rejected")
def test_titles_are_checked(node: Peer, workplace: Workplace, tmp_path: Path) -> None:
    with pytest.raises(DicomError, match="calling AE title 'STRANGER' not recognised"):
        scu.echo(LocalEntity(ae_title="STRANGER"), node)
    with pytest.raises(DicomError, match="called AE title 'OTHER' not recognised"):
        scu.echo(SENDER, node.model_copy(update={"ae_title": "OTHER"}))
    [result] = scu.store(LocalEntity(ae_title="PACS"), node, [write_film(tmp_path)])
    assert result.status == statuses.NOT_AUTHORISED  # this peer isn't configured to send
    assert studies.worklist(workplace.db) == []
    assert not _spool(workplace)


@pytest.mark.allow_log("association rejected")
def test_a_peer_may_be_bound_to_its_host(node: Peer, workplace: Workplace) -> None:
    text_in_force = configuration.site_text(workplace.db)

    def bind(host: str) -> None:
        values = site_document.values_of(text_in_force)
        at = next(n for n, peer in enumerate(values["peer"]) if peer["ae_title"] == SENDER.ae_title)
        bound = site_document.with_value(text_in_force, ("peer", at, "from_host"), True)
        bound = site_document.with_value(bound, ("peer", at, "host"), host)
        configuration.import_site(workplace.db, bound, user="service")

    bind("localhost")
    assert scu.echo(SENDER, node) >= 0
    bind("192.0.2.7")
    with pytest.raises(DicomError, match="not recognised"):
        scu.echo(SENDER, node)
    bind("no-such-host.invalid")
    with pytest.raises(DicomError, match="not recognised"):
        scu.echo(SENDER, node)


@pytest.mark.parametrize(
    ("host", "address", "is_its"),
    [
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("::1", "fe80::1%lo", False),
    ],
)
def test_addresses_are_compared_as_addresses(host: str, address: str, is_its: bool) -> None:
    assert is_address_of(host, address) is is_its


def test_duplicate_is_no_news(node: Peer, workplace: Workplace, tmp_path: Path) -> None:
    path = write_film(tmp_path, "a")
    for _ in range(3):
        assert _send(node, path)[0].status == statuses.SUCCESS
    [study] = studies.worklist(workplace.db)
    assert study.instances == 1
    assert _events(workplace).count("instance.received") == 1
    assert len(list(workplace.objects.files())) == 1


@pytest.mark.allow_log("event='refused'")
def test_other_content_under_the_same_uid_is_refused(
    node: Peer, workplace: Workplace, tmp_path: Path
) -> None:
    path = write_film(tmp_path, "a")
    _send(node, path)
    changed = pydicom.dcmread(path)
    changed.PatientName = "Someone^Else"
    changed.save_as(tmp_path / "changed.dcm")
    [result] = _send(node, tmp_path / "changed.dcm")
    assert result.outcome is scu.Outcome.REFUSED
    assert result.status == statuses.DUPLICATE_UID_OTHER_CONTENT
    assert "instance.duplicate_uid" in _events(workplace)
    [evidence] = _quarantine(workplace)
    assert pydicom.dcmread(evidence).PatientName == "Someone^Else"
    [row] = studies.instances_of(workplace.db, studies.worklist(workplace.db)[0].id)
    assert pydicom.dcmread(workplace.objects.path(row.path)).PatientName == "Test^Person"


def _cut(path: Path, count: int) -> Path:
    cut = path.with_name("cut.dcm")
    cut.write_bytes(path.read_bytes()[:-count])
    return cut


@pytest.mark.allow_log("event='refused'")
def test_truncated_film_is_refused_shown_and_healed(node: Peer, workplace: Workplace, tmp_path: Path) -> None:
    path = write_film(tmp_path, "a")
    [result] = _send(node, _cut(path, 1000))
    assert result.status == statuses.TRUNCATED
    assert "1000 bytes are missing" in result.sentence
    [study] = studies.worklist(workplace.db)
    [row] = studies.instances_of(workplace.db, study.id)
    assert "ends too early" in row.defect
    assert len(_quarantine(workplace)) == 1 and not _spool(workplace)
    assert _send(node, path)[0].status == statuses.SUCCESS
    [row] = studies.instances_of(workplace.db, study.id)
    assert row.defect == ""
    assert pydicom.dcmread(workplace.objects.path(row.path)) == pydicom.dcmread(path)
    assert _send(node, _cut(path, 1000))[0].status == statuses.TRUNCATED  # the sound one stays
    assert studies.instances_of(workplace.db, study.id) == [row]


def _short_pixels(film: pydicom.Dataset) -> None:
    film.PixelData = film.PixelData[:100]


def _no_study(film: pydicom.Dataset) -> None:
    del film.StudyInstanceUID


def _other_uid(film: pydicom.Dataset) -> None:
    film.SOPInstanceUID = "1.2.3.4"


@pytest.mark.parametrize(
    ("spoil", "status", "comment"),
    [
        (_short_pixels, statuses.TRUNCATED, "100 bytes where the header announces 4096"),
        (_no_study, statuses.CANNOT_UNDERSTAND, "no valid StudyInstanceUID"),
        (_other_uid, statuses.DOES_NOT_MATCH_CLASS, "UIDs of command and data set differ"),
    ],
)
@pytest.mark.allow_log("event='refused'")
def test_refused_with_a_reason(
    node: Peer,
    workplace: Workplace,
    tmp_path: Path,
    spoil: Callable[[pydicom.Dataset], None],
    status: int,
    comment: str,
) -> None:
    film = make_film("bad")
    spoil(film)
    film.preamble = b"\0" * 128
    film.save_as(tmp_path / "bad.dcm")
    [result] = _send(node, tmp_path / "bad.dcm")
    assert (result.outcome, result.status) == (scu.Outcome.REFUSED, status)
    assert comment in result.sentence
    assert len(_quarantine(workplace)) == 1 and not _spool(workplace)
    assert list(workplace.objects.files()) == []


@pytest.mark.allow_log("disk nearly full")
def test_nearly_full_disk(workplace: Workplace, tmp_path: Path) -> None:
    full = Workplace(
        workplace.home,
        workplace.config.model_copy(update={"min_free_mb": 10**9}),
        workplace.db,
        workplace.objects,
    )
    listener = Listener(full)
    listener.start(port=0)
    try:
        node = Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=listener.port)
        [result] = _send(node, write_film(tmp_path))
        assert result.status == statuses.OUT_OF_RESOURCES
        assert result.retry
        assert studies.worklist(workplace.db) == [] and not _spool(workplace)
    finally:
        listener.stop()


@pytest.mark.allow_log("not stored")
def test_broken_index_is_answered_and_the_listener_lives(
    node: Peer, workplace: Workplace, tmp_path: Path
) -> None:
    """The database refuses: out of resources, no success; when it is mended the resend succeeds."""
    with workplace.db.write() as session:
        session.execute(text("ALTER TABLE instance RENAME TO gone"))
    path = write_film(tmp_path)
    [result] = _send(node, path)
    assert result.status == statuses.OUT_OF_RESOURCES and result.retry
    with workplace.db.write() as session:
        session.execute(text("ALTER TABLE gone RENAME TO instance"))
    assert _send(node, path)[0].status == statuses.SUCCESS
    assert len(list(workplace.objects.files())) == 1


@pytest.mark.allow_log("after the last run")
def test_rows_deleted_by_hand_are_there_again(
    node: Peer, listener: Listener, workplace: Workplace, tmp_path: Path
) -> None:
    paths = [write_film(tmp_path, name) for name in "abc"]
    _send(node, *paths)
    listener.stop()
    with workplace.db.write() as session:
        session.execute(text("DELETE FROM instance WHERE id > 1"))
        session.execute(text("DELETE FROM study WHERE id = 3"))
    (workplace.objects.root / "spool" / "left.dcm").write_bytes(b"half")
    again = Listener(workplace)
    again.start(port=0)
    again.stop()
    assert [study.instances for study in sorted(studies.worklist(workplace.db), key=lambda s: s.id)] == [
        1,
        1,
        1,
    ]
    assert studies.indexed_paths(workplace.db) == set(workplace.objects.files())
    assert not _spool(workplace)


def test_half_an_object_leaves_nothing(node: Peer, workplace: Workplace, tmp_path: Path) -> None:
    """The sender vanishes in the middle of a data set: no file, no row, and the next one is served."""
    path = write_film(tmp_path, "a", size=512)
    with open_association(SENDER, node, [(DX_FOR_PRESENTATION, (EXPLICIT_LITTLE,))]) as association:
        raw = association.raw
        original = raw.dul.socket.send

        sent = 0

        def cut_off(data: bytes) -> None:
            nonlocal sent
            sent += 1
            if sent == 3:
                raw.dul.socket.socket.shutdown(socket.SHUT_RDWR)
            original(data)

        raw.dul.socket.send = cut_off
        assert "Status" not in raw.send_c_store(path)
    wait_for(lambda: not _spool(workplace), "the partial file is gone")
    assert studies.worklist(workplace.db) == []
    assert _send(node, path)[0].status == statuses.SUCCESS


def test_half_a_pdu_then_silence_is_cut_off(workplace: Workplace) -> None:
    quick = Workplace(
        workplace.home,
        workplace.config.model_copy(update={"network_timeout_s": 0.5}),
        workplace.db,
        workplace.objects,
    )
    listener = Listener(quick)
    listener.start(port=0)
    try:
        with socket.create_connection(("127.0.0.1", listener.port), timeout=5) as connection:
            connection.sendall(b"\x01\x00\x00\x00\x01\x00half")
            started = time.monotonic()
            assert connection.recv(100) == b""
            assert time.monotonic() - started < 3
    finally:
        listener.stop(grace_s=0)


def test_commitment_report_reaches_the_store(
    listener: Listener, workplace: Workplace, simulator: PacsSimulator, pacs: Peer, tmp_path: Path
) -> None:
    path = write_film(tmp_path)
    local = LocalEntity(ae_title="LLMCXR")
    scu.store(local, pacs, [path])
    simulator.add_destination(Destination("LLMCXR", "127.0.0.1", listener.port))
    film = pydicom.dcmread(path)
    held, absent = str(film.SOPInstanceUID), "1.2.3"
    references = [Reference(str(film.SOPClassUID), uid) for uid in (held, absent)]
    scu.request_commitment(local, pacs, "2.25.7", references)

    def results() -> list[tuple[str, int | None]]:
        with workplace.db.read() as session:
            rows = session.execute(text("SELECT sop_instance_uid, failure_reason FROM commitment_result"))
            return sorted((row[0], row[1]) for row in rows)

    wait_for(lambda: len(results()) == 2, "both results")
    assert results() == sorted([(held, None), (absent, statuses.NO_SUCH_INSTANCE)])
    assert deliveries.unconfirmed(workplace.db) == []


def test_the_process_stays_small() -> None:
    """Neither highdicom nor an inference runtime nor Qt comes with the listener."""
    script = (
        "import sys, dicom_node.listener;"
        "heavy = {'highdicom', 'torch', 'onnxruntime', 'PySide6', 'transformers'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.allow_log("event='refused'")
def test_no_patient_data_in_the_log(
    node: Peer, workplace: Workplace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_film(
        tmp_path, "a", patient_name="Marker^Zebra", patient_id="MARKER-ID-77", accession="MARKER-ACC"
    )
    with caplog.at_level("DEBUG"):
        _send(node, path, _cut(path, 50))
    said = caplog.text
    assert "received" in said
    for secret in ("Zebra", "MARKER-ID-77", "MARKER-ACC", str(pydicom.dcmread(path).SOPInstanceUID)):
        assert secret not in said


@pytest.mark.allow_log("not stored")
def test_a_disk_that_fails_before_a_film_has_its_name(
    workplace: Workplace, node: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = Pending.wait

    def failing(pending: Pending) -> None:
        wait(pending)
        raise OSError(errno.EIO, "Input/output error")

    path = write_film(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Pending, "wait", failing)
        [refused] = _send(node, path)
    assert refused.status == statuses.PROCESSING_FAILURE
    assert list(workplace.objects.files()) == [] == _spool(workplace)
    assert studies.worklist(workplace.db) == []
    assert _send(node, path)[0].status == statuses.SUCCESS


@pytest.mark.allow_log("not stored")
def test_a_disk_that_fails_over_a_film_that_was_lost(
    workplace: Workplace, node: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system tells a failure once: a second sync of the same file would find nothing wrong."""
    path = write_film(tmp_path)
    assert _send(node, path)[0].status == statuses.SUCCESS
    [kept] = workplace.objects.files()
    workplace.objects.path(kept).unlink()

    wait = Pending.wait

    def failing(pending: Pending) -> None:
        wait(pending)
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Pending, "wait", failing)
        [refused] = _send(node, path)
    assert refused.status == statuses.PROCESSING_FAILURE
    assert list(workplace.objects.files()) == [] == _spool(workplace)
    assert _send(node, path)[0].status == statuses.SUCCESS
    assert list(workplace.objects.files()) == [kept]


@pytest.mark.allow_log("not stored")
def test_a_disk_that_fails_at_the_last_moment(
    workplace: Workplace, node: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name and row are there already when the sync says no: neither counts, and sent again it is taken."""

    @contextmanager
    def failing(*_descriptors: int) -> Iterator[None]:
        yield
        raise OSError(errno.EIO, "Input/output error")

    path = write_film(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("llmcxr_ws.write_back.beside", failing)
        [refused] = _send(node, path)
    assert refused.status == statuses.PROCESSING_FAILURE
    assert list(workplace.objects.files()) == []
    [study] = studies.worklist(workplace.db)
    [row] = studies.instances_of(workplace.db, study.id)
    assert row.defect
    [taken] = _send(node, path)
    assert taken.status == statuses.SUCCESS
    [row] = studies.instances_of(workplace.db, study.id)
    assert not row.defect and workplace.objects.path(row.path).is_file()
