"""What a runtime must offer: logits and codes, nothing else.

Sampling, masks, stop rules and streaming live once above this, in :mod:`engine.runtime.generation`; a backend
never sees text. Rows are independent: each has its own length, so prompts of different lengths share a batch
and a finished row can be given to another prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Films = NDArray[np.float32]
Codes = NDArray[np.int64]
Ids = NDArray[np.int64]


class LanguageBackend(Protocol):
    """A language model with a key and value cache per row."""

    @property
    def vocabulary_size(self) -> int:
        """The width V of the logits: text tokens and image codes."""

    @property
    def max_positions(self) -> int:
        """How many positions a row holds, prompt and answer together."""

    @property
    def verify_tolerance(self) -> float:
        """How far the difference of two logits of ids given together (`score`) may lie from that of single steps."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of valid positions of each row, [B]."""

    def prefill(self, rows: Sequence[Sequence[int]]) -> Logits:
        """Begin B fresh rows with these prompts and give the logits after each row's last id, [B, V]."""

    def step(self, ids: Sequence[int]) -> Logits:
        """Append one id to every row and give the logits after it, [B, V]."""

    def score(self, rows: Sequence[Sequence[int]], keep: int) -> Logits:
        """Append ids to the rows and give the logits of each row's last `keep` ids, [B, keep, V].

        A row that gets fewer than `keep` ids repeats its first logits in front; one that gets none is left
        as it is and its logits mean nothing.
        """

    def reset(self, rows: Sequence[int], length: int = 0) -> None:
        """Forget all but the first `length` positions of these rows."""


class ImageBackend(Protocol):
    """The film tokenizer: films in [-1, 1] to code indices in raster order and back."""

    @property
    def arithmetic(self) -> str:
        """In which precision and on what it computes: where that differs, a film may get other codes."""

    def encode(self, films: Films) -> Codes:
        """Turn films [B, 1, 256, 256] into codes [B, 256]."""

    def decode(self, codes: Codes) -> Films:
        """Turn codes [B, 256] into films [B, 1, 256, 256]."""
