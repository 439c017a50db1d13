"""Read a report's text as statements: which finding it affirms, denies or doubts, on which side, and where.

Rules over sentences and clauses with the words of :mod:`llmcxr_ws.guards.lexicon`. Where the rules can't tell they
say less: an unclear side is no side, a narrowed denial denies only what it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from llmcxr_ws.guards import lexicon
from llmcxr_ws.guards.objections import Place

State = Literal["affirmed", "denied", "possible"]
Section = Literal["findings", "impression"]
BOTH = frozenset({"left", "right"})

_HEADING = re.compile(r"^[ \t]*(findings|impression)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_SENTENCE = re.compile(r"[^\s].*?(?:(?<=[.!?])(?=\s)|(?=\n)|\Z)", re.DOTALL)
_CLAUSE_END = lexicon.one(
    r";|:(?=\s+\S+\s+\S+)|\b(?:but|however|although|though|while|whereas|yet|which)\b"
    rf"|{lexicon.EXCEPTION}"
    r"|,? (?:and )?(?=there (?:is|are|has|have)\b)"
    rf"|, (?:and )?(?=(?:the|a|an|it|this|these|with|{lexicon.SIZE})\b)"
    rf"| and (?=(?:the|a|an|it|{lexicon.SIZE})\b)"
    r"| with (?=(?:a|an|small|mild|moderate|large|associated|adjacent)\b)"
)
_COMMA = re.compile(r",(?: and)? | and (?=(?:left|right)\b)", re.IGNORECASE)
_JOIN = re.compile(r"\b(?:and|or|with)\b|,", re.IGNORECASE)
_LISTED = re.compile(r"\b(?:or|nor)\b", re.IGNORECASE)
_MENTIONS = {name: lexicon.any_of(words) for name, words in lexicon.FINDINGS.items()}
_ANATOMY = {name: lexicon.one(pattern) for name, pattern in lexicon.ANATOMY.items()}
_SUMMARIES = tuple((lexicon.one(pattern), denied) for pattern, denied in lexicon.SUMMARIES)
_SIDES = tuple((lexicon.one(pattern), sides) for pattern, sides in lexicon.SIDES)
_ZONES = tuple((lexicon.one(pattern), zone) for pattern, zone in lexicon.ZONES)
_LIMITS = lexicon.any_of(lexicon.LIMITS)
_PSEUDO, _DENIAL, _DENIAL_AFTER = map(
    lexicon.one, (lexicon.PSEUDO_DENIAL, lexicon.DENIAL, lexicon.DENIAL_AFTER)
)
_DOUBT, _DOUBT_AFTER, _NOT_STATED = map(lexicon.one, (lexicon.DOUBT, lexicon.DOUBT_AFTER, lexicon.NOT_STATED))
_ENLARGED, _USUAL, _BORDERLINE = map(lexicon.one, (lexicon.ENLARGED, lexicon.USUAL, lexicon.BORDERLINE))
_PREDICATE, _EXCEPTION, _REMAINDER = map(
    lexicon.one, (lexicon.PREDICATE, lexicon.EXCEPTION, lexicon.REMAINDER)
)


@dataclass(frozen=True)
class Statement:
    """One finding as one clause speaks of it.

    `sides` and `zones` are empty where none is named; `limits` are the words that narrow a finding down ("acute",
    "large"). `is_excepted`: the sentence goes on with an exception. `is_summary`: several findings were denied at
    once, as by "the lungs are clear".
    """

    finding: str
    state: State
    sides: frozenset[str]
    zones: frozenset[str]
    limits: frozenset[str]
    section: Section
    place: Place
    sentence: Place
    is_excepted: bool = False
    is_summary: bool = False


@lru_cache(maxsize=256)
def statements(text: str) -> tuple[Statement, ...]:
    """Return every statement of a text, in its order."""
    found = [made for section, sentence in sentences(text) for made in _in_sentence(text, section, sentence)]
    return tuple(sorted(found, key=lambda made: (made.place, made.finding)))


def sentences(text: str) -> list[tuple[Section, Place]]:
    """Return the sentences of a text with the section that each stands in; headings are left out."""
    return [
        (section, Place(body.start + match.start(), body.start + match.end()))
        for section, body in sections(text)
        for match in _SENTENCE.finditer(text[body.start : body.end])
        if match[0].strip()
    ]


def sections(text: str) -> list[tuple[Section, Place]]:
    """Return the stretches between headings; what stands before the first one is the impression's."""
    found: list[tuple[Section, Place]] = []
    section: Section = "impression"
    start = 0
    for heading in _HEADING.finditer(text):
        found.append((section, Place(start, heading.start())))
        section = "findings" if heading[1].lower() == "findings" else "impression"
        start = heading.end()
    found.append((section, Place(start, len(text))))
    return [(name, place) for name, place in found if text[place.start : place.end].strip()]


def has_heading(text: str, section: Section) -> bool:
    """Whether the text bears the heading of a section."""
    return any(match[1].lower() == section for match in _HEADING.finditer(text))


def _in_sentence(text: str, section: Section, sentence: Place) -> Iterator[Statement]:
    words = text[sentence.start : sentence.end]
    is_question = words.rstrip().endswith("?")
    for start, end in _clauses(words):
        clause = words[start:end]
        excepted = bool(_EXCEPTION.match(words[end:].lstrip()[:40])) or bool(
            _EXCEPTION.search(words[max(0, end - 24) : end])
        )
        for found in _in_clause(clause, is_remainder=bool(_REMAINDER.search(words[:end]))):
            finding, match, state, is_summary = found
            if is_question:
                continue
            yield Statement(
                finding=finding,
                state=state,
                sides=frozenset() if finding in lexicon.NO_SIDE else _sides(clause, match, state),
                zones=_zones(clause, match, state, is_summary=is_summary),
                limits=_limits(clause, match),
                section=section,
                place=Place(sentence.start + start + match.start(), sentence.start + start + match.end()),
                sentence=sentence,
                is_excepted=excepted,
                is_summary=is_summary,
            )


def _clauses(words: str) -> list[tuple[int, int]]:
    """Cut a sentence so that what denies one finding says nothing of the next; a list under one "no" stays whole."""
    cuts = {match.end() for match in _CLAUSE_END.finditer(words) if not _goes_on(words, match.end())}
    for match in _COMMA.finditer(words):
        rest = words[match.end() :]
        piece = re.split(r"[,;]", rest, maxsplit=1)[0]
        done = words[max((cut for cut in cuts if cut <= match.start()), default=0) : match.start()]
        # "No acute, displaced fracture is seen" lists words, not findings.
        is_new = any(pattern.search(done) for pattern in (*_MENTIONS.values(), *_ANATOMY.values()))
        if is_new and _PREDICATE.search(piece) and not _LISTED.search(piece):
            cuts.add(match.end())
    edges = [0, *sorted(cuts), len(words)]
    return [(start, end) for start, end in pairwise(edges) if words[start:end].strip()]


def _goes_on(words: str, at: int) -> bool:
    """Whether a cut would fall into a list that ends in "or": no small, moderate or large effusion."""
    before, after = words[:at].rstrip(), words[at:]
    if not before.endswith(",") and not before.lower().endswith(("and", "a", "an")):
        return False
    return bool(_LISTED.search(re.split(r"[;.]", after, maxsplit=1)[0])) and bool(_DENIAL.search(before))


_Found = tuple[str, "re.Match[str]", State, bool]


def _in_clause(clause: str, *, is_remainder: bool) -> Iterator[_Found]:
    blanked = _PSEUDO.sub(lambda match: " " * len(match[0]), clause)
    for pattern, denied in () if is_remainder else _SUMMARIES:
        for match in pattern.finditer(clause):
            for finding in sorted(denied):
                yield finding, match, "denied", True
    named = set()
    for finding, pattern in _MENTIONS.items():
        for match in pattern.finditer(clause):
            state = _state(blanked, match)
            named.add(finding)
            if state is not None:
                yield finding, match, state, False
    for finding, pattern in _ANATOMY.items():
        anatomy = pattern.search(clause)
        if anatomy is not None and finding not in named:
            size = _size(clause[anatomy.end() :]) or _size(clause[: anatomy.start()])
            if size is not None:
                yield finding, anatomy, size, False


def _state(clause: str, match: re.Match[str]) -> State | None:
    """Return what a clause says of a finding in it; None where it doesn't speak of this film."""
    before, after = clause[: match.start()], clause[match.end() :]
    if _NOT_STATED.search(before):
        return None
    if _DOUBT_AFTER.search(after) or re.search(r"\b(?:can ?not|can't|not) (?:\w+ )?exclude", before, re.I):
        return "possible"
    if _DENIAL.search(before) or _DENIAL_AFTER.search(after):
        return "denied"
    return "possible" if _DOUBT.search(before) else "affirmed"


def _size(words: str) -> State | None:
    """Return what the first word on a size says; the next ones speak of something else."""
    sizes: tuple[tuple[re.Pattern[str], State], ...] = (
        (_BORDERLINE, "possible"),
        (_USUAL, "denied"),
        (_ENLARGED, "affirmed"),
    )
    found = [(match.start(), state) for pattern, state in sizes if (match := pattern.search(words))]
    return min(found, key=lambda entry: entry[0])[1] if found else None


def _reach(clause: str, match: re.Match[str]) -> tuple[str, str]:
    """Return the words before and behind a finding that are its own: up to its neighbours, whose side is theirs."""
    start, end = 0, len(clause)
    for pattern in _MENTIONS.values():
        for other in pattern.finditer(clause):
            if other.end() <= match.start():
                start = max(start, other.end())
            elif other.start() >= match.end():
                end = min(end, other.start())
    after = clause[match.end() : end]
    if end < len(clause):  # "effusion and left consolidation": the side is the next one's
        after = _JOIN.split(after, maxsplit=1)[0]
    return clause[start : match.start()], after


def _sides(clause: str, match: re.Match[str], state: State) -> frozenset[str]:
    before, after = _reach(clause, match)
    own = _side_in(match[0]) or _side_in(before)
    if own:
        return own
    if behind := _side_in(after):
        return behind
    # Whatever a list denies, it may deny on the one side that it names.
    return _side_in(clause) if state == "denied" else frozenset()


def _side_in(words: str) -> frozenset[str]:
    return frozenset().union(*(sides for pattern, sides in _SIDES if pattern.search(words)))


def _zones(clause: str, match: re.Match[str], state: State, *, is_summary: bool) -> frozenset[str]:
    before, after = _reach(clause, match)
    near = clause if state == "denied" else f"{before} {match[0]} {after}"
    if is_summary:  # a sharp costophrenic angle says more than of the lower zone
        near = clause[: match.start()]
    return frozenset(zone for pattern, zone in _ZONES if pattern.search(near))


def _limits(clause: str, match: re.Match[str]) -> frozenset[str]:
    before, _ = _reach(clause, match)
    return frozenset(found[0].lower() for found in _LIMITS.finditer(f"{before} {match[0]}"))
