"""TensorRT and our torch backend against Hugging Face's generate in bfloat16 on this machine's NVIDIA GPU.

    python -m benchmarks.gpu [--flavour tensorrt_rtx] [--markdown gpu.md] [--json gpu.json]

Makes a model of dolly-v2-3b's size with random weights (smaller with --hidden, --layers and --heads) and a film
tokenizer of the official size, builds their engines, and measures speed, memory and numerics: an answer and a film of
256 tokens at each batch size. `--flavour none` leaves TensorRT out. Ends with status 1 where the numerics don't hold
or nothing can be measured, with a sentence. The extras `train` and `tensorrt` or `tensorrt-datacenter` must be
installed. By calculation the full size takes 18 GB of disk, 18 GB of memory while it builds, and 14 GB of GPU memory
at batch 32 (`--reference cpu` keeps the reference in float32, 11 GB, off the GPU).

docs/gpu.md says what was measured, and on which card.
"""

from __future__ import annotations

import argparse
import copy
import datetime
import gc
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu_measures import (
    Generate,
    Speed,
    Tokens,
    backend_generate,
    film_agreement,
    film_seconds,
    forced_logits,
    hugging_face_generate,
    logit_agreement,
    smooth_films,
    speed_of,
    tasks,
)
from benchmarks.import_dolly_size import CODES, TEXT_SIZE, make_language_model
from engine.errors import BackendError, EngineError
from engine.runtime.backend import ImageBackend, LanguageBackend
from engine.runtime.tensorrt_backend import available, best_flavour
from engine.safe_write import write_json, write_text
from engine.tensorrt_builds import FLAVOURS, Flavour, Limits, flavour_of, load_engines

if TYPE_CHECKING:
    from engine.tokenizer.vqgan import VQModel

HUGGING_FACE = "Hugging Face"
TORCH = "torch backend"
TENSORRT = "TensorRT"
NO_FLAVOUR = "none"
# Where torch computes what is measured.
DEVICE = "cuda"
# A runtime may be off float32 by as much as twice what torch itself is off in bfloat16.
_ALLOWED_FACTOR = 2.0
_SAME_CODES_MIN, _FILM_DIFFERENCE_MAX = 0.995, 0.02
_FOLLOWED = 16


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print the table and write it; end with a sentence where there is no GPU or too little room."""
    arguments = _arguments(given)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as made:
        try:
            figures = measured(Path(made), _flavour(arguments.flavour), arguments)
        except EngineError as error:
            sys.exit(f"Nothing was measured: {error}")
    table = markdown(figures)
    print(table)
    if arguments.markdown:
        write_text(arguments.markdown, table)
    if arguments.json:
        write_json(arguments.json, figures)
    if not figures["hold"]:
        sys.exit("The numerics don't hold: the table says where. Don't use what is off.")


def measured(folder: Path, flavour: Flavour | None, arguments: argparse.Namespace) -> dict[str, Any]:
    """Make the model, build its engines, and measure the runtimes one after the other."""
    import torch

    from engine.lm.official import open_language_model
    from engine.runtime.cuda import current_gpu
    from engine.runtime.hf_backend import TorchTokenizer, language_backend
    from engine.runtime.tensorrt_backend import describe, load

    gpu = current_gpu()
    language_folder = folder / "language"
    parameters = make_language_model(language_folder, arguments.hidden, arguments.layers, arguments.heads)
    film_model = _film_model()
    built = None
    if flavour is not None:
        film_graphs(film_model, folder)
        built = build(folder, flavour, gpu.device, arguments)
    runs = Runs(arguments)
    positions = arguments.positions

    def torch_language(precision: torch.dtype, device: str) -> LanguageBackend:
        network = open_language_model(language_folder, precision, device)
        return language_backend(network, TEXT_SIZE + CODES, positions)

    wanted = runs.followed(torch_language(torch.float32, arguments.reference))
    reference = TorchTokenizer(film_model)
    runs.begin()
    network: Any = open_language_model(language_folder, torch.bfloat16, DEVICE)
    runs.time(HUGGING_FACE, hugging_face_generate(network))
    torch_backend = language_backend(network, TEXT_SIZE + CODES, positions)
    runs.time(TORCH, backend_generate(torch_backend))
    runs.compare(TORCH, torch_backend, wanted, TorchTokenizer(copy.deepcopy(film_model), DEVICE), reference)
    del network, torch_backend
    engines: dict[str, Any] | None = None
    if built is not None and flavour is not None:
        runs.begin()
        start = time.perf_counter()
        compiled, images = load(built[1], capture=arguments.capture)
        engines = {
            "flavour": describe(flavour),
            "precision": arguments.precision,
            "build_s": built[0],
            "bytes": load_engines(built[1]).bytes,
            "load_s": time.perf_counter() - start,
        }
        runs.time(TENSORRT, backend_generate(compiled))
        runs.compare(TENSORRT, compiled, wanted, images, reference)
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "gpu": f"{gpu.name} ({gpu.device})",
        "machine": platform.platform(),
        "torch": torch.__version__,
        "parameters": parameters,
        "engines": engines,
        "speeds": [asdict(speed) for speed in runs.speeds],
        "numerics": runs.numerics,
        "hold": all(holds(entry, runs.numerics[TORCH]) for entry in runs.numerics.values()),
    }


class Runs:
    """The same tasks for one runtime after the other, what each took, and how near each came to float32."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.speeds: list[Speed] = []
        self.numerics: dict[str, dict[str, Any]] = {}
        self._tasks = tasks(TEXT_SIZE, CODES, arguments.tokens)
        self._batches, self._repeats = arguments.batches, arguments.repeats
        self._rows = self._tasks[0].prompts(4, TEXT_SIZE)
        self._follow = np.random.default_rng(1).integers(0, TEXT_SIZE, (len(self._rows), _FOLLOWED))
        self._films = smooth_films(4, 3, 256)
        self._said: dict[tuple[str, str, int], Tokens] = {}
        self._before = 0

    def begin(self) -> None:
        """Count the GPU's memory from here on; what was deleted is given back first."""
        from engine.runtime.cuda import memory_used

        _forget()
        self._before = memory_used()

    def followed(self, language: LanguageBackend) -> NDArray[np.float32]:
        """Give the logits of a runtime that is told what to say."""
        return forced_logits(language, self._rows, self._follow)

    def time(self, runtime: str, generate: Generate) -> None:
        """Time every task at every batch size."""
        from engine.runtime.cuda import memory_used

        for task in self._tasks:
            for batch in self._batches:
                _forget()
                speed, said = speed_of(
                    runtime, generate, task, batch, TEXT_SIZE, self._repeats,
                    lambda: memory_used() - self._before,
                )  # fmt: skip
                told = f"{runtime}: {task.name} at {batch}, {speed.tokens_per_s:.1f} tokens/s"
                print(f"{told}, {speed.memory_gib:.1f} GiB", file=sys.stderr, flush=True)
                self.speeds.append(speed)
                self._said[runtime, task.name, batch] = said

    def compare(
        self,
        runtime: str,
        language: LanguageBackend,
        wanted: NDArray[np.float32],
        images: ImageBackend,
        reference: ImageBackend,
    ) -> None:
        """Compare a runtime that was timed with float32, and its greedy tokens with Hugging Face's."""
        same = {
            f"{task} {batch}": same_start(said, self._said[HUGGING_FACE, task, batch])
            for (name, task, batch), said in self._said.items()
            if name == runtime
        }
        self.numerics[runtime] = {
            "logits": logit_agreement(self.followed(language), wanted),
            "films": film_agreement(images, reference, self._films),
            "films_s": film_seconds(images, self._films, self._repeats),
            "same_tokens_until_the_first_difference": same,
        }


def build(folder: Path, flavour: Flavour, device: str, arguments: argparse.Namespace) -> tuple[float, Path]:
    """Build the language graph and the engines for a GPU; give the seconds of the engines and their folder."""
    from engine.building.build import build_language_graph
    from engine.building.sources import folder_sizes
    from engine.building.tensorrt_engine import Graphs, build_engines, engine_key
    from engine.building.weights import FolderWeights
    from engine.builds import GRAPH_VERSION, LANGUAGE, BuildKey

    language = folder / "language"
    sizes = folder_sizes(language)
    weights = FolderWeights(language, sorted(path.name for path in language.glob("*.safetensors")))
    # Made up a moment ago: there is no manifest whose hash could stand here.
    key = BuildKey("0" * 64, arguments.precision, "onnx", GRAPH_VERSION)
    graph = build_language_graph(folder / "builds", key, sizes, weights) / LANGUAGE
    limits = Limits(
        rows=max(arguments.batches), count=min(512, arguments.positions), positions=arguments.positions, keep=16,
        films=4,
    )  # fmt: skip
    target = engine_key(key.weights_sha256, arguments.precision, flavour, [device], limits)
    start = time.perf_counter()
    graphs = Graphs(graph, folder / "encoder.onnx", folder / "decoder.onnx")
    engines = build_engines(folder / "builds", target, graphs, sizes)
    return time.perf_counter() - start, engines


def film_graphs(model: VQModel, folder: Path) -> None:
    """Write a film tokenizer as the two graphs that engines are built from."""
    from engine.exporting.graphs import quiet_exporter
    from engine.tokenizer.graph import export_tokenizer

    with quiet_exporter():
        export_tokenizer(model, folder / "encoder.onnx", folder / "decoder.onnx")


def holds(found: dict[str, Any], torch_found: dict[str, Any]) -> bool:
    """Say whether a runtime is near enough to float32, measured by torch's own bfloat16, and its films and codes."""
    off, allowed, films = found["logits"], torch_found["logits"], found["films"]
    return bool(
        off["difference_mean"] <= _ALLOWED_FACTOR * allowed["difference_mean"]
        and off["difference_max"] <= _ALLOWED_FACTOR * allowed["difference_max"]
        and films["same_codes"] >= _SAME_CODES_MIN
        and films["film_difference_max"] <= _FILM_DIFFERENCE_MAX
    )


def same_start(said: Tokens, other: Tokens) -> float:
    """Give the share of tokens before the first one in which two greedy answers differ, over all rows."""
    return float(np.cumprod(said == other, axis=1).mean())


def markdown(figures: dict[str, Any]) -> str:
    """Write the figures as a page."""
    speeds = [Speed(**entry) for entry in figures["speeds"]]
    peers = {(speed.task, speed.batch): speed for speed in speeds if speed.runtime == HUGGING_FACE}
    lines = [
        f"# {figures['gpu']}",
        "",
        f"{figures['date']}, {figures['parameters']:,} parameters of random weights, torch {figures['torch']} in "
        f"bfloat16, {figures['machine']}. {_engines_line(figures['engines'])}",
        "",
        "| task | batch | runtime | first token | tokens/s | against Hugging Face | memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for speed in sorted(speeds, key=lambda one: (one.task, one.batch)):
        ratio = speed.tokens_per_s / peers[speed.task, speed.batch].tokens_per_s
        lines.append(
            f"| {speed.task} | {speed.batch} | {speed.runtime} | {1000 * speed.first_token_s:.0f} ms "
            f"| {speed.tokens_per_s:.1f} | {ratio:.2f} | {speed.memory_gib:.2f} GiB |"
        )
    lines += ["", f"Numerics {'hold' if figures['hold'] else 'DO NOT HOLD'}. Against torch in float32:", ""]
    for runtime, entry in figures["numerics"].items():
        off, films, seconds = entry["logits"], entry["films"], entry["films_s"]
        lines.append(
            f"- {runtime}: logits off by {off['difference_mean']:.4g} on average, {off['difference_max']:.4g} at "
            f"most, the same choice in {100 * off['same_choice']:.1f} %; {100 * films['same_codes']:.2f} % of codes "
            f"equal, pixels off by at most {films['film_difference_max']:.4g} of 2; {seconds['films']:.0f} films "
            f"encoded in {1000 * seconds['encode_s']:.0f} ms, decoded in {1000 * seconds['decode_s']:.0f} ms"
        )
    return "\n".join([*lines, ""])


def _engines_line(engines: dict[str, Any] | None) -> str:
    if engines is None:
        return "TensorRT was left out."
    return (
        f"{engines['flavour']}: engines in {engines['precision']} built in {engines['build_s']:.0f} s, "
        f"{engines['bytes'] / 1e9:.2f} GB, opened in {engines['load_s']:.1f} s."
    )


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--flavour", choices=["auto", NO_FLAVOUR, *FLAVOURS], default="auto")
    parser.add_argument("--hidden", type=int, default=2560)
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--heads", type=int, default=32)
    parser.add_argument(
        "--precision", choices=["bfloat16", "float16"], default="bfloat16", help="Of the engines."
    )
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--tokens", type=int, default=64, help="How long an answer is.")
    parser.add_argument("--positions", type=int, default=640, help="How long the engines' caches are.")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--reference", choices=["cuda", "cpu"], default="cuda", help="Where float32 is computed."
    )
    parser.add_argument("--capture", action="store_true", help="Record single steps as a CUDA graph (RTX).")
    parser.add_argument("--folder", type=Path, help="Where the temporary folder is made.")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args(given)
    needed = max(max(task.lengths) + task.tokens for task in tasks(TEXT_SIZE, CODES, arguments.tokens))
    # Seen at once, not when the engines are built.
    if arguments.positions < needed:
        parser.error(f"--positions {arguments.positions} is too few for these tasks: they take {needed}")
    return arguments


def _flavour(asked: str) -> Flavour | None:
    """Give the flavour to measure, None to leave TensorRT out; raise BackendError where it can't run here."""
    if asked == NO_FLAVOUR:
        return None
    flavour, reason = best_flavour() if asked == "auto" else (flavour_of(asked), available(flavour_of(asked)))
    if flavour is None or (asked != "auto" and reason):
        raise BackendError(f"{reason} `--flavour {NO_FLAVOUR}` measures torch alone.")
    return flavour


def _film_model() -> VQModel:
    """Make a film tokenizer of the official size with random weights, on the CPU."""
    import torch

    from engine.tokenizer.config import OFFICIAL
    from engine.tokenizer.vqgan import VQModel

    torch.manual_seed(0)
    return VQModel(OFFICIAL).eval().requires_grad_(False)


def _forget() -> None:
    """Give memory of what was deleted back to the GPU."""
    import torch

    gc.collect()
    torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
