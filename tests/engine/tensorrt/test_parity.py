"""The exact graphs that engines are built from, computed on the CPU, give what torch gives in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, load
from onnx.reference import ReferenceEvaluator

from engine.bundle import Bundle
from engine.errors import BackendError
from engine.runtime.backend import Ids, Logits
from engine.runtime.bounded_rows import BoundedRows, pieces
from engine.runtime.onnx_backend import OnnxLanguageModel
from engine.runtime.torch_backend import TorchLanguageModel
from tests.engine.tensorrt.graphs import in_onnx_runtime, parsed_file

POSITIONS = 256
# Logits of the demonstration model range over some 20; a wrong cache or position changes them by more than 1.
HALF_OFF, BRAIN_OFF = 0.05, 0.7
LENGTHS = (70, 90, 3)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def reference(demo: Bundle) -> TorchLanguageModel:
    shape, layout = demo.manifest.language_model, demo.manifest.vocabulary
    return TorchLanguageModel(demo.path("lm.onnx"), shape, layout.text_size + layout.codes)


@pytest.fixture
def half(demo: Bundle, half_graph: Path) -> OnnxLanguageModel:
    return in_onnx_runtime(demo, parsed_file(half_graph, POSITIONS), POSITIONS)


def some_rows(vocabulary: int, lengths: tuple[int, ...] = LENGTHS) -> list[list[int]]:
    random = np.random.default_rng(3)
    return [random.integers(0, vocabulary, length).tolist() for length in lengths]


def test_float16_in_place_and_ragged_is_torch_s_float32(
    half: OnnxLanguageModel, reference: TorchLanguageModel
) -> None:
    rows = some_rows(reference.vocabulary_size)
    wanted = reference.prefill(rows)
    assert np.ptp(wanted) > 10
    assert np.abs(half.prefill(rows) - wanted).max() < HALF_OFF
    random = np.random.default_rng(4)
    for _ in range(6):
        # Each row writes at a place of its own into caches that are read and written in one memory.
        ids = random.integers(0, reference.vocabulary_size, len(rows)).tolist()
        assert np.abs(half.step(ids) - reference.step(ids)).max() < HALF_OFF
    several = some_rows(reference.vocabulary_size, (4, 4, 4))
    assert np.abs(half.score(several, 4) - reference.score(several, 4)).max() < HALF_OFF
    assert half.lengths.tolist() == [length + 10 for length in LENGTHS]


def test_a_row_that_is_cut_back_goes_on_from_there(
    half: OnnxLanguageModel, reference: TorchLanguageModel
) -> None:
    rows = some_rows(reference.vocabulary_size)
    for model in (half, reference):
        model.prefill(rows)
        model.reset([1], 40)
    off = np.abs(half.step([5, 6, 7]) - reference.step([5, 6, 7])).max(axis=1)
    assert (off < HALF_OFF).all()
    # The same ids without the cut give something else, or this would show nothing.
    reference.prefill(rows)
    half.reset([1], 40)
    assert np.abs(half.step([5, 6, 7]) - reference.step([5, 6, 7]))[1].max() > 1


def test_bfloat16_in_onnx_s_reference_is_torch_s_float32(
    brain_graph: Path, reference: TorchLanguageModel
) -> None:
    model = load(str(parsed_file(brain_graph, POSITIONS)))
    caches = [value for value in model.graph.input if value.name.startswith(("key_", "value_"))]
    assert {value.type.tensor_type.elem_type for value in caches} == {TensorProto.BFLOAT16}
    evaluator = ReferenceEvaluator(model)
    rows = some_rows(reference.vocabulary_size, (12, 7))
    held = {
        value.name: np.zeros(
            [len(rows), *(size.dim_value for size in value.type.tensor_type.shape.dim[1:])],
            ml_dtypes.bfloat16,
        )
        for value in caches
    }
    padded = np.array([row + [0] * (12 - len(row)) for row in rows])
    write = np.zeros(2, dtype=np.int64)
    logits, held = once(evaluator, padded, write, 12, held)
    wanted = reference.prefill(rows)
    assert np.abs(logits[[0, 1], [11, 6]] - wanted).max() < BRAIN_OFF
    write = np.array([12, 7])
    for ids in ([3, 4], [500, 2000]):
        logits, held = once(evaluator, np.array(ids)[:, None], write, 1, held)
        assert np.abs(logits[:, 0] - reference.step(ids)).max() < BRAIN_OFF
        write = write + 1


def once(
    evaluator: ReferenceEvaluator, ids: Ids, write: NDArray[np.int64], keep: int, caches: dict[str, Any]
) -> tuple[Logits, dict[str, Any]]:
    logits, *updated = evaluator.run(None, {"ids": ids, "write": write, "keep": np.array([keep]), **caches})
    return logits, dict(zip(caches, updated, strict=True))


def test_onnx_runtime_s_cpu_takes_no_bfloat16(brain_graph: Path) -> None:
    """Why that precision is compared in ONNX's reference: once this fails, it can be compared like float16."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    with pytest.raises(Exception, match="NOT_IMPLEMENTED"):
        ort.InferenceSession(str(parsed_file(brain_graph, POSITIONS)), options)


class BoundedOnnx(BoundedRows):
    """A graph in ONNX Runtime behind the limits of an engine; notes what it was asked for."""

    def __init__(self, model: OnnxLanguageModel, rows: int, ids: int, kept: int) -> None:
        super().__init__(model.vocabulary_size, model.max_positions)
        self.most_rows, self.most_ids, self.most_kept = rows, ids, kept
        self.model = model
        self.asked: list[tuple[int, int]] = []

    def _allocate(self, rows: int) -> None:
        self.model._allocate(rows)

    def _call(self, ids: Ids, write: NDArray[np.int64], keep: int) -> Logits:
        assert ids.shape[1] <= self.most_ids and keep <= self.most_kept
        self.asked.append((ids.shape[1], keep))
        return self.model._run(ids, write, keep)


def test_rows_within_an_engine_s_limits_are_what_they_are_without(
    demo: Bundle, half_graph: Path, half: OnnxLanguageModel
) -> None:
    inner = in_onnx_runtime(demo, parsed_file(half_graph, POSITIONS), POSITIONS)
    bounded = BoundedOnnx(inner, rows=3, ids=32, kept=8)
    rows = some_rows(half.vocabulary_size)
    assert bounded.prefill(rows) == pytest.approx(half.prefill(rows), abs=0.02)
    # No logits of the 90 positions but the last ones.
    assert all(keep == 1 for _, keep in bounded.asked)
    assert bounded.step([1, 2, 3]) == pytest.approx(half.step([1, 2, 3]), abs=0.02)
    ragged = some_rows(half.vocabulary_size, (20, 1, 9))
    assert bounded.score(ragged, 2)[[0, 2]] == pytest.approx(half.score(ragged, 2)[[0, 2]], abs=0.02)
    long = some_rows(half.vocabulary_size, (40, 40, 40))
    assert bounded.score(long, 30) == pytest.approx(half.score(long, 30), abs=0.02)
    assert bounded.lengths.tolist() == half.lengths.tolist()


def test_what_an_engine_has_no_room_for_is_refused_before_anything_is_written(
    half: OnnxLanguageModel,
) -> None:
    bounded = BoundedOnnx(half, rows=3, ids=32, kept=8)
    with pytest.raises(BackendError, match="4 rows were given, the engine takes 3"):
        bounded.prefill([[1]] * 4)
    bounded.prefill([[1] * 200, [2] * 10])
    asked = len(bounded.asked)
    with pytest.raises(BackendError, match="token positions"):
        bounded.score([[1] * 57, [2]], keep=1)
    with pytest.raises(BackendError, match="token id"):
        bounded.score([[1] * 5, [bounded.vocabulary_size]], keep=1)
    assert len(bounded.asked) == asked
    assert bounded.lengths.tolist() == [200, 10]


def test_rows_that_there_was_no_room_for_are_no_rows(half: OnnxLanguageModel) -> None:
    made = []

    class Cramped(BoundedOnnx):
        def _allocate(self, rows: int) -> None:
            made.append(rows)
            super()._allocate(rows)
            if rows > 1:
                raise BackendError("There is no room.")

    cramped = Cramped(half, rows=3, ids=32, kept=8)
    before = cramped.prefill([[1, 2, 3]])
    with pytest.raises(BackendError, match="no room"):
        cramped.prefill([[1, 2, 3]] * 3)
    # Some caches are of three rows by now: all are made again, though the number of rows is that of before.
    assert np.array_equal(cramped.prefill([[1, 2, 3]]), before)
    assert made == [1, 3, 1]


@pytest.mark.parametrize(
    ("width", "keep", "ids", "kept"),
    [(1, 1, 8, 4), (50, 1, 8, 4), (50, 30, 8, 4), (7, 7, 8, 4), (9, 5, 4, 4)],
)
def test_pieces_cover_all_columns_in_their_order(width: int, keep: int, ids: int, kept: int) -> None:
    cut = list(pieces(width, keep, ids, kept))
    assert [column for start, stop, _ in cut for column in range(start, stop)] == list(range(width))
    assert all(stop - start <= ids and count <= kept for start, stop, count in cut)
    with_logits = [column for start, stop, count in cut for column in range(stop - count, stop)]
    assert with_logits == list(range(width - keep, width))
