"""Sides in the text against what the film's header says of its orientation (PS3.3 C.7.6.1.1.1)."""

from __future__ import annotations

from llmcxr_ws.guards.objections import Facts, Objection
from llmcxr_ws.guards.statements import BOTH, statements


def check(text: str, facts: Facts) -> list[Objection]:
    """Object where the text names a side and the header doesn't show the film as L\\F, upright and unmirrored."""
    places = tuple(dict.fromkeys(one.place for one in statements(text) if one.sides and one.sides != BOTH))
    if not places:
        return []
    rows = facts.orientation[0][:1].upper() if facts.orientation else ""
    columns = facts.orientation[1][:1].upper() if len(facts.orientation) > 1 else ""
    shown = "\\".join(facts.orientation)
    if not rows:
        sentence = (
            "The text names a side, but the film's header doesn't say which side is which (Patient Orientation is "
            "empty). Check the side marker on the film."
        )
        return [Objection("orientation.unknown", sentence, places)]
    if rows == "R":
        sentence = (
            f"The text names a side, but the film is mirrored by its header (Patient Orientation {shown})."
        )
        return [Objection("orientation.mirrored", sentence, places)]
    if rows != "L" or columns not in ("F", ""):
        sentence = (
            f"The text names a side, but the film isn't upright by its header (Patient Orientation {shown})."
        )
        return [Objection("orientation.turned", sentence, places)]
    return []
