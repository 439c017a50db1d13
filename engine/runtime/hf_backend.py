"""Imported models in torch: any Hugging Face causal LM with its cache, and the VQ-GAN, on CPU or CUDA.

Rows of different lengths share one cache: what is read together takes the same columns, a mask says which columns
are a row's own, and positions are counted per row. So any architecture that heeds mask and positions works,
without a line for it here. Columns that are no row's own any more are taken out when rows are reset. Imported only
when an imported model is opened.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from engine.errors import BackendError
from engine.imported import TOKENIZER_WEIGHTS, ImportedBundle
from engine.lm.official import check_rows, dtype_for, open_language_model
from engine.runtime.backend import Codes, Films, Ids, Logits
from engine.runtime.graphed_backend import PASS_ON_GPU, GraphedLanguageModel, fits
from engine.runtime.rows import FLOAT32_TOLERANCE, RowBatch, last_columns
from engine.tokenizer.config import VQGANConfig
from engine.tokenizer.official import load_official
from engine.tokenizer.vqgan import VQModel

# Columns of the cache that may lie idle before the rows are moved together, which copies the cache.
_SPARE = 128


class HuggingFaceLanguageModel(RowBatch):
    """A causal LM of transformers as a LanguageBackend."""

    runs_parts = True

    def __init__(self, network: Any, vocabulary_size: int, max_positions: int) -> None:
        super().__init__(vocabulary_size, max_positions)
        self._network = network
        weight = next(network.parameters())
        self._device = weight.device
        if weight.device.type == "cuda":
            self.pass_ids = PASS_ON_GPU
        if weight.dtype == torch.float32:
            self.verify_tolerance = FLOAT32_TOLERANCE
        accepted = inspect.signature(network.forward).parameters
        self._takes_positions = "position_ids" in accepted
        self._takes_keep = "logits_to_keep" in accepted
        # Which columns of the cache hold a row's own ids, [B, columns].
        self._own: NDArray[np.bool_] = np.zeros((0, 0), dtype=np.bool_)
        self._cache: Any = None

    def prefill(self, rows: Sequence[Sequence[int]]) -> Logits:
        """Begin fresh rows; see the protocol."""
        self._allocate(len(rows))
        return super().prefill(rows)

    def reset(self, rows: Sequence[int], length: int = 0) -> None:
        """Forget all but the first `length` positions of these rows; see the protocol."""
        super().reset(rows, length)
        for row in rows:
            self._own[row] &= np.cumsum(self._own[row]) <= length
        self._drop_unused_columns()
        if self._own.shape[1] > int(self.lengths.max(initial=0)) + _SPARE:
            self._move_together()

    def _allocate(self, rows: int) -> None:
        self._cache = DynamicCache()
        self._own = np.zeros((rows, 0), dtype=np.bool_)

    def _run(self, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        return self._run_last(0, ids, write, np.full(len(ids), ids.shape[1]), keep)

    @torch.inference_mode()
    def _run_last(
        self, first: int, ids: Ids, write: NDArray[np.int64], counts: NDArray[np.int64], keep: int
    ) -> Logits:
        last, width = first + len(ids), ids.shape[1]
        offsets = np.arange(width)
        held = _used(self._own[first:last])
        added = offsets < counts[:, None]
        visible = np.concatenate([self._own[first:last, :held], added], axis=1)
        # A row with nothing to look at would give NaN; its logits and its column are never used.
        visible[~visible.any(axis=1), -width] = True
        whole = len(ids) == len(self._own)
        cache = self._cache if whole else self._part(first, last, held)
        inputs: dict[str, Any] = {
            "input_ids": self._tensor(ids),
            "attention_mask": self._tensor(visible.astype(np.int64)),
            "past_key_values": cache,
            "use_cache": True,
        }
        if self._takes_positions:
            # Padding may count beyond the last position, which a table of positions doesn't have.
            positions = np.minimum(write[:, None] + offsets[None], self.max_positions - 1)
            inputs["position_ids"] = self._tensor(positions)
        columns = last_columns(counts, keep)
        if self._takes_keep:
            # Logits of the columns that some row wants, each once, and none of what lies between them.
            wanted, places = np.unique(columns, return_inverse=True)
            inputs["logits_to_keep"] = self._tensor(wanted)
            columns = places.reshape(columns.shape)
        logits = self._network(**inputs).logits
        chosen = logits[torch.arange(len(ids), device=logits.device)[:, None], self._tensor(columns)]
        self._note(first, held, added)
        if not whole:
            self._take_over(cache, first, held, width)
        self._drop_unused_columns()
        result: Logits = chosen.float().cpu().numpy()
        return result

    def _note(self, first: int, held: int, added: NDArray[np.bool_]) -> None:
        """Write down which of the columns behind the first `held` are now these rows' own."""
        rows, width = added.shape
        missing = max(0, held + width - self._own.shape[1])
        self._own = np.pad(self._own, ((0, 0), (0, missing)))
        self._own[first : first + rows, held : held + width] = added

    def _part(self, first: int, last: int, columns: int) -> Any:
        """Give the first columns of some rows as a cache of their own."""
        part = DynamicCache()
        if columns:
            for number, layer in enumerate(self._cache.layers):
                part.update(
                    layer.keys[first:last, :, :columns], layer.values[first:last, :, :columns], number
                )
        return part

    def _take_over(self, part: Any, first: int, held: int, width: int) -> None:
        """Put what some rows' own cache has behind its first `held` columns into the cache of all, at its place."""
        columns = slice(held, held + width)
        for number, layer in enumerate(part.layers):
            new = layer.keys[:, :, columns], layer.values[:, :, columns]
            present = self._cache.layers[number].keys.shape[2] if number < len(self._cache.layers) else 0
            if (missing := held + width - present) > 0:
                rows = len(self._own)
                room = (states.new_zeros((rows, states.shape[1], missing, states.shape[3])) for states in new)
                self._cache.update(*room, number)
            whole = self._cache.layers[number]
            rows_of_part = slice(first, first + len(new[0]))
            whole.keys[rows_of_part, :, columns], whole.values[rows_of_part, :, columns] = new

    @torch.inference_mode()
    def _move_together(self) -> None:
        """Put every row's own columns first and cut the rest off."""
        order = np.argsort(~self._own, axis=1, kind="stable")[:, : int(self._own.sum(axis=1).max())]
        moved, rows = DynamicCache(), np.arange(len(order))[:, None]
        columns, index = self._tensor(order), self._tensor(rows)
        for number, layer in enumerate(self._cache.layers):
            keys, values = (held[index, :, columns].transpose(1, 2) for held in (layer.keys, layer.values))
            moved.update(keys, values, number)
        self._cache, self._own = moved, np.take_along_axis(self._own, order, axis=1)

    def _drop_unused_columns(self) -> None:
        columns = _used(self._own)
        if columns < self._own.shape[1]:
            unused = self._own.shape[1] - columns
            self._own = np.ascontiguousarray(self._own[:, :columns])
            if columns:
                # Every version takes the number to remove as a negative one; the number to keep only older ones.
                self._cache.crop(-unused)
            else:
                self._cache = DynamicCache()

    def _tensor(self, values: NDArray[np.int64]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._device)


def _used(own: NDArray[np.bool_]) -> int:
    """Count the columns up to the last that is some row's own."""
    used = np.flatnonzero(own.any(axis=0))
    return int(used[-1]) + 1 if used.size else 0


class TorchTokenizer:
    """The VQ-GAN as an ImageBackend; its films have the tokenizer's own number of channels."""

    def __init__(self, model: VQModel, device: str = "cpu") -> None:
        self._model = model.to(device)
        self._device = device
        kind = str(next(model.parameters()).dtype).removeprefix("torch.")
        self.arithmetic = f"{kind} on {torch.cuda.get_device_name() if device == 'cuda' else 'the CPU'}"

    def encode(self, films: Films) -> Codes:
        """Turn films [B, C, side, side] in [-1, 1] into codes [B, side^2]."""
        given = torch.tensor(films, dtype=torch.float32, device=self._device)
        with _exact():
            codes: Codes = self._model.encode(given).cpu().numpy()
        return codes

    def decode(self, codes: Codes) -> Films:
        """Turn codes [B, side^2] into films [B, C, side, side] in [-1, 1]."""
        indices = torch.tensor(codes, dtype=torch.int64, device=self._device)
        with _exact():
            films: Films = self._model.decode(indices).cpu().numpy()
        return films


def _exact() -> AbstractContextManager[None]:
    """Compute in float32 on a GPU too, where torch would round convolutions to TF32.

    Codes decide what the model reads, and two in a thousand were others (docs/gpu.md).
    """
    flags: AbstractContextManager[None] = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
    return flags


def language_backend(
    network: Any, vocabulary_size: int, max_positions: int
) -> HuggingFaceLanguageModel | GraphedLanguageModel:
    """Give a causal LM of transformers as a LanguageBackend: on a GPU with recorded steps, where that is proven."""
    graphed = next(network.parameters()).device.type == "cuda" and fits(network)
    made = GraphedLanguageModel if graphed else HuggingFaceLanguageModel
    return made(network, vocabulary_size, max_positions)


def load(
    bundle: ImportedBundle,
) -> tuple[HuggingFaceLanguageModel | GraphedLanguageModel, TorchTokenizer, str]:
    """Load an imported model onto CUDA where there is one, else the CPU; also say where and in which type."""
    entry = bundle.manifest.language_model
    folder = bundle.language_folder
    if entry is None:
        raise BackendError(f"{bundle.manifest.name} has no language model.")
    device = best_device()
    dtype = dtype_for(entry.parameters)
    images = load_images(bundle, device)
    network: Any = open_language_model(folder, dtype, device)
    check_rows(network.get_input_embeddings().weight.shape[0], bundle.vocabulary, folder)
    language = language_backend(network, bundle.vocabulary.size, entry.max_positions)
    where = torch.cuda.get_device_name() if device == "cuda" else "the CPU"
    return language, images, f"{str(dtype).removeprefix('torch.')} on {where}"


def load_images(bundle: ImportedBundle, device: str | None = None) -> TorchTokenizer:
    """Load an imported model's film tokenizer alone."""
    config = VQGANConfig.from_dict(bundle.manifest.tokenizer.config)
    return TorchTokenizer(load_official(bundle.folder / TOKENIZER_WEIGHTS, config), device or best_device())


def best_device() -> str:
    """Name the device that imported models run on."""
    return "cuda" if torch.cuda.is_available() else "cpu"
