"""Rule labeler for chest radiograph reports: CheXpert's 14 observations in four states, and NIH's 14 names.

Own rules over sentences and clauses (mention, then cues of doubt and negation around it); no packaged rule
labeler installs from a package index, and neural ones download their weights. It knows no syntax tree, no
spelling mistakes and no other language, and sees sides, sizes and comparisons only as far as they change a state.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from engine.evaluate import phrases

State = Literal["positive", "negative", "uncertain", ""]
OBSERVATIONS = phrases.OBSERVATIONS
NO_FINDING = "No Finding"

_ONLY_UNCHANGED = ", unchanged"
_CHEXPERT: dict[str, tuple[str, ...]] = {
    "Enlarged Cardiomediastinum": ("mediastinal widening", "mediastinal widening" + _ONLY_UNCHANGED),
    "Cardiomegaly": ("cardiomegaly", "cardiomegaly" + _ONLY_UNCHANGED),
    "Lung Lesion": ("nodule", "nodular opacity", "mass", "lesion"),
    "Lung Opacity": ("opacity", "infiltration", "lung scar"),
    "Edema": ("edema", "congestion"),
    "Consolidation": ("consolidation",),
    "Pneumonia": ("pneumonia",),
    "Atelectasis": ("atelectasis",),
    "Pneumothorax": ("pneumothorax",),
    "Pleural Effusion": ("effusion",),
    "Pleural Other": ("pleural thickening", "pleural scar", "fibrosis"),
    "Fracture": ("fracture",),
    "Support Devices": ("device",),
}
_NIH: dict[str, tuple[str, ...]] = {
    "Effusion": ("effusion",),
    "Pleural_Thickening": ("pleural thickening", "fissural thickening"),
    "Nodule": ("nodule", "calcified nodule"),
    **{
        name: (name.lower(),)
        for name in phrases.NIH
        if name not in ("Effusion", "Nodule", "Pleural_Thickening")
    },
}
# One report may speak of a finding several times: the strongest statement holds.
_STRENGTH: dict[State, int] = {"": 0, "negative": 1, "uncertain": 2, "positive": 3}


def _any(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(words)})")


_MENTIONS = {name: re.compile(rf"\b(?:{'|'.join(words)})") for name, words in phrases.MENTIONS.items()}
_ANATOMY = {name: re.compile(rf"\b(?:{'|'.join(words)})\b") for name, words in phrases.ANATOMY.items()}
# CheXpert counts a calcified nodule as no lesion; the NIH names count it as a nodule.
_CALCIFIED = re.compile(r"\bcalcified (?:\w+ )?$")
_ENLARGED, _USUAL, _BORDERLINE, _UNCHANGED = (
    re.compile(rf"\b(?:{'|'.join(words)})")
    for words in (phrases.ENLARGED, phrases.USUAL, phrases.BORDERLINE, phrases.UNCHANGED)
)
_CLAUSE_END, _PSEUDO = _any(phrases.CLAUSE_END), _any(phrases.PSEUDO_NEGATION)
# In the order in which they are asked: state, cue before the mention, cue behind it.
_CUES: tuple[tuple[State, re.Pattern[str], re.Pattern[str]], ...] = (
    ("uncertain", _any(phrases.DOUBT_FIRST), _any(phrases.DOUBT_FIRST_AFTER)),
    ("negative", _any(phrases.DENIAL), _any(phrases.DENIAL_AFTER)),
    ("uncertain", _any(phrases.DOUBT), _any(phrases.DOUBT_AFTER)),
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|shows?|demonstrates?|remains?|appears?|seen|noted|identified)\b"
)
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\b\d\.)(?<!dr\.)\s+|\n\s*\n|\n\s*(?=[-*•]|\d+[.)])|(?:^|\s)\d{1,2}[.)]\s"
)
# A short line before one that begins with a capital is an item of a list; a longer one was wrapped.
_LIST_LINE = re.compile(r"(?m)^(.{1,40})\n(?=[A-Z])")
_NORMAL = re.compile(
    r"\b(?:no (?:\w+ )*?(?:finding|abnormalit|disease|process)\w*|normal|clear|unremarkable|negative)\b"
)


class Mention(NamedTuple):
    """One mention: its concept (a key of `phrases.MENTIONS` or a variant), its state and its own words."""

    concept: str
    state: State
    words: str


def label(text: str) -> dict[str, State]:
    """Give each of CheXpert's 14 observations its state: positive, negative, uncertain, or "" for no mention.

    No Finding is positive or "", as in CheXpert: positive where nothing else, devices apart, is positive or
    uncertain; an empty text has no state at all.
    """
    found = _strongest(text)
    states: dict[str, State] = {name: _merge(found, concepts) for name, concepts in _CHEXPERT.items()}
    clean = bool(text.strip()) and not any(
        state in ("positive", "uncertain") for concept, state in found.items() if concept != "device"
    )
    states[NO_FINDING] = "positive" if clean else ""
    return {name: states[name] for name in OBSERVATIONS}


def label_nih(text: str) -> dict[str, State]:
    """Give each of the NIH's 14 findings its state, in the spelling of the ChestX-ray14 table."""
    found = _strongest(text)
    return {name: _merge(found, _NIH[name]) for name in phrases.NIH}


def named(text: str, uncertain: bool = True) -> frozenset[str]:
    """Give the NIH findings that a text affirms (with `uncertain`, also those it thinks possible).

    {"No Finding"} where it affirms no finding of any kind and says something normal or denies one; empty where
    it says nothing that can be read.
    """
    held = ("positive", "uncertain") if uncertain else ("positive",)
    found = _strongest(text)
    names = frozenset(name for name in phrases.NIH if _merge(found, _NIH[name]) in held)
    if names:
        return names
    abnormal = any(
        state in held
        for concept, state in found.items()
        if concept != "device" and not concept.endswith(_ONLY_UNCHANGED)
    )
    normal = "negative" in found.values() or _NORMAL.search(text.lower()) is not None
    return frozenset({NO_FINDING}) if normal and not abnormal else frozenset()


def labels_of(text: str) -> dict[str, str]:
    """Give what is read in a text as a table: each of the NIH's findings that is spoken of, with its state.

    `No Finding` is always there, so that the table of a text that was read is never empty.
    """
    states: dict[str, str] = {name: state for name, state in label_nih(text).items() if state}
    return {**states, NO_FINDING: "positive" if NO_FINDING in named(text) else "negative"}


def mentions(text: str) -> list[Mention]:
    """List every mention with its state, in the order of the text."""
    return [mention for sentence in sentences(text) for mention in _in_sentence(sentence)]


def sentences(text: str) -> list[str]:
    """Split a report into lower-case sentences; list numbers, line breaks and doubled spaces go."""
    lines = _LIST_LINE.sub(r"\1\n\n", text.replace("\r", ""))
    parts = _SENTENCE_END.split(lines.lower())
    return [" ".join(part.split()) for part in parts if part and part.strip()]


@lru_cache(maxsize=4096)
def _strongest(text: str) -> dict[str, State]:
    found: dict[str, State] = {}
    for concept, state, _ in mentions(text):
        if _STRENGTH[state] > _STRENGTH[found.get(concept, "")]:
            found[concept] = state
    return found


def _merge(found: dict[str, State], concepts: tuple[str, ...]) -> State:
    return max((found.get(concept, "") for concept in concepts), key=lambda state: _STRENGTH[state])


def _in_sentence(sentence: str) -> Iterator[Mention]:
    starts = [0, *(match.end() for match in _CLAUSE_END.finditer(sentence))]
    for start, end in zip(starts, [*starts[1:], len(sentence)], strict=True):
        clause = _PSEUDO.sub(lambda match: " " * len(match.group()), sentence[start:end])
        for concept, pattern in _MENTIONS.items():
            for match in pattern.finditer(clause):
                before = clause[: match.start()]
                known = "calcified nodule" if concept == "nodule" and _CALCIFIED.search(before) else concept
                yield Mention(known, _state(clause, match.start(), match.end()), match.group())
        yield from _sizes(sentence[start:end])


def _state(clause: str, start: int, end: int) -> State:
    before, after = clause[:start], clause[end:]
    for state, ahead, behind in _CUES:
        if ahead.search(before) or _follows(behind, after):
            return state
    return (
        "uncertain"
        if re.match(r"[\w ]{0,20}\bor\b", after) or re.search(r"\bor [\w ]{0,20}$", before)
        else "positive"
    )


def _follows(pattern: re.Pattern[str], after: str) -> bool:
    """Tell whether a cue behind a mention speaks of it: no other verb may stand between them."""
    match = pattern.search(after)
    return match is not None and not _VERB.search(after[: match.start()])


def _sizes(clause: str) -> Iterator[Mention]:
    """Read heart and mediastinum, which every report names, by what is said of their size."""
    for concept, pattern in _ANATOMY.items():
        match = pattern.search(clause)
        if match is None or _MENTIONS[concept].search(clause):
            continue
        rest = clause[: match.start()] + clause[match.end() :]
        if _USUAL.search(rest) or re.search(r"\bno\b", clause[: match.start()]):
            yield Mention(concept, "negative", match.group())
        elif _ENLARGED.search(rest):
            yield Mention(concept, "uncertain" if _BORDERLINE.search(rest) else "positive", match.group())
        elif _BORDERLINE.search(rest):
            yield Mention(concept, "uncertain", match.group())
        elif _UNCHANGED.search(rest):
            yield Mention(f"{concept}{_ONLY_UNCHANGED}", "uncertain", match.group())
