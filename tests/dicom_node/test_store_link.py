"""Sending on the socket that pynetdicom negotiated: what of the library it stands on, and what peers may do to it."""

from __future__ import annotations

import re
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pynetdicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.dimse_messages import C_STORE_RSP
from pynetdicom.dimse_primitives import C_STORE

from dicom_node import scu, sop_classes
from dicom_node.association import LocalEntity, Timeouts, open_association
from dicom_node.simulator.server import PacsSimulator
from dicom_node.store_link import Reply, StoreLink, _command_fragment, read_response, take_over
from dicom_node.storing import Outcome, look_at, open_storing
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer
from tests.dicom_node.films import make_film, write_film
from tests.network import wait_for

# The simulator's library forgets to close a socket that its peer has reset.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)
LOCAL = LocalEntity(timeouts=Timeouts(connect_s=2, negotiation_s=3, response_s=1, silence_s=1))
WAYS = [(sop_classes.DX_FOR_PRESENTATION, sop_classes.EXPLICIT_LITTLE)]


def test_it_stands_on_this_pynetdicom() -> None:
    """Another release: read association.py, dul.py and transport.py again, then change this number."""
    assert pynetdicom.__version__ == "3.0.4"


def test_taking_over_ends_the_librarys_threads(pacs: Peer, simulator: PacsSimulator) -> None:
    before = set(threading.enumerate())
    with open_association(
        LOCAL, pacs, [(kind, [syntax]) for kind, syntax in WAYS], handlers=[(evt.EVT_ESTABLISHED, take_over)]
    ) as association:
        raw = association.raw
        raw.join(timeout=2)
        assert raw.is_established and not raw.is_alive() and not raw.dul.is_alive()
        assert {"_kill", "is_established", "dul"} <= set(vars(raw)) and "_kill_thread" in vars(raw.dul)
        assert isinstance(raw.acceptor.maximum_length, int) and raw.dul.socket.socket.fileno() > 0
        link = StoreLink(raw, silence_s=1, response_s=1, release_s=1)
        link.release()
        assert raw.dul.socket.socket.fileno() == -1

    def ours() -> list[threading.Thread]:
        return [
            t for t in threading.enumerate() if t not in before and not t.name.startswith("AcceptorThread")
        ]

    wait_for(lambda: not ours(), "the library's threads to end")  # the simulator's own take a moment


@pytest.mark.parametrize("their_pdu", [4096, 16382, 131072, 0])
def test_the_same_bytes_travel_as_by_the_library(
    pacs: Peer, simulator: PacsSimulator, tmp_path: Path, their_pdu: int
) -> None:
    """Every PDU from the association's first to the data set's last, at the peer's limit on their length."""
    path = write_film(tmp_path, "odd", size=301)
    assert simulator._provider is not None
    simulator._provider._entity.maximum_pdu_size = simulator._provider._server.ae.maximum_pdu_size = their_pdu
    seen: list[bytes] = []
    simulator._provider._server.bind(evt.EVT_DATA_RECV, lambda event: seen.append(event.data))
    with open_association(LOCAL, pacs, [(kind, [syntax]) for kind, syntax in WAYS]) as association:
        assert association.raw.send_c_store(path, msg_id=1, priority=0).Status == 0
        offered = association.raw.acceptor.maximum_length
    theirs, seen[:] = [data for data in seen if data[0] == 4], []
    assert scu.store(LOCAL, pacs, [path])[0].outcome is Outcome.STORED
    ours = [data for data in seen if data[0] == 4]
    if offered:
        assert ours == theirs
    else:  # the library sends it in one PDU; ours have a limit of their own
        assert max(map(len, ours)) <= 128 * 1024 + 6
        assert b"".join(data[12:] for data in ours) == b"".join(data[12:] for data in theirs)


@pytest.mark.parametrize(
    ("status", "comment"), [(0, ""), (0xB007, ""), (0xA700, "no space"), (0xC001, "odd")]
)
def test_answers_of_the_library_are_read(status: int, comment: str) -> None:
    answer = C_STORE()
    answer.MessageIDBeingRespondedTo, answer.Status = 7, status
    answer.AffectedSOPClassUID, answer.AffectedSOPInstanceUID = WAYS[0][0], "1.2.3"
    answer.ErrorComment = comment or None
    message = C_STORE_RSP()
    message.primitive_to_message(answer)
    [value] = [p.presentation_data_value_list[0][1] for p in message.encode_msg(1, 16382)]
    assert read_response(value[1:], 7) == Reply(status, comment)
    assert read_response(value[1:], 8) is None
    assert all(
        read_response(value[1 : cut + 1], 7) in (None, Reply(status, ""), Reply(status, comment))
        for cut in range(len(value) - 1)
    )


def _sends(data: bytes) -> Callable[[Any], None]:
    return lambda event: event.assoc.dul.socket.socket.sendall(data)


def _aborts(event: Any) -> None:
    event.assoc.abort()


def _closes(event: Any) -> None:
    event.assoc.dul.socket.socket.shutdown(2)
    event.assoc.dul.socket.socket.close()  # the library forgets to, after a shutdown that isn't its own


def _is_silent(event: Any) -> None:
    time.sleep(1.5)


@pytest.mark.parametrize(
    ("does", "why"),
    [
        (_aborts, "broke the association off"),
        (_closes, "closed the connection"),
        (_is_silent, "gives no answer"),
        (_sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "announced a PDU of"),
        (_sends(struct.pack(">BxL", 4, 0xFFFFFFFF)), "announced a PDU of 4294967295 bytes"),
        (_sends(struct.pack(">BxL", 9, 0)), "a PDU of type 09H"),
        (_sends(struct.pack(">BxL", 5, 4) + bytes(4)), "released the association"),
        (_sends(struct.pack(">BxLLBB", 4, 6, 2, 1, 3)), "isn't one to this C-STORE"),
        (
            _sends(struct.pack(">BxLLBB", 4, 6, 0xFFFFFFFF, 1, 1)),
            "isn't one to this C-STORE|gives no answer|closed",
        ),
        (_sends(struct.pack(">BxLLBB", 4, 6, 0, 0, 0) * 3), "gives no answer|isn't one"),
    ],
)
def test_a_peer_that_answers_anything_else(
    pacs: Peer, simulator: PacsSimulator, tmp_path: Path, does: Callable[[Any], None], why: str
) -> None:
    """The outcome is unknown, the association is given up, nothing hangs, and what follows isn't sent."""

    def handle(event: Any) -> int:
        event.request._dataset_file.close()
        does(event)
        time.sleep(0.2)
        return 0x0110

    assert simulator._provider is not None
    simulator._provider._server.bind(evt.EVT_C_STORE, handle)
    path = write_film(tmp_path, "a")
    started = time.monotonic()
    first, second = scu.store(LOCAL, pacs, [path, path])
    assert time.monotonic() - started < 4
    if (
        first.outcome is Outcome.REFUSED
    ):  # the stray bytes held no command; the peer's real answer came behind them
        assert "gives no answer" in why
        return
    assert (first.outcome, second.outcome) == (Outcome.UNKNOWN, Outcome.NOT_SENT)
    assert first.retry and second.retry
    assert re.search(why, first.sentence), first.sentence


def drop_partial_file(event: Any) -> None:
    """The stock provider leaves the file of an object that was still arriving when its association ended."""
    message = event.assoc.dimse.message
    if message is not None and message._data_set_file is not None:
        message._data_set_file.close()
        Path(message._data_set_file.name).unlink(missing_ok=True)


def test_a_peer_that_stops_taking(pacs: Peer, simulator: PacsSimulator, tmp_path: Path) -> None:
    """More than the sockets' buffers hold, to a peer that reads none of it: given up after the silence."""
    film = make_film("big", size=64)
    film.Rows = film.Columns = 6000
    film.PixelData = bytes(36_000_000)
    film.save_as(tmp_path / "big.dcm", enforce_file_format=True)
    assert simulator._provider is not None
    blocked = threading.Event()
    simulator._provider._server.bind(evt.EVT_CONN_CLOSE, drop_partial_file)
    simulator._provider._server.bind(evt.EVT_DATA_RECV, lambda event: event.data[0] == 4 and blocked.wait(5))
    try:
        [result] = scu.store(LOCAL, pacs, [tmp_path / "big.dcm"])
    finally:
        blocked.set()
    assert result.outcome is Outcome.NOT_SENT and "it takes no data" in result.sentence


def test_statuses_become_outcomes(pacs: Peer, simulator: PacsSimulator, tmp_path: Path) -> None:
    answers = iter([0xB000, 0xA700, 0xC123, 0x0000])

    def handle(event: Any) -> Dataset:
        event.request._dataset_file.close()
        status = Dataset()
        status.Status = next(answers)
        if status.Status == 0xA700:
            status.ErrorComment = "disk full"
        return status

    assert simulator._provider is not None
    simulator._provider._server.bind(evt.EVT_C_STORE, handle)
    results = scu.store(LOCAL, pacs, [write_film(tmp_path, name) for name in "abcd"])
    assert [(r.outcome, r.status, r.retry) for r in results] == [
        (Outcome.STORED, 0xB000, False),
        (Outcome.REFUSED, 0xA700, True),
        (Outcome.REFUSED, 0xC123, False),
        (Outcome.STORED, 0, False),
    ]
    assert "A700H, out of resources" in results[1].sentence


@pytest.mark.parametrize("syntax", [sop_classes.EXPLICIT_LITTLE, "1.2.840.10008.1.2.1.99"])
def test_a_peer_that_takes_only_the_default_syntax(
    pacs: Peer, simulator: PacsSimulator, tmp_path: Path, syntax: str
) -> None:
    film = make_film("a")
    film.file_meta.TransferSyntaxUID = syntax
    film.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert simulator._provider is not None
    for context in simulator._provider._server.contexts:
        context.transfer_syntax = [sop_classes.IMPLICIT_LITTLE]
    assert scu.store(LOCAL, pacs, [tmp_path / "a.dcm"])[0].outcome is Outcome.STORED
    [held] = simulator.archive.instances()
    kept = pydicom.dcmread(held.path)
    assert kept.file_meta.TransferSyntaxUID == sop_classes.IMPLICIT_LITTLE
    assert kept == pydicom.dcmread(tmp_path / "a.dcm")


def test_a_file_that_shrinks_or_goes(pacs: Peer, simulator: PacsSimulator, tmp_path: Path) -> None:
    """A file that is gone is said so; no part of an object is ever taken for the whole."""
    path = write_film(tmp_path, "a")
    file = look_at(path)
    path.unlink()
    with (
        pytest.raises(DicomError, match="can't be read any more"),
        open_storing(LOCAL, pacs, WAYS) as storing,
    ):
        storing.send(file)
    assert len(simulator.archive) == 0


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader_of_answers(data: bytes) -> None:
    """Whatever a peer puts into a P-DATA-TF PDU or a command set."""
    fragment, _ = _command_fragment(data)
    assert len(fragment) <= len(data)
    reply = read_response(data, 1)
    assert reply is None or 0 <= reply.status <= 0xFFFF
