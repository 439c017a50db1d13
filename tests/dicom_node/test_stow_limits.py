"""What a peer may take of the STOW-RS server is what it may take of the listener; what is refused is counted."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest

from dicom_node import statuses
from dicom_node.certificate_facts import fingerprint
from dicom_node.turned_away import REQUESTS, note_rejections
from dicom_node.watching.audit_events import Reporter
from dicom_node.watching.metrics import NodeMetrics
from dicom_node.web.checks import check_web
from dicom_node.web.server import WebServer
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.store import services, watching
from llmcxr_ws.workplace import Workplace
from tests.certificates import Authority
from tests.conftest import AllowLog
from tests.dicom_node import web_sender
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.web_sender import TOKEN, body_of, post, reasons, serving, uids

FAILED = "00081198"
RESOURCE_LIMIT = 3 << 20


def site(*more: str, token: bool = True) -> str:
    """A site with one peer."""
    lines = ["[[peer]]", 'name = "sender"', 'ae_title = "SENDER"', 'host = "127.0.0.1"', "port = 1"]
    return "\n".join([*lines, *(['web_token_key = "sender"'] if token else []), *more]) + "\n"


def counted(web: WebServer, key: str = "requests") -> dict[tuple[str, str], int]:
    """What the server has counted."""
    return {(peer, what): count for peer, what, count in web.tally.snapshot(0)[key]}


@pytest.fixture
def secure(workplace: Workplace, authority: Authority) -> dict[str, Any]:
    """Settings of TLS, their files in the home and named from there."""
    keys = workplace.home / "keys"
    keys.mkdir(exist_ok=True, mode=0o700)
    made = authority.issue("localhost")
    for path, name in (
        (made.key, "web.key"),
        (made.certificate, "web.pem"),
        (authority.certificate, "ca.pem"),
    ):
        (keys / name).write_bytes(path.read_bytes())
        (keys / name).chmod(0o600)
    return {"web_certificate": "keys/web.pem", "web_key": "keys/web.key", "web_client_ca": "keys/ca.pem"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Everybody's certificates come from it."""
    return Authority(tmp_path_factory.mktemp("ca"))


def showing(authority: Authority, name: str = "") -> ssl.SSLContext:
    """A client that trusts the authority, and shows a certificate of this name."""
    context = ssl.create_default_context(cafile=authority.certificate)
    if name:
        shown = authority.issue(name)
        context.load_cert_chain(shown.certificate, shown.key)
    return context


@pytest.mark.allow_log("refused")
def test_only_the_classes_that_a_peer_may_send(workplace: Workplace, tmp_path: Path) -> None:
    web_sender.with_peers(workplace, site('classes = ["films"]'))
    film = write_film(tmp_path)
    capture = make_film("capture")
    capture.SOPClassUID = capture.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    capture.save_as(tmp_path / "capture.dcm", enforce_file_format=True)
    with serving(workplace) as web:
        answer, text = post(web.port, body_of((tmp_path / "capture.dcm").read_bytes(), film.read_bytes()))
        assert counted(web, "instances") == {("sender", "not_supported"): 1, ("sender", "stored"): 1}
        assert counted(web) == {("sender", "202"): 1}
    assert (answer.status, reasons(text)) == (202, [statuses.SOP_CLASS_NOT_SUPPORTED])
    assert uids(text, FAILED) == [str(capture.SOPInstanceUID)]


def test_a_peers_rate_holds(workplace: Workplace, tmp_path: Path) -> None:
    web_sender.with_peers(workplace, site("max_mb_s = 2"))
    body = body_of(write_film(tmp_path, size=2200).read_bytes())
    assert len(body) > 4_000_000
    with serving(
        workplace, network_timeout_s=1.0, min_rate_kb_s=5000
    ) as web:  # our pause isn't the sender's fault
        started = time.monotonic()
        assert post(web.port, body)[0].status == 200
        assert time.monotonic() - started > len(body) / 2e6 - 1.0


@pytest.mark.allow_log("refused: the peer has as many as it may")
def test_a_peers_number_of_requests_holds(workplace: Workplace, tmp_path: Path) -> None:
    web_sender.with_peers(workplace, site("max_associations = 1"))
    body = body_of(write_film(tmp_path).read_bytes())
    with serving(workplace) as web:
        with socket.create_connection(("127.0.0.1", web.port)) as first:
            first.sendall(web_sender.raw_head(len(body)) + body[:100])
            time.sleep(0.3)
            answer, _ = post(web.port, body)
            assert (answer.status, answer.headers["retry-after"]) == (503, "30")
        deadline = time.monotonic() + 10
        while post(web.port, body)[0].status != 200:
            assert time.monotonic() < deadline
        assert counted(web)["sender", "499"] == 1
        assert web.tally.take_rejections()[0][:3] == ("SENDER", "127.0.0.1", "the peer has as many as it may")


@pytest.mark.allow_log("store refused: not by TLS")
def test_a_peer_with_tls_isnt_let_in_without(
    workplace: Workplace, tmp_path: Path, authority: Authority, secure: dict[str, Any]
) -> None:
    web_sender.with_peers(workplace, site("tls = true"))
    body = body_of(write_film(tmp_path).read_bytes())
    with serving(workplace) as web:
        assert post(web.port, body)[0].status == 403
    with serving(workplace, **secure) as web:
        assert post(web.port, body, tls=showing(authority))[0].status == 200


@pytest.mark.allow_log("store refused")
def test_a_peers_certificate_is_its_own(
    workplace: Workplace, tmp_path: Path, authority: Authority, secure: dict[str, Any]
) -> None:
    body = body_of(write_film(tmp_path).read_bytes())
    own = authority.issue("own.test")
    der = ssl.PEM_cert_to_DER_cert(own.certificate.read_text())
    contexts = [showing(authority), showing(authority, "other.test"), showing(authority)]
    contexts[0].load_cert_chain(own.certificate, own.key)
    for asked in (f'tls_fingerprint = "{fingerprint(der)}"', 'tls_name = "own.test"'):
        web_sender.with_peers(workplace, site("tls = true", asked))
        with serving(workplace, **secure) as web:
            assert [post(web.port, body, tls=one)[0].status for one in contexts] == [200, 403, 403]
            assert counted(web) == {("sender", "200"): 1, ("sender", "403"): 2}


@pytest.mark.allow_log("store refused")
def test_a_user_is_given_by_http_basic(workplace: Workplace, tmp_path: Path) -> None:
    user = 'must_give_user = "gerät"\nmust_give_password_key = "user"'
    web_sender.with_peers(workplace, site(user, token=False))
    web_sender.write_key(workplace.home, "user", "Jörg:s-secret")
    body = body_of(write_film(tmp_path).read_bytes())

    def asked(pair: str, scheme: str = "Basic") -> int:
        given = f"{scheme} {base64.b64encode(pair.encode()).decode()}"
        return post(web.port, body, token="", headers={"Authorization": given})[0].status

    with serving(workplace) as web:
        assert asked("gerät:Jörg:s-secret") == 200
        assert [asked("gerät:wrong"), asked("other:Jörg:s-secret"), asked("gerät"), asked("", "Digest")] == [
            401
        ] * 4
        answer, _ = post(web.port, body, token="", headers={"Authorization": "Basic ?"})
        assert answer.status == 401
        challenges = answer.headers.get_all("www-authenticate") or []
        assert [one.split()[0] for one in challenges] == ["Bearer", "Basic"]


@pytest.mark.allow_log("store refused")
def test_a_name_without_password_lets_nobody_in(workplace: Workplace) -> None:
    web_sender.with_peers(workplace, site('must_give_user = "device"', token=False))
    given = {"Authorization": f"Basic {base64.b64encode(b'device:').decode()}"}
    with serving(workplace) as web:
        assert post(web.port, b"x", token="", headers=given)[0].status == 401


@pytest.mark.allow_log("store refused")
def test_two_peers_with_one_user_cant_be_told_apart(workplace: Workplace) -> None:
    user = 'must_give_user = "device"\nmust_give_password_key = "user"'
    second = site(user, token=False).replace('"sender"', '"second"').replace("SENDER", "SECOND")
    web_sender.with_peers(workplace, site(user, token=False) + second)
    web_sender.write_key(workplace.home, "user", "secret")
    given = {"Authorization": f"Basic {base64.b64encode(b'device:secret').decode()}"}
    with serving(workplace) as web:
        answer, text = post(web.port, b"x", token="", headers=given)
    assert answer.status == 403 and b"several peers" in text


@pytest.mark.allow_log("store refused", "refused")
def test_what_is_refused_is_counted_and_audited(workplace: Workplace, tmp_path: Path) -> None:
    web_sender.with_peers(workplace)
    film = write_film(tmp_path).read_bytes()
    with serving(workplace, web_request_mb=1) as web:
        for token in ("", "wrong" * 5, "wrong" * 6):
            assert post(web.port, body_of(film), token=token)[0].status == 401
        assert post(web.port, body_of(film), token=TOKEN + "-mute")[0].status == 403
        assert post(web.port, b"x" * 1_100_000)[0].status == 413
        assert post(web.port, body_of(film))[0].status == 200
        assert post(web.port, body_of(film[:-9]))[0].status == 409
        assert post(web.port, b"garbage")[0].status == 400
        with socket.create_connection(("127.0.0.1", web.port)) as connection:
            connection.sendall(b"no HTTP\r\n\r\n")
            web_sender.said(connection)
        assert counted(web) == {
            ("", "401"): 3,
            ("", "400"): 1,
            ("mute", "403"): 1,
            ("sender", "413"): 1,
            ("sender", "200"): 1,
            ("sender", "409"): 1,
            ("sender", "400"): 1,
        }
        assert counted(web, "instances") == {("sender", "stored"): 1, ("sender", "defective"): 1}
        note_rejections(workplace, web.tally, REQUESTS)
    events = watching.events_after(workplace.db, 0)
    messages = list(Reporter(workplace.db, workplace.site(), "LLMCXR").of_trail(events))
    said = sorted(words for message in messages if "STOW-RS" in (words := message.outcome_words))
    assert said == [
        "1 STOW-RS requests: not configured to send",
        "1 STOW-RS requests: nothing shown",
        "1 STOW-RS requests: request too large",
        "2 STOW-RS requests: no peer's token, user or certificate",
    ]


@pytest.mark.allow_log("connection refused")
def test_a_handshake_that_fails_is_counted_with_its_address(
    workplace: Workplace, tmp_path: Path, authority: Authority, secure: dict[str, Any]
) -> None:
    web_sender.with_peers(workplace)
    stranger = Authority(tmp_path / "other")
    with serving(workplace, **secure) as web:
        context = ssl.create_default_context(cafile=authority.certificate)
        shown = stranger.issue("scanner.test")
        context.load_cert_chain(shown.certificate, shown.key)
        with pytest.raises(OSError):
            post(web.port, body_of(b"x"), tls=context)
        with socket.create_connection(("127.0.0.1", web.port)) as clear:
            clear.sendall(web_sender.raw_head(5))
            web_sender.said(clear)
        socket.create_connection(("127.0.0.1", web.port)).close()  # a look whether somebody is there: no news
        assert (
            post(web.port, body_of(write_film(tmp_path).read_bytes()), tls=showing(authority))[0].status
            == 200
        )
        assert counted(web) == {("", "tls"): 2, ("sender", "200"): 1}
        places = sorted(web.tally.take_rejections())
    assert [(address, count) for _, address, _, count in places] == [("127.0.0.1", 1)] * 2
    assert any("unable to get local issuer certificate" in reason for _, _, reason, _ in places)


def test_a_handshake_that_never_begins_is_cut(
    workplace: Workplace, secure: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicom_node.web.handshake.HANDSHAKE_S", 0.5)
    web_sender.with_peers(workplace)
    with serving(workplace, **secure) as web, socket.create_connection(("127.0.0.1", web.port)) as connection:
        assert web_sender.said(connection)[1] < 5


@pytest.fixture
def full_disk() -> Iterator[None]:
    """A file that would be larger than 3 MiB finds no space."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (RESOURCE_LIMIT, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("full_disk")
def test_a_disk_that_fills_in_the_middle(workplace: Workplace, tmp_path: Path, allow_log: AllowLog) -> None:
    allow_log("not stored")
    allow_log("refused")
    web_sender.with_peers(workplace)
    large = make_film("large", size=2000)
    assert len(large.PixelData) > RESOURCE_LIMIT
    data = pydicom.filebase.DicomBytesIO()
    large.save_as(data, enforce_file_format=True)
    small = write_film(tmp_path).read_bytes()
    with serving(workplace) as web:
        answer, text = post(web.port, body_of(data.getvalue(), small))
        assert (answer.status, reasons(text)) == (202, [statuses.OUT_OF_RESOURCES])
        assert uids(text, FAILED) == [str(large.SOPInstanceUID)]
        answer, text = post(web.port, body_of(data.getvalue()))  # nothing but space was missing
        assert (answer.status, answer.headers["retry-after"]) == (503, "30")
        assert (reasons(text), uids(text, FAILED)) == (
            [statuses.OUT_OF_RESOURCES],
            [str(large.SOPInstanceUID)],
        )
        assert counted(web, "instances") == {("sender", "no_space"): 2, ("sender", "stored"): 1}
    assert [path for path in (workplace.objects.root / "spool").rglob("*") if path.is_file()] == []


def test_what_came_whole_before_the_end_stays(workplace: Workplace, tmp_path: Path) -> None:
    web_sender.with_peers(workplace)
    one, two = (write_film(tmp_path, name).read_bytes() for name in ("one", "two"))
    with serving(workplace) as web:
        answer, text = post(web.port, body_of(one, two)[:-700])
        assert (answer.status, text) == (400, b"The body ends before its closing boundary.")
        assert counted(web, "instances") == {("sender", "stored"): 1}


@pytest.mark.allow_log("refused")
def test_ten_thousand_tiny_parts(workplace: Workplace) -> None:
    """As many parts as are taken, each with a verdict; meanwhile others are served; one more ends the request."""
    web_sender.with_peers(workplace)
    said: list[int] = []

    def look() -> None:
        while not said:
            with socket.create_connection(("127.0.0.1", web.port), timeout=5) as other:
                other.sendall(b"GET /dicom-web/studies HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert web_sender.said(other)[0].startswith(b"HTTP/1.1 405 ")
            time.sleep(0.2)

    with serving(workplace) as web:
        beside = threading.Thread(target=look)
        beside.start()
        try:
            answer, text = post(web.port, body_of(*[b""] * 1000))
        finally:
            said.append(1)
            beside.join()
        assert (answer.status, len(reasons(text, "0008119A"))) == (409, 1000)
        answer, text = post(web.port, body_of(*[b"x"] * 10_001, media_type="application/dicom"))
        assert answer.status == 400
    assert [path for path in (workplace.objects.root / "spool").rglob("*") if path.is_file()] == []


def test_the_doctor_finds_a_peer_that_could_never_store(workplace: Workplace, secure: dict[str, Any]) -> None:
    fingerprint_of = f'tls_fingerprint = "{"AB" * 32}"'
    for asked, settings, missing in (
        ("tls = true", {}, "web_certificate"),
        (f"tls = true\n{fingerprint_of}", {**secure, "web_client_ca": ""}, "web_client_ca"),
        ('web_client = "x.test"', {}, "web_client_ca"),
    ):
        web_sender.with_peers(workplace, site(asked))
        workplace.config = workplace.config.model_copy(
            update={"web_port": 8443, "web_certificate": "", "web_key": "", "web_client_ca": "", **settings}
        )
        with pytest.raises(ConfigError, match=f"'sender' can't store by STOW-RS without {missing}"):
            check_web(workplace)


@pytest.mark.allow_log("refused")
def test_what_came_by_stow_stands_in_the_metrics(workplace: Workplace, tmp_path: Path) -> None:
    web_sender.with_peers(workplace)
    film = write_film(tmp_path).read_bytes()
    with serving(workplace) as web:
        assert post(web.port, b"x")[0].status == 400
        assert post(web.port, body_of(film, film[:-9]))[0].status == 202
        services.register(workplace.db, "web", web.detail())
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in NodeMetrics(workplace).collect()
        for sample in family.samples
    }
    assert found["llmcxr_stow_requests_total", "sender", "400"] == 1
    assert found["llmcxr_stow_requests_total", "sender", "202"] == 1
    assert found["llmcxr_received_instances_total", "sender", "stored"] == 1
    assert found["llmcxr_received_instances_total", "sender", "defective"] == 1
