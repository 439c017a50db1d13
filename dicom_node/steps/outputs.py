"""Build what was planned to leave: drafts, what the output matrix asks for beside a report, notes of withdrawal.

One that can't be built, or that the gate refuses, stands among the dead deliveries with its reason and all that the
gate found; sent again by an administrator, it is built anew.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dicom_node.documents.image_result import NothingToSend
from dicom_node.steps import compose
from dicom_node.steps.builders import BUILDERS, Wanted
from dicom_node.steps.desk import Desk
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.errors import DatabaseFailure, DicomError, ObjectStoreError, UserFacingError
from llmcxr_ws.log import logger
from llmcxr_ws.states import Actor
from llmcxr_ws.store import audit, deliveries, maps, outgoing, reports

_LOG = logger(__name__)
# Their boxes come from maps, which the engine makes after the draft; so long is waited for those.
_OF_MAPS = ("pdf", "findings", "presentation", "capture")
_MAPS_TAKE_AT_MOST = timedelta(minutes=10)


def make_outputs(desk: Desk) -> bool:
    """Build every planned output whose time has come."""
    waiting: dict[int, list[DeliveryRow]] = {}
    for row in deliveries.unbuilt(desk.db):
        waiting.setdefault(row.document_id, []).append(row)
    return desk.each("output", list(waiting.values()), lambda rows: rows[0].document_id, _make, _broke)


def _make(desk: Desk, rows: list[DeliveryRow]) -> bool:
    rows = [row for row in rows if not _is_withdrawn(desk, row)]
    if not rows:
        return True
    if _maps_are_coming(desk, rows[0]):
        return False
    try:
        fields = _build(desk, rows[0])
    except NothingToSend as error:
        for row in rows:
            outgoing.nothing_to_send(desk.db, row.id, message=error.sentence)
        return True
    except (DatabaseFailure, ObjectStoreError):  # nothing against the document, which waits
        raise
    except UserFacingError as error:
        found = error.report if isinstance(error, compose.DocumentRefused) else []
        _refuse(desk, rows, error.sentence, found)
        return True
    if reports.is_own_document(desk.db, fields["sop_instance_uid"]):
        for row in rows:
            outgoing.nothing_to_send(desk.db, row.id, message="The same document was made before.")
        return True
    outgoing.built(desk.db, rows[0].document_id, fields)
    _LOG.info("output made", kind=rows[0].kind, stage=rows[0].stage, study=rows[0].study_id)
    return True


def _build(desk: Desk, row: DeliveryRow) -> dict[str, str]:
    builder = BUILDERS.get(row.kind)
    if builder is None:
        raise DicomError(f"This version makes no document of the kind '{row.kind}'.")
    document = reports.document_by_id(desk.db, row.document_id)
    return builder(desk, Wanted(desk, document, row.peer, reports.report_by_id(desk.db, document.report_id)))


def _maps_are_coming(desk: Desk, row: DeliveryRow) -> bool:
    """Whether an output that shows boxes is better made a little later."""
    if row.kind not in _OF_MAPS:
        return False
    document = reports.document_by_id(desk.db, row.document_id)
    report = reports.report_by_id(desk.db, document.report_id)
    if datetime.now(UTC) - report.created_at > _MAPS_TAKE_AT_MOST:
        return False
    return any(one.state in (maps.ASKED, maps.COMPUTING) for one in maps.maps_of(desk.db, report.id))


def _is_withdrawn(desk: Desk, row: DeliveryRow) -> bool:
    if not deliveries.is_withdrawn(desk.db, row.id):
        return False
    deliveries.withdraw(desk.db, row.id, message="The report has moved on before this was made.")
    return True


def _refuse(desk: Desk, rows: list[DeliveryRow], sentence: str, found: list[dict[str, str]]) -> None:
    _LOG.error("document not made", kind=rows[0].kind, study=rows[0].study_id, reason=sentence)
    for row in rows:
        deliveries.refused(desk.db, row.id, message=sentence, faults=[fault["sentence"] for fault in found])
    with desk.db.write() as session:
        audit.append(
            session,
            actor=Actor.NODE,
            event=f"document.{rows[0].kind}.not_made",
            study_id=rows[0].study_id,
            document=rows[0].document_id,
            reason=sentence,
            **({"faults": found} if found else {}),
        )


def _broke(desk: Desk, rows: list[DeliveryRow], place: str) -> None:
    _refuse(desk, rows, f"The node failed over this document ({place}). Report this if it fails again.", [])
