"""Statements compiled once and run on the driver's own cursor, for the few that run with every received instance.

SQLAlchemy writes the SQL and converts the values; what is left out is what it does around each execution, which costs
ten times as much as the statement itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import BindParameter, ClauseElement

Convert = Callable[[Any], Any] | None


@dataclass(frozen=True)
class _Compiled:
    sql: str
    names: tuple[str, ...]
    constants: list[Any]
    """A value for each name; those of :attr:`given` are put in its place."""
    given: tuple[tuple[int, str, Convert], ...]
    by_position: bool


class Prepared:
    """One statement with named parameters.

    Parameters
    ----------
    statement : Executable
        Rows that it gives aren't converted: ask for plain numbers and texts.
    columns : sequence of str
        The columns of an INSERT that are given.
    """

    def __init__(self, statement: Executable, columns: tuple[str, ...] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Run it in the connection's transaction; give its first row, None where there is none.

        Raises
        ------
        DBAPIError
            As SQLAlchemy raises it.
        """
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = self._compile(dialect)
        parameters: Any = compiled.constants.copy()
        for place, name, convert in compiled.given:
            value = values[name]
            parameters[place] = value if convert is None else convert(value)
        if not compiled.by_position:
            parameters = dict(zip(compiled.names, parameters, strict=True))
        return run_plainly(connection, compiled.sql, parameters)

    def _compile(self, dialect: Dialect) -> _Compiled:
        if not isinstance(self._statement, ClauseElement):
            raise TypeError("Only a statement can be prepared.")
        made: Any = self._statement.compile(dialect=dialect, column_keys=self._columns)
        binds: Mapping[str, BindParameter[Any]] = made.binds
        by_position = made.positiontup is not None
        names = tuple(made.positiontup if by_position else binds)
        constants: list[Any] = []
        given: list[tuple[int, str, Convert]] = []
        for place, name in enumerate(names):
            bind = binds[name]
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.required:
                given.append((place, name, convert))
            constants.append(bind.value if convert is None or bind.required else convert(bind.value))
        return _Compiled(
            sql=str(made), names=names, constants=constants, given=tuple(given), by_position=by_position
        )


def run_plainly(connection: Connection, sql: str, parameters: Any = ()) -> Any:
    """Run SQL on the driver's own cursor; give the first row, None where there is none.

    Raises
    ------
    DBAPIError
        As SQLAlchemy raises it.
    """
    try:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(sql, parameters)
            return cursor.fetchone() if cursor.description else None
        finally:
            cursor.close()
    except connection.dialect.loaded_dbapi.Error as error:
        hide_details(error)
        raise DBAPIError.instance(
            sql, None, error, connection.dialect.loaded_dbapi.Error, hide_parameters=True
        ) from error


def hide_details(error: BaseException | None) -> None:
    """Cut from an error what PostgreSQL quotes of the refused row: patient data, and errors are logged."""
    if error is not None and error.args and isinstance(error.args[0], str):
        error.args = (error.args[0].split("\nDETAIL:")[0], *error.args[1:])
