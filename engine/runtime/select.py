"""Which runtime a bundle runs on, and why.

ONNX Runtime on the CPU is the default; torch is the reference and is imported only when asked for by name. An
imported model has no graphs and always runs in torch, with transformers.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.bundle import Bundle
from engine.errors import BackendError
from engine.imported import ImportedBundle
from engine.runtime.backend import ImageBackend, LanguageBackend

if TYPE_CHECKING:
    from engine.guard import Guard

AUTO = "auto"
ONNXRUNTIME = "onnxruntime"
TORCH = "torch"
NAMES = (AUTO, ONNXRUNTIME, TORCH)


@dataclass(frozen=True)
class Backends:
    """The opened runtimes, their name, and the sentence that says why they were chosen.

    `guard` is the small classifier beside the model, where the bundle has one.
    """

    language: LanguageBackend
    images: ImageBackend
    name: str
    reason: str
    guard: Guard | None = None


def default_threads() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_backends(bundle: Bundle, name: str = AUTO, threads: int | None = None) -> Backends:
    """Open the bundle on the named runtime; raise BackendError where it isn't there."""
    threads = _checked_threads(threads)
    if name == TORCH:
        return _torch(bundle, threads)
    if name in (AUTO, ONNXRUNTIME):
        return _onnxruntime(bundle, threads, asked=name == ONNXRUNTIME)
    raise BackendError(f"There is no runtime {name!r}. Use one of {', '.join(NAMES)}.")


def open_imported(
    bundle: ImportedBundle, name: str = AUTO, threads: int | None = None, language_model: bool = True
) -> Backends:
    """Open an imported model in torch, or with `language_model` false its film tokenizer alone.

    Raises BackendError where torch isn't there or another runtime was asked for.
    """
    if name not in (AUTO, TORCH):
        raise BackendError(
            f"The runtime {name!r} can't run the imported model {bundle.manifest.name}: it has no graphs. Leave "
            f"the runtime at {AUTO!r}, or export the model as a bundle."
        )
    threads = _checked_threads(threads)
    try:
        import torch

        from engine.runtime import hf_backend
    except ModuleNotFoundError as error:
        raise BackendError(
            f"An imported model needs {error.name}, which isn't installed. Install the extra 'train'."
        ) from error
    torch.set_num_threads(threads)
    if not language_model:
        images_alone = hf_backend.load_images(bundle)
        return Backends(hf_backend.NoLanguageModel(bundle), images_alone, TORCH, "for films alone")
    language, images, how = hf_backend.load(bundle)
    reason = f"torch {torch.__version__}, {how}, {threads} thread(s), for an imported model"
    return Backends(language, images, TORCH, reason)


def _checked_threads(threads: int | None) -> int:
    threads = default_threads() if threads is None else threads
    if threads < 1:
        raise BackendError(f"{threads} threads were asked for. Use at least 1.")
    return threads


def _onnxruntime(bundle: Bundle, threads: int, asked: bool) -> Backends:
    import onnxruntime

    from engine.guard import open_guard
    from engine.runtime import onnx_backend

    language, images = onnx_backend.load(bundle, threads)
    why = "as asked" if asked else "the default"
    reason = f"ONNX Runtime {onnxruntime.__version__} on the CPU, {threads} thread(s), {why}"
    return Backends(language, images, ONNXRUNTIME, reason, open_guard(bundle, threads))


def _torch(bundle: Bundle, threads: int) -> Backends:
    try:
        import torch

        from engine.guard import open_guard
        from engine.runtime import torch_backend
    except ModuleNotFoundError as error:
        raise BackendError(
            f"The torch runtime needs {error.name}, which isn't installed. "
            "Install the extra 'train', or leave the runtime at 'auto'."
        ) from error
    torch.set_num_threads(threads)
    language, images = torch_backend.load(bundle)
    reason = f"torch {torch.__version__} on the CPU, {threads} thread(s), as asked"
    return Backends(language, images, TORCH, reason, open_guard(bundle, threads))
