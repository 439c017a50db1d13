"""DICOMweb with certificates of both sides: Orthanc and dicomweb-client store to us, we use Orthanc."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient

from dicom_node import statuses, ways
from dicom_node.association import LocalEntity, Timeouts
from dicom_node.certificate_facts import fingerprint
from dicom_node.scu import Outcome
from dicom_node.storing import look_at
from dicom_node.tls import TlsFiles
from dicom_node.web import send
from dicom_node.web.server import WebServer
from llmcxr_ws.errors import DicomError
from llmcxr_ws.store import studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.certificates import Authority, Pair
from tests.dicom_node.conftest import workplace as workplace
from tests.dicom_node.films import write_film
from tests.dicom_node.web_sender import serving, write_key
from tests.integration.orthanc_web import OrthancWeb

pytestmark = pytest.mark.peers

SITE = """
[[peer]]
name = "orthanc"
ae_title = "ORTHANC"
host = "localhost"
port = 1
from_host = true
web_client = "orthanc.test"
tls = true
tls_fingerprint = "{print}"
classes = ["films"]

[[peer]]
name = "gateway"
ae_title = "GATEWAY"
host = "localhost"
port = 1
web_client = "gateway.test"
tls = true
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Everybody's certificates come from it."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def theirs(authority: Authority) -> Pair:
    """Orthanc's certificate as client."""
    return authority.issue("orthanc.test")


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[OrthancWeb]:
    """Orthanc, which wants a certificate of whoever speaks to it."""
    running = OrthancWeb(tmp_path_factory.mktemp("orthanc"), authority, clients=True)
    try:
        running.start()
        yield running
    finally:
        running.kill()


@pytest.fixture
def local(tmp_path: Path, authority: Authority) -> LocalEntity:
    """Ourselves, with a certificate."""
    own = authority.issue("node.test")
    home = tmp_path / "own"
    home.mkdir()
    write_key(home, "orthanc-ca", authority.certificate.read_bytes())
    return LocalEntity(
        timeouts=Timeouts(connect_s=3, response_s=10, silence_s=5),
        tls=TlsFiles(certificate=own.certificate, private_key=own.key),
        home=home,
    )


@pytest.fixture
def web(workplace: Workplace, authority: Authority, theirs: Pair) -> Iterator[WebServer]:
    """Our STOW-RS server, its files named from the home."""
    shown = ssl.PEM_cert_to_DER_cert(theirs.certificate.read_text())
    import_site(workplace.db, SITE.format(print=fingerprint(shown)), user="test")
    own = authority.issue("localhost")
    write_key(workplace.home, "web.pem", own.certificate.read_bytes() + own.key.read_bytes())
    write_key(workplace.home, "ca.pem", authority.certificate.read_bytes())
    with serving(workplace, web_certificate="keys/web.pem", web_client_ca="keys/ca.pem") as server:
        yield server


def test_we_show_our_certificate(pacs: OrthancWeb, local: LocalEntity, tmp_path: Path) -> None:
    path = write_film(tmp_path, "shown")
    film = pydicom.dcmread(path)
    [stored] = ways.store(local, pacs.web_peer, [path])
    assert stored.outcome is Outcome.STORED
    keys = {"StudyInstanceUID": str(film.StudyInstanceUID)}
    [study] = ways.find(local, pacs.web_peer, "STUDY", keys)
    assert study.StudyInstanceUID == film.StudyInstanceUID
    taken: list[bytes] = []
    ways.get(local, pacs.web_peer, "STUDY", keys, lambda file: taken.append(file.read_bytes()) or 0)
    assert taken == [path.read_bytes()]


def test_without_one_we_arent_let_in(pacs: OrthancWeb, local: LocalEntity) -> None:
    nobody = LocalEntity(timeouts=local.timeouts, home=local.home)
    with pytest.raises(DicomError):
        ways.echo(nobody, pacs.web_peer)
    assert ways.echo(local, pacs.web_peer) < 5


@pytest.mark.allow_log("store refused", "refused")
def test_orthanc_shows_its_certificate_to_us(
    pacs: OrthancWeb, web: WebServer, workplace: Workplace, theirs: Pair, authority: Authority, tmp_path: Path
) -> None:
    films = [write_film(tmp_path, f"mutual{number}") for number in range(3)]
    ids = [json.loads(pacs.call("POST", "/instances", film.read_bytes()))["ID"] for film in films]
    order = json.dumps({"Resources": ids, "Synchronous": True}).encode()

    def send_with(pair: Pair) -> None:
        server = {
            "Url": f"https://localhost:{web.port}/dicom-web/",
            "CertificateFile": str(pair.certificate),
            "CertificateKeyFile": str(pair.key),
        }
        pacs.call("PUT", "/dicom-web/servers/us", json.dumps(server).encode())
        pacs.call("POST", "/dicom-web/servers/us/stow", order)

    with pytest.raises(OSError):
        send_with(authority.issue("another.test"))
    assert studies.worklist(workplace.db) == []
    send_with(theirs)
    for film in films:
        row = studies.known_instance(workplace.db, str(pydicom.dcmread(film).SOPInstanceUID))
        assert row is not None and workplace.objects.path(row.path).read_bytes() == film.read_bytes()
    counted = {tuple(row[:2]): row[2] for row in web.tally.snapshot(0)["instances"]}
    assert counted == {("orthanc", "stored"): 3}


@pytest.mark.allow_log("store refused")
def test_dicomweb_client_shows_its_certificate_to_us(
    web: WebServer, workplace: Workplace, authority: Authority, tmp_path: Path
) -> None:
    session = requests.Session()
    session.trust_env = False  # a machine's own REQUESTS_CA_BUNDLE would go before the next line
    session.verify = str(authority.certificate)
    client = DICOMwebClient(f"https://localhost:{web.port}/dicom-web", session=session)
    films = [pydicom.dcmread(write_film(tmp_path, f"client{number}")) for number in range(2)]
    with pytest.raises(requests.HTTPError, match="401"):
        client.store_instances(films)
    shown = authority.issue("gateway.test")
    session.cert = (str(shown.certificate), str(shown.key))
    answer = DICOMwebClient(f"https://localhost:{web.port}/dicom-web", session=session).store_instances(films)
    assert len(answer.ReferencedSOPSequence) == 2
    assert {study.source_peer for study in studies.worklist(workplace.db)} == {"gateway"}


def test_a_server_that_disappears_in_the_middle(
    tmp_path: Path, authority: Authority, local: LocalEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent stays told, what was on its way isn't known, what follows wasn't sent; and all goes later."""
    folder = tmp_path / "orthanc"
    folder.mkdir()
    pacs = OrthancWeb(folder, authority, clients=True)
    paths = [write_film(tmp_path, f"gone{number}") for number in range(4)]
    files = [look_at(path) for path in paths]
    whole = send._body

    def dying(head: bytes, path: Path, tail: bytes) -> Iterator[bytes]:
        for number, piece in enumerate(whole(head, path, tail)):
            if path == paths[1] and number == 1:
                pacs.kill()
            yield piece

    try:
        pacs.start()
        with monkeypatch.context() as patch, ways.open_storing(local, pacs.web_peer, []) as storing:
            patch.setattr(send, "_body", dying)
            results = [storing.send(file) for file in files[:3]]
            alive = storing.alive
        assert [one.outcome for one in results] == [Outcome.STORED, Outcome.UNKNOWN, Outcome.NOT_SENT]
        assert "isn't known" in results[1].sentence and not alive
        assert all(one.retry for one in results[1:])
        pacs.start()
        with ways.open_storing(local, pacs.web_peer, []) as storing:
            again = [storing.send(file).outcome for file in files]
        assert again == [Outcome.STORED] * 4
        found = ways.find(local, pacs.web_peer, "STUDY", {"StudyInstanceUID": ""})
        assert len(found) == 4
        for file in files:
            keys = {"StudyInstanceUID": str(pydicom.dcmread(file.path).StudyInstanceUID)}
            result = ways.get(local, pacs.web_peer, "STUDY", keys, lambda _: statuses.SUCCESS)
            assert (result.completed, result.failed) == (1, 0)
    finally:
        pacs.kill()
