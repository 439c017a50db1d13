"""Our DICOMweb user against servers that are wrong, hostile or slow, and what an answer means."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dicom_node import ways
from dicom_node.association import LocalEntity, Timeouts
from dicom_node.scu import Outcome
from dicom_node.web.answers import Stored, answer_dataset, as_json
from llmcxr_ws.errors import ConfigError, DicomError
from llmcxr_ws.site import Peer
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.web_sender import write_key

LOCAL = LocalEntity(timeouts=Timeouts(connect_s=2, response_s=1.0, silence_s=1.0))
STUDY = {"StudyInstanceUID": "1.2.3"}
JSON = "application/dicom+json"
RELATED = 'multipart/related; type="application/dicom"; boundary=x'

Script = Callable[[socket.socket, bytes], None]


class Server:
    """A server that reads one request for each connection and then does what its script says."""

    def __init__(self, script: Script) -> None:
        self.requests: list[bytes] = []
        self._script = script
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def peer(self) -> Peer:
        """It as a configured peer."""
        url = f"http://127.0.0.1:{self.port}/web"
        return Peer(name="web", ae_title="WEB", host="127.0.0.1", port=1, dicomweb=url)

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    request = _read_request(connection)
                    self.requests.append(request)
                    self._script(connection, request)
                except OSError:
                    continue


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    connection.settimeout(5)
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def reply(status: str, body: bytes = b"", media_type: str = JSON, *headers: str) -> bytes:
    """An answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {media_type}", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode() + body


@contextmanager
def serving(answer: bytes | Script) -> Iterator[Server]:
    """A server that always answers so."""
    server = Server(answer if callable(answer) else lambda connection, _: connection.sendall(answer))
    try:
        yield server
    finally:
        server.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply("302 Found", b"", JSON, "Location: http://192.0.2.1/studies"), "sends to another address"),
        (reply("301 Moved", b"", JSON, "Location: /elsewhere"), "sends to another address"),
        (reply("200 OK", b"<html>", "text/html"), "'text/html', not with DICOM JSON"),
        (reply("200 OK", b"[]", ""), "no media type"),
        (reply("200 OK", b"{"), "isn't DICOM JSON"),
        (reply("200 OK", b"{}"), "isn't DICOM JSON"),
        (reply("200 OK", b"[" * 100_000), "isn't DICOM JSON"),
        (reply("200 OK", b'[{"0020000D": 5}]'), "isn't DICOM JSON"),
        (reply("200 OK", b'[{"zzzz": {"vr": "UI", "Value": ["1"]}}]'), "isn't DICOM JSON"),
        (reply("200 OK", b"[]", JSON, "Content-Encoding: gzip"), "compressed"),
        (reply("401 Unauthorized"), "answered QIDO-RS with 401.* Check its token"),
        (reply("404 Not Found"), "base URL"),
        (reply("500 Oops"), "answered QIDO-RS with 500"),
        (reply("200 OK", b"[]")[:-1], "broke its answer off"),
        (b"garbage\r\n\r\n", "didn't answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "didn't answer in HTTP"),
        (b"", "didn't answer in HTTP"),
    ],
)
def test_answers_that_are_no_search_result(answer: bytes, said: str) -> None:
    with serving(answer) as server, pytest.raises(DicomError, match=said):
        ways.find(LOCAL, server.peer, "STUDY", STUDY)


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicom_node.web.search.LARGEST_TEXT", 1_000_000)

    def flood(connection: socket.socket, _: bytes) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\n\r\n[".encode())
        while True:
            connection.sendall(b" " * 65536)

    with serving(flood) as server, pytest.raises(DicomError, match="more than 1 MB"):
        ways.find(LOCAL, server.peer, "STUDY", STUDY)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", reply("200 OK", b" " * 900)[:-900]])
def test_an_answer_that_drips_is_cut(head: bytes) -> None:
    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        for _ in range(200):
            connection.sendall(b" ")
            time.sleep(0.1)

    started = time.monotonic()
    with serving(drip) as server, pytest.raises(DicomError, match=r"didn't answer|broke its answer off"):
        ways.find(LOCAL, server.peer, "STUDY", STUDY)
    assert time.monotonic() - started < 5


def test_a_server_that_knows_no_pages_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicom_node.web.search.PAGE", 2)
    body = json.dumps([{"0020000D": {"vr": "UI", "Value": [f"1.{n}"]}} for n in range(2)]).encode()
    with serving(reply("200 OK", body)) as server:
        assert len(ways.find(LOCAL, server.peer, "STUDY", {"PatientName": "A*"})) == 2
    assert len(server.requests) == 2
    assert server.requests[0].startswith(b"GET /web/studies?PatientName=A*&limit=2 HTTP/1.1")


def test_keys_become_paths_and_queries() -> None:
    keys = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "", "Modality": ["CR", "DX"]}
    with serving(reply("204 No Content")) as server:
        ways.find(LOCAL, server.peer, "SERIES", keys)
        with pytest.raises(DicomError, match="no level PATIENT"):
            ways.find(LOCAL, server.peer, "PATIENT", keys)
    line = server.requests[0].split(b"\r\n")[0]
    assert (
        line
        == b"GET /web/studies/1.2/series?includefield=SeriesInstanceUID&Modality=CR,DX&limit=500 HTTP/1.1"
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply("200 OK", b"x", "application/dicom"), "not multipart/related"),
        (reply("200 OK", b"x", "multipart/related"), "not multipart/related"),
        (reply("200 OK", b"no parts", RELATED), "broken body"),
        (reply("200 OK", b"--x\r\nContent-Type: image/jpeg\r\n\r\nx\r\n--x--", RELATED), "image/jpeg"),
        (reply("200 OK", b"--x\r\n\r\nx", RELATED), "ends too early"),
        (reply("200 OK", b"--x\r\n\r\nx\r\n--x--", RELATED)[:-3], "broke its answer off"),
        (reply("404 Not Found"), "WADO-RS with 404"),
    ],
)
def test_answers_that_are_no_study(answer: bytes, said: str) -> None:
    with serving(answer) as server, pytest.raises(DicomError, match=said):
        ways.get(LOCAL, server.peer, "STUDY", STUDY, lambda _: 0)


def test_what_isnt_dicom_is_counted_as_failed() -> None:
    answer = reply("206 Partial Content", b"--x\r\n\r\nnot DICOM\r\n--x--", RELATED)
    with serving(answer) as server:
        result = ways.get(LOCAL, server.peer, "STUDY", STUDY, lambda _: 0)
    assert (result.completed, result.failed) == (0, 1)
    with pytest.raises(DicomError, match="needs one StudyInstanceUID"):
        ways.get(LOCAL, server.peer, "STUDY", {"StudyInstanceUID": "1.2/../../admin"}, lambda _: 0)


def said_of(film: Path, status: int) -> bytes:
    """The answer of a server about one film."""
    uid = str(make_film().SOPInstanceUID)
    return as_json(answer_dataset([Stored(SOPClassUID="1.2", SOPInstanceUID=uid, status=status)]))


@pytest.mark.parametrize(
    ("status", "of_film", "outcome", "retry"),
    [
        ("200 OK", 0, Outcome.STORED, False),
        ("202 Accepted", 0, Outcome.STORED, False),
        ("202 Accepted", 0xC000, Outcome.REFUSED, False),
        ("202 Accepted", 0xA700, Outcome.REFUSED, True),
        ("409 Conflict", 0xA900, Outcome.REFUSED, False),
        ("409 Conflict", 0x0111, Outcome.UNKNOWN, True),
        ("409 Conflict", None, Outcome.REFUSED, False),
        ("200 OK", None, Outcome.UNKNOWN, True),
        ("400 Bad Request", None, Outcome.REFUSED, False),
        ("401 Unauthorized", None, Outcome.NOT_SENT, True),
        ("413 Too Large", None, Outcome.REFUSED, False),
        ("415 Unsupported", None, Outcome.REFUSED, False),
        ("429 Too Many", None, Outcome.NOT_SENT, True),
        ("503 Unavailable", None, Outcome.NOT_SENT, True),
    ],
)
def test_what_an_answer_to_a_store_means(
    tmp_path: Path, status: str, of_film: int | None, outcome: Outcome, retry: bool
) -> None:
    film = write_film(tmp_path)
    body = b"" if of_film is None else said_of(film, of_film)
    with serving(reply(status, body)) as server:
        [result] = ways.store(LOCAL, server.peer, [film])
    assert (result.outcome, result.retry) == (outcome, retry)
    assert film.read_bytes() in server.requests[0]


def test_a_store_without_an_answer_is_unknown_and_the_next_goes_on(tmp_path: Path) -> None:
    films = [write_film(tmp_path, "film"), write_film(tmp_path, "film2")]
    answers = [b"", reply("200 OK", b"[]" * 10, "text/plain")]
    with serving(lambda connection, _: connection.sendall(answers.pop(0))) as server:
        results = ways.store(LOCAL, server.peer, films)
    assert [one.outcome for one in results] == [Outcome.UNKNOWN, Outcome.UNKNOWN]
    assert "isn't known" in results[0].sentence


def test_a_refusal_that_comes_before_all_was_sent_is_heard(tmp_path: Path) -> None:
    film = write_film(tmp_path, size=3000)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(reply("413 Too Large"))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):  # else the answer is lost in a reset
                    pass

        threading.Thread(target=refuse, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        peer = Peer(name="web", ae_title="WEB", host="127.0.0.1", port=1, dicomweb=url)
        [result] = ways.store(LOCAL, peer, [film])
    assert (result.outcome, result.sentence[-5:]) == (Outcome.REFUSED, " 413.")


def test_a_token_is_read_from_the_keys_and_shown_to_nobody(tmp_path: Path) -> None:
    local = LocalEntity(timeouts=LOCAL.timeouts, home=tmp_path)
    with serving(reply("204 No Content")) as server:
        peer = server.peer.model_copy(update={"token_key": "pacs"})
        with pytest.raises(ConfigError, match="can't be read"):
            ways.echo(local, peer)
        path = write_key(tmp_path, "pacs", "a-secret-token\n")
        path.chmod(0o644)
        with pytest.raises(ConfigError, match="others may read it") as refused:
            ways.echo(local, peer)
        assert "a-secret" not in str(refused.value)
        path.chmod(0o600)
        ways.echo(local, peer)
    assert b"Authorization: Bearer a-secret-token\r\n" in server.requests[0]


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(reply("204 No Content")) as server:
        ways.echo(LOCAL, server.peer)
    assert len(server.requests) == 1
