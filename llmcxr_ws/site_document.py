"""The site document as text that a form changes: values in their places, faults with line and field.

What is right and wrong is decided by :func:`llmcxr_ws.site.parse_site` alone. A change touches the lines it must and
leaves comments where they are; a document that isn't written line by line is written anew instead.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from llmcxr_ws.config import explain_one
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.site import known_settings, parse_site

Place = tuple[str | int, ...]
"""Where a value stands: ("quiet_s",), ("peer", 0), ("peer", 0, "host")."""

_HEADER = re.compile(r"^\s*\[\[\s*([A-Za-z0-9_-]+)\s*\]\]\s*(#.*)?$")
_OTHER_HEADER = re.compile(r"^\s*\[")
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*=")
_COMMENT = re.compile(r"^\s*#")
_COMMENT_BEHIND = re.compile(r"\s*#")
_TOML_LINE = re.compile(r"\(at line (\d+)")


@dataclass(frozen=True)
class Problem:
    """One fault: its sentence, the line (from 1; 0 where none can be named) and the place of the value."""

    sentence: str
    line: int
    place: Place


def problems(text: str, *, demo: bool = False) -> tuple[Problem, ...]:
    """Every fault of a document; empty when it can be put in force."""
    try:
        parse_site(text, demo=demo)
    except ConfigError as error:
        cause = error.__cause__
        if isinstance(cause, ValidationError):
            return _of_fields(cause, places(text))
        if isinstance(cause, tomllib.TOMLDecodeError):
            found = _TOML_LINE.search(str(cause))
            return (Problem(error.sentence, int(found[1]) if found else _last_line(text), ()),)
        if error.place:
            return (Problem(error.sentence, _line_of(error.place, places(text)), error.place),)
        return (_of_sentence(error.sentence, text),)
    return ()


def _line_of(place: Place, lines: Mapping[Place, int]) -> int:
    """The line of a value, else of the table that it lacks in; 0 where neither begins a line."""
    return next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), 0)


def _of_fields(error: ValidationError, lines: Mapping[Place, int]) -> tuple[Problem, ...]:
    known = known_settings()
    made = []
    for fault in error.errors():
        place = tuple(fault["loc"])
        made.append(Problem(explain_one(fault, known), _line_of(place, lines), place))
    return tuple(made)


def _of_sentence(sentence: str, text: str) -> Problem:
    """A fault between values: its line is the last one that holds what the sentence quotes."""
    quoted = re.findall(r"'([^']+)'", sentence)
    for number, line in reversed(list(enumerate(_lines(text), start=1))):
        if any(f'"{value}"' in line for value in quoted):
            return Problem(sentence, number, next((p for p, n in places(text).items() if n == number), ()))
    return Problem(sentence, 0, ())


def places(text: str) -> dict[Place, int]:
    """The line (from 1) of each table and of each value that begins a line."""
    found: dict[Place, int] = {}
    counts: dict[str, int] = {}
    table: tuple[str, int] | tuple[()] | None = ()
    for number, line in enumerate(_lines(text), start=1):
        if header := _HEADER.match(line):
            name = header[1]
            table = (name, counts.get(name, 0))
            counts[name] = counts.get(name, 0) + 1
            found[table] = number
        elif _OTHER_HEADER.match(line):
            table = None  # another kind of table, or the middle of a list: its lines aren't told apart
        elif table is not None and (key := _KEY.match(line)):
            found.setdefault((*table, key[1]), number)
    return found


def values_of(text: str) -> dict[str, Any]:
    """The document as plain values, unchecked.

    Raises
    ------
    ConfigError
        It isn't TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"The site document isn't valid TOML: {error}.", what_to_do="Correct it as text first."
        ) from error


def with_value(text: str, place: Place, value: Any) -> str:
    """The document with one value changed, added, or (None) left out, so that its default holds."""
    wanted = values_of(text)
    _put(wanted, place, value)
    return _checked(_line_changed(text, place, value), wanted)


def with_table(text: str, name: str, values: Mapping[str, Any]) -> str:
    """The document with one more ``[[name]]`` table at its end."""
    wanted = values_of(text)
    _tables_of(wanted, name).append(dict(values))
    return _checked(f"{text.rstrip()}\n\n{_table(name, values)}".lstrip("\n"), wanted)


def without_table(text: str, name: str, at: int) -> str:
    """The document without the table `at` (from 0) of that name; the comments in it and directly above go with it."""
    wanted = values_of(text)
    del _tables_of(wanted, name)[at]
    if not wanted[name]:
        del wanted[name]
    lines, head = _lines(text), places(text).get((name, at), 0)
    if not head:
        return to_toml(wanted)
    following = (number for number in range(head, len(lines)) if _OTHER_HEADER.match(lines[number]))
    start, end = _with_comments(lines, head - 1), _with_comments(lines, next(following, len(lines)))
    return _checked("\n".join(lines[:start] + lines[end:]).rstrip() + "\n", wanted)


def _with_comments(lines: list[str], header: int) -> int:
    """The first of the lines of comment that stand directly above a header, and so are about its table."""
    while header < len(lines) and header > 0 and _COMMENT.match(lines[header - 1]):
        header -= 1
    return header


def to_toml(values: Mapping[str, Any]) -> str:
    """Write plain values, and lists of tables, as TOML."""
    plain = {key: value for key, value in values.items() if not isinstance(value, list) or not _tables(value)}
    parts = ["\n".join(f"{key} = {_literal(value)}" for key, value in plain.items())] if plain else []
    for key, value in values.items():
        if key not in plain:
            parts += [_table(key, table) for table in value]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _tables(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(entry, dict) for entry in value)


def _table(name: str, values: Mapping[str, Any]) -> str:
    lines = [f"[[{name}]]", *(f"{key} = {_literal(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _literal(value: Any) -> str:
    """A value as TOML; a basic string of TOML is written as JSON writes one, DEL apart (TOML 1.0)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_literal(entry) for entry in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_literal(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _tables_of(values: dict[str, Any], name: str) -> list[Any]:
    """The tables of a name; in a text that nobody has checked yet something else may stand there."""
    found = values.setdefault(name, [])
    if not isinstance(found, list):
        raise ConfigError(
            f"'{name}' stands in the document as a value, not as tables.",
            what_to_do=f"Correct it as text first: write it as [[{name}]].",
        )
    return found


def _put(values: dict[str, Any], place: Place, value: Any) -> None:
    inner: Any = values
    for step in place[:-1]:
        inner = _tables_of(inner, step) if isinstance(step, str) else inner[step]
    if value is None:
        inner.pop(place[-1], None)
    else:
        inner[place[-1]] = value


def _line_changed(text: str, place: Place, value: Any) -> str:
    lines, found = _lines(text), places(text)
    at = found.get(place)
    line = f"{place[-1]} = {_literal(value)}"
    if at is not None:
        end = _end_of_value(lines, at - 1)
        lines[at - 1 : end] = [] if value is None else [line + _comment_behind(lines[end - 1])]
    elif value is not None:
        head = found.get(place[:-1], 0) if len(place) > 1 else 0
        lines.insert(head, line)
    return "\n".join(lines).rstrip() + "\n"


def _end_of_value(lines: list[str], start: int) -> int:
    """Behind the last line of the value that begins in a line: a list may take several."""
    for end in range(start + 1, len(lines) + 1):
        if _is_toml("\n".join(lines[start:end])):
            return end
    return start + 1


def _comment_behind(line: str) -> str:
    """What stands behind a value at the end of its line, with the space before it."""
    for found in _COMMENT_BEHIND.finditer(line):
        before = line[: found.start()]
        # The last line of a list of several is no whole value by itself.
        if _is_toml(before) or _is_toml(f"list = [{before}"):
            return line[found.start() :]
    return ""


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _lines(text: str) -> list[str]:
    """The lines as TOML has them (newline, with or without a carriage return), and no others."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def _checked(text: str, wanted: dict[str, Any]) -> str:
    """The changed text if it says what is wanted; else the wanted values, written anew."""
    try:
        return text if tomllib.loads(text) == wanted else to_toml(wanted)
    except tomllib.TOMLDecodeError:
        return to_toml(wanted)


def _last_line(text: str) -> int:
    return len(_lines(text))
