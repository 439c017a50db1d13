"""A node in one process beside a real archive that knows it, in clear or by TLS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from llmcxr_ws.site import Peer
from llmcxr_ws.store.configuration import import_site
from tests.certificates import Authority
from tests.dicom_node.world import World
from tests.integration.conftest import Orthanc
from tests.network import free_port

SITE = """
institution = "Test hospital"
quiet_s = {quiet}
patience_s = {patience}
{more}

[[peer]]
name = "{name}"
ae_title = "{ae_title}"
host = "127.0.0.1"
port = {port}
tls = {tls}
identity = true
{peer}

[[peer]]
name = "cr"
ae_title = "CR1"
host = "127.0.0.1"
port = 1
count_from = "{count_from}"

[[output]]
document = "signed"
to = "{name}"
"""


class Archive(Protocol):
    """An archive of somebody else's."""

    @property
    def peer(self) -> Peer:
        """It as a configured peer."""

    def know(self, ae_title: str, port: int, *, tls: bool = False) -> None:
        """Enter where an AE title is reached."""


@contextmanager
def beside(
    archive: Archive,
    home: Path,
    *,
    quiet: float = 0.2,
    patience: float = 60,
    peer: str = "",
    count_from: str = "",
    more: str = "",
    rules: str = "",
    authority: Authority | None = None,
) -> Iterator[World]:
    """A node whose site knows the archive and a modality called CR1; `peer` are more lines of the archive's table.

    With an `authority` node and archive speak TLS in both directions and show certificates of it.
    """
    known = archive.peer
    machine = tls_settings(authority) if authority is not None else ""
    world = World(home, known, machine=machine)
    site = SITE.format(
        name=known.name,
        ae_title=known.ae_title,
        tls=str(authority is not None).lower(),
        quiet=quiet,
        patience=patience,
        port=known.port,
        peer=peer,
        count_from=count_from,
        more=more,
    )
    import_site(world.workplace.db, site + rules, user="test")
    if authority is not None:
        archive.know("LLMCXR", world.listener.tls_port, tls=True)
    else:
        archive.know("LLMCXR", world.listener.port)
    try:
        yield world
    finally:
        world.close()


def tls_settings(authority: Authority) -> str:
    """The machine's settings for TLS, with a certificate of the node's own."""
    key, certificate = authority.issue("node")
    return (
        f'tls_port = {free_port()}\ntls_certificate = "{certificate}"\ntls_private_key = "{key}"\n'
        f'tls_trusted = "{authority.certificate}"\n'
    )


def orthanc_by_tls(folder: Path, authority: Authority) -> Orthanc:
    """An Orthanc, not started yet, whose DICOM port speaks TLS and asks for certificates."""
    key, certificate = authority.issue("orthanc")
    settings = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(certificate),
        "DicomTlsPrivateKey": str(key),
        "DicomTlsTrustedCertificates": str(authority.certificate),
        "DicomTlsRemoteCertificateRequired": True,
    }
    return Orthanc(folder, settings)
