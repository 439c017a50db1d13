"""Fixtures of the hall's tests: every test of store and jobs runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.world import SERVICE_KEY, Person
from tests.postgres import PostgresServer


def _migrate(url: str) -> None:
    db = Database(url)
    db.upgrade()
    db.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, copied for each test."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """A migrated PostgreSQL database, copied for each test."""
    name = postgres.create()
    _migrate(postgres.url(name))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def db_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database of the test's own."""
    if request.param == "sqlite":
        file = tmp_path / "llmcxr.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    name = postgres.create(request.getfixturevalue("postgres_template"))
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def db(db_url: str) -> Iterator[Database]:
    """A migrated database of the test's own, on each of the two kinds."""
    database = Database(db_url)
    yield database
    database.close()


@pytest.fixture
def reader(db: Database) -> Person:
    """An enabled user with the role reader."""
    return Person.enter(db, "ruth", "reader", SERVICE_KEY)


@pytest.fixture
def admin(db: Database) -> Person:
    """An enabled administrator."""
    return Person.enter(db, "anna", "admin", SERVICE_KEY)
