"""AutoText: a trigger word that becomes a longer text, with places in square brackets to be filled in.

Each person has own ones, kept as the preference "macros". Pure functions; the window expands them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from llmcxr_ws.errors import ConfigError
from llmcxr_ws.sentences import split

PREFERENCE = "macros"
MAX_MACROS = 500
MAX_TEXT = 4000

_TRIGGER = re.compile(r"\w[\w./-]{0,31}\Z")
_TRIGGER_BEFORE = re.compile(r"(?<![\w./-])\w[\w./-]{0,31}\Z")
_PLACEHOLDER = re.compile(r"\[[^\[\]\n]{0,80}\]")


@dataclass(frozen=True)
class Macro:
    """A word and what it becomes."""

    trigger: str
    text: str


def check(macros: Iterable[Macro]) -> tuple[Macro, ...]:
    """Return the macros in the order of their triggers.

    Raises
    ------
    ConfigError
        A trigger isn't one word or stands there twice, or a text is missing or too long.
    """
    known: dict[str, Macro] = {}
    for macro in macros:
        if not _TRIGGER.match(macro.trigger):
            raise ConfigError(
                f"The trigger '{macro.trigger}' was refused.",
                what_to_do="Take one word of letters, digits, '.', '-' or '/', at most 32 characters.",
            )
        if macro.trigger.lower() in known:
            raise ConfigError(
                f"The trigger '{macro.trigger}' stands there twice.", what_to_do="Rename one of the two."
            )
        if not macro.text.strip() or len(macro.text) > MAX_TEXT:
            raise ConfigError(
                f"The text of '{macro.trigger}' is empty or longer than {MAX_TEXT} characters.",
                what_to_do="Write what the trigger shall become.",
            )
        known[macro.trigger.lower()] = macro
    if len(known) > MAX_MACROS:
        raise ConfigError(f"There are more than {MAX_MACROS} macros.", what_to_do="Delete some.")
    return tuple(known[name] for name in sorted(known))


def from_preference(value: Mapping[str, Any]) -> tuple[Macro, ...]:
    """Read the macros that a person kept; whatever isn't one is left out."""
    rows = value.get("macros")
    if not isinstance(rows, list):
        return ()
    good: dict[str, Macro] = {}
    for row in rows[:MAX_MACROS]:
        if isinstance(row, Mapping):
            macro = Macro(str(row.get("trigger", "")), str(row.get("text", "")))
            if _TRIGGER.match(macro.trigger) and macro.text.strip():
                good.setdefault(macro.trigger.lower(), macro)
    return tuple(good[name] for name in sorted(good))


def to_preference(macros: Iterable[Macro]) -> dict[str, Any]:
    """Return what is kept."""
    return {"macros": [{"trigger": macro.trigger, "text": macro.text} for macro in macros]}


def trigger_before(text: str) -> str:
    """Return the word that a text ends with, as a trigger could be written; empty where there is none."""
    found = _TRIGGER_BEFORE.search(text)
    return found[0] if found else ""


def find(macros: Iterable[Macro], trigger: str) -> Macro | None:
    """Return the macro of a trigger, upper or lower case."""
    return next((macro for macro in macros if macro.trigger.lower() == trigger.lower()), None)


def placeholders(text: str) -> tuple[tuple[int, int], ...]:
    """Return where something in square brackets waits to be filled in: (start, end) in characters."""
    return tuple(match.span() for match in _PLACEHOLDER.finditer(text))


def sentence_patterns(macros: Iterable[Macro]) -> tuple[re.Pattern[str], ...]:
    """Return a pattern for each sentence of the macros; what was filled in for a placeholder may be anything."""
    patterns = []
    for macro in macros:
        for sentence in split(macro.text):
            fixed = _PLACEHOLDER.split(sentence)
            if sum(len(part.split()) for part in fixed) >= 2:
                patterns.append(re.compile(".+?".join(re.escape(part) for part in fixed) + r"\Z"))
    return tuple(patterns)
