"""What a reader changed in the AI text: sentence beside sentence, and word by word inside them. No Qt.

Only for the eye: the origin of each sentence that goes into a signed document is `llmcxr_ws.sentences`'.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from llmcxr_ws.sections import Section, parts_of
from llmcxr_ws.sentences import Origin, Pair, Span, align, origins, spans, split, with_origin

_WORD = re.compile(r"\w+|[^\w\s]")

Place = tuple[int, int]
Key = str
Shown = Literal["ai_kept", "ai_edited", "human", "macro", "ai_answer"]


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
    """How many sentences of a text come from where, as the signed document will state it."""

    ai_kept: int
    ai_edited: int
    human: int

    @property
    def total(self) -> int:
        """All sentences."""
        return self.ai_kept + self.ai_edited + self.human


@dataclass(frozen=True)
class Sources:
    """Where a sentence that isn't the AI draft's may come from.

    Attributes
    ----------
    macros : patterns of the sentences of the person's macros
    answers : sentences of the AI's answers to questions about this study
    own : sentences that the reader wrote before seeing the draft, as often as they stood there
    """

    macros: tuple[re.Pattern[str], ...] = ()
    answers: frozenset[str] = frozenset()
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One sentence that isn't as the AI wrote it: edited, added (`ai` empty) or taken out (`mine` empty).

    Attributes
    ----------
    place : where it stands in the present text; empty where it was taken out
    section : the section of the present text that it belongs to
    """

    ai: str
    mine: str
    place: Place
    section: Section

    @property
    def key(self) -> Key:
        """What is remembered of a change that was accepted."""
        return key_of(self.ai, self.mine)


@dataclass(frozen=True)
class Ghost:
    """Words of the AI that are gone: shown after the character before `at`, never part of the text."""

    at: int
    text: str
    key: Key


@dataclass(frozen=True)
class Markup:
    """Everything that is drawn over, beside and between the words of a text."""

    kept: tuple[Place, ...] = ()
    inserted: tuple[Place, ...] = ()
    ghosts: tuple[Ghost, ...] = ()
    origins: tuple[tuple[Place, Shown], ...] = ()
    changes: tuple[Change, ...] = ()

    def count(self, shown: Shown) -> int:
        """How many sentences come from there."""
        return sum(origin == shown for _, origin in self.origins)


def key_of(ai: str, mine: str) -> Key:
    """Return a name for a change that tells no words: it is kept among a person's settings."""
    return hashlib.sha256(f"{ai}\n{mine}".encode()).hexdigest()[:16]


def compare(ai_text: str, text: str) -> Changes:
    """Compare two texts by words inside sentences that belong together; case and punctuation count."""
    kept: list[Place] = []
    inserted: list[Place] = []
    removed: list[Place] = []
    for pair in align(ai_text, text):
        changes = _words(pair.ai.text if pair.ai else "", pair.mine.text if pair.mine else "")
        if pair.mine is not None:
            kept += [_moved(place, pair.mine.start) for place in changes.kept]
            inserted += [_moved(place, pair.mine.start) for place in changes.inserted]
        if pair.ai is not None:
            removed += [_moved(place, pair.ai.start) for place in changes.removed]
    return Changes(tuple(kept), tuple(inserted), tuple(sorted(removed)))


def count_origins(ai_text: str, text: str, first: Iterable[str] = ()) -> Origins:
    """Count the sentences of a text by origin, as the signed document will state it.

    `first` holds what its writers wrote before they saw the draft.
    """
    found = [sentence.origin for sentence in with_origin(ai_text, text, first)]
    return Origins(found.count("ai_kept"), found.count("ai_edited"), found.count("human"))


def sources(
    macros: tuple[re.Pattern[str], ...] = (), answers: Iterable[str] = (), own: Iterable[str] = ()
) -> Sources:
    """Gather what a sentence can be recognised by."""
    return Sources(
        macros,
        frozenset(sentence for text in answers for sentence in split(text)),
        tuple(sentence for text in own for sentence in split(text)),
    )


def markup(ai_text: str, text: str, known: Sources, accepted: frozenset[Key] = frozenset()) -> Markup:
    """Say what is marked in a text; a change that was accepted is marked no more."""
    kept: list[Place] = []
    inserted: list[Place] = []
    ghosts: list[Ghost] = []
    shown: list[tuple[Place, Shown]] = []
    changes: list[Change] = []
    if not ai_text:
        return _without_ai(text, known)
    at, section = _first_place(text, None)
    pairs = align(ai_text, text)
    for pair, origin in zip(pairs, origins(pairs, known.own), strict=True):
        if pair.mine is None and pair.ai is not None and pair.ai.section != section:
            at, section = _first_place(text, pair.ai.section)
        change = _change_of(pair, at)
        is_open = change is not None and change.key not in accepted
        if change is not None and is_open:
            changes.append(change)
        if pair.mine is None:
            if change is not None and is_open:
                ghosts.append(Ghost(at, change.ai, change.key))
            continue
        at, section = pair.mine.end, pair.mine.section
        shown.append(((pair.mine.start, pair.mine.end), _shown(pair.mine.text, origin, known)))
        if change is not None and not is_open:
            continue
        words = _words(pair.ai.text if pair.ai else "", pair.mine.text)
        kept += [_moved(place, pair.mine.start) for place in words.kept]
        inserted += [_moved(place, pair.mine.start) for place in words.inserted]
        if pair.ai is not None and change is not None:
            ghosts += _word_ghosts(pair.ai, pair.mine, change.key)
    return Markup(tuple(kept), tuple(inserted), tuple(ghosts), tuple(shown), tuple(changes))


def _without_ai(text: str, known: Sources) -> Markup:
    """Nothing differs where there is no AI text; sentences still have an origin."""
    return Markup(
        origins=tuple(((span.start, span.end), _shown(span.text, "human", known)) for span in spans(text))
    )


def _first_place(text: str, wanted: Section | None) -> tuple[int, Section]:
    """Where a sentence that stood before all others of its section would stand: after the heading."""
    parts = parts_of(text)
    if not parts:
        return 0, wanted or "impression"
    part = next((part for part in parts if part.section == wanted), parts[0])
    body = text[part.heading[1] : part.end]
    return part.heading[1] + len(body) - len(body.lstrip()), part.section


def _change_of(pair: Pair, at: int) -> Change | None:
    if pair.origin == "ai_kept":
        return None
    if pair.mine is None:
        return Change(
            pair.ai.text if pair.ai else "", "", (at, at), pair.ai.section if pair.ai else "impression"
        )
    mine = pair.mine
    return Change(pair.ai.text if pair.ai else "", mine.text, (mine.start, mine.end), mine.section)


def _shown(text: str, origin: Origin | None, known: Sources) -> Shown:
    if origin == "ai_kept" or text in known.own:
        return origin or "human"
    if text in known.answers:
        return "ai_answer"
    if any(pattern.match(text) for pattern in known.macros):
        return "macro"
    return origin or "human"


def _word_ghosts(ai: Span, mine: Span, key: Key) -> list[Ghost]:
    return [Ghost(mine.start + at, ai.text[start:end], key) for at, (start, end) in _gone(ai.text, mine.text)]


def _moved(place: Place, by: int) -> Place:
    return place[0] + by, place[1] + by


@lru_cache(maxsize=2048)
def _words(old_text: str, new_text: str) -> Changes:
    old, new = list(_WORD.finditer(old_text)), list(_WORD.finditer(new_text))
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


@lru_cache(maxsize=2048)
def _gone(old_text: str, new_text: str) -> tuple[tuple[int, Place], ...]:
    """Return where in the new sentence each gone piece of the old one stood: after the word before it."""
    old, new = list(_WORD.finditer(old_text)), list(_WORD.finditer(new_text))
    matcher = difflib.SequenceMatcher(None, [m[0] for m in old], [m[0] for m in new], autojunk=False)
    return tuple(
        (new[new_from - 1].end() if new_from else 0, (old[old_from].start(), old[old_to - 1].end()))
        for kind, old_from, old_to, new_from, _ in matcher.get_opcodes()
        if kind != "equal" and old_to > old_from
    )
