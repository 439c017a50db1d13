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

from engine.builds import LANGUAGE, BuildManifest
from engine.errors import BackendError
from engine.imported import ImportedBundle
from engine.lm.official import open_language_model
from engine.runtime.backend import Logits
from engine.runtime.onnx_backend import OnnxLanguageModel
from engine.runtime.rows import padded


class HybridLanguageModel(OnnxLanguageModel):
    """A build's language graph whose fresh rows are filled by a torch network of the same weights."""

    def __init__(self, folder: Path, manifest: BuildManifest, network: Any, threads: int) -> None:
        super().__init__(folder / LANGUAGE, manifest.shape, manifest.vocabulary_size, threads)
        self._network = network

    @torch.inference_mode()
    def _read(self, rows: Sequence[Sequence[int]]) -> Logits:
        ids, counts = padded(rows), np.array([len(row) for row in rows], dtype=np.int64)
        self._check_ids(ids)
        self._check_room(counts)
        self._reserve(ids.shape[1])
        # Padding stands behind a row's ids, where nothing of the row looks; the graph writes over it.
        told = self._network.base_model(input_ids=torch.from_numpy(ids), use_cache=True)
        last = told.last_hidden_state[torch.arange(len(rows)), torch.from_numpy(counts) - 1]
        logits = self._network.get_output_embeddings()(last)
        self._take(told.past_key_values, ids.shape[1])
        self.lengths = counts
        result: Logits = logits.float().numpy()
        return result

    def _take(self, cache: Any, positions: int) -> None:
        """Copy torch's keys and values [B, heads, positions, head] into the graph's caches."""
        held = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
        if len(held) != len(self._arrays):
            raise BackendError(
                f"torch's network has {len(held) // 2} layers, the build {len(self._arrays) // 2}. Build again."
            )
        for memory, tensor in zip(self._arrays, held, strict=True):
            memory[:, :, :positions] = tensor.to(torch.float32).numpy().astype(memory.dtype, copy=False)


def load_language(
    bundle: ImportedBundle, folder: Path, manifest: BuildManifest, threads: int
) -> HybridLanguageModel:
    """Open an imported model's build with its own weights beside it in bfloat16."""
    torch.set_num_threads(threads)
    network = open_language_model(bundle.language_folder, torch.bfloat16)
    return HybridLanguageModel(folder, manifest, network, threads)
