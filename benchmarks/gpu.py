"""TensorRT against Hugging Face's generate in bfloat16 on this machine's NVIDIA GPU: speed, memory and numerics.

    python -m benchmarks.gpu [--flavour tensorrt_rtx] [--markdown gpu.md] [--json gpu.json]

Makes a model of dolly-v2-3b's size with random weights (smaller with --hidden, --layers and --heads) and a film
tokenizer of the official size, builds their engines, and measures an answer and a film of 256 tokens at each batch
size. Ends with status 1 where the numerics don't hold or nothing can be measured, with a sentence. The extras `train`
and `tensorrt` or `tensorrt-datacenter` must be installed. By calculation the full size takes 18 GB of disk, 18 GB of
memory while it builds, and 14 GB of GPU memory at batch 32 (`--reference cpu` keeps the reference in float32, 11 GB,
off the GPU).

It has not been run on a GPU yet. docs/gpu.md says what is proven.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu_measures import (
    Speed,
    Task,
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
from engine.errors import EngineError
from engine.runtime.tensorrt_backend import available, best_flavour, describe
from engine.safe_write import write_json, write_text
from engine.tensorrt_builds import FLAVOURS, Flavour, Limits, flavour_of, load_engines

HUGGING_FACE = "Hugging Face"
TENSORRT = "TensorRT"
# An engine may be off float32 by as much as twice what torch itself is off in bfloat16.
_ALLOWED_FACTOR = 2.0
_SAME_CODES_MIN, _FILM_DIFFERENCE_MAX = 0.995, 0.02
_FOLLOWED = 16


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print the table and write it; end with a sentence where there is no GPU or too little room."""
    arguments = _arguments(given)
    flavour, reason = _flavour(arguments.flavour)
    if flavour is None:
        sys.exit(f"Nothing was measured: {reason}")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as made:
        try:
            figures = measured(Path(made), flavour, arguments)
        except EngineError as error:
            sys.exit(f"Nothing was measured: {error}")
    table = markdown(figures)
    print(table)
    if arguments.markdown:
        write_text(arguments.markdown, table)
    if arguments.json:
        write_json(arguments.json, figures)
    if not figures["numerics"]["hold"]:
        sys.exit("The numerics don't hold: the table says where. Don't use these engines.")


def measured(folder: Path, flavour: Flavour, arguments: argparse.Namespace) -> dict[str, Any]:
    """Make the model, build its engines, and measure both runtimes one after the other."""
    import torch

    from engine.lm.official import open_language_model
    from engine.runtime.cuda import current_gpu, memory_used
    from engine.runtime.hf_backend import HuggingFaceLanguageModel
    from engine.runtime.tensorrt_backend import load

    parameters = make_language_model(folder / "language", arguments.hidden, arguments.layers, arguments.heads)
    tokenizer = _film_graphs(folder)
    build_s, engines = build(folder, flavour, current_gpu().device, arguments)
    asked = tasks(TEXT_SIZE, CODES, arguments.tokens)
    rows = asked[0].prompts(4, TEXT_SIZE)
    follow = np.random.default_rng(1).integers(0, TEXT_SIZE, (len(rows), _FOLLOWED))
    size, positions = TEXT_SIZE + CODES, arguments.positions

    network: Any = open_language_model(folder / "language", torch.float32, arguments.reference)
    wanted = forced_logits(HuggingFaceLanguageModel(network, size, positions), rows, follow)
    del network
    _forget()
    before = memory_used()
    network = open_language_model(folder / "language", torch.bfloat16, "cuda")
    torch_off = logit_agreement(
        forced_logits(HuggingFaceLanguageModel(network, size, positions), rows, follow), wanted
    )
    _forget()
    speeds, told = [], {}
    for task, batch in _runs(asked, arguments.batches):
        _forget()
        speed, said = speed_of(
            HUGGING_FACE, hugging_face_generate(network), task, batch, TEXT_SIZE, arguments.repeats,
            lambda: memory_used() - before,
        )  # fmt: skip
        speeds.append(speed)
        told[task.name, batch] = said
    del network
    _forget()

    before = memory_used()
    start = time.perf_counter()
    language, images = load(engines, capture=arguments.capture)
    load_s = time.perf_counter() - start
    found = logit_agreement(forced_logits(language, rows, follow), wanted)
    same = {}
    for task, batch in _runs(asked, arguments.batches):
        speed, said = speed_of(
            TENSORRT, backend_generate(language), task, batch, TEXT_SIZE, arguments.repeats,
            lambda: memory_used() - before,
        )  # fmt: skip
        speeds.append(speed)
        same[f"{task.name} {batch}"] = same_start(said, told[task.name, batch])
    films = smooth_films(4, 3, 256)
    film = film_agreement(images, tokenizer, films)
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "gpu": describe(flavour),
        "machine": platform.platform(),
        "torch": torch.__version__,
        "parameters": parameters,
        "precision": arguments.precision,
        "build": {"seconds": build_s, "bytes": load_engines(engines).bytes, "load_s": load_s},
        "speeds": [asdict(speed) for speed in speeds],
        "numerics": {
            "hold": holds(found, torch_off, film),
            "tensorrt": found,
            "torch_bfloat16": torch_off,
            "films": film,
            "same_tokens_until_the_first_difference": same,
        },
        "films": film_seconds(images, films, arguments.repeats),
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


def holds(found: dict[str, float], torch_off: dict[str, float], film: dict[str, float]) -> bool:
    """Say whether engines are near enough to float32, measured by torch's own bfloat16, and films and codes too."""
    return (
        found["difference_mean"] <= _ALLOWED_FACTOR * torch_off["difference_mean"]
        and found["difference_max"] <= _ALLOWED_FACTOR * torch_off["difference_max"]
        and film["same_codes"] >= _SAME_CODES_MIN
        and film["film_difference_max"] <= _FILM_DIFFERENCE_MAX
    )


def same_start(said: Tokens, other: Tokens) -> float:
    """Give the share of tokens before the first one in which two greedy answers differ, over all rows."""
    return float(np.cumprod(said == other, axis=1).mean())


def markdown(figures: dict[str, Any]) -> str:
    """Write the figures as a page."""
    speeds = [Speed(**entry) for entry in figures["speeds"]]
    by = {(speed.runtime, speed.task, speed.batch): speed for speed in speeds}
    lines = [
        f"# {figures['gpu']}",
        "",
        f"{figures['date']}, {figures['parameters']:,} parameters of random weights, engines in "
        f"{figures['precision']}, torch {figures['torch']} in bfloat16, {figures['machine']}. Engines built in "
        f"{figures['build']['seconds']:.0f} s, {figures['build']['bytes'] / 1e9:.2f} GB, opened in "
        f"{figures['build']['load_s']:.1f} s.",
        "",
        "| task | batch | first token, HF | TensorRT | tokens/s, HF | TensorRT | ratio | memory, HF | TensorRT |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (runtime, task, batch), trt in by.items():
        if runtime != TENSORRT:
            continue
        hf = by[HUGGING_FACE, task, batch]
        lines.append(
            f"| {task} | {batch} | {1000 * hf.first_token_s:.0f} ms | {1000 * trt.first_token_s:.0f} ms "
            f"| {hf.tokens_per_s:.1f} | {trt.tokens_per_s:.1f} | {trt.tokens_per_s / hf.tokens_per_s:.2f} "
            f"| {hf.memory_gib:.2f} GiB | {trt.memory_gib:.2f} GiB |"
        )
    numerics, films = figures["numerics"], figures["films"]
    lines += [
        "",
        f"Numerics {'hold' if numerics['hold'] else 'DO NOT HOLD'}. Logits against torch in float32:",
        "",
    ]
    for name, entry in (
        ("TensorRT", numerics["tensorrt"]),
        ("torch in bfloat16", numerics["torch_bfloat16"]),
    ):
        lines.append(
            f"- {name}: off by {entry['difference_mean']:.4g} on average, {entry['difference_max']:.4g} at most; the "
            f"same choice in {100 * entry['same_choice']:.1f} %"
        )
    lines += [
        f"- films: {100 * numerics['films']['same_codes']:.2f} % of codes equal, pixels off by at most "
        f"{numerics['films']['film_difference_max']:.4g} of 2",
        "",
        f"{films['films']:.0f} films: encoded in {1000 * films['encode_s']:.0f} ms, decoded in "
        f"{1000 * films['decode_s']:.0f} ms.",
        "",
    ]
    return "\n".join(lines)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--flavour", choices=["auto", *FLAVOURS], default="auto")
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


def _flavour(asked: str) -> tuple[Flavour | None, str]:
    if asked == "auto":
        return best_flavour()
    flavour = flavour_of(asked)
    reason = available(flavour)
    return (None, reason) if reason else (flavour, "")


def _runs(asked: Sequence[Task], batches: Sequence[int]) -> list[tuple[Task, int]]:
    return [(task, batch) for task in asked for batch in batches]


def _film_graphs(folder: Path) -> Any:
    """Write a film tokenizer of the official size with random weights as graphs; give it in torch on the CPU."""
    import torch

    from engine.exporting.graphs import quiet_exporter
    from engine.runtime.hf_backend import TorchTokenizer
    from engine.tokenizer.config import OFFICIAL
    from engine.tokenizer.graph import export_tokenizer
    from engine.tokenizer.vqgan import VQModel

    torch.manual_seed(0)
    model = VQModel(OFFICIAL).eval().requires_grad_(False)
    with quiet_exporter():
        export_tokenizer(model, folder / "encoder.onnx", folder / "decoder.onnx")
    return TorchTokenizer(model, "cpu")


def _forget() -> None:
    """Give memory of what was deleted back to the GPU."""
    import torch

    gc.collect()
    torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
