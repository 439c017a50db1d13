"""Language graphs written node by node: parity with the shipped one, quantisation, and going on after a crash."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from engine.building.build import build_language_graph
from engine.building.neox import NeoXSizes
from engine.building.quantize import quantized
from engine.building.room import check_disk, check_memory
from engine.building.sources import source_of
from engine.building.weights import GraphWeights
from engine.builds import BuildKey, Precision, load_build
from engine.bundle import Bundle
from engine.errors import BundleError, ExportError
from engine.models import DEMO, open_model
from engine.runtime.onnx_backend import OnnxLanguageModel

ROOT = Path(__file__).parents[3]
Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    found = open_model(DEMO).bundle
    assert isinstance(found, Bundle)
    return found


@pytest.fixture(scope="module")
def sizes(bundle: Bundle) -> NeoXSizes:
    return sizes_of(bundle)


def sizes_of(bundle: Bundle) -> NeoXSizes:
    return source_of(bundle).sizes


def key_of(bundle: Bundle, precision: Precision) -> BuildKey:
    return BuildKey(bundle.manifest.weights_sha256, precision, "onnxruntime", ort.__version__)


def logits(path: Path, sizes: NeoXSizes, ids: NDArray[np.int64], positions: int) -> Array:
    """Read ids [B, S] in two calls, so that the caches are part of what is compared."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    empty = np.zeros((len(ids), sizes.heads, positions, sizes.head), dtype=np.float32)
    caches = {f"{kind}_{number}": empty for number in range(sizes.layers) for kind in ("key", "value")}
    parts, start = [], 0
    for part in (ids[:, :33], ids[:, 33:]):
        write = np.full(len(ids), start)
        first, *updated = session.run(None, {"ids": part, "write": write, "keep": [part.shape[1]], **caches})
        caches = dict(zip(caches, updated, strict=True))
        parts.append(first)
        start += part.shape[1]
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize(
    ("precision", "differs"), [("float32", 1e-4), ("int8", 0.5), ("int8-dynamic", 0.5), ("int4", 4.0)]
)
def test_a_graph_written_node_by_node_computes_what_the_bundle_does(
    bundle: Bundle, sizes: NeoXSizes, tmp_path: Path, precision: Precision, differs: float
) -> None:
    built = build_language_graph(
        tmp_path, key_of(bundle, precision), sizes, GraphWeights(bundle.path("lm.onnx"))
    )
    ids = np.random.default_rng(0).integers(0, sizes.vocabulary, (2, 40))
    wanted = logits(bundle.path("lm.onnx"), sizes, ids, sizes.max_positions)
    got = logits(built / "lm.onnx", sizes, ids, sizes.max_positions)
    assert np.abs(got - wanted).max() < differs
    # Caches that are only as long as a request needs give the same.
    assert np.array_equal(logits(built / "lm.onnx", sizes, ids, 64), got)


@pytest.mark.parametrize(("bits", "block", "steps"), [(8, 128, 127), (4, 32, 8)])
def test_a_block_is_off_by_half_a_step_at_most(bits: int, block: int, steps: int) -> None:
    weight = np.random.default_rng(1).normal(size=(7, 3 * block + 16)).astype(np.float32)
    made = quantized(weight, bits, block)  # type: ignore[arg-type]
    filled = np.zeros((7, 4 * block), np.float32)
    filled[:, : weight.shape[1]] = weight
    step = np.abs(filled.reshape(7, 4, block)).max(axis=-1) / steps
    off = np.abs(made.values() - weight)
    # At 4 bits the end that the largest value doesn't take is one step short.
    allowed = np.repeat(step, block, axis=1)[:, : weight.shape[1]] * (0.5 if bits == 8 else 1.0)
    assert (off <= allowed * 1.001).all()


def test_a_weight_that_is_no_number_is_refused() -> None:
    with pytest.raises(ExportError, match="no numbers"):
        quantized(np.array([[1.0, np.nan]]), 8, 128)


def test_a_build_killed_ten_times_is_the_one_of_an_unbroken_run(
    bundle: Bundle, sizes: NeoXSizes, tmp_path: Path
) -> None:
    key = key_of(bundle, "int8")
    whole = build_language_graph(tmp_path / "whole", key, sizes, GraphWeights(bundle.path("lm.onnx")))
    random = np.random.default_rng(5)
    command = [sys.executable, "-m", "tests.engine.building.killed_build", str(tmp_path / "killed")]
    for _ in range(10):
        done = subprocess.run(
            [*command, str(random.integers(1, 40))], cwd=ROOT, check=False, capture_output=True
        )
        assert done.returncode in (-signal.SIGKILL, 0), done.stderr.decode()
    finished = build_language_graph(tmp_path / "killed", key, sizes, GraphWeights(bundle.path("lm.onnx")))
    assert load_build(finished).files == load_build(whole).files
    assert not list((tmp_path / "killed").glob("*.part"))


def test_a_build_with_a_changed_byte_is_refused(bundle: Bundle, sizes: NeoXSizes, tmp_path: Path) -> None:
    built = build_language_graph(
        tmp_path, key_of(bundle, "int4"), sizes, GraphWeights(bundle.path("lm.onnx"))
    )
    with (built / "lm.onnx.data").open("r+b") as file:
        file.seek(5000)
        byte = file.read(1)[0]
        file.seek(5000)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(BundleError, match=r"lm\.onnx\.data"):
        load_build(built)


def test_caches_grow_with_the_rows_and_give_what_the_shipped_graph_gives(
    bundle: Bundle, sizes: NeoXSizes, tmp_path: Path
) -> None:
    built = build_language_graph(
        tmp_path, key_of(bundle, "float32"), sizes, GraphWeights(bundle.path("lm.onnx"))
    )
    shape = bundle.manifest.language_model
    grown = OnnxLanguageModel(built / "lm.onnx", shape, sizes.vocabulary, 1)
    fixed = OnnxLanguageModel(bundle.path("lm.onnx"), shape, sizes.vocabulary, 1)
    random = np.random.default_rng(2)
    rows = [random.integers(0, sizes.vocabulary, count).tolist() for count in (90, 126, 3)]
    for model in (grown, fixed):
        model.prefill(rows)
    for _ in range(8):
        ids = random.integers(0, sizes.vocabulary, 3).tolist()
        assert grown.step(ids) == pytest.approx(fixed.step(ids), abs=1e-4)
    # From 126 to 134 positions: the caches of 128 didn't do any more.
    assert grown.lengths.tolist() == [98, 134, 11]


def test_a_build_without_room_is_refused_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="--builds"):
        check_disk(tmp_path, 2.0**60)
    with pytest.raises(ExportError, match="GiB of memory"):
        check_memory(2.0**60)
    # What an earlier try left is overwritten, not added to.
    (tmp_path / "left").write_bytes(b"x" * 1000)
    check_disk(tmp_path, shutil.disk_usage(tmp_path).free * 0.5)
    check_memory(1.0)
