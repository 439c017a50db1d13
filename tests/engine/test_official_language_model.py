"""Language models in Hugging Face's layout: the old names, shards, refusals, and the torch backend's row cache."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    OPTConfig,
)

from engine.errors import BackendError, CheckpointError, VocabularyError
from engine.lm.model import grow_embeddings
from engine.lm.official import check_rows, dtype_for, inspect_folder, open_language_model, text_tokenizer
from engine.lm.vocabulary import Vocabulary
from engine.lm.weights import read_weights
from engine.runtime import graphed_backend
from engine.runtime.graphed_backend import GraphedLanguageModel, fits
from engine.runtime.hf_backend import HuggingFaceLanguageModel, language_backend
from tests.engine.official_files import POSITIONS, language_model, text_tokenizer_file

NEOX = Path(__file__).parents[1] / "data" / "20B_tokenizer.json"
ROW = [5, 9, 200, 31, 7]


def logits(network: Any, ids: Sequence[int]) -> np.ndarray:
    with torch.no_grad():
        found: np.ndarray = network(torch.tensor([list(ids)])).logits[0].float().numpy()
    return found


@pytest.mark.parametrize("form", ["bin", "shards", "safetensors"])
def test_the_old_layout_gives_equal_logits(tmp_path: Path, form: str) -> None:
    source = language_model(tmp_path / "old", form)
    found = inspect_folder(tmp_path / "old")
    assert found.architecture == "GPTNeoXForCausalLM"
    assert (found.layers, found.max_positions) == (2, POSITIONS)
    assert found.rows == source.config.vocab_size
    assert found.parameters == sum(parameter.numel() for parameter in source.parameters())
    assert {"config.json", "tokenizer.json"} < set(found.files)
    assert len(found.files) == (3 if form == "bin" else 5)
    loaded = open_language_model(tmp_path / "old", torch.float32)
    assert np.array_equal(logits(loaded, ROW), logits(source, ROW))
    half = open_language_model(tmp_path / "old", torch.bfloat16)
    assert {parameter.dtype for parameter in half.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            {"gpt_neox.layers.1.mlp.dense_h_to_4h.bias": None}, r"lacks .*dense_h_to_4h\.bias", id="missing"
        ),
        pytest.param(
            {"gpt_neox.extra": torch.zeros(3)}, r"unexpected tensor gpt_neox\.extra", id="unexpected"
        ),
        pytest.param(
            {"gpt_neox.final_layer_norm.bias": torch.zeros(31)},
            r"shape \(31,\); expected is \(32,\)",
            id="misshapen",
        ),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, change: dict[str, torch.Tensor | None], told: str) -> None:
    language_model(tmp_path / "old")
    file = tmp_path / "old" / "pytorch_model.bin"
    state = {**torch.load(file, weights_only=True), **change}
    torch.save({key: tensor for key, tensor in state.items() if tensor is not None}, file)
    with pytest.raises(CheckpointError, match=told):
        inspect_folder(tmp_path / "old")


def test_weights_are_read_and_cast_one_by_one(tmp_path: Path) -> None:
    whole = torch.randn(6, 8)
    state = {
        "a": whole, "part": whole[2:4], "turned": whole.t(), "half": torch.randn(3).half(), "one": torch.tensor(2.5),
        "count": torch.tensor([7]), "empty": torch.zeros(0, 4), "x.attention.bias": torch.zeros(2),
    }  # fmt: skip
    torch.save(state, tmp_path / "weights.bin")
    safe = {key: tensor.clone().contiguous() for key, tensor in state.items()}
    save_file(safe, tmp_path / "weights.safetensors", metadata={"format": "pt"})
    for name in ("weights.bin", "weights.safetensors"):
        found = read_weights([tmp_path / name], torch.bfloat16, (".attention.bias",))
        assert found.keys() == state.keys() - {"x.attention.bias"}
        for key, tensor in found.items():
            wanted = state[key].bfloat16() if state[key].is_floating_point() else state[key]
            assert torch.equal(tensor, wanted)
            assert tensor.dtype == wanted.dtype
        file = tmp_path / name
        file.write_bytes(file.read_bytes()[:300])
        with pytest.raises(CheckpointError, match=f"{name} can't be read"):
            read_weights([file], torch.bfloat16)


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        inspect_folder(tmp_path)
    language_model(tmp_path / "shards", "safetensors")
    (tmp_path / "shards" / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"lacks its file model-00002-of-00002\.safetensors"):
        inspect_folder(tmp_path / "shards")
    index = tmp_path / "shards" / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "../outside.safetensors"}}))
    with pytest.raises(CheckpointError, match="outside"):
        inspect_folder(tmp_path / "shards")
    index.unlink()
    with pytest.raises(CheckpointError, match="holds no weights"):
        inspect_folder(tmp_path / "shards")
    language_model(tmp_path / "cut")
    file = tmp_path / "cut" / "pytorch_model.bin"
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(CheckpointError, match="can't be loaded"):
        inspect_folder(tmp_path / "cut")
    (tmp_path / "cut" / "config.json").write_text('{"model_type": "no such thing"}')
    with pytest.raises(CheckpointError, match=r"config\.json can't be used"):
        inspect_folder(tmp_path / "cut")


def test_a_wrong_vocabulary_is_refused_with_both_numbers(tmp_path: Path) -> None:
    dolly = Vocabulary.from_file(NEOX)
    check_rows(51305, dolly, "official")
    with pytest.raises(CheckpointError, match=r"50280 embedding rows, LLM-CXR needs 51305: 50281 .* 1024"):
        check_rows(50280, dolly, "dolly-v2-3b")


def test_the_tokenizer_of_a_folder(tmp_path: Path) -> None:
    vocabulary = text_tokenizer_file(tmp_path / "tokenizer.json")
    assert Vocabulary.from_text(text_tokenizer(tmp_path), vocabulary.codes).size == vocabulary.size
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(VocabularyError, match=r"no usable tokenizer\.json"):
        text_tokenizer(tmp_path)


def test_big_models_are_bfloat16() -> None:
    assert dtype_for(2_780_334_080) is torch.bfloat16
    assert dtype_for(40_000_000) is torch.float32


SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
ARCHITECTURES = [
    pytest.param(
        GPTNeoXConfig(vocab_size=300, intermediate_size=64, max_position_embeddings=64, **SIZES),
        id="gpt_neox",
    ),
    pytest.param(GPT2Config(vocab_size=300, n_embd=32, n_layer=2, n_head=2, n_positions=64), id="gpt2"),
    pytest.param(
        LlamaConfig(vocab_size=300, intermediate_size=64, max_position_embeddings=64, **SIZES), id="llama"
    ),
    pytest.param(BloomConfig(vocab_size=300, hidden_size=32, n_layer=2, n_head=2, seq_length=64), id="bloom"),
    pytest.param(
        OPTConfig(vocab_size=300, ffn_dim=64, max_position_embeddings=64, word_embed_proj_dim=32, **SIZES),
        id="opt",
    ),
]


@pytest.fixture(params=ARCHITECTURES)
def network(request: pytest.FixtureRequest) -> Any:
    return loud(request.param)


# Every architecture with the backend that takes any, and the proven ones with that of GPUs, which runs here without
# recording its steps.
BACKENDS = [
    *(pytest.param((one.values[0], HuggingFaceLanguageModel), id=str(one.id)) for one in ARCHITECTURES),
    *(
        pytest.param((one.values[0], GraphedLanguageModel), id=f"{one.id} in place")
        for one in ARCHITECTURES
        if one.id in ("gpt2", "llama", "gpt_neox")
    ),
]


@pytest.fixture(params=BACKENDS)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A network, and it as a backend for 64 positions."""
    config, made = request.param
    network = loud(config)
    return network, made(network, 300, 64)


def loud(config: Any) -> Any:
    torch.manual_seed(3)
    made = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.dim() == 2:
                parameter.mul_(8.0)
    return made


def test_ragged_rows_have_the_logits_of_the_whole_text(pair: tuple[Any, Any]) -> None:
    network, backend = pair
    rows = [[5, 9, 200, 31, 7], [11, 12], [250]]
    first = backend.prefill(rows)
    assert first.shape == (3, 300)
    for row, found in zip(rows, first, strict=True):
        assert np.abs(found - logits(network, row)[-1]).max() < 2e-4
    for row, id_, found in zip(rows, (40, 41, 42), backend.step([40, 41, 42]), strict=True):
        row.append(id_)
        assert np.abs(found - logits(network, row)[-1]).max() < 2e-4
    backend.reset([0], 2)
    backend.reset([2])
    rows = [[5, 9, 70, 71, 72], [*rows[1], 73], [80, 81]]
    scored = backend.score([[70, 71, 72], [73], [80, 81]], keep=2)
    assert backend.lengths.tolist() == [5, 4, 2]
    for row, found in zip(rows, scored, strict=True):
        assert np.abs(found[-1] - logits(network, row)[-1]).max() < 2e-4
    assert np.abs(scored[0, 0] - logits(network, rows[0])[-2]).max() < 2e-4
    assert np.isfinite(scored).all()


def test_a_row_without_ids_is_left_as_it_is(pair: tuple[Any, Any]) -> None:
    network, backend = pair
    backend.prefill([[5, 6], [7, 8, 9]])
    backend.reset([0])
    backend.score([[], [10, 11]], keep=1)
    found = backend.score([[21, 22], [12]], keep=1)[:, 0]
    assert np.abs(found[0] - logits(network, [21, 22])[-1]).max() < 2e-4
    assert np.abs(found[1] - logits(network, [7, 8, 9, 10, 11, 12])[-1]).max() < 2e-4


def test_rows_that_are_given_away_again_and_again_leave_nothing_behind(pair: tuple[Any, Any]) -> None:
    network, backend = pair
    backend.prefill([[5, 6], [7, 8, 9], [10]])
    kept = [10]
    for turn in range(12):
        backend.reset([turn % 2])
        given = [20 + turn, *range(30, 62)]
        rows: list[list[int]] = [[], [], []]
        rows[turn % 2] = given
        found = backend.score(rows, keep=1)[turn % 2, 0]
        assert np.abs(found - logits(network, given)[-1]).max() < 2e-4
        kept.append(100 + turn)
        stepped = backend.score([[], [], kept[-1:]], keep=1)[2, 0]
        assert np.abs(stepped - logits(network, kept)[-1]).max() < 2e-4
    # Without moving the rows together there would be some 400 columns by now.
    if isinstance(backend, HuggingFaceLanguageModel):
        assert vars(backend)["_cache"].get_seq_length() < 64 + 128 + 40


def test_ragged_prompts_take_no_more_columns_than_the_longest(network: Any) -> None:
    backend = HuggingFaceLanguageModel(network, 300, 64)
    backend.prefill([[7] * 60, [8] * 30, [9] * 15, [10] * 44])
    assert vars(backend)["_cache"].get_seq_length() == 60


def test_rows_in_place_grow_and_keep_what_they_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphed_backend, "_COLUMNS", 16)
    monkeypatch.setattr(graphed_backend, "_GROWTH", 8)
    network = loud(LlamaConfig(vocab_size=300, intermediate_size=64, max_position_embeddings=64, **SIZES))
    backend = GraphedLanguageModel(network, 300, 64)
    rows = [[5, 9, 200], [11] * 12]
    backend.prefill(rows)
    for id_ in range(20, 60):
        found = backend.step([id_, id_ + 1])
        for place, row in enumerate(rows):
            row.append(id_ + place)
            assert np.abs(found[place] - logits(network, row)[-1]).max() < 2e-4


def test_which_networks_run_in_place() -> None:
    assert fits(
        loud(GPTNeoXConfig(vocab_size=300, intermediate_size=64, max_position_embeddings=64, **SIZES))
    )
    assert not fits(loud(BloomConfig(vocab_size=300, hidden_size=32, n_layer=2, n_head=2, seq_length=64)))
    # On a CPU the backend that takes any network stays.
    assert isinstance(language_backend(loud(ARCHITECTURES[0].values[0]), 300, 64), HuggingFaceLanguageModel)


def test_a_row_ends_at_the_last_position(pair: tuple[Any, Any]) -> None:
    network, backend = pair
    backend.prefill([[3] * 63])
    assert np.isfinite(backend.step([4])).all()
    with pytest.raises(BackendError, match="65 token positions"):
        backend.step([4])
    assert np.abs(backend.prefill([ROW])[0] - logits(network, ROW)[-1]).max() < 2e-4


def test_any_base_model_grows(network: Any) -> None:
    before = logits(network, ROW)
    vocabulary = Vocabulary.from_file(NEOX)
    assert grow_embeddings(network, vocabulary) == 51305 - 300
    assert network.get_input_embeddings().weight.shape[0] == 51305
    after = logits(network, ROW)
    assert after.shape[1] == 51305
    assert np.abs(after[:, :300] - before).max() < 1e-5
