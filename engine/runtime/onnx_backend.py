"""The CPU default: ONNX Runtime on the bundle's graphs, without torch.

Every cache is bound as input and as output of the same graph, so a step writes its keys and values in place
and copies nothing. Where a graph leaves the caches' length open they are as long as the rows need, since every step
reads them whole. Not here: sampling, and any knowledge of what the ids mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from engine.builds import DECODER, ENCODER, LANGUAGE, BuildManifest
from engine.bundle import Bundle, LanguageModelShape
from engine.errors import BackendError
from engine.runtime.backend import Codes, Films, Ids, Logits
from engine.runtime.rows import FLOAT32_TOLERANCE, RowBatch

# Caches grow by so many positions; a film and its question take some 330.
_ROOM = 128


class OnnxLanguageModel(RowBatch):
    """The language model's graph with one in-place cache per layer and row."""

    runs_parts = True

    def __init__(self, path: Path, shape: LanguageModelShape, vocabulary_size: int, threads: int) -> None:
        super().__init__(vocabulary_size, shape.max_positions)
        self._shape = shape
        self._session = open_session(path, threads)
        _check_names(self._session, path, shape)
        self._caches: list[ort.OrtValue] = []
        # Memory of the caches, in the order of their names; whoever fills rows from elsewhere writes here.
        self._arrays: list[NDArray[Any]] = []
        # A binding for each part of the rows that was run, by its first row and their number, with its values.
        self._bindings: dict[tuple[int, int], tuple[Any, list[ort.OrtValue]]] = {}
        caches = {node.name: node.shape for node in self._session.get_inputs()}
        self._fixed = isinstance(caches["key_0"][2], int)
        self._rows, self._room = 0, 0

    def _allocate(self, rows: int) -> None:
        self._rows, self._arrays = rows, []
        self._make_room(self.max_positions if self._fixed else _ROOM)

    def _reserve(self, positions: int) -> None:
        """See to it that the caches hold so many positions of a row."""
        if positions > self._room:
            self._make_room(min(self.max_positions, -(-positions // _ROOM) * _ROOM))

    def _make_room(self, positions: int) -> None:
        """Make caches of this length, and carry over what the present ones hold."""
        shape = (self._rows, self._shape.heads, positions, self._shape.head_dim)
        self._caches, self._bindings, self._room = [], {}, positions
        before, self._arrays = self._arrays, []
        for _ in _cache_names(self._shape.layers):
            values = np.zeros(shape, dtype=self._shape.dtype)
            if before:
                # Taken out of the list, so that no more than one cache is there twice.
                held = before.pop(0)
                values[:, :, : held.shape[2]] = held
            self._arrays.append(values)
        _, self._caches = self._bound(0, self._rows)

    def _bound(self, first: int, rows: int) -> tuple[Any, list[ort.OrtValue]]:
        """Give the binding of these neighbouring rows' caches, which lie in one piece."""
        if (first, rows) not in self._bindings:
            # Held beside the binding: it keeps a value, but not the numpy memory that the value stands on.
            parts = [values[first : first + rows] for values in self._arrays]
            caches = [ort.OrtValue.ortvalue_from_numpy(part) for part in parts]
            binding = self._session.io_binding()
            for name, cache in zip(_cache_names(self._shape.layers), caches, strict=True):
                binding.bind_ortvalue_input(name, cache)
                binding.bind_ortvalue_output(f"{name}_out", cache)
            self._bindings[first, rows] = binding, caches
        return self._bindings[first, rows]

    def _run(self, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        return self._run_part(0, ids, write, keep)

    def _run_part(self, first: int, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        self._reserve(int(write.max()) + ids.shape[1])
        binding, _ = self._bound(first, len(ids))
        # Every array stays in a local name until the run is over, for the same reason as there.
        logits = ort.OrtValue.ortvalue_from_numpy(
            np.empty((len(ids), keep, self.vocabulary_size), dtype=np.float32)
        )
        inputs = {"ids": ids, "write": write, "keep": np.array([keep], dtype=np.int64)}
        for name, values in inputs.items():
            binding.bind_cpu_input(name, values)
        binding.bind_ortvalue_output("logits", logits)
        self._session.run_with_iobinding(binding)
        # A copy in any version: before 1.30 `numpy` gave a view of memory that dies with the value.
        result: Logits = np.array(logits.numpy())
        return result


class OnnxImageModel:
    """The film tokenizer's two graphs; the decoder is loaded when it is first asked for."""

    # Bundles and builds hold it in no other precision.
    arithmetic = "float32 on the CPU"

    def __init__(self, encoder: Path, decoder: Path, threads: int) -> None:
        self._threads = threads
        self._encoder = open_session(encoder, threads)
        self._decoder_path = decoder
        self._decoder: ort.InferenceSession | None = None

    def encode(self, films: Films) -> Codes:
        """Turn films [B, 1, side, side] in [-1, 1] into codes [B, 256]."""
        codes: Codes = self._encoder.run(["codes"], {"film": np.ascontiguousarray(films, dtype=np.float32)})[
            0
        ]
        return codes

    def decode(self, codes: Codes) -> Films:
        """Turn codes [B, 256] into films [B, 1, side, side] in [-1, 1]."""
        if self._decoder is None:
            self._decoder = open_session(self._decoder_path, self._threads)
        films: Films = self._decoder.run(["film"], {"codes": np.ascontiguousarray(codes, dtype=np.int64)})[0]
        return films


def load(bundle: Bundle, threads: int) -> tuple[OnnxLanguageModel, OnnxImageModel]:
    """Open the bundle's graphs on the CPU; raise BackendError for one that this runtime refuses."""
    layout = bundle.manifest.vocabulary
    language = OnnxLanguageModel(
        bundle.path("lm.onnx"), bundle.manifest.language_model, layout.text_size + layout.codes, threads
    )
    if bundle.manifest.language_model.dtype == "float32":
        language.verify_tolerance = FLOAT32_TOLERANCE
    return language, bundle_images(bundle, threads)


def bundle_images(bundle: Bundle, threads: int) -> OnnxImageModel:
    """Open a bundle's film tokenizer."""
    return OnnxImageModel(bundle.path(ENCODER), bundle.path(DECODER), threads)


def built_language(folder: Path, manifest: BuildManifest, threads: int) -> OnnxLanguageModel:
    """Open a build's language graph; raise BackendError where this runtime refuses it."""
    language = OnnxLanguageModel(folder / LANGUAGE, manifest.shape, manifest.vocabulary_size, threads)
    if manifest.precision == "float32":
        language.verify_tolerance = FLOAT32_TOLERANCE
    return language


def built_images(folder: Path, threads: int) -> OnnxImageModel:
    """Open the film tokenizer in an imported model's build."""
    return OnnxImageModel(folder / ENCODER, folder / DECODER, threads)


def open_session(path: Path, threads: int) -> ort.InferenceSession:
    """Open one graph on the CPU with `threads` threads; raise BackendError where it can't be."""
    try:
        return ort.InferenceSession(str(path), session_options(threads), providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
        raise BackendError(
            f"ONNX Runtime {ort.__version__} can't open {path.name}: {error}. "
            "Install a newer onnxruntime, or take the bundle from its source again."
        ) from error


def session_options(threads: int) -> ort.SessionOptions:
    """Give the options of every session: so many threads, no spinning, nothing logged but errors."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A spinning pool takes the cores from whoever shares the machine, and wins nothing at this size.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _cache_names(layers: int) -> list[str]:
    return [f"{kind}_{layer}" for layer in range(layers) for kind in ("key", "value")]


def _check_names(session: ort.InferenceSession, path: Path, shape: LanguageModelShape) -> None:
    caches = _cache_names(shape.layers)
    expected = {"ids", "write", "keep", *caches}, {"logits", *(f"{name}_out" for name in caches)}
    found = {node.name for node in session.get_inputs()}, {node.name for node in session.get_outputs()}
    for wanted, present in zip(expected, found, strict=True):
        different = sorted(wanted ^ present)
        if different:
            raise BackendError(
                f"{path.name} and the manifest disagree about the tensor {different[0]!r} of a model with "
                f"{shape.layers} layers. Export the bundle again."
            )
