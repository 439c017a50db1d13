"""Objections that a reader overrules, as the signed request carries them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from llmcxr_ws.guards.objections import Objection

MAX_REASON = 300
MAX_OVERRULED = 200
_FIELDS = frozenset({"code", "sentence", "reason"})


@dataclass(frozen=True)
class Overruling:
    """An objection, by its code and sentence, and why it doesn't hold."""

    code: str
    sentence: str
    reason: str


def overrules(overruling: Overruling, objection: Objection) -> bool:
    """Whether an overruling is of this objection: of the same rule, about the same words."""
    return (overruling.code, overruling.sentence) == (objection.code, objection.sentence)


def standing(objections: Iterable[Objection], overruled: Sequence[Overruling]) -> list[Objection]:
    """Return the objections that nobody has overruled, and those that nobody can."""
    return [
        one
        for one in objections
        if not one.overrulable or not any(overrules(overruling, one) for overruling in overruled)
    ]


def to_payload(overruled: Iterable[Overruling]) -> list[dict[str, str]]:
    """Return what a request carries."""
    return [asdict(one) for one in overruled]


def from_payload(value: Any) -> tuple[Overruling, ...]:
    """Read what a request carries.

    Raises
    ------
    ValueError
        It isn't a list of overrulings, one of them has no reason or a far too long one, or there are too many.
    """
    if not isinstance(value, list) or len(value) > MAX_OVERRULED:
        raise ValueError("no list of overrulings")
    made = []
    for entry in value:
        if not isinstance(entry, dict) or entry.keys() != _FIELDS:
            raise ValueError("an overruling has a code, a sentence and a reason")
        if not all(isinstance(part, str) and part.strip() for part in entry.values()):
            raise ValueError("an overruling has an empty part")
        if len(entry["reason"]) > MAX_REASON:
            raise ValueError("a reason is too long")
        made.append(Overruling(**entry))
    return tuple(made)
