"""A draft's sentences: where each lies among the tokens, and what it claims, read by the rule labeler.

Two sentences mean the same where they claim the same of the same findings, however they are worded. A sentence in
which the labeler finds nothing claims nothing, and can then be neither borne out nor refuted by labels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.evaluate.labeler import NO_FINDING, label_nih, named
from engine.lm.vocabulary import Vocabulary

# As the hall splits a report (a test holds the two together): what the window shows as one sentence is one here.
_BREAK = re.compile(r"(?<=[.!?])\s+|\n+")
# The headings of a report's sections are no sentences; they open a line.
_HEADING = re.compile(r"^[ \t]*(?:findings|impression)[ \t]*:[ \t]*", re.IGNORECASE)

# A finding, and whether it is said to be there; NO_FINDING stands for a film without any.
Claim = tuple[str, bool]


@dataclass(frozen=True)
class SaidSentence:
    """One sentence of a draft: its words, and its tokens from `first` up to and without `end`."""

    text: str
    first: int
    end: int


@dataclass(frozen=True)
class Known:
    """What a text, or a film's labels, hold to be there; `normal` where it says that nothing is."""

    findings: frozenset[str]
    normal: bool


def said_sentences(vocabulary: Vocabulary, ids: Sequence[int]) -> list[SaidSentence]:
    """Find the sentences among a draft's tokens; a token that lies in two belongs to the later one."""
    whole = vocabulary.decode(ids)
    ends = [len(vocabulary.decode(ids[: place + 1])) for place in range(len(ids))]
    found: list[SaidSentence] = []
    for start, stop in _spans(whole):
        first = next((place for place, end in enumerate(ends) if end > start), len(ids))
        last = next((place for place, end in enumerate(ends) if end >= stop), len(ids) - 1)
        if found and first < found[-1].end:
            found[-1] = SaidSentence(found[-1].text, found[-1].first, first)
        if last >= first:
            found.append(SaidSentence(whole[start:stop], first, last + 1))
    return found


def claims(sentence: str) -> frozenset[Claim]:
    """Give what a sentence claims; a doubtful finding counts as claimed."""
    states = {name: state for name, state in label_nih(sentence).items() if state}
    if states:
        return frozenset((name, state != "negative") for name, state in states.items())
    return frozenset({(NO_FINDING, True)}) if named(sentence) == {NO_FINDING} else frozenset()


def known_of(text: str) -> Known:
    """Give what a whole text holds to be there."""
    names = named(text)
    return Known(names - {NO_FINDING}, NO_FINDING in names)


def holds(said: frozenset[Claim], known: Known) -> bool:
    """Tell whether all of a sentence's claims hold by what is known."""
    return all(
        known.normal if name == NO_FINDING else (name in known.findings) == present for name, present in said
    )


def _spans(text: str) -> list[tuple[int, int]]:
    """Give each sentence's first character and end, without white space around it and a heading before it."""
    starts = [0, *(match.end() for match in _BREAK.finditer(text))]
    stops = [*(match.start() for match in _BREAK.finditer(text)), len(text)]
    spans = []
    for start, stop in zip(starts, stops, strict=True):
        opens_line = start == 0 or "\n" in text[:start][len(text[:start].rstrip()) :]
        heading = _HEADING.match(text[start:stop]) if opens_line else None
        start += heading.end() if heading else 0
        words = text[start:stop].strip()
        if words:
            begin = start + text[start:stop].index(words)
            spans.append((begin, begin + len(words)))
    return spans
