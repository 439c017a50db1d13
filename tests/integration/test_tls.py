"""TLS in both directions with DCMTK and Orthanc: mutual certificates, anonymous, expired, foreign and wrong ones."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from sqlalchemy import text

from dicom_node import scu
from dicom_node.association import LocalEntity, Timeouts
from dicom_node.certificate_facts import fingerprint
from dicom_node.commitment import Reference
from dicom_node.listener import Listener
from dicom_node.storing import Outcome
from dicom_node.tls import SUITES_TLS_1_2, TlsFiles
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer
from llmcxr_ws.store import studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.certificates import Authority
from tests.dicom_node.films import write_film
from tests.integration.conftest import Orthanc
from tests.network import answers, free_port, run, start, wait_for

pytestmark = [pytest.mark.peers, pytest.mark.allow_log("association rejected")]
SITE = """
[[peer]]
name = "sender"
ae_title = "SENDER"
host = "127.0.0.1"
port = 1
tls = true

[[peer]]
name = "orthanc"
ae_title = "ORTHANC"
host = "127.0.0.1"
port = {port}
tls = true
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("foreign"), "Another CA")


@pytest.fixture(scope="module")
def ours(authority: Authority) -> TlsFiles:
    key, certificate = authority.issue("node")
    return TlsFiles(certificate=certificate, private_key=key, trusted=authority.certificate)


@pytest.fixture(scope="module")
def orthanc_tls(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An Orthanc whose DICOM port speaks TLS and asks for certificates."""
    key, certificate = authority.issue("orthanc")
    running = Orthanc(
        tmp_path_factory.mktemp("orthanc-tls"),
        {
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": str(certificate),
            "DicomTlsPrivateKey": str(key),
            "DicomTlsTrustedCertificates": str(authority.certificate),
            "DicomTlsRemoteCertificateRequired": True,
        },
    )
    try:
        running.start()
        yield running
    finally:
        running.kill()


@pytest.fixture
def local(ours: TlsFiles, tmp_path: Path) -> LocalEntity:
    timeouts = Timeouts(connect_s=5, negotiation_s=5, response_s=10, silence_s=5)
    return LocalEntity(tls=ours, home=tmp_path, timeouts=timeouts)


@pytest.fixture
def node(ours: TlsFiles, orthanc_tls: Orthanc, tmp_path: Path) -> Iterator[Listener]:
    """The node's listener, plain and by TLS, which lets its peers in by TLS only."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    settings = {"tls_port": free_port(), **{f"tls_{name}": str(path) for name, path in vars(ours).items()}}
    lines = [f"{name} = {value!r}" for name, value in {"bind_host": "127.0.0.1", **settings}.items()]
    (home / "llmcxr.toml").write_text("\n".join(lines) + "\n")
    workplace = Workplace.open(home, upgrade=True)
    import_site(workplace.db, SITE.format(port=orthanc_tls.dicom_port), user="test")
    listener = Listener(workplace)
    listener.start(port=0)
    yield listener
    listener.stop(grace_s=0)
    workplace.close()


def by_tls(orthanc: Orthanc, **more: Any) -> Peer:
    return orthanc.peer.model_copy(update={"tls": True, **more})


def received(node: Listener) -> int:
    db = node._workplace.db
    return sum(len(studies.instances_of(db, row.id)) for row in studies.worklist(db))


def storescu(node: Listener, film: Path, *options: str | Path) -> Any:
    return run(
        "storescu",
        *options,
        "-aet",
        "SENDER",
        "-aec",
        "LLMCXR",
        "127.0.0.1",
        node.tls_port,
        film,
        timeout_s=20,
    )


def test_everything_with_orthanc(
    orthanc_tls: Orthanc, local: LocalEntity, node: Listener, tmp_path: Path
) -> None:
    """C-ECHO, C-STORE, C-FIND, C-GET, C-MOVE to our TLS port, and its storage commitment report by TLS."""
    peer = by_tls(orthanc_tls)
    orthanc_tls.know("LLMCXR", node.tls_port, tls=True)
    assert scu.echo(local, peer) < 5
    path = write_film(tmp_path, "t", size=700)
    assert [result.outcome for result in scu.store(local, peer, [path] * 3)] == [Outcome.STORED] * 3
    film = pydicom.dcmread(path)
    study = {"StudyInstanceUID": str(film.StudyInstanceUID)}
    assert len(scu.find(local, peer, "STUDY", study)) == 1
    got: list[pydicom.Dataset] = []
    assert (
        scu.get(local, peer, "STUDY", study, lambda part: got.append(pydicom.dcmread(part)) or 0).completed
        == 1
    )
    assert got == [film]
    assert scu.move(local, peer, "STUDY", study, "LLMCXR").completed == 1
    assert received(node) == 1
    reference = Reference(str(film.SOPClassUID), str(film.SOPInstanceUID))
    scu.request_commitment(local, peer, "2.25.4711", [reference])
    db = node._workplace.db

    def reported() -> bool:
        with db.read() as session:
            return bool(session.execute(text("SELECT count(*) FROM commitment_result")).scalar_one())

    wait_for(reported, "the commitment report")


def test_peers_that_arent_who_they_should_be(
    orthanc_tls: Orthanc, local: LocalEntity, ours: TlsFiles, foreign: Authority, authority: Authority
) -> None:
    """Its name, its fingerprint, its authority; and our certificate as it sees it."""
    der = pydicom_der(authority.folder / "orthanc.pem")
    assert scu.echo(local, by_tls(orthanc_tls, tls_fingerprint=fingerprint(der))) < 5
    with pytest.raises(DicomError, match=r"certificate was refused: it doesn't have the fingerprint"):
        scu.echo(local, by_tls(orthanc_tls, tls_fingerprint="00" * 32))
    with pytest.raises(DicomError, match=r"certificate was refused: .*pacs.example.org") as told:
        scu.echo(local, by_tls(orthanc_tls, tls_name="pacs.example.org"))
    assert "tls_name" in told.value.what_to_do
    strangers = LocalEntity(tls=TlsFiles(trusted=foreign.certificate), timeouts=local.timeouts)
    with pytest.raises(DicomError, match=r"certificate was refused: .*(issuer|self-signed)") as told:
        scu.echo(strangers, by_tls(orthanc_tls))
    assert "tls_trusted" in told.value.what_to_do
    anonymous = LocalEntity(tls=TlsFiles(trusted=ours.trusted), timeouts=local.timeouts)
    with pytest.raises(DicomError, match=r"refused our certificate|didn't answer|TLS failed"):
        scu.echo(anonymous, by_tls(orthanc_tls))
    with pytest.raises(DicomError, match=r"didn't answer|can't be asked"):
        scu.echo(local, orthanc_tls.peer)  # plain to a TLS port
    key, certificate = foreign.issue("node")
    other = TlsFiles(certificate=certificate, private_key=key, trusted=ours.trusted)
    with pytest.raises(DicomError, match=r"refused our certificate|didn't answer|TLS failed"):
        scu.echo(LocalEntity(tls=other, timeouts=local.timeouts), by_tls(orthanc_tls))


def pydicom_der(path: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(path.read_text())


@pytest.mark.allow_log("connection refused")
def test_who_cannot_come_in_by_tls_is_counted(node: Listener, ours: TlsFiles, local: LocalEntity) -> None:
    """Without a certificate, and in clear at the port of TLS; who only looks whether the port is open isn't."""
    peer = Peer(
        name="node", ae_title="LLMCXR", host="127.0.0.1", port=node.tls_port, tls=True, tls_name="node"
    )
    with socket.create_connection(("127.0.0.1", node.tls_port)):
        pass
    anonymous = LocalEntity(tls=TlsFiles(trusted=ours.trusted), timeouts=local.timeouts)
    for us, to in ((anonymous, peer), (local, peer.model_copy(update={"tls": False}))):
        with pytest.raises(DicomError):
            scu.echo(us, to)
    found: list[str] = []

    def both() -> bool:
        found.extend(reason for _, _, reason, _ in node.tally.take_rejections())
        return len(found) == 2

    wait_for(both, f"two rejections, not {found}")
    assert all(reason.startswith("TLS: ") for reason in found), found


def test_a_plain_peer_isnt_spoken_to_by_tls(orthanc: Orthanc, local: LocalEntity) -> None:
    with pytest.raises(DicomError, match=r"doesn't speak TLS|TLS failed|can't be reached"):
        scu.echo(local, orthanc.peer.model_copy(update={"tls": True}))


def test_expired_certificates(
    authority: Authority, local: LocalEntity, ours: TlsFiles, tmp_path: Path
) -> None:
    """The peer's is refused in the handshake; our own already before."""
    key, certificate = authority.issue("late", days=(-30, -2))
    port = free_port()
    peer = Peer(name="late", ae_title="LATE", host="127.0.0.1", port=port, tls=True)
    process = start(
        "storescp", "+tls", key, certificate, "-ic", "-od", tmp_path, str(port), output=tmp_path / "scp.log"
    )
    try:
        wait_for(lambda: answers(port), "storescp answers")
        with pytest.raises(DicomError, match=r"certificate was refused: certificate has expired") as told:
            scu.echo(local, peer)
        assert "renew" in told.value.what_to_do
    finally:
        process.kill()
        process.wait()
    own = TlsFiles(certificate=certificate, private_key=key, trusted=ours.trusted)
    with pytest.raises(DicomError, match=r"This node's certificate \(late\) expired on 20"):
        scu.echo(LocalEntity(tls=own), peer)


@pytest.mark.parametrize("size", [64, 1500])
def test_store_to_storescp_by_tls(
    authority: Authority, local: LocalEntity, tmp_path: Path, size: int
) -> None:
    key, certificate = authority.issue("scp")
    port = free_port()
    process = start(
        "storescp",
        "+tls",
        key,
        certificate,
        "+cf",
        authority.certificate,
        "-rc",
        "+B",
        "-od",
        tmp_path,
        str(port),
        output=tmp_path / "scp.log",
    )
    try:
        wait_for(lambda: answers(port), "storescp answers")
        peer = Peer(name="scp", ae_title="SCP", host="127.0.0.1", port=port, tls=True)
        path = write_film(tmp_path, "film", size=size)
        results = scu.store(local, peer, [path] * 20)
    finally:
        process.kill()
        process.wait()
    assert [result.outcome for result in results] == [Outcome.STORED] * 20


@pytest.mark.allow_log("connection refused")
def test_storescu_to_our_port(
    node: Listener, authority: Authority, foreign: Authority, tmp_path: Path
) -> None:
    """Mutual certificates are let in; without one, with an expired or a foreign one, or in plain, nobody is."""
    film = write_film(tmp_path, "s")
    key, certificate = authority.issue("modality")
    good = ("+tls", key, certificate, "+cf", authority.certificate)
    late_key, late = authority.issue("late", days=(-30, -2))
    foreign_key, foreigner = foreign.issue("modality")
    for bad in (
        ("+tla", "+cf", authority.certificate),
        ("+tls", late_key, late, "+cf", authority.certificate),
        ("+tls", foreign_key, foreigner, "+cf", authority.certificate),
        ("+tls", key, certificate, "+cf", foreign.certificate),
    ):
        assert storescu(node, film, *bad).returncode != 0, bad
    assert (
        run("storescu", "-aet", "SENDER", "-aec", "LLMCXR", "127.0.0.1", node.tls_port, film).returncode != 0
    )
    plain = run("storescu", "-v", "-aet", "SENDER", "-aec", "LLMCXR", "127.0.0.1", node.port, film)
    assert "Calling AE Title Not Recognized" in plain.stdout  # a peer with tls = true, on the plain port
    assert received(node) == 0
    told = storescu(node, film, *good)
    assert told.returncode == 0, told.stdout
    assert received(node) == 1


@pytest.mark.allow_log("connection refused")
def test_versions_and_suites_of_our_port(node: Listener, ours: TlsFiles) -> None:
    """TLS 1.2 with the profile's four suites and 1.3; nothing else, whatever a client offers."""

    def reached(version: ssl.TLSVersion, suites: str) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        context.set_ciphers(suites)
        assert ours.certificate is not None
        context.load_cert_chain(ours.certificate, ours.private_key)
        with (
            socket.create_connection(("127.0.0.1", node.tls_port), timeout=5) as plain,
            context.wrap_socket(plain) as wrapped,
        ):
            return (wrapped.cipher() or ("",))[0]

    assert reached(ssl.TLSVersion.TLSv1_3, "DEFAULT").startswith("TLS_")
    with_rsa = [suite for suite in SUITES_TLS_1_2 if "-RSA-" in suite]
    assert [reached(ssl.TLSVersion.TLSv1_2, suite) for suite in with_rsa] == with_rsa
    weak = (
        "AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-SHA384",
        "DHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305",
    )
    for old in weak:
        with pytest.raises(OSError):
            reached(ssl.TLSVersion.TLSv1_2, old)
    with pytest.warns(DeprecationWarning), pytest.raises(OSError):
        reached(ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0")
