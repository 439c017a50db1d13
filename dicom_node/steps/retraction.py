"""Withdraw a signed report: one rejection note for each of its documents that a peer holds.

The PACS isn't asked whose study it is: a report may have to be withdrawn because that was corrected. A note bears the
patient of the document that it withdraws.
"""

from __future__ import annotations

from typing import Final

from dicom_node.steps.desk import Desk
from llmcxr_ws.domain import RequestRow
from llmcxr_ws.log import logger
from llmcxr_ws.store import retracting
from llmcxr_ws.store.retracting import RetractRefused

_LOG = logger(__name__)
_PAUSE_S: Final = 1.0
_UNCLEAR: Final = "Waiting to learn whether a peer has received a document of this report."


def decide(desk: Desk, request: RequestRow) -> None:
    """Retract, refuse, or wait until it is known who holds what; the notes are built with the other outputs."""
    try:
        order = retracting.verify(desk.db, request, desk.service_key)
        if order is None:
            retracting.wait(desk.db, request, reason=_UNCLEAR, pause_s=_PAUSE_S)
        elif retracting.complete(desk.db, order, desk.service_key):
            _LOG.info("retracted", study=order.study.id, report=order.report.id)
    except RetractRefused as error:
        _LOG.warning("request refused", request=request.id, kind=request.kind, reason=error.sentence)
        retracting.refuse(desk.db, request, reason=error.sentence)
