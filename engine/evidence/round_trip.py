"""The round trip: a film drawn from a draft, held against the film that the draft is of.

Two likenesses: of the image tokens (how often each code occurs, wherever it lies) and of what the bundle's guard sees
(its log-odds, label by label). Their mean in standard deviations is the score. A drawn film is nobody's; the score
says whether the draft could be of this film, where it was shown to tell drafts of a film from drafts of others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.evidence.file import RoundTripEntry

_EDGE = 1e-6


@dataclass(frozen=True)
class Likeness:
    """How alike a film and a drawn one are: tokens in [0, 1]; features at most 0, None without a guard."""

    token: float
    feature: float | None


def token_likeness(codes: Sequence[int], drawn: Sequence[int], size: int) -> float:
    """Give the Bhattacharyya coefficient of two films' codes, `size` being the codebook's."""
    one, other = (np.bincount(np.asarray(each), minlength=size) / len(each) for each in (codes, drawn))
    return float(np.sqrt(one * other).sum())


def feature_likeness(
    looked: Mapping[str, float], drawn: Mapping[str, float], spread: Mapping[str, float]
) -> float:
    """Give minus the mean distance of two films' log-odds, each in its label's standard deviations among films."""
    apart = [
        abs(log_odds(looked[label]) - log_odds(drawn[label])) / sd for label, sd in spread.items() if sd > 0
    ]
    return -float(np.mean(apart))


def log_odds(probability: float) -> float:
    """Give the log-odds of a probability, kept away from 0 and 1."""
    held = min(max(probability, _EDGE), 1.0 - _EDGE)
    return float(np.log(held / (1.0 - held)))


def combined(likeness: Likeness, entry: RoundTripEntry) -> float:
    """Give the score: above 0 is more alike than a draft of another film of the same source and view usually is."""
    token = entry.token.apply(likeness.token)
    if likeness.feature is None or entry.feature is None:
        return token
    return (token + entry.feature.apply(likeness.feature)) / 2
