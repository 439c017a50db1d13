"""A bundle's language model on every runtime and precision that is here, for comparing them with the reference.

torch in float32 is the reference; a build that a runtime can't open is told with its reason.
"""

from collections.abc import Iterator
from pathlib import Path

from engine.building.build import build_language_graph
from engine.building.sources import source_of
from engine.builds import CPU_PRECISIONS, CpuPrecision, load_build, onnxruntime_key
from engine.bundle import Bundle
from engine.errors import EngineError
from engine.runtime.backend import LanguageBackend
from engine.runtime.onnx_backend import OnnxLanguageModel, built_language
from engine.runtime.rows import FLOAT32_TOLERANCE, RowBatch

REFERENCE = "torch float32"
SHIPPED = "onnxruntime, shipped graph"


def built(bundle: Bundle, precision: CpuPrecision, builds: Path) -> Path:
    """Build a bundle's language model for ONNX Runtime, or find it whole; give the build's folder."""
    source = source_of(bundle)
    key = onnxruntime_key(bundle.manifest.weights_sha256, precision)
    return build_language_graph(builds, key, source.sizes, source.weights)


def opened_build(folder: Path, threads: int) -> OnnxLanguageModel:
    """Open a build's language model on the CPU, its files compared with their hashes."""
    return built_language(folder, load_build(folder), threads)


def backends(bundle: Bundle, builds: Path, threads: int) -> Iterator[tuple[str, LanguageBackend | str]]:
    """Give each runtime and precision by its name, the reference first: opened, or the reason why it can't be.

    Each is opened when it is asked for, so that one is in memory at a time.
    """
    yield REFERENCE, _reference(bundle, threads)
    yield SHIPPED, _shipped(bundle, threads)
    for precision in CPU_PRECISIONS:
        try:
            found: LanguageBackend | str = opened_build(built(bundle, precision, builds), threads)
        except EngineError as error:
            found = str(error)
        yield f"onnxruntime {precision}", found


def _reference(bundle: Bundle, threads: int) -> RowBatch:
    import torch

    from engine.runtime.torch_backend import TorchLanguageModel

    torch.set_num_threads(threads)
    return TorchLanguageModel(bundle.path("lm.onnx"), bundle.manifest.language_model, bundle.vocabulary.size)


def _shipped(bundle: Bundle, threads: int) -> OnnxLanguageModel:
    language = OnnxLanguageModel(
        bundle.path("lm.onnx"), bundle.manifest.language_model, bundle.vocabulary.size, threads
    )
    language.verify_tolerance = FLOAT32_TOLERANCE
    return language
