"""Requests of windows and administrators: written by them, decided by the node alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from llmcxr_ws.domain import Account, RequestRow
from llmcxr_ws.errors import AccessError, StoreError
from llmcxr_ws.identity import UnlockedKey, canonical, new_nonce, signature_fits
from llmcxr_ws.store import accounts, audit
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Request, UsedNonce
from llmcxr_ws.store.types import db_now

MAX_CLOCK_AHEAD = timedelta(minutes=5)
Order = TypeVar("Order")


def submit(
    db: Database,
    key: UnlockedKey,
    *,
    kind: str,
    payload: dict[str, Any],
    study_id: int | None = None,
    report_id: int | None = None,
) -> int:
    """Sign a payload and write the request; give its id.

    Raises
    ------
    ValueError
        The payload uses a name of the envelope, one of which would hide the other.
    """
    nonce = new_nonce()
    envelope = {
        "kind": kind,
        "user": key.user,
        "user_role": key.role,
        "nonce": nonce,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if hidden := payload.keys() & envelope.keys():
        raise ValueError(f"The payload of a request may not hold {sorted(hidden)}.")
    text = canonical(payload | envelope)
    with db.write() as session:
        row = Request(
            kind=kind,
            user=key.user,
            study_id=study_id,
            report_id=report_id,
            payload=text,
            signature=key.sign(text),
            nonce=nonce,
        )
        session.add(row)
        try:
            session.flush()
        except IntegrityError as error:
            raise StoreError(
                "The request was written already.", what_to_do="Wait for its outcome."
            ) from error
        audit.append(session, actor=key.user, event=f"request.{kind}", study_id=study_id, request=row.id)
        return row.id


def waiting_requests(db: Database) -> list[RequestRow]:
    """Requests that are due for a decision, oldest first."""
    with db.read() as session:
        rows = session.scalars(
            select(Request)
            .where(Request.state == "waiting", Request.run_after <= db_now())
            .order_by(Request.id)
        )
        return [_row(row) for row in rows]


def requests_of(db: Database, study_id: int) -> list[RequestRow]:
    """A study's requests, oldest first."""
    with db.read() as session:
        rows = session.scalars(select(Request).where(Request.study_id == study_id).order_by(Request.id))
        return [_row(row) for row in rows]


def is_waiting(session: Session, study_id: int, *, kinds: tuple[str, ...]) -> bool:
    """Whether a request of one of these kinds about a study waits for its decision."""
    row = session.scalars(
        select(Request.id).where(
            Request.study_id == study_id, Request.kind.in_(kinds), Request.state == "waiting"
        )
    ).first()
    return row is not None


def was_granted(session: Session, report_id: int, *, kind: str) -> bool:
    """Whether a request of this kind about a report version was granted."""
    row = session.scalars(
        select(Request.id).where(
            Request.report_id == report_id, Request.kind == kind, Request.state == "granted"
        )
    ).first()
    return row is not None


def first_granted(session: Session, study_id: int, *, kind: str, from_report: int) -> RequestRow | None:
    """The first granted request of a kind about this report version of a study, or a later one."""
    row = session.scalars(
        select(Request)
        .where(
            Request.study_id == study_id,
            Request.report_id >= from_report,
            Request.kind == kind,
            Request.state == "granted",
        )
        .order_by(Request.id)
    ).first()
    return _row(row) if row else None


def request_by_id(db: Database, request_id: int) -> RequestRow:
    """One request and its outcome."""
    with db.read() as session:
        row = session.get(Request, request_id)
        if row is None:
            raise StoreError(f"There is no request with id {request_id}.")
        return _row(row)


def verify(
    session: Session, request: RequestRow, service_key: bytes, *, roles: tuple[str, ...]
) -> dict[str, Any]:
    """Check who asks: known, enabled, in one of the roles, the signature theirs and not used; give the payload.

    Raises
    ------
    AccessError
        Says what doesn't fit.
    """
    account: Account = accounts.trusted_account(session, request.user, service_key)
    if not signature_fits(account.public_key, request.payload, request.signature):
        raise AccessError(
            "The signature of the request is not this user's.", what_to_do="Log in again and repeat it."
        )
    payload = _read_payload(request.payload)
    if payload.get("nonce") != request.nonce or payload.get("kind") != request.kind:
        raise AccessError("The request doesn't fit its signature.", what_to_do="Repeat it from the window.")
    if payload.get("user") != account.name or account.role not in roles:
        raise AccessError(
            f"The role '{account.role}' of user '{account.name}' doesn't allow '{request.kind}'.",
            what_to_do=f"Roles that do: {', '.join(roles)}.",
        )
    if session.get(UsedNonce, request.nonce) is not None:
        raise AccessError("The request was decided before.", what_to_do="Make a new one.")
    return payload


def asked_by_reader(
    session: Session,
    request: RequestRow,
    service_key: bytes,
    order: Callable[[dict[str, Any], Account], Order],
) -> Order:
    """Check that a reader asks, and give what `order` makes of payload and account.

    Raises
    ------
    AccessError
        Says what doesn't fit; also of a payload that lacks something.
    """
    payload = verify(session, request, service_key, roles=("reader",))
    account = accounts.trusted_account(session, request.user, service_key)
    with well_formed():
        return order(payload, account)


def asked_at(payload: dict[str, Any]) -> datetime:
    """When the request was made, by the clock of who asks.

    Raises
    ------
    AccessError
        It lies in the future.
    """
    at = datetime.fromisoformat(payload["time"])
    if at.tzinfo is None or at > datetime.now(UTC) + MAX_CLOCK_AHEAD:
        raise AccessError(
            f"The request's time {payload['time']} lies in the future.",
            what_to_do="Set the reader's clock and ask again.",
        )
    return at


@contextmanager
def well_formed() -> Iterator[None]:
    """Refuse a signed payload that lacks something or holds nonsense, instead of stumbling over it.

    Raises
    ------
    AccessError
        Says that the request can't be read.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AccessError(
            f"The request can't be read ({type(error).__name__}).", what_to_do="Repeat it from the window."
        ) from error


def _read_payload(text: str) -> dict[str, Any]:
    with well_formed():
        payload = json.loads(text)
        if not isinstance(payload, dict):
            raise TypeError
    return payload


def decide(session: Session, request_id: int, *, granted: bool, outcome: str) -> None:
    """End a request; its nonce is used up with it.

    Raises
    ------
    StoreError
        It was decided before.
    """
    changed = session.execute(
        update(Request)
        .where(Request.id == request_id, Request.state == "waiting")
        .values(state="granted" if granted else "refused", outcome=outcome, decided_at=db_now())
        .returning(Request.user, Request.kind, Request.study_id, Request.nonce)
    ).first()
    if changed is None:
        raise StoreError(f"Request {request_id} was decided before.")
    if session.get(UsedNonce, changed.nonce) is None:
        session.add(UsedNonce(nonce=changed.nonce))
    event = f"request.{changed.kind}.{'granted' if granted else 'refused'}"
    audit.append(
        session,
        actor="node",
        event=event,
        study_id=changed.study_id,
        request=request_id,
        asked_by=changed.user,
    )


def postpone(session: Session, request_id: int, *, reason: str, pause_s: float) -> None:
    """Leave a request waiting, say for what, and look again later."""
    session.execute(
        update(Request)
        .where(Request.id == request_id, Request.state == "waiting")
        .values(outcome=reason, run_after=db_now(pause_s))
    )


def _row(row: Request) -> RequestRow:
    return RequestRow(
        id=row.id,
        kind=row.kind,
        user=row.user,
        study_id=row.study_id,
        report_id=row.report_id,
        payload=row.payload,
        signature=row.signature,
        nonce=row.nonce,
        state=row.state,
        outcome=row.outcome,
        created_at=row.created_at,
        decided_at=row.decided_at,
    )
