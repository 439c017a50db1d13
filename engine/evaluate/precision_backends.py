"""A bundle's language model on every runtime and precision that is here, for comparing them with the reference.

torch in float32 is the reference; what can't be built or opened is told with its reason. transformers in bfloat16 and
the hybrid that reads prompts by it are runtimes of imported models: a bundle gets them here alone, from its weights.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.building.build import build_language_graph
from engine.building.sources import source_of
from engine.building.weights import own_name
from engine.builds import CPU_PRECISIONS, CpuPrecision, load_build, onnxruntime_key
from engine.bundle import Bundle
from engine.errors import EngineError
from engine.runtime.backend import LanguageBackend
from engine.runtime.onnx_backend import OnnxLanguageModel, built_language
from engine.runtime.rows import FLOAT32_TOLERANCE, RowBatch

if TYPE_CHECKING:
    from transformers import GPTNeoXForCausalLM

REFERENCE = "torch float32"
SHIPPED = "onnxruntime, shipped graph"
TRANSFORMERS = "transformers bfloat16"


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
    ways: dict[str, Callable[[], LanguageBackend]] = {}
    for precision in CPU_PRECISIONS:
        ways[f"onnxruntime {precision}"] = partial(_built, bundle, precision, builds, threads)
    ways[TRANSFORMERS] = partial(_transformers, bundle)
    for precision in CPU_PRECISIONS:
        ways[f"hybrid {precision}"] = partial(_hybrid, bundle, precision, builds, threads)
    for name, open_way in ways.items():
        try:
            found: LanguageBackend | str = open_way()
        except EngineError as error:
            found = str(error)
        yield name, found


def bfloat16_network(bundle: Bundle) -> "GPTNeoXForCausalLM":
    """Give a bundle's language model as transformers computes it in bfloat16.

    Raises ExportError or CheckpointError where the bundle's graph doesn't hold the weights of such a network.
    """
    import torch

    from engine.lm.model import LanguageModelConfig, build

    source = source_of(bundle)
    sizes = source.sizes
    network = build(
        LanguageModelConfig(
            vocabulary=sizes.vocabulary, hidden=sizes.hidden, layers=sizes.layers, heads=sizes.heads,
            max_positions=sizes.max_positions, rotary_share=sizes.rotary / (sizes.hidden // sizes.heads),
            rotary_base=sizes.rotary_base, layer_norm_eps=sizes.epsilon,
        )
    )  # fmt: skip
    # The angles of positions are no parameters and stay in float32, as where transformers loads in bfloat16 itself.
    for name, tensor in network.named_parameters():
        weight = source.weights.read(own_name(name), tuple(tensor.shape))
        tensor.data = torch.from_numpy(weight).bfloat16()
    return network.eval()


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


def _built(bundle: Bundle, precision: CpuPrecision, builds: Path, threads: int) -> LanguageBackend:
    return opened_build(built(bundle, precision, builds), threads)


def _transformers(bundle: Bundle) -> LanguageBackend:
    from engine.runtime.hf_backend import HuggingFaceLanguageModel

    positions = bundle.manifest.language_model.max_positions
    return HuggingFaceLanguageModel(bfloat16_network(bundle), bundle.vocabulary.size, positions)


def _hybrid(bundle: Bundle, precision: CpuPrecision, builds: Path, threads: int) -> LanguageBackend:
    from engine.runtime.hybrid_backend import HybridLanguageModel

    folder = built(bundle, precision, builds)
    return HybridLanguageModel(folder, load_build(folder), bfloat16_network(bundle), threads)
