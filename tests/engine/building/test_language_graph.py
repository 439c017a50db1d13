"""Language graphs written node by node: parity with the shipped one, quantisation, and going on after a crash."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from engine.building import build
from engine.building.build import Item, build_language_graph
from engine.building.neox import NeoXSizes
from engine.building.quantize import quantized
from engine.building.room import check_disk, check_memory
from engine.building.sources import folder_sizes, source_of
from engine.building.weights import GraphWeights
from engine.builds import BuildKey, Precision, load_build
from engine.bundle import Bundle
from engine.errors import BundleError, ExportError
from engine.runtime.onnx_backend import OnnxLanguageModel
from tests.engine.damage import change_a_byte

ROOT = Path(__file__).parents[3]
Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def sizes(demo: Bundle) -> NeoXSizes:
    return sizes_of(demo)


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
    demo: Bundle, sizes: NeoXSizes, tmp_path: Path, precision: Precision, differs: float
) -> None:
    built = build_language_graph(tmp_path, key_of(demo, precision), sizes, GraphWeights(demo.path("lm.onnx")))
    ids = np.random.default_rng(0).integers(0, sizes.vocabulary, (2, 40))
    wanted = logits(demo.path("lm.onnx"), sizes, ids, sizes.max_positions)
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


@pytest.mark.parametrize(("value", "precision"), [(1e6, "float16"), (1e6, "int8"), (np.nan, "float32")])
def test_a_weight_that_a_precision_can_t_hold_is_refused(
    sizes: NeoXSizes, tmp_path: Path, value: float, precision: Precision
) -> None:
    class Alike:
        def read(self, name: str, shape: tuple[int, ...]) -> Array:
            return np.full(shape, value, np.float32)

    with pytest.raises(ExportError, match=r"embed_in\.weight .*too large for float"):
        build_language_graph(tmp_path, BuildKey("0" * 64, precision, "onnx", "1"), sizes, Alike())


SIZES = {
    "model_type": "gpt_neox", "hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 128,
    "num_hidden_layers": 2, "vocab_size": 100, "max_position_embeddings": 64,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("{", "can't be read"),
        ("[]", "no JSON object"),
        (json.dumps(SIZES | {"model_type": "llama"}), "'llama'"),
        (json.dumps(SIZES | {"hidden_act": "relu"}), "hidden_act 'relu'"),
        (json.dumps({name: SIZES[name] for name in SIZES if name != "vocab_size"}), "'vocab_size'"),
        (json.dumps(SIZES | {"num_attention_heads": 0}), "doesn't give the sizes"),
        (json.dumps(SIZES | {"rope_scaling": {"rope_type": "yarn", "factor": 2.0}}), "rope_type 'yarn'"),
        # As transformers wrote it before 4.43.
        (json.dumps(SIZES | {"rope_scaling": {"type": "linear", "factor": 2.0}}), "rope_type 'linear'"),
    ],
)
def test_a_configuration_that_would_be_built_wrong_is_refused(
    tmp_path: Path, config: str, words: str
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(SIZES))
    assert folder_sizes(tmp_path).rotary == 8
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(ExportError, match=words):
        folder_sizes(tmp_path)


def test_a_build_killed_ten_times_is_the_one_of_an_unbroken_run(
    demo: Bundle, sizes: NeoXSizes, tmp_path: Path
) -> None:
    key = key_of(demo, "int8")
    whole = build_language_graph(tmp_path / "whole", key, sizes, GraphWeights(demo.path("lm.onnx")))
    random = np.random.default_rng(5)
    command = [sys.executable, "-m", "tests.engine.building.killed_build", str(tmp_path / "killed")]
    # Some 140 flushes make a build, so that none of the ten ends it.
    for _ in range(10):
        done = subprocess.run(
            [*command, str(random.integers(1, 14))], cwd=ROOT, check=False, capture_output=True
        )
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    finished = build_language_graph(tmp_path / "killed", key, sizes, GraphWeights(demo.path("lm.onnx")))
    assert load_build(finished).files == load_build(whole).files
    assert [path.name for path in (tmp_path / "killed").iterdir()] == [key.folder]


class Unread:
    """Weights that nobody may ask for: the build has them already."""

    def read(self, name: str, shape: tuple[int, ...]) -> Array:
        raise AssertionError(name)


def test_a_build_killed_while_it_was_hashed_needs_no_weight_again(
    demo: Bundle, sizes: NeoXSizes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, weights = key_of(demo, "int8"), GraphWeights(demo.path("lm.onnx"))
    whole = build_language_graph(tmp_path / "whole", key, sizes, weights)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(build, "entries_of", interrupted)
        build_language_graph(tmp_path / "cut", key, sizes, weights)
    finished = build_language_graph(tmp_path / "cut", key, sizes, Unread())
    assert load_build(finished) == load_build(whole)


def interrupted(*given: object) -> None:
    raise KeyboardInterrupt


def test_a_build_killed_before_it_was_moved_is_moved_and_leaves_nothing_else(
    demo: Bundle, sizes: NeoXSizes, tmp_path: Path
) -> None:
    key = key_of(demo, "int8")
    whole = build_language_graph(tmp_path, key, sizes, GraphWeights(demo.path("lm.onnx")))
    part = whole.rename(tmp_path / f"{key.folder}.part")
    for name in (".build.json.99.tmp", "lm.onnx.data.journal", "decoder.onnx.tmp"):
        (part / name).write_text("left")
    assert build_language_graph(tmp_path, key, sizes, Unread()) == whole
    assert {path.name for path in whole.iterdir()} == {"build.json", *load_build(whole).files}
    assert not part.exists()


@pytest.mark.parametrize(
    "journal",
    [
        '{"name": "cos", "offset": 0, "length": 4096, "shape": [1024], "type": 1}\n',
        "\0\0\0\n",
        '{"name": "cos", "off',
    ],
)
def test_a_journal_is_believed_no_further_than_the_data_goes(
    demo: Bundle, sizes: NeoXSizes, tmp_path: Path, journal: str
) -> None:
    key, weights = key_of(demo, "int8"), GraphWeights(demo.path("lm.onnx"))
    whole = build_language_graph(tmp_path / "whole", key, sizes, weights)
    part = tmp_path / "damaged" / f"{key.folder}.part"
    part.mkdir(parents=True)
    (part / "lm.onnx.data").write_bytes(b"x" * 100)
    (part / "lm.onnx.data.journal").write_text(journal)
    built = build_language_graph(tmp_path / "damaged", key, sizes, weights)
    assert load_build(built).files == load_build(whole).files


def test_a_second_process_doesn_t_make_the_same_build(demo: Bundle, sizes: NeoXSizes, tmp_path: Path) -> None:
    key, weights = key_of(demo, "int8"), GraphWeights(demo.path("lm.onnx"))

    def twice(pieces: Iterable[Item], *_: object) -> Iterator[Item]:
        with pytest.raises(ExportError, match="Another process"):
            build_language_graph(tmp_path, key, sizes, weights)
        yield from pieces

    assert load_build(build_language_graph(tmp_path, key, sizes, weights, track=twice)).precision == "int8"


def test_a_folder_that_can_t_be_built_in_is_refused_with_a_sentence(
    demo: Bundle, sizes: NeoXSizes, tmp_path: Path
) -> None:
    key = key_of(demo, "int8")
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"can't be written in .*file"):
        build_language_graph(tmp_path / "file", key, sizes, Unread())
    (tmp_path / key.folder).mkdir()
    with pytest.raises(ExportError, match="no whole build"):
        build_language_graph(tmp_path, key, sizes, Unread())


def test_a_build_with_a_changed_byte_is_refused(demo: Bundle, sizes: NeoXSizes, tmp_path: Path) -> None:
    built = build_language_graph(tmp_path, key_of(demo, "int4"), sizes, GraphWeights(demo.path("lm.onnx")))
    change_a_byte(built / "lm.onnx.data", 5000)
    with pytest.raises(BundleError, match=r"lm\.onnx\.data"):
        load_build(built)


def test_caches_grow_with_the_rows_and_give_what_the_shipped_graph_gives(
    demo: Bundle, sizes: NeoXSizes, tmp_path: Path
) -> None:
    built = build_language_graph(tmp_path, key_of(demo, "float32"), sizes, GraphWeights(demo.path("lm.onnx")))
    shape = demo.manifest.language_model
    grown = OnnxLanguageModel(built / "lm.onnx", shape, sizes.vocabulary, 1)
    fixed = OnnxLanguageModel(demo.path("lm.onnx"), shape, sizes.vocabulary, 1)
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
