"""The demonstration model's language graphs for TensorRT, and ONNX Runtime on the very bytes that are parsed."""

from __future__ import annotations

from pathlib import Path

from engine.building.build import build_language_graph
from engine.building.sources import source_of
from engine.building.tensorrt_engine import with_positions
from engine.builds import GRAPH_VERSION, BuildKey, Precision
from engine.bundle import Bundle, LanguageModelShape
from engine.runtime.onnx_backend import OnnxLanguageModel


def language_graph(bundle: Bundle, folder: Path, precision: Precision) -> Path:
    """Write the language graph of a precision and give its path."""
    source = source_of(bundle)
    key = BuildKey(bundle.manifest.weights_sha256, precision, "onnx", GRAPH_VERSION)
    return build_language_graph(folder, key, source.sizes, source.weights) / "lm.onnx"


def parsed_file(graph: Path, positions: int) -> Path:
    """Write what TensorRT's parser is given as a file beside the graph, whose weights it refers to."""
    path = graph.with_name(f"lm.{positions}.onnx")
    path.write_bytes(with_positions(graph, positions))
    return path


def in_onnx_runtime(bundle: Bundle, file: Path, positions: int) -> OnnxLanguageModel:
    """Open a float16 graph on the CPU, each cache bound as input and output in one place."""
    shape = bundle.manifest.language_model
    layout = bundle.manifest.vocabulary
    half = LanguageModelShape(
        layers=shape.layers,
        heads=shape.heads,
        head_dim=shape.head_dim,
        max_positions=positions,
        opset=shape.opset,
        dtype="float16",
    )
    return OnnxLanguageModel(file, half, layout.text_size + layout.codes, threads=1)
