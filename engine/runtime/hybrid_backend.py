"""Prompts read in torch, answers written in ONNX Runtime: bfloat16 for arithmetic, int8 for bandwidth.

A prompt is one large product, which torch computes in bfloat16 (with AMX many times faster than float32); each token
after it reads every weight once, which an int8 build halves. torch's keys and values are put into the build's caches,
and nothing else passes between the two. Both sets of weights lie in memory. Needs torch and transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.builds import LANGUAGE, BuildManifest
from engine.errors import BackendError
from engine.imported import ImportedBundle
from engine.lm.official import open_language_model
from engine.runtime.backend import Ids, Logits
from engine.runtime.onnx_backend import OnnxLanguageModel
from engine.runtime.rows import padded

# Fewer ids than this are read by the build: torch is quicker from some dozens on.
_PROMPT = 32


class HybridLanguageModel(OnnxLanguageModel):
    """A build's language graph whose fresh rows are filled by a torch network of the same weights."""

    def __init__(self, folder: Path, manifest: BuildManifest, network: Any, threads: int) -> None:
        super().__init__(folder / LANGUAGE, manifest.shape, manifest.vocabulary_size, threads)
        self._network = network

    def _read(self, rows: Sequence[Sequence[int]]) -> Logits:
        ids, counts = padded(rows), np.array([len(row) for row in rows], dtype=np.int64)
        if ids.shape[1] < _PROMPT:
            return super()._read(rows)
        self._check_ids(ids)
        self._check_room(counts)
        logits = self._told(0, ids, counts[:, None] - 1)[:, 0]
        self.lengths = counts
        return logits

    def _run_part(self, first: int, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        width = ids.shape[1]
        if write.any() or width < _PROMPT:
            return super()._run_part(first, ids, write, keep)
        return self._told(first, ids, np.tile(np.arange(width - keep, width), (len(ids), 1)))

    @torch.inference_mode()
    def _told(self, first: int, ids: Ids, wanted: NDArray[np.int64]) -> Logits:
        """Read ids [B, S] into rows from `first` on, which are fresh, and give the logits at columns [B, K].

        Padding stands behind a row's ids, where nothing of the row looks; the graph writes over it.
        """
        self._reserve(ids.shape[1])
        told = self._network.base_model(input_ids=torch.from_numpy(ids), use_cache=True)
        rows = torch.arange(len(ids))[:, None]
        logits = self._network.get_output_embeddings()(told.last_hidden_state[rows, torch.from_numpy(wanted)])
        held = [tensor for layer in told.past_key_values.layers for tensor in (layer.keys, layer.values)]
        if len(held) != len(self._arrays):
            raise BackendError(
                f"torch's network has {len(held) // 2} layers, the build {len(self._arrays) // 2}. Build again."
            )
        for memory, tensor in zip(self._arrays, held, strict=True):
            memory[first : first + len(ids), :, : ids.shape[1]] = tensor.float().numpy()
        result: Logits = logits.float().numpy()
        return result


def load_language(
    bundle: ImportedBundle, folder: Path, manifest: BuildManifest, threads: int
) -> HybridLanguageModel:
    """Open an imported model's build with its own weights beside it in bfloat16."""
    torch.set_num_threads(threads)
    network = open_language_model(bundle.language_folder, torch.bfloat16)
    return HybridLanguageModel(folder, manifest, network, threads)
