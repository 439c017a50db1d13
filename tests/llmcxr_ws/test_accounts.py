"""User rows: what may be entered and changed, and what a row is worth that somebody else wrote."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from llmcxr_ws import reading
from llmcxr_ws.errors import AccessError
from llmcxr_ws.store import accounts
from llmcxr_ws.store.accounts import change_account, create_user, trusted_account
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Audit
from tests.llmcxr_ws.world import SERVICE_KEY, Person, events, execute


def change(db: Database, name: str, **changes: Any) -> None:
    with db.write() as session:
        change_account(session, SERVICE_KEY, name, by="service", **changes)


def trusted(db: Database, name: str, key: bytes = SERVICE_KEY) -> str:
    with db.read() as session:
        return trusted_account(session, name, key).role


def test_a_user_logs_in_with_the_password(db: Database) -> None:
    create_user(
        db, SERVICE_KEY, name="ruth", password="long enough", role="reader", display_name="Reader^Ruth"
    )
    key = reading.log_in(db, "ruth", "long enough")
    assert (key.user, key.role, reading.may_sign(key)) == ("ruth", "reader", True)
    assert len(key.sign("text")) == 64
    found = accounts.account(db, "ruth")
    assert found is not None and (found.display_name, found.enabled) == ("Reader^Ruth", True)
    assert b"long enough" not in found.wrapped_key
    for name, password in (("ruth", "long enougH"), ("ruth", ""), ("nobody", "long enough")):
        with pytest.raises(AccessError, match="The user name or the password is wrong"):
            reading.log_in(db, name, password)
    assert events(db) == ["user.added", "user.logged_in", *["user.log_in_failed"] * 3]
    with db.read() as session:  # a name that isn't one may be a password in the wrong field
        actors = list(session.scalars(select(Audit.actor).order_by(Audit.id)))
    assert actors[1:] == ["ruth", "ruth", "ruth", "unknown"]


def test_a_disabled_user_cannot_log_in(db: Database) -> None:
    create_user(db, SERVICE_KEY, name="ruth", password="long enough", role="reader")
    change(db, "ruth", enabled=False)
    with pytest.raises(AccessError, match="disabled"):
        reading.log_in(db, "ruth", "long enough")
    with pytest.raises(AccessError, match="disabled"):
        trusted(db, "ruth")
    change(db, "ruth", enabled=True)
    assert reading.log_in(db, "ruth", "long enough").user == "ruth"
    assert events(db) == [
        "user.added",
        "user.changed",
        "user.log_in_failed",
        "user.changed",
        "user.logged_in",
    ]


def test_a_damaged_key_row_does_not_break_the_log_in(db: Database) -> None:
    Person.enter(db, "ruth", "reader")
    with pytest.raises(AccessError):
        reading.log_in(db, "ruth", "long enough")


@pytest.mark.parametrize("name", ["", " ruth", "ruth ", "x" * 65, "ru\nth", "ru\x1bth"])
def test_names_that_are_refused(db: Database, name: str) -> None:
    with pytest.raises(AccessError, match="was refused"):
        Person.enter(db, name, "reader")
    assert accounts.accounts(db) == []


def test_a_name_is_given_once(db: Database, reader: Person) -> None:
    with pytest.raises(AccessError, match="'ruth' already"):
        Person.enter(db, "ruth", "admin")
    assert trusted(db, "ruth") == "reader"


def test_roles(db: Database, reader: Person) -> None:
    with pytest.raises(AccessError, match="role 'god' is unknown"):
        Person.enter(db, "zeus", "god")
    with pytest.raises(AccessError, match="role 'god' is unknown"):
        change(db, "ruth", role="god")
    change(db, "ruth", role="resident")
    assert trusted(db, "ruth") == "resident"
    with pytest.raises(AccessError, match="no user 'nobody'"):
        change(db, "nobody", role="reader")


@pytest.mark.parametrize("changes", [{"enabled": False}, {"role": "reader"}])
def test_the_last_administrator_stays(db: Database, admin: Person, changes: dict[str, Any]) -> None:
    with pytest.raises(AccessError, match="last administrator"):
        change(db, "anna", **changes)
    assert trusted(db, "anna") == "admin"
    Person.enter(db, "arno", "admin")
    change(db, "anna", **changes)
    with pytest.raises(AccessError, match="last administrator"):
        change(db, "arno", **changes)


FORGERIES = [
    "role = 'admin'",
    "enabled = false",
    "display_name = 'Chief^Doctor'",
    "organization = 'Elsewhere'",
    "public_key = mac",
    "name = 'anna2'",
]


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_row_that_somebody_else_wrote_is_not_believed(db: Database, reader: Person, forgery: str) -> None:
    assert trusted(db, "ruth") == "reader"
    execute(db, f"UPDATE user_account SET {forgery}")
    name = "anna2" if "anna2" in forgery else "ruth"
    with pytest.raises(AccessError, match="not written by this service"):
        trusted(db, name)


def test_a_change_does_not_make_a_forged_row_believed(db: Database, reader: Person) -> None:
    execute(db, "UPDATE user_account SET role = 'admin' WHERE name = 'ruth'")
    with pytest.raises(AccessError, match="not written by this service"):
        change(db, "ruth", public_key=b"p" * 32, wrapped_key=b"w", salt=b"s")
    with pytest.raises(AccessError, match="not written by this service"):
        trusted(db, "ruth")


def test_another_services_key_vouches_for_nobody(db: Database, reader: Person) -> None:
    with pytest.raises(AccessError, match="not written by this service"):
        trusted(db, "ruth", b"x" * 32)


def test_users_are_listed_by_name(db: Database) -> None:
    for name in ("zoe", "abe", "kim"):
        Person.enter(db, name, "reader")
    assert [found.name for found in accounts.accounts(db)] == ["abe", "kim", "zoe"]
