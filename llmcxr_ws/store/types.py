"""Column types and the database's own clock, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator

from llmcxr_ws.errors import StoreError


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"A time without a time zone was refused: {value!r}.")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Chars(TypeDecorator[str]):
    """Text of at most `length` characters; a longer one is refused by both databases, not by one alone."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and len(value) > self.limit:
            raise StoreError(
                f"A text of {len(value)} characters was refused where {self.limit} fit.",
                what_to_do="Shorten it.",
            )
        return _storable(value)

    @property
    def limit(self) -> int:
        """Characters of the longest text; more than any has where none was given."""
        length = self.impl_instance.length if isinstance(self.impl_instance, String) else None
        return length if length is not None else sys.maxsize

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        """As the base class makes it of :meth:`process_bind_param`, but quicker for what is nearly every text."""
        limit = self.limit

        def process(value: str | None) -> str | None:
            if value is not None and len(value) <= limit and value.isascii() and "\x00" not in value:
                return value
            return self.process_bind_param(value, dialect)

        return process


class PlainText(TypeDecorator[str]):
    """Text of any length."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return _storable(value)


def _storable(value: str | None) -> str | None:
    """The text without what PostgreSQL can't hold: NUL, and halves of surrogate pairs, which aren't text at all."""
    if value is None or (value.isascii() and "\x00" not in value):
        return value
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


class db_now(ColumnElement[datetime]):
    """The database server's present time, moved by `plus_s` seconds.

    Leases compare times of several machines, so only one clock may speak.
    """

    # What a compiled one depends on; without it no statement with the time in it is kept compiled.
    _traverse_internals: Any = (("plus_s", InternalTraversal.dp_plain_obj),)
    type = UtcDateTime()

    def __init__(self, plus_s: float = 0.0) -> None:
        self.plus_s = float(plus_s)


@compiles(db_now, "sqlite")
def _sqlite_now(element: db_now, compiler: SQLCompiler, **kw: Any) -> str:
    # SQLAlchemy reads the fraction as microseconds, SQLite writes milliseconds: hence the three zeros.
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', '{element.plus_s:+.3f} seconds') || '000')"


@compiles(db_now, "postgresql")
def _postgresql_now(element: db_now, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {element.plus_s:.3f}))"
