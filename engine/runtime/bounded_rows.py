"""A batch of rows above a graph that takes so many ids, and gives so many logits, in one call.

Compiled engines set memory aside for the most that they may be asked for. Long inputs are read in parts here, and of
a ragged batch the last ids are read apart, so that no logits are computed but those that were asked for.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import BackendError
from engine.runtime.backend import Ids, Logits
from engine.runtime.rows import RowBatch, padded


class BoundedRows(RowBatch):
    """A RowBatch over `_call`, which gets `most_ids` ids of `most_rows` rows at most and keeps `most_kept`."""

    most_rows: int
    most_ids: int
    most_kept: int

    @abstractmethod
    def _call(self, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        """Write ids [B, S] at positions `write` [B] and give the logits of the last `keep`, [B, keep, V]."""

    def prefill(self, rows: Sequence[Sequence[int]]) -> Logits:
        """Begin fresh rows; see the protocol. Raises BackendError for more rows than the engine takes."""
        if len(rows) > self.most_rows:
            raise BackendError(
                f"{len(rows)} rows were given, the engine takes {self.most_rows}. Give fewer at a time, or build it "
                "again for more rows."
            )
        return super().prefill(rows)

    def score(self, rows: Sequence[Sequence[int]], keep: int) -> Logits:
        """Append ids and give the last `keep` logits; see the protocol."""
        longest = max(map(len, rows), default=0)
        ragged = len(set(map(len, rows))) > 1
        if ragged and len(rows) == len(self.lengths) and 1 <= keep < longest:
            # Before anything is written, since the second part must not fail on its own.
            self._check_ids(padded(rows))
            self._check_room(np.array([len(row) for row in rows], dtype=np.int64))
            self._take_in([row[:-keep] for row in rows])
            rows = [row[-keep:] for row in rows]
        return super().score(rows, keep)

    def _take_in(self, rows: Sequence[Sequence[int]]) -> None:
        """Append ids whose logits nobody wants; the fewest that there can be are computed."""
        self._run(padded(rows), self.lengths, 1)
        self.lengths = self.lengths + np.array([len(row) for row in rows])

    def _run(self, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        parts = []
        for start, stop, kept in pieces(ids.shape[1], keep, self.most_ids, self.most_kept):
            logits = self._call(np.ascontiguousarray(ids[:, start:stop]), write + start, max(1, kept))
            if kept:
                parts.append(logits)
        return np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]


def pieces(width: int, keep: int, most_ids: int, most_kept: int) -> Iterator[tuple[int, int, int]]:
    """Cut `width` columns into (start, stop, how many logits to keep), so that the last `keep` are kept."""
    cut: list[tuple[int, int, int]] = []
    stop = width
    while stop > 0:
        kept = min(keep, most_kept)
        # Columns without logits ride along with the first kept ones, where they fit.
        start = stop - kept if keep > most_kept else max(0, stop - most_ids)
        cut.append((start, stop, kept))
        stop, keep = start, keep - kept
    yield from reversed(cut)
