"""One token at a time out of masked logits: greedy, temperature, top-p, each with a seed.

Everything is float64 and numpy's PCG64, so the same logits and seed give the same token on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.bundle import Sampling
from engine.errors import GenerationError
from engine.lm.vocabulary import Vocabulary

# So many tokens nearly always hold what top-p leaves; sorting a whole vocabulary takes ten times as long.
_FEW = 1024

Mask = NDArray[np.float64]
Bias = Mapping[int, float]


def no_mask(vocabulary: Vocabulary) -> Mask:
    """Add-on for logits [V] that leaves everything: the published code's free sampling."""
    return np.zeros(vocabulary.size)


def text_mask(vocabulary: Vocabulary) -> Mask:
    """Add-on for logits [V] that leaves text and the end key: no image token, no other special token."""
    mask = np.zeros(vocabulary.size)
    mask[vocabulary.image_offset :] = -np.inf
    mask[[id_ for id_ in vocabulary.special_ids if id_ != vocabulary.end]] = -np.inf
    return mask


def image_mask(vocabulary: Vocabulary) -> Mask:
    """Add-on for logits [V] that leaves the image tokens alone."""
    mask = np.full(vocabulary.size, -np.inf)
    mask[vocabulary.image_offset :] = 0.0
    return mask


def log_softmax(logits: NDArray[np.floating], mask: Mask | None = None) -> NDArray[np.float64]:
    """Log-probabilities [V] at temperature 1 over what the mask leaves."""
    values = logits.astype(np.float64) if mask is None else logits.astype(np.float64) + mask
    top = float(values.max())
    if not np.isfinite(top):
        raise GenerationError(
            "The model's logits aren't numbers. Check the bundle with `llmcxr doctor` and the "
            "runtime's version."
        )
    shifted = values - top
    logs: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return logs


def decision_bias(vocabulary: Vocabulary, sampling: Sampling) -> list[Bias]:
    """Give what a sampling's `decision_bias` adds to the logits of first tokens, in its order.

    A text at the start of an answer and the same text after a blank are one decision.
    """
    decisions: dict[str, dict[int, float]] = {}
    for text, value in sampling.decision_bias.items():
        decisions.setdefault(text.strip(), {})[vocabulary.encode(text)[0]] = value
    return [*decisions.values()]


class Sampler:
    """Chooses tokens for one request; holds the request's random generator."""

    def __init__(self, sampling: Sampling, mask: Mask, biases: Sequence[Bias] = ()) -> None:
        if not (sampling.temperature >= 0.0 and 0.0 < sampling.top_p <= 1.0 and sampling.max_new_tokens > 0):
            raise GenerationError(
                f"Sampling with temperature {sampling.temperature}, top_p {sampling.top_p} and "
                f"{sampling.max_new_tokens} new tokens isn't possible. Use a temperature from 0, a "
                "top_p above "
                "0 and up to 1, and at least one token."
            )
        self._sampling = sampling
        self._mask = mask
        self._biases = list(biases)
        self._taken: list[int] = []
        self._generator = np.random.Generator(np.random.PCG64(sampling.seed))

    def choose(self, logits: NDArray[np.floating]) -> tuple[int, float]:
        """Choose a token from logits [V] and give its probability.

        The probability is the model's own, at temperature 1 over what the mask leaves, before bias and top-p:
        it doesn't depend on how the token was drawn. Decisions that have a bias are taken once and in their order:
        the token of one that was taken is out, and those before it have no bias any more.
        """
        logs, weighed = self._weighed(logits)
        if self._greedy:
            return self._taking(int(weighed.argmax()), logs)
        ranks = self._ranked(weighed)
        return self._taking(int(ranks.order[self._rank(ranks, self._generator.random())]), logs)

    def choose_settled(self, logits: NDArray[np.floating], within: float) -> tuple[int, float] | None:
        """Choose as `choose` does, if it is all one that two logits may be wrong against each other by `within`.

        None where it might not, with nothing chosen and nothing drawn: the next call draws the same number.
        """
        logs, weighed = self._weighed(logits)
        if self._greedy:
            return self._taking(int(weighed.argmax()), logs) if _apart(weighed, within) else None
        state = self._generator.bit_generator.state
        share = self._generator.random()
        ranks = self._ranked(weighed)
        if not self._draw_settled(ranks, share, within):
            self._generator.bit_generator.state = state
            return None
        return self._taking(int(ranks.order[self._rank(ranks, share)]), logs)

    @property
    def _greedy(self) -> bool:
        return self._sampling.temperature == 0.0

    def _weighed(self, logits: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the log-probabilities [V] as the model has them, and as the decisions' biases leave them."""
        logs = log_softmax(logits, self._mask)
        weighed = logs.copy()
        for bias in self._biases:
            for id_, value in bias.items():
                weighed[id_] += value
        weighed[self._taken] = -np.inf
        return logs, weighed

    def _taking(self, chosen: int, logs: NDArray[np.float64]) -> tuple[int, float]:
        """Note a choice among the decisions and give it with its probability."""
        for place, bias in enumerate(self._biases):
            if chosen in bias:
                self._taken += bias
                del self._biases[: place + 1]
                break
        return chosen, float(np.exp(logs[chosen]))

    def _ranked(self, logs: NDArray[np.float64]) -> _Ranks:
        warmed = np.exp(log_softmax(logs / self._sampling.temperature))
        order, sums = _likeliest(warmed, self._sampling.top_p)
        return _Ranks(order, warmed[order], sums, whole=len(order) == len(warmed))

    def _rank(self, ranks: _Ranks, share: float) -> int:
        """Give the rank of the token at this share, 0 to 1, of the sum of the likeliest tokens."""
        # The smallest set that reaches top_p; the last token is kept where rounding leaves the sum below it.
        size = ranks.reaching(ranks.sums, self._sampling.top_p) + 1
        point = share * ranks.sums[size - 1]
        return min(int(np.searchsorted(ranks.sums, point, side="right")), size - 1)

    def _draw_settled(self, ranks: _Ranks, share: float, within: float) -> bool:
        """Tell whether the same share gives the same token from all logits within this distance.

        Such a change moves the odds of any set of tokens by a factor of up to exp(within / temperature), and so
        those of the sum of the n likeliest.
        """
        odds = np.exp(within / self._sampling.temperature)
        rank = self._rank(ranks, share)
        around = ranks.warmed[max(0, rank - 1) : rank + 2]
        if (around[:-1] <= around[1:] * odds).any():
            return False  # its neighbour could change places with it
        rest = np.maximum(0.0, 1.0 - ranks.sums)
        low, high = ranks.sums / (ranks.sums + rest * odds), ranks.sums * odds / (ranks.sums * odds + rest)
        if low[-1] < self._sampling.top_p and not ranks.whole:
            return False  # how many tokens the share is of isn't known from these
        fewest, most = (ranks.reaching(sums, self._sampling.top_p) for sums in (high, low))
        start = 0.0 if rank == 0 else high[rank - 1]
        within_end = share * high[most] < low[rank] or rank == fewest == most
        return bool(start < share * max(low[fewest], self._sampling.top_p) and within_end)


@dataclass(frozen=True)
class _Ranks:
    """Tokens from the likeliest on: their ids `order`, probabilities `warmed` and the sums of these.

    As many as top-p needs or more; `whole` says that they are the whole vocabulary.
    """

    order: NDArray[np.intp]
    warmed: NDArray[np.float64]
    sums: NDArray[np.float64]
    whole: bool

    def reaching(self, sums: NDArray[np.float64], top_p: float) -> int:
        """Give the rank at which rising sums reach top-p, the last one where rounding leaves them below it."""
        return min(int(np.searchsorted(sums, top_p)), len(sums) - 1)


def _apart(logs: NDArray[np.float64], within: float) -> bool:
    """Tell whether the greatest of these stays the greatest where two may be wrong against each other by `within`."""
    second, first = np.partition(logs, -2)[-2:]
    return bool(first - second > within)


def _likeliest(
    probabilities: NDArray[np.float64], top_p: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Give tokens from the likeliest on, as many as `top_p` needs or more, and their cumulated probabilities.

    They are the first ones of the whole vocabulary sorted, equal ones by their ids.
    """
    if len(probabilities) > _FEW:
        least = np.partition(probabilities, -_FEW)[-_FEW]
        few = np.flatnonzero(probabilities >= least)
        order = few[np.argsort(-probabilities[few], kind="stable")]
        cumulative = np.cumsum(probabilities[order])
        if cumulative[-1] >= top_p:
            return order, cumulative
    order = np.argsort(-probabilities, kind="stable")
    return order, np.cumsum(probabilities[order])
