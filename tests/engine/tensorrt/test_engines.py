"""Engines built without a GPU: layers and bindings, every target, refusals in TensorRT's words, builds that go on."""

from __future__ import annotations

import ast
import inspect
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
import tensorrt_rtx

from engine.building import tensorrt_engine
from engine.building.build import Item
from engine.building.gpu_package import build_for_gpu
from engine.building.sources import source_of
from engine.building.tensorrt_engine import EngineBuilder, Graphs, build_engines, engine_key
from engine.builds import BuildKey
from engine.bundle import Bundle
from engine.errors import BackendError, BundleError, ExportError
from engine.runtime import loaded_engine
from engine.safe_write import write_json
from engine.tensorrt_builds import (
    DATACENTRE,
    RTX,
    EngineKey,
    Limits,
    TensorFacts,
    find_engines,
    load_engines,
)
from tests.engine.damage import change_a_byte
from tests.engine.tensorrt.conftest import LIMITS
from tests.engine.tensorrt.graphs import language_graph

ROOT = Path(__file__).parents[3]
TARGETS = ("sm86", "sm89", "sm120")


@pytest.mark.parametrize("target", TARGETS)
def test_a_language_engine_updates_its_caches_and_attends_in_fused_layers(
    demo: Bundle, half_graph: Path, target: str
) -> None:
    built = EngineBuilder(RTX, [target]).language(half_graph, LIMITS)
    layers = demo.manifest.language_model.layers
    assert built.facts.layers["KV_CACHE_UPDATE"] == 2 * layers
    assert built.facts.layers["ATTENTION_INPUT"] == built.facts.layers["ATTENTION_OUTPUT"] == layers
    # The weights are inside.
    assert built.plan.nbytes > half_graph.with_name("lm.onnx.data").stat().st_size


@pytest.mark.parametrize(("precision", "dtype"), [("float16", "HALF"), ("bfloat16", "BF16")])
def test_a_language_engine_takes_what_the_backend_binds(
    demo: Bundle, tmp_path: Path, precision: Any, dtype: str
) -> None:
    graph = language_graph(demo, tmp_path, precision)
    facts = EngineBuilder(RTX, TARGETS).language(graph, LIMITS).facts
    shape, layout = demo.manifest.language_model, demo.manifest.vocabulary
    cache = (-1, shape.heads, LIMITS.positions, shape.head_dim)
    names = [f"{kind}_{layer}" for layer in range(shape.layers) for kind in ("key", "value")]
    assert facts.tensors == (
        TensorFacts("ids", "input", "INT64", (-1, -1)),
        TensorFacts("write", "input", "INT64", (-1,)),
        TensorFacts("keep", "input", "INT64", (1,)),
        *(TensorFacts(name, "input", dtype, cache) for name in names),
        TensorFacts("logits", "output", "FLOAT", (-1, -1, layout.text_size + layout.codes)),
        *(TensorFacts(f"{name}_out", "output", dtype, cache) for name in names),
    )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["encoder", "decoder"])
def test_the_film_tokenizer_s_engines_are_built(demo: Bundle, target: str, name: str) -> None:
    graph = demo.path(f"{name}.onnx")
    built = EngineBuilder(RTX, [target]).film(graph, films=4, exact=name == "encoder")
    convolutions = Counter(node.op_type for node in onnx.load(str(graph)).graph.node)["Conv"]
    assert built.facts.layers["CONVOLUTION"] == convolutions
    film, codes = ("FLOAT", (-1, 1, 256, 256)), ("INT64", (-1, 256))
    given, made = (film, codes) if name == "encoder" else (codes, film)
    assert [(one.dtype, one.shape) for one in built.facts.tensors] == [given, made]


def test_a_build_says_what_it_holds(demo: Bundle, engines: Path) -> None:
    manifest = load_engines(engines)
    assert sorted(manifest.files) == ["decoder.engine", "encoder.engine", "lm.engine"]
    assert sorted(path.name for path in engines.iterdir()) == ["build.json", *sorted(manifest.files)]
    assert (manifest.runtime, manifest.device) == (RTX, "sm86+sm89+sm120")
    assert manifest.limits == LIMITS
    assert manifest.shape.layers == demo.manifest.language_model.layers
    assert manifest.engines["lm.engine"].layers["KV_CACHE_UPDATE"] == 8
    assert manifest.runtime_version == tensorrt_rtx.__version__


def test_engines_with_a_changed_byte_are_refused(
    demo: Bundle, graphs: Graphs, engines: Path, tmp_path: Path
) -> None:
    key = engine_key(demo.manifest.weights_sha256, "float16", limits=LIMITS)
    folder = Path(shutil.copytree(engines, tmp_path / key.folder))
    change_a_byte(folder / "encoder.engine", 1000)
    with pytest.raises(BundleError, match=r"encoder\.engine"):
        load_engines(folder)
    with pytest.raises(BundleError, match=r"encoder\.engine"):
        build_engines(tmp_path, key, graphs, source_of(demo).sizes)


def test_keys_differ_wherever_a_part_does(demo: Bundle) -> None:
    key = engine_key(demo.manifest.weights_sha256, "float16", RTX, ["sm89"], LIMITS)
    others = [
        engine_key("0" * 64, "float16", RTX, ["sm89"], LIMITS),
        engine_key(key.weights_sha256, "bfloat16", RTX, ["sm89"], LIMITS),
        engine_key(key.weights_sha256, "float16", RTX, ["sm86"], LIMITS),
        engine_key(key.weights_sha256, "float16", RTX, ["sm86", "sm89"], LIMITS),
        engine_key(key.weights_sha256, "float16", RTX, ["sm89"], replace(LIMITS, positions=512)),
        replace(key, runtime=DATACENTRE),
        replace(key, runtime_version="1.8.0"),
        replace(key, graph_version="opset25-1"),
        BuildKey(key.weights_sha256, key.precision, key.runtime, key.runtime_version, key.device),
    ]
    assert len({one.folder for one in (key, *others)}) == len(others) + 1
    same = engine_key(key.weights_sha256, "float16", RTX, ["sm120", "sm86", "sm89", "sm86"], LIMITS)
    assert same.device == "sm86+sm89+sm120"
    assert (
        same.folder
        == engine_key(key.weights_sha256, "float16", RTX, ["sm89", "sm120", "sm86"], LIMITS).folder
    )


def test_the_other_flavour_s_key_takes_its_package_and_its_gpu(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(BackendError, match="tensorrt-datacenter"):
        engine_key(demo.manifest.weights_sha256, "float16", DATACENTRE)


def test_engines_are_found_by_model_version_and_gpu(demo: Bundle, engines: Path, tmp_path: Path) -> None:
    weights, version = demo.manifest.weights_sha256, tensorrt_rtx.__version__
    builds = tmp_path
    engines = Path(shutil.copytree(engines, builds / engines.name))
    assert find_engines(builds, RTX, version, weights, "sm89") == engines
    assert find_engines(builds, RTX, version, weights, "sm89", "bfloat16") is None
    assert find_engines(builds, RTX, version, weights, "sm90") is None
    assert find_engines(builds, RTX, "1.0.0", weights, "sm89") is None
    assert find_engines(builds, DATACENTRE, version, weights, "sm89") is None
    assert find_engines(builds, RTX, version, "0" * 64, "sm89") is None
    assert find_engines(None, RTX, version, weights, "sm89") is None
    own = Path(shutil.copytree(engines, builds / "own"))
    write_json(own / "build.json", json.loads((own / "build.json").read_text()) | {"device": "sm89"})
    assert find_engines(builds, RTX, version, weights, "sm89") == own
    assert find_engines(builds, RTX, version, weights, "sm86") == engines
    # Of a graph that is written otherwise by now.
    written = json.loads((own / "build.json").read_text())
    write_json(own / "build.json", written | {"graph_version": "opset24-0"})
    assert find_engines(builds, RTX, version, weights, "sm89") == engines
    write_json(own / "build.json", {"engines": {}})
    assert find_engines(builds, RTX, version, weights, "sm89") == engines
    (own / "build.json").write_text("[]")
    with pytest.raises(BundleError, match=r"own can't be read: .*no JSON object"):
        find_engines(builds, RTX, version, weights, "sm89")


def test_a_graph_that_the_parser_refuses_is_told_in_its_words(half_graph: Path) -> None:
    builder = EngineBuilder(RTX, ["sm86"])
    with pytest.raises(ExportError, match=r"(?s)can't read .*static sequence length.*TensorScatter"):
        builder._parsed(half_graph, half_graph.read_bytes())


def test_a_graph_that_the_builder_refuses_is_told_in_its_words(demo: Bundle, tmp_path: Path) -> None:
    """In float32 there is no fused attention: precision is the graph's, and the builder changes nothing."""
    graph = language_graph(demo, tmp_path, "float32")
    with pytest.raises(ExportError, match=r"(?s)can't build .*sm86: .*[Aa]ttention"):
        EngineBuilder(RTX, ["sm86"]).language(graph, LIMITS)


def test_a_gpu_without_engines_of_this_flavour_is_refused(demo: Bundle) -> None:
    with pytest.raises(ExportError, match=r"builds for .*sm89.*'sm90' was asked for"):
        EngineBuilder(RTX, ["sm90"])
    with pytest.raises(ExportError, match="Turing"):
        engine_key(demo.manifest.weights_sha256, "bfloat16", RTX, ["sm75"])


@pytest.mark.parametrize(
    "limits",
    [
        Limits(rows=0),
        Limits(positions=2049, count=8, keep=8),
        Limits(count=300, positions=256),
        Limits(count=8, keep=9),
    ],
)
def test_limits_that_fit_no_model_are_refused(limits: Limits) -> None:
    with pytest.raises(ExportError, match=r"Limits\("):
        limits.check(2048)


def test_caches_of_another_length_are_refused(half_graph: Path, tmp_path: Path) -> None:
    fixed = tmp_path / "lm.onnx"
    fixed.write_bytes(tensorrt_engine.with_positions(half_graph, 128))
    with pytest.raises(ExportError, match="128 positions, 256 were asked for"):
        tensorrt_engine.with_positions(fixed, 256)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("_MEMORY_BASE", 1e15, "GiB of memory"), ("_FILM_GROWTH", 1e9, "The build may take")],
)
def test_a_build_that_the_machine_can_t_hold_isn_t_begun(
    demo: Bundle,
    graphs: Graphs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: float,
    words: str,
) -> None:
    monkeypatch.setattr(tensorrt_engine, name, value)
    key = engine_key(demo.manifest.weights_sha256, "float16", limits=LIMITS)
    with pytest.raises(ExportError, match=words):
        build_engines(tmp_path, key, graphs, source_of(demo).sizes)
    assert not list(tmp_path.rglob("*.engine"))


@pytest.mark.parametrize("exact", [True, False])
def test_codes_are_computed_without_rounding_to_tf32(demo: Bundle, exact: bool) -> None:
    builder = EngineBuilder(RTX, ["sm86"])
    builder._parsed(demo.path("encoder.onnx"), demo.path("encoder.onnx").read_bytes())
    assert builder._settings([], exact).get_flag(tensorrt_rtx.BuilderFlag.TF32) is not exact


def test_progress_is_told_and_what_it_raises_ends_the_build(demo: Bundle) -> None:
    told: list[tuple[str, int, int]] = []

    def stop(phase: str, step: int, steps: int) -> None:
        told.append((phase, step, steps))
        if len(told) == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        EngineBuilder(RTX, ["sm86"], stop).film(demo.path("encoder.onnx"), 1, exact=True)
    assert all(1 <= step <= steps for _, step, steps in told)
    assert len(told) == 40


def test_a_killed_build_goes_on_with_the_engines_that_it_lacks(
    demo: Bundle, graphs: Graphs, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.engine.tensorrt.killed_build",
        str(tmp_path),
        str(graphs.language),
    ]
    killed = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    (part,) = tmp_path.iterdir()
    assert sorted(path.name for path in part.glob("*.engine")) == ["lm.engine"]
    first = (part / "lm.engine").read_bytes()
    key = engine_key(demo.manifest.weights_sha256, "float16", RTX, ["sm86"], LIMITS)
    folder = build_engines(tmp_path, key, graphs, source_of(demo).sizes)
    assert (folder / "lm.engine").read_bytes() == first
    assert sorted(load_engines(folder).files) == ["decoder.engine", "encoder.engine", "lm.engine"]
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert {path.name for path in folder.iterdir()} == {"build.json", *load_engines(folder).files}


def test_engines_killed_before_they_were_moved_are_moved(
    demo: Bundle, graphs: Graphs, engines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The facts beside the engines, which the manifest is made of, may be removed by then."""
    key = engine_key(demo.manifest.weights_sha256, "float16", limits=LIMITS)
    part = Path(shutil.copytree(engines, tmp_path / f"{key.folder}.part"))
    (part / "lm.engine.json").write_text("{")
    # Not used before it has its place.
    version = tensorrt_rtx.__version__
    assert find_engines(tmp_path, RTX, version, demo.manifest.weights_sha256, "sm89") is None
    monkeypatch.setattr(tensorrt_engine, "EngineBuilder", None)
    folder = build_engines(tmp_path, key, graphs, source_of(demo).sizes)
    assert load_engines(folder) == load_engines(engines)
    assert {path.name for path in folder.iterdir()} == {path.name for path in engines.iterdir()}
    assert not part.exists()


def test_a_key_of_engines_is_the_key_of_the_manifest(engines: Path) -> None:
    manifest = load_engines(engines)
    key = EngineKey(
        manifest.weights_sha256,
        manifest.precision,
        manifest.runtime,
        manifest.runtime_version,
        manifest.device,
        manifest.limits,
    )
    assert key.folder == engines.name


def test_all_that_is_asked_of_an_engine_on_a_gpu_is_there() -> None:
    """What needs a GPU can't be called here; that it exists under this name can be seen."""
    owners = {
        "_engine": tensorrt_rtx.ICudaEngine,
        "context": tensorrt_rtx.IExecutionContext,
        "settings": tensorrt_rtx.IRuntimeConfig,
        "_jit_cache": tensorrt_rtx.IRuntimeCache,
        "cache": tensorrt_rtx.IRuntimeCache,
        "_trt": tensorrt_rtx,
    }
    asked: Counter[str] = Counter()
    for node in ast.walk(ast.parse(inspect.getsource(loaded_engine))):
        if isinstance(node, ast.Attribute):
            owner = getattr(node.value, "attr", getattr(node.value, "id", ""))
            if owner in owners:
                assert hasattr(owners[owner], node.attr), f"{owner}.{node.attr}"
                asked[owner] += 1
    assert set(asked) == set(owners)


def test_a_whole_model_is_built_and_found_and_not_built_twice(demo: Bundle, tmp_path: Path) -> None:
    told: list[str] = []

    def track(items: Iterable[Item], what: str, total: int, done: int) -> Iterator[Item]:
        told.append(what)
        yield from items

    folder = build_for_gpu(demo, tmp_path, "float16", RTX, ["sm86"], track=track)
    assert told == ["float16 tensors"]
    manifest = load_engines(folder)
    # The usual limits, cut to the demonstration model's 512 positions.
    assert manifest.limits == Limits(positions=512)
    assert (
        find_engines(tmp_path, RTX, manifest.runtime_version, demo.manifest.weights_sha256, "sm86") == folder
    )
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert build_for_gpu(demo, tmp_path, "float16", RTX, ["sm86"]) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_what_can_be_refused_at_once_is_refused_before_a_graph_is_written(
    demo: Bundle, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="Limits"):
        build_for_gpu(demo, tmp_path, "float16", RTX, ["sm86"], Limits(positions=1024))
    with pytest.raises(ExportError, match="'sm90' was asked for"):
        build_for_gpu(demo, tmp_path, "float16", RTX, ["sm90"])
    assert not list(tmp_path.iterdir())
