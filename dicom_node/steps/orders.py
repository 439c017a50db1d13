"""Ask a worklist for the order of each new study: for the reader, and for documents whose film says nothing of it."""

from __future__ import annotations

from functools import partial
from typing import Final

from dicom_node import orders
from dicom_node.steps.desk import Desk
from llmcxr_ws.domain import StudyRow
from llmcxr_ws.errors import DicomError
from llmcxr_ws.log import logger
from llmcxr_ws.site import Peer
from llmcxr_ws.store import priors, signals

_LOG = logger(__name__)
_LOOK_EVERY_S: Final = 1.0


def ask_orders(desk: Desk) -> bool:
    """Ask every peer that has a worklist about studies that came lately; beside the courier's work."""
    for peer in desk.site.peers:
        if not peer.worklist or not desk.is_due("look for orders", peer.name):
            continue
        desk.put_off("look for orders", peer.name, _LOOK_EVERY_S)
        new = priors.unasked(desk.db, "order", peer.name, desk.workplace.config.retry_s)
        if new:
            desk.aside("order", peer.name, partial(_ask, desk, peer, new))
    return False


def _ask(desk: Desk, peer: Peer, new: list[StudyRow]) -> None:
    for study in new:
        try:
            found = orders.order_of(
                desk.local, peer, study.identity, study.study_instance_uid, study.study_date
            )
        except DicomError as error:
            signals.note_inquiry(
                desk.db, study.id, kind="order", peer=peer.name, found=None, message=error.sentence
            )
            _LOG.warning("order not asked", study=study.id, peer=peer.name, reason=error.sentence)
            continue
        if found is not None:
            signals.note_order(desk.db, study.id, orders.words_of(found), found.to_json_dict())
        signals.note_inquiry(
            desk.db, study.id, kind="order", peer=peer.name, found={"orders": int(found is not None)}
        )
        _LOG.info("order", study=study.id, peer=peer.name, found=found is not None)
