"""Requests other than signatures, decided by the node: reject, preliminary, send back, resend, users, site documents,
queues, models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from llmcxr_ws.domain import RequestRow
from llmcxr_ws.errors import DatabaseFailure, StoreError, UserFacingError
from llmcxr_ws.identity import canonical_text
from llmcxr_ws.rejections import OTHER, words_of
from llmcxr_ws.sent_back import MAX_WORDS
from llmcxr_ws.states import ReportState
from llmcxr_ws.store import (
    accounts,
    deliveries,
    modelling,
    queueing,
    reports,
    requests,
    signing,
    studies,
    transitions,
)
from llmcxr_ws.store.configuration import import_in, newest_version
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Report

Apply = Callable[[Session, dict[str, Any], RequestRow, bytes], str]


def apply_request(db: Database, request: RequestRow, service_key: bytes, *, demo: bool = False) -> None:
    """Verify and carry out one request; its outcome, or the reason of its refusal, is written with it."""
    roles, apply = _KINDS.get(request.kind, ((), _unknown))
    try:
        with db.write() as session:
            payload = requests.verify(session, request, service_key, roles=roles)
            with requests.well_formed():
                outcome = apply(session, payload | {"demo": demo}, request, service_key)
            requests.decide(session, request.id, granted=True, outcome=outcome)
    except DatabaseFailure:  # nothing against the request, which waits
        raise
    except UserFacingError as error:
        with db.write() as session:
            requests.decide(session, request.id, granted=False, outcome=error.sentence)


def _reject(session: Session, payload: dict[str, Any], request: RequestRow, key: bytes) -> str:
    report = _report(session, payload)
    code = str(payload.get("reason_code", OTHER))
    if words_of(code) is None:
        raise StoreError(f"The reason code '{code}' is unknown.", what_to_do="Choose a reason from the list.")
    transitions.reject_report(session, report, str(payload["reason"]), request.user, code)
    deliveries.hold_drafts(session, report.id, "The draft was rejected before it was sent.")
    return "The draft was rejected."


def _make_preliminary(session: Session, payload: dict[str, Any], request: RequestRow, key: bytes) -> str:
    report = session.get(Report, int(payload["report_id"]))
    if report is None:
        raise StoreError(f"There is no report with id {payload['report_id']}.")
    if report.state in (ReportState.PRELIMINARY, ReportState.SIGN_PENDING):
        raise StoreError(f"The report is '{report.state}'.", what_to_do="It waits for a signature already.")
    study = studies.row_in(session, report.study_id)
    _, overruled = signing.check_wish(session, payload, study, reports.report_row(session, report.id))
    reports.put_edit(session, report, user=request.user, text=canonical_text(str(payload["text"])))
    transitions.make_preliminary(session, report, request.user, overruled)
    return "The report waits for an attending reader's signature."


def _send_back(session: Session, payload: dict[str, Any], request: RequestRow, key: bytes) -> str:
    report = session.get(Report, int(payload["report_id"]))
    if report is None:
        raise StoreError(f"There is no report with id {payload['report_id']}.")
    words = " ".join(str(payload["words"]).split())
    if not words or len(words) > MAX_WORDS:
        raise StoreError(
            "A preliminary report is sent back with a reason.",
            what_to_do=f"Say in 1 to {MAX_WORDS} characters what should change.",
        )
    if report.state != ReportState.PRELIMINARY:
        raise StoreError(f"The report is '{report.state}'.", what_to_do="Open the newest version.")
    author = report.preliminary_by
    study = studies.get_study(session, report.study_id)
    transitions.send_back(session, report, study, request.user, words)
    return f"Sent back to {author}."


def _resend(session: Session, payload: dict[str, Any], request: RequestRow, key: bytes) -> str:
    deliveries.resend(session, int(payload["delivery"]))
    return "The document is queued again."


def change_user(session: Session, change: dict[str, Any], *, by: str, service_key: bytes) -> str:
    """Add, disable or enable a user, or change password or role; give a sentence about it.

    `change` holds ``action`` and ``name`` and what the action needs; keys are hex.
    """
    action, name = str(change["action"]), str(change["name"])
    keys = {
        field: bytes.fromhex(change[field])
        for field in ("public_key", "wrapped_key", "salt")
        if field in change
    }
    if action == "add":
        accounts.add_account(
            session,
            service_key,
            name=name,
            display_name=str(change["display_name"]),
            organization=str(change["organization"]),
            role=str(change["role"]),
            by=by,
            **keys,
        )
    elif action == "passwd":
        accounts.change_account(session, service_key, name, by=by, **keys)
    elif action == "role":
        accounts.change_account(session, service_key, name, by=by, role=str(change["role"]))
    elif action in ("disable", "enable"):
        accounts.change_account(session, service_key, name, by=by, enabled=action == "enable")
    else:
        raise StoreError(f"The user action '{action}' is unknown.")
    return f"User '{name}': {action} done."


def _change_user(session: Session, payload: dict[str, Any], request: RequestRow, key: bytes) -> str:
    return change_user(session, payload, by=request.user, service_key=key)


def _import_site(session: Session, payload: dict[str, Any], request: RequestRow, key: bytes) -> str:
    based_on, newest = payload.get("based_on"), newest_version(session)
    if based_on is not None and int(based_on) != newest:
        raise StoreError(
            f"The changes were made in version {based_on}, and version {newest} is in force by now.",
            what_to_do="Make them again in that one.",
        )
    version = import_in(session, str(payload["text"]), user=request.user, demo=bool(payload["demo"]))
    return f"The site document is in force as version {version}."


def _move_queued(session: Session, payload: dict[str, Any], request: RequestRow, key: bytes) -> str:
    return queueing.move(session, payload, by=request.user)


def _accept_model(session: Session, payload: dict[str, Any], request: RequestRow, key: bytes) -> str:
    return modelling.change_acceptance(session, payload, by=request.user)


def _unknown(session: Session, payload: dict[str, Any], request: RequestRow, key: bytes) -> str:
    raise StoreError(f"The request kind '{request.kind}' is unknown.", what_to_do="Upgrade the node.")


def _report(session: Session, payload: dict[str, Any]) -> Report:
    """The report that the signed payload names; the row's own columns aren't signed."""
    report = session.get(Report, int(payload["report_id"]))
    if report is None:
        raise StoreError(f"There is no report with id {payload['report_id']}.")
    if report.state not in (ReportState.DRAFT, ReportState.WITHHELD):
        raise StoreError(f"The report is '{report.state}'.", what_to_do="Open the newest version.")
    return report


_KINDS: dict[str, tuple[tuple[str, ...], Apply]] = {
    "reject": (("reader", "resident"), _reject),
    "preliminary": (("resident", "reader"), _make_preliminary),
    "send_back": (("reader",), _send_back),
    "resend": (("reader", "admin"), _resend),
    "user": (("admin",), _change_user),
    "site": (("admin",), _import_site),
    "queue": (("admin",), _move_queued),
    "model": (("admin",), _accept_model),
}
