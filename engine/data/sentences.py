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
    r"vertebroplast\w+|kyphoplast\w+|contrast|barium|hospitali[sz]ation\w*)"
)
PRIOR_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("comparison", r"\bcompar(?:ed|ing|isons?|ative|e)\b|\bin reference to\b|\brelative to (?:the|a|prior)\b"),
        ("prior", rf"\b(?:prior|previous|preceding)\b(?!\s+{_HISTORY})|\bpreviously\b|\bpriors\b"),
        ("earlier", r"\bearlier\b|\b(?:last|most recent|outside|old(?:er)?) (?:\w+ )?(?:stud|film|exam|radiogr)"),
        ("since", r"\bsince\b|\bin the interim\b|\bnow\b(?! that)|\bthe study of\b|\bstudy from\b"),
        ("interval", r"\binterval(?:ly)?\b"),
        ("again", r"\b(?:once )?again\b|\bre-?demonstrat\w+|\bre-?identified\b|\bas before\b|\bstill\b"),
        ("unchanged", r"\bunchanged\b|\bunaltered\b|\bno longer\b|\bsimilar (?:in|to|appear\w*|degree|extent)\b"),
        ("change", r"\b(?:no|little|without|any|interval|minimal|significant|substantial|relevant|overall) "
                   r"(?:\w+ ){0,2}change\b(?!s)|\bchange[sd]? (?:from|since|in)\b|\bhas changed\b"),
        ("stable", r"\bstable\b|\bstability\b"),
        ("new", r"\bnew(?:ly)?\b(?! york)"),
        ("worse", r"\bworse(?:n\w*|ning)?\b|\bincreasing(?:ly)?\b|\bdecreasing\b|\benlarging\b|\bprogress\w*"
                  r"|\bmore (?:prominent|conspicuous|extensive|pronounced|apparent|severe|dense|confluent)\b"
                  r"|\bless (?:prominent|conspicuous|extensive|pronounced|apparent|severe|dense|well)\b"
                  r"|\b(?:has|have) (?:slightly |mildly |markedly |minimally |also )?(?:in|de)creased\b"),
        ("better", r"\bimprov\w+|\b(?<!high )(?<!high-)(?<!low )resol(?:v\w+|ution)\b|\bre-?expan\w+"
                   r"|\b(?:has|have) (?:largely |partially |nearly )?cleared\b"),
        ("persists", r"\bpersist\w*|\bremain(?:s|ed|ing)?\b|\bcontinu(?:es|ed|ing)\b|\brecurren\w+"),
        ("device moved", r"\b(?:has|have) been (?:\w+ )?(?:removed|placed|inserted|withdrawn|advanced|repositioned|"
                         r"exchanged|pulled|retracted|replaced|extubated|intubated)\b|\bextubat\w+"
                         r"|\b(?:interval|status post) (?:removal|placement)\b"),
        ("follow-up of", r"\bfollow-?\s?up (?:of|to|from|exam\w* (?:of|to))\b"),
    )
)  # fmt: skip


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
