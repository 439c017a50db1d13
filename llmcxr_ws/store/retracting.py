"""The node's side of a retraction: what a reader may withdraw, and the commit of it.

The courier builds the rejection notes afterwards, one for each document that a peer holds: a note that can't be made
stands among the dead deliveries and doesn't keep a wrong report valid. Deliberately not asked of the PACS: whose
study it is. A report may have to be withdrawn just because the PACS has corrected that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from llmcxr_ws.domain import (
    Account,
    DocumentRow,
    Identity,
    InstanceRow,
    ReportRow,
    RequestRow,
    RetractionPlan,
    StudyRow,
    Withdrawal,
)
from llmcxr_ws.errors import AccessError, StoreError, UserFacingError
from llmcxr_ws.outputs import way_of
from llmcxr_ws.retraction import MAX_WORDS, REASONS, Reason
from llmcxr_ws.site import SiteConfig
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import accounts, deliveries, outgoing, reports, requests, studies, transitions
from llmcxr_ws.store.database import Database

_NOT_SENT = "The report was retracted before this was sent."


class RetractRefused(UserFacingError):
    """A report can't be retracted; the sentence says why."""


@dataclass(frozen=True)
class Retraction:
    """What the rejection notes of a granted retraction say: of which report, who, why, when."""

    report: ReportRow
    by: Account
    reason: Reason
    asked_at: datetime


@dataclass(frozen=True)
class RetractOrder:
    """A verified request: what is withdrawn, by whom and why; `documents` are those that a peer holds."""

    request: RequestRow
    study: StudyRow
    report: ReportRow
    by: Account
    code: str
    reason: Reason
    words: str
    asked_at: datetime
    instances: tuple[InstanceRow, ...]
    documents: tuple[DocumentRow, ...]

    @property
    def sentence(self) -> str:
        """Why, in words for people."""
        return f"{self.reason.words}: {self.words}" if self.words else f"{self.reason.words}."


def plan(db: Database, study_id: int, site: SiteConfig) -> RetractionPlan:
    """What a retraction of this study's report would do as things stand; reads only."""
    with db.read() as session:
        withdrawals = tuple(
            Withdrawal(
                destination=name,
                kind=document.kind,
                stage=document.stage,
                way=way_of(document.path),
                is_certain=is_certain,
                is_known=site.destination(name) is not None,
            )
            for document in deliveries.held_documents(session, study_id)
            for name, is_certain in sorted(deliveries.holders(session, document.id).items())
        )
        in_doubt = deliveries.is_in_doubt(session, study_id)
    waiting = [
        row
        for row in deliveries.deliveries_of(db, study_id)
        if row.stage and row.state == DeliveryState.QUEUED and not row.outcome_unknown
    ]
    return RetractionPlan(withdrawals, tuple(waiting), in_doubt)


def verify(db: Database, request: RequestRow, service_key: bytes) -> RetractOrder | None:
    """Check a request; None while it isn't known whether a peer holds one of the documents.

    Raises
    ------
    RetractRefused
        Says what doesn't fit.
    """
    with db.read() as session:
        return _check(session, request, service_key)


def complete(db: Database, order: RetractOrder, service_key: bytes) -> bool:
    """Retract the study, hold what hasn't left, and queue a note for every peer that holds a document.

    Gives False, and writes nothing, when a document is on its way by now: verify again.

    Raises
    ------
    RetractRefused
        The request can't be granted any more; nothing was written.
    """
    with db.write() as session:
        now = _check(session, order.request, service_key)
        if now is None:
            return False
        study = studies.get_study(session, order.study.id)
        deliveries.hold_everything(session, study.id, _NOT_SENT)
        sentence = f"Retracted by {order.by.name}. {order.sentence}"
        transitions.retract_study(session, study, order.by.name, order.code, sentence)
        planned = sum(outgoing.plan_note(session, "retraction", document) for document in now.documents)
        requests.decide(
            session,
            order.request.id,
            granted=True,
            outcome=f"Retracted; {planned} withdrawals queued."
            if planned
            else "Retracted; nothing of it had been sent.",
        )
        return True


def granted_for(db: Database, withdrawn: DocumentRow) -> Retraction:
    """The retraction that took a document back, as the request asked that was granted.

    Raises
    ------
    StoreError
        None was granted, or who asked isn't known any more.
    """
    with db.read() as session:
        of = reports.report_row(session, withdrawn.report_id)
        # A draft of an earlier version is taken back with the signed report that followed it.
        request = requests.first_granted(
            session, withdrawn.study_id, kind="retract", from_report=of.amends_id or of.id
        )
        by = accounts.account_in(session, request.user) if request else None
        if request is None or request.report_id is None or by is None:
            raise StoreError("The retraction of this report, or who asked for it, isn't known any more.")
        with requests.well_formed():
            payload = json.loads(request.payload)
            return Retraction(
                report=reports.report_row(session, request.report_id),
                by=by,
                reason=REASONS[str(payload["reason_code"])],
                asked_at=datetime.fromisoformat(payload["time"]),
            )


def refuse(db: Database, request: RequestRow, *, reason: str) -> None:
    """The request is refused; the report stays signed."""
    with db.write() as session:
        requests.decide(session, request.id, granted=False, outcome=reason)


def wait(db: Database, request: RequestRow, *, reason: str, pause_s: float) -> None:
    """The request can't be decided now: look again later; the reason is shown."""
    with db.write() as session:
        requests.postpone(session, request.id, reason=reason, pause_s=pause_s)


def _check(session: Session, request: RequestRow, service_key: bytes) -> RetractOrder | None:
    try:
        return requests.asked_by_reader(session, request, service_key, partial(_order, session, request))
    except (AccessError, StoreError) as error:
        raise RetractRefused(error.message, what_to_do=error.what_to_do) from error


def _order(
    session: Session, request: RequestRow, payload: dict[str, Any], by: Account
) -> RetractOrder | None:
    report = reports.report_row(session, int(payload["report_id"]))
    study = studies.row_in(session, report.study_id)
    code, words = str(payload["reason_code"]), str(payload["words"]).strip()
    reason = REASONS.get(code)
    if study.study_instance_uid != payload["study_instance_uid"] or study.report_id != report.id:
        raise RetractRefused("The request names another report.", what_to_do="Open the study again.")
    if Identity(**payload["identity"]) != study.identity.composed():
        raise RetractRefused(
            "The patient's identity isn't the one that was shown.", what_to_do="Open the study again."
        )
    if study.state not in (StudyState.SIGNED, StudyState.CONFIRMED):
        raise RetractRefused(
            f"The study is '{study.state}'.", what_to_do="Only a signed report can be retracted."
        )
    if reason is None or len(words) > MAX_WORDS or (reason.needs_words and not words):
        raise RetractRefused(
            f"The reason '{code}' was refused: it is unknown, or its words are missing or too many.",
            what_to_do=f"Reasons are {', '.join(REASONS)}; say more in at most {MAX_WORDS} characters.",
        )
    if _is_being_amended(session, study.id):
        raise RetractRefused(
            "An addendum to this report waits for its signature.", what_to_do="Wait until it is decided."
        )
    if deliveries.is_in_doubt(session, study.id):
        return None
    return RetractOrder(
        request=request,
        study=study,
        report=report,
        by=by,
        code=code,
        reason=reason,
        words=words,
        asked_at=requests.asked_at(payload),
        instances=tuple(studies.instances_in(session, study.id)),
        documents=tuple(deliveries.held_documents(session, study.id)),
    )


def _is_being_amended(session: Session, study_id: int) -> bool:
    return requests.is_waiting(session, study_id, kinds=("sign",))
