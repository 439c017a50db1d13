"""Which way a peer is talked to: by DICOMweb where it is configured with a base URL, else by DIMSE.

The functions are those of :mod:`dicom_node.scu` and :mod:`dicom_node.storing`, and mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from pydicom.dataset import Dataset

from dicom_node import scu, sop_classes, storing
from dicom_node.association import LocalEntity
from dicom_node.scu import Keys, RetrieveResult, StoreResult
from dicom_node.storing import SendFile, look_at, send_all
from dicom_node.web import retrieve, search, send
from llmcxr_ws.site import Peer


class Finding(Protocol):
    """A connection on which a peer is asked, one question after the other."""

    def ask(self, level: str, keys: Keys, limit: int | None = None) -> list[Dataset]:
        """What matches."""


class Storing(Protocol):
    """A connection on which files are stored, one after the other."""

    @property
    def alive(self) -> bool:
        """Whether more can be sent on it."""

    def send(self, file: SendFile) -> StoreResult:
        """Send one file and wait for the peer's answer."""


def echo(local: LocalEntity, peer: Peer) -> float:
    """Ask the peer to answer: QIDO-RS or C-ECHO."""
    return search.echo(local, peer) if peer.dicomweb else scu.echo(local, peer)


def open_finding(local: LocalEntity, peer: Peer) -> AbstractContextManager[Finding]:
    """Open a connection for questions: QIDO-RS or C-FIND."""
    return search.open_finding(local, peer) if peer.dicomweb else scu.open_finding(local, peer)


def find(
    local: LocalEntity,
    peer: Peer,
    level: str,
    keys: Keys,
    *,
    model: str = "study",
    limit: int | None = None,
) -> list[Dataset]:
    """Ask what matches: QIDO-RS or C-FIND."""
    if not peer.dicomweb:
        return scu.find(local, peer, level, keys, model=model, limit=limit)
    with search.open_finding(local, peer) as finding:
        return finding.ask(level, keys, limit)


def open_storing(
    local: LocalEntity, peer: Peer, kinds: Iterable[tuple[str, str]]
) -> AbstractContextManager[Storing]:
    """Open a connection for files of these SOP classes and transfer syntaxes: STOW-RS or C-STORE."""
    return send.open_storing(local, peer) if peer.dicomweb else storing.open_storing(local, peer, kinds)


def store(
    local: LocalEntity,
    peer: Peer,
    paths: Sequence[Path],
    on_status: Callable[[StoreResult], None] | None = None,
) -> list[StoreResult]:
    """Send files: STOW-RS or C-STORE."""
    if not peer.dicomweb:
        return scu.store(local, peer, paths, on_status)
    files = [look_at(path) for path in paths]
    with send.open_storing(local, peer) as opened:
        return send_all(files, opened.send, on_status)


def get(
    local: LocalEntity,
    peer: Peer,
    level: str,
    keys: Keys,
    sink: Callable[[Path], int],
    *,
    model: str = "study",
    classes: Sequence[str] = sop_classes.STORAGE_CLASSES,
) -> RetrieveResult:
    """Fetch what matches: WADO-RS or C-GET."""
    way = retrieve.get if peer.dicomweb else scu.get
    return way(local, peer, level, keys, sink, model=model, classes=classes)
