"""Where on the film a sentence rests: its log-probability falls when that part of the film is put out.

A block of the film's image tokens is replaced by those of a neutral film, and the draft's own words are scored again:
forward passes only. All sentences are scored in one pass, each after those before it. Blocks are taken from the
bottom up, so that what stands above one is read once for all of them: what comes later in the prompt changes nothing
of what came before. A fall says that the model's words depend on the block, not that a finding lies
there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.evidence.sentences import SaidSentence
from engine.lm.vocabulary import CODES_PER_IMAGE, Vocabulary
from engine.runtime.backend import LanguageBackend
from engine.runtime.generation import OnStep
from engine.runtime.sampling import log_softmax, text_mask

GRID = 16
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Blocks:
    """Squares of `side` x `side` tokens every `stride` tokens; those at an edge lie against it."""

    side: int = 4
    stride: int = 2

    def places(self) -> list[NDArray[np.int64]]:
        """Give each block's places in the 256 codes, from the top down."""
        corners = sorted({*range(0, GRID - self.side, self.stride), GRID - self.side})
        grid = np.arange(CODES_PER_IMAGE).reshape(GRID, GRID)
        return [
            grid[row : row + self.side, column : column + self.side].ravel()
            for row in corners
            for column in corners
        ]


class Scorer:
    """Scores the same words after prompts that differ from one prompt in some of its film's tokens alone."""

    def __init__(
        self,
        backend: LanguageBackend,
        vocabulary: Vocabulary,
        prompt: Sequence[int],
        ids: Sequence[int],
        sentences: Sequence[SaidSentence],
        on_step: OnStep | None = None,
    ) -> None:
        self._backend, self._vocabulary = backend, vocabulary
        self._prompt, self._ids, self._sentences = list(prompt), list(ids), list(sentences)
        self._image = next(place for place, id_ in enumerate(prompt) if vocabulary.is_image(id_))
        self._mask, self._on_step = text_mask(vocabulary), on_step
        backend.prefill([self._prompt])
        # So many positions of the row hold the unchanged prompt.
        self._kept = len(self._prompt)

    def score(self, changed: Sequence[int], codes: Sequence[int]) -> Values:
        """Give each sentence's log-probability with these of the 256 codes changed, [sentences].

        What stands before the first change is read once for all calls: they should come from the bottom up.
        """
        if self._on_step is not None:
            self._on_step()
        prompt = list(self._prompt)
        for place, id_ in zip(changed, self._vocabulary.codes_to_ids(codes), strict=True):
            prompt[self._image + place] = id_
        first = self._image + min(changed, default=CODES_PER_IMAGE)
        start = min(first, self._kept)
        self._backend.reset([0], start)
        logits = self._backend.score([[*prompt[start:], *self._ids[:-1]]], keep=len(self._ids))[0]
        self._kept = first
        logs = [float(log_softmax(row, self._mask)[id_]) for row, id_ in zip(logits, self._ids, strict=True)]
        return np.array([sum(logs[one.first : one.end]) for one in self._sentences])
