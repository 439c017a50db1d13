"""Send what is due: C-STORE, one association for each peer and pass; HL7 messages and FHIR resources one by one.

A delivery is marked as being sent before its first byte leaves. Where the outcome of an earlier try isn't known, the
peer is asked by C-FIND first, so that nothing is sent twice after it was stored.
"""

from __future__ import annotations

import hashlib
from itertools import groupby
from typing import Final

import pydicom
from pydicom.errors import InvalidDicomError

from dicom_node import scu, ways
from dicom_node.association import ServiceNotOffered
from dicom_node.messages import mllp, rest
from dicom_node.messages.mllp import Answer
from dicom_node.messages.oru import control_id_of
from dicom_node.steps.desk import Desk
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.errors import ConfigError, DicomError, ObjectStoreError
from llmcxr_ws.log import logger
from llmcxr_ws.outputs import FhirDestination, Hl7Destination, way_of
from llmcxr_ws.site import Peer
from llmcxr_ws.states import DeliveryState, ReportState
from llmcxr_ws.store import deliveries, reports, studies

_LOG = logger(__name__)
_BATCH: Final = 20
# Drafts that a peer should have: not yet signed, rejected or replaced.
_WANTED: Final = (ReportState.DRAFT, ReportState.PRELIMINARY, ReportState.SIGN_PENDING)


def send_due(desk: Desk) -> bool:
    """Try every delivery whose time has come, peer by peer."""
    due = sorted(deliveries.due_deliveries(desk.db), key=lambda row: (row.peer, row.id))
    batches = [(name, list(rows)[:_BATCH]) for name, rows in groupby(due, key=lambda row: row.peer)]
    return desk.each(
        "send", batches, lambda batch: batch[0], lambda desk, batch: _send_batch(desk, *batch), _broke_off
    )


def _broke_off(desk: Desk, batch: tuple[str, list[DeliveryRow]], place: str) -> None:
    """Something unforeseen broke while a batch was being sent: what became of it isn't known."""
    for row in batch[1]:
        now = next(found for found in deliveries.deliveries_of(desk.db, row.study_id) if found.id == row.id)
        if now.state == DeliveryState.SENDING:
            _fail(desk, row, f"The node failed while sending it ({place}).", unknown=True)


def _send_batch(desk: Desk, name: str, batch: list[DeliveryRow]) -> bool:
    destination = desk.site.destination(name)
    if destination is None:
        _fail_all(desk, batch, f"There is no destination '{name}' in the site's configuration any more.")
    elif isinstance(destination, Peer):
        _send_to(desk, destination, batch)
    else:
        _send_messages(desk, destination, batch)
    return True


def _send_messages(desk: Desk, to: Hl7Destination | FhirDestination, batch: list[DeliveryRow]) -> None:
    """One after another, in their order; one that isn't taken and is tried again holds back those behind it."""
    for number, row in enumerate(batch):
        if _withdrawn(desk, row):
            continue
        data = _unchanged_bytes(desk, row)
        if data is None:
            continue
        if way_of(row.path) != ("hl7" if isinstance(to, Hl7Destination) else "fhir"):
            _set_aside(desk, row, f"'{to.name}' can't take this kind of document.", "")
            continue
        deliveries.begin(desk.db, row.id)
        answer = _send_message(desk, to, data)
        if answer.taken:
            deliveries.stored(desk.db, row.id)
            deliveries.confirm(desk.db, row.id, by="answer")
            _LOG.info("taken", delivery=row.id, peer=to.name, kind=row.kind)
        elif answer.retry:
            _fail(desk, row, answer.sentence, unknown=answer.unknown)
            _LOG.debug("others wait", peer=to.name, documents=len(batch) - number - 1)
            return
        else:
            deliveries.refused(desk.db, row.id, message=answer.sentence)
            _LOG.error("delivery is dead", delivery=row.id, peer=to.name, reason=answer.sentence)


def _send_message(desk: Desk, to: Hl7Destination | FhirDestination, data: bytes) -> Answer:
    config = desk.workplace.config
    if isinstance(to, Hl7Destination):
        return mllp.send(
            to,
            data,
            control_id_of(data),
            connect_s=config.connect_timeout_s,
            silence_s=config.network_timeout_s,
        )
    try:
        return rest.put(to, data, desk.workplace.home, silence_s=config.network_timeout_s)
    except ConfigError as error:
        return Answer(False, retry=True, sentence=error.sentence)


def _unchanged_bytes(desk: Desk, row: DeliveryRow) -> bytes | None:
    """The bytes that were made; None, and the delivery set aside, where they are gone or others."""
    try:
        data = desk.workplace.objects.path(row.path).read_bytes()
    except (OSError, ObjectStoreError):
        _set_aside(desk, row, "The document's file is missing from the object store or can't be read.")
        return None
    if hashlib.sha256(data).hexdigest() != row.sha256:
        _set_aside(desk, row, "The document's file isn't the one that was made.")
        return None
    return data


def is_held_by(desk: Desk, peer: Peer, row: DeliveryRow) -> bool:
    """Ask a peer by C-FIND whether it holds a document.

    Raises
    ------
    DicomError
        The peer can't be asked.
    """
    document = next(d for d in reports.documents_of(desk.db, row.study_id) if d.id == row.document_id)
    keys = {
        "StudyInstanceUID": _study_of(desk, row),
        "SeriesInstanceUID": document.series_instance_uid,
        "SOPInstanceUID": row.sop_instance_uid,
    }
    matches = ways.find(desk.local, peer, "IMAGE", keys)
    return any(str(match.get("SOPInstanceUID", "")) == row.sop_instance_uid for match in matches)


def _study_of(desk: Desk, row: DeliveryRow) -> str:
    """The study that a document says it is of; a generated film is of nobody's."""
    try:
        path = desk.workplace.objects.path(row.path)
        return str(pydicom.dcmread(path, specific_tags=["StudyInstanceUID"]).StudyInstanceUID)
    except (OSError, AttributeError, ObjectStoreError, InvalidDicomError):
        return studies.study_row(desk.db, row.study_id).study_instance_uid


def _send_to(desk: Desk, peer: Peer, batch: list[DeliveryRow]) -> None:
    unclear = [row for row in batch if row.outcome_unknown]
    arrived: set[int] = set()
    for number, row in enumerate(unclear):
        try:
            if _arrived_before(desk, peer, row):
                arrived.add(row.id)
        except DicomError as error:
            _fail_all(desk, [r for r in batch if r not in unclear] + unclear[number:], error.sentence)
            return
    to_send = [row for row in batch if row.id not in arrived and not _withdrawn(desk, row)]
    to_send = [row for row in to_send if not _refused_here(desk, peer, row)]
    if not to_send:
        return
    for row in to_send:
        deliveries.begin(desk.db, row.id)
    by_path = {desk.workplace.objects.path(row.path): row for row in to_send}
    try:
        results = ways.store(desk.local, peer, list(by_path))
    except DicomError as error:
        for row in to_send:
            _fail(desk, row, error.sentence, unknown=False)
        return
    for result in results:
        _record(desk, peer, by_path[result.path], result)


def _arrived_before(desk: Desk, peer: Peer, row: DeliveryRow) -> bool:
    """Whether an earlier try whose answer was lost had succeeded; then it is stored."""
    try:
        held = is_held_by(desk, peer, row)
    except ServiceNotOffered:
        return False  # it can't be asked; C-STORE of the same instance is safe to repeat
    if held:
        deliveries.begin(desk.db, row.id)
        deliveries.stored(desk.db, row.id)
        _LOG.info("already stored", delivery=row.id, peer=peer.name)
    else:
        deliveries.not_arrived(desk.db, row.id)
    return held


def _withdrawn(desk: Desk, row: DeliveryRow) -> bool:
    """Hold a draft that was signed, rejected or replaced before it left, and all of a retracted report."""
    if deliveries.is_retracted(desk.db, row.id):
        deliveries.withdraw(desk.db, row.id, message="The report was retracted before it was sent.")
        return True
    if row.stage != "draft":
        return False
    document = next(d for d in reports.documents_of(desk.db, row.study_id) if d.id == row.document_id)
    if reports.report_by_id(desk.db, document.report_id).state in _WANTED:
        return False
    deliveries.withdraw(desk.db, row.id, message="The draft was no longer wanted when its turn came.")
    return True


def _refused_here(desk: Desk, peer: Peer, row: DeliveryRow) -> bool:
    """Only the bytes that were made leave, and synthetic data never to a clinical peer."""
    try:
        path = desk.workplace.objects.path(row.path)
        changed = hashlib.sha256(path.read_bytes()).hexdigest() != row.sha256
        header = pydicom.dcmread(path, specific_tags=["SyntheticData"], stop_before_pixels=True)
    except (OSError, ObjectStoreError, InvalidDicomError):
        return _set_aside(desk, row, "The document's file is missing from the object store or can't be read.")
    if changed:
        return _set_aside(desk, row, "The document's file isn't the one that was made.")
    if peer.role == "clinical" and header.get("SyntheticData") == "YES":
        return _set_aside(
            desk, row, "Synthetic data aren't sent to clinical peers.", "Give a research peer the rule."
        )
    return False


def _set_aside(
    desk: Desk, row: DeliveryRow, reason: str, what_to_do: str = "Restore it from a backup and resend it."
) -> bool:
    _LOG.error("delivery is dead", delivery=row.id, peer=row.peer, reason=reason)
    deliveries.refused(desk.db, row.id, message=f"{reason} {what_to_do}".strip())
    return True


def _record(desk: Desk, peer: Peer, row: DeliveryRow, result: scu.StoreResult) -> None:
    if result.outcome is scu.Outcome.STORED:
        deliveries.stored(desk.db, row.id)
        _LOG.info("stored", delivery=row.id, peer=peer.name, kind=row.kind)
    elif result.retry:
        _fail(desk, row, result.sentence, unknown=result.outcome is scu.Outcome.UNKNOWN)
    else:
        deliveries.refused(desk.db, row.id, message=result.sentence)
        _LOG.error("delivery is dead", delivery=row.id, peer=peer.name, reason=result.sentence)


def _fail_all(desk: Desk, batch: list[DeliveryRow], sentence: str) -> None:
    """A try that didn't get as far as sending."""
    for row in batch:
        deliveries.begin(desk.db, row.id)
        _fail(desk, row, sentence, unknown=False)


def _fail(desk: Desk, row: DeliveryRow, sentence: str, *, unknown: bool) -> None:
    attempts = row.attempts + 1
    again = deliveries.failed(
        desk.db,
        row.id,
        message=sentence,
        pause_s=desk.pause_s(attempts),
        unknown=unknown,
        max_attempts=desk.workplace.config.delivery_attempts,
    )
    tell = _LOG.warning if again else _LOG.error
    tell("not delivered", delivery=row.id, peer=row.peer, attempt=attempts, again=again, reason=sentence)
