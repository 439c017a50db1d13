"""Have peers confirm what they store: storage commitment (PS3.4 annex J), else C-FIND.

The report of a commitment comes to the listener, which only writes it down; here the conclusion is drawn.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from pydicom.uid import generate_uid

from dicom_node import scu
from dicom_node.association import ServiceNotOffered
from dicom_node.commitment import CommitmentReport, Reference
from dicom_node.steps.asking import held_by
from dicom_node.steps.desk import Desk, find_peer
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.errors import DicomError
from llmcxr_ws.log import logger
from llmcxr_ws.outputs import way_of
from llmcxr_ws.site import Peer
from llmcxr_ws.store import deliveries

_LOG = logger(__name__)
_NO_COMMITMENT_S: Final = 3600.0
"""How long a peer that offers no storage commitment isn't asked for it again."""
_SAME_ASSOCIATION_S: Final = 5.0
_MOST_REFERENCES: Final = 500
"""Documents in one request to commit."""
_REASONS: Final = {
    0x0110: "processing failure",
    0x0112: "it doesn't hold the object",
    0x0119: "SOP classes differ",
}


def confirm_stored(desk: Desk) -> bool:
    """Take one step for every delivery that is stored and not yet confirmed."""
    waiting = sorted(deliveries.unconfirmed(desk.db), key=lambda row: (row.peer, row.id))
    batches = [(name, list(rows)) for name, rows in groupby(waiting, key=lambda row: row.peer)]
    for batch in batches:
        desk.lanes.start(batch[0], lambda batch=batch: _confirm_one(desk, batch))  # type: ignore[misc]
    return desk.lanes.settle()


def _confirm_one(desk: Desk, batch: tuple[str, list[DeliveryRow]]) -> bool:
    return desk.each(
        "confirm", [batch], lambda batch: batch[0], lambda desk, batch: _confirm_at(desk, *batch)
    )


def _confirm_at(desk: Desk, name: str, rows: list[DeliveryRow]) -> bool:
    if any(way_of(row.path) != "dicom" for row in rows):
        # Its receiver's answer said that it was taken; the process ended before that was written down.
        for row in rows:
            deliveries.confirm(desk.db, row.id, by="answer")
        return True
    peer = find_peer(desk.site, name)
    if peer is None:
        return False
    worked = False
    unasked: list[DeliveryRow] = []
    to_find: list[DeliveryRow] = []
    for row in rows:
        if _asks_by_find(desk, peer):
            to_find.append(row)
        elif not row.transaction_uid:
            unasked.append(row)
        elif _is_overdue(desk, peer, row):
            to_find.append(row)
        else:
            worked = _by_report(desk, peer, row) or worked
    if unasked and desk.is_due("ask", peer.name):
        worked = _ask(desk, peer, unasked[:_MOST_REFERENCES]) or worked
    return _by_find(desk, peer, to_find) or worked


def _asks_by_find(desk: Desk, peer: Peer) -> bool:
    """A peer that got it by DICOMweb is asked by QIDO-RS, unless storage commitment is wanted of it."""
    without = bool(peer.dicomweb) or not desk.is_due("commitment", peer.name)
    return peer.commitment == "find" or (peer.commitment == "auto" and without)


def _ask(desk: Desk, peer: Peer, rows: list[DeliveryRow]) -> bool:
    """Send one N-ACTION for all of them; the transaction is remembered before it is sent."""
    transaction_uid = str(generate_uid(prefix=None))
    deliveries.note_commitment_asked(desk.db, [row.id for row in rows], transaction_uid)
    try:
        scu.request_commitment(
            desk.local,
            peer,
            transaction_uid,
            [Reference(row.sop_class_uid, row.sop_instance_uid) for row in rows],
            on_report=lambda report: _keep(desk, report),
            # Asked once before in vain: this peer may be one that answers on the same association.
            wait_s=_SAME_ASSOCIATION_S if any(row.commitment_asked_at for row in rows) else 0.0,
        )
    except ServiceNotOffered as error:
        _LOG.info("no storage commitment", peer=peer.name, mode=peer.commitment)
        _forget(desk, rows)
        if peer.commitment == "auto":
            desk.put_off("commitment", peer.name, _NO_COMMITMENT_S)
        else:
            desk.put_off("ask", peer.name, desk.workplace.config.retry_max_s)
            _LOG.error("can't be confirmed", peer=peer.name, reason=error.sentence)
        return True
    except DicomError as error:
        _LOG.warning("commitment not asked", peer=peer.name, reason=error.sentence)
        _forget(desk, rows)
        desk.put_off("ask", peer.name, desk.workplace.config.retry_s)
        return True
    _LOG.info("commitment asked", peer=peer.name, documents=len(rows))
    return True


def _keep(desk: Desk, report: CommitmentReport) -> None:
    committed = [reference.SOPInstanceUID for reference in report.committed]
    failed = {reference.SOPInstanceUID: reason for reference, reason in report.failed.items()}
    deliveries.record_commitment(desk.db, report.transaction_uid, committed, failed)


def _forget(desk: Desk, rows: list[DeliveryRow]) -> None:
    deliveries.note_commitment_asked(desk.db, [row.id for row in rows], "")


def _is_overdue(desk: Desk, peer: Peer, row: DeliveryRow) -> bool:
    """Whether a peer that took the request didn't report in time, and may be asked otherwise."""
    asked_at = row.commitment_asked_at
    limit_s = desk.workplace.config.commitment_timeout_s
    return (
        peer.commitment != "n-action"
        and (asked_at is None or (datetime.now(UTC) - asked_at).total_seconds() >= limit_s)
        and not deliveries.commitment_result(desk.db, row)[0]
    )


def _by_report(desk: Desk, peer: Peer, row: DeliveryRow) -> bool:
    """Draw the conclusion from the peer's report; ask once more where there must be one and none came in time."""
    answered, failure = deliveries.commitment_result(desk.db, row)
    if answered and failure is None:
        deliveries.confirm(desk.db, row.id, by="commitment")
        _LOG.info("confirmed", delivery=row.id, peer=peer.name, by="commitment")
        return True
    if answered and failure is not None:
        reason = _REASONS.get(failure, "a failure")
        return _lost(desk, peer, row, f"Peer {peer.name} doesn't commit to it: {failure:04X}H, {reason}.")
    asked_at = row.commitment_asked_at
    limit_s = desk.workplace.config.commitment_timeout_s
    if asked_at is not None and (datetime.now(UTC) - asked_at).total_seconds() < limit_s:
        return False
    _LOG.warning("no commitment report in time", delivery=row.id, peer=peer.name)
    _forget(desk, [row])
    return True


def _by_find(desk: Desk, peer: Peer, rows: list[DeliveryRow]) -> bool:
    """Ask for those whose time has come, on one association."""
    due = [row for row in rows if desk.is_due("find", row.id)]
    if not due:
        return False
    pause_s = desk.workplace.config.retry_s
    worked, asked = False, 0
    try:
        for row, held in held_by(desk, peer, due):
            asked += 1
            worked = _found(desk, peer, row, held) or worked
    except DicomError as error:
        _LOG.warning("can't ask", documents=len(due) - asked, peer=peer.name, reason=error.sentence)
        for row in due[asked:]:
            desk.put_off("find", row.id, pause_s)
        return True
    return worked


def _found(desk: Desk, peer: Peer, row: DeliveryRow, held: bool) -> bool:
    if held:
        deliveries.confirm(desk.db, row.id, by="find")
        _LOG.info("confirmed", delivery=row.id, peer=peer.name, by="find")
        return True
    since_s = (datetime.now(UTC) - row.stored_at).total_seconds() if row.stored_at else 0.0
    if since_s < desk.workplace.config.commitment_timeout_s:  # many index what they took a little later
        desk.put_off("find", row.id, desk.workplace.config.retry_s)
        return False
    return _lost(desk, peer, row, f"Peer {peer.name} took it but doesn't find it.")


def _lost(desk: Desk, peer: Peer, row: DeliveryRow, message: str) -> bool:
    """Send it again; give up after the bounded number of tries."""
    _LOG.warning("not confirmed", delivery=row.id, peer=peer.name, reason=message)
    if row.attempts >= desk.workplace.config.delivery_attempts:
        deliveries.refused(desk.db, row.id, message=message)
    else:
        deliveries.lost_by_peer(desk.db, row.id, message=message, pause_s=desk.pause_s(row.attempts))
    return True
