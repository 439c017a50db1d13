"""How fast a report is written on a CPU, against transformers in bfloat16 and against what the memory gives.

Everything is measured in one run, in rounds that visit every subject in turn, on the same weights: a slice of a
dolly-v2-3b (its width and vocabulary, random weights) for what depends on size, and the demonstration model for what
depends on content. A figure is the best of its rounds, each of which is the median of its steps.

    python -m benchmarks.decode --json FILE [--layers N] [--rounds N] [--threads N] [--folder DIR] [--dolly]

With --dolly a model of the whole size (2.78 billion, random weights) is made, built in int8 and opened as well, for
its memory; that takes some minutes and 12 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dolly_slice import LAYERS, built_slice, bytes_read_per_step, made_slice
from benchmarks.drafts import draft_times, first_tokens
from benchmarks.graph_profile import profiled
from engine.builds import BuildManifest, CpuPrecision
from engine.runtime.onnx_backend import OnnxLanguageModel, built_language
from engine.runtime.select import default_threads

PROMPT, STEPS, VERIFIED = 320, 32, 8
PRECISIONS: tuple[CpuPrecision, ...] = ("int8", "int4", "int8-dynamic")
BATCHED: tuple[CpuPrecision, ...] = ("int8", "int8-dynamic")
ROWS = (1, 8, 16)
GB = 1e9
# What was asked of the default of each, on two cores: the ratio, and whether it must be reached or not be passed.
BARS = {
    "decode_vs_hf_generate": (2.3, "at least"),
    "decode_vs_bandwidth_limit": (0.8, "at least"),
    "decode_vs_bandwidth_limit_int4": (0.6, "at least"),
    "verify8_vs_step1": (1.5, "at most"),
    "prefill_vs_torch_bf16": (0.6, "at least"),
    "prefill_vs_torch_bf16_hybrid": (0.9, "at least"),
    "batch_vs_hf_generate": (1.5, "at least"),
    "speculative_vs_plain": (1.5, "at least"),
}
_INSTRUCTIONS = ("avx2", "avx512_bf16", "avx512_vnni", "amx_int8", "amx_bf16")
# What a process of its own does with the whole size.
_DOLLY = """
import json, resource, sys, time
from pathlib import Path
import psutil
from engine.builds import load_build
from engine.runtime.onnx_backend import built_language
folder = Path(sys.argv[1])
model = built_language(folder, load_build(folder), int(sys.argv[2]))
start = time.perf_counter()
model.prefill([list(range(320))])
times = [time.perf_counter() - start]
for _ in range(12):
    start = time.perf_counter()
    model.step([5])
    times.append(time.perf_counter() - start)
print(json.dumps({
    "resident_gib": psutil.Process().memory_info().rss / 2**30,
    "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    "prefill_s": times[0], "step_s": min(times[1:]),
}))
"""
Times = dict[str, list[float]]


def main() -> None:
    """Measure, print a table, and write the JSON file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="Where the figures are written to.")
    parser.add_argument("--layers", type=int, default=LAYERS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=default_threads())
    parser.add_argument("--folder", type=Path, help="Where weights and builds are kept for a next run.")
    parser.add_argument("--dolly", action="store_true", help="Also the memory of the whole size.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = arguments.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        figures = measured(folder, arguments)
    text = json.dumps(figures, indent=1)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    print(table(figures))


def measured(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run every part in `folder` and give the figures."""
    from benchmarks.batch import batch_figures
    from benchmarks.speculative import demonstration_figures

    language = made_slice(folder, arguments.layers)
    builds = {name: built_slice(language, folder / "builds", name) for name in PRECISIONS}
    times, read = interleaved(language, builds, arguments.rounds, arguments.threads)
    best = {name: min(values) * 1e3 for name, values in times.items()}
    limits = {
        name: bytes_read_per_step(manifest, PROMPT + STEPS // 2) for name, (_, manifest) in builds.items()
    }
    ratios = slice_ratios(best, limits, read)
    batched = {
        name: batch_figures(
            language, built_language(*builds[name], arguments.threads), 1, arguments.threads, ROWS
        )
        for name in BATCHED
    }
    speculative = demonstration_figures(folder / "builds", arguments.rounds, arguments.threads)
    first = first_tokens(arguments.threads)
    ratios |= {
        "batch_vs_hf_generate": batched["int8"]["ratio"],
        "batch_vs_hf_generate_int8_dynamic": batched["int8-dynamic"]["ratio"],
        "speculative_vs_plain": speculative["shipped graph"]["greedy"]["speculative_vs_plain"],
        "speculative_vs_plain_with_prompt": speculative["shipped graph"]["greedy"]["with_prompt"],
        "first_token_cached_vs_cold": first["ratio"],
    }
    return {
        "machine": machine(arguments.threads),
        "ratios": {name: round(value, 3) for name, value in sorted(ratios.items())},
        "bars": {name: judged(ratios[name], *bar) for name, bar in BARS.items()},
        "milliseconds": {name: round(value, 2) for name, value in sorted(best.items())},
        "bytes_per_step": limits,
        "read_gb_per_s": round(read / GB, 1),
        "slice": {"layers": arguments.layers, "prompt": PROMPT, "steps": STEPS, "rounds": arguments.rounds},
        "batch": batched,
        "speculative": speculative,
        "first_token": first,
        "draft": draft_times(arguments.threads),
        "profile_ms": {
            name: profiled(*builds[name], arguments.threads, PROMPT) for name in ("int8", "int8-dynamic")
        },
        "memory": dolly_memory(folder, arguments.threads) if arguments.dolly else "not measured: --dolly",
    }


def interleaved(
    language: Path, builds: dict[CpuPrecision, tuple[Path, BuildManifest]], rounds: int, threads: int
) -> tuple[Times, float]:
    """Visit every subject in every round; give the seconds of each by name, and the bytes read in a second."""
    import torch

    from benchmarks.hf_generate import HuggingFace

    torch.set_num_threads(threads)
    hugging_face = HuggingFace(language)
    subjects = {name: built_language(*build, threads) for name, build in builds.items()}
    hybrid = hugging_face.hybrid(*builds["int8"], threads)
    prompt = np.random.default_rng(0).integers(0, subjects["int8"].vocabulary_size, PROMPT).tolist()
    times: Times = defaultdict(list)
    read = 0.0
    for _ in range(rounds):
        read = max(read, read_rate(threads))
        for name, model in subjects.items():
            _visit(times, name, model, prompt)
        times["prefill hybrid"].append(_median(lambda: hybrid.prefill([prompt]), 3))
        times["prefill hf"].append(_median(lambda: hugging_face.prefill(prompt), 3))
        times["step hf"].append(hugging_face.step_time(prompt, STEPS))
    return times, read


def _visit(times: Times, name: str, model: OnnxLanguageModel, prompt: list[int]) -> None:
    times[f"prefill {name}"].append(_median(lambda: model.prefill([prompt]), 3))
    model.prefill([prompt])
    times[f"step {name}"].append(_median(lambda: model.step([5]), STEPS))
    model.prefill([prompt])

    def verify() -> None:
        model.score([[5] * VERIFIED], keep=VERIFIED)
        model.reset([0], PROMPT)

    times[f"verify8 {name}"].append(_median(verify, STEPS // 2))


def slice_ratios(best: dict[str, float], limits: dict[CpuPrecision, int], read: float) -> dict[str, float]:
    """Give what is compared on the slice; the names without a precision are int8's."""
    ratios: dict[str, float] = {}
    for name in PRECISIONS:
        end = "" if name == "int8" else f"_{name.replace('-', '_')}"
        ratios[f"decode_vs_hf_generate{end}"] = best["step hf"] / best[f"step {name}"]
        ratios[f"decode_vs_bandwidth_limit{end}"] = limits[name] / read * 1e3 / best[f"step {name}"]
        ratios[f"verify8_vs_step1{end}"] = best[f"verify8 {name}"] / best[f"step {name}"]
        ratios[f"prefill_vs_torch_bf16{end}"] = best["prefill hf"] / best[f"prefill {name}"]
    ratios["prefill_vs_torch_bf16_hybrid"] = best["prefill hf"] / best["prefill hybrid"]
    return ratios


def read_rate(threads: int) -> float:
    """Give the most bytes a second of some reads of 1 GB by so many threads, torch's sum in float32."""
    import torch

    torch.set_num_threads(threads)
    values = torch.ones(250_000_000)
    rates = []
    for _ in range(5):
        start = time.perf_counter()
        values.sum()
        rates.append(values.nbytes / (time.perf_counter() - start))
    return max(rates)


def judged(value: float, bar: float, how: str) -> dict[str, Any]:
    """Set a ratio beside what was asked of it."""
    reached = value >= bar if how == "at least" else value <= bar
    return {"value": round(value, 3), "bar": bar, "asked": how, "reached": reached}


def machine(threads: int) -> dict[str, Any]:
    """Say what this was measured on."""
    import onnxruntime
    import torch
    import transformers

    flags = _cpuinfo("flags").split()
    return {
        "processor": _cpuinfo("model name") or platform.processor(),
        "instructions": [name for name in _INSTRUCTIONS if name in flags],
        "cores": default_threads(),
        "threads": threads,
        "load": [round(value, 2) for value in os.getloadavg()],
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def _cpuinfo(field: str) -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def dolly_memory(folder: Path, threads: int) -> dict[str, Any]:
    """Open the whole size in int8 in a process of its own; give its resident memory in GiB."""
    import subprocess

    language = made_slice(folder, 32)
    build, manifest = built_slice(language, folder / "builds", "int8")
    done = subprocess.run(
        [sys.executable, "-c", _DOLLY, str(build), str(threads)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"The whole size failed:\n{done.stderr}")
    facts: dict[str, float] = json.loads(done.stdout)
    return {
        "build_gib": round(manifest.bytes / 2**30, 2),
        **{key: round(value, 3) for key, value in facts.items()},
    }


def table(figures: dict[str, Any]) -> str:
    """Give the ratios as a Markdown table with their bars, and the rest in lines."""
    rows = ["| ratio | value | asked |", "| --- | --- | --- |"]
    for name, value in figures["ratios"].items():
        bar = figures["bars"].get(name)
        asked = "" if bar is None else f"{bar['asked']} {bar['bar']}{'' if bar['reached'] else ': missed'}"
        rows.append(f"| {name} | {value} | {asked} |")
    rest = {key: figures[key] for key in ("machine", "milliseconds", "read_gb_per_s", "draft", "memory")}
    return "\n".join([*rows, "", *(f"{key}: {json.dumps(value)}" for key, value in rest.items())])


def _median(work: Callable[[], Any], count: int) -> float:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
