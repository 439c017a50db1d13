"""`evidence.json` beside a model: how its sentences' confidence is read, what a film is put out with, the round trip.

Everything in it was set and measured on validation films of one model, whose weights' hash it holds. It is listed in
the manifest and is no part of the weights: model key and Device UID stay. A model without one drafts as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from engine.errors import BundleError
from engine.lm.vocabulary import CODES_PER_IMAGE

EVIDENCE = "evidence.json"
_STRICT = ConfigDict(extra="forbid")
# Probabilities nearer to 0 or 1 than this say nothing more.
_EDGE = 1e-3


@dataclass(frozen=True, config=_STRICT)
class Line:
    """A logistic line: log-odds that a sentence is true, from its score and whether it says that nothing is there."""

    intercept: float
    score: float
    normal: float

    def confidence(self, score: float, normal: bool) -> float:
        """Give the calibrated probability that a sentence is true."""
        return float(1.0 / (1.0 + np.exp(-(self.intercept + self.score * score + self.normal * normal))))


@dataclass(frozen=True, config=_STRICT)
class ConfidenceEntry:
    """How a sentence's confidence is had, and below what it is weak, and a draft of such sentences alone withheld.

    `samples` are drawn at `temperature` without the draft's thresholds; `alone` is for sentences without samples.
    """

    samples: int
    temperature: float
    sampled: Line
    alone: Line
    weak: float
    withheld: float
    measured: dict[str, Any]


@dataclass(frozen=True, config=_STRICT)
class MapsEntry:
    """What blocks of a film are put out with, code by code, and how large the blocks are."""

    neutral: tuple[int, ...]
    side: int
    stride: int
    measured: dict[str, Any]


@dataclass(frozen=True, config=_STRICT)
class Scale:
    """Mean and standard deviation by which a likeness is made comparable to another."""

    mean: float
    sd: float

    def apply(self, value: float) -> float:
        """Give a value in standard deviations from the mean."""
        return (value - self.mean) / self.sd


@dataclass(frozen=True, config=_STRICT)
class RoundTripEntry:
    """What the comparison of a film with one drawn from its draft is worth; see engine.evidence.round_trip.

    The scales are those of films beside drafts of others; `spread` is that of each label's log-odds among films.
    Below `advise_below` lie few films with the one drawn from their own draft, and a reader is told so.
    """

    token: Scale
    feature: Scale | None
    spread: dict[str, float]
    advise_below: float
    auroc: float
    low: float
    high: float
    measured: dict[str, Any]

    @property
    def is_on(self) -> bool:
        """Whether it tells matched from shuffled drafts; else it stays off."""
        return self.low > 0.5


@dataclass(frozen=True, config=_STRICT)
class EvidenceFile:
    """`evidence.json`, format 1; what wasn't measured is None."""

    format: Literal[1]
    weights_sha256: str
    confidence: ConfidenceEntry | None = None
    maps: MapsEntry | None = None
    round_trip: RoundTripEntry | None = None

    def to_json(self) -> dict[str, Any]:
        """Give it as it is written."""
        return asdict(self)


def evidence_of(package: Any) -> EvidenceFile | None:
    """Read the file beside a bundle or imported model, None where there is none.

    Raises BundleError for one that can't be read or that was made for other weights.
    """
    if EVIDENCE not in package.manifest.files:
        return None
    return read_evidence(package.folder / EVIDENCE, package.manifest.weights_sha256)


def read_evidence(path: Path, weights_sha256: str) -> EvidenceFile:
    """Read and check an evidence file; see `evidence_of`."""
    again = (
        "Remove it and its entry in the model's manifest, then make it again with "
        "`llmcxr evaluate evidence --add`."
    )
    try:
        found: EvidenceFile = TypeAdapter(EvidenceFile).validate_json(path.read_bytes())
    except OSError as error:
        raise BundleError(f"{path} can't be read: {error.strerror}. {again}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BundleError(f"{path} is refused: {where}: {first['msg']}. {again}") from error
    if found.weights_sha256 != weights_sha256:
        raise BundleError(
            f"{path} was measured with the weights {found.weights_sha256[:12]}, the model has {weights_sha256[:12]}. "
            f"{again}"
        )
    if found.maps is not None and len(found.maps.neutral) != CODES_PER_IMAGE:
        raise BundleError(
            f"{path} has {len(found.maps.neutral)} neutral codes, a film has {CODES_PER_IMAGE}. {again}"
        )
    if found.maps is not None and not 1 <= found.maps.stride <= found.maps.side:
        raise BundleError(
            f"{path} puts blocks of {found.maps.side} tokens every {found.maps.stride} tokens, which leaves "
            f"some out. {again}"
        )
    return found


def score(opening: float, agreement: float | None, samples: int) -> float:
    """Give a sentence's score: the log-odds of its first token, halfway to those of its share among the samples."""
    own = _log_odds(opening)
    if agreement is None or not samples:
        return own
    # Half a sample on either side: a share of 8 samples is never sure.
    return (own + _log_odds((agreement * samples + 0.5) / (samples + 1))) / 2


def plain(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Round measured figures for the file; intervals become their three numbers."""
    from engine.evaluate.statistics import Interval

    def value(one: Any) -> Any:
        if isinstance(one, Interval):
            return {name: None if n is None else round(n, 4) for name, n in one.to_json().items()}
        if isinstance(one, Mapping):
            return {str(key): value(entry) for key, entry in one.items()}
        if isinstance(one, list | tuple):
            return [value(entry) for entry in one]
        return round(float(one), 4) if isinstance(one, float | np.floating) else one

    return {key: value(entry) for key, entry in measured.items()}


def _log_odds(probability: float) -> float:
    held = min(max(probability, _EDGE), 1.0 - _EDGE)
    return float(np.log(held / (1.0 - held)))
