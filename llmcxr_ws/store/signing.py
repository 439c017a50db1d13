"""The node's side of a signature: what is checked without the network, and the commit of its outcome.

The courier asks the PACS for the identity and builds the document between :func:`verify_sign_request` and
:func:`complete`; everything is checked again inside the transaction of :func:`complete`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from llmcxr_ws import guards
from llmcxr_ws.domain import Account, DocumentRow, Identity, InstanceRow, ReportRow, RequestRow, StudyRow
from llmcxr_ws.errors import AccessError, StoreError, UserFacingError
from llmcxr_ws.guards import Overruling
from llmcxr_ws.identity import canonical_text, text_sha256
from llmcxr_ws.site import SiteConfig
from llmcxr_ws.states import ReportState, StudyState
from llmcxr_ws.store import accounts, deliveries, outgoing, reports, requests, studies, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Report
from llmcxr_ws.store.others import studies_of_same_patient_in

_SIGNABLE = (ReportState.DRAFT, ReportState.WITHHELD, ReportState.PRELIMINARY, ReportState.REJECTED)


class SignRefused(UserFacingError):
    """A sign request can't be granted; the sentence says why."""


@dataclass(frozen=True)
class SignOrder:
    """A verified sign request: what is to be built and sent.

    The predecessor of a report is its draft, where a peer holds that; of an addendum it is the signed report.
    """

    request: RequestRow
    study: StudyRow
    report: ReportRow
    text: str
    signer: Account
    identity: Identity
    instances: tuple[InstanceRow, ...]
    asked_at: datetime
    predecessor: DocumentRow | None
    overruled: tuple[Overruling, ...] = ()
    countersigned: Account | None = None
    # Films of other studies of the patient that stood beside the one that was read.
    compared: tuple[InstanceRow, ...] = ()


def verify_sign_request(db: Database, request: RequestRow, service_key: bytes) -> SignOrder | None:
    """Check everything that the database can tell; None while a draft of this version is just being sent.

    Raises
    ------
    SignRefused
        Says what doesn't fit.
    """
    with db.read() as session:
        return _check(session, request, service_key)


def hold(db: Database, request: RequestRow, *, reason: str, pause_s: float) -> None:
    """The request can't be decided now (the PACS can't be asked): wait, visibly."""
    with db.write() as session:
        report = session.get(Report, request.report_id)
        if report is not None and report.state in _SIGNABLE:
            transitions.await_signature(session, report, reason)
        elif report is not None and report.state == ReportState.SIGN_PENDING:
            report.reason = reason
        requests.postpone(session, request.id, reason=reason, pause_s=pause_s)


def refuse(db: Database, request: RequestRow, *, reason: str) -> None:
    """The request is refused; where it is about a report, the text goes back to its reader."""
    with db.write() as session:
        report = session.get(Report, request.report_id) if request.report_id is not None else None
        if report is not None and report.state == ReportState.SIGN_PENDING:
            transitions.return_report(session, report, reason)
        requests.decide(session, request.id, granted=False, outcome=reason)


def refuse_document(
    db: Database, request: RequestRow, *, reason: str, report: Sequence[Mapping[str, str]] = ()
) -> None:
    """The built document didn't pass the gate: the version stays as evidence and a new one takes the text over.

    Parameters
    ----------
    report : sequence of mappings
        All that the gate found, without patient data; kept with the refusal in the audit trail.
    """
    with db.write() as session:
        row = session.get(Report, request.report_id)
        if row is not None:
            if row.state in _SIGNABLE:
                transitions.await_signature(session, row, "")
            if row.state == ReportState.SIGN_PENDING:
                transitions.refuse_report(session, row, reason, report)
                is_current = studies.get_study(session, row.study_id).current_report_id == row.id
                if is_current or row.kind == "addendum":
                    reports.renew(session, row)
        requests.decide(session, request.id, granted=False, outcome=reason)


def complete(
    db: Database,
    order: SignOrder,
    service_key: bytes,
    site: SiteConfig,
    document: dict[str, Any],
    *,
    provenance: dict[str, Any] | None = None,
) -> bool:
    """Write the signature, the document and its deliveries in one transaction.

    Gives False, and writes nothing, when something that the document rests on changed since the request was
    verified (a draft arrived at a peer, say): verify and build again.

    Parameters
    ----------
    document : dict
        ``sop_class_uid, sop_instance_uid, series_instance_uid, path, sha256`` of the bytes in the object store.
    provenance : dict, optional
        The same of the document that tells the sentences' origins; it goes where the output matrix says.

    Raises
    ------
    SignRefused
        The request can't be granted any more; nothing was written.
    """
    with db.write() as session:
        now = _check(session, order.request, service_key)
        if now is None or _content(now) != _content(order):
            return False
        report = session.get_one(Report, order.report.id)
        if report.state in _SIGNABLE:
            transitions.await_signature(session, report, "")
        report.instances = [row.sop_instance_uid for row in order.instances]  # what was read, late ones too
        transitions.sign_report(session, report, order.signer.name, order.text, order.overruled)
        study = studies.get_study(session, order.study.id)
        if report.kind == "addendum":
            transitions.add_addendum(session, study, report)
        else:
            transitions.sign_study(session, study)
            deliveries.hold_drafts(session, report.id, "The report was signed before this draft was sent.")
        kind = "addendum" if report.kind == "addendum" else "signed"
        row = reports.record_document(session, report, kind=kind, **document)
        planned = deliveries.plan(session, row, site)
        if provenance is not None:
            told = reports.record_document(session, report, kind="provenance", **provenance)
            planned += deliveries.plan(session, told, site)
        planned += outgoing.plan_others(session, report, kind, site)
        if study.state == StudyState.CONFIRMED and not deliveries.all_confirmed(session, study.id):
            transitions.unconfirm_study(session, study)
        outcome = (
            f"Signed; {planned} deliveries queued."
            if planned
            else "Signed; no output rule sends it anywhere."
        )
        requests.decide(session, order.request.id, granted=True, outcome=outcome)
        return True


def _content(order: SignOrder) -> tuple[object, ...]:
    """What the built document rests on; a change of it asks for another document."""
    made_of = order.text, order.signer, order.identity, order.instances, order.report.version
    return *made_of, order.predecessor, order.compared


def _check(session: Session, request: RequestRow, service_key: bytes) -> SignOrder | None:
    try:
        return requests.asked_by_reader(session, request, service_key, partial(_order, session, request))
    except (AccessError, StoreError) as error:
        raise SignRefused(error.message, what_to_do=error.what_to_do) from error


def _order(
    session: Session, request: RequestRow, payload: dict[str, Any], signer: Account
) -> SignOrder | None:
    study = studies.row_in(session, int(request.study_id or 0))
    report = reports.report_row(session, int(request.report_id or 0))
    instances, overruled = check_wish(session, payload, study, report)
    if deliveries.draft_on_its_way(session, report):
        return None
    return SignOrder(
        request=request,
        study=study,
        report=report,
        text=canonical_text(str(payload["text"])),
        signer=signer,
        identity=Identity(**payload["identity"]),
        instances=instances,
        asked_at=requests.asked_at(payload),
        predecessor=_predecessor(session, report),
        overruled=overruled,
        countersigned=_countersigned(session, report, signer),
        compared=_compared(session, payload, study),
    )


def check_wish(
    session: Session, payload: dict[str, Any], study: StudyRow, report: ReportRow
) -> tuple[tuple[InstanceRow, ...], tuple[Overruling, ...]]:
    """Check that a text may be signed, or handed to who signs it, as the payload says it was seen.

    Gives the study's instances and what was overruled.

    Raises
    ------
    SignRefused
        Says what doesn't fit, or which objection stands.
    """
    instances = tuple(studies.instances_in(session, study.id))
    _check_report(payload, study, report)
    _check_content(payload, study, instances)
    return instances, _check_objections(session, payload, study, report, instances)


def _check_objections(
    session: Session,
    payload: dict[str, Any],
    study: StudyRow,
    report: ReportRow,
    instances: tuple[InstanceRow, ...],
) -> tuple[Overruling, ...]:
    """Ask the guards again about the signed text: no window passes them over in silence."""
    overruled = guards.from_payload(payload.get("overruled", []))
    looked_at = payload.get("looked_at", [])
    if not isinstance(looked_at, list) or not all(isinstance(name, str) for name in looked_at):
        raise ValueError("what was looked at is a list of findings")
    has_prior = studies.has_earlier_in(session, study)
    facts = guards.facts_of(study, report, instances, has_prior=has_prior, looked_at=looked_at)
    objections = guards.objections(canonical_text(str(payload["text"])), facts)
    left = guards.standing(objections, overruled)
    if left:
        more = f" And {len(left) - 1} more." if len(left) > 1 else ""
        raise SignRefused(
            f"An objection stands that nobody has overruled. {left[0].sentence}{more}",
            what_to_do="Correct the text, or overrule each objection with a reason."
            if left[0].overrulable
            else "This one can't be overruled.",
        )
    return overruled


def _compared(session: Session, payload: dict[str, Any], study: StudyRow) -> tuple[InstanceRow, ...]:
    """The films of other studies that the payload says were seen; only those of the same patient are."""
    wanted = payload.get("compared", [])
    if not isinstance(wanted, list) or not all(isinstance(uid, str) for uid in wanted):
        raise ValueError("what was compared with is a list of instances")
    if not wanted:
        return ()
    others = studies_of_same_patient_in(session, study.id)
    known = {row.sop_instance_uid: row for other in others for row in other.instances}
    if not known.keys() >= set(wanted):
        raise SignRefused(
            "A film that was compared with isn't among this patient's films any more.",
            what_to_do="Open the study again.",
        )
    return tuple(known[uid] for uid in sorted(set(wanted)))


def _predecessor(session: Session, report: ReportRow) -> DocumentRow | None:
    if report.amends_id is not None:
        return deliveries.signed_document(session, report.amends_id)
    return deliveries.sent_draft(session, report)


def _countersigned(session: Session, report: ReportRow, signer: Account) -> Account | None:
    """Who wrote the preliminary report, where that is somebody else than who signs."""
    if report.preliminary_by in ("", signer.name):
        return None
    return accounts.account_in(session, report.preliminary_by)


def _check_report(payload: dict[str, Any], study: StudyRow, report: ReportRow) -> None:
    if report.state not in (*_SIGNABLE, ReportState.SIGN_PENDING):
        raise SignRefused(
            f"Version {report.version} of the report is '{report.state}'.", what_to_do="Open the newest."
        )
    is_addendum = report.kind == "addendum"
    if (
        report.study_id != study.id
        or study.report_id != (report.amends_id if is_addendum else report.id)
        or payload["report_version"] != report.version
    ):
        raise SignRefused("A newer version of the report is there.", what_to_do="Look at it and sign again.")
    if payload["study_instance_uid"] != study.study_instance_uid or payload["report_id"] != report.id:
        raise SignRefused("The request names another study.", what_to_do="Open the study again.")
    if is_addendum and study.state not in (StudyState.SIGNED, StudyState.CONFIRMED):
        raise SignRefused(
            f"The study is '{study.state}': there is no signed report to add to.",
            what_to_do="Open the study again.",
        )
    if not is_addendum and study.state not in (StudyState.DRAFTED, StudyState.IN_REVIEW):
        raise SignRefused(
            f"The study is '{study.state}', so its images or its draft may still change.",
            what_to_do="Wait until its draft is there, look at it and sign again.",
        )


def _check_content(payload: dict[str, Any], study: StudyRow, instances: tuple[InstanceRow, ...]) -> None:
    text = str(payload["text"])
    if not canonical_text(text):
        raise SignRefused("An empty report can't be signed.", what_to_do="Write at least an impression.")
    if payload["text_sha256"] != text_sha256(text):
        raise SignRefused(
            "The text doesn't fit the hash that was signed.", what_to_do="Open the study again."
        )
    if sorted(payload["instances"]) != sorted(row.sop_instance_uid for row in instances):
        raise SignRefused(
            "Images arrived after the report was read.",
            what_to_do="Look at all images of the study and sign again.",
        )
    if Identity(**payload["identity"]) != study.identity.composed():
        raise SignRefused(
            "The patient's identity isn't the one that was shown.", what_to_do="Open the study again."
        )
