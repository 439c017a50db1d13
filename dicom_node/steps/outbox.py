"""Send what is due: many objects on one association by C-STORE, or one connection by STOW-RS; HL7 messages and FHIR
resources one by one.

Each destination has a lane of its own. A delivery is marked as being sent before its first byte leaves. Where the
outcome of an earlier try isn't known, the peer is asked by C-FIND or QIDO-RS first, so that nothing is sent twice
after it was stored. In which order things leave is decided in :mod:`llmcxr_ws.store.sending`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Final

import pydicom
from pydicom.errors import InvalidDicomError

from dicom_node import ways
from dicom_node.association import ServiceNotOffered
from dicom_node.documents.synthetic import may_send
from dicom_node.examine import content_sha256
from dicom_node.messages import mllp, rest
from dicom_node.messages.mllp import Answer
from dicom_node.messages.oru import control_id_of
from dicom_node.steps import deidentified
from dicom_node.steps.asking import held_by
from dicom_node.steps.desk import Desk
from dicom_node.storing import Outcome, SendFile, StoreResult, in_parts, look_at
from dicom_node.ways import Storing
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.errors import ConfigError, DicomError, ObjectStoreError
from llmcxr_ws.log import logger
from llmcxr_ws.outputs import FhirDestination, Hl7Destination, way_of
from llmcxr_ws.site import Peer
from llmcxr_ws.states import ReportState
from llmcxr_ws.store import deliveries, reports, sending

_LOG = logger(__name__)
_TOGETHER: Final = 20
"""Objects that are marked as being sent at once: what is asked for by C-FIND after a sudden end."""
_AHEAD: Final = 500
"""How far is looked ahead for the kinds of object that an association must take."""
_WRITE_S: Final = 0.5
"""Longest time that outcomes are kept before they are written down together."""
_OF_RULES: Final = ["SyntheticData", "PatientIdentityRemoved"]
# Drafts that a peer should have: not yet signed, rejected or replaced.
_WANTED: Final = (ReportState.DRAFT, ReportState.PRELIMINARY, ReportState.SIGN_PENDING)


def send_due(desk: Desk) -> bool:
    """Try every delivery whose time has come, each destination in its own lane."""
    for name in sending.destinations_due(desk.db):
        desk.lanes.start(name, lambda name=name: _work_at(desk, name))  # type: ignore[misc]
    return desk.lanes.settle()


def _work_at(desk: Desk, name: str) -> bool:
    return desk.each("send", [name], lambda name: name, _send_to_one, _broke_off)


def _broke_off(desk: Desk, name: str, place: str) -> None:
    """Something unforeseen broke while things were being sent: what became of them isn't known."""
    for row in sending.being_sent_to(desk.db, name):
        _fail(desk, row, f"The node failed while sending it ({place}).", unknown=True)


def _send_to_one(desk: Desk, name: str) -> bool:
    for row in sending.being_sent_to(
        desk.db, name
    ):  # nothing else sends to it: the database failed in between
        _fail(desk, row, "Its outcome couldn't be written down.", unknown=True)
    destination = desk.site.destination(name)
    batch = sending.due_for(desk.db, name, _TOGETHER)
    if not batch:
        return False
    if destination is None:
        _fail_all(desk, batch, f"There is no destination '{name}' in the site's configuration any more.")
    elif isinstance(destination, Peer):
        _send_objects(desk, destination)
    else:
        _send_messages(desk, destination, batch)
    return True


def _send_objects(desk: Desk, peer: Peer) -> None:
    """Send all that is due on one association, as far as it takes their kinds."""
    # Copies without the patient are made when their turn comes; their kinds aren't known before.
    ahead = [] if peer.deidentify else sending.due_for(desk.db, peer.name, _AHEAD)
    kinds = {file.kind for file in next(in_parts(_files(desk, ahead)), [])}
    batch = _ready(desk, peer)
    if not batch:
        return
    kinds = kinds or {file.kind for _, file in batch}
    try:
        with ways.open_storing(desk.local, peer, kinds) as storing:
            if peer.name in desk.down:
                desk.down.discard(peer.name)
                sending.hasten_all(desk.db, peer.name)
            left = _AHEAD
            while batch and storing.alive and left > 0:
                taken = list(takewhile(lambda one: one[1].kind in kinds, batch))
                if not taken:
                    break
                _send_batch(desk, peer, storing, taken)
                left -= len(taken)
                batch = _ready(desk, peer) if storing.alive and left > 0 else []
    except DicomError as error:
        _unreachable(desk, peer, [row for row, _ in batch], error.sentence)


def _files(desk: Desk, rows: Sequence[DeliveryRow]) -> list[SendFile]:
    files = []
    for row in rows:
        try:
            files.append(look_at(desk.workplace.objects.path(row.path)))
        except (DicomError, ObjectStoreError):
            continue  # set aside when its turn comes
    return files


def _ready(desk: Desk, peer: Peer) -> list[tuple[DeliveryRow, SendFile]]:
    """What can go next, with everything checked that may keep it from leaving."""
    batch = sending.due_for(desk.db, peer.name, _TOGETHER)
    if peer.deidentify:
        batch = [copy for row in batch if (copy := deidentified.for_delivery(desk, peer, row)) is not None]
    unclear = [row for row in batch if row.outcome_unknown]
    if unclear:
        try:
            arrived = _arrived_before(desk, peer, unclear)
        except DicomError as error:
            _unreachable(desk, peer, batch, error.sentence)
            return []
        batch = [row for row in batch if row.id not in arrived]
    ready = []
    unwanted = sending.withdrawn_of(desk.db, [row.id for row in batch])
    for row in batch:
        if (row.id in unwanted and _withdrawn(desk, row)) or _refused_here(desk, peer, row):
            continue
        ready.append((row, look_at(desk.workplace.objects.path(row.path))))
    return ready


def _unreachable(desk: Desk, peer: Peer, rows: Sequence[DeliveryRow], sentence: str) -> None:
    """No association: a try for what would have gone, a pause for all that is queued."""
    desk.down.add(peer.name)
    _fail_all(desk, rows, sentence)
    sending.postpone(desk.db, peer.name, desk.pause_s(max((row.attempts for row in rows), default=0) + 1))


def _send_batch(
    desk: Desk, peer: Peer, storing: Storing, batch: Sequence[tuple[DeliveryRow, SendFile]]
) -> None:
    """Send objects one after the other; those before whose turn the association ends go back into the queue."""
    begun = sending.begin_all(desk.db, [row.id for row, _ in batch])
    stored: list[DeliveryRow] = []
    put_back: list[int] = []
    written = time.monotonic()
    for row, file in batch:
        if row.id not in begun:
            continue
        if not storing.alive:
            put_back.append(row.id)
            continue
        try:
            result = storing.send(file)
        except DicomError as error:
            _fail(desk, row, error.sentence, unknown=False)
            continue
        if result.outcome is Outcome.STORED:
            stored.append(row)
        else:
            _not_stored(desk, peer, row, result)
        if time.monotonic() - written > _WRITE_S:
            _write_down(desk, peer, stored)
            stored, written = [], time.monotonic()
    _write_down(desk, peer, stored)
    sending.put_back(desk.db, put_back, "The association ended before its turn.")


def _write_down(desk: Desk, peer: Peer, stored: Sequence[DeliveryRow]) -> None:
    sending.stored_all(desk.db, [row.id for row in stored])
    for row in stored:
        _LOG.info("stored", delivery=row.id, peer=peer.name, kind=row.kind)


def _not_stored(desk: Desk, peer: Peer, row: DeliveryRow, result: StoreResult) -> None:
    if result.retry:
        _fail(desk, row, result.sentence, unknown=result.outcome is Outcome.UNKNOWN)
    else:
        deliveries.refused(desk.db, row.id, message=result.sentence)
        _LOG.error("delivery is dead", delivery=row.id, peer=peer.name, reason=result.sentence)


def _arrived_before(desk: Desk, peer: Peer, rows: Sequence[DeliveryRow]) -> set[int]:
    """Those of which an earlier try, whose answer was lost, had succeeded; then they are stored."""
    arrived: set[int] = set()
    try:
        for row, held in held_by(desk, peer, rows):
            if held:
                deliveries.begin(desk.db, row.id)
                deliveries.stored(desk.db, row.id)
                arrived.add(row.id)
                _LOG.info("already stored", delivery=row.id, peer=peer.name)
            else:
                deliveries.not_arrived(desk.db, row.id)
    except ServiceNotOffered:
        pass  # it can't be asked; C-STORE of the same instance is safe to repeat
    return arrived


def _send_messages(desk: Desk, to: Hl7Destination | FhirDestination, batch: Sequence[DeliveryRow]) -> None:
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
        if not sending.begin_all(desk.db, [row.id]):
            continue
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


def _withdrawn(desk: Desk, row: DeliveryRow) -> bool:
    """Hold a draft that was signed, rejected or replaced before it left, and all of a retracted report."""
    if deliveries.is_retracted(desk.db, row.id):
        deliveries.withdraw(desk.db, row.id, message="The report was retracted before it was sent.")
        return True
    if row.stage != "draft":
        return False
    document = reports.document_by_id(desk.db, row.document_id)
    if reports.report_by_id(desk.db, document.report_id).state in _WANTED:
        return False
    deliveries.withdraw(desk.db, row.id, message="The draft was no longer wanted when its turn came.")
    return True


def _refused_here(desk: Desk, peer: Peer, row: DeliveryRow) -> bool:
    """Only the bytes that were made leave, synthetic data never to a clinical peer, and no patient where none may."""
    if row.deidentify and not peer.deidentify:
        reason = f"A rule sends '{peer.name}' de-identified copies only, and nothing is de-identified for this peer."
        return _set_aside(desk, row, reason, "Nothing was sent. Change the rule or the peer.")
    try:
        path = desk.workplace.objects.path(row.path)
        changed = _sha256_of(path, row) != row.sha256
        header = pydicom.dcmread(path, specific_tags=_OF_RULES, stop_before_pixels=True)
    except (OSError, ObjectStoreError, InvalidDicomError):
        return _set_aside(desk, row, "The document's file is missing from the object store or can't be read.")
    if changed:
        return _set_aside(desk, row, "The document's file isn't the one that was made.")
    try:
        may_send(header, peer)
    except DicomError as error:
        return _set_aside(desk, row, error.message, error.what_to_do)
    if peer.deidentify and header.get("PatientIdentityRemoved") != "YES":
        return _set_aside(desk, row, "It wasn't de-identified, and this peer may not know the patient.", "")
    return False


def _sha256_of(path: Path, row: DeliveryRow) -> str:
    """The hash by which a document's bytes are known: of a received instance that of its data set."""
    if not row.is_forwarded or row.deidentified:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return content_sha256(path)


def _set_aside(
    desk: Desk, row: DeliveryRow, reason: str, what_to_do: str = "Restore it from a backup and resend it."
) -> bool:
    _LOG.error("delivery is dead", delivery=row.id, peer=row.peer, reason=reason)
    deliveries.refused(desk.db, row.id, message=f"{reason} {what_to_do}".strip())
    return True


def _fail_all(desk: Desk, batch: Sequence[DeliveryRow], sentence: str) -> None:
    """A try that didn't get as far as sending."""
    begun = sending.begin_all(desk.db, [row.id for row in batch])
    for row in batch:
        if row.id in begun:
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
