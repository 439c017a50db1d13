"""What a model said about films, read into findings: from drafts by the rule labeler, or from a floor's own rule.

A draft that says nothing readable, or that is withheld from its reader, is neither normal nor abnormal and
counts as wrong for either. No text is corrected.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.templates import parse_impression
from engine.evaluate.cohort import FINDINGS, FIVE, RARE, Indices
from engine.evaluate.labeler import NO_FINDING, mentions, named, sentences
from engine.evaluate.statistics import (
    Flags,
    Scores,
    WeightedStatistic,
    auroc_over,
    macro_f1_over,
    rates_over,
)

METRICS = ("abnormal_balanced_accuracy", "abnormal_auroc", "macro_f1_5", "macro_f1_14")


@dataclass(frozen=True)
class Said:
    """Readings of N films: flags [N, 14], whether each was called abnormal or normal, and a score for abnormal."""

    findings: Flags
    abnormal: Flags
    normal: Flags
    score: Scores

    def take(self, rows: Indices) -> "Said":
        """Give the readings of these rows, in their order."""
        return Said(self.findings[rows], self.abnormal[rows], self.normal[rows], self.score[rows])


def said_by_texts(texts: Sequence[str], score: Scores | None = None) -> Said:
    """Read drafts; without a score of its own, a draft scores 1 for abnormal, 0 for normal, .5 for neither."""
    read = {text: named(text) for text in set(texts)}
    findings = np.array([[name in read[text] for name in FINDINGS] for text in texts], dtype=bool)
    normal = np.array([NO_FINDING in read[text] for text in texts], dtype=bool)
    abnormal = np.array([_abnormal(text, read[text]) for text in texts], dtype=bool)
    plain = np.where(abnormal, 1.0, np.where(normal, 0.0, 0.5))
    return Said(
        findings.reshape(len(texts), len(FINDINGS)), abnormal, normal, plain if score is None else score
    )


def said_by_flags(findings: Flags, abnormal: Flags, score: Scores) -> Said:
    """Take readings that are either normal or abnormal."""
    return Said(findings, abnormal, ~abnormal, score)


def metrics(said: Said, truth: Flags, abnormal: Flags) -> dict[str, WeightedStatistic]:
    """Give the four figures of a report table as statistics of weights."""
    return {
        "abnormal_balanced_accuracy": rates_over(said.abnormal & abnormal, said.normal & ~abnormal, abnormal),
        "abnormal_auroc": auroc_over(said.score, abnormal),
        "macro_f1_5": macro_f1_over(said.findings[:, FIVE], truth[:, FIVE]),
        "macro_f1_14": macro_f1_over(said.findings, truth),
    }


def contradicts(text: str) -> bool:
    """Tell whether a text affirms and denies one finding, or says that all is normal and names a finding."""
    states: dict[str, set[str]] = {}
    for mention in mentions(text):
        states.setdefault(mention.concept, set()).add(mention.state)
    if any({"positive", "negative"} <= said for said in states.values()):
        return True
    affirmed = any("positive" in said for concept, said in states.items() if concept != "device")
    return affirmed and any(not mentions(part) and named(part) == {NO_FINDING} for part in sentences(text))


def text_figures(drafts: Sequence[str], withheld: Sequence[bool]) -> dict[str, Any]:
    """Count what can be said of drafts without any label: parsed, contradictory, rare findings, distinct."""
    said = said_by_texts(drafts)
    readable = (said.normal | said.abnormal) & ~np.asarray(withheld, dtype=bool)
    n = len(drafts)
    rare = np.asarray(said.findings[:, RARE].any(axis=1))
    return {
        "n": n,
        "parse_rate": _share(readable),
        "in_trained_wording": _share(
            np.array([parse_impression(text) is not None for text in drafts], dtype=bool)
        ),
        "contradictions": _share(np.array([contradicts(text) for text in drafts], dtype=bool)),
        "rare_findings_asserted": _share(rare),
        "rare_findings": [FINDINGS[index] for index in RARE],
        "withheld": _share(np.asarray(withheld, dtype=bool)),
        "distinct": len(set(drafts)),
        "commonest": [{"text": text, "films": count} for text, count in Counter(drafts).most_common(10)],
    }


def _abnormal(text: str, names: frozenset[str]) -> bool:
    if names:
        return NO_FINDING not in names
    # A finding outside the 14 still says that the film isn't normal.
    return any(mention.state == "positive" and mention.concept != "device" for mention in mentions(text))


def _share(flags: NDArray[np.bool_]) -> float | None:
    return float(flags.mean()) if len(flags) else None
