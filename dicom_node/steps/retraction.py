"""Withdraw a signed report: one rejection note for each of its documents that a peer holds.

The PACS isn't asked whose study it is: a report may have to be withdrawn because that was corrected. A note bears the
patient of the document that it withdraws.
"""

from __future__ import annotations

from typing import Any, Final

from dicom_node.steps import compose, outputs
from dicom_node.steps.desk import Desk
from llmcxr_ws.domain import DocumentRow, RequestRow
from llmcxr_ws.errors import DicomError
from llmcxr_ws.log import logger
from llmcxr_ws.store import retracting
from llmcxr_ws.store.retracting import RetractOrder, RetractRefused

_LOG = logger(__name__)
_PAUSE_S: Final = 1.0
_UNCLEAR: Final = "Waiting to learn whether a peer has received a document of this report."


def decide(desk: Desk, request: RequestRow) -> None:
    """Retract, refuse, or wait until it is known who holds what."""
    try:
        order = retracting.verify(desk.db, request, desk.service_key)
        if order is None:
            retracting.wait(desk.db, request, reason=_UNCLEAR, pause_s=_PAUSE_S)
            return
        notes = _notes(desk, order)
        if retracting.complete(desk.db, order, desk.service_key, notes):
            _LOG.info("retracted", study=order.study.id, report=order.report.id, notes=len(notes))
    except (RetractRefused, DicomError) as error:
        _LOG.warning("request refused", request=request.id, kind=request.kind, reason=error.sentence)
        retracting.refuse(desk.db, request, reason=error.sentence)


def _notes(desk: Desk, order: RetractOrder) -> list[tuple[DocumentRow, dict[str, Any]]]:
    if not order.documents:
        return []
    read = [row for row in order.instances if row.sop_instance_uid in order.report.instances]
    headers = compose.read_headers(desk, read)
    return [
        (document, outputs.withdrawn_message(desk, document))
        if outputs.is_message(document)
        else (document, compose.build_retraction(desk, order, document, headers))
        for document in order.documents
    ]
