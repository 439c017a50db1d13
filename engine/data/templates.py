"""Report sentences worded from mined labels, because no freely licensed reports pair with the films.

A normal film's text begins with "No"; an abnormal one's is a row of sentences, one for each finding of the
row that is in JUDGED, in its order and each beginning with the finding's word. So every decision of the
model is the first token of a sentence. No text holds a side, size, severity, device, comparison, name or
finding outside JUDGED. These are templates, not radiologists' words, and the model card says so.
"""

import re
from collections.abc import Collection
from typing import Protocol

import numpy as np

from engine.data.findings import JUDGED as JUDGED
from engine.data.findings import NORMAL_LABELS, OTHER_NAMES

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

# What a finding's sentence begins with.
SUBJECTS = {
    "Pneumonia": "Pneumonia",
    "Infiltration": "Infiltration",
    "Atelectasis": "Atelectasis",
    "Edema": "Pulmonary edema",
    "Effusion": "Pleural effusion",
}
NORMAL = (
    "No acute finding.",
    "No acute finding on this film.",
    "No abnormal finding.",
    "No abnormality is seen.",
    "No abnormality on this chest radiograph.",
    "No finding on this chest radiograph.",
)
# How a finding's sentence goes on; one text keeps to one of them.
PREDICATES = (
    "is present.",
    "is seen.",
    "is noted.",
    "is visible.",
    "is seen on this film.",
    "is present on this chest radiograph.",
)
# The first wording is the commonest, so that the likeliest text is one of a kind.
_SHARES = (0.5, 0.1, 0.1, 0.1, 0.1, 0.1)

_VIEWS = {"PA": "posteroanterior", "AP": "anteroposterior"}


class Labelled(Protocol):
    """What is known of a film beside its pixels: a row of a manifest or a record of a prepared set."""

    @property
    def view(self) -> str:
        """View Position: PA, AP, another or empty."""

    @property
    def age(self) -> int | None:
        """Age in years."""

    @property
    def labels(self) -> frozenset[str] | None:
        """The positive findings, or None where the source says nothing."""


def judged_findings(row: Labelled) -> tuple[str, ...]:
    """Give the findings of a row that the texts may speak about, in a fixed order.

    `Pneumonia, bacterial` and the like count as Pneumonia: the kind is never part of a report.
    """
    known = {OTHER_NAMES.get(label, label.split(",")[0]) for label in row.labels or ()}
    return tuple(name for name in JUDGED if name in known)


def is_normal(row: Labelled) -> bool:
    """Tell whether the source says that there is nothing: No Finding, or Normal."""
    return bool(NORMAL_LABELS & (row.labels or frozenset()))


def usable(row: Labelled) -> bool:
    """Tell whether a row can be worded: either normal or with a judged finding."""
    return is_normal(row) != bool(judged_findings(row))


def impression(row: Labelled, random: np.random.Generator) -> str:
    """Word the impression of a usable row in one of several ways."""
    if is_normal(row):
        return str(random.choice(NORMAL, p=_SHARES))
    return worded(judged_findings(row), str(random.choice(PREDICATES, p=_SHARES)))


def worded(findings: Collection[str], predicate: str = PREDICATES[0]) -> str:
    """Give the sentences that name findings, or the usual one for none."""
    if not len(findings):
        return NORMAL[0]
    return " ".join(f"{SUBJECTS[name]} {predicate}" for name in JUDGED if name in findings)


def parse_impression(text: str) -> frozenset[str] | None:
    """Read an impression back: the findings it names (none for a normal film), or None if it isn't one.

    Accepts exactly the wordings of this module, so it measures whether drafts are well formed.
    """
    if text in NORMAL:
        return frozenset()
    named = [_subject(sentence) for sentence in re.split(r"(?<=\.) ", text)]
    found = [name for name in named if name is not None]
    return frozenset(found) if len(set(found)) == len(named) else None


def _subject(sentence: str) -> str | None:
    return next(
        (name for name, subject in SUBJECTS.items() for end in PREDICATES if sentence == f"{subject} {end}"),
        None,
    )


def context(row: Labelled) -> str:
    """Give view and age band as the context line of a prompt: `View: PA. Age: 40 to 59 years.`"""
    return context_line(row.view, row.age)


def context_line(view: str, years: int | None) -> str:
    """Give the context line of a view and an age; another view than PA and AP is left out."""
    parts = [f"View: {view}."] if view in _VIEWS else []
    return " ".join([*parts, f"Age: {age_band(years)}."])


def tells_child(line: str | None) -> bool:
    """Tell whether a context line says that the patient is under 18 years old."""
    return line is not None and f"Age: {age_band(0)}." in line


def age_band(years: int | None) -> str:
    """Name the age band of an age in years."""
    if years is None:
        return "not known"
    if years < 18:
        return "under 18 years"
    if years < 60:
        return "18 to 39 years" if years < 40 else "40 to 59 years"
    return "60 years or more"
