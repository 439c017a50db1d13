"""Opening the database: SQLite in WAL mode or PostgreSQL by URL, read and write transactions, the schema check."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    StatementError,
)
from sqlalchemy.orm import Session, sessionmaker

from llmcxr_ws.errors import DatabaseFailure, StoreError, UserFacingError
from llmcxr_ws.store.models import StoreInfo
from llmcxr_ws.store.prepared import Prepared, hide_details, run_plainly

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_TIMEOUT_MS = 5000
_MIGRATIONS = Path(__file__).parent / "migrations"
_REVISION = re.compile(r"""^revision\b[^=]*= *['"](\w+)""", re.MULTILINE)
_FOLLOWS = re.compile(r"""^down_revision\b[^=]*= *['"](\w+)""", re.MULTILINE)
WRITER_LOCK = 0x4C4C4D43  # any number, the same in every process
_TAKE_TURN = f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"
BEGIN_WRITING = "BEGIN IMMEDIATE"  # SQLite's lock at once: whoever takes it later may deadlock


class Database:
    """A connection pool with the product's transaction rules.

    Parameters
    ----------
    url : str
        An SQLAlchemy URL: ``sqlite:////path/llmcxr.db`` or ``postgresql+psycopg://…``.
    durable : bool
        ``synchronous=FULL`` (signing, audit, outbox) or ``NORMAL`` (the ingest index, which the files can
        restore). No effect on PostgreSQL.

    Raises
    ------
    StoreError
        The URL can't be read or its driver isn't installed.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self.url = url
        try:
            self.engine = _create_engine(url, durable=durable)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise StoreError(
                f"The database URL can't be used: {error}.",
                what_to_do="Give sqlite:////PATH or postgresql+psycopg://… (extra `postgres`).",
            ) from error
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a single-machine SQLite file."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A short read transaction; never write in it.

        Raises
        ------
        StoreError
            The database can't be reached or refuses.
        """
        with _clear_errors(), self._sessions() as session, session.begin():
            yield session

    @contextmanager
    def write(self, *, ordered: bool = True) -> Iterator[Session]:
        """A write transaction; no I/O and no inference inside.

        Writers follow each other, as SQLite's lock makes them anyway: the audit chain and the worklist's
        sequence numbers need an order, and one lock taken first can't deadlock. `ordered=False` leaves that out
        on PostgreSQL, for the queue's claims and heartbeats.

        Raises
        ------
        StoreError
            The database can't be reached, is full, or another writer held it for too long; nothing was written.
        """
        with _clear_errors(), self._sessions() as session, session.begin():
            connection = session.connection(execution_options={"llmcxr_write": True})
            if ordered and not self.is_sqlite:  # whose own BEGIN waits until no other writer is at work
                connection.execute(text(_TAKE_TURN))
            yield session

    def upgrade(self) -> None:
        """Bring the schema to this program's revision and name the store. Only the node and the CLI do this.

        Raises
        ------
        StoreError
            The database is newer than this program, or can't be used.
        """
        from alembic import command
        from alembic.script import ScriptDirectory

        config = alembic_config(self.url)
        with _clear_errors():
            with self.engine.connect() as connection:
                connection = connection.execution_options(llmcxr_write=True)
                if not self.is_sqlite:  # processes that start together upgrade one after the other
                    connection.execute(text(_TAKE_TURN))
                found = _revision(connection)
                known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
                if found is not None and found not in known:
                    raise StoreError(
                        f"The database is at revision {found}, which this program doesn't know.",
                        what_to_do="Use the program version that fits the database.",
                    )
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
            with self.write() as session:
                if session.get(StoreInfo, 1) is None:
                    session.add(StoreInfo(id=1, uuid=str(uuid.uuid4())))

    def check_schema(self) -> None:
        """Refuse a database whose schema isn't this program's.

        Raises
        ------
        StoreError
            The revision differs, or the database can't be reached.
        """
        needed = newest_revision()
        with _clear_errors(), self.engine.connect() as connection:
            found = _revision(connection)
        if found != needed:
            raise StoreError(
                f"The database is at revision {found or 'none'}, this program needs {needed}.",
                what_to_do="Run `llmcxr db upgrade`, or use the program version that fits the database.",
            )

    def store_uuid(self) -> str:
        """The UUID that the object store's file must equal."""
        with self.read() as session:
            value = session.scalar(select(StoreInfo.uuid).where(StoreInfo.id == 1))
        if value is None:
            raise StoreError("The database has no store UUID.", what_to_do="Run `llmcxr db upgrade`.")
        return value

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


class Kept:
    """One connection that stays open, for what is done thousands of times an hour by prepared statements alone.

    Opening a connection of the pool and an object mapping around it costs more than the statements do. After an error
    the connection is closed and the next use opens another; `opened` is told of each.
    """

    def __init__(self, db: Database, opened: Callable[[Connection], None] | None = None) -> None:
        self._db = db
        self._on_opened = opened
        self._connection: Connection | None = None
        self._lock = threading.Lock()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction, committed at the end.

        Raises
        ------
        StoreError
            As :meth:`Database.write`.
        """
        with self._opened() as connection:
            run_plainly(connection, BEGIN_WRITING if self._db.is_sqlite else _TAKE_TURN)
            yield connection
            run_plainly(connection, "COMMIT")  # after an error the connection is closed, which undoes all

    def first(self, statement: Prepared, values: Mapping[str, Any]) -> Any:
        """The first row of one statement that only reads; None where there is none.

        Raises
        ------
        StoreError
            As :meth:`Database.read`.
        """
        with self._opened() as connection:
            row = statement.run(connection, values)
            if not self._db.is_sqlite:  # whose driver has begun a transaction
                run_plainly(connection, "ROLLBACK")
        return row

    @contextmanager
    def _opened(self) -> Iterator[Connection]:
        with self._lock, _clear_errors():
            connection = self._connection
            if connection is None:
                connection = self._db.engine.connect()
            try:
                if self._connection is None and self._on_opened is not None:
                    self._on_opened(connection)
                yield connection
            except BaseException:
                self._connection = None
                _close(connection)
                raise
            self._connection = connection

    @property
    def is_busy(self) -> bool:
        """Whether somebody uses it at this moment."""
        return self._lock.locked()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                _close(self._connection)
                self._connection = None


def _close(connection: Connection) -> None:
    """Close it for good, and what it has begun with it: nobody else shall get one that was set up for us."""
    connection.invalidate()
    connection.close()


def newest_revision() -> str:
    """The schema revision of this program: the one that no other follows.

    Read from the migrations' texts, for most processes only compare it: Alembic takes 12 MB and a while to load.
    """
    texts = [path.read_text(encoding="utf-8") for path in (_MIGRATIONS / "versions").glob("*.py")]
    revisions = {found[1] for text in texts if (found := _REVISION.search(text))}
    followed = {name for text in texts for name in _FOLLOWS.findall(text)}
    [newest] = revisions - followed
    return newest


def _revision(connection: Connection) -> str | None:
    """The database's schema revision; None where it has none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def alembic_config(url: str) -> Config:
    """The Alembic configuration that points at the packaged migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Say what ails the database; a statement that is wrong in itself stays the defect that it is."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise DatabaseFailure(
            f"The database can't be used: {str(error.orig).strip()}.",
            what_to_do="Check that it runs, that the path exists and that this user may write there.",
        ) from error
    except DBAPIError as error:
        if type(error) is DatabaseError:  # none of the narrower kinds: the file itself is broken
            raise DatabaseFailure(
                f"The database is damaged: {error.orig}.", what_to_do="Restore it from a backup."
            ) from error
        raise
    except StatementError as error:
        if isinstance(error.orig, UserFacingError):  # a column type refused a value
            raise error.orig from error
        raise


def _create_engine(url: str, *, durable: bool) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
        _hide_details(engine)
        return engine
    # Parameters are patient data, and errors are logged: hence hidden.
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True)
    _tune_sqlite(engine, "FULL" if durable else "NORMAL")
    return engine


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Switch to WAL; in this one statement SQLite doesn't wait for others that open the same new file."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _hide_details(engine: Engine) -> None:
    @event.listens_for(engine, "handle_error")
    def on_error(context: ExceptionContext) -> None:
        hide_details(context.original_exception)
        hide_details(context.sqlalchemy_exception)


def _tune_sqlite(engine: Engine, synchronous: str) -> None:
    """WAL, busy timeout, foreign keys, and our own BEGIN: IMMEDIATE for writers, so that they never deadlock."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        _write_ahead(cursor)
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("llmcxr_write", False)
        run_plainly(connection, BEGIN_WRITING if writes else "BEGIN")
