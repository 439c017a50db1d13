"""Lossless speculative decoding: a store of phrases proposes the next tokens, the model checks them in one call.

Reports repeat themselves, and checking several tokens costs little more than one step (Leviathan et al., arXiv
2211.17192; drafts looked up instead of computed, as in REST, arXiv 2311.08252). A token counts only where the
sampler chooses it itself from the model's logits, so the store decides how fast an answer comes, never what it says.
Works above any :class:`~engine.runtime.backend.LanguageBackend`.

Logits of tokens checked together may differ a little from those of single steps, because kernels add in another
order. A choice that such a difference could turn is taken from single steps instead (`Sampler.choose_settled`).
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.bundle import PHRASES, Bundle
from engine.errors import BundleError, DataError
from engine.imported import ImportedBundle
from engine.lm.prompt import text_target
from engine.lm.vocabulary import Vocabulary
from engine.runtime.backend import LanguageBackend, Logits
from engine.runtime.sampling import Sampler
from engine.safe_write import replacing

Context = tuple[int, ...]

CONTEXT = 4
MOST_ENTRIES = 100_000
LONGEST = 12
# A draft ends where its tokens together have followed less often than this: checking one more token costs about
# this share of a step.
_LEAST_SHARE = 0.15
_NONE = -1


@dataclass(frozen=True)
class PhraseStore:
    """What most often follows up to `context` tokens, with the share of the times that it did.

    `following` has contexts of every length from 1; a text begins behind the response key.
    """

    following: Mapping[Context, tuple[int, float]]
    context: int
    end: int

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[str],
        vocabulary: Vocabulary,
        context: int = CONTEXT,
        most: int = MOST_ENTRIES,
        fewest: int = 2,
    ) -> PhraseStore:
        """Count what follows what in texts, each taken as an answer to its end key.

        A context seen less than `fewest` times is left out, and of the others the `most` most frequent ones stay.
        Raises DataError where nothing is left.
        """
        if context < 1:
            raise DataError(f"A phrase store with contexts of {context} tokens was asked for. Use 1 or more.")
        ids = [
            id_
            for text in texts
            if text.strip()
            for id_ in (_NONE, vocabulary.response, *text_target(vocabulary, text))
        ]
        found: list[tuple[int, Context, int, float]] = []
        for length in range(1, context + 1):
            found += _most_frequent(np.array(ids, dtype=np.int32), length, fewest)
        if not found:
            raise DataError(
                f"The texts for a phrase store have no two tokens that follow each other {fewest} times. "
                "Give the reports of a training split."
            )
        # Shorter contexts first among equals: a longer one is looked up only where there is one.
        kept = sorted(found, key=lambda entry: (-entry[0], len(entry[1]), entry[1]))[:most]
        following = {before: (id_, share) for _, before, id_, share in kept}
        return cls(following, context, vocabulary.end)

    def over(self, other: PhraseStore) -> PhraseStore:
        """Give this store with what another one knows beside it; where both know a context, this one's holds."""
        following = {**other.following, **self.following}
        return PhraseStore(following, max(self.context, other.context), self.end)

    @classmethod
    def load(cls, path: Path, vocabulary: Vocabulary) -> PhraseStore:
        """Read a store; raise BundleError where the file isn't one, or holds ids that the vocabulary hasn't."""
        again = "Make it again with `llmcxr data phrases`, or remove it."
        try:
            with np.load(path, allow_pickle=False) as held:
                contexts, ids, shares = held["contexts"], held["following"], held["shares"]
        # TypeError: a lone table in place of an archive.
        except (OSError, EOFError, TypeError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise BundleError(f"The phrase store {path} can't be read: {error}. {again}") from error
        tables = contexts, ids, shares
        kinds = [(table.ndim, table.dtype.kind) for table in tables]
        if kinds != [(2, "i"), (1, "i"), (1, "f")] or len({len(table) for table in tables}) > 1:
            raise BundleError(f"The phrase store {path} has tables that don't fit each other. {again}")
        greatest = max(int(contexts.max(initial=0)), int(ids.max(initial=0)))
        if greatest >= vocabulary.size or int(ids.min(initial=0)) < 0:
            raise BundleError(
                f"The phrase store {path} holds the id {greatest}, the vocabulary has {vocabulary.size}. {again}"
            )
        befores = (tuple(id_ for id_ in row if id_ != _NONE) for row in contexts.tolist())
        entries = zip(ids.tolist(), shares.astype(np.float64).tolist(), strict=True)
        return cls(dict(zip(befores, entries, strict=True)), contexts.shape[1], vocabulary.end)

    def save(self, path: Path) -> int:
        """Write the store whole or not at all and give its bytes; equal stores give equal files."""
        entries = sorted(self.following.items())
        contexts = np.full((len(entries), self.context), _NONE, dtype=np.int32)
        for row, (before, _) in enumerate(entries):
            contexts[row, self.context - len(before) :] = before
        ids = np.array([id_ for _, (id_, _) in entries], dtype=np.int32)
        shares = np.array([share for _, (_, share) in entries], dtype=np.float16)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, contexts=contexts, following=ids, shares=shares)
        return path.stat().st_size

    def draft(self, ids: Sequence[int], most: int) -> list[int]:
        """Propose up to `most` ids after these, by the longest context known; none where none is.

        Ends with the end key, and before a token that becomes too unlikely.
        """
        before, drafted, share = [*ids[-self.context :]], list[int](), 1.0
        while len(drafted) < most:
            id_, often = self._next(before)
            share *= often
            if share < _LEAST_SHARE:
                break
            drafted.append(id_)
            if id_ == self.end:
                break
            before = [*before[1 - self.context :], id_] if self.context > 1 else [id_]
        return drafted

    def _next(self, before: Sequence[int]) -> tuple[int, float]:
        for start in range(max(0, len(before) - self.context), len(before)):
            found = self.following.get(tuple(before[start:]))
            if found is not None:
                return found
        return _NONE, 0.0


@dataclass
class Tally:
    """What speculation came to: tokens chosen, calls of the model after the prompt, drafted and accepted tokens.

    `again` counts single steps that were taken again because a choice was too close.
    """

    tokens: int = 0
    calls: int = 0
    drafted: int = 0
    accepted: int = 0
    again: int = 0


@dataclass
class Speculation:
    """How answers are drafted ahead: the store, the `longest` draft, and a tally of how it went.

    `tolerance` is how far the difference of two logits of tokens checked together may lie from that of single steps;
    by default what the backend states of itself (`verify_tolerance`).
    """

    store: PhraseStore
    longest: int = LONGEST
    tolerance: float | None = None

    def __post_init__(self) -> None:
        self.tally = Tally()

    def drawn(
        self,
        backend: LanguageBackend,
        prompt: Sequence[int],
        sampler: Sampler,
        most: int,
        on_step: Callable[[], None] | None,
    ) -> Iterator[tuple[int, float]]:
        """Draw up to `most` tokens with their probabilities, as far as the model's positions reach.

        The tokens are those of single steps by the same sampler; `on_step` is called before each. The row holds the
        prompt and all tokens but the last when this ends.
        """
        row = _Row(backend, list(prompt), self.tally)
        within = backend.verify_tolerance if self.tolerance is None else self.tolerance
        limit = min(most, backend.max_positions - len(prompt) + 1)
        drawn, gained, reach = 0, 0, self.longest
        draft: list[int] = []
        logits = row.begin()
        try:
            while drawn < limit:
                accepted = 0
                for place in range(len(draft) + 1):
                    if on_step is not None:
                        on_step()
                    choice = row.choose(sampler, logits[place], within)
                    drawn += 1
                    held = row.holds(draft[place : place + 1])
                    accepted += held
                    gained += held
                    self.tally.accepted += held
                    yield choice
                    if not held:
                        break
                if draft:
                    # A draft that fails makes the next one short, one that holds makes it long again.
                    reach = min(self.longest, 2 * accepted + 1)
                if drawn < limit:
                    # Where close choices cost more steps than drafts save, the rest comes token by token.
                    most_ahead = min(reach, limit - drawn - 1) if gained >= row.lost else 0
                    draft = self.store.draft(row.ids, most_ahead)
                    logits = row.fed(draft)
        finally:
            row.trim()


def speculation_of(package: Bundle | ImportedBundle) -> Speculation | None:
    """Open the phrase store of a bundle or an imported model, None where it has none; raise BundleError."""
    if PHRASES not in package.manifest.files or package.manifest.vocabulary is None:
        return None
    return Speculation(PhraseStore.load(package.folder / PHRASES, package.vocabulary))


class _Row:
    """One row of a backend: the ids that are settled, and how many of its positions single steps have written."""

    def __init__(self, backend: LanguageBackend, ids: list[int], tally: Tally) -> None:
        self._backend, self._tally = backend, tally
        self.ids = ids
        self._stepped = 0
        # Single steps taken for ids that a draft had written already.
        self.lost = 0
        # Whether the latest logits are those of single steps; whether a draft's positions were given up for them.
        self._exact, self._given_up = True, False

    def begin(self) -> Logits:
        """Write the prompt and give the logits after it, [1, V]."""
        self._stepped = len(self.ids)
        return self._backend.prefill([self.ids])

    def fed(self, draft: Sequence[int]) -> Logits:
        """Write the last settled id and a draft; give the logits after each, [1 + draft, V]."""
        self.trim()
        self._tally.calls += 1
        self._tally.drafted += len(draft)
        self._exact = not draft and self._stepped == len(self.ids) - 1
        self._given_up = False
        if draft:
            logits: Logits = self._backend.score([[self.ids[-1], *draft]], keep=len(draft) + 1)[0]
            return logits
        if self._exact:
            self._stepped += 1
        return self._backend.step([self.ids[-1]])

    def choose(self, sampler: Sampler, logits: NDArray[np.float32], within: float) -> tuple[int, float]:
        """Let the sampler choose from logits [V] the next id; where it is too close to tell, from single steps."""
        choice = sampler.choose(logits) if self._exact else sampler.choose_settled(logits, within)
        if choice is None:
            choice = sampler.choose(self._again())
            self._given_up = True
        self.ids.append(choice[0])
        self._tally.tokens += 1
        return choice

    def holds(self, drafted: Sequence[int]) -> bool:
        """Tell whether the last id is the drafted one and the next one's logits are there."""
        return [*drafted] == self.ids[-1:] and not self._given_up

    def trim(self) -> None:
        """Forget what a draft left behind its accepted part; the last settled id isn't written yet."""
        held = len(self.ids) - 1
        if self._backend.lengths[0] > held:
            self._backend.reset([0], held)

    def _again(self) -> NDArray[np.float32]:
        """Write all settled ids by single steps and give the logits after the last, [V]."""
        self._backend.reset([0], self._stepped)
        logits = np.zeros(0, dtype=np.float32)
        for id_ in self.ids[self._stepped :]:
            logits = self._backend.step([id_])[0]
            self._tally.again += 1
            self.lost += 1
        self._stepped = len(self.ids)
        return logits


def _most_frequent(ids: NDArray[np.int32], length: int, fewest: int) -> list[tuple[int, Context, int, float]]:
    """Give for each context of this length how often it was seen, itself, what followed most, and its share."""
    if len(ids) <= length:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(ids, length + 1)
    windows = windows[(windows != _NONE).all(axis=1)]
    rows, counts = np.unique(windows, axis=0, return_counts=True)
    if not len(rows):
        return []
    starts = np.flatnonzero(np.append(True, (rows[1:, :-1] != rows[:-1, :-1]).any(axis=1)))
    totals = np.add.reduceat(counts, starts)
    found = []
    for start, stop, total in zip(starts, [*starts[1:], len(rows)], totals, strict=True):
        if total >= fewest:
            # Of equally frequent ones the smallest id.
            best = start + int(counts[start:stop].argmax())
            before = tuple(rows[best, :-1].tolist())
            found.append((int(total), before, int(rows[best, -1]), float(counts[best] / total)))
    return found
