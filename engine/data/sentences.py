"""Sentences of a report that a single film can't bear out: those on earlier films, those with blanked words.

Works by rules on words, sentence by sentence; what it doesn't drop stays as the radiologist wrote it.
"""

import re
from collections.abc import Callable

# The marks of de-identification: MIMIC-CXR writes ___, Open-i XXXX.
BLANK = re.compile(r"_{2,}|\bX{3,}\b|(?<=-)X{3,}\b")
_LIST_NUMBER = re.compile(r"^\s*\(?\d{1,2}[.)]\s+")
_NOT_AN_END = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|drs|vs|approx|e\.g|i\.e|a\.m|p\.m|st|no|fig|resp|cf)|\b[A-Za-z]|(?:^|\s)\(?\d{1,2})\.$",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?]+[)\"']*(?=\s)")

# "Prior sternotomy" is a finding on this film; "prior study" is another film.
_HISTORY = (
    r"(?:\w+[\s/-]){0,2}(?:surg\w+|sternotom\w+|thoracotom\w+|cabg|bypass|resections?|lobectom\w+|"
    r"pneumonectom\w+|mastectom\w+|cholecystectom\w+|lumpectom\w+|transplant\w*|biops\w+|operat\w+|"
    r"intervention\w*|granulomat\w+|infections?|infarct\w*|tubercul\w+|pneumonias?|inflammat\w+|trauma\w*|"
    r"injur\w+|fractur\w+|radiation|radiotherapy|exposure|disease|valve|aortic|cardiac|repairs?|fusion|"
    r"vertebroplast\w+|band(?:ing|ed)|kyphoplast\w+|contrast|barium|hospitali[sz]ation\w*)"
)
_ONE_MORE = r"(?:prominent|conspicuous|extensive|pronounced|apparent|severe|dense|confluent|well)"
_MEANT_AHEAD = r"(?<!to )(?<!ensure )(?<!until )(?<!document )(?<!high )(?<!high-)(?<!low )"
_MOVED = (
    r"(?:removed|placed|inserted|withdrawn|advanced|repositioned|exchanged|pulled|retracted|replaced|"
    r"extubated|intubated)"
)
# Each rule is named after what it finds; a sentence that fits one of them can't be borne out by one film.
_PRIOR: dict[str, tuple[str, ...]] = {
    "comparison": (
        r"compar(?:ed|ing|isons?|ative|e)",
        r"in reference to",
        r"relative to (?:the|a|prior)",
    ),
    "prior": (rf"(?:prior|previous|preceding)\b(?!\s+{_HISTORY})", "previously", "priors"),
    "earlier": ("earlier", r"(?:last|most recent|outside|old(?:er)?) (?:\w+ )?(?:stud|film|exam|radiogr)\w*"),
    "since": ("since", "in the interim", "now(?! that)", "the study of", "study from"),
    "interval": (
        r"(?<!short )(?<!short-)(?<!short term )interval(?:ly)?",
        r"(?:has|have) (?:not )?developed",
    ),
    "again": ("again", r"re-?demonstrat\w+", "re-?identified", "as before", "still"),
    "unchanged": ("unchanged", "unaltered", "no longer", r"similar (?:in|to|appear\w*|degree|extent)"),
    "change": (
        r"(?:no|little|without|any|interval|minimal|significant|substantial|relevant|overall) (?:\w+ ){0,2}change",
        "changed? (?:from|since)",
        "change in",
        "has changed",
    ),
    "stable": ("stable", "stability"),
    "new": (r"new(?:ly)?(?! york)",),
    "worse": (
        r"worsen\w*",
        r"(?:is|are|appears?|looks?|now|slightly|somewhat|much|mildly) worse\b(?! (?:in|on|at|than the) )",
        "increasing(?:ly)?",
        "decreasing",
        "enlarging",
        r"progress\w*",
        rf"(?:more|less) {_ONE_MORE}",
        r"(?:has|have) (?:slightly |mildly |markedly |minimally |also )?(?:in|de)creased",
    ),
    "better": (
        r"improv\w+",
        rf"{_MEANT_AHEAD}resol(?:v\w+|ution)",
        r"re-?expan\w+",
        r"(?:has|have) (?:largely |partially |nearly )?cleared",
    ),
    "persists": (r"persist\w*", "remain(?:s|ed|ing)?", "continu(?:es|ed|ing)", r"recurren\w+"),
    "device moved": (
        rf"(?:has|have) been (?:\w+ )?{_MOVED}",
        r"extubat\w+",
        "status post (?:removal|placement)",
    ),
    "follow-up of": (r"follow-?\s?up (?:of|from|exam\w* (?:of|to))",),
}
PRIOR_RULES = tuple(
    (name, re.compile("|".join(rf"\b(?:{pattern})\b" for pattern in patterns), re.IGNORECASE))
    for name, patterns in _PRIOR.items()
)


def sentences(text: str) -> list[str]:
    """Cut a text of one line into sentences; list numbers stay with their sentence."""
    parts, start = [], 0
    for match in _END.finditer(text):
        if _NOT_AN_END.search(text[start : match.end()]):
            continue
        parts.append(text[start : match.end()].strip())
        start = match.end()
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def speaks_of_earlier(sentence: str) -> str:
    """Name the first rule by which a sentence speaks of earlier films, or give nothing."""
    return next((name for name, pattern in PRIOR_RULES if pattern.search(sentence)), "")


def has_blank(text: str) -> bool:
    """Tell whether words were blanked by de-identification."""
    return bool(BLANK.search(text))


def without(text: str, unwanted: Callable[[str], object]) -> tuple[str, int]:
    """Drop the unwanted sentences and give the rest with the number dropped.

    Where one is dropped, the list numbers of the others go too: they no longer count.
    """
    every = sentences(text)
    kept = [sentence for sentence in every if not unwanted(sentence)]
    if len(kept) == len(every):
        return text, 0
    return " ".join(_LIST_NUMBER.sub("", sentence) for sentence in kept), len(every) - len(kept)
