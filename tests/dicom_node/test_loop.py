"""The listener's answers to broken and odd senders, in this process; many at once, and memory: tests/robustness."""

from __future__ import annotations

import os
import resource
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dicom_node import scu, statuses
from dicom_node.association import MAX_PDU_BYTES, LocalEntity
from dicom_node.listener import Listener
from dicom_node.spool import FreeSpace
from llmcxr_ws import site_document
from llmcxr_ws.site import Peer
from llmcxr_ws.store import configuration, studies
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.raw_peer import ABORT, ACCEPT, REJECT, RawPeer, pdu, request, store_command, value
from tests.network import wait_for

SENDER = LocalEntity(ae_title="SENDER")
SILENCE_S, PDU_S = 0.6, 0.9


def _listener(workplace: Workplace, **changes: object) -> Listener:
    quick = {"network_timeout_s": SILENCE_S, "pdu_timeout_s": PDU_S, **changes}
    place = Workplace(
        workplace.home, workplace.config.model_copy(update=quick), workplace.db, workplace.objects
    )
    running = Listener(place)
    running.start(port=0)
    return running


@pytest.fixture
def quick(workplace: Workplace) -> Iterator[Listener]:
    """A listener with short deadlines; afterwards no thread, descriptor or file of it may be left."""
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    running = _listener(workplace)
    yield running
    wait_for(lambda: not running._loop or running._loop.associations == 0, "every association has ended")
    running.stop()
    workplace.db.engine.dispose()
    assert list((workplace.objects.root / "spool").iterdir()) == []
    wait_for(lambda: threading.active_count() <= threads, "every thread has ended")
    wait_for(lambda: len(os.listdir("/proc/self/fd")) <= descriptors + 1, "every descriptor is closed")


def _serves(listener: Listener) -> None:
    node = Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=listener.port)
    assert scu.echo(SENDER, node) >= 0


def _film_bytes(size: int = 64) -> tuple[str, bytes]:
    """A film's SOP Instance UID and its data set as it travels."""
    from pynetdicom.dsutils import encode

    film = make_film("raw", size=size)
    encoded = encode(film, False, True)
    assert encoded is not None
    return str(film.SOPInstanceUID), encoded


def _silent(peer: RawPeer) -> None:
    """Say nothing more."""


def _trickle_in_a_pdu(peer: RawPeer) -> None:
    peer.send(struct.pack(">BxLLBB", 4, 4000, 3996, 1, 1))
    _drip(peer, b"\0")


def _trickle_of_pdus(peer: RawPeer) -> None:
    uid, _ = _film_bytes()
    peer.send(value(3, store_command(uid)))
    _drip(peer, value(0, b"\0"))


def _drip(peer: RawPeer, part: bytes) -> None:
    """Ten times a second, until it is cut off."""

    def send() -> None:
        try:
            for _ in range(100):
                peer.send(part)
                time.sleep(0.1)
        except OSError:
            pass

    threading.Thread(target=send, daemon=True).start()


def _half_a_message(peer: RawPeer) -> None:
    uid, data = _film_bytes()
    peer.send(value(3, store_command(uid)), value(0, data[:1000]))


def _half_a_pdu(peer: RawPeer) -> None:
    uid, data = _film_bytes()
    peer.send(value(3, store_command(uid)), value(0, data[:1000])[:-100])


@pytest.mark.parametrize(
    "behave", [_silent, _half_a_pdu, _half_a_message, _trickle_in_a_pdu, _trickle_of_pdus]
)
def test_who_keeps_us_waiting_is_aborted(quick: Listener, behave: Callable[[RawPeer], None]) -> None:
    with RawPeer(quick.port) as peer:
        started = time.monotonic()
        behave(peer)
        assert peer.read() == (ABORT, bytes((0, 0, 2, 0)))
        assert time.monotonic() - started < 2 * (SILENCE_S + PDU_S)
    _serves(quick)


@pytest.mark.parametrize("said", [b"", b"\x01", request()[:40]])
def test_who_never_asks_for_an_association_is_cut_off(quick: Listener, said: bytes) -> None:
    with RawPeer(quick.port, associate=False) as peer:
        started = time.monotonic()
        peer.send(said)
        assert peer.read() == (0, b"")  # no A-ABORT: there was nothing to abort
        assert time.monotonic() - started < 2 * (SILENCE_S + PDU_S)


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        pdu(0x42, b"....."),
        pdu(1, b"", length=0xFFFFFFFF),
        pdu(1, b"\0" * 80),
        pdu(4, b"\0\0\0\x02\x01\x03"),
    ],
)
def test_garbage_instead_of_a_request(quick: Listener, first: bytes) -> None:
    with RawPeer(quick.port, associate=False) as peer:
        started = time.monotonic()
        peer.send(first)
        assert peer.read()[0] == ABORT
        assert time.monotonic() - started < SILENCE_S
    _serves(quick)


UID = "1.2.3.4"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([pdu(4, b"", length=0xFFFFFFFF)], id="length-2^32-1"),
        pytest.param([pdu(4, b"", length=MAX_PDU_BYTES + 1)], id="longer-than-negotiated"),
        pytest.param([pdu(4, b"\0\0\0\x09\x01\x03")], id="value-longer-than-its-pdu"),
        pytest.param([pdu(4, b"\0\0\0\x01\x01")], id="value-too-short"),
        pytest.param([pdu(0x42, b"")], id="unknown-type"),
        pytest.param([request()], id="second-request"),
        pytest.param([value(2, b"data")], id="data-before-a-command"),
        pytest.param([value(3, store_command(UID), 3)], id="context-never-proposed"),
        pytest.param([value(3, store_command(UID)), value(2, b"", 3)], id="two-contexts"),
        pytest.param([value(3, store_command(UID)), value(3, store_command(UID))], id="two-commands"),
        pytest.param([value(3, store_command(UID, e0100=None))], id="no-command-field"),
        pytest.param(
            [value(3, store_command(UID, e0100=b"\x99\x99", e0800=b"\x01\x01"))], id="unknown-command"
        ),
        pytest.param([value(3, b"\xff" * 50)], id="garbage-command"),
        pytest.param([value(3, b"")], id="empty-command"),
        pytest.param([value(1, b"\0" * 60_000), value(1, b"\0" * 60_000)], id="endless-command"),
        pytest.param([value(3, store_command(UID)), pdu(5, b"\0" * 4)], id="release-within-a-message"),
    ],
)
def test_broken_protocol_is_aborted_at_once(quick: Listener, sent: list[bytes]) -> None:
    with RawPeer(quick.port) as peer:
        started = time.monotonic()
        peer.send(*sent)
        assert peer.read()[0] == ABORT
        assert time.monotonic() - started < SILENCE_S
    _serves(quick)


@pytest.mark.parametrize("how", ["close", "reset", "abort"])
def test_the_sender_leaves_within_a_data_set(quick: Listener, workplace: Workplace, how: str) -> None:
    uid, data = _film_bytes()
    with RawPeer(quick.port) as peer:
        peer.send(value(3, store_command(uid)), value(0, data[:2000]), value(0, data[2000:3000])[:-10])
        wait_for(lambda: list((workplace.objects.root / "spool").iterdir()), "it has begun")
        if how == "abort":
            peer.send(data[2990:3000], pdu(ABORT, b"\0\0\0\0"))
            assert peer.read()[0] == 0
        elif how == "reset":
            peer.socket.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SOL_SOCKET, SO_LINGER
    assert studies.worklist(workplace.db) == []
    _serves(quick)


def test_statuses_of_odd_requests(quick: Listener, workplace: Workplace) -> None:
    uid, data = _film_bytes()
    other = "1.2.840.10008.5.1.4.1.1.1"
    with RawPeer(quick.port) as peer:
        peer.send(value(3, store_command(uid, e0800=b"\x01\x01")))
        assert peer.status() == statuses.CANNOT_UNDERSTAND  # no data set
        peer.send(value(3, store_command(uid, sop_class=other)), value(2, data))
        assert peer.status() == statuses.DOES_NOT_MATCH_CLASS
        unusual = store_command(uid, e0001=b"\0\0")  # an element that no C-STORE-RQ has: pydicom reads it
        peer.send(value(3, unusual), value(2, data))
        assert peer.status() == statuses.SUCCESS
        peer.send(*(value(1, bytes([byte])) for byte in store_command(uid)), value(3, b""), value(2, data))
        assert peer.status() == statuses.SUCCESS  # in as many fragments as bytes; the same film again
        peer.send(*[value(3, store_command(uid)) + value(2, data)] * 3)  # without waiting for answers
        assert [peer.status() for _ in range(3)] == [statuses.SUCCESS] * 3
        peer.send(pdu(5, b"\0" * 4))
        assert peer.read()[0] == 6
    assert [study.instances for study in studies.worklist(workplace.db)] == [1]


def test_nothing_that_we_support_is_proposed(quick: Listener) -> None:
    with RawPeer(quick.port, associate=False) as peer:
        peer.send(request(abstract="1.2.840.10008.5.1.4.1.1.481.1"))
        kind, body = peer.read()
        assert kind == ACCEPT and b"\x21\0" in body
        peer.send(value(3, store_command(UID)))
        assert peer.read()[0] == ABORT


@pytest.mark.allow_log("not stored")
def test_a_full_disk_is_answered_and_leaves_nothing(
    quick: Listener, workplace: Workplace, tmp_path: Path
) -> None:
    """The system refuses to write on (here: the largest file that this process may have)."""
    path = write_film(tmp_path, "large", size=2048)
    node = Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=quick.port)
    _, hard = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, hard))
    try:
        [result] = scu.store(SENDER, node, [path])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (result.status, result.retry) == (statuses.OUT_OF_RESOURCES, True)
    assert studies.worklist(workplace.db) == []
    assert scu.store(SENDER, node, [path])[0].status == statuses.SUCCESS


@pytest.mark.allow_log("event='refused'")
@pytest.mark.parametrize(
    ("change", "status", "folder"),
    [(-5000, statuses.TRUNCATED, "quarantine"), (6000, statuses.SUCCESS, "received")],
)
def test_a_length_announced_wrongly(
    quick: Listener, workplace: Workplace, change: int, status: int, folder: str
) -> None:
    """What is reserved on the disk for the announced length is no part of the file."""
    from pynetdicom.dsutils import encode

    film = make_film("announced", size=400)
    encoded = encode(film, False, True)
    assert encoded is not None
    data = encoded[:change] if change < 0 else encoded + bytes(change)
    with RawPeer(quick.port) as peer:
        peer.send(value(3, store_command(str(film.SOPInstanceUID))))
        for at in range(0, len(data), 8000):
            peer.send(value(2 if at + 8000 >= len(data) else 0, data[at : at + 8000]))
        assert peer.status() == status
    [kept] = (workplace.objects.root / folder).rglob("*.dcm")
    assert kept.read_bytes().endswith(data)


def test_an_instance_may_be_too_large(workplace: Workplace, tmp_path: Path) -> None:
    listener = _listener(workplace, max_instance_mb=1)
    try:
        node = Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=listener.port)
        paths = [write_film(tmp_path, "large", size=1500), write_film(tmp_path, "small")]
        large, small = scu.store(SENDER, node, paths)
        assert (large.status, large.retry) == (statuses.TOO_LARGE, False)
        assert "larger than 1 MB" in large.sentence
        assert small.status == statuses.SUCCESS
    finally:
        listener.stop()


@pytest.mark.allow_log("disk nearly full", "disk has space again")
def test_space_comes_back_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [2000]
    monkeypatch.setattr("dicom_node.spool.shutil.disk_usage", lambda _: type("Usage", (), {"free": free[0]}))
    space = FreeSpace(tmp_path, 1000)
    seen = []
    for free[0] in (1000, 999, 1050, 1099, 1100, 1000):
        seen.append(space.is_short())
    assert seen == [False, True, True, True, False, False]


@pytest.mark.allow_log("association rejected")
def test_a_peer_has_its_own_limits(workplace: Workplace, tmp_path: Path) -> None:
    """One association, at half a megabyte a second; another peer isn't held back."""
    text_in_force = configuration.site_text(workplace.db)
    for name, value_of in (("max_associations", 1), ("max_mb_s", 0.5)):
        text_in_force = site_document.with_value(text_in_force, ("peer", 0, name), value_of)
    configuration.import_site(workplace.db, text_in_force, user="service")
    listener = _listener(workplace)
    node = Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=listener.port)
    try:
        with RawPeer(listener.port), RawPeer(listener.port, associate=False) as second:
            second.send(request())
            assert second.read() == (REJECT, bytes((0, *statuses.LIMIT_REACHED)))
            assert scu.echo(LocalEntity(ae_title="PACS"), node) >= 0
        wait_for(
            lambda: listener._loop is not None and listener._loop.associations == 0, "the first has ended"
        )
        started = time.monotonic()
        [result] = scu.store(SENDER, node, [write_film(tmp_path, "slow", size=1000)])
        assert (
            result.status == statuses.SUCCESS
        )  # held back for longer than a PDU may take, by us: not its fault
        assert time.monotonic() - started > 1.0
    finally:
        listener.stop()
