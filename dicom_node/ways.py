"""Which way a peer is talked to: by DICOMweb where it is configured with a base URL, else by DIMSE.

The functions are those of :mod:`dicom_node.scu`, and mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pydicom.dataset import Dataset

from dicom_node import scu, sop_classes
from dicom_node.association import LocalEntity
from dicom_node.scu import Keys, RetrieveResult, StoreResult
from dicom_node.web import retrieve, search, send
from llmcxr_ws.site import Peer


def echo(local: LocalEntity, peer: Peer) -> float:
    """Ask the peer to answer: QIDO-RS or C-ECHO."""
    return search.echo(local, peer) if peer.dicomweb else scu.echo(local, peer)


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
    way = search.find if peer.dicomweb else scu.find
    return way(local, peer, level, keys, model=model, limit=limit)


def store(
    local: LocalEntity,
    peer: Peer,
    paths: Sequence[Path],
    on_status: Callable[[StoreResult], None] | None = None,
) -> list[StoreResult]:
    """Send files: STOW-RS or C-STORE."""
    way = send.store if peer.dicomweb else scu.store
    return way(local, peer, paths, on_status)


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
