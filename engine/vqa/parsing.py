"""Reading question-answer pairs out of what a language model wrote: strictly, by a JSON parser and no eval.

A list is taken from a fenced block or from plain text around it; a list that isn't whole is refused, because
its last answer may be cut. What the pairs say is judged in `engine.vqa.filters`.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

NO_LIST = "output: no JSON list"
NOT_WHOLE = "output: JSON list isn't whole"
EMPTY_LIST = "output: empty list"
TOO_LONG = "output: too long to read"
TOO_DEEP = "output: lists inside of lists"
NOT_AN_OBJECT = "pair: not an object"
WRONG_FIELDS = "pair: other fields than question and answer"
NOT_TEXT = "pair: question or answer isn't text"
EMPTY = "pair: empty question or answer"

FIELDS = frozenset({"question", "answer"})
MAX_CHARACTERS = 100_000
_DECODER = json.JSONDecoder()


@dataclass
class Parsed:
    """The well-formed pairs of one output, and how much of it was refused for which reason."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)


def parse_pairs(text: str) -> Parsed:
    """Read the first JSON list of objects in a text; never raises, whatever the text."""
    parsed = Parsed()
    items = _first_list(text)
    if isinstance(items, str):
        parsed.rejected[items] += 1
        return parsed
    for item in items:
        pair = _pair(item)
        if isinstance(pair, str):
            parsed.rejected[pair] += 1
        else:
            parsed.pairs.append(pair)
    return parsed


def _first_list(text: str) -> list[Any] | str:
    """Give the first list that holds objects, or the reason why there is none."""
    if len(text) > MAX_CHARACTERS:
        return TOO_LONG
    reason, start = NO_LIST, text.find("[")
    while start >= 0:
        try:
            value, end = _DECODER.raw_decode(text, start)
        except RecursionError:
            return TOO_DEEP
        except ValueError:
            # `[{` opens the list that was asked for; any other bracket may belong to words around it.
            if text[start + 1 :].lstrip()[:1] == "{":
                return NOT_WHOLE
            end = start + 1
        else:
            if any(isinstance(item, dict) for item in value):
                return list(value)
            reason = EMPTY_LIST if not value else reason
        start = text.find("[", end)
    return reason


def _pair(item: Any) -> tuple[str, str] | str:
    if not isinstance(item, dict):
        return NOT_AN_OBJECT
    if set(item) != FIELDS:
        return WRONG_FIELDS
    if not all(isinstance(value, str) for value in item.values()):
        return NOT_TEXT
    question, answer = (" ".join(item[name].split()) for name in ("question", "answer"))
    return (question, answer) if question and answer else EMPTY
