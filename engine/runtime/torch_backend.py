"""The reference: the bundle's own files computed in torch, for comparing other runtimes with it.

Imported only when it is asked for by name, since torch isn't part of the default installation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.bundle import Bundle, LanguageModelShape
from engine.runtime.backend import Codes, Films, Ids, Logits
from engine.runtime.rows import FLOAT32_TOLERANCE, RowBatch
from engine.runtime.torch_graph import TorchGraph


class TorchLanguageModel(RowBatch):
    """The language model's graph in torch, with caches that are written in place."""

    verify_tolerance = FLOAT32_TOLERANCE
    runs_parts = True

    def __init__(self, path: Path, shape: LanguageModelShape, vocabulary_size: int) -> None:
        super().__init__(vocabulary_size, shape.max_positions)
        self._shape = shape
        self._graph = TorchGraph(path)
        self._caches: dict[str, Tensor] = {}

    def _allocate(self, rows: int) -> None:
        size = (rows, self._shape.heads, self.max_positions, self._shape.head_dim)
        names = [f"{kind}_{layer}" for layer in range(self._shape.layers) for kind in ("key", "value")]
        self._caches = {name: torch.zeros(size, dtype=getattr(torch, self._shape.dtype)) for name in names}

    def _run(self, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        return self._run_part(0, ids, write, keep)

    def _run_part(self, first: int, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        feeds = {
            "ids": torch.from_numpy(ids),
            "write": torch.from_numpy(write),
            "keep": torch.tensor([keep]),
            # A part of the rows is a view, so what is written to it is written to the cache.
            **{name: cache[first : first + len(ids)] for name, cache in self._caches.items()},
        }
        logits: Logits = self._graph.run(feeds)["logits"].float().numpy()
        return logits


class TorchImageModel:
    """The film tokenizer's two graphs in torch."""

    arithmetic = "float32 on the CPU"

    def __init__(self, encoder: Path, decoder: Path) -> None:
        self._encoder = TorchGraph(encoder)
        self._decoder = TorchGraph(decoder)

    def encode(self, films: Films) -> Codes:
        """Turn films [B, 1, side, side] in [-1, 1] into codes [B, 256]."""
        # Copied: arrays of another runtime may be read-only, which torch doesn't know.
        film = torch.tensor(films, dtype=torch.float32)
        codes: Codes = self._encoder.run({"film": film})["codes"].numpy()
        return codes

    def decode(self, codes: Codes) -> Films:
        """Turn codes [B, 256] into films [B, 1, side, side] in [-1, 1]."""
        numbers = torch.tensor(codes, dtype=torch.int64)
        films: Films = self._decoder.run({"codes": numbers})["film"].numpy()
        return films


def load(bundle: Bundle) -> tuple[TorchLanguageModel, TorchImageModel]:
    """Read the bundle's graphs; raise BackendError for an operator that isn't known here."""
    layout = bundle.manifest.vocabulary
    language = TorchLanguageModel(
        bundle.path("lm.onnx"), bundle.manifest.language_model, layout.text_size + layout.codes
    )
    return language, TorchImageModel(bundle.path("encoder.onnx"), bundle.path("decoder.onnx"))
