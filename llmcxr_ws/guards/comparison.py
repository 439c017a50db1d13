"""No words of comparison where there was nothing to compare with."""

from __future__ import annotations

import re

from llmcxr_ws import sentences as origins
from llmcxr_ws.guards import lexicon
from llmcxr_ws.guards.objections import Facts, Objection, Place, quote
from llmcxr_ws.guards.statements import sentences
from llmcxr_ws.guards.wording import objection

_WORDS = tuple(lexicon.one(pattern) for pattern in lexicon.COMPARISON)
_NEW = lexicon.one(lexicon.NEW)
_FINDINGS = tuple(lexicon.any_of(words) for words in lexicon.FINDINGS.values())
_NONE, _FUTURE = lexicon.one(lexicon.NO_COMPARISON), lexicon.one(lexicon.FUTURE)


def check(text: str, facts: Facts) -> list[Objection]:
    """Object to every sentence that compares: all of them without an earlier film, else those of the AI alone.

    The model is given no earlier film, so a comparison of its own making has nothing behind it.
    """
    kept = set(origins.split(facts.ai_text)) if facts.has_prior else set()
    made = []
    for _, sentence in sentences(text):
        words = text[sentence.start : sentence.end]
        places = comparing(words)
        if not places or (facts.has_prior and words.strip() not in kept):
            continue
        moved = tuple(Place(sentence.start + p.start, sentence.start + p.end) for p in places)
        rule = "comparison.ai" if facts.has_prior else "comparison.no_prior"
        made.append(objection(rule, moved, said=quote(text, sentence)))
    return made


def comparing(sentence: str) -> list[Place]:
    """Return where one sentence compares with an earlier film; empty where it doesn't."""
    none = _NONE.search(sentence)
    if none or _FUTURE.search(sentence):
        return []
    found = [Place(match.start(), match.end()) for word in _WORDS for match in word.finditer(sentence)]
    found += [
        Place(match.start(), match.end())
        for match in _NEW.finditer(sentence)
        if _is_of_a_finding(sentence, match)
    ]
    return _apart(found)


def _is_of_a_finding(sentence: str, match: re.Match[str]) -> bool:
    behind = sentence[match.end() : match.end() + lexicon.NEW_REACH]
    return any(pattern.search(behind) for pattern in _FINDINGS)


def _apart(found: list[Place]) -> list[Place]:
    """Join places that overlap."""
    joined: list[Place] = []
    for place in sorted(found):
        if joined and place.start <= joined[-1].end:
            joined[-1] = Place(joined[-1].start, max(joined[-1].end, place.end))
        else:
            joined.append(place)
    return joined
