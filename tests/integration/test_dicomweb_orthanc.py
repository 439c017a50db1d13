"""DICOMweb with Orthanc's plug-in and dicomweb-client: both directions, in clear and with TLS."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient

from dicom_node import statuses, ways
from dicom_node.association import LocalEntity, Timeouts
from dicom_node.scu import Outcome
from dicom_node.web.server import WebServer
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer
from llmcxr_ws.store import studies
from llmcxr_ws.workplace import Workplace
from tests.certificates import Authority
from tests.dicom_node.conftest import workplace as workplace
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.web_sender import SITE, TOKEN, body_of, post, serving, with_peers, write_key
from tests.integration.orthanc_web import OrthancWeb

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Everybody's certificates come from it."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module", params=["clear", "tls"])
def pacs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[OrthancWeb]:
    """Orthanc with DICOMweb."""
    running = OrthancWeb(
        tmp_path_factory.mktemp(f"orthanc-{request.param}"), authority if request.param == "tls" else None
    )
    try:
        running.start()
        yield running
    finally:
        running.kill()


@pytest.fixture
def local(tmp_path: Path, authority: Authority) -> LocalEntity:
    """Ourselves, with the authorities' file in the home."""
    home = tmp_path / "own"
    home.mkdir()
    write_key(home, "orthanc-ca", authority.certificate.read_bytes())
    return LocalEntity(timeouts=Timeouts(connect_s=3, response_s=10, silence_s=5), home=home)


@pytest.fixture
def place(workplace: Workplace) -> Workplace:
    """A home whose peers have tokens."""
    with_peers(workplace)
    return workplace


@pytest.fixture
def web(place: Workplace, pacs: OrthancWeb, authority: Authority) -> Iterator[WebServer]:
    """Our STOW-RS server, with TLS when Orthanc has it too."""
    tls = {}
    if pacs.authority is not None:
        key, certificate = map(str, authority.issue("localhost"))
        tls = {"web_certificate": certificate, "web_key": key, "web_client_ca": str(authority.certificate)}
    with serving(place, **tls) as server:
        yield server


def our_url(web: WebServer, pacs: OrthancWeb) -> str:
    """Where our server is."""
    return (
        f"https://localhost:{web.port}/dicom-web"
        if pacs.authority
        else f"http://127.0.0.1:{web.port}/dicom-web"
    )


def test_we_store_find_and_fetch(pacs: OrthancWeb, local: LocalEntity, tmp_path: Path) -> None:
    seeds = [f"{'tls' if pacs.authority else 'clear'}{number}" for number in range(3)]
    paths = [write_film(tmp_path, seed, accession=f"WEB{seed}") for seed in seeds]
    peer = pacs.web_peer
    assert ways.echo(local, peer) < 5
    assert [one.outcome for one in ways.store(local, peer, paths)] == [Outcome.STORED] * 3
    assert [one.outcome for one in ways.store(local, peer, paths)] == [Outcome.STORED] * 3  # no duplicate
    for path, seed in zip(paths, seeds, strict=True):
        film = pydicom.dcmread(path)
        [study] = ways.find(local, peer, "STUDY", {"AccessionNumber": f"WEB{seed}", "PatientName": ""})
        assert (study.StudyInstanceUID, study.PatientName) == (film.StudyInstanceUID, film.PatientName)
        keys = {
            "StudyInstanceUID": str(film.StudyInstanceUID),
            "SeriesInstanceUID": str(film.SeriesInstanceUID),
            "SOPInstanceUID": str(film.SOPInstanceUID),
        }
        [image] = ways.find(local, peer, "IMAGE", keys)
        assert image.SOPInstanceUID == film.SOPInstanceUID
        taken: list[bytes] = []

        def sink(file: Path, taken: list[bytes] = taken) -> int:
            taken.append(file.read_bytes())
            return statuses.SUCCESS

        for level in ("STUDY", "SERIES", "IMAGE"):
            result = ways.get(local, peer, level, keys, sink)
            assert (result.completed, result.failed) == (1, 0)
        assert [data == path.read_bytes() for data in taken] == [True] * 3
    missing = {"StudyInstanceUID": "1.2.3.4"}
    assert ways.find(local, peer, "STUDY", missing) == []
    with pytest.raises(DicomError, match="404"):
        ways.get(local, peer, "STUDY", missing, lambda _: statuses.SUCCESS)


def test_a_compressed_film_is_fetched_as_it_is(pacs: OrthancWeb, local: LocalEntity, tmp_path: Path) -> None:
    film = make_film(f"packed{'tls' if pacs.authority else ''}")
    film.compress(pydicom.uid.RLELossless)
    path = tmp_path / "packed.dcm"
    film.save_as(path, enforce_file_format=True)
    assert ways.store(local, pacs.web_peer, [path])[0].outcome is Outcome.STORED
    taken: list[bytes] = []
    keys = {"StudyInstanceUID": str(film.StudyInstanceUID)}
    ways.get(local, pacs.web_peer, "STUDY", keys, lambda file: taken.append(file.read_bytes()) or 0)
    assert taken == [path.read_bytes()]


def test_pages_are_put_together(
    pacs: OrthancWeb, local: LocalEntity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicom_node.web.search.PAGE", 2)
    mark = "PAGES" + ("T" if pacs.authority else "")
    paths = [write_film(tmp_path, f"{mark}{n}", patient_id=mark) for n in range(5)]
    ways.store(local, pacs.web_peer, paths)
    found = ways.find(local, pacs.web_peer, "STUDY", {"PatientID": mark})
    assert len({one.StudyInstanceUID for one in found}) == len(found) == 5
    assert len(ways.find(local, pacs.web_peer, "STUDY", {"PatientID": mark}, limit=3)) == 3


def test_orthanc_stores_to_us(pacs: OrthancWeb, web: WebServer, place: Workplace, tmp_path: Path) -> None:
    server = {"Url": our_url(web, pacs) + "/", "HttpHeaders": {"Authorization": f"Bearer {TOKEN}"}}
    pacs.call("PUT", "/dicom-web/servers/us", json.dumps(server).encode())
    seeds = [f"out{'tls' if pacs.authority else ''}{number}" for number in range(4)]
    films = [write_film(tmp_path, seed) for seed in seeds]
    ids = [json.loads(pacs.call("POST", "/instances", film.read_bytes()))["ID"] for film in films]
    order = json.dumps({"Resources": ids, "Synchronous": True}).encode()
    pacs.call("POST", "/dicom-web/servers/us/stow", order)
    for film in films:
        row = studies.known_instance(place.db, str(pydicom.dcmread(film).SOPInstanceUID))
        assert row is not None and place.objects.path(row.path).read_bytes() == film.read_bytes()
    pacs.call("POST", "/dicom-web/servers/us/stow", order)  # again: no news, and no failure
    assert sum(study.instances for study in studies.worklist(place.db)) == 4


def test_dicomweb_client_stores_to_us(
    pacs: OrthancWeb, web: WebServer, place: Workplace, authority: Authority, tmp_path: Path
) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {TOKEN}"
    session.trust_env = False  # a machine's own REQUESTS_CA_BUNDLE would go before the next line
    session.verify = str(authority.certificate)
    client = DICOMwebClient(our_url(web, pacs), session=session)
    films = [pydicom.dcmread(write_film(tmp_path, f"client{number}")) for number in range(2)]
    answer = client.store_instances(films)
    assert {item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence} == {
        film.SOPInstanceUID for film in films
    }
    assert all(studies.known_instance(place.db, str(film.SOPInstanceUID)) for film in films)


@pytest.mark.parametrize("pacs", ["tls"], indirect=True)
@pytest.mark.allow_log("store refused", "connection refused")
def test_a_client_certificate_is_a_name(
    pacs: OrthancWeb, web: WebServer, place: Workplace, authority: Authority, tmp_path: Path
) -> None:
    body = body_of(write_film(tmp_path).read_bytes())
    stranger = Authority(tmp_path / "other")
    statuses_of = []
    for who, name in ((authority, "scanner.test"), (authority, "other.test"), (None, "")):
        context = ssl.create_default_context(cafile=authority.certificate)
        if who is not None:
            shown = who.issue(name)
            context.load_cert_chain(shown.certificate, shown.key)
        statuses_of.append(post(web.port, body, token="", tls=context)[0].status)
    assert statuses_of == [200, 401, 401]
    study = studies.find_study(place.db, accession_number="ACC-film")
    assert study is not None and study.source_peer == "certified"
    context = ssl.create_default_context(cafile=authority.certificate)
    shown = stranger.issue("scanner.test")
    context.load_cert_chain(shown.certificate, shown.key)
    with pytest.raises((ssl.SSLError, OSError)):  # not from an authority that is trusted
        post(web.port, body, token="", tls=context)


@pytest.mark.parametrize("pacs", ["tls"], indirect=True)
@pytest.mark.allow_log("connection refused")
def test_old_tls_is_refused(pacs: OrthancWeb, web: WebServer, authority: Authority) -> None:
    context = ssl.create_default_context(cafile=authority.certificate)
    context.set_ciphers("AES256-SHA256:@SECLEVEL=0")  # no forward secrecy
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, OSError)):
        post(web.port, b"", tls=context)


@pytest.mark.parametrize("pacs", ["tls"], indirect=True)
def test_a_server_that_isnt_trusted(pacs: OrthancWeb, local: LocalEntity, tmp_path: Path) -> None:
    assert local.home is not None
    with pytest.raises(DicomError, match="certificate isn't trusted"):
        ways.echo(local, pacs.web_peer.model_copy(update={"web_ca": ""}))
    write_key(local.home, "other-ca", Authority(tmp_path / "other").certificate.read_bytes())
    with pytest.raises(DicomError, match="certificate isn't trusted"):
        ways.echo(local, pacs.web_peer.model_copy(update={"web_ca": "other-ca"}))
    with pytest.raises(DicomError, match="can't be reached"):
        ways.echo(local, Peer(**{**pacs.web_peer.model_dump(), "dicomweb": "https://localhost:1/x"}))


@pytest.mark.parametrize("pacs", ["clear"], indirect=True)
def test_commands_and_the_doctor(pacs: OrthancWeb, place: Workplace, tmp_path: Path) -> None:
    peer = pacs.web_peer
    other = '[[peer]]\nname = "pacs"\nae_title = "ORTHANC"\nhost = "127.0.0.1"\nport = 1\n'
    with_peers(place, f'{SITE}\n{other}dicomweb = "{peer.dicomweb}"\n')
    film = write_film(tmp_path, "command", accession="COMMAND")
    uid = str(pydicom.dcmread(film).StudyInstanceUID)
    assert "answered in" in llmcxr(place.home, "dicom", "echo", "pacs").stdout
    assert "answered in" in llmcxr(place.home, "dicom", "echo", peer.dicomweb).stdout
    assert llmcxr(place.home, "dicom", "store", "pacs", str(film)).returncode == 0
    found = llmcxr(place.home, "dicom", "find", "pacs", "--key", "AccessionNumber=COMMAND", "--json")
    assert json.loads(found.stdout)[0]["StudyInstanceUID"] == uid
    out = tmp_path / "out"
    assert llmcxr(place.home, "dicom", "get", "pacs", "--study", uid, "--out", str(out)).returncode == 0
    assert [path.read_bytes() for path in out.iterdir()] == [film.read_bytes()]
    said = llmcxr(place.home, "doctor").stdout
    assert "no STOW-RS server is configured" in said  # and yet peers have tokens for one
    (place.home / "llmcxr.toml").write_text("web_port = 1\n")
    assert "isn't running" in llmcxr(place.home, "doctor").stdout
    write_key(place.home, "sender", "short")
    assert "fewer than 16 characters" in llmcxr(place.home, "doctor").stdout


def llmcxr(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a home."""
    return subprocess.run(
        [sys.executable, "-m", "llmcxr_ws.cli", *arguments],
        env={**os.environ, "LLMCXR_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
