"""Sides in the text against what the film's header says of its orientation (PS3.3 C.7.6.1.1.1).

Most CR films leave Patient Orientation empty (type 2C there, PS3.3 C.7.6.1). To object to every side on every such
film would teach readers to overrule without looking; an empty header contradicts nothing. It matters where the text
itself speaks of what a mirrored film would look like.
"""

from __future__ import annotations

from llmcxr_ws.guards import lexicon
from llmcxr_ws.guards.objections import Facts, Objection, Place, quote
from llmcxr_ws.guards.statements import BOTH, sentences, statements
from llmcxr_ws.guards.wording import objection

_OTHER_SITUS, _DENIAL, _NOT_STATED = map(
    lexicon.one, (lexicon.OTHER_SITUS, lexicon.DENIAL, lexicon.NOT_STATED)
)


def check(text: str, facts: Facts) -> list[Objection]:
    """Object to a side where the header doesn't show the film as L\\F, upright and unmirrored.

    Where it says nothing, only to organs on the other side, which a mirrored film would feign.
    """
    if not facts.orientation or not facts.orientation[0]:
        return _other_situs(text)
    places = tuple(dict.fromkeys(one.place for one in statements(text) if one.sides and one.sides != BOTH))
    if not places:
        return []
    rows = facts.orientation[0][0].upper()
    columns = facts.orientation[1][:1].upper() if len(facts.orientation) > 1 else ""
    is_upright = columns in ("F", "")
    if rows == "L" and is_upright:
        return []
    if rows in "AP":
        rule = "orientation.side_on"
    else:
        rule = "orientation.mirrored" if rows == "R" and is_upright else "orientation.turned"
    return [objection(rule, places, shown="\\".join(facts.orientation))]


def _other_situs(text: str) -> list[Objection]:
    made = []
    for _, sentence in sentences(text):
        words = text[sentence.start : sentence.end]
        match = _OTHER_SITUS.search(words)
        before = words[: match.start()] if match else ""
        if match is None or _DENIAL.search(before) or _NOT_STATED.search(before):
            continue
        place = Place(sentence.start + match.start(), sentence.start + match.end())
        made.append(objection("orientation.situs", (place,), said=quote(text, sentence)))
    return made
