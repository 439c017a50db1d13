"""Report sentences worded from mined labels, because no freely licensed reports pair with the films.

Every text says first whether the film is normal, then names findings of the row; it holds no side, size,
severity, device, comparison, name or finding outside JUDGED. These are templates, not radiologists' words,
and the model card says so.
"""

import re

import numpy as np

from engine.data.manifest import FilmRow

JUDGED = ("Pneumonia", "Infiltration", "Atelectasis", "Edema", "Effusion")

# Labels of the source that the training films are too few to teach; no text affirms or denies them.
NOT_JUDGED = (
    "Cardiomegaly",
    "Consolidation",
    "Emphysema",
    "Fibrosis",
    "Fracture",
    "Hernia",
    "Mass",
    "Nodule",
    "Pleural thickening",
    "Pneumothorax",
    "Tuberculosis",
)

WORDS = {
    "Pneumonia": ("pneumonia",),
    "Infiltration": ("infiltration", "an infiltrate"),
    "Atelectasis": ("atelectasis",),
    "Edema": ("pulmonary edema", "edema"),
    "Effusion": ("pleural effusion", "an effusion"),
}

_FINDING_OF = {word: name for name, words in WORDS.items() for word in words}

# Every normal text begins with the same word and every abnormal one with another, so that the likeliest
# first word is the likelier decision (a test holds that).
NORMAL = (
    "No acute finding.",
    "No acute finding on this film.",
    "No abnormal finding.",
    "No abnormality is seen.",
    "No finding on this chest radiograph.",
)
ABNORMAL = (
    "Findings of {findings}.",
    "Findings: {findings}.",
    "Findings of {findings} on this film.",
    "Findings suggest {findings}.",
    "Findings in keeping with {findings}.",
)
# The first wording is the commonest, so that the likeliest text is one whole sentence of one kind.
_SHARES = (0.5, 0.2, 0.1, 0.1, 0.1)

_VIEWS = {"PA": "posteroanterior", "AP": "anteroposterior"}


def judged_findings(row: FilmRow) -> tuple[str, ...]:
    """Give the findings of a row that the texts may speak about, in a fixed order."""
    return tuple(name for name in JUDGED if name in row.labels)


def usable(row: FilmRow) -> bool:
    """Tell whether a row can be worded: an adult, either No Finding or with a judged finding."""
    return row.adult and (row.normal != bool(judged_findings(row)))


def impression(row: FilmRow, random: np.random.Generator) -> str:
    """Word the impression of a usable row in one of several ways."""
    pattern = str(random.choice(NORMAL if row.normal else ABNORMAL, p=_SHARES))
    return pattern.format(findings=listed(judged_findings(row), random))


def parse_impression(text: str) -> frozenset[str] | None:
    """Read an impression back: the findings it names (none for a normal film), or None if it isn't one.

    Accepts exactly the wordings of this module, so it measures whether drafts are well formed.
    """
    if text in NORMAL:
        return frozenset()
    for pattern in ABNORMAL:
        match = re.fullmatch(re.escape(pattern).replace(r"\{findings\}", "(.+)"), text)
        words = re.split(", | and ", match.group(1)) if match else []
        if words and _known(words):
            return frozenset(_FINDING_OF[word] for word in words)
    return None


def _known(words: list[str]) -> bool:
    findings = [_FINDING_OF.get(word) for word in words]
    return None not in findings and len(set(findings)) == len(findings)


def listed(findings: tuple[str, ...], random: np.random.Generator) -> str:
    """Join findings to `a, b and c` with their usual words."""
    words = [str(random.choice(WORDS[name], p=_word_shares(name))) for name in findings]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def context(row: FilmRow) -> str:
    """Give view and age band as the context line of a prompt: `View: PA. Age: 40 to 59 years.`"""
    parts = [f"View: {row.view}."] if row.view in _VIEWS else []
    return " ".join([*parts, f"Age: {age_band(row.age)}."])


def age_band(years: int | None) -> str:
    """Name the age band of an age in years."""
    if years is None:
        return "not known"
    if years < 18:
        return "under 18 years"
    bands = ((40, "18 to 39 years"), (60, "40 to 59 years"), (200, "60 years or more"))
    return next(name for limit, name in bands if years < limit)


def _word_shares(name: str) -> list[float]:
    return [1.0] if len(WORDS[name]) == 1 else [0.75, 0.25]
