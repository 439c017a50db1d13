"""Ask peers by C-FIND or QIDO-RS which of our documents they hold, on one connection for many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pydicom
from pydicom.errors import InvalidDicomError

from dicom_node import ways
from dicom_node.steps.desk import Desk
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.errors import ObjectStoreError
from llmcxr_ws.site import Peer
from llmcxr_ws.store import studies


def held_by(desk: Desk, peer: Peer, rows: Iterable[DeliveryRow]) -> Iterator[tuple[DeliveryRow, bool]]:
    """Yield each delivery with whether the peer finds its document.

    Raises
    ------
    DicomError
        The peer can't be asked, or not any more.
    """
    with ways.open_finding(desk.local, peer) as finding:
        for row in rows:
            keys = {
                "StudyInstanceUID": _study_of(desk, row),
                "SeriesInstanceUID": row.series_instance_uid,
                "SOPInstanceUID": row.sop_instance_uid,
            }
            matches = finding.ask("IMAGE", keys)
            yield row, any(str(match.get("SOPInstanceUID", "")) == row.sop_instance_uid for match in matches)


def _study_of(desk: Desk, row: DeliveryRow) -> str:
    """The study that a document says it is of; a generated film is of nobody's."""
    try:
        path = desk.workplace.objects.path(row.path)
        return str(pydicom.dcmread(path, specific_tags=["StudyInstanceUID"]).StudyInstanceUID)
    except (OSError, AttributeError, ObjectStoreError, InvalidDicomError):
        return studies.study_row(desk.db, row.study_id).study_instance_uid
