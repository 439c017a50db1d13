"""A PostgreSQL server of the session's own, from Debian's package, in a temporary folder on a Unix socket.

PostgreSQL refuses to run as root, so root starts it as the user `postgres` that the package made.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.peers import require

_SETTINGS = ("listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off")
_SUPERUSER = "llmcxr_test"
# Taken now: a listener that a test runs in this process moves the temporary folder to its own spool.
_TEMPORARY = tempfile.gettempdir()


class PostgresServer:
    """A running server; every test asks it for a database of its own."""

    def __init__(self, sockets: Path) -> None:
        self._sockets = sockets
        self._count = 0

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{_SUPERUSER}@/{database}?host={self._sockets}"

    def create(self, template: str = "template1") -> str:
        """Create a database as a copy of `template` and give its name."""
        self._count += 1
        name = f"test_{self._count}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        """Remove a database: each takes 8 MB."""
        self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def answers(self) -> bool:
        """Whether it accepts connections."""
        try:
            self._do("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _do(self, statement: str) -> None:
        with psycopg.connect(
            f"host={self._sockets} user={_SUPERUSER} dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(statement)  # type: ignore[arg-type]


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a fresh cluster, and remove it at the end; needs Debian's package `postgresql`."""
    initdb = require("initdb")
    folder = Path(tempfile.mkdtemp(prefix="llmcxr-pg-", dir=_TEMPORARY))
    as_user: list[str] = []
    if os.geteuid() == 0:
        as_user = [require("runuser"), "-u", "postgres", "--"]
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    subprocess.run(
        [*as_user, initdb, "-D", data, "-A", "trust", "-U", _SUPERUSER, "-E", "UTF8", "-N", "--no-locale"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    options = [part for setting in _SETTINGS for part in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*as_user, Path(initdb).resolve().with_name("postgres"), "-D", data, "-k", folder, *options],
            stdout=log,
            stderr=log,
            cwd="/",
        )
    try:
        postgres = PostgresServer(folder)
        deadline = time.monotonic() + 30
        while not postgres.answers():
            if server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL doesn't start: {(folder / 'log').read_text()}")
            time.sleep(0.05)
        yield postgres
    finally:
        # The server's own pid, not runuser's, which would leave it behind; SIGQUIT stops it without a checkpoint.
        pid_file = data / "postmaster.pid"
        if pid_file.exists():
            os.kill(int(pid_file.read_text().split()[0]), signal.SIGQUIT)
        else:
            server.kill()
        server.wait(30)
        shutil.rmtree(folder)
