"""Sentences of a report and where each comes from: kept from the AI text, edited from it, or written by a person."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Literal

Origin = Literal["ai_kept", "ai_edited", "human"]

# A sentence of the same thought shares at least half of its words with the AI's.
EDITED_RATIO = 0.5

_BREAK = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True)
class Sentence:
    """One sentence of the signed text."""

    text: str
    origin: Origin


def split(text: str) -> list[str]:
    """Sentences of a text: ended by a full stop and white space, or by a new line."""
    return [part.strip() for part in _BREAK.split(text) if part.strip()]


def with_origin(ai_text: str, text: str) -> list[Sentence]:
    """Say of each sentence of `text` where it comes from; each AI sentence is used once."""
    return _compare(ai_text, text)[0]


def removed(ai_text: str, text: str) -> list[str]:
    """AI sentences of which nothing is left in `text`."""
    return _compare(ai_text, text)[1]


def _compare(ai_text: str, text: str) -> tuple[list[Sentence], list[str]]:
    """The sentences of `text` with their origin, and the AI sentences that none of them uses.

    Kept sentences are found first, so that an edited one can't take the place of one that was kept.
    """
    remaining = split(ai_text)
    kept: list[Sentence | str] = []
    for sentence in split(text):
        if sentence in remaining:
            remaining.remove(sentence)
            kept.append(Sentence(sentence, "ai_kept"))
        else:
            kept.append(sentence)
    origins = [part if isinstance(part, Sentence) else _edited_or_human(part, remaining) for part in kept]
    return origins, remaining


def _edited_or_human(sentence: str, remaining: list[str]) -> Sentence:
    words = sentence.lower().split()
    ratios = [difflib.SequenceMatcher(None, other.lower().split(), words).ratio() for other in remaining]
    if ratios and max(ratios) >= EDITED_RATIO:
        remaining.pop(ratios.index(max(ratios)))
        return Sentence(sentence, "ai_edited")
    return Sentence(sentence, "human")
