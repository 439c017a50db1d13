"""What a language graph's time is spent on, by ONNX Runtime's own profiler."""

from __future__ import annotations

import collections
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from engine.builds import LANGUAGE, BuildManifest
from engine.runtime.onnx_backend import OnnxLanguageModel, session_options

REPEATS = 8


def profiled(folder: Path, manifest: BuildManifest, threads: int, prompt: int) -> dict[str, Any]:
    """Give the milliseconds by operator of the fastest prefill, step, and step of eight ids."""
    with tempfile.TemporaryDirectory() as made:
        model = _with_profiler(folder, manifest, threads, Path(made))
        ids = np.random.default_rng(0).integers(0, manifest.vocabulary_size, prompt).tolist()
        for _ in range(3):
            model.prefill([ids])
        for _ in range(REPEATS):
            model.step([5])
        for _ in range(REPEATS):
            model.score([[5] * 8], keep=8)
            model.reset([0], prompt)
        runs = _runs(Path(model._session.end_profiling()))
    return {
        "prefill": _by_operator(runs[:3]),
        "step": _by_operator(runs[3 : 3 + REPEATS]),
        "verify8": _by_operator(runs[3 + REPEATS :]),
    }


def _with_profiler(folder: Path, manifest: BuildManifest, threads: int, out: Path) -> OnnxLanguageModel:
    model = OnnxLanguageModel(folder / LANGUAGE, manifest.shape, manifest.vocabulary_size, threads)
    options = session_options(threads)
    options.enable_profiling = True
    options.profile_file_prefix = str(out / "profile")
    model._session = ort.InferenceSession(str(folder / LANGUAGE), options, providers=["CPUExecutionProvider"])
    return model


def _runs(path: Path) -> list[tuple[int, list[dict[str, Any]]]]:
    """Give the microseconds of every run with its nodes' events."""
    events = [event for event in json.loads(path.read_text()) if "dur" in event]
    runs: list[tuple[int, list[dict[str, Any]]]] = []
    nodes: list[dict[str, Any]] = []
    for event in sorted(events, key=lambda event: int(event["ts"]) + int(event["dur"])):
        if event["name"] == "model_run":
            runs.append((event["dur"], nodes))
            nodes = []
        elif event["name"].endswith("kernel_time"):
            nodes.append(event)
    return runs


def _by_operator(runs: list[tuple[int, list[dict[str, Any]]]]) -> dict[str, float]:
    whole, nodes = min(runs, key=lambda run: run[0])
    spent: collections.Counter[str] = collections.Counter()
    for node in nodes:
        spent[node["args"]["op_name"]] += node["dur"]
    shown = {name: round(us / 1e3, 2) for name, us in spent.most_common(8)}
    rest = whole - sum(spent.values()) + sum(us for _, us in spent.most_common()[8:])
    return {"whole": round(whole / 1e3, 2), **shown, "everything else": round(rest / 1e3, 2)}
