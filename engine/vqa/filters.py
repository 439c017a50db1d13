"""The rules of the request, enforced on the pairs that come back: a pair that breaks one is refused.

Word lists can't understand: they refuse some harmless sentences and miss some that break a rule in other
words. Every refusal has a reason that is counted.
"""

import re
from collections.abc import Iterable

COMPARISON = "pair: compares with an earlier film"
PLANS = "pair: speaks of what should be done"
REPORT = "pair: mentions a report"
MARKS = "pair: holds marks of blanked words or of a format"
SHORT = "pair: answer too short"
REPEATS = "pair: answer only repeats the question"
TWICE = "pair: question asked before"


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE)


_COMPARISON = _words(
    r"unchanged",
    r"chang(?:e|es|ed|ing)",
    r"prior(?:s)?",
    r"previous(?:ly)?",
    r"earlier",
    r"former(?:ly)?",
    r"recent(?:ly)?",
    r"compar(?:e|ed|ing|ison|isons)",
    r"interval(?:ly)?",
    r"stable",
    r"new(?:ly|er)?",
    r"worse(?:n|ns|ned|ning)?",
    r"better than",
    r"improv(?:e|es|ed|ing|ement)",
    r"progress(?:es|ed|ing|ion|ive|ively)?",
    r"resolv(?:e|es|ed|ing)|resolution",
    r"persist(?:s|ed|ing|ent|ently|ence)?",
    r"again",
    r"still",
    r"now",
    r"no longer",
    r"remain(?:s|ed|ing)?",
    r"re-?demonstrated",
    r"(?:has|have|had|been) (?:\w+ )?(?:increased|decreased|grown|cleared|developed)",
    r"(?:increase|decrease) in (?:size|extent|number|severity)",
    r"(?:last|old) (?:film|study|exam|examination|image|radiograph|x-ray|scan|visit)s?",
    r"over time",
)
_PLANS = _words(
    r"follow(?:ed|ing)?[- ]?ups?",
    r"recommend(?:s|ed|ing|ation|ations)?",
    r"advis(?:e|es|ed|able)",
    r"should",
    r"treat(?:s|ed|ing|ment|ments)?",
    r"therap(?:y|ies|eutic)",
    r"antibiotics?",
    r"manag(?:e|ed|ing|ement)",
    r"plan(?:s|ned|ning)?",
    r"next steps?",
    r"further (?:imaging|evaluation|assessment|work-?up|investigations?|studies|study|tests?|testing)",
    r"repeat(?:ed)? (?:film|study|imaging|radiograph|x-ray|scan|examination|chest)\w*",
    r"(?:needs?|required?|warrant(?:s|ed)?|benefit from) (?:\w+ )?(?:imaging|ct|evaluation|assessment|biopsy)",
    r"monitor(?:s|ed|ing)?",
    r"refer(?:red|ral)?",
    r"biops(?:y|ies)",
    r"clinical(?:ly)? (?:correlat\w+|indicated)|correlat(?:e|ed|ion) clinically",
    r"in the future",
)
_REPORT = _words(
    r"report(?:s|ed|ing|edly)?",
    r"dictat(?:ed|ion)",
    r"transcri(?:bed|pt|ption)",
    r"(?:the|this|given|provided|above) (?:text|impression|description|document|information|passage)",
    r"impression section|findings section",
    r"according to",
    r"(?:radiologist|physician|author)s? (?:\w+ )?(?:not(?:e|es|ed)|stat(?:e|es|ed)|mention\w*|describ\w+|wrote)",
    r"(?:is|are|was|were|been|as) (?:mentioned|stated|documented|noted in|described in|written)",
    r"triple backticks",
)
_MARKS = re.compile(r"_{2,}|X{3,}|```|<[^>\s]{1,20}>|\[[^\]]*\]|#{2,}")
_STOP = frozenset(
    re.findall(
        r"[\w-]+",
        "a an the is are was were there this that these those it its of in on at to and or any no not yes do does "
        "did can could you see seen what which where how be been with for from by as film image x-ray chest",
    )
)


def reason_to_refuse(question: str, answer: str, min_answer_words: int = 4) -> str | None:
    """Give the rule that a pair breaks, or None where it may be kept."""
    both = f"{question} {answer}"
    for reason, pattern in ((COMPARISON, _COMPARISON), (PLANS, _PLANS), (REPORT, _REPORT), (MARKS, _MARKS)):
        if pattern.search(both):
            return reason
    if len(answer.split()) < min_answer_words:
        return SHORT
    said = _content(answer)
    return REPEATS if not said or said <= _content(question) else None


def without_repeats(pairs: Iterable[tuple[str, str]]) -> tuple[list[tuple[str, str]], int]:
    """Keep the first pair of every question, case and punctuation aside; give them and the number of the rest."""
    kept: dict[str, tuple[str, str]] = {}
    count = 0
    for question, answer in pairs:
        kept.setdefault(same_question(question), (question, answer))
        count += 1
    return list(kept.values()), count - len(kept)


def same_question(question: str) -> str:
    """Give the form in which two wordings of one question are equal."""
    return " ".join(re.findall(r"\w+", question.lower()))


def _content(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[\w-]+", text.lower())) - _STOP
