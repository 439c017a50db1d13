"""The backends on one file: torch as reference, ragged rows, the in-place cache, and what they refuse."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.bundle import Bundle
from engine.errors import BackendError
from engine.runtime.backend import LanguageBackend
from engine.runtime.onnx_backend import open_session
from engine.runtime.select import Backends, default_threads, open_backends
from tests.engine.factories import LAYERS, chest_film, make_bundle

TOLERANCE = 1e-4  # of logits of about 10, in float32


@pytest.fixture(scope="module")
def backends(tiny: Bundle) -> dict[str, Backends]:
    return {name: open_backends(tiny, name, threads=1) for name in ("onnxruntime", "torch")}


@pytest.fixture(params=["onnxruntime", "torch"])
def language(request: pytest.FixtureRequest, backends: dict[str, Backends]) -> LanguageBackend:
    return backends[request.param].language


def prompts(*lengths: int) -> list[list[int]]:
    generator = np.random.default_rng(1)
    return [generator.integers(1, 1300, length).tolist() for length in lengths]


def near(first: np.ndarray, second: np.ndarray) -> bool:
    return first.shape == second.shape and float(np.abs(first - second).max()) < TOLERANCE


@pytest.mark.parametrize(
    "call",
    [
        lambda backend: backend.prefill(prompts(300)),
        lambda backend: backend.prefill(prompts(40, 300, 7)),
        lambda backend: (backend.prefill(prompts(40, 300, 7)), *(backend.step([3, 4, i]) for i in range(9)))[
            -1
        ],
        lambda backend: (backend.prefill(prompts(40, 300)), backend.score(prompts(5, 9), keep=4))[-1],
    ],
    ids=["prefill", "ragged prefill", "steps", "score"],
)
def test_onnxruntime_agrees_with_torch(
    backends: dict[str, Backends], call: Callable[[LanguageBackend], np.ndarray]
) -> None:
    logits = [call(backends[name].language) for name in ("onnxruntime", "torch")]
    assert float(np.abs(logits[1]).max()) > 1.0
    assert near(logits[0], logits[1])


def test_film_tokenizer_agrees_with_torch(backends: dict[str, Backends]) -> None:
    films = np.stack([chest_film(1), chest_film(2)])
    codes = backends["onnxruntime"].images.encode(films)
    assert codes.shape == (2, 256)
    assert np.array_equal(codes, backends["torch"].images.encode(films))
    copies = backends["onnxruntime"].images.decode(codes)
    assert copies.shape == (2, 1, 256, 256)
    assert near(copies, backends["torch"].images.decode(codes))


def test_rows_of_a_ragged_batch_are_as_if_alone(language: LanguageBackend) -> None:
    rows = prompts(60, 200, 13)
    together = language.prefill(rows).copy()
    assert language.lengths.tolist() == [60, 200, 13]
    stepped = language.step([5, 6, 7]).copy()
    for index, row in enumerate(rows):
        assert near(together[index], language.prefill([row])[0])
        assert near(stepped[index], language.prefill([[*row, 5 + index]])[0])


def test_steps_in_the_cache_equal_the_whole_context(language: LanguageBackend) -> None:
    row, more = prompts(50)[0], [9, 8, 7, 6, 5]
    language.prefill([row])
    steps = [language.step([id_])[0].copy() for id_ in more]
    for count, logits in enumerate(steps, start=1):
        assert near(logits, language.prefill([[*row, *more[:count]]])[0])


def test_score_gives_each_rows_own_last_logits(language: LanguageBackend) -> None:
    rows, more = prompts(30, 50), [[1, 2, 3, 4], [5, 6]]
    language.prefill(rows)
    scored = language.score(more, keep=2).copy()
    assert language.lengths.tolist() == [34, 52]
    for index in range(2):
        for back in range(2):
            end = len(more[index]) - 1 + back
            whole = [*rows[index], *more[index][:end]]
            assert near(scored[index, back], language.prefill([whole])[0])


def test_a_row_that_gets_nothing_stays_as_it_is(language: LanguageBackend) -> None:
    rows = prompts(20, 30)
    language.prefill(rows)
    language.score([[], [4, 5, 6]], keep=1)
    assert language.lengths.tolist() == [20, 33]
    after = language.step([7, 8]).copy()
    assert near(after[0], language.prefill([[*rows[0], 7]])[0])
    assert near(after[1], language.prefill([[*rows[1], 4, 5, 6, 8]])[0])


def test_a_row_is_cut_back_or_given_to_another_prompt(language: LanguageBackend) -> None:
    rows, other = prompts(20, 30), prompts(25)[0]
    language.prefill(rows)
    language.step([1, 2])
    language.reset([0], length=20)
    language.reset([1])
    assert language.lengths.tolist() == [20, 0]
    logits = language.score([[3], other], keep=1)[:, 0].copy()
    assert near(logits[0], language.prefill([[*rows[0], 3]])[0])
    assert near(logits[1], language.prefill([other])[0])


def test_a_long_row_leaves_room_for_the_prompt_of_another(language: LanguageBackend) -> None:
    long, other = prompts(690, 300)
    language.prefill([long, [1]])
    language.reset([1])
    logits = language.score([[3], other], keep=1)[:, 0].copy()
    assert language.lengths.tolist() == [691, 300]
    assert near(logits[0], language.prefill([[*long, 3]])[0])
    assert near(logits[1], language.prefill([other])[0])


def test_rows_that_get_nothing_cost_nothing(language: LanguageBackend) -> None:
    ran: list[tuple[int, tuple[int, ...]]] = []
    run = language._run_part  # type: ignore[attr-defined]

    def counting(first: int, ids: np.ndarray, write: np.ndarray, keep: int) -> np.ndarray:
        ran.append((first, ids.shape))
        return run(first, ids, write, keep)  # type: ignore[no-any-return]

    language.prefill(prompts(20, 30, 20, 20))
    vars(language)["_run_part"] = counting
    try:
        language.reset([1])
        language.score([[], *prompts(300), [], []], keep=1)
        language.step([1, 2, 3, 4])
        language.score([[], [], *prompts(5, 5)], keep=1)
        # Next to a long prompt a single id would be padded to its length.
        language.score([[5], *prompts(200), [5], [5]], keep=1)
    finally:
        del vars(language)["_run_part"]
    assert ran == [(1, (1, 300)), (0, (4, 1)), (2, (2, 5)), (0, (1, 1)), (1, (1, 200)), (2, (2, 1))]


def test_the_last_position_can_be_used_and_no_more(language: LanguageBackend) -> None:
    language.prefill(prompts(language.max_positions - 1))
    assert np.isfinite(language.step([4])).all()
    with pytest.raises(BackendError, match="701 token positions were asked for, the model has 700"):
        language.step([4])
    assert language.lengths.tolist() == [700]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda backend: backend.prefill([]), "without a single token"),
        (lambda backend: backend.prefill([[1], []]), "without a single token"),
        (lambda backend: backend.prefill(prompts(701)), "701 token positions"),
        (lambda backend: backend.prefill([[1, 99_999]]), "outside 0 to"),
        (lambda backend: backend.prefill([[-1]]), "outside 0 to"),
        (lambda backend: (backend.prefill([[1]]), backend.step([1, 2])), "has 1 rows, 2 were given"),
        (lambda backend: (backend.prefill([[1]]), backend.score([[1, 2]], keep=3)), "3 positions"),
        (lambda backend: (backend.prefill([[1]]), backend.reset([1])), "Row 1 can't be cut"),
        (lambda backend: (backend.prefill([[1]]), backend.reset([0], length=2)), "cut to 2"),
    ],
)
def test_what_cannot_be_done_is_refused_plainly(
    language: LanguageBackend, call: Callable[[LanguageBackend], object], message: str
) -> None:
    with pytest.raises(BackendError, match=message):
        call(language)


def test_the_cache_is_written_where_it_lies(tiny: Bundle) -> None:
    language = open_backends(tiny, "onnxruntime", threads=1).language
    language.prefill(prompts(10))
    # What the backend holds is what the graph reads and writes: the buffers show position 10 after a step.
    caches = vars(language)["_arrays"]
    assert len(caches) == 2 * LAYERS
    before = [cache.copy() for cache in caches]
    language.step([5])
    for cache, old in zip(caches, before, strict=True):
        changed = np.abs(cache - old).max(axis=(0, 1, 3)) > 0
        assert np.flatnonzero(changed).tolist() == [10]


def test_onnxruntime_is_the_default_and_says_why(tiny: Bundle) -> None:
    chosen = open_backends(tiny)
    assert chosen.name == "onnxruntime"
    assert "the default" in chosen.reason
    assert f"{default_threads()} thread" in chosen.reason
    assert "as asked" in open_backends(tiny, "torch", threads=1).reason


@pytest.mark.parametrize(
    ("name", "threads", "message"),
    [("tpu", 1, "no runtime 'tpu'"), ("auto", 0, "0 threads"), ("torch", -2, "-2 threads")],
)
def test_an_impossible_choice_is_refused(tiny: Bundle, name: str, threads: int, message: str) -> None:
    with pytest.raises(BackendError, match=message):
        open_backends(tiny, name, threads)


def test_torch_that_is_not_installed_is_named(tiny: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BackendError, match="needs torch, which isn't installed"):
        open_backends(tiny, "torch", threads=1)


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lm.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(BackendError, match=r"can't open lm\.onnx"):
        open_session(path, threads=1)


def test_a_manifest_with_other_layers_is_refused(tmp_path: Path) -> None:
    shape = {
        "layers": 3,
        "heads": 2,
        "head_dim": 8,
        "max_positions": 700,
        "opset": 24,
        "dtype": "float32",
    }
    bundle = Bundle.load(make_bundle(tmp_path / "other", language_model=shape))
    with pytest.raises(BackendError, match="'key_2'"):
        open_backends(bundle, threads=1)


def test_an_operator_that_torch_does_not_know_is_named(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    from engine.runtime.torch_graph import TorchGraph

    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Erf", ["x"], ["y"])],
        "erf",
        [value("x", TensorProto.FLOAT, [1])],
        [value("y", TensorProto.FLOAT, [1])],
    )
    onnx.save(helper.make_model(graph), tmp_path / "erf.onnx")
    with pytest.raises(BackendError, match="operator Erf"):
        TorchGraph(tmp_path / "erf.onnx")


def test_threads_of_torch_are_left_as_asked(tiny: Bundle) -> None:
    open_backends(tiny, "torch", threads=1)
    assert torch.get_num_threads() == 1
