"""Guards before a signature: what speaks against signing a text. Text and facts in, objections out.

Pure functions: no database, no Qt, no model. The window asks them while a reader writes; the node asks them again
about the signed text, so that no window can pass them over in silence.
"""

from __future__ import annotations

from dataclasses import replace

from llmcxr_ws.guards import (
    comparison,
    completeness,
    contradiction,
    identity,
    orientation,
    scope,
    second_look,
)
from llmcxr_ws.guards.about import facts_of
from llmcxr_ws.guards.objections import Facts, Objection, Place, SecondLook
from llmcxr_ws.guards.overruling import Overruling, from_payload, standing, to_payload
from llmcxr_ws.guards.rules import why
from llmcxr_ws.guards.scope import in_text

__all__ = [
    "Facts",
    "Objection",
    "Overruling",
    "Place",
    "SecondLook",
    "facts_of",
    "from_payload",
    "in_text",
    "objections",
    "standing",
    "to_payload",
    "why",
]


def objections(text: str, facts: Facts) -> tuple[Objection, ...]:
    """Return all that speaks against signing a text, the weightiest first; each once."""
    made = [
        *identity.check(facts),
        *completeness.check(text, facts),
        *contradiction.check(text),
        *orientation.check(text, facts),
        *comparison.check(text, facts),
        *(second_look.check(text, facts.second_look) if facts.kind == "report" else ()),
        *scope.check(text, facts),
    ]
    return _each_once(made)


def _each_once(made: list[Objection]) -> tuple[Objection, ...]:
    """Join what says the same of several places."""
    joined: dict[tuple[str, str], Objection] = {}
    for one in made:
        known = joined.get((one.code, one.sentence))
        joined[one.code, one.sentence] = replace(one, places=(*known.places, *one.places)) if known else one
    return tuple(joined.values())
