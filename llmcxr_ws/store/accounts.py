"""User rows, each with a MAC under the service's key: a row that somebody else wrote is not believed."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from llmcxr_ws.domain import Account
from llmcxr_ws.errors import AccessError
from llmcxr_ws.identity import ROLES, account_mac, new_key
from llmcxr_ws.store import audit
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import User


def account(db: Database, name: str) -> Account | None:
    """The user of that name, unchecked: for a window, which can't read the service's key."""
    with db.read() as session:
        row = session.get(User, name)
        return _account(row) if row else None


def account_in(session: Session, name: str) -> Account | None:
    """The user of that name, unchecked, inside the caller's transaction."""
    row = session.get(User, name)
    return _account(row) if row else None


def accounts(db: Database) -> list[Account]:
    """All users by name."""
    with db.read() as session:
        return [_account(row) for row in session.scalars(select(User).order_by(User.name))]


def trusted_account(session: Session, name: str, service_key: bytes) -> Account:
    """The user of that name, with its MAC checked.

    Raises
    ------
    AccessError
        The user is unknown, disabled, or the row wasn't written by the service.
    """
    found = _account(_trusted_row(session, name, service_key))
    if not found.enabled:
        raise AccessError(f"The user '{name}' is disabled.", what_to_do="Ask an administrator.")
    return found


def _trusted_row(session: Session, name: str, service_key: bytes) -> User:
    row = session.get(User, name)
    if row is None:
        raise AccessError(f"There is no user '{name}'.", what_to_do="See `llmcxr user list`.")
    if not hmac.compare_digest(row.mac, account_mac(service_key, _account(row))):
        raise AccessError(
            f"The row of user '{name}' was not written by this service.",
            what_to_do="Keep the database for inquiry and give the person another user name.",
        )
    return row


def add_account(
    session: Session,
    service_key: bytes,
    *,
    name: str,
    display_name: str,
    organization: str,
    role: str,
    public_key: bytes,
    wrapped_key: bytes,
    salt: bytes,
    by: str,
) -> None:
    """Create a user; the key pair was made where the password was typed."""
    check_role(role)
    if not name or name != name.strip() or len(name) > 64 or not name.isprintable():
        raise AccessError(
            f"The user name {name!r} was refused.",
            what_to_do="Use 1 to 64 printable characters, no outer spaces.",
        )
    for what, value, unfit in (
        ("name in documents", display_name or name, "\\="),
        ("organisation", organization, "\\"),
    ):
        if len(value) > 64 or not value.isprintable() or set(value) & set(unfit):
            raise AccessError(
                f"The {what} {value!r} was refused: no document could hold it.",
                what_to_do="Use at most 64 printable characters, no backslash, and no '=' in a name.",
            )
    if session.get(User, name) is not None:
        raise AccessError(f"There is a user '{name}' already.", what_to_do="Choose another name.")
    new = Account(name, display_name or name, organization, role, True, public_key, wrapped_key, salt)
    session.add(User(mac=account_mac(service_key, new), **new.__dict__))
    audit.append(session, actor=by, event="user.added", user=name, role=role)


def change_account(session: Session, service_key: bytes, name: str, *, by: str, **changes: object) -> None:
    """Change role, enabled, or the keys of a user and renew the MAC.

    The last enabled administrator can neither be disabled nor lose the role. A row that somebody else wrote stays
    as it is: a new MAC would make it believed.
    """
    row = _trusted_row(session, name, service_key)
    if "role" in changes:
        check_role(str(changes["role"]))
    after = replace(_account(row), **changes)  # type: ignore[arg-type]
    admins = (
        session.scalar(select(func.count()).select_from(User).where(User.role == "admin", User.enabled)) or 0
    )
    was_admin, is_admin = row.role == "admin" and row.enabled, after.role == "admin" and after.enabled
    if was_admin and not is_admin and admins == 1:
        raise AccessError(f"'{name}' is the last administrator.", what_to_do="Add another one first.")
    for key, value in changes.items():
        setattr(row, key, value)
    row.mac = account_mac(service_key, after)
    shown: dict[str, Any] = {key: value for key, value in changes.items() if key in ("role", "enabled")}
    audit.append(session, actor=by, event="user.changed", user=name, keys=sorted(changes), **shown)


def create_user(
    db: Database,
    service_key: bytes,
    *,
    name: str,
    password: str,
    role: str,
    display_name: str = "",
    organization: str = "",
    by: str = "service",
) -> None:
    """Create a user with a fresh key pair, where the service's key can be read."""
    key = new_key(password)
    with db.write() as session:
        add_account(
            session,
            service_key,
            name=name,
            display_name=display_name,
            organization=organization,
            role=role,
            public_key=key.public_key,
            wrapped_key=key.wrapped_key,
            salt=key.salt,
            by=by,
        )


def check_role(role: str) -> None:
    """Refuse a role that doesn't exist."""
    if role not in ROLES:
        raise AccessError(f"The role '{role}' is unknown.", what_to_do=f"Roles are {', '.join(ROLES)}.")


def _account(row: User) -> Account:
    return Account(
        name=row.name,
        display_name=row.display_name,
        organization=row.organization,
        role=row.role,
        enabled=row.enabled,
        public_key=row.public_key,
        wrapped_key=row.wrapped_key,
        salt=row.salt,
    )
