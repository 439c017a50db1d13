"""Which runtime a model runs on, in which precision, and why.

A bundle's own graph in ONNX Runtime on the CPU is the default; other precisions are builds (`llmcxr model build`).
torch is the reference and is imported only where it is asked for or where an imported model needs it: without a build
such a model runs in torch, with one in ONNX Runtime, and torch reads its prompts where it is installed. A model that
engines were built of runs on the GPU where that can run them, else on the CPU, and the reason says what was missing.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.builds import (
    GPU_PRECISIONS,
    BuildManifest,
    cpu_precision,
    find_build,
    gpu_precision,
    load_build,
    onnxruntime_key,
)
from engine.bundle import Bundle
from engine.errors import BackendError
from engine.imported import ImportedBundle
from engine.runtime.backend import ImageBackend, LanguageBackend
from engine.tensorrt_builds import FLAVOURS, find_engines, flavour_of, has_engines, precision_of

if TYPE_CHECKING:
    from engine.guard import Guard

AUTO = "auto"
ONNXRUNTIME = "onnxruntime"
HYBRID = "hybrid"
TORCH = "torch"
NAMES = (AUTO, ONNXRUNTIME, HYBRID, TORCH, *FLAVOURS)
FLOAT32 = "float32"
# What imported models are built in where nobody says otherwise.
BUILT = "int8"
_GIB = 1024**3


@dataclass(frozen=True)
class Backends:
    """The opened runtimes, their name and precision, and the sentence that says why they were chosen.

    `guard` is the small classifier beside the model, where the bundle has one.
    """

    language: LanguageBackend
    images: ImageBackend
    name: str
    reason: str
    guard: Guard | None = None
    precision: str = FLOAT32


def default_threads() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_backends(
    bundle: Bundle,
    name: str = AUTO,
    threads: int | None = None,
    precision: str = AUTO,
    builds: Path | None = None,
) -> Backends:
    """Open the bundle on the named runtime; `builds` is where its builds lie.

    Raises BackendError where the runtime or the build isn't there, BundleError for a build that was changed.
    """
    threads = _checked_threads(threads)
    if name == TORCH:
        if precision not in (AUTO, FLOAT32):
            raise BackendError(f"torch computes a bundle in {FLOAT32}, {precision!r} was asked for.")
        return _torch(bundle, threads)
    if name == HYBRID:
        raise BackendError(
            f"The runtime {HYBRID!r} is for imported models; a bundle's prompts are read in ONNX Runtime. "
            f"Leave the runtime at {AUTO!r}."
        )
    _check_name(name)
    gpu = _on_gpu(bundle, name, precision, builds)
    if isinstance(gpu, Backends):
        return replace(gpu, guard=_guard(bundle, threads))
    found = _onnxruntime(bundle, threads, name == ONNXRUNTIME, precision, builds)
    return replace(found, reason=f"{found.reason}{gpu}")


def open_imported(
    bundle: ImportedBundle,
    name: str = AUTO,
    threads: int | None = None,
    language_model: bool = True,
    precision: str = AUTO,
    builds: Path | None = None,
) -> Backends:
    """Open an imported model, or with `language_model` false its film tokenizer alone.

    By itself it takes a build where there is one and torch has no GPU, and torch reads its prompts where that is
    installed and the memory holds both. Raises BackendError where a runtime or a build isn't there, BundleError for a
    build that was changed.
    """
    _check_name(name)
    threads = _checked_threads(threads)
    gpu = _on_gpu(bundle, name, precision, builds)
    if isinstance(gpu, Backends):
        return gpu if language_model else replace(gpu, language=NoLanguageModel(bundle))
    found = _imported_on_cpu(bundle, name, threads, language_model, precision, builds)
    return replace(found, reason=f"{found.reason}{gpu}")


def _imported_on_cpu(
    bundle: ImportedBundle,
    name: str,
    threads: int,
    language_model: bool,
    precision: str,
    builds: Path | None,
) -> Backends:
    if name == TORCH and precision != AUTO:
        raise BackendError(
            f"torch computes an imported model as its size asks for, {precision!r} was asked for. "
            f"Leave the precision at {AUTO!r}."
        )
    wanted = BUILT if precision == AUTO else precision
    key = onnxruntime_key(bundle.manifest.weights_sha256, cpu_precision(wanted))
    found = find_build(builds, key)
    freely = name == AUTO and precision == AUTO
    if name == TORCH or (freely and (found is None or _torch_has_gpu())):
        return _imported_torch(bundle, threads, language_model)
    if found is None:
        raise _no_build(bundle, wanted)
    if not language_model:
        return _built_images_alone(bundle, found, threads)
    return _built(bundle, found, threads, name)


def _check_name(name: str) -> None:
    if name not in NAMES:
        raise BackendError(f"There is no runtime {name!r}. Use one of {', '.join(NAMES)}.")


def _on_gpu(
    package: Bundle | ImportedBundle, name: str, precision: str, builds: Path | None
) -> Backends | str:
    """Open a model's engines; a text where they aren't used: what to add to the reason, empty without engines.

    Raises BackendError where a flavour or a precision of GPUs was asked for by name and can't be used, BundleError
    for engines that were changed.
    """
    named, exact = name in FLAVOURS, precision if precision in GPU_PRECISIONS else None
    if named and precision != AUTO:
        exact = gpu_precision(precision)
    asked = named or exact is not None
    weights = package.manifest.weights_sha256
    if name not in (AUTO, *FLAVOURS) or not (asked or (precision == AUTO and has_engines(builds, weights))):
        return ""
    from engine.runtime import cuda, tensorrt_backend, tensorrt_module

    flavour, why = tensorrt_backend.best_flavour()
    if named:
        flavour, why = flavour_of(name), tensorrt_backend.available(flavour_of(name))
    if flavour is None or (named and why):
        if asked:
            raise BackendError(why)
        return f"; its engines aren't used: {why}"
    version = str(tensorrt_module.import_flavour(flavour).__version__)
    device = cuda.current_gpu().device
    folder = find_engines(builds, flavour, version, weights, device, exact)
    if folder is None:
        none = f"no {exact or ''} engines of {package.manifest.name} for {flavour} {version} on {device}"
        what = f"Make them with `llmcxr model build --runtime {flavour}`."
        if asked:
            raise BackendError(f"There are {none}. {what}")
        return f"; there are {none}. {what}"
    try:
        language, images = tensorrt_backend.load(folder)
    except BackendError as error:
        if asked:
            raise
        return f"; its engines aren't used: {error}"
    built = precision_of(folder)
    reason = f"{tensorrt_backend.describe(flavour)}, {built}, {'as asked' if asked else 'since it is there'}"
    return Backends(language, images, flavour, reason, None, built)


def _guard(bundle: Bundle, threads: int) -> Guard | None:
    from engine.guard import open_guard

    return open_guard(bundle, threads)


def _no_build(bundle: Bundle | ImportedBundle, precision: str) -> BackendError:
    return BackendError(
        f"There is no {precision} build of {bundle.manifest.name} {bundle.manifest.version} for ONNX Runtime. "
        f"Make it with `llmcxr model build --precision {precision}`, or leave the precision at {AUTO!r}."
    )


def _built(bundle: ImportedBundle, folder: Path, threads: int, name: str) -> Backends:
    """Open an imported model's build, with torch for its prompts where that was asked for or is possible."""
    import onnxruntime

    from engine.runtime import onnx_backend

    manifest = load_build(folder)
    images = onnx_backend.built_images(folder, threads)
    runtime = f"ONNX Runtime {onnxruntime.__version__} on the CPU, {manifest.precision}, {threads} thread(s)"
    against = _against_torch(bundle, manifest)
    if name == HYBRID and against:
        raise BackendError(f"The runtime {HYBRID!r} can't be used: {against}.")
    if name == ONNXRUNTIME or against:
        language = onnx_backend.built_language(folder, manifest, threads)
        why = "as asked" if name == ONNXRUNTIME else f"which reads prompts too, since {against}"
        return Backends(language, images, ONNXRUNTIME, f"{runtime}, {why}", None, manifest.precision)
    from engine.runtime import hybrid_backend

    both = hybrid_backend.load_language(bundle, folder, manifest, threads)
    why = "as asked" if name == HYBRID else "since it is installed"
    reason = f"{runtime}; torch reads prompts in bfloat16, {why}"
    return Backends(both, images, HYBRID, reason, None, manifest.precision)


def _against_torch(bundle: ImportedBundle, manifest: BuildManifest) -> str:
    """Say what keeps torch from reading prompts beside a build, or nothing."""
    import psutil

    if any(importlib.util.find_spec(name) is None for name in ("torch", "transformers")):
        return "torch and transformers aren't installed"
    entry = bundle.manifest.language_model
    # Weights in bfloat16 beside the build, and some room for both to work in.
    needed = 2 * (entry.parameters if entry else 0) + 2 * manifest.bytes + _GIB
    free = int(psutil.virtual_memory().available)
    if needed > free:
        return f"the weights in bfloat16 and in {manifest.precision} take {needed / _GIB:.1f} GiB of memory and " \
               f"{free / _GIB:.1f} GiB are free"  # fmt: skip
    return ""


def _torch_has_gpu() -> bool:
    """Tell whether torch is installed and has a GPU, on which it is faster than any build for the CPU."""
    if importlib.util.find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


def _built_images_alone(bundle: ImportedBundle, folder: Path, threads: int) -> Backends:
    from engine.runtime import onnx_backend

    load_build(folder)
    images = onnx_backend.built_images(folder, threads)
    return Backends(NoLanguageModel(bundle), images, ONNXRUNTIME, "for films alone")


def _imported_torch(bundle: ImportedBundle, threads: int, language_model: bool) -> Backends:
    try:
        import torch

        from engine.runtime import hf_backend
    except ModuleNotFoundError as error:
        raise BackendError(
            f"An imported model without a build needs {error.name}, which isn't installed. Install the extra "
            "'train', or bring a build of it (`llmcxr model build`) from a machine that has it."
        ) from error
    torch.set_num_threads(threads)
    if not language_model:
        images_alone = hf_backend.load_images(bundle)
        return Backends(NoLanguageModel(bundle), images_alone, TORCH, "for films alone")
    language, images, how = hf_backend.load(bundle)
    reason = f"torch {torch.__version__}, {how}, {threads} thread(s), for an imported model"
    return Backends(language, images, TORCH, reason, None, how.split()[0])


def _checked_threads(threads: int | None) -> int:
    threads = default_threads() if threads is None else threads
    if threads < 1:
        raise BackendError(f"{threads} threads were asked for. Use at least 1.")
    return threads


def _onnxruntime(bundle: Bundle, threads: int, asked: bool, precision: str, builds: Path | None) -> Backends:
    import onnxruntime

    from engine.runtime import onnx_backend

    why = "as asked" if asked else "the default"
    guard = _guard(bundle, threads)
    if precision in (AUTO, FLOAT32):
        language, images = onnx_backend.load(bundle, threads)
        reason = f"ONNX Runtime {onnxruntime.__version__} on the CPU, {threads} thread(s), {why}"
        return Backends(language, images, ONNXRUNTIME, reason, guard)
    found = find_build(builds, onnxruntime_key(bundle.manifest.weights_sha256, cpu_precision(precision)))
    if found is None:
        raise _no_build(bundle, precision)
    manifest = load_build(found)
    reason = f"ONNX Runtime {onnxruntime.__version__} on the CPU, {precision}, {threads} thread(s), {why}"
    built = onnx_backend.built_language(found, manifest, threads)
    return Backends(built, onnx_backend.bundle_images(bundle, threads), ONNXRUNTIME, reason, guard, precision)


def _torch(bundle: Bundle, threads: int) -> Backends:
    try:
        import torch

        from engine.runtime import torch_backend
    except ModuleNotFoundError as error:
        raise BackendError(
            f"The torch runtime needs {error.name}, which isn't installed. "
            "Install the extra 'train', or leave the runtime at 'auto'."
        ) from error
    torch.set_num_threads(threads)
    language, images = torch_backend.load(bundle)
    reason = f"torch {torch.__version__} on the CPU, {threads} thread(s), as asked"
    return Backends(language, images, TORCH, reason, _guard(bundle, threads))


class NoLanguageModel:
    """Stands where a language model would, and tells whoever asks that it wasn't opened."""

    def __init__(self, bundle: ImportedBundle) -> None:
        self._bundle = bundle

    def __getattr__(self, name: str) -> Any:
        raise BackendError(
            f"{self._bundle.manifest.name} was opened for its films alone, without a language model ({name})."
        )
