"""Sentences of a report and where each comes from: kept from the AI text, edited from it, or written by a person.

The heading of a section is no sentence. A sentence that went to another section stays the sentence it was. What a
reader wrote before the draft was shown is the reader's own, also where the AI says the same.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from llmcxr_ws.sections import Section, parts_of

Origin = Literal["ai_kept", "ai_edited", "human"]

# A sentence of the same thought shares at least half of its words with the AI's.
EDITED_RATIO = 0.5

_BREAK = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True)
class Sentence:
    """One sentence of the signed text."""

    text: str
    origin: Origin
    section: Section = "impression"


@dataclass(frozen=True)
class Span:
    """A sentence and its place in a text, in characters."""

    text: str
    start: int
    end: int
    section: Section


@dataclass(frozen=True)
class Pair:
    """A sentence of the AI and what became of it; None where one side has nothing of the kind."""

    ai: Span | None
    mine: Span | None

    @property
    def origin(self) -> Origin | None:
        """Where the sentence comes from; None for one of the AI's of which nothing is left."""
        if self.mine is None:
            return None
        if self.ai is None:
            return "human"
        return "ai_kept" if self.ai.text == self.mine.text else "ai_edited"


def spans(text: str) -> tuple[Span, ...]:
    """Sentences of a text with their places: ended by a full stop and white space, by a new line or a heading."""
    return tuple(
        span for part in parts_of(text) for span in _spans_of(text, part.heading[1], part.end, part.section)
    )


def _spans_of(text: str, start: int, end: int, section: Section) -> Iterator[Span]:
    edges = [(match.start() + start, match.end() + start) for match in _BREAK.finditer(text[start:end])]
    begins = [start, *(after for _, after in edges)]
    ends = [*(before for before, _ in edges), end]
    for first, last in zip(begins, ends, strict=True):
        piece = text[first:last]
        if stripped := piece.strip():
            at = first + len(piece) - len(piece.lstrip())
            yield Span(stripped, at, at + len(stripped), section)


def split(text: str) -> list[str]:
    """Sentences of a text, without the headings of its sections."""
    return [span.text for span in spans(text)]


def align(ai_text: str, text: str) -> tuple[Pair, ...]:
    """Put each sentence of `text` beside the AI's that it was, each used once, in the order of `text`.

    Kept sentences are found first, so that an edited one can't take the place of one that was kept; one of the
    same section goes before one of the other. An AI sentence of which nothing is left stands after the one that it
    followed.
    """
    ours, theirs = spans(text), spans(ai_text)
    left = dict(enumerate(theirs))
    used: dict[int, int] = {}
    for same_section in (True, False):
        for at, mine in enumerate(ours):
            if at not in used:
                for other, ai in left.items():
                    if ai.text == mine.text and (ai.section == mine.section) >= same_section:
                        used[at] = other
                        del left[other]
                        break
    for at, mine in enumerate(ours):
        if at not in used:
            best = max(left, key=lambda other: _likeness(left[other], mine), default=None)
            if best is not None and ratio(left[best].text, mine.text) >= EDITED_RATIO:
                used[at] = best
                del left[best]
    pairs = [Pair(theirs[used[at]] if at in used else None, mine) for at, mine in enumerate(ours)]
    return tuple(_with_removed(pairs, theirs, sorted(left)))


def _with_removed(pairs: list[Pair], theirs: tuple[Span, ...], removed: list[int]) -> list[Pair]:
    """Put what was removed where it stood: after what came before it, else before what came after it."""
    for at in removed:
        order = {pair.ai.start: place for place, pair in enumerate(pairs) if pair.ai is not None}
        before = [order[ai.start] for ai in theirs[:at] if ai.start in order]
        after = [order[ai.start] for ai in theirs[at + 1 :] if ai.start in order]
        place = before[-1] + 1 if before else after[0] if after else len(pairs)
        pairs.insert(place, Pair(theirs[at], None))
    return pairs


def _likeness(ai: Span, mine: Span) -> tuple[float, bool]:
    return ratio(ai.text, mine.text), ai.section == mine.section


@lru_cache(maxsize=8192)
def ratio(ai: str, mine: str) -> float:
    """How many words two sentences share, in order: 0 to 1."""
    matcher = difflib.SequenceMatcher(None, ai.lower().split(), mine.lower().split())
    # The cheap upper bound spares most of the work of comparing unlike sentences.
    return matcher.ratio() if matcher.quick_ratio() >= EDITED_RATIO else 0.0


def with_origin(ai_text: str, text: str, first: Iterable[str] = ()) -> list[Sentence]:
    """Say of each sentence of `text` where it comes from; each AI sentence is used once.

    Parameters
    ----------
    first : iterable of str
        Texts that its writers wrote before they saw the draft (reader first).
    """
    pairs = align(ai_text, text)
    own = [sentence for words in first for sentence in split(words)]
    return [
        Sentence(pair.mine.text, origin, pair.mine.section)
        for pair, origin in zip(pairs, origins(pairs, own), strict=True)
        if pair.mine is not None and origin is not None
    ]


def origins(pairs: Iterable[Pair], own: Iterable[str] = ()) -> list[Origin | None]:
    """Where each pair's sentence comes from; None where nothing is left of the AI's.

    A sentence of `own`, which was written before the draft was seen, is its writer's, as is an edited one that is at
    least as near to one of them as to the AI's; each of them counts once.
    """
    rows = list(pairs)
    left = Counter(own)
    found = [pair.origin for pair in rows]
    for at, pair in enumerate(rows):
        if pair.mine is not None and left[pair.mine.text] > 0:
            left[pair.mine.text] -= 1
            found[at] = "human"
    for at, pair in enumerate(rows):
        if found[at] == "ai_edited" and pair.mine is not None and pair.ai is not None:
            near = [(ratio(sentence, pair.mine.text), sentence) for sentence in left.elements()]
            likeness, best = max(near, default=(0.0, ""))
            if likeness >= max(EDITED_RATIO, ratio(pair.ai.text, pair.mine.text)):
                left[best] -= 1
                found[at] = "human"
    return found


def removed(ai_text: str, text: str) -> list[str]:
    """AI sentences of which nothing is left in `text`."""
    return [pair.ai.text for pair in align(ai_text, text) if pair.ai is not None and pair.mine is None]


def answers_in(text: str, ai_text: str, answers: Mapping[int, str]) -> list[int]:
    """Which answers to questions, by their ids, a sentence of `text` was taken from word for word.

    A sentence that the AI's draft has as well is the draft's.
    """
    own = set(split(text)) - set(split(ai_text))
    return sorted(number for number, answer in answers.items() if own.intersection(split(answer)))
