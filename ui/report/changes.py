"""What a reader changed in the AI text, word by word, as places in both texts. No Qt.

Only for the eye: the origin of each sentence that goes into a signed document is `llmcxr_ws.sentences`'.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from llmcxr_ws.sentences import with_origin

_WORD = re.compile(r"\w+|[^\w\s]")

Place = tuple[int, int]


@dataclass(frozen=True)
class Changes:
    """Places (start, end) in characters.

    Attributes
    ----------
    kept : places in the present text that are the AI's words
    inserted : places in the present text that are not
    removed : places in the AI text that are gone
    """

    kept: tuple[Place, ...]
    inserted: tuple[Place, ...]
    removed: tuple[Place, ...]


@dataclass(frozen=True)
class Origins:
    """How many sentences of a text come from where."""

    ai_kept: int
    ai_edited: int
    human: int

    @property
    def total(self) -> int:
        """All sentences."""
        return self.ai_kept + self.ai_edited + self.human


def compare(ai_text: str, text: str) -> Changes:
    """Compare two texts by words; case and punctuation count."""
    old, new = list(_WORD.finditer(ai_text)), list(_WORD.finditer(text))
    matcher = difflib.SequenceMatcher(None, [m[0] for m in old], [m[0] for m in new], autojunk=False)
    kept: list[Place] = []
    inserted: list[Place] = []
    removed: list[Place] = []
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            kept.append((new[new_from].start(), new[new_to - 1].end()))
            continue
        if old_to > old_from:
            removed.append((old[old_from].start(), old[old_to - 1].end()))
        if new_to > new_from:
            inserted.append((new[new_from].start(), new[new_to - 1].end()))
    return Changes(tuple(kept), tuple(inserted), tuple(removed))


def count_origins(ai_text: str, text: str) -> Origins:
    """Count the sentences of a text by origin, as the signed document will state it."""
    origins = [sentence.origin for sentence in with_origin(ai_text, text)]
    return Origins(origins.count("ai_kept"), origins.count("ai_edited"), origins.count("human"))
