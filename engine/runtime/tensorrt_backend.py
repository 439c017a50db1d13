"""A model on an NVIDIA GPU: engines that TensorRT compiled of it, in either flavour.

Every cache lies on the GPU and is bound as input and as output of the same engine, so a step writes its keys and
values in place. Single steps and longer inputs have a profile each. Not here: sampling, and any knowledge of what the
ids mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import BackendError
from engine.runtime.backend import Codes, Films, Ids, Logits
from engine.runtime.bounded_rows import BoundedRows
from engine.runtime.cuda import Buffer, Gpu, current_gpu
from engine.runtime.loaded_engine import LoadedEngine
from engine.runtime.tensorrt_module import import_flavour, named
from engine.tensorrt_builds import (
    DATACENTRE,
    DECODER_ENGINE,
    ENCODER_ENGINE,
    EXTRAS,
    LANGUAGE_ENGINE,
    RTX,
    EngineManifest,
    Flavour,
    Limits,
    devices_of,
    flavour_of,
    in_order,
    load_engines,
)

STEP, READ = 0, 1
_JIT_CACHE = "{}.jit"


def available(flavour: Flavour) -> str:
    """Say why this flavour can't run here, in a sentence for people; an empty text where it can."""
    try:
        trt = import_flavour(flavour)
        return _unfit(flavour, trt, current_gpu())
    except BackendError as error:
        return str(error)


def best_flavour() -> tuple[Flavour | None, str]:
    """Give the flavour that runs here, RTX before the other, with its name; or None and why neither does."""
    reasons = []
    for flavour in (RTX, DATACENTRE):
        reason = available(flavour)
        if not reason:
            return flavour, describe(flavour)
        reasons.append(reason)
    return None, " ".join(dict.fromkeys(reasons))


def describe(flavour: Flavour) -> str:
    """Name an available flavour, its version and the GPU, for the reason of a choice."""
    gpu = current_gpu()
    return f"{named(flavour, import_flavour(flavour))} on the {gpu.name} ({gpu.device})"


class TensorRTLanguageModel(BoundedRows):
    """The language model's engine with one in-place cache per layer and row on the GPU."""

    def __init__(self, engine: LoadedEngine, limits: Limits) -> None:
        caches = sorted(name for name in engine.inputs if name.startswith(("key_", "value_")))
        _check_names(engine, caches)
        super().__init__(engine.shape("logits")[2], engine.shape("key_0")[2])
        self.most_rows, self.most_ids, self.most_kept = limits.rows, limits.count, limits.keep
        self._engine = engine
        self._names = caches

    def _allocate(self, rows: int) -> None:
        for name in self._names:
            shape = (rows, *self._engine.shape(name)[1:])
            cache = Buffer(int(np.prod(shape)) * self._engine.bytes_each(name))
            # What lies there must be numbers: a masked position counts nothing times what it holds.
            self._engine.stream.clear(cache)
            self._engine.bind(name, cache, shape)
            self._engine.bind(f"{name}_out", cache)
        self._engine.stream.wait()

    def _call(self, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        inputs = {"ids": ids, "write": write, "keep": np.array([keep], dtype=np.int64)}
        shape = (len(ids), keep, self.vocabulary_size)
        profile = STEP if ids.shape[1] == 1 else READ
        logits: Logits = self._engine.run(profile, inputs, {"logits": shape})["logits"]
        return logits


class TensorRTImageModel:
    """The film tokenizer's two engines; the decoder is loaded when it is first asked for."""

    def __init__(self, folder: Path, flavour: Flavour, limits: Limits, jit: bool = True) -> None:
        self._folder, self._flavour, self._jit = folder, flavour, jit
        self._most = limits.films
        self._encoder = self._open(ENCODER_ENGINE)
        # Built exactly so, whatever the language model's precision (engine.building.tensorrt_engine).
        self.arithmetic = f"float32 by {flavour} on {current_gpu().device}"
        self._decoder: LoadedEngine | None = None

    def encode(self, films: Films) -> Codes:
        """Turn films [B, C, side, side] in [-1, 1] into codes [B, 256]."""
        return self._in_parts(self._encoder, "film", films, "codes")

    def decode(self, codes: Codes) -> Films:
        """Turn codes [B, 256] into films [B, C, side, side] in [-1, 1]."""
        if self._decoder is None:
            self._decoder = self._open(DECODER_ENGINE)
        return self._in_parts(self._decoder, "codes", codes, "film")

    def _in_parts(self, engine: LoadedEngine, name: str, values: NDArray[Any], output: str) -> NDArray[Any]:
        parts = [values[start : start + self._most] for start in range(0, len(values), self._most)]
        shape = engine.shape(output)[1:]
        return np.concatenate(
            [engine.run(0, {name: part}, {output: (len(part), *shape)})[output] for part in parts]
        )

    def _open(self, name: str) -> LoadedEngine:
        return LoadedEngine(self._folder / name, self._flavour, _jit_cache(self._folder / name, self._jit))


def load(
    folder: Path, jit: bool = True, capture: bool = False
) -> tuple[TensorRTLanguageModel, TensorRTImageModel]:
    """Open a build of engines on the GPU, every file compared with its hash before.

    `jit` keeps the kernels that the RTX flavour compiles beside the engines; `capture` records its single steps as a
    CUDA graph. Raises BundleError for a build that was changed, BackendError where it can't run here.
    """
    manifest = load_engines(folder)
    flavour = flavour_of(manifest.runtime)
    reason = available(flavour) or _other(manifest, current_gpu(), import_flavour(flavour).__version__)
    if reason:
        raise BackendError(reason)
    path = folder / LANGUAGE_ENGINE
    engine = LoadedEngine(path, flavour, _jit_cache(path, jit), (STEP,) if capture else ())
    return (
        TensorRTLanguageModel(engine, manifest.limits),
        TensorRTImageModel(folder, flavour, manifest.limits, jit),
    )


def _jit_cache(engine: Path, jit: bool) -> Path | None:
    return engine.with_name(_JIT_CACHE.format(engine.name)) if jit else None


def _unfit(flavour: Flavour, trt: Any, gpu: Gpu) -> str:
    """Say why this GPU isn't one of the flavour's; the full TensorRT finds that out when it builds."""
    if flavour != RTX:
        return ""
    known = in_order(name.lower() for name in trt.ComputeCapability.__members__ if name.startswith("SM"))
    if gpu.device in known:
        return ""
    return (
        f"{named(flavour, trt)} builds for {', '.join(known)}, and the {gpu.name} here is {gpu.device}. For a "
        f"data-centre card install the extra {EXTRAS[DATACENTRE]!r}."
    )


def _other(manifest: EngineManifest, gpu: Gpu, version: str) -> str:
    """Say where engines were built for another GPU or version than the ones here."""
    if version != manifest.runtime_version:
        return (
            f"The engines were built with {manifest.runtime} {manifest.runtime_version}, installed is {version}. "
            "Build the model again."
        )
    if gpu.device not in devices_of(manifest.device):
        return (
            f"The engines were built for {manifest.device}, and the {gpu.name} here is {gpu.device}. Build the model "
            "again for this GPU."
        )
    return ""


def _check_names(engine: LoadedEngine, caches: list[str]) -> None:
    layers = len(caches) // 2
    wanted = {f"{kind}_{number}" for number in range(layers) for kind in ("key", "value")}
    inputs = {"ids", "write", "keep", *wanted}
    outputs = {"logits", *(f"{name}_out" for name in wanted)}
    different = sorted((inputs ^ engine.inputs) | (outputs ^ engine.outputs))
    if not layers or different:
        raise BackendError(
            f"{engine.path} isn't an engine of a language graph: it differs at {(different or ['key_0'])[0]!r}. "
            "Build the model again."
        )
