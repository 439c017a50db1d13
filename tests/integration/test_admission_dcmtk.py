"""Who is let in and what is taken, as DCMTK's senders see it, in clear and by TLS; and Orthanc as a sender."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from dicom_node import scu, sop_classes
from dicom_node.association import LocalEntity
from dicom_node.listener import Listener
from dicom_node.tls import TlsFiles
from llmcxr_ws.site import Peer
from llmcxr_ws.store import studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.certificates import Authority
from tests.conftest import AllowLog
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.web_sender import write_key
from tests.integration.conftest import Orthanc
from tests.integration.encoded_films import ENCODED
from tests.integration.places import tls_settings
from tests.network import answers, free_port, run, start, wait_for

pytestmark = [pytest.mark.peers, pytest.mark.allow_log("association rejected")]
PEER = '[[peer]]\nname = "cr"\nae_title = "CR1"\nhost = "127.0.0.1"\nport = 1\n'
Serve = Callable[..., AbstractContextManager["Place"]]


class Place:
    """A listener, and DCMTK's storescu as the modality CR1 before it."""

    def __init__(self, home: Path, listener: Listener, workplace: Workplace, options: list[str]) -> None:
        self.home, self.listener, self.workplace = home, listener, workplace
        self._options = options

    def send(self, path: Path, *more: str, ae_title: str = "CR1") -> str:
        """What storescu says of one file."""
        port = self.listener.tls_port if self._options else self.listener.port
        address = ("-aet", ae_title, "-aec", "LLMCXR", "127.0.0.1", str(port))
        return run("storescu", "-v", *self._options, *more, *address, path).stdout

    def kept(self) -> int:
        """How many instances are here."""
        db = self.workplace.db
        return sum(len(studies.instances_of(db, row.id)) for row in studies.worklist(db))


@pytest.fixture(params=["clear", "tls"])
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Serve:
    """A listener whose only peer is CR1, by TLS where the test is."""
    authority = Authority(tmp_path / "ca") if request.param == "tls" else None
    options: list[str] = []
    if authority is not None:
        key, certificate = authority.issue("cr1")
        options = ["+tls", str(key), str(certificate), "+cf", str(authority.certificate)]

    @contextmanager
    def serving(peer: str = "", machine: str = "") -> Iterator[Place]:
        home = tmp_path / "home"
        home.mkdir(mode=0o700)
        tls = tls_settings(authority) if authority is not None else ""
        (home / "llmcxr.toml").write_text(f'bind_host = "127.0.0.1"\n{machine}{tls}')
        workplace = Workplace.open(home, upgrade=True)
        import_site(workplace.db, PEER + ("tls = true\n" if tls else "") + peer, user="test")
        running = Listener(workplace)
        running.start(port=0)
        try:
            yield Place(home, running, workplace, options)
        finally:
            running.stop(grace_s=0)
            workplace.close()

    return serving


def test_user_and_password(serve: Serve, tmp_path: Path) -> None:
    film = write_film(tmp_path)
    asked = 'must_give_user = "cr"\nmust_give_password_key = "cr"\n'
    with serve(asked) as place:
        write_key(place.home, "cr", "geheim")
        for wrong in ((), ("-usr", "cr"), ("-usr", "cr", "-pwd", "falsch"), ("-usr", "ct", "-pwd", "geheim")):
            assert "Association Rejected" in place.send(film, *wrong), wrong
        assert "Calling AE Title Not Recognized" in place.send(film, ae_title="CR2")
        assert place.kept() == 0
        assert "(Success)" in place.send(film, "-usr", "cr", "-pwd", "geheim")
        assert place.kept() == 1


def test_every_transfer_syntax(serve: Serve, tmp_path: Path) -> None:
    """Kept as it came; storescu can't propose the deflated one alone."""
    with serve() as place:
        for transfer_syntax, option, encode in ENCODED:
            sent = tmp_path / f"{transfer_syntax}.dcm"
            encode(write_film(tmp_path, transfer_syntax), sent)
            said = place.send(sent, option, *([] if option == "-xd" else ["-R"]))
            assert "(Success)" in said, (transfer_syntax, said)
            film = pydicom.dcmread(sent)
            row = studies.known_instance(place.workplace.db, str(film.SOPInstanceUID))
            assert row is not None and not row.defect
            kept = pydicom.dcmread(place.workplace.objects.path(row.path))
            assert kept.PixelData == film.PixelData
            if transfer_syntax not in sop_classes.UNCOMPRESSED:
                assert kept.file_meta.TransferSyntaxUID == transfer_syntax
        assert place.kept() == len(ENCODED)


def test_classes_of_a_peer(serve: Serve, tmp_path: Path) -> None:
    """Of a modality that may send films a secondary capture is refused already when it is proposed."""
    film, capture = write_film(tmp_path), make_film("capture")
    capture.SOPClassUID = capture.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    capture.save_as(tmp_path / "capture.dcm", enforce_file_format=True)
    with serve('classes = ["films"]\n') as place:
        assert "No Acceptable Presentation Contexts" in place.send(tmp_path / "capture.dcm", "-R")
        assert "(Success)" in place.send(film, "-R")
        assert place.kept() == 1


def test_an_instance_that_is_too_large(serve: Serve, tmp_path: Path) -> None:
    with serve(machine="max_instance_mb = 1\n") as place:
        assert "larger than 1 MB" in place.send(write_film(tmp_path, "large", size=1200), "-d")
        assert "(Success)" in place.send(write_film(tmp_path, "small"))
        assert place.kept() == 1


def test_a_disk_that_is_nearly_full_refuses_and_resumes_by_itself(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow_log: AllowLog
) -> None:
    allow_log("disk")
    film = write_film(tmp_path)
    usage = namedtuple("usage", "total used free")
    with serve(machine="min_free_mb = 200\n") as place:
        free_mb = [100]
        monkeypatch.setattr(
            "dicom_node.spool.shutil.disk_usage", lambda _: usage(10**10, 0, free_mb[0] * 10**6)
        )
        assert "OutOfResources" in place.send(film)
        free_mb[0] = 210  # above the lower mark, not above the upper
        assert "OutOfResources" in place.send(film)
        assert place.kept() == 0
        free_mb[0] = 300
        assert "(Success)" in place.send(film)
        assert place.kept() == 1


@pytest.mark.parametrize("serve", ["clear"], indirect=True)
def test_orthanc_sends_as_a_modality(serve: Serve, orthanc: Orthanc, tmp_path: Path) -> None:
    """Its own C-STORE, not asked for by C-MOVE; by TLS it is in test_tls and test_every_archive."""
    path = write_film(tmp_path, "o")
    scu.store(LocalEntity(), orthanc.peer, [path])
    [made] = orthanc.rest("GET", "/instances")
    with serve('\n[[peer]]\nname = "orthanc"\nae_title = "ORTHANC"\nhost = "127.0.0.1"\nport = 2\n') as place:
        orthanc.know("LLMCXR", place.listener.port)
        orthanc.rest("POST", "/modalities/llmcxr/store", [made])
        assert place.kept() == 1
        [study] = studies.worklist(place.workplace.db)
        [row] = studies.instances_of(place.workplace.db, study.id)
        held = pydicom.dcmread(place.workplace.objects.path(row.path))
        assert held == pydicom.dcmread(path)


@pytest.mark.parametrize("by_tls", [False, True], ids=["clear", "tls"])
def test_storescp_hears_the_user_that_a_site_gives(tmp_path: Path, by_tls: bool) -> None:
    """DCMTK's receiver asks nobody for a password, but its log says what came."""
    port, log, local = free_port(), tmp_path / "scp.log", LocalEntity(home=tmp_path)
    options: list[str] = []
    if by_tls:
        authority = Authority(tmp_path / "ca")
        key, certificate = authority.issue("archive")
        own_key, own_certificate = authority.issue("node")
        options = ["+tls", str(key), str(certificate), "+cf", str(authority.certificate)]
        files = TlsFiles(certificate=own_certificate, private_key=own_key, trusted=authority.certificate)
        local = replace(local, tls=files)
    process = start("storescp", "-d", *options, "-od", tmp_path, str(port), output=log)
    try:
        wait_for(lambda: answers(port), "storescp answers")
        write_key(tmp_path, "scp", "geheim")
        peer = Peer(
            name="scp",
            ae_title="SCP",
            host="127.0.0.1",
            port=port,
            user="node",
            password_key="scp",
            tls=by_tls,
        )
        assert scu.echo(local, peer) < 5
        said = log.read_text()
        assert "Username: [node]" in said and "Password: [geheim]" in said
    finally:
        process.kill()
        process.wait()
