"""Book-keeping of a batch of rows above one graph, the same for every backend.

A row's valid length is kept here; the graph is told where to write and how many last logits to return.
Padding stands behind a row's end, where the causal mask hides it and the next ids overwrite it. Rows that get
different numbers of ids are run apart where padding would cost more than another pass over the weights.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import BackendError
from engine.runtime.backend import Ids, Logits

# How far the difference of two logits of ids given together may lie from that of single steps: at least twice what
# was measured (docs/speed.md), for models in float32 and for all others.
FLOAT32_TOLERANCE = 1e-3
TOLERANCE = 0.15
# Measured on two cores, in int8, at a hidden width of 2560: 18 to 24 ms for a pass over the weights and 1.8 to 2.3 ms
# for an id of a long prompt.
_PASS_ON_CPU = 10


class RowBatch(ABC):
    """A :class:`~engine.runtime.backend.LanguageBackend` over `_allocate` and `_run`.

    A backend that can run some neighbouring rows and leave the others alone says so in `runs_parts` and does it in
    `_run_part`; with another one every row is run, and padded to the longest. `pass_ids` says as how many ids in one
    pass another pass over the weights costs.
    """

    runs_parts = False
    pass_ids = _PASS_ON_CPU

    verify_tolerance = TOLERANCE

    def __init__(self, vocabulary_size: int, max_positions: int) -> None:
        self.vocabulary_size = vocabulary_size
        self.max_positions = max_positions
        self.lengths: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    @abstractmethod
    def _allocate(self, rows: int) -> None:
        """Make caches for this many rows; what they hold doesn't matter."""

    @abstractmethod
    def _run(self, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        """Write ids [B, S] at positions `write` [B] and give the logits of the last `keep`, [B, keep, V]."""

    def _run_part(self, first: int, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        """Do what `_run` does for the neighbouring rows from `first` on, and leave the others as they are."""
        if len(ids) != len(self.lengths):
            raise NotImplementedError(f"{type(self).__name__} can't run a part of its rows.")
        return self._run(ids, write, keep)

    def _run_last(
        self, first: int, ids: Ids, write: NDArray[np.int64], counts: NDArray[np.int64], keep: int
    ) -> Logits:
        """Do what `_run_part` does for rows of `counts` [B] ids each, and give each one's own last `keep` logits."""
        width = ids.shape[1]
        found = self._run_part(first, ids, write, _needed(counts, width, keep))
        # Of a batch's padded positions, each row's own last ones.
        columns = last_columns(counts, keep) - (width - found.shape[1])
        return np.take_along_axis(found, np.maximum(columns, 0)[:, :, None], axis=1)

    def prefill(self, rows: Sequence[Sequence[int]]) -> Logits:
        """Begin fresh rows; see the protocol."""
        if not rows or not all(len(row) for row in rows):
            raise BackendError("A prompt without a single token was given. Give every row at least one.")
        if len(rows) != len(self.lengths):
            # No rows until there is room for them all: caches that were made in part are made again.
            self.lengths = np.zeros(0, dtype=np.int64)
            self._allocate(len(rows))
        self.lengths = np.zeros(len(rows), dtype=np.int64)
        return self._read(rows)

    def _read(self, rows: Sequence[Sequence[int]]) -> Logits:
        """Fill fresh rows with their prompts and give the logits after each, [B, V]."""
        return self.score(rows, keep=1)[:, 0]

    def step(self, ids: Sequence[int]) -> Logits:
        """Append one id to every row; see the protocol."""
        return self.score([[id_] for id_ in ids], keep=1)[:, 0]

    def score(self, rows: Sequence[Sequence[int]], keep: int) -> Logits:
        """Append ids and give the last `keep` logits; see the protocol."""
        if len(rows) != len(self.lengths):
            raise BackendError(
                f"The batch has {len(self.lengths)} rows, {len(rows)} were given. "
                "Begin a new batch with prefill."
            )
        counts = np.array([len(row) for row in rows], dtype=np.int64)
        if not 1 <= keep <= max(1, int(counts.max(initial=0))):
            raise BackendError(
                f"The logits of {keep} positions were asked for, {counts.max(initial=0)} ids were given."
            )
        self._check_room(counts)
        runs = self._runs(counts)
        ids = [padded(rows[start:stop]) for start, stop in runs]
        for part in ids:
            self._check_ids(part)
        found = [
            self._run_last(start, part, self.lengths[start:stop], counts[start:stop], keep)
            for (start, stop), part in zip(runs, ids, strict=True)
        ]
        if runs == [(0, len(rows))]:
            logits = found[0]
        else:
            logits = np.zeros((len(rows), keep, self.vocabulary_size), dtype=np.float32)
            for (start, stop), told in zip(runs, found, strict=True):
                logits[start:stop] = told
        self.lengths = self.lengths + counts
        return logits

    def reset(self, rows: Sequence[int], length: int = 0) -> None:
        """Forget all but the first `length` positions of these rows; see the protocol."""
        lengths = self.lengths.copy()
        for row in rows:
            if not 0 <= row < len(lengths) or not 0 <= length <= lengths[row]:
                raise BackendError(
                    f"Row {row} can't be cut to {length} positions: the batch has rows of {lengths.tolist()}."
                )
            lengths[row] = length
        self.lengths = lengths

    def _check_ids(self, ids: Ids) -> None:
        if not (int(ids.min()) >= 0 and int(ids.max()) < self.vocabulary_size):
            raise BackendError(
                f"A token id lies outside 0 to {self.vocabulary_size - 1} ({int(ids.min())} to "
                f"{int(ids.max())} were given). Use the tokenizer of the same bundle."
            )

    def _check_room(self, counts: NDArray[np.int64]) -> None:
        padded = counts if self.runs_parts else counts.max(initial=0)
        longest = int((self.lengths + padded).max(initial=0))
        if longest > self.max_positions:
            raise BackendError(
                f"{longest} token positions were asked for, the model has {self.max_positions}. "
                "Shorten the question or report text."
            )

    def _runs(self, counts: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Part the rows that get ids into neighbours that run together, as first and behind the last.

        A row without ids between them runs along where that is cheaper; what is written to it stands behind its end.
        """
        if not self.runs_parts:
            return [(0, len(counts))] if counts.any() else []
        runs: list[tuple[int, int]] = []
        for row in np.flatnonzero(counts).tolist():
            runs.append((row, row + 1))
            while len(runs) > 1 and self._cheaper(counts, runs[-2], runs[-1]):
                runs[-2:] = [(runs[-2][0], runs[-1][1])]
        return runs

    def _cheaper(self, counts: NDArray[np.int64], left: tuple[int, int], right: tuple[int, int]) -> bool:
        """Tell whether two runs are cheaper as one, and padding them to one width has room."""
        start, stop = left[0], right[1]
        width = int(counts[start:stop].max())
        if int(self.lengths[start:stop].max()) + width > self.max_positions:
            return False
        apart = sum((end - begin) * int(counts[begin:end].max()) for begin, end in (left, right))
        return (stop - start) * width <= apart + self.pass_ids


def padded(rows: Sequence[Sequence[int]]) -> Ids:
    """Put rows of different lengths side by side, zeros behind the short ones: ids [B, S]."""
    ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
    return ids


def _needed(counts: NDArray[np.int64], width: int, keep: int) -> int:
    """How many last positions of the padded batch hold every row's last `keep` ids."""
    present = counts[counts > 0]
    shortest = int(present.min()) if present.size else width
    return min(width, width - shortest + keep)


def last_columns(counts: NDArray[np.int64], keep: int) -> NDArray[np.int64]:
    """Give the columns [B, keep] of the last `keep` of each row's `counts` ids; 0 where a row has fewer."""
    columns: NDArray[np.int64] = np.maximum(counts[:, None] - keep + np.arange(keep)[None, :], 0)
    return columns
