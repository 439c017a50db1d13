"""What a peer holds of our documents: each one found by C-FIND, and fetched back by C-GET when asked.

Lets an administrator compare a PACS with the outbox after a restore or a migration.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom

from dicom_node import ways
from dicom_node.association import LocalEntity
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.site import Peer
from llmcxr_ws.states import DeliveryState
from llmcxr_ws.store import deliveries, reports, studies
from llmcxr_ws.workplace import Workplace

_SENT = (DeliveryState.STORED, DeliveryState.CONFIRMED)


@dataclass(frozen=True)
class HeldDocument:
    """One document of ours at one peer, by its delivery's id; `unchanged` is None where it wasn't fetched."""

    id: int
    accession_number: str
    kind: str
    sop_instance_uid: str
    found: bool
    unchanged: bool | None = None
    file: str = ""


def documents_at(
    workplace: Workplace, local: LocalEntity, peer: Peer, *, out: Path | None = None
) -> Iterator[HeldDocument]:
    """Ask the peer for every document that we count as stored there, study by study.

    Parameters
    ----------
    out : Path, optional
        Fetch each document into this folder, named by its SOP Instance UID, and compare it with our bytes.

    Raises
    ------
    DicomError
        The peer can't be asked.
    """
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    for study in studies.worklist(workplace.db):
        documents = {row.id: row for row in reports.documents_of(workplace.db, study.id)}
        for delivery in deliveries.deliveries_of(workplace.db, study.id):
            if delivery.peer != peer.name or delivery.state not in _SENT:
                continue
            document = documents[delivery.document_id]
            keys = _keys(_study_of(workplace, study.study_instance_uid, delivery), delivery)
            found = bool(ways.find(local, peer, "IMAGE", keys))
            kept = workplace.objects.path(delivery.path).is_file()
            file = _fetch(local, peer, keys, out) if found and kept and out is not None else None
            yield HeldDocument(
                id=delivery.id,
                accession_number=study.identity.accession_number,
                kind=document.kind,
                sop_instance_uid=delivery.sop_instance_uid,
                found=found,
                unchanged=_same(file, workplace.objects.path(delivery.path)) if file else None,
                file=str(file or ""),
            )


def _study_of(workplace: Workplace, StudyInstanceUID: str, delivery: DeliveryRow) -> str:
    """The study under which the peer has it: of a de-identified copy another one."""
    if not delivery.deidentified:
        return StudyInstanceUID
    return str(
        pydicom.dcmread(workplace.objects.path(delivery.path), stop_before_pixels=True).StudyInstanceUID
    )


def _keys(StudyInstanceUID: str, delivery: DeliveryRow) -> dict[str, str]:
    return {
        "StudyInstanceUID": StudyInstanceUID,
        "SeriesInstanceUID": delivery.series_instance_uid,
        "SOPInstanceUID": delivery.sop_instance_uid,
    }


def _fetch(local: LocalEntity, peer: Peer, keys: dict[str, str], out: Path) -> Path | None:
    target = out / f"{keys['SOPInstanceUID']}.dcm"
    target.unlink(missing_ok=True)

    def sink(path: Path) -> int:
        shutil.copyfile(path, target)
        return 0

    ways.get(local, peer, "IMAGE", keys, sink)
    return target if target.exists() else None


def _same(file: Path, ours: Path) -> bool:
    """Whether the data sets are equal; file meta is the storing node's own business (PS3.10 7.1)."""
    return bool(pydicom.dcmread(file) == pydicom.dcmread(ours))
