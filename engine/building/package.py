"""A whole model's build: its language graph, and the film graphs where it has none of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.building.build import Track, WriteFilmGraphs, build_language_graph, silent
from engine.building.sources import source_of
from engine.builds import cpu_precision, onnxruntime_key
from engine.bundle import Bundle
from engine.imported import ImportedBundle


def build_package(
    package: Bundle | ImportedBundle,
    precision: str,
    builds: Path,
    track: Track[Callable[[], None]] = silent,
) -> Path:
    """Build a model for ONNX Runtime on the CPU and give the build's folder.

    Raises BackendError for a precision that the CPU has no builds of, and what `build_language_graph` raises.
    """
    key = onnxruntime_key(package.manifest.weights_sha256, cpu_precision(precision))
    source = source_of(package)
    return build_language_graph(builds, key, source.sizes, source.weights, film_graphs_of(package), track)


def film_graphs_of(package: Bundle | ImportedBundle) -> WriteFilmGraphs | None:
    """Give what writes a model's film graphs, None for one that has its own.

    torch, which it needs, is only loaded when it is called: when the graphs aren't there yet.
    """
    return partial(_film_graphs, package) if isinstance(package, ImportedBundle) else None


def _film_graphs(package: ImportedBundle, encoder: Path, decoder: Path) -> None:
    from engine.building.film_graphs import write_film_graphs

    write_film_graphs(package, encoder, decoder)
