"""Opening the database: the schema by migration and by declaration, revisions, times, transactions, clear errors."""

from __future__ import annotations

import threading
import traceback
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, insert, inspect, select, text
from sqlalchemy.exc import StatementError

from llmcxr_ws.errors import StoreError
from llmcxr_ws.store.database import Database, Kept, alembic_config
from llmcxr_ws.store.models import Base, Report, Study
from llmcxr_ws.store.prepared import Prepared
from llmcxr_ws.store.types import db_now
from tests.llmcxr_ws.world import arrival, drafted, execute
from tests.postgres import PostgresServer


def shape(url: str) -> dict[str, Any]:
    """Tables, columns, keys and indexes as the database itself tells them."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            found = inspect(connection)
            return {
                table: {
                    "columns": sorted(
                        (c["name"], str(c["type"]), c["nullable"], str(c["default"]))
                        for c in found.get_columns(table)
                    ),
                    "key": found.get_pk_constraint(table)["constrained_columns"],
                    "foreign": sorted(
                        (key["constrained_columns"], key["referred_table"])
                        for key in found.get_foreign_keys(table)
                    ),
                    "unique": sorted(
                        (str(key["name"]), key["column_names"]) for key in found.get_unique_constraints(table)
                    ),
                    "indexes": sorted(
                        (str(index["name"]), index["column_names"], bool(index["unique"]))
                        for index in found.get_indexes(table)
                    ),
                }
                for table in found.get_table_names()
                if table != "alembic_version"
            }
    finally:
        engine.dispose()


def test_the_migrated_schema_is_the_declared_one(empty_url: str) -> None:
    db = Database(empty_url)
    db.upgrade()
    migrated = shape(empty_url)
    Base.metadata.drop_all(db.engine)
    Base.metadata.create_all(db.engine)
    declared = shape(empty_url)
    db.close()
    assert migrated.keys() == declared.keys() and len(migrated) >= 16
    for table in declared:
        assert migrated[table] == declared[table], table


def test_alembic_finds_nothing_to_add(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrade_names_the_store_once(empty_url: str) -> None:
    db = Database(empty_url)
    db.upgrade()
    name = db.store_uuid()
    db.upgrade()
    assert (db.store_uuid(), len(name)) == (name, 36)
    db.check_schema()
    db.close()


def test_processes_that_start_together_upgrade_once(empty_url: str) -> None:
    failures: list[BaseException] = []
    databases = [Database(empty_url) for _ in range(3)]

    def upgrade(database: Database) -> None:
        try:
            database.upgrade()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=upgrade, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {database.store_uuid() for database in databases}
    for database in databases:
        database.close()
    assert failures == [] and len(names) == 1


def test_an_upgrade_keeps_what_the_first_version_wrote(empty_url: str) -> None:
    from alembic import command

    db = Database(empty_url)
    with db.engine.connect() as connection:
        config = alembic_config(db.url)
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()
    row = {"p": "0" * 64, "d": "{}"}
    execute(
        db,
        "INSERT INTO audit (id, at, actor, event, detail, previous, hash) VALUES (1, 't', 'node', 'e', :d, :p, :p)",
        **row,
    )
    db.upgrade()
    with db.write() as session:
        from llmcxr_ws.store import audit

        audit.append(session, actor="node", event="after")
        ids = session.execute(text("SELECT id FROM audit ORDER BY id")).scalars().all()
    db.close()
    assert ids == [1, 2]


@pytest.mark.parametrize("revision", ["9999", "0001"])
def test_another_revision_is_refused_with_a_sentence(db: Database, revision: str) -> None:
    execute(db, "UPDATE alembic_version SET version_num = :v", v=revision)
    with pytest.raises(StoreError, match=f"at revision {revision}, this program needs 0008"):
        db.check_schema()


def test_a_newer_database_is_not_upgraded(db: Database) -> None:
    execute(db, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="revision 9999, which this program doesn't know"):
        db.upgrade()


def test_an_empty_database_is_refused(empty_url: str) -> None:
    db = Database(empty_url)
    with pytest.raises(StoreError, match="revision none"):
        db.check_schema()
    db.close()


def test_naive_times_are_refused(db: Database) -> None:
    with pytest.raises(StatementError, match="without a time zone"), db.read() as session:
        session.execute(select(Study).where(Study.held_at == datetime(2026, 1, 1)))


def test_times_come_back_in_utc(db: Database) -> None:
    moment = datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    study_id = drafted(db, started_at=moment)
    with db.read() as session:
        found = session.scalars(select(Report).where(Report.study_id == study_id)).one().started_at
    assert found == moment and found.tzinfo is not None and found.utcoffset() == timedelta(0)


def test_the_clock_is_the_databases_and_can_be_moved(db: Database) -> None:
    with db.read() as session:
        now, later, sooner = session.execute(select(db_now(), db_now(90), db_now(-0.5))).one()
    assert abs((now - datetime.now(UTC)).total_seconds()) < 5
    assert (later - now).total_seconds() == pytest.approx(90, abs=0.5)
    assert (now - sooner).total_seconds() == pytest.approx(0.5, abs=0.3)


def test_sqlite_writes_ahead_and_syncs(sqlite_template: Path, tmp_path: Path) -> None:
    for durable, synchronous in ((True, 2), (False, 1)):
        db = Database(f"sqlite:///{tmp_path / 'a.db'}", durable=durable)
        with db.read() as session:
            values = [
                session.execute(text(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
        db.close()
        assert values == ["wal", synchronous, 1, 5000]


def test_readers_see_nothing_of_an_open_write_and_dont_wait_for_it(db: Database) -> None:
    with db.write() as writer:
        writer.execute(text("INSERT INTO sequence (name, value) VALUES ('x', 1)"))
        with db.read() as reader:
            assert reader.execute(text("SELECT count(*) FROM sequence WHERE name = 'x'")).scalar_one() == 0
    with db.read() as reader:
        assert reader.execute(text("SELECT count(*) FROM sequence WHERE name = 'x'")).scalar_one() == 1


def test_writers_follow_each_other(db: Database) -> None:
    """Twenty increments by read and write from four threads lose none."""
    from llmcxr_ws.store.counters import next_value

    def count() -> None:
        for _ in range(5):
            with db.write() as session:
                next_value(session, "test")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.write() as session:
        assert next_value(session, "test") == 21


def test_a_failed_write_leaves_nothing(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), db.write() as session:
        session.execute(text("INSERT INTO sequence (name, value) VALUES ('x', 1)"))
        raise ZeroDivisionError
    with db.read() as session:
        assert session.execute(text("SELECT count(*) FROM sequence")).scalar_one() == 0


def test_an_error_shows_no_patient_data(db: Database) -> None:
    """SQLAlchemy quotes the parameters of a failed statement, and errors are logged."""
    with pytest.raises(Exception, match=r"(?i)null") as failed, db.write() as session:
        session.add(Study(study_instance_uid=None, patient_name="Secret^Name"))
    assert "Secret" not in "".join(traceback.format_exception(failed.value))
    kept, incomplete = Kept(db), Prepared(insert(Study), ("study_instance_uid", "patient_name"))
    values = {"study_instance_uid": "1.2.3", "patient_name": "Secret^Name"}
    with pytest.raises(Exception, match=r"(?i)null") as failed, kept.write() as connection:
        incomplete.run(connection, values)
    kept.close()
    assert "Secret" not in "".join(traceback.format_exception(failed.value))


@pytest.mark.parametrize(
    "url", ["", "nonsense", "oracle://host/db", "mysql+nodriver://h/d", "sqlite:////no/such/folder/llmcxr.db"]
)
def test_a_database_that_cannot_be_used(url: str) -> None:
    with pytest.raises(StoreError) as refused:
        Database(url).check_schema()
    assert refused.value.what_to_do


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "llmcxr.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"damaged|can't be used"):
        Database(f"sqlite:///{tmp_path / 'llmcxr.db'}").check_schema()


def test_a_server_that_is_down(postgres: PostgresServer) -> None:
    url = postgres.url("no_such_database")
    db = Database(url)
    with pytest.raises(StoreError, match="can't be used"), db.read() as session:
        session.execute(text("SELECT 1"))
    db.close()


def test_a_writer_that_waits_too_long_says_so(sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmcxr_ws.store.database.BUSY_TIMEOUT_MS", 100)
    one, two = Database(f"sqlite:///{sqlite_template}"), Database(f"sqlite:///{sqlite_template}")
    with one.write(), pytest.raises(StoreError, match="locked"), two.write():
        pass
    one.close()
    two.close()


def test_foreign_keys_hold(db: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        execute(
            db,
            "INSERT INTO instance (study_id, series_instance_uid, sop_instance_uid, sop_class_uid, "
            "transfer_syntax_uid, path, size, sha256, facts, defect, source_peer) "
            "VALUES (77, '1', :uid, '1', '1', 'p', 1, 'x', '{}', '', '')",
            uid=arrival().sop_instance_uid,
        )
