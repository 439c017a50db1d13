"""Where the words of an objection stand on the screen: the guards read a text as it is signed, in one tidy form."""

from __future__ import annotations

from llmcxr_ws.guards import Place
from llmcxr_ws.sections import Section, parts_of


def on_screen(place: Place, signed: str, shown: str) -> tuple[int, int]:
    """Return where the words at a place of the text to be signed stand in the text on the screen.

    The two differ in headings of empty sections, in the order of sections and in space; a letter of a section is
    the same letter in both.

    Returns
    -------
    start, end : as Python counts letters; both at the end of what is shown where the words aren't there any more
    """
    ours, theirs = _letters(signed), _letters(shown)
    for section, places in ours.items():
        inside = [number for number, at in enumerate(places) if place.start <= at < place.end]
        if inside and inside[-1] < len(theirs[section]):
            return theirs[section][inside[0]], theirs[section][inside[-1]] + 1
    return len(shown), len(shown)


def _letters(text: str) -> dict[Section, list[int]]:
    """Return where the letters of each section stand, in their order, headings and space left out."""
    found: dict[Section, list[int]] = {"findings": [], "impression": []}
    for part in parts_of(text):
        found[part.section] += [at for at in range(part.heading[1], part.end) if not text[at].isspace()]
    return found
