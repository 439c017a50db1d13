"""The exported language model against Hugging Face: prefill, decoding, ragged rows, in-place caches."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray
from transformers import GPTNeoXForCausalLM

from engine.errors import CheckpointError
from engine.half_storage import store_half
from engine.lm.graph import OPSET, LanguageModelGraph, export_language_model
from engine.lm.model import LanguageModelConfig, build
from engine.train.rounding import round_to_half

CONFIG = LanguageModelConfig(vocabulary=300, hidden=64, layers=2, heads=4, max_positions=48)
CACHES = [f"{kind}_{number}" for number in range(CONFIG.layers) for kind in ("key", "value")]
TOLERANCE = 2e-5

Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def network() -> GPTNeoXForCausalLM:
    torch.manual_seed(0)
    network = build(CONFIG)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return round_to_half(network.eval())


@pytest.fixture(scope="module")
def path(network: GPTNeoXForCausalLM, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("graph") / "lm.onnx"
    graph = LanguageModelGraph(CONFIG)
    graph.load_hugging_face(network.state_dict())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own warnings about its own parts
        export_language_model(graph, file)
    store_half(file)
    return file


@pytest.fixture(scope="module")
def session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(path), options)


class Rows:
    """Rows of ids run through the session with caches bound in place."""

    def __init__(self, session: ort.InferenceSession, rows: int) -> None:
        self.session = session
        self.binding = session.io_binding()
        shape = (rows, CONFIG.heads, CONFIG.max_positions, CONFIG.head_dim)
        for name in CACHES:
            cache = ort.OrtValue.ortvalue_from_numpy(np.full(shape, 7.0, dtype=np.float32))
            self.binding.bind_ortvalue_input(name, cache)
            self.binding.bind_ortvalue_output(f"{name}_out", cache)

    def run(self, ids: NDArray[np.int64], write: list[int], keep: int) -> Array:
        self.binding.bind_cpu_input("ids", ids)
        self.binding.bind_cpu_input("write", np.array(write, dtype=np.int64))
        self.binding.bind_cpu_input("keep", np.array([keep], dtype=np.int64))
        self.binding.bind_output("logits")
        self.session.run_with_iobinding(self.binding)
        result: Array = self.binding.get_outputs()[-1].numpy()
        return result


def reference(network: GPTNeoXForCausalLM, ids: NDArray[np.int64]) -> Array:
    with torch.no_grad():
        logits: Array = network(torch.from_numpy(ids)).logits.numpy()
    return logits


def some_ids(rows: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng(1).integers(0, 300, size=(rows, count))


def test_names_shapes_and_opset_follow_the_contract(path: Path, session: ort.InferenceSession) -> None:
    assert [entry.name for entry in session.get_inputs()] == ["ids", "write", "keep", *CACHES]
    outputs = {entry.name: entry.shape for entry in session.get_outputs()}
    assert list(outputs) == ["logits", *(f"{name}_out" for name in CACHES)]
    assert outputs["logits"][2] == 300
    cache = session.get_inputs()[3]
    assert (cache.type, cache.shape[1:]) == ("tensor(float)", [4, 48, 16])
    model = onnx.load(str(path))
    assert {entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")} == {OPSET}
    operators = [node.op_type for node in model.graph.node]
    assert operators.count("TensorScatter") == 2 * CONFIG.layers
    assert operators.count("Attention") == CONFIG.layers


def test_prefill_and_single_steps_equal_hugging_face(
    network: GPTNeoXForCausalLM, session: ort.InferenceSession
) -> None:
    ids = some_ids(2, 20)
    wanted = reference(network, ids)
    rows = Rows(session, 2)
    assert np.abs(Rows(session, 2).run(ids, [0, 0], 20) - wanted).max() < TOLERANCE
    assert np.abs(rows.run(ids[:, :11], [0, 0], 11) - wanted[:, :11]).max() < TOLERANCE
    for position in range(11, 20):
        got = rows.run(ids[:, position : position + 1], [position, position], 1)
        assert np.abs(got[:, 0] - wanted[:, position]).max() < TOLERANCE


def test_keep_gives_the_last_positions(network: GPTNeoXForCausalLM, session: ort.InferenceSession) -> None:
    ids = some_ids(1, 12)
    got = Rows(session, 1).run(ids, [0], 3)
    assert got.shape == (1, 3, 300)
    assert np.abs(got - reference(network, ids)[:, -3:]).max() < TOLERANCE


def test_rows_of_different_length_share_a_batch(
    network: GPTNeoXForCausalLM, session: ort.InferenceSession
) -> None:
    long, short = some_ids(1, 15), some_ids(2, 9)[1:]
    rows = Rows(session, 2)
    padded = np.zeros((2, 15), dtype=np.int64)
    padded[0], padded[1, :9] = long[0], short[0]
    rows.run(padded, [0, 0], 15)
    following = some_ids(2, 3)
    got = rows.run(following, [15, 9], 3)
    for row, start in enumerate((long, short)):
        wanted = reference(network, np.concatenate([start, following[row : row + 1]], axis=1))
        assert np.abs(got[row] - wanted[0, -3:]).max() < TOLERANCE


def test_a_rejected_guess_is_overwritten(network: GPTNeoXForCausalLM, session: ort.InferenceSession) -> None:
    ids = some_ids(1, 14)
    rows = Rows(session, 1)
    rows.run(ids[:, :10], [0], 1)
    rows.run(np.array([[5, 6, 7]]), [10], 3)
    got = rows.run(ids[:, 10:], [10], 4)
    assert np.abs(got - reference(network, ids)[:, 10:]).max() < TOLERANCE


def test_the_older_key_layout_loads(network: GPTNeoXForCausalLM) -> None:
    state = {key.replace("lm_head", "embed_out"): value for key, value in network.state_dict().items()}
    state["gpt_neox.layers.0.attention.masked_bias"] = torch.tensor(-1e9)
    state["gpt_neox.layers.0.attention.rotary_emb.inv_freq"] = torch.ones(2)
    graph = LanguageModelGraph(CONFIG)
    graph.load_hugging_face(state)
    assert torch.equal(graph.lm_head.weight, network.lm_head.weight)


@pytest.mark.parametrize("fault", ["missing", "unexpected", "misshapen"])
def test_a_wrong_checkpoint_is_refused_by_key(network: GPTNeoXForCausalLM, fault: str) -> None:
    state = dict(network.state_dict())
    key = "gpt_neox.layers.1.mlp.dense_h_to_4h.weight"
    if fault == "missing":
        del state[key]
    elif fault == "unexpected":
        state["gpt_neox.layers.2.mlp.dense_h_to_4h.weight"] = state[key]
    else:
        state[key] = state[key][:5]
    with pytest.raises(CheckpointError, match=r"layers\.[12]\.dense_h_to_4h\.weight"):
        LanguageModelGraph(CONFIG).load_hugging_face(state)


def test_weights_are_stored_in_half_precision(path: Path) -> None:
    model = onnx.load(str(path))
    kinds = [tensor.data_type for tensor in model.graph.initializer if np.prod(tensor.dims) >= 4096]
    assert kinds.count(onnx.TensorProto.FLOAT16) >= 10
    assert not any(node.metadata_props for node in model.graph.node)
