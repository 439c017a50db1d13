"""Imported models in torch on a GPU: caches written in place, and single steps recorded as a CUDA graph.

A step's hundreds of kernels take longer to launch than to run; recorded once, they are launched together. A graph
needs its tensors to stay where they are, so every row has its own place in caches of one size, as in the exported
graph: an id at position p is written to column p, and sees the columns up to p. For architectures that this was
proven with; engine.runtime.hf_backend runs all others.
"""

from __future__ import annotations

import inspect
import logging
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import DynamicCache

from engine.errors import first_line
from engine.runtime.backend import Ids, Logits
from engine.runtime.rows import FLOAT32_TOLERANCE, RowBatch, last_columns

_LOG = logging.getLogger(__name__)
# Those that tests/engine/test_official_language_model.py compares with the network's own logits.
PROVEN = frozenset({"gpt_neox", "gpt2", "llama"})
# Columns that caches have at first, and by which they grow; growing copies them and records the step again.
_COLUMNS, _GROWTH = 512, 256
# Attention kernels want the columns of a mask in such multiples.
_MULTIPLE = 8
# A few steps aren't worth recording, and those before a recording warm the kernels up.
_BEFORE_RECORDING = 3
# On an H100, with 2.8 billion weights, launching a pass takes 24 ms and an id beside others 12 microseconds.
PASS_ON_GPU = 1000


class InPlaceCache(DynamicCache):  # type: ignore[misc]  # transformers isn't looked into
    """Keys and values [rows, heads, columns, head] of every layer, written at given columns of given rows."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.rows, self.columns = rows, columns
        self._layers: dict[int, tuple[Tensor, Tensor]] = {}
        self._first, self._seen = 0, 0
        self._at: tuple[Any, ...] = ()

    def place(self, first: int, positions: Tensor, seen: int) -> None:
        """Let what comes be written to `positions` [B, S] of the rows from `first` on, which see `seen` columns."""
        rows = torch.arange(len(positions), device=positions.device)[:, None]
        self._first, self._seen, self._at = first, seen, (rows, slice(None), positions)

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write a layer's keys and values [B, heads, S, head], and give all columns that may be seen."""
        if layer_idx not in self._layers:
            self._layers[layer_idx] = self._made(key_states), self._made(value_states)
        part = slice(self._first, self._first + len(key_states))
        seen = []
        for held, new in zip(self._layers[layer_idx], (key_states, value_states), strict=True):
            held[part][self._at] = new.transpose(1, 2)
            seen.append(held[part, :, : self._seen])
        return seen[0], seen[1]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Say that nothing lies before: positions and mask are given with every call."""
        return 0

    def grow(self, columns: int) -> None:
        """Make room for so many columns; what is held stays."""
        for number, pair in self._layers.items():
            self._layers[number] = tuple(  # type: ignore[assignment]  # a pair again
                torch.nn.functional.pad(held, (0, 0, 0, columns - self.columns)) for held in pair
            )
        self.columns = columns

    def _made(self, states: Tensor) -> Tensor:
        # What lies there must be numbers: a masked column counts nothing times what it holds.
        return states.new_zeros((self.rows, states.shape[1], self.columns, states.shape[3]))


class GraphedLanguageModel(RowBatch):
    """A causal LM of transformers of a proven architecture as a LanguageBackend; on a CPU nothing is recorded."""

    runs_parts = True

    def __init__(self, network: Any, vocabulary_size: int, max_positions: int) -> None:
        super().__init__(vocabulary_size, max_positions)
        self._network = network
        weight = next(network.parameters())
        self._device, self._dtype = weight.device, weight.dtype
        if self._device.type == "cuda":
            self.pass_ids = PASS_ON_GPU
        if weight.dtype == torch.float32:
            self.verify_tolerance = FLOAT32_TOLERANCE
        self._records = self._device.type == "cuda"
        self._cache = InPlaceCache(0, 0)
        self._step: _RecordedStep | None = None
        self._steps = 0

    def _allocate(self, rows: int) -> None:
        # First let go of the old ones: both may not fit.
        self._step, self._cache = None, InPlaceCache(0, 0)
        self._cache = InPlaceCache(rows, min(_COLUMNS, _rounded(self.max_positions, _MULTIPLE)))
        self._steps = 0

    def _run(self, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        return self._run_last(0, ids, write, np.full(len(ids), ids.shape[1]), keep)

    @torch.inference_mode()
    def _run_last(
        self, first: int, ids: Ids, write: NDArray[np.int64], counts: NDArray[np.int64], keep: int
    ) -> Logits:
        width = ids.shape[1]
        needed = int(write.max()) + width
        if needed > self._cache.columns:
            self._step = None
            self._cache.grow(_rounded(needed, _GROWTH))
        if width == 1 and len(ids) == self._cache.rows and (step := self._recorded()) is not None:
            return step.run(ids, write)[:, None]
        # Logits of the columns that some row wants, each once, and none of what lies between them.
        wanted, places = np.unique(last_columns(counts, keep), return_inverse=True)
        positions = self._tensor(write[:, None] + np.arange(width)[None])
        seen = min(self._cache.columns, _rounded(needed, _MULTIPLE))
        logits = self.logits(first, self._tensor(ids), positions, seen, self._tensor(wanted))
        rows = torch.arange(len(ids), device=self._device)[:, None]
        result: Logits = logits[rows, self._tensor(places.reshape(len(ids), keep))].float().cpu().numpy()
        return result

    def logits(self, first: int, ids: Tensor, positions: Tensor, seen: int, keep: Any) -> Tensor:
        """Write ids [B, S] to `positions` [B, S] of the rows from `first` on; give the logits of columns `keep`."""
        self._cache.place(first, positions, seen)
        behind = torch.arange(seen, device=self._device) > positions[:, :, None]
        mask = torch.zeros(behind.shape, dtype=self._dtype, device=self._device)
        mask.masked_fill_(behind, torch.finfo(self._dtype).min)
        logits: Tensor = self._network(
            input_ids=ids,
            attention_mask=mask[:, None],
            # Padding may count beyond the last position, which a table of positions doesn't have.
            position_ids=positions.clamp(max=self.max_positions - 1),
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=keep,
        ).logits
        return logits

    def _recorded(self) -> _RecordedStep | None:
        """Give the recorded single step; after a few steps there is one, where steps can be recorded."""
        if self._step is not None or not self._records:
            return self._step
        self._steps += 1
        if self._steps > _BEFORE_RECORDING:
            try:
                self._step = _RecordedStep(self, self._cache.rows, self._cache.columns, self._device)
            # What torch raises for a network that waits for the GPU in the middle.
            except RuntimeError as error:
                self._records = False
                _LOG.warning("Steps can't be recorded as a CUDA graph and run singly: %s", first_line(error))
        return self._step

    def _tensor(self, values: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._device)


class _RecordedStep:
    """One id for every row as a CUDA graph, its inputs and logits at fixed places."""

    def __init__(self, model: GraphedLanguageModel, rows: int, columns: int, device: torch.device) -> None:
        self._ids = torch.zeros((rows, 1), dtype=torch.int64, device=device)
        self._write = torch.zeros((rows, 1), dtype=torch.int64, device=device)
        self._told = torch.empty((rows, model.vocabulary_size), pin_memory=True)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            logits = model.logits(0, self._ids, self._write, columns, 1)
            self._logits = logits[:, -1].float()

    def run(self, ids: Ids, write: NDArray[np.int64]) -> Logits:
        """Append ids [B, 1] at positions `write` [B] and give the logits [B, V]."""
        self._ids.copy_(torch.from_numpy(ids))
        self._write.copy_(torch.from_numpy(write[:, None]))
        self._graph.replay()
        self._told.copy_(self._logits)
        result: Logits = self._told.numpy().copy()
        return result


def fits(network: Any) -> bool:
    """Tell whether a network is of an architecture that was proven, and sees every position before its own."""
    config = network.config.get_text_config()
    return (
        config.model_type in PROVEN
        and getattr(config, "sliding_window", None) is None
        and "logits_to_keep" in inspect.signature(network.forward).parameters
    )


def _rounded(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
