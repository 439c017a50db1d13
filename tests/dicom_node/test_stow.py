"""STOW-RS served: what is stored, what is answered, who may, and that nothing is left of what wasn't stored."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, generate_uid

from dicom_node import scu, statuses
from dicom_node.association import LocalEntity
from dicom_node.spool import HEAD_BYTES
from dicom_node.web.server import WebServer
from llmcxr_ws.errors import ConfigError, DatabaseFailure, DicomError
from llmcxr_ws.site import Peer
from llmcxr_ws.store import studies
from llmcxr_ws.workplace import Workplace
from tests.dicom_node import web_sender
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.web_sender import BOUNDARY, TOKEN, TYPE, body_of, post, reasons, serving, uids

REFERENCED, FAILED, OTHERS = "00081199", "00081198", "0008119A"


@pytest.fixture
def place(workplace: Workplace) -> Workplace:
    """A home whose peers have tokens."""
    web_sender.with_peers(workplace)
    return workplace


@pytest.fixture
def web(place: Workplace) -> Iterator[WebServer]:
    """Its server."""
    with serving(place, web_instance_mb=2, web_request_mb=6, network_timeout_s=1.0, web_requests=2) as server:
        yield server


def left_over(workplace: Workplace) -> list[Path]:
    """Files in the spools."""
    return [path for path in (workplace.objects.root / "spool").rglob("*") if path.is_file()]


def known(workplace: Workplace, uid: object) -> bool:
    """Whether an instance is in the index and its file there."""
    row = studies.known_instance(workplace.db, str(uid))
    return row is not None and workplace.objects.path(row.path).is_file()


def test_films_are_kept_as_received(web: WebServer, place: Workplace, tmp_path: Path) -> None:
    one, two = write_film(tmp_path, "one"), write_film(tmp_path, "two")
    answer, text = post(web.port, body_of(one.read_bytes(), two.read_bytes()))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    wanted = [str(pydicom.dcmread(path).SOPInstanceUID) for path in (one, two)]
    assert uids(text, REFERENCED) == wanted
    for path, uid in zip((one, two), wanted, strict=True):
        row = studies.known_instance(place.db, uid)
        assert row is not None
        assert place.objects.path(row.path).read_bytes() == path.read_bytes()
    assert studies.find_study(place.db, accession_number="ACC-one").source_peer == "sender"  # type: ignore[union-attr]
    assert left_over(place) == []


def test_a_deflated_film_is_named_in_the_answer(web: WebServer, place: Workplace, tmp_path: Path) -> None:
    film = make_film("deflated", size=300)  # longer than what is kept of its beginning, also when deflated
    film.PixelData = random.Random(1).randbytes(len(film.PixelData))
    film.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = tmp_path / "deflated.dcm"
    film.save_as(path, enforce_file_format=True)
    assert path.stat().st_size > HEAD_BYTES
    answer, text = post(web.port, body_of(path.read_bytes()))
    assert answer.status == 200 and uids(text, REFERENCED) == [film.SOPInstanceUID]
    assert known(place, film.SOPInstanceUID)


def test_both_ways_in_are_one(web: WebServer, place: Workplace, node: Peer, tmp_path: Path) -> None:
    path = write_film(tmp_path)
    [result] = scu.store(LocalEntity(ae_title="SENDER"), node, [path])
    assert result.status == statuses.SUCCESS
    assert post(web.port, body_of(path.read_bytes()))[0].status == 200
    assert sum(study.instances for study in studies.worklist(place.db)) == 1


@pytest.mark.allow_log("refused")
def test_the_answer_in_xml(web: WebServer, tmp_path: Path) -> None:
    film = write_film(tmp_path)
    accept = {"Accept": "text/html, application/dicom+xml;q=0.9"}
    answer, text = post(web.port, body_of(film.read_bytes(), b"no DICOM"), headers=accept)
    assert (answer.status, answer.headers["content-type"]) == (202, "application/dicom+xml")
    root = ElementTree.fromstring(text)
    space = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
    values = {
        (sequence.get("keyword"), one.get("keyword")): one.findtext(f"{space}Value")
        for sequence in root
        for item in sequence.iter(f"{space}Item")
        for one in item
    }
    uid = str(pydicom.dcmread(film).SOPInstanceUID)
    assert values["ReferencedSOPSequence", "ReferencedSOPInstanceUID"] == uid
    assert values["OtherFailuresSequence", "FailureReason"] == str(statuses.CANNOT_UNDERSTAND)


@pytest.mark.allow_log("refused")
def test_verdicts_are_those_of_c_store(web: WebServer, place: Workplace, tmp_path: Path) -> None:
    film = make_film("a")
    film.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    good = (tmp_path / "a.dcm").read_bytes()
    assert post(web.port, body_of(good))[0].status == 200

    film.PatientName = "Other^Person"  # other content under the same UID
    film.save_as(tmp_path / "b.dcm", enforce_file_format=True)
    cut = write_film(tmp_path, "cut").read_bytes()[:-500]
    unlike = make_film("unlike")
    unlike.save_as(tmp_path / "c.dcm", enforce_file_format=True)
    mixed = (
        (tmp_path / "c.dcm")
        .read_bytes()
        .replace(
            str(unlike.SOPInstanceUID).encode(), str(generate_uid()).encode()[: len(unlike.SOPInstanceUID)], 1
        )
    )
    strange = make_film("strange")
    strange.SOPClassUID = strange.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.2"
    strange.save_as(tmp_path / "d.dcm", enforce_file_format=True)
    parts = [(tmp_path / "b.dcm").read_bytes(), cut, mixed, (tmp_path / "d.dcm").read_bytes()]
    answer, text = post(web.port, body_of(*parts))
    assert answer.status == 409
    assert reasons(text) == [
        statuses.DUPLICATE_UID_OTHER_CONTENT,
        statuses.TRUNCATED,
        statuses.DOES_NOT_MATCH_CLASS,
        statuses.SOP_CLASS_NOT_SUPPORTED,
    ]
    answer, text = post(web.port, body_of(good, cut))  # the same bytes again are no news
    assert (answer.status, len(uids(text, REFERENCED)), reasons(text)) == (202, 1, [statuses.TRUNCATED])
    assert left_over(place) == []


@pytest.mark.allow_log("refused")
def test_a_study_that_the_path_names(web: WebServer, place: Workplace, tmp_path: Path) -> None:
    film = write_film(tmp_path)
    header = pydicom.dcmread(film)
    answer, text = post(web.port, body_of(film.read_bytes()), path="/dicom-web/studies/1.2.3")
    assert (answer.status, reasons(text)) == (409, [statuses.OTHER_STUDY])
    assert not known(place, header.SOPInstanceUID)
    path = f"/dicom-web/studies/{header.StudyInstanceUID}"
    assert post(web.port, body_of(film.read_bytes()), path=path)[0].status == 200


@pytest.mark.allow_log("refused")
def test_a_part_that_is_too_large_stops_nobody_else(web: WebServer, place: Workplace, tmp_path: Path) -> None:
    film = write_film(tmp_path)
    large = write_film(tmp_path, "large", size=1600)
    assert large.stat().st_size > 2_000_000
    answer, text = post(web.port, body_of(large.read_bytes(), film.read_bytes()))
    assert (answer.status, reasons(text)) == (202, [statuses.TOO_LARGE])
    assert uids(text, FAILED) == [str(pydicom.dcmread(large).SOPInstanceUID)]
    assert known(place, pydicom.dcmread(film).SOPInstanceUID)
    assert left_over(place) == []


@pytest.mark.allow_log("refused")
def test_without_space_the_sender_is_asked_to_come_again(place: Workplace, tmp_path: Path) -> None:
    film = write_film(tmp_path)
    with serving(place, min_free_mb=10**9) as web:
        answer, _ = post(web.port, body_of(film.read_bytes()))
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert left_over(place) == []


@pytest.mark.allow_log("store refused")
@pytest.mark.parametrize(
    ("token", "status"), [("", 401), ("wrong" * 5, 401), (TOKEN + "-mute", 403), (TOKEN[:-1], 401)]
)
def test_who_may_store(web: WebServer, place: Workplace, tmp_path: Path, token: str, status: int) -> None:
    answer, _ = post(web.port, body_of(write_film(tmp_path).read_bytes()), token=token)
    assert answer.status == status
    assert (answer.headers.get("www-authenticate") is not None) is (status == 401)
    assert studies.worklist(place.db) == []


@pytest.mark.allow_log("can't store")
@pytest.mark.allow_log("store refused")
@pytest.mark.parametrize("token", ["", "short"])
def test_an_empty_token_file_lets_nobody_in(web: WebServer, place: Workplace, token: str) -> None:
    web_sender.write_key(place.home, "sender", token)
    headers = {"Authorization": f"Bearer {token}"}
    assert post(web.port, body_of(b"x"), token="", headers=headers)[0].status == 401


def test_a_peer_is_held_to_its_host(place: Workplace, tmp_path: Path, allow_log: object) -> None:
    allow_log("not from the peer's host")  # type: ignore[operator]
    elsewhere = web_sender.SITE.replace('"127.0.0.1"', '"192.0.2.1"\nfrom_host = true', 1)
    web_sender.with_peers(place, elsewhere)
    with serving(place) as web:
        assert post(web.port, body_of(b"x"))[0].status == 403


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"path": "/dicom-web/patients"}, 404),
        ({"path": "/dicom-web/studies/../secrets"}, 404),
        ({"method": "GET"}, 405),
        ({"headers": {"Accept": "text/html"}}, 406),
        ({"headers": {"Content-Type": "application/dicom"}}, 415),
        (
            {
                "headers": {
                    "Content-Type": f'multipart/related; type="application/dicom+json"; boundary={BOUNDARY}'
                }
            },
            415,
        ),
        ({"headers": {"Content-Type": TYPE, "Content-Encoding": "gzip"}}, 415),
        ({"headers": {"Content-Type": 'multipart/related; type="application/dicom"'}}, 400),
        ({"headers": {"Content-Type": TYPE + "x" * 300}}, 400),
        ({"headers": {"Content-Type": TYPE + "other"}}, 400),
        ({"headers": {"Content-Type": ";;;="}}, 415),
    ],
)
def test_requests_that_are_refused(
    web: WebServer, tmp_path: Path, what: dict[str, object], status: int
) -> None:
    body = None if what.get("method") == "GET" else body_of(write_film(tmp_path).read_bytes())
    answer, text = post(web.port, body, **what)  # type: ignore[arg-type]
    assert answer.status == status
    assert text.decode().endswith(".")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"garbage" * 1000, 400),
        (body_of(), 400),
        (body_of(b"x")[:-6], 400),
        (f"--{BOUNDARY}\r\nbroken header\r\n\r\nx\r\n--{BOUNDARY}--".encode(), 400),
        (f"--{BOUNDARY}\r\n{'X: y' * 5000}\r\n\r\nx\r\n--{BOUNDARY}--".encode(), 400),
        (f"--{BOUNDARY}\r\n".encode() + b"A: b\r\n" * 100 + f"\r\nx\r\n--{BOUNDARY}--".encode(), 400),
        (body_of(b"{}", media_type="application/dicom+json"), 415),
        (body_of(b"no DICOM"), 409),
        (body_of(b""), 409),
        (body_of(b"\0" * 128 + b"DICM" + b"\xff" * 400), 409),
    ],
)
@pytest.mark.allow_log("refused")
def test_bodies_that_mean_nothing(web: WebServer, place: Workplace, body: bytes, status: int) -> None:
    assert post(web.port, body)[0].status == status
    assert left_over(place) == []


def test_two_gigabytes_are_refused_before_they_are_sent(web: WebServer) -> None:
    with socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.sendall(web_sender.raw_head(2 << 30, "Expect: 100-continue"))
        answer, seconds = web_sender.said(connection)
    assert answer.startswith(b"HTTP/1.1 413 ") and seconds < 5


def test_a_sender_without_end_is_cut(web: WebServer, place: Workplace) -> None:
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    head = web_sender.raw_head()
    begin = body_of(b"")[:-20]
    with socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.sendall(head + f"{len(begin):x}\r\n".encode() + begin + b"\r\n")
        sent = 0
        with pytest.raises(OSError):
            while sent < 1 << 30:
                connection.sendall(chunk)
                sent += len(chunk)
    assert sent < 200 << 20
    wait_until_clean(place)


def wait_until_clean(place: Workplace) -> None:
    """Nothing is left in the spool, at the latest after the deadline for a silent sender."""
    deadline = time.monotonic() + 10
    while left_over(place):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_abort_in_the_middle_leaves_nothing(web: WebServer, place: Workplace, tmp_path: Path) -> None:
    first, second = write_film(tmp_path, "first"), write_film(tmp_path, "second", size=1200)
    body = body_of(first.read_bytes(), second.read_bytes())
    with socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.sendall(web_sender.raw_head(len(body)) + body[:-1000])
        deadline = time.monotonic() + 10
        while not known(place, pydicom.dcmread(first).SOPInstanceUID) and time.monotonic() < deadline:
            time.sleep(0.02)
    wait_until_clean(place)
    assert known(place, pydicom.dcmread(first).SOPInstanceUID)  # arrived whole: no harm
    assert not known(place, pydicom.dcmread(second).SOPInstanceUID)


@pytest.mark.parametrize("sent", [b"", b"POST /dicom", web_sender.raw_head(1000)[:-2]])
def test_a_head_that_never_ends_is_cut(
    place: Workplace, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicom_node.web.server.HEAD_S", 0.5)
    with serving(place) as web, socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.sendall(sent)
        assert web_sender.said(connection)[1] < 5


def test_silence_in_a_body_is_cut(web: WebServer, place: Workplace) -> None:
    with socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.sendall(web_sender.raw_head(5000) + body_of(b"x" * 2000)[:1000])
        answer, seconds = web_sender.said(connection)
    assert answer.startswith(b"HTTP/1.1 408 ") and seconds < 8
    wait_until_clean(place)


def test_a_slow_sender_is_cut_though_it_never_falls_silent(web: WebServer, place: Workplace) -> None:
    with socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.sendall(web_sender.raw_head(50_000) + body_of(b"")[:60])
        started = time.monotonic()

        def drip() -> None:
            try:
                while time.monotonic() < started + 12:
                    connection.sendall(b"x")
                    time.sleep(0.2)
            except OSError:
                return

        thread = threading.Thread(target=drip)
        thread.start()
        answer, seconds = web_sender.said(connection)
        connection.close()
        thread.join()
    assert answer.startswith(b"HTTP/1.1 408 ") and seconds < 8
    wait_until_clean(place)


@pytest.mark.allow_log("too many requests")
def test_more_requests_than_allowed_are_asked_to_come_again(web: WebServer, tmp_path: Path) -> None:
    body = body_of(write_film(tmp_path).read_bytes())
    waiting = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(2)]
    for connection in waiting:
        connection.sendall(web_sender.raw_head(len(body)) + body[:100])
    time.sleep(0.3)
    answer, _ = post(web.port, body)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    for connection in waiting:
        connection.close()


def test_many_connections_that_say_nothing_stop_nobody(web: WebServer, tmp_path: Path) -> None:
    silent = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(200)]
    assert post(web.port, body_of(write_film(tmp_path).read_bytes()))[0].status == 200
    for connection in silent:
        connection.close()


def test_without_tls_it_serves_loopback_only(place: Workplace) -> None:
    with pytest.raises(ConfigError, match="without TLS"), serving(place, web_host="0.0.0.0"):
        pass
    with pytest.raises(ConfigError, match="no certificate"), serving(place, web_client_ca="ca.pem"):
        pass
    with pytest.raises(ConfigError, match="can't be read"), serving(place, web_certificate="/nowhere.pem"):
        pass


def test_a_port_that_is_taken(place: Workplace, web: WebServer) -> None:
    with pytest.raises(DicomError, match="can't listen"):
        WebServer(place).start(port=web.port)


@pytest.mark.allow_log("store failed", "not stored")
def test_while_the_database_fails_the_sender_is_asked_to_come_again(
    place: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = write_film(tmp_path)

    def fail(*_: object) -> None:
        raise DatabaseFailure("The database can't be used now.")

    with serving(place) as web:
        with monkeypatch.context() as patch:
            patch.setattr("dicom_node.reception.Arrivals.record", fail)
            assert post(web.port, body_of(film.read_bytes()))[0].status == 503
        assert left_over(place) == []
        assert post(web.port, body_of(film.read_bytes()))[0].status == 200


def test_no_patient_reaches_the_log(
    web: WebServer, place: Workplace, tmp_path: Path, caplog: pytest.LogCaptureFixture, allow_log: object
) -> None:
    """Every verdict once, with marked names: nothing of them is logged or answered."""
    allow_log("refused")  # type: ignore[operator]
    caplog.set_level("DEBUG")
    film = write_film(
        tmp_path, "marked", patient_name="MARKEDNAME^X", patient_id="MARKEDID", accession="MARKEDACC"
    )
    data = film.read_bytes()
    other = data.replace(b"MARKEDNAME^X", b"MARKEDNAME^Y")
    said = [post(web.port, body_of(part))[1] for part in (data, data, other, data[:-300], b"MARKEDNAME")]
    said.append(post(web.port, b"MARKEDNAME", path="/dicom-web/studies/MARKEDID")[1])
    uid = str(pydicom.dcmread(film).SOPInstanceUID)
    assert b"MARKED" not in b"".join(said)
    assert "MARKED" not in caplog.text and uid not in caplog.text


@pytest.mark.allow_log("store refused")
@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # TLS to a server in clear
        b"\x01\x00\x00\x00\x00\xcd" + bytes(200),  # an A-ASSOCIATE-RQ
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /dicom-web/studies HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz",
        b"POST " + b"/a" * 40_000 + b" HTTP/1.1\r\n\r\n",
        b"A: b\r\n" * 20_000,
    ],
)
def test_what_isnt_http_is_answered_or_cut(
    place: Workplace, garbage: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dicom_node.web.server.HEAD_S", 1.0)
    with serving(place, network_timeout_s=1.0) as web:
        with socket.create_connection(("127.0.0.1", web.port)) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(garbage)
            assert web_sender.said(connection)[1] < 10
        assert post(web.port, body_of(write_film(tmp_path).read_bytes()))[0].status == 200
    assert left_over(place) == []
