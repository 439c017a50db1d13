"""What every question generator that reads reports offers, and what it tells of itself.

The generators are `engine.vqa.hf` (a model on this machine) and `engine.vqa.server` (an OpenAI-compatible
server). Neither parses nor judges what the model wrote.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from engine.vqa.sources import Report


@dataclass(frozen=True)
class Provenance:
    """What makes the pairs: kept with every pair.

    `model_sha256` is that over a local model's files and "" for a server, whose word `model` is then all
    there is. `request_sha256` is that over the request's wording.
    """

    generator: str
    model: str
    model_sha256: str
    prompt: str
    request_sha256: str
    seed: int
    sampling: dict[str, float]

    @property
    def short(self) -> str:
        """Say in one line what made a pair, for the set's table."""
        identity = f"@{self.model_sha256[:12]}" if self.model_sha256 else ""
        return f"{self.generator}:{self.model}{identity} {self.prompt} seed {self.seed}"

    @property
    def sha256(self) -> str:
        """Tell runs apart: the same number means the same model, request and sampling."""
        return hashlib.sha256(repr(sorted(asdict(self).items())).encode()).hexdigest()

    def facts(self) -> dict[str, Any]:
        """Give all of it for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Reply:
    """What the model wrote for one report; `refused` says why there is nothing, `model` who says it wrote it.

    A refusal that a later run may lift is marked `again`.
    """

    report: Report
    text: str
    cut_off: bool = False
    refused: str = ""
    again: bool = False
    model: str = ""


class Generator(Protocol):
    """A language model that answers requests for questions."""

    @property
    def provenance(self) -> Provenance:
        """Say what it is."""

    def replies(self, batches: Sequence[Sequence[Report]]) -> Iterator[Reply]:
        """Give one reply for each report, in any order, as they come."""


def seed_of(seed: int, keys: Sequence[str]) -> int:
    """Derive the sampling's seed of one request or batch (31 bits) from the run's seed and the films' keys."""
    return int.from_bytes(hashlib.sha256("\n".join([str(seed), *keys]).encode()).digest()[:4], "big") >> 1
