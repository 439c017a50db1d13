"""A classifier as judge of films: its probability of a label, from the head of the films' source or of any."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.classifier.model import Classifier
from engine.errors import CheckpointError

ABNORMAL = "Abnormal"
_NORMAL = ("No Finding", "Normal")

Probabilities = NDArray[np.float64]


def judged(
    judge: Classifier, films: NDArray[np.float32], sources: Sequence[str], label: str = ABNORMAL
) -> Probabilities:
    """Give the probability [N] of a label for films [N, 1, 256, 256] in [-1, 1] of these sources."""
    return read_heads(judge, np.asarray(judge.probabilities(films), dtype=np.float64), sources, label)


def read_heads(
    judge: Classifier, probabilities: NDArray[np.floating], sources: Sequence[str], label: str = ABNORMAL
) -> Probabilities:
    """Read a label's probability [N] off those of the heads [N, heads].

    Abnormal may also be had from a head for normal. Raises CheckpointError for a judge that has no such head.
    """
    found = np.empty(len(sources))
    for index, source in enumerate(sources):
        name, reverse = _head(judge, source, label)
        value = float(probabilities[index, judge.column(name)])
        found[index] = 1.0 - value if reverse else value
    return found


def threshold(judge: Classifier, source: str, label: str = ABNORMAL) -> float:
    """Give the judge's own threshold of a label for a source, else .5."""
    name, reverse = _head(judge, source, label)
    stored = judge.thresholds.get(name, 0.5)
    return 1.0 - stored if reverse else stored


def _head(judge: Classifier, source: str, label: str) -> tuple[str, bool]:
    """Name the head for a label of a source, and whether it says the opposite."""
    options = [(f"{source}/{label}", False), (label, False)]
    if label == ABNORMAL:
        options += [(name, True) for normal in _NORMAL for name in (f"{source}/{normal}", normal)]
        # A judge that learnt one source alone is asked about the others too: it has nothing better.
        options += [(name, False) for name in judge.labels if name.endswith(f"/{ABNORMAL}")]
    for name, reverse in options:
        if name in judge.labels:
            return name, reverse
    raise CheckpointError(
        f"The classifier has no head for {label} of {source or 'any source'}, only {', '.join(judge.labels)}. "
        "Train one with `llmcxr train classifier`."
    )
