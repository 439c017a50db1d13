"""Whether a text is finished: its sections, what was left to be filled in, sentences that break off."""

from __future__ import annotations

import re

from llmcxr_ws.guards.objections import Facts, Objection, Place, quote, quote_end
from llmcxr_ws.guards.statements import has_heading, sections
from llmcxr_ws.guards.wording import objection

_LEFT_OPEN = re.compile(
    r"\[[^\]\n]*\]|_{2,}|\*{3,}|\?{2,}|\{[^}\n]*\}|<[A-Za-z][^<>\n]*>|\.{3,}|…|\b(?:xx+|tbd|tbc|todo|fixme)\b",
    re.IGNORECASE,
)
_BREAKS_OFF = re.compile(
    r"(?:[,\-–(:;]|\b(?:a|an|the|of|in|on|at|with|without|and|or|nor|no|not|is|are|was|to|for|by|from|than|but|there|"
    r"which|that|into|within|between|both|each|as|possible|probable|small|mild|moderate|large))\Z",
    re.IGNORECASE,
)


def check(text: str, facts: Facts) -> list[Objection]:
    """Object to an empty text, a missing or empty section, what was left open, and a text that breaks off."""
    if not text.strip():
        return [objection("section.empty")]
    return [*(_missing(text) if facts.kind == "report" else ()), *_left_open(text), *_broken_off(text)]


def _missing(text: str) -> list[Objection]:
    present = {section for section, _ in sections(text)}
    made = []
    if "impression" not in present:
        made.append(objection("section.impression"))
    if "findings" not in present and has_heading(text, "findings"):
        made.append(objection("section.findings"))
    return made


def _left_open(text: str) -> list[Objection]:
    places = [Place(match.start(), match.end()) for match in _LEFT_OPEN.finditer(text)]
    return [objection("text.left_open", (place,), said=quote(text, place)) for place in places]


def _broken_off(text: str) -> list[Objection]:
    """Only the end of a section: inside one, a line that was wrapped ends anywhere."""
    made = []
    for _, body in sections(text):
        end = body.start + len(text[body.start : body.end].rstrip())
        line = max(text.rfind("\n", body.start, end) + 1, body.start)
        match = _BREAKS_OFF.search(text, line, end)
        if match is not None:
            place = Place(match.start(), end)
            made.append(objection("text.broken_off", (place,), said=quote_end(text, Place(line, end))))
    return made
