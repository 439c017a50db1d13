"""Plan what leaves of unreviewed drafts, where the site wants them, and withdraw what was rejected or superseded.

By default no draft leaves.
"""

from __future__ import annotations

from dicom_node.steps.desk import Desk
from llmcxr_ws.domain import DocumentRow, ReportRow
from llmcxr_ws.log import logger
from llmcxr_ws.states import DeliveryState, ReportState
from llmcxr_ws.store import deliveries, outgoing, reports
from llmcxr_ws.store.models import Report

_LOG = logger(__name__)


def send_drafts(desk: Desk) -> bool:
    """Plan what goes out of every new draft, where the site sends drafts."""
    if not desk.site.send_drafts:
        return False
    return desk.each("draft", reports.drafts_to_send(desk.db), lambda report: report.id, _send_draft)


def withdraw_drafts(desk: Desk) -> bool:
    """Plan a rejection note for every document that left of a draft that was rejected or superseded."""
    waiting: dict[int, list[DocumentRow]] = {}
    for report, document in reports.drafts_to_withdraw(desk.db):
        waiting.setdefault(report.id, []).append(document)
    return desk.each("withdraw", waiting.values(), lambda documents: documents[0].report_id, _withdraw)


def _send_draft(desk: Desk, report: ReportRow) -> bool:
    with desk.db.write() as session:
        row = session.get_one(Report, report.id)
        if row.state != ReportState.DRAFT:  # signed or replaced meanwhile
            return False
        planned = outgoing.plan_others(session, row, "draft", desk.site)
    _LOG.info("draft goes out", report=report.id, study=report.study_id, deliveries=planned)
    return True


def _is_cleared_up(desk: Desk, document: DocumentRow) -> bool:
    """Whether it is known which peers hold the draft; those that don't have it yet won't get it."""
    for delivery in deliveries.deliveries_of(desk.db, document.study_id):
        if delivery.document_id != document.id:
            continue
        if delivery.state == DeliveryState.SENDING or (
            delivery.state == DeliveryState.QUEUED and delivery.outcome_unknown
        ):
            return False  # the outbox finds out
        if delivery.state == DeliveryState.QUEUED:
            deliveries.withdraw(desk.db, delivery.id, message="The draft was replaced before it was sent.")
    return True


def _withdraw(desk: Desk, documents: list[DocumentRow]) -> bool:
    """Plan the notes of all that left of one draft, in one transaction."""
    cleared = [_is_cleared_up(desk, document) for document in documents]  # every one, also after a False
    if not all(cleared):
        return False
    with desk.db.write() as session:
        planned = sum(outgoing.plan_note(session, "rejection", document) for document in documents)
    _LOG.info("draft withdrawn", report=documents[0].report_id, study=documents[0].study_id, peers=planned)
    return True
