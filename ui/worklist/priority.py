"""How urgent a study is, and the word that says why. One clear rule, the first line that fits counts.

| priority | when | what the worklist says |
|---|---|---|
| urgent | images came after the signature | Late images |
| urgent | the order says STAT | Order: STAT |
| raised | the order says HIGH | Order: high |
| raised | draft and second network disagree about the film | AI disagrees |
| raised | the second network calls the film abnormal | AI: abnormal |
| low | the order says LOW | Order: low |
| normal | everything else that is still to be read | |
| none | signed, confirmed, retracted | |

What the networks say never lowers a priority: a wrong "normal" must not send a study to the end of the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.states import StudyState
from ui.language import mark


class Level(IntEnum):
    """Most urgent first."""

    URGENT = 0
    RAISED = 1
    NORMAL = 2
    LOW = 3
    NONE = 4


@dataclass(frozen=True)
class Priority:
    """A level as people see it; `tone` names a colour of the theme, `shape` an icon; `why` may be empty."""

    level: Level
    word: str
    why: str
    shape: str
    tone: str


def _priority(level: Level, why: str = "") -> Priority:
    word, shape, tone = _LOOKS[level]
    return Priority(level, word, why, shape, tone)


_LOOKS = {
    Level.URGENT: (mark("Urgent"), "urgent", "bad"),
    Level.RAISED: (mark("Raised"), "raised", "attention"),
    Level.NORMAL: (mark("Normal"), "normal", "muted"),
    Level.LOW: (mark("Low"), "low", "muted"),
    Level.NONE: ("–", "", "muted"),
}
_LATE = _priority(Level.URGENT, mark("Late images"))
_BY_ORDER = {
    "STAT": _priority(Level.URGENT, mark("Order: STAT")),
    "HIGH": _priority(Level.RAISED, mark("Order: high")),
}
_DISAGREES = _priority(Level.RAISED, mark("AI disagrees"))
_ABNORMAL = _priority(Level.RAISED, mark("AI: abnormal"))
_LOW = _priority(Level.LOW, mark("Order: low"))
_NORMAL, _NONE = _priority(Level.NORMAL), _priority(Level.NONE)
_DONE = (StudyState.SIGNED, StudyState.CONFIRMED, StudyState.RETRACTED)


def priority_of(row: StudyRow, *, tells_ai: bool = True) -> Priority:
    """Return how urgent a study is, and why; without what the networks say where that mustn't be told."""
    if row.needs_addendum:
        return _LATE
    if row.state in _DONE:
        return _NONE
    if row.requested_priority in _BY_ORDER:
        return _BY_ORDER[row.requested_priority]
    if tells_ai and row.guard_disagrees:
        return _DISAGREES
    if tells_ai and row.film_abnormal:
        return _ABNORMAL
    return _LOW if row.requested_priority == "LOW" else _NORMAL


def all_priorities() -> tuple[Priority, ...]:
    """Return every priority there is."""
    return (_LATE, *_BY_ORDER.values(), _DISAGREES, _ABNORMAL, _LOW, _NORMAL, _NONE)
