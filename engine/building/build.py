"""`llmcxr model build`: from a model's weights to the graphs that one runtime runs in one precision.

A build is made in a folder beside its place and moved there when it is whole; whoever starts the same build again
goes on where the last one stopped, and gets the same bytes. What a build is and how it is checked: engine.builds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import onnx

from engine.building.neox import NeoXGraph, NeoXSizes, Weights
from engine.building.place import entries_of, made_in_place
from engine.building.room import check_disk, check_memory
from engine.building.tensor_file import TensorFile
from engine.builds import DECODER, ENCODER, FORMAT, LANGUAGE, MANIFEST, BuildKey, load_build
from engine.safe_write import replacing, write_json

Item = TypeVar("Item")
# Shows how far a list of pieces is while it is worked off: engine.progress.track, or nothing.
Track = Callable[[Iterable[Item], str, int, int], Iterator[Item]]
# Writes encoder.onnx and decoder.onnx into a folder.
WriteFilmGraphs = Callable[[Path, Path], None]

# Holds the tensors.
_DATA = f"{LANGUAGE}.data"


def silent(items: Iterable[Item], what: str, total: int, done: int) -> Iterator[Item]:
    """Work a list off and show nothing."""
    yield from items


def build_language_graph(
    builds: Path,
    key: BuildKey,
    sizes: NeoXSizes,
    weights: Weights,
    film_graphs: WriteFilmGraphs | None = None,
    track: Track[Callable[[], None]] = silent,
) -> Path:
    """Make the graphs of a key, or find them whole; give their folder.

    `film_graphs` writes the film tokenizer's, for a model that has none of its own. Raises ExportError where the disk
    or the memory is too small or another process makes the same build, CheckpointError for weights that don't fit.
    """

    def make(part: Path) -> tuple[str, ...]:
        check_disk(part, _disk(sizes))
        check_memory(_memory(sizes))
        if film_graphs is not None:
            _write_film_graphs(part, film_graphs)
        _write_language_graph(part, key, sizes, weights, track)
        names = (LANGUAGE, _DATA) if film_graphs is None else (LANGUAGE, _DATA, ENCODER, DECODER)
        entries = entries_of(part, sorted(names))
        write_json(
            part / MANIFEST, {"format": FORMAT, **asdict(key), "sizes": asdict(sizes), "files": entries}
        )
        return names

    return made_in_place(builds, key, load_build, make)


def _write_language_graph(
    part: Path, key: BuildKey, sizes: NeoXSizes, weights: Weights, track: Track[Callable[[], None]]
) -> None:
    with TensorFile(part / _DATA) as file:
        graph = NeoXGraph(sizes, key.precision, weights, file)
        pieces = graph.pieces()
        left = [piece.store for piece in pieces if not piece.stored]
        for store in track(left, f"{key.precision} tensors", len(pieces), len(pieces) - len(left)):
            store()
        model = graph.model()
    with replacing(part / LANGUAGE) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(str(part / LANGUAGE))


def _write_film_graphs(part: Path, film_graphs: WriteFilmGraphs) -> None:
    """Write both under other names first: a name is only there when its file is whole."""
    if (part / ENCODER).exists() and (part / DECODER).exists():
        return
    unfinished = part / f"{ENCODER}.tmp", part / f"{DECODER}.tmp"
    film_graphs(*unfinished)
    for path, name in zip(unfinished, (ENCODER, DECODER), strict=True):
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        path.replace(part / name)


def _matrices(sizes: NeoXSizes) -> int:
    return sizes.layers * (4 * sizes.hidden**2 + 2 * sizes.hidden * sizes.inner)


def _disk(sizes: NeoXSizes) -> int:
    """Count a build's bytes: its weights in float32 at most."""
    return 4 * (_matrices(sizes) + 2 * sizes.vocabulary * sizes.hidden)


def _memory(sizes: NeoXSizes) -> int:
    """Count what rounding takes: the largest weight four times in float32."""
    return 16 * sizes.hidden * max(sizes.vocabulary, sizes.inner)
