"""Send unreviewed drafts where the site wants them, and withdraw those that were rejected or superseded.

By default no draft leaves.
"""

from __future__ import annotations

from dicom_node.steps import compose, outputs
from dicom_node.steps.desk import Desk
from llmcxr_ws.domain import DocumentRow, InstanceRow, ReportRow
from llmcxr_ws.errors import DicomError
from llmcxr_ws.log import logger
from llmcxr_ws.states import Actor, DeliveryState, ReportState
from llmcxr_ws.store import audit, deliveries, outgoing, reports, studies
from llmcxr_ws.store.models import Report

_LOG = logger(__name__)
_AGAIN_S = 3600.0
"""A document that couldn't be made is tried again after this; the reason stands in the audit trail."""


def send_drafts(desk: Desk) -> bool:
    """Make a document of every new draft, where the site sends drafts."""
    if not desk.site.send_drafts:
        return False
    return desk.each("draft", reports.drafts_to_send(desk.db), lambda report: report.id, _send_draft)


def withdraw_drafts(desk: Desk) -> bool:
    """Make a rejection note for every draft document that was rejected or superseded."""
    waiting: dict[int, tuple[ReportRow, list[DocumentRow]]] = {}
    for report, document in reports.drafts_to_withdraw(desk.db):
        waiting.setdefault(report.id, (report, []))[1].append(document)
    return desk.each(
        "withdraw", waiting.values(), lambda pair: pair[0].id, lambda desk, pair: _withdraw(desk, *pair)
    )


def _send_draft(desk: Desk, report: ReportRow) -> bool:
    site = desk.site
    fields = None
    if any(rule.document == "draft" for rule in site.outputs):
        try:
            headers = compose.read_headers(desk, instances_of(desk, report))
            document = compose.draft_document(desk, report, headers)
            fields = compose.build_report(desk, document)
        except DicomError as error:
            _cannot(desk, "draft", report, error)
            return True
    with desk.db.write() as session:
        row = session.get_one(Report, report.id)
        if row.state == ReportState.DRAFT:  # else it was signed or replaced while the document was made
            if fields is not None:
                made = reports.record_document(session, row, kind="draft", **fields)
                deliveries.plan(session, made, site)
            outgoing.plan_others(session, row, "draft", site)
    _LOG.info("draft document made", report=report.id, study=report.study_id)
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


def _withdraw(desk: Desk, report: ReportRow, documents: list[DocumentRow]) -> bool:
    """Withdraw all that left of one draft, in one transaction."""
    cleared = [_is_cleared_up(desk, document) for document in documents]  # every one, also after a False
    if not all(cleared):
        return False
    try:
        headers = compose.read_headers(desk, instances_of(desk, report))
        notes = [
            (document, outputs.withdrawn_message(desk, document))
            if outputs.is_message(document)
            else (document, compose.build_rejection(desk, report, document, headers))
            for document in documents
        ]
    except DicomError as error:
        _cannot(desk, "withdraw", report, error)
        return True
    with desk.db.write() as session:
        row = session.get_one(Report, report.id)
        planned = 0
        for document, fields in notes:
            made = reports.record_document(session, row, kind="rejection", **fields)
            planned += deliveries.plan_retraction(session, made, document.id)
    _LOG.info("draft withdrawn", report=report.id, study=report.study_id, peers=planned)
    return True


def instances_of(desk: Desk, report: ReportRow) -> list[InstanceRow]:
    """Those instances of the study that the report was made from."""
    present = studies.instances_of(desk.db, report.study_id)
    return [row for row in present if row.sop_instance_uid in report.instances]


def _cannot(desk: Desk, what: str, report: ReportRow, error: DicomError) -> None:
    """Say in log and audit trail that a document couldn't be made, and don't try at once again."""
    desk.put_off(what, report.id, _AGAIN_S)
    _LOG.error("document not made", kind=what, report=report.id, reason=error.sentence)
    found = {"faults": error.report} if isinstance(error, compose.DocumentRefused) else {}
    with desk.db.write() as session:
        audit.append(
            session,
            actor=Actor.NODE,
            event=f"document.{what}.not_made",
            study_id=report.study_id,
            report=report.id,
            reason=error.sentence,
            **found,
        )
