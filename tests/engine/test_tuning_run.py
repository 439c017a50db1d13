"""Whole runs of the stages on a tiny network: learning, going on after a crash, adapters, starting from a base."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from engine.bundle import sha256_of
from engine.errors import CheckpointError, DataError, SettingsError, TrainingError
from engine.lm.model import LanguageModelConfig, build, grow_embeddings
from engine.lm.vocabulary import Vocabulary
from engine.train.instruct.checkpoints import (
    check_room,
    keep_newest,
    mark_whole,
    newest_whole,
    replace_folder,
    settle,
)
from engine.train.instruct.collate import collate
from engine.train.instruct.examples import Example
from engine.train.instruct.lora import add_adapters, merged_state
from engine.train.instruct.run import train, trainer_arguments
from engine.train.instruct.start import load_language_model, read_codebook, read_facts
from engine.train.instruct.trainer import HeadSelection, weighted_loss
from tests.engine.tuning_world import TOKENIZER_ID, make_set, stage1, stage2

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_set(tmp_path_factory.mktemp("set"))


@pytest.fixture(scope="module")
def first_stage(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first stage of 60 steps on reports, questions, films and plain language."""
    out = tmp_path_factory.mktemp("stage1")
    changes = {"normalise": "examples", "answer_image_weight": 0.03, "first_token_weight": 8}
    every = {"steps": 60, "validate_every": 20, "save_every": 20}
    train(stage1(folder, out, directions="both", select_by="auroc_abnormal", **changes, **every))
    return out


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_language_model(folder)[0].state_dict())


def test_a_run_learns_all_tasks(first_stage: Path) -> None:
    lines = [json.loads(line) for line in (first_stage / "log.jsonl").read_text().splitlines()]
    validations = [line for line in lines if "eval_loss" in line]
    assert [line["step"] for line in validations] == [20, 40, 60]
    for task in ("report", "answer", "generate"):
        assert validations[-1][f"eval_loss_{task}"] < 0.9 * validations[0][f"eval_loss_{task}"]
    assert validations[-1]["eval_auroc_abnormal"] == 1.0
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < 0.6 * losses[0]
    assert list((first_stage / "tensorboard").glob("events.*"))


def test_a_run_leaves_folders_that_load(first_stage: Path) -> None:
    network, vocabulary = load_language_model(first_stage / "last")
    assert network.get_input_embeddings().num_embeddings == vocabulary.size == vocabulary.text_size + 64
    facts = read_facts(first_stage / "best")
    assert facts["stage"] == 1 and facts["image_tokenizer"] == "0123456789ab"
    assert facts["validation"]["auroc_abnormal"] == 1.0
    assert facts["settings"]["steps"] == 60
    tokenizer = AutoTokenizer.from_pretrained(first_stage / "last")
    assert tokenizer("Pneumonia is present.")["input_ids"] == vocabulary.encode("Pneumonia is present.")
    assert AutoModelForCausalLM.from_pretrained(first_stage / "best").config.vocab_size == vocabulary.size
    assert sorted(path.name for path in first_stage.glob("checkpoint-*")) == [
        "checkpoint-40",
        "checkpoint-60",
    ]


KILLED = """
import os, signal, sys
from pathlib import Path
from engine.train.instruct.run import train
from engine.train.instruct.trainer import StageTrainer
from tests.engine.tuning_world import stage1

def die(self, folder):
    if self.state.global_step == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    save(self, folder)

save, StageTrainer._save_optimizer_and_scheduler = StageTrainer._save_optimizer_and_scheduler, die
train(stage1(Path(sys.argv[1]), Path(sys.argv[2]), save_every=3, dropout=0.1, code_dropout=0.1))
"""


def test_a_run_killed_while_it_saves_goes_on_to_the_bit(folder: Path, tmp_path: Path) -> None:
    straight = stage1(folder, tmp_path / "straight", save_every=3, dropout=0.1, code_dropout=0.1)
    train(straight)
    killed = tmp_path / "killed"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(killed)],
        cwd=REPOSITORY,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert (killed / "checkpoint-6" / "model.safetensors").exists()
    whole = newest_whole(killed)
    assert whole is not None and whole.name == "checkpoint-3"
    trainer = train(straight.model_copy(update={"out": killed, "resume": True}))
    assert trainer.state.global_step == 6
    spent = [json.loads(line)["cpu_s"] for line in (killed / "log.jsonl").read_text().splitlines()]
    assert spent == sorted(spent)
    first, second = weights_of(tmp_path / "straight" / "last"), weights_of(killed / "last")
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[key]) for key, value in first.items())


def test_adapters_go_on_to_the_bit(first_stage: Path, folder: Path, tmp_path: Path) -> None:
    base = {"base": first_stage / "last", "new": False, "lora_rank": 2, "lora_dropout": 0.1}
    settings = stage2(folder, tmp_path / "a", **base, save_every=2, steps=4)
    train(settings)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "checkpoint-4" / "adapter_model.safetensors").unlink()
    train(settings.model_copy(update={"out": tmp_path / "b", "resume": True}))
    first, second = weights_of(tmp_path / "a" / "last"), weights_of(tmp_path / "b" / "last")
    assert all(torch.equal(value, second[key]) for key, value in first.items())


def test_a_run_goes_on_only_when_told(first_stage: Path, folder: Path) -> None:
    with pytest.raises(SettingsError, match="holds an earlier run"):
        train(stage1(folder, first_stage))


def test_a_second_stage_starts_from_the_first(first_stage: Path, folder: Path, tmp_path: Path) -> None:
    base = first_stage / "last"
    changes = {"base": base, "new": False, "steps": 1, "learning_rate": 1e-9, "warmup": 0}
    train(stage2(folder, tmp_path, **changes, bf16=False))
    before, after = weights_of(base), weights_of(tmp_path / "last")
    assert all(torch.allclose(before[key], after[key], atol=1e-6) for key in before)
    assert read_facts(tmp_path / "last")["stage"] == 2


@pytest.mark.parametrize("kind", ["bloom", "llama"])
def test_any_causal_language_model_is_a_base(
    kind: str, first_stage: Path, folder: Path, tmp_path: Path
) -> None:
    """One without a table of positions, and one whose output layer is its embedding table."""
    sizes = {
        "vocab_size": 400,
        "hidden_size": 32,
        "num_attention_heads": 2,
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    more = {"bloom": {"n_layer": 1}, "llama": {"num_hidden_layers": 1, "intermediate_size": 64}}
    config = AutoConfig.for_model(kind, **sizes, **more[kind], tie_word_embeddings=True)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "base")
    shutil.copyfile(first_stage / "tokenizer.json", tmp_path / "base" / "tokenizer.json")
    settings = stage2(folder, tmp_path / "run", base=tmp_path / "base", new=False, text="table", steps=2)
    train(settings)
    network, vocabulary = load_language_model(tmp_path / "run" / "last")
    assert network.config.model_type == kind
    assert network.get_output_embeddings().weight.shape[0] == vocabulary.size
    assert newest_whole(tmp_path / "run") is not None
    assert train(settings.model_copy(update={"steps": 3, "resume": True})).state.global_step == 3


def test_adapters_leave_a_plain_network(first_stage: Path, folder: Path, tmp_path: Path) -> None:
    base = first_stage / "last"
    settings = stage2(folder, tmp_path, base=base, new=False, lora_rank=4, save_every=3)
    trainer = train(settings)
    written = weights_of(tmp_path / "last")
    merged = trainer.model.merge_and_unload().state_dict()
    assert written.keys() == merged.keys()
    assert all(torch.allclose(value, merged[key], atol=1e-6) for key, value in written.items())
    before = weights_of(base)
    changed = {key for key, value in before.items() if not torch.equal(value, written[key])}
    assert changed and all(key.endswith("weight") and "layers" in key for key in changed)


def test_adapters_train_new_embeddings_whole(folder: Path) -> None:
    network = build(LanguageModelConfig(80, 32, 1, 2))
    plain = {key: value.clone() for key, value in network.state_dict().items()}
    adapted = add_adapters(network, stage1(folder, Path("run"), lora_rank=2), new_rows=True)
    trained = {name for name, value in adapted.named_parameters() if value.requires_grad}
    assert any("embed_in.modules_to_save" in name for name in trained)
    assert any("lm_head.modules_to_save" in name for name in trained)
    state = merged_state(adapted.state_dict(), stage1(folder, Path("run"), lora_rank=2))
    assert state.keys() == plain.keys()
    assert all(torch.equal(value, plain[key]) for key, value in state.items())


def test_embeddings_grow_and_old_rows_stay(first_stage: Path) -> None:
    vocabulary = load_language_model(first_stage / "last")[1]
    network = build(LanguageModelConfig(vocabulary.text_size - 1, 32, 1, 2))
    tables = (network.get_input_embeddings, network.get_output_embeddings)
    before = [table().weight.clone() for table in tables]
    assert grow_embeddings(network, vocabulary) == 65
    for table, old in zip(tables, before, strict=True):
        grown = table().weight
        assert grown.shape[0] == vocabulary.size == network.config.vocab_size
        assert torch.equal(grown[: len(old)], old)
        assert 0.3 < grown[len(old) :].std() / old.std() < 3
    assert grow_embeddings(network, vocabulary) == 0


def test_logits_are_made_only_where_there_is_a_weight() -> None:
    torch.manual_seed(0)
    network = build(LanguageModelConfig(90, 32, 1, 2))
    examples = [
        Example(list(range(1, 20)), [0.0] * 9 + [1.0] * 10),
        Example([3, 4, 5, 6], [0.0, 0.0, 1.0, 1.0]),
    ]
    batch = collate(examples)
    usual = network(input_ids=batch["input_ids"], labels=batch["labels"]).loss
    used = batch["weights"][:, 1:] > 0
    with HeadSelection(network).only(functional.pad(used, (0, 1))):
        logits = network(input_ids=batch["input_ids"]).logits
    assert logits.shape == (12, 90)
    wanted, weights = batch["input_ids"][:, 1:][used], batch["weights"][:, 1:][used]
    assert torch.allclose(weighted_loss(logits, wanted, weights, 2, "tokens"), usual, atol=1e-6)
    by_example = weighted_loss(logits, wanted, weights, 2, "examples")
    assert torch.allclose(by_example, usual * 12 / 16, atol=1e-6)
    assert network(input_ids=batch["input_ids"]).logits.shape == (2, 24, 90)


def test_a_checkpoint_counts_once_it_is_whole(tmp_path: Path) -> None:
    for step in (3, 6, 9, 12):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "weights").write_text("x" * step)
        if step != 9:
            mark_whole(tmp_path / f"checkpoint-{step}")
    newest = newest_whole(tmp_path)
    assert newest is not None and newest.name == "checkpoint-12"
    (newest / "weights").write_text("x")
    newest = newest_whole(tmp_path)
    assert newest is not None and newest.name == "checkpoint-6"
    keep_newest(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-6"]


def test_a_disk_that_is_too_small_is_told_before_the_run(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    check_room(tmp_path, weights=1000, trained=1000, keep=2)
    # Three networks and three checkpoints, each of the weights and their two moments.
    with pytest.raises(SettingsError, match=r"needs about .* GiB .* lower keep \(2\)"):
        check_room(tmp_path, weights=free // 10, trained=free // 10, keep=2)
    check_room(tmp_path, weights=free // 10, trained=free // 1000, keep=2)
    # What a run that goes on holds already needs no room again.
    (tmp_path / "held").touch()
    os.truncate(tmp_path / "held", free)
    check_room(tmp_path, weights=free // 10, trained=free // 10, keep=2)


def test_a_replaced_folder_survives_a_crash_between_the_renames(tmp_path: Path) -> None:
    best = tmp_path / "best"

    def write(text: str) -> None:
        replace_folder(best, lambda new: (new.mkdir(), (new / "a").write_text(text))[0])

    write("first")
    best.rename(tmp_path / "best.old")
    (tmp_path / "best.new").mkdir()
    settle(best)
    assert (best / "a").read_text() == "first"
    write("second")
    assert (best / "a").read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_what_cannot_work_is_refused_before_the_first_step(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be divided into 3"):
        trainer_arguments(stage1(folder, tmp_path, accumulate=3))
    with pytest.raises(SettingsError, match="no GPU to shard over"):
        trainer_arguments(stage1(folder, tmp_path, fsdp=True))
    with pytest.raises(SettingsError, match="auroc_findings can't be had"):
        train(stage1(folder, tmp_path / "a", shares={"report": 1}, select_by="auroc_findings"))
    assert not (tmp_path / "a" / "log.jsonl").exists()
    with pytest.raises(DataError, match="isn't a prepared set"):
        train(stage1(tmp_path / "none", tmp_path / "b"))


def test_a_loss_that_is_no_number_ends_the_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "engine.train.instruct.trainer.weighted_loss",
        lambda logits, *_: logits.sum() * torch.tensor(float("nan")),
    )
    with pytest.raises(TrainingError, match="The loss is nan at step 2"):
        train(stage1(folder, tmp_path))


def test_a_checkpoint_of_no_numbers_is_never_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss breaks between two lines of the log, and a checkpoint is due before the next one."""
    calls: list[int] = []

    def breaking(*arguments: Any) -> torch.Tensor:
        calls.append(1)
        return weighted_loss(*arguments) * (float("nan") if len(calls) > 4 else 1.0)

    monkeypatch.setattr("engine.train.instruct.trainer.weighted_loss", breaking)
    with pytest.raises(TrainingError, match="The loss is nan at step 6"):
        train(stage1(folder, tmp_path, steps=20, log_every=20, save_every=3, validate_every=20))
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == ["checkpoint-3"]
    kept = load_file(tmp_path / "checkpoint-3" / "model.safetensors")
    assert all(bool(torch.isfinite(tensor).all()) for tensor in kept.values())


def test_a_run_that_goes_on_takes_the_rate_it_is_told(folder: Path, tmp_path: Path) -> None:
    train(stage1(folder, tmp_path, steps=3, save_every=3))
    before = weights_of(tmp_path / "last")
    trainer = train(stage1(folder, tmp_path, save_every=3, resume=True, learning_rate=1e-12, bf16=False))
    assert trainer.get_learning_rates() == [1e-12] * 2
    after = weights_of(tmp_path / "last")
    assert all(torch.allclose(value, after[key], atol=1e-9) for key, value in before.items())


@pytest.mark.parametrize("changes", [{"seed": 7}, {"batch": 8}, {"beta2": 0.9}, {"shares": {"report": 1}}])
def test_a_run_that_goes_on_with_other_examples_is_refused(
    first_stage: Path, folder: Path, changes: dict[str, Any]
) -> None:
    told = (first_stage / "settings.yaml").read_text()
    first = {"directions": "both", "select_by": "auroc_abnormal"}
    with pytest.raises(SettingsError, match=f"{next(iter(changes))}: the run in .* was started with"):
        train(stage1(folder, first_stage, **first, **changes, steps=61, resume=True))
    assert (first_stage / "settings.yaml").read_text() == told


def test_a_batch_without_any_weight_is_no_loss() -> None:
    logits = torch.randn(3, 5, requires_grad=True)
    nothing = weighted_loss(logits, torch.tensor([0, 1, 2]), torch.zeros(3), 1, "tokens")
    nothing.backward()  # type: ignore[no-untyped-call]
    assert nothing.item() == 0 and logits.grad is not None and not logits.grad.any()
    empty = weighted_loss(logits[:0], torch.zeros(0, dtype=torch.long), torch.zeros(0), 1, "tokens")
    assert empty.item() == 0


def test_parts_of_a_batch_add_up(folder: Path, tmp_path: Path) -> None:
    changes = {"normalise": "examples", "steps": 2, "bf16": False, "learning_rate": 1e-2, "warmup": 0}
    for parts in (1, 2):
        train(stage1(folder, tmp_path / f"{parts}", accumulate=parts, **changes))
    whole, halves = weights_of(tmp_path / "1" / "last"), weights_of(tmp_path / "2" / "last")
    moved = [torch.allclose(whole[key], halves[key], atol=2e-4) for key in whole]
    assert np.mean(moved) == 1.0


def test_less_memory_gives_the_same_network(folder: Path, tmp_path: Path) -> None:
    changes = {"steps": 2, "bf16": False, "learning_rate": 1e-3, "warmup": 0}
    memory: dict[str, dict[str, Any]] = {"plain": {}, "checkpointed": {"checkpoint_activations": True}}
    for name, change in memory.items():
        train(stage1(folder, tmp_path / name, **changes, **change))
    plain, checkpointed = (
        weights_of(tmp_path / "plain" / "last"),
        weights_of(tmp_path / "checkpointed" / "last"),
    )
    assert all(torch.allclose(value, checkpointed[key], atol=1e-6) for key, value in plain.items())
    halved = stage2(
        folder, tmp_path / "half", base=tmp_path / "plain" / "last", new=False, steps=2, weights="bfloat16"
    )
    network = train(halved).model
    assert {value.dtype for value in network.parameters()} == {torch.bfloat16}


def test_the_codebook_is_read_from_ours_and_from_official_checkpoints(tmp_path: Path) -> None:
    codebook = torch.randn(64, 8)
    for name, kept in (("ours", "model"), ("official", "state_dict")):
        torch.save({kept: {"quantize.embedding.weight": codebook}}, tmp_path / name)
        assert torch.equal(read_codebook(tmp_path / name, 64, sha256_of(tmp_path / name)[:12]), codebook)
    (tmp_path / "model").mkdir()
    imported = tmp_path / "model" / "tokenizer.safetensors"
    save_file({"quantize.embedding.weight": codebook}, imported)
    assert torch.equal(read_codebook(tmp_path / "model", 64, sha256_of(imported)[:12]), codebook)
    with pytest.raises(CheckpointError, match="it holds 64 codes"):
        read_codebook(imported, 1024, sha256_of(imported)[:12])
    with pytest.raises(CheckpointError, match="Give the one that encoded them"):
        read_codebook(imported, 64, "0123456789ab")


def test_a_codebook_starts_the_image_tokens(tmp_path: Path) -> None:
    codebook = torch.randn(64, 8)
    codebook[1] = codebook[0] + 0.01
    torch.save({"model": {"quantize.embedding.weight": codebook}}, tmp_path / "vqgan.pt")
    folder = make_set(tmp_path / "set")
    (folder / "codes" / TOKENIZER_ID).rename(folder / "codes" / sha256_of(tmp_path / "vqgan.pt")[:12])
    started = {"image_tokenizer": tmp_path / "vqgan.pt", "steps": 1, "learning_rate": 1e-9}
    train(stage1(folder, tmp_path / "run", **started))
    vocabulary = Vocabulary.from_file(tmp_path / "run" / "tokenizer.json", 64)
    rows = weights_of(tmp_path / "run" / "last")["gpt_neox.embed_in.weight"][vocabulary.image_offset :]
    distance = torch.cdist(rows, rows)
    assert distance[0, 1] < 0.1 * distance[0, 2:].min()
