"""`python -m benchmarks.gpu`: the sentence without a GPU, and all that it measures, measured here on the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from benchmarks import gpu, gpu_measures
from benchmarks.gpu_measures import Allowed, Task
from benchmarks.import_dolly_size import CODES as CODES_OF_FILMS
from benchmarks.import_dolly_size import TEXT_SIZE, make_language_model
from engine.building.build import build_language_graph
from engine.building.sources import folder_sizes
from engine.building.weights import FolderWeights
from engine.builds import BuildKey, load_build
from engine.bundle import Bundle
from engine.errors import ExportError
from engine.runtime import cuda
from engine.runtime.hf_backend import HuggingFaceLanguageModel
from engine.runtime.onnx_backend import OnnxImageModel, OnnxLanguageModel
from engine.runtime.torch_backend import TorchImageModel
from engine.tensorrt_builds import RTX, load_engines
from engine.tokenizer.config import VQGANConfig
from engine.tokenizer.vqgan import VQModel

ROOT = Path(__file__).parents[3]
TEXT, CODES = 90, 30
# Of a film's usual side, so that the benchmark's own films fit.
SMALL_TOKENIZER = VQGANConfig(
    ch=32,
    ch_mult=(1, 1),
    num_res_blocks=1,
    attn_resolutions=(),
    z_channels=16,
    embed_dim=8,
    n_embed=32,
    stem=8,
)
LONG_TASK = Task("answer", (21, 14, 17), 12, Allowed(0, TEXT))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = GPTNeoXConfig(
        vocab_size=TEXT + CODES,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=256,
        max_position_embeddings=128,
        initializer_range=0.4,
    )
    made = GPTNeoXForCausalLM(config).eval()
    folder = tmp_path_factory.mktemp("network")
    made.save_pretrained(folder)
    return made, folder


@pytest.fixture(scope="module")
def backend(network: tuple[Any, Path], tmp_path_factory: pytest.TempPathFactory) -> OnnxLanguageModel:
    folder = network[1]
    key = BuildKey("0" * 64, "float32", "onnx", "1")
    weights = FolderWeights(folder, ["model.safetensors"])
    built = build_language_graph(tmp_path_factory.mktemp("graph"), key, folder_sizes(folder), weights)
    return OnnxLanguageModel(built / "lm.onnx", load_build(built).shape, TEXT + CODES, threads=1)


def test_without_a_gpu_it_ends_with_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", "--json", str(tmp_path / "gpu.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Nothing was measured: CUDA says")
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_what_the_engine_refuses_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise ExportError("The build needs about 18.0 GiB of memory.")

    monkeypatch.setattr(gpu, "_flavour", lambda asked: RTX)
    monkeypatch.setattr(gpu, "measured", refused)
    with pytest.raises(SystemExit, match="Nothing was measured: The build needs about 18"):
        gpu.main(["--folder", str(tmp_path)])
    with pytest.raises(SystemExit):
        gpu.main(["--tokens", "289"])
    assert "they take 641" in capsys.readouterr().err


@pytest.mark.parametrize("allowed", [Allowed(0, TEXT), Allowed(TEXT, TEXT + CODES)])
def test_both_ways_to_generate_choose_the_same_tokens_of_ragged_prompts(
    network: tuple[Any, Path], backend: OnnxLanguageModel, allowed: Allowed
) -> None:
    rows = LONG_TASK.prompts(3, TEXT)
    assert sorted(map(len, rows)) == [14, 17, 21]
    wanted, _ = gpu_measures.hugging_face_generate(network[0])(rows, 12, allowed)
    said, first = gpu_measures.backend_generate(backend)(rows, 12, allowed)
    assert said.shape == (3, 12) and first > 0
    assert said.min() >= allowed.start and said.max() < allowed.stop
    assert len(set(said.reshape(-1).tolist())) > 5
    assert np.array_equal(said, wanted)


def test_speed_is_of_the_best_run_and_the_first_token_lies_within_it(backend: OnnxLanguageModel) -> None:
    speed, said = gpu_measures.speed_of(
        "ONNX Runtime", gpu_measures.backend_generate(backend), LONG_TASK, 2, TEXT, 2, lambda: 3 * 1024**3
    )
    assert 0 < speed.first_token_s < speed.total_s
    assert speed.tokens_per_s == pytest.approx(2 * 12 / speed.total_s)
    assert (speed.memory_gib, said.shape) == (3, (2, 12))


def test_logits_are_compared_where_both_are_told_what_to_say(
    network: tuple[Any, Path], backend: OnnxLanguageModel
) -> None:
    rows = LONG_TASK.prompts(3, TEXT)
    follow = np.random.default_rng(1).integers(0, TEXT, (3, 5))
    wanted = gpu_measures.forced_logits(HuggingFaceLanguageModel(network[0], TEXT + CODES, 128), rows, follow)
    found = gpu_measures.forced_logits(backend, rows, follow)
    assert found.shape == (6, 3, TEXT + CODES)
    agreement = gpu_measures.logit_agreement(found, wanted)
    assert agreement["difference_max"] < 1e-3 and agreement["same_choice"] == 1
    shifted = gpu_measures.logit_agreement(found, np.roll(wanted, 1, axis=-1))
    assert shifted["difference_max"] > 1 and shifted["same_choice"] < 0.5


def test_films_are_compared_and_timed(demo: Bundle) -> None:
    files = demo.path("encoder.onnx"), demo.path("decoder.onnx")
    films = gpu_measures.smooth_films(2, 1, 256)
    assert films.shape == (2, 1, 256, 256) and np.abs(films).max() <= 1
    images, reference = OnnxImageModel(*files, threads=1), TorchImageModel(*files)
    agreement = gpu_measures.film_agreement(images, reference, films)
    assert agreement["same_codes"] == 1
    assert agreement["film_difference_max"] < 1e-3
    assert gpu_measures.film_seconds(images, films[:1], 1)["encode_s"] > 0


def test_the_tasks_are_an_answer_and_a_film_of_256_codes() -> None:
    answer, film = gpu_measures.tasks(50281, 1024, 64)
    assert (answer.tokens, film.tokens) == (64, 256)
    assert film.allowed == Allowed(50281, 51305)
    # The longest prompt and its answer fit the caches that the engines get unasked.
    assert max(max(answer.lengths) + 64, max(film.lengths) + 256) <= gpu._arguments([]).positions


@pytest.mark.slow
def test_all_that_it_needs_is_made_and_built_without_a_gpu(tmp_path: Path) -> None:
    """The film tokenizer has the official size; of the language model the vocabulary has."""
    arguments = gpu._arguments(["--hidden", "256", "--layers", "2", "--heads", "4", "--batches", "1", "32"])
    make_language_model(tmp_path / "language", arguments.hidden, arguments.layers, arguments.heads)
    gpu.film_graphs(gpu._film_model(), tmp_path)
    _, engines = gpu.build(tmp_path, RTX, "sm89", arguments)
    manifest = load_engines(engines)
    assert (manifest.device, manifest.precision, manifest.limits.rows) == ("sm89", "bfloat16", 32)
    assert manifest.vocabulary_size == TEXT_SIZE + CODES_OF_FILMS
    assert manifest.files["decoder.engine"].bytes > 100e6
    films = manifest.engines["encoder.engine"].tensors[0]
    assert films.shape == (-1, 3, 256, 256)


def test_what_holds_and_what_does_not() -> None:
    logits = {"difference_mean": 0.01, "difference_max": 0.1, "same_choice": 1.0}
    films = {"same_codes": 1.0, "film_difference_max": 0.001}
    good = {"logits": logits, "films": films}
    assert gpu.holds(good, good)
    assert not gpu.holds({"logits": logits | {"difference_max": 0.3}, "films": films}, good)
    assert not gpu.holds({"logits": logits | {"difference_mean": 0.03}, "films": films}, good)
    assert not gpu.holds({"logits": logits, "films": films | {"same_codes": 0.9}}, good)
    assert not gpu.holds({"logits": logits, "films": films | {"film_difference_max": 0.1}}, good)
    assert not gpu.holds({"logits": logits | {"difference_max": float("nan")}, "films": films}, good)
    assert gpu.same_start(np.array([[1, 2, 3, 4]]), np.array([[1, 2, 9, 4]])) == 0.5


class _NoGpu:
    """Stands for the card where all of the benchmark but TensorRT runs on the CPU."""

    name, device = "CPU in truth", "sm00"


def test_all_but_tensorrt_is_measured_from_beginning_to_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the CPU, a GPU's name and memory made up; the figures' places are looked at, not the figures."""
    monkeypatch.setattr(cuda, "current_gpu", _NoGpu)
    monkeypatch.setattr(cuda, "memory_used", lambda: 0)
    monkeypatch.setattr(gpu, "DEVICE", "cpu")
    monkeypatch.setattr(gpu, "_film_model", _small_film_model)
    monkeypatch.setattr(gpu, "tasks", lambda *_: [Task("answer", (9, 7), 3, Allowed(0, 50281))])
    small = ["--hidden", "32", "--layers", "2", "--heads", "2", "--batches", "1", "2", "--repeats", "1"]
    out = tmp_path / "gpu.json"
    gpu.main(["--flavour", "none", "--reference", "cpu", *small, "--json", str(out)])
    figures = json.loads(out.read_text())
    assert [(one["runtime"], one["batch"]) for one in figures["speeds"]] == [
        ("Hugging Face", 1), ("Hugging Face", 2), ("torch backend", 1), ("torch backend", 2)
    ]  # fmt: skip
    torch_found = figures["numerics"]["torch backend"]
    assert 0 < torch_found["logits"]["difference_max"] < 0.1
    assert torch_found["films"]["same_codes"] == 1
    assert figures["hold"] and figures["engines"] is None
    page = capsys.readouterr().out
    assert "TensorRT was left out." in page and "# CPU in truth (sm00)" in page
    lines = [line for line in page.splitlines() if line.startswith("| answer | 2 |")]
    ratio = figures["speeds"][3]["tokens_per_s"] / figures["speeds"][1]["tokens_per_s"]
    assert "| Hugging Face |" in lines[0] and "| 1.00 |" in lines[0]
    assert "| torch backend |" in lines[1] and f"| {ratio:.2f} |" in lines[1]


def test_engines_that_do_not_hold_are_told_in_the_page() -> None:
    entry = {
        "logits": {"difference_mean": 0.01, "difference_max": 0.125, "same_choice": 0.5},
        "films": {"same_codes": 1.0, "film_difference_max": 0.5},
        "films_s": {"films": 4.0, "encode_s": 0.5, "decode_s": 0.25},
    }
    page = gpu.markdown(
        {
            "gpu": "a card", "date": "2026-11-22", "machine": "test", "torch": "2", "parameters": 1000,
            "engines": {"flavour": "TensorRT 11", "precision": "bfloat16", "build_s": 61.0, "bytes": 5_600_000_000,
                        "load_s": 2.0},
            "speeds": [], "numerics": {"TensorRT": entry}, "hold": False,
        }
    )  # fmt: skip
    assert "DO NOT HOLD" in page and "0.125 at most" in page and "encoded in 500 ms" in page
    assert "engines in bfloat16 built in 61 s, 5.60 GB, opened in 2.0 s" in page


def _small_film_model() -> VQModel:
    torch.manual_seed(0)
    return VQModel(SMALL_TOKENIZER).eval().requires_grad_(False)
