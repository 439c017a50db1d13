"""A whole model's build for an NVIDIA GPU: its language graph in half precision, and engines of all its graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from engine.building.build import Track, WriteFilmGraphs, build_language_graph, silent
from engine.building.sources import source_of
from engine.building.tensorrt_engine import Graphs, Progress, build_engines, engine_key
from engine.builds import DECODER, ENCODER, GRAPH_VERSION, LANGUAGE, BuildKey
from engine.bundle import Bundle
from engine.errors import ExportError
from engine.imported import ImportedBundle
from engine.tensorrt_builds import RTX, USUAL, Flavour, Limits

# What the graph that engines are built from says as its runtime: ONNX Runtime's CPU side isn't meant.
GRAPH_RUNTIME = "onnx"


def build_for_gpu(
    package: Bundle | ImportedBundle,
    builds: Path,
    precision: Literal["float16", "bfloat16"],
    flavour: Flavour = RTX,
    devices: Sequence[str] | None = None,
    limits: Limits | None = None,
    film_graphs: WriteFilmGraphs | None = None,
    progress: Progress | None = None,
    track: Track[Callable[[], None]] = silent,
) -> Path:
    """Build a model's engines for these compute capabilities (see `engine_key`) and give the build's folder.

    Without limits they are the usual ones, cut to the model's positions. `film_graphs` writes the film tokenizer's
    graphs of a model that has none of its own. The language graph stays beside the engines as a build of its own:
    other GPUs and limits start from it; `track` shows how far it is, `progress` the engines. Raises ExportError and
    BackendError as `engine_key` and `build_engines` do.
    """
    source = source_of(package)
    most = source.sizes.max_positions
    limits = limits or Limits(
        rows=USUAL.rows, count=min(USUAL.count, most), positions=min(USUAL.positions, most), films=USUAL.films
    )
    weights = package.manifest.weights_sha256
    # First what can be refused at once: the graph takes minutes.
    key = engine_key(weights, precision, flavour, devices, limits)
    limits.check(most)
    graph = build_language_graph(
        builds,
        BuildKey(weights, precision, GRAPH_RUNTIME, GRAPH_VERSION),
        source.sizes,
        source.weights,
        film_graphs,
        track,
    )
    films = package.folder if isinstance(package, Bundle) else graph
    for name in (ENCODER, DECODER):
        if not (films / name).is_file():
            raise ExportError(
                f"{package.manifest.name} has no {name} to build an engine from. Build its film graphs too."
            )
    graphs = Graphs(graph / LANGUAGE, films / ENCODER, films / DECODER)
    return build_engines(builds, key, graphs, source.sizes, progress)
