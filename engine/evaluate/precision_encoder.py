"""The film tokenizer's encoder in bfloat16 against float32: how many of a film's 256 codes stay the same.

Convolutions and attention are computed in bfloat16 (torch's autocast); norms and the search in the codebook stay in
float32, as an encoder in bfloat16 would be built.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import onnx
import onnx.utils

from engine.bundle import Bundle
from engine.data.manifest import FilmRow
from engine.evaluate.cohort import FilmReader, read_film
from engine.preprocess import Film, film_from_file
from engine.progress import track
from engine.runtime.backend import Codes
from engine.runtime.onnx_backend import bundle_images

FILMS = 100
FLOAT32, BFLOAT16, ONNXRUNTIME = "torch float32", "torch bfloat16", "onnxruntime float32"


def encoder_figures(
    bundle: Bundle, rows: Sequence[FilmRow], read: FilmReader | None = None, threads: int = 1
) -> dict[str, Any]:
    """Give for each way of encoding `same_codes`, `same_films` (all 256 codes) and `seconds_per_film` (the median).

    Of up to 100 films, taken evenly; each is encoded every way in turn.
    """
    spec = bundle.preprocessing
    some = rows[:: max(1, -(-len(rows) // FILMS))]
    reader = read or (lambda path: film_from_file(path, spec))
    with TemporaryDirectory() as folder:
        ways = {
            **_torch_ways(bundle.path("encoder.onnx"), Path(folder)),
            ONNXRUNTIME: bundle_images(bundle, threads).encode,
        }
        codes: dict[str, list[Codes]] = {name: [] for name in ways}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for row in track(some, "films encoded each way"):
            film = read_film(row, reader)[None]
            for name, encode in ways.items():
                begun = perf_counter()
                codes[name].append(encode(film)[0])
                seconds[name].append(perf_counter() - begun)
    truth = np.array(codes[FLOAT32])
    figures: dict[str, Any] = {"films": len(some), "reference": FLOAT32}
    for name in ways:
        same = np.array(codes[name]) == truth
        figures[name] = {
            "same_codes": float(same.mean()),
            "same_films": float(same.all(axis=1).mean()),
            "seconds_per_film": median(seconds[name]),
        }
    return figures


def _torch_ways(encoder: Path, folder: Path) -> dict[str, Callable[[Film], Codes]]:
    """Open the encoder's graph in torch, cut before the search in the codebook, in both precisions."""
    import torch

    from engine.runtime.torch_graph import TorchGraph

    # The search is the last matrix product: vectors of the film by vectors of the codebook.
    search = [node for node in onnx.load(str(encoder)).graph.node if node.op_type == "MatMul"][-1]
    vectors = search.input[0]
    parts = {"before": (["film"], [vectors]), "search": ([vectors], ["codes"])}
    graphs = {}
    for name, (inputs, outputs) in parts.items():
        onnx.utils.extract_model(str(encoder), str(folder / f"{name}.onnx"), inputs, outputs)
        graphs[name] = TorchGraph(folder / f"{name}.onnx")

    def encode(film: Film, half: bool) -> Codes:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            found = graphs["before"].run({"film": torch.tensor(film, dtype=torch.float32)})[vectors]
        codes: Codes = graphs["search"].run({vectors: found.float()})["codes"].numpy()
        return codes.reshape(1, -1)

    return {FLOAT32: lambda film: encode(film, False), BFLOAT16: lambda film: encode(film, True)}
