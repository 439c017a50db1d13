"""Outputs beside the signed report itself: planned with the draft, the signature or a withdrawal, built afterwards by
the courier.

A planned one has deliveries from the beginning, so that a required one is waited for, can be held, and stands among
the dead with its reason where it can't be built. Its row's `path` is empty until it is.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from llmcxr_ws.domain import DocumentRow
from llmcxr_ws.outputs import KINDS, MADE_WITH_REPORT, STAGES, OutputRule
from llmcxr_ws.site import SiteConfig
from llmcxr_ws.states import DeliveryState
from llmcxr_ws.store import deliveries, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Delivery, Document, Report
from llmcxr_ws.uids import derived_uid

_REPLACING = ("hl7", "fhir")
"""Ways by which a later document of a report holds all of the earlier ones, and takes their place."""
_REPLACED = "A newer version of the report goes in its place."


def plan_others(session: Session, report: Report, stage: str, site: SiteConfig) -> int:
    """Queue what the output matrix asks for beside the signed report itself; give the number of deliveries.

    Parameters
    ----------
    stage : str
        What the report is now: draft, signed or addendum.
    """
    rules = [rule for rule in site.outputs if _is_asked_for(rule, stage)]
    # An HL7 message names its receiver, so each destination has one of its own.
    groups: dict[tuple[str, str], list[OutputRule]] = {}
    for rule in rules:
        groups.setdefault((rule.document, rule.to if rule.way == "hl7" else ""), []).append(rule)
    for (kind, _), asked in groups.items():
        document = _planned(session, report.study_id, report.id, kind, stage=stage)
        if KINDS[asked[0].document].way in _REPLACING:
            _replace(session, document, [rule.to for rule in asked])
        deliveries.queue(session, document, [(rule.to, rule.required) for rule in asked])
    return len(rules)


def plan_note(session: Session, kind: str, withdrawn: DocumentRow) -> int:
    """Queue the note that withdraws a document for every peer that holds it, or may; give their number.

    Parameters
    ----------
    kind : str
        rejection (of a draft) or retraction (of a signed report).
    """
    note = _planned(session, withdrawn.study_id, withdrawn.report_id, kind, withdraws_id=withdrawn.id)
    return deliveries.queue_for_holders(session, note, withdrawn.id)


def _planned(session: Session, study_id: int, report_id: int, kind: str, **more: Any) -> Document:
    """A document that is still to be built."""
    document = Document(
        study_id=study_id,
        report_id=report_id,
        kind=kind,
        sop_class_uid="",
        sop_instance_uid=derived_uid("planned output", uuid.uuid4().hex),
        series_instance_uid="",
        path="",
        sha256="",
        **more,
    )
    session.add(document)
    session.flush()
    return document


def _is_asked_for(rule: OutputRule, stage: str) -> bool:
    if rule.document in MADE_WITH_REPORT or rule.moment != STAGES[stage]:
        return False
    return stage != "addendum" or KINDS[rule.document].of_addenda


def _replace(session: Session, document: Document, destinations: list[str]) -> None:
    """Hold earlier versions that haven't left: arriving later they would undo the newer one."""
    rows = session.scalars(
        select(Delivery)
        .join(Document, Delivery.document_id == Document.id)
        .where(
            Delivery.study_id == document.study_id,
            Document.kind == document.kind,
            Document.stage != "",
            Document.id < document.id,
            Delivery.peer.in_(destinations),
            Delivery.state == DeliveryState.QUEUED,
        )
    ).all()
    for row in rows:
        row.required = False
        transitions.hold_delivery(session, row, _REPLACED)


def built(db: Database, document_id: int, fields: dict[str, Any]) -> None:
    """Write down what was built: the fields of :func:`reports.record_document` but for the kind."""
    with db.write() as session:
        document = session.get_one(Document, document_id)
        for name, value in fields.items():
            setattr(document, name, value)


def nothing_to_send(db: Database, delivery_id: int, *, message: str) -> None:
    """There is nothing of this kind to be sent: hold the delivery, and let the study be confirmed without it."""
    with db.write() as session:
        row = session.get_one(Delivery, delivery_id)
        row.required = False
        transitions.hold_delivery(session, row, message)
        deliveries.confirm_study_if_all(session, row.study_id)


def narrative_documents(db: Database, report_id: int) -> list[tuple[str, int]]:
    """Paths and report ids of the signed report that a report is or amends, then of its addenda up to this one."""
    with db.read() as session:
        report = session.get_one(Report, report_id)
        root = report.amends_id or report.id
        rows = session.execute(
            select(Document.path, Report.id)
            .join(Report, Document.report_id == Report.id)
            .where(
                (Report.id == root) | ((Report.amends_id == root) & (Report.id <= report_id)),
                Document.kind.in_(("signed", "addendum")),
            )
            .order_by(Document.id)
        ).all()
        return [(path, found) for path, found in rows]
