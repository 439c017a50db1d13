"""Builds of an imported model: the same answers without torch, the same bytes after ten kills, and clear refusals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from engine import cli
from engine.building.package import build_package
from engine.builds import load_build
from engine.bundle import Sampling
from engine.errors import BackendError, BundleError, EngineError
from engine.importing import import_model
from engine.lm.prompt import generate_prompt, report_prompt
from engine.model import Model
from engine.models import load_package, open_model
from engine.runtime import select, tensorrt_backend
from engine.runtime.batching import TextRequest, generate_texts
from engine.runtime.generation import generate_image, generate_text
from engine.runtime.select import HYBRID, ONNXRUNTIME, TORCH
from llmcxr_ws.errors import EngineFailure
from tests.engine.damage import change_a_byte
from tests.engine.official_files import language_model, lightning_checkpoint, small_tokenizer, taming_yaml

ROOT = Path(__file__).parents[3]
SAMPLED = Sampling(temperature=1.0, top_p=0.92, max_new_tokens=24, seed=5)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `pair` (safetensors) and `old` (torch files): official pairs of a small size."""
    folder = tmp_path_factory.mktemp("official")
    lightning_checkpoint(folder / "last.ckpt", small_tokenizer())
    taming_yaml(folder / "project.yaml")
    for name, layout in (("pair", "safetensors"), ("old", "shards")):
        language_model(folder / layout, layout)
        import_model(folder / "models", name, folder / "last.ckpt", folder / "project.yaml", folder / layout)
    return folder / "models"


@pytest.fixture(scope="module")
def builds(models: Path) -> Path:
    """Where `pair` is built in every precision."""
    folder = models.parent / "builds"
    for precision in ("float32", "int8", "int8-dynamic", "int4"):
        build_package(load_package("pair", models), precision, folder)
    return folder


def opened(models: Path, builds: Path | None, runtime: str, precision: str = "auto") -> Model:
    return open_model("pair", models, runtime, 1, precision=precision, builds=builds)


def codes(model: Model) -> tuple[int, ...]:
    film = np.random.default_rng(4).uniform(-1.0, 1.0, (3, 64, 64)).astype(np.float32)
    return model.encode(film)


def answers(model: Model) -> tuple[object, ...]:
    """A draft, and a film, sampled with a seed."""
    vocabulary, language = model.bundle.vocabulary, model.backends.language
    manifest = model.bundle.manifest
    drafted = generate_text(
        language,
        vocabulary,
        report_prompt(vocabulary, codes(model), manifest.instructions.report[0]),
        SAMPLED,
    )
    prompt = generate_prompt(vocabulary, "No pneumonia.", manifest.instructions.generate[0])
    drawn = generate_image(language, vocabulary, prompt, replace(SAMPLED, max_new_tokens=300))
    return drafted.text, drafted.ids, drawn.codes


def test_every_runtime_of_equal_precision_gives_the_same_draft_and_film(models: Path, builds: Path) -> None:
    reference = answers(opened(models, None, TORCH))
    assert answers(opened(models, builds, ONNXRUNTIME, "float32")) == reference
    assert len(set(reference[2])) > 10  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["float32", "int8", "int8-dynamic", "int4"])
def test_a_prompt_read_by_torch_is_gone_on_with_in_the_build(
    models: Path, builds: Path, precision: str
) -> None:
    hybrid, alone = (opened(models, builds, runtime, precision).backends for runtime in (HYBRID, ONNXRUNTIME))
    assert (hybrid.name, hybrid.precision) == (HYBRID, precision)
    random = np.random.default_rng(3)
    rows = [random.integers(0, 300, count).tolist() for count in (40, 130, 7)]
    close = {"float32": 0.05, "int8": 0.15, "int8-dynamic": 0.15, "int4": 1.5}[precision]
    wanted, got = (backends.language.prefill(rows) for backends in (alone, hybrid))
    assert np.abs(got - wanted).max() < close
    for _ in range(3):
        ids = random.integers(0, 300, 3).tolist()
        wanted, got = (backends.language.step(ids) for backends in (alone, hybrid))
        assert np.abs(got - wanted).max() < close
    assert hybrid.language.lengths.tolist() == [43, 133, 10]
    # A second batch of another height begins afresh.
    assert hybrid.language.prefill(rows[:1]).shape == (1, hybrid.language.vocabulary_size)


def test_torch_reads_the_prompts_of_a_batch_that_goes_on(models: Path, builds: Path) -> None:
    model = opened(models, builds, HYBRID, "float32")
    language, vocabulary = model.backends.language, model.bundle.vocabulary
    random = np.random.default_rng(8)
    requests = [
        TextRequest(random.integers(1, 300, count).tolist(), replace(SAMPLED, seed=count))
        for count in (60, 35, 90, 12, 44)
    ]
    alone = []
    for request in requests:
        answer = generate_text(language, vocabulary, request.prompt, request.sampling)
        alone.append(answer.ids)
    together = dict(generate_texts(language, vocabulary, requests, rows=2))
    assert [together[place].ids for place in range(5)] == alone  # type: ignore[union-attr]


def test_an_imported_model_takes_its_build_by_itself(
    models: Path, builds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = opened(models, builds, "auto").backends
    assert (taken.name, taken.precision) == (HYBRID, "int8")
    assert "torch reads prompts" in taken.reason
    monkeypatch.setattr(select.importlib.util, "find_spec", lambda name: None)
    alone = opened(models, builds, "auto").backends
    assert alone.name == ONNXRUNTIME
    assert "aren't installed" in alone.reason
    with pytest.raises(BackendError, match="aren't installed"):
        opened(models, builds, HYBRID)
    assert opened(models, models, "auto").backends.name == TORCH


def test_torch_isnt_taken_where_the_memory_is_too_small(
    models: Path, builds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 2**29})())
    taken = opened(models, builds, "auto").backends
    assert taken.name == ONNXRUNTIME
    assert "0.5 GiB are free" in taken.reason


def test_a_built_model_answers_without_torch(models: Path, builds: Path) -> None:
    program = (
        "import sys; from engine.models import open_model; import numpy as np;"
        f"model = open_model('pair', {str(models)!r}, 'onnxruntime', 1, builds={str(builds)!r});"
        "film = np.random.default_rng(4).uniform(-1, 1, (3, 64, 64)).astype(np.float32);"
        "assert model.report(model.check_film(film).codes, seed=1).token_probabilities;"
        "assert not {'torch', 'transformers', 'onnx'} & set(sys.modules), 'loaded'"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_weights_in_torch_files_give_the_same_build(models: Path, builds: Path) -> None:
    folder = build_package(load_package("old", models), "int8", models.parent / "of-old")
    same = build_package(load_package("pair", models), "int8", builds)
    assert load_build(folder).files == load_build(same).files


@pytest.mark.parametrize(
    ("runtime", "precision", "words"),
    [
        ("auto", "int4", "no int4 build of pair"),
        (ONNXRUNTIME, "auto", "no int8 build of pair"),
        (HYBRID, "auto", "no int8 build of pair"),
        ("auto", "int3", "no precision 'int3'"),
        ("cuda", "auto", "no runtime 'cuda'"),
        (TORCH, "int8", "as its size asks for"),
        ("auto", "float16", "TensorRT|tensorrt"),
    ],
)
def test_what_isnt_there_is_named(
    models: Path, tmp_path: Path, runtime: str, precision: str, words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        opened(models, tmp_path, runtime, precision)


def test_a_bundle_refuses_what_only_imported_models_have(builds: Path) -> None:
    with pytest.raises(BackendError, match="for imported models"):
        open_model("demo", runtime=HYBRID)
    with pytest.raises(BackendError, match="float32"):
        open_model("demo", runtime=TORCH, precision="int8")


def test_a_changed_build_is_refused(models: Path, tmp_path: Path) -> None:
    folder = build_package(load_package("pair", models), "int8", tmp_path)
    change_a_byte(folder / "encoder.onnx", 1000)
    with pytest.raises(BundleError, match=r"encoder\.onnx"):
        opened(models, tmp_path, ONNXRUNTIME)


def test_engines_are_named_where_no_gpu_can_run_them(tmp_path: Path) -> None:
    """Engines can be built here (RTX, without a GPU), and a model that has them falls back with the reason."""
    made = run(
        "model",
        "build",
        "demo",
        "--runtime",
        "tensorrt_rtx",
        "--device",
        "sm89",
        "--builds",
        tmp_path,
        "--json",
    )
    assert made.exit_code == 0, made.output
    facts = json.loads(made.stdout)
    assert (facts["precision"], facts["device"]) == ("float16", "sm89")
    assert set(facts["files"]) == {"lm.engine", "encoder.engine", "decoder.engine"}
    taken = open_model("demo", threads=1, builds=tmp_path).backends
    if not tensorrt_backend.available("tensorrt_rtx"):
        assert taken.name == "tensorrt_rtx"  # numbers are benchmarks.gpu's
        return
    assert taken.name == ONNXRUNTIME
    assert "its engines aren't used" in taken.reason
    with pytest.raises(BackendError, match=r"driver|GPU"):
        open_model("demo", runtime="tensorrt_rtx", threads=1, builds=tmp_path)


def run(*arguments: object) -> Result:
    app = typer.Typer()
    cli.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_runtime_that_nothing_is_built_for_is_answered_with_those_there_are(tmp_path: Path) -> None:
    made = run("model", "build", "demo", "--runtime", "cuda", "--builds", tmp_path)
    assert isinstance(made.exception, EngineFailure)
    assert "'cuda'. Use one of onnxruntime, tensorrt_rtx, tensorrt." in str(made.exception)


def test_the_command_builds_and_a_draft_is_made_with_the_build(tmp_path: Path) -> None:
    made = run("model", "build", "demo", "--precision", "int8", "--builds", tmp_path, "--json")
    assert made.exit_code == 0, made.output
    facts = json.loads(made.stdout)
    assert (facts["precision"], facts["runtime"]) == ("int8", "onnxruntime")
    film = next((ROOT / "dicom_node" / "films").glob("*.dcm"))
    drafted = run("model", "draft", film, "--precision", "int8", "--builds", tmp_path, "--json")
    assert json.loads(drafted.stdout)[0]["draft"]
    missing = run("model", "draft", film, "--precision", "int4", "--builds", tmp_path)
    assert isinstance(missing.exception, EngineFailure)
    assert "model build --precision int4" in str(missing.exception)


# The command, which says when it begins to build and when the film graphs are there.
COMMAND = """
from engine.building import build
from llmcxr_ws.cli import main

def told(word, work):
    def begun(*given):
        print(word, flush=True)
        return work(*given)
    return begun

build.check_disk = told("films", build.check_disk)
build.TensorFile = told("tensors", build.TensorFile)
main()
"""


class Command:
    """`model build pair` in a process of its own; its time counts from when it began with `phase`."""

    def __init__(self, models: Path, builds: Path, phase: str) -> None:
        given = ["build", "pair", "--precision", "int4", "--models", str(models), "--builds", str(builds)]
        self._running = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "model", *given],
            cwd=ROOT,
            env={**os.environ, "LLMCXR_HOME": str(models.parent / "home"), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._start = time.monotonic()
        self.until(phase)

    def until(self, phase: str) -> float:
        """Wait until it begins with a phase; give how long that took, and count from there."""
        assert self._running.stdout is not None
        assert f"{phase}\n" in iter(self._running.stdout.readline, ""), f"it never came to {phase}"
        start, self._start = self._start, time.monotonic()
        return self._start - start

    def kill_after(self, seconds: float) -> None:
        """Kill it then, if it runs so long."""
        try:
            self._running.wait(seconds)
        except subprocess.TimeoutExpired:
            self._running.send_signal(signal.SIGKILL)
        with self._running:
            assert self._running.wait() in (-signal.SIGKILL, 0)

    def seconds(self) -> float:
        """Wait for its end; give how long that took."""
        with self._running:
            assert self._running.wait() == 0
        return time.monotonic() - self._start


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_command_killed_at_ten_random_moments_ends_with_the_same_bytes(
    models: Path, tmp_path: Path
) -> None:
    """Five kills while it writes film graphs, which takes most of the time, and five behind them."""
    builds, before = tmp_path / "killed", tmp_path / "before"
    unbroken = Command(models, tmp_path / "whole", "films")
    works_s = {"films": unbroken.until("tensors"), "tensors": unbroken.seconds()}
    random = np.random.default_rng(11)
    builds.mkdir()
    attempts = 0
    for phase in works_s:
        killed = 0
        while killed < 5:
            attempts += 1
            assert attempts <= 40, f"only {killed} kills hit the {phase}"
            shutil.copytree(builds, before)
            moment = random.uniform(0.0, works_s[phase])
            Command(models, builds, phase).kill_after(moment)
            if all(path.suffix == ".part" for path in builds.iterdir()):
                killed += 1
                shutil.rmtree(before)
            else:
                # It was ready sooner, since less was left to do: once more from where the last kill left it.
                works_s[phase] = moment
                shutil.rmtree(builds)
                before.rename(builds)
    Command(models, builds, "tensors").seconds()
    whole, finished = (load_build(next(folder.iterdir())) for folder in (tmp_path / "whole", builds))
    assert finished == whole
