"""One run of a stage: from settings to the folder with checkpoints, `best`, `last` and the log."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, nn
from transformers import PreTrainedModel, PrinterCallback, TrainingArguments, set_seed
from transformers.utils.logging import disable_progress_bar

from engine.errors import SettingsError
from engine.lm.official import positions_of
from engine.lm.vocabulary import Vocabulary
from engine.safe_write import write_text
from engine.train.instruct.checkpoints import check_room, newest_whole, settle
from engine.train.instruct.collate import PlannedExamples
from engine.train.instruct.corpus import Corpus, all_texts, open_sets, read_corpus
from engine.train.instruct.examples import ExampleMaker, drop_too_long
from engine.train.instruct.lora import add_adapters
from engine.train.instruct.metrics import Validator
from engine.train.instruct.plan import make_plan
from engine.train.instruct.run_log import RunLog
from engine.train.instruct.settings import InstructSettings, Stage2Settings
from engine.train.instruct.start import (
    TOKENIZER,
    make_network,
    make_vocabulary,
    runs_before,
    write_language_model,
)
from engine.train.instruct.trainer import StageTrainer

SETTINGS = "settings.yaml"
# What settles the examples and their order, or lies in a checkpoint and would come back from there.
_FIXED = (
    "codes", "text", "directions", "mix", "shares", "sources", "data_share", "vary_codes", "new", "hidden", "layers",
    "heads", "max_positions", "image_codes", "max_length", "lora_rank", "batch", "beta2", "weight_decay", "weights",
    "seed", "select_by",
)  # fmt: skip


def train(settings: InstructSettings) -> StageTrainer:
    """Run a stage to its end, from the newest whole checkpoint where `resume` is set; give its trainer.

    Raises SettingsError, DataError, VocabularyError or CheckpointError before the first step for what can't
    work, and TrainingError where the loss is no number any more.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if settings.workers:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    disable_progress_bar()  # bars of loading and saving; the run has its own
    arguments = trainer_arguments(settings)
    checkpoint = _checkpoint(settings)
    sets, tokenizer_id = open_sets(settings)
    training = read_corpus(settings, sets, tokenizer_id, "train")
    validation = read_corpus(settings, sets, tokenizer_id, "val")
    vocabulary = _vocabulary(settings, training)
    set_seed(settings.seed)
    network, added = make_network(settings, vocabulary, tokenizer_id)
    tuned = add_adapters(network, settings, added != 0) if settings.lora_rank else network
    # One process looks: it alone writes, and another might meet its files between two names.
    if int(os.environ.get("RANK", "0")) == 0:
        check_room(settings.out, _bytes(network.parameters()), _bytes(_trained(tuned)), settings.keep)
    limit = min(settings.max_length, positions_of(network.config))
    for corpus in (training, validation):
        drop_too_long(corpus, vocabulary, limit)
    plan = make_plan(training, settings, settings.steps * settings.batch)
    maker = ExampleMaker(vocabulary, settings)
    told_first = [f"goes on from {checkpoint}"] if checkpoint else []
    if settings.resume and not checkpoint:
        told_first = [f"no whole checkpoint in {settings.out}: the run begins anew"]
    validator = Validator(settings, training, validation, maker)
    validator.check_select_by()
    log = RunLog(settings, [*told_first, *_told(training, plan.passes(training), network, vocabulary, added)])

    before = runs_before(settings)

    def write(folder: Path, state: dict[str, Tensor] | None, figures: dict[str, Any]) -> None:
        told = {
            "stage": 2 if isinstance(settings, Stage2Settings) else 1,
            "image_tokenizer": tokenizer_id,
            "cpu_seconds": round(log.cpu_seconds),
            "settings": settings.choices(),
            "before": before,
        }
        write_language_model(folder, network, state, vocabulary, {**told, **figures})

    trainer = StageTrainer(
        tuned,
        arguments,
        PlannedExamples(plan, training, maker, settings.seed),
        settings,
        validator,
        write,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(log)
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        trainer.write(
            settings.out / "last", {"step": trainer.state.global_step, "validation": log.validation}
        )
    finally:
        log.close()
    return trainer


def trainer_arguments(settings: InstructSettings) -> TrainingArguments:
    """Turn the settings into the trainer's arguments; raise SettingsError for a batch that can't be divided."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    parts = processes * settings.accumulate
    if settings.batch % parts:
        raise SettingsError(
            f"Setting batch: {settings.batch} can't be divided into {parts} equal parts ({processes} processes, "
            f"accumulate {settings.accumulate})."
        )
    options: dict[str, Any] = {}
    if settings.fsdp:
        if not torch.cuda.is_available() or settings.device == "cpu":
            raise SettingsError(
                "Setting fsdp: there is no GPU to shard over. Without it, torchrun's processes on CPUs each hold "
                "the whole network and share the batch."
            )
        options = {"fsdp": True, "fsdp_config": settings.fsdp_config and str(settings.fsdp_config)}
    if settings.deepspeed is not None:
        options = {"deepspeed": str(settings.deepspeed)}
        _need_deepspeed()
    if settings.schedule == "cosine":
        options["lr_scheduler_kwargs"] = {"min_lr_rate": 0.05}
    # Newer versions have another name for gradient checkpointing, and warn of the old one.
    known = TrainingArguments.__dataclass_fields__
    checkpointing = (
        "activation_checkpointing" if "activation_checkpointing" in known else "gradient_checkpointing"
    )
    return TrainingArguments(
        output_dir=str(settings.out),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch // parts,
        gradient_accumulation_steps=settings.accumulate,
        learning_rate=settings.learning_rate,
        adam_beta2=settings.beta2,
        weight_decay=settings.weight_decay,
        lr_scheduler_type="constant_with_warmup" if settings.schedule == "constant" else "cosine_with_min_lr",
        warmup_steps=settings.warmup,
        max_grad_norm=settings.clip,
        bf16=settings.bf16,
        seed=settings.seed,
        use_cpu=settings.device == "cpu" or not torch.cuda.is_available(),
        dataloader_num_workers=settings.workers,
        dataloader_pin_memory=torch.cuda.is_available(),
        remove_unused_columns=False,
        logging_steps=settings.log_every,
        logging_nan_inf_filter=False,
        eval_strategy="steps",
        eval_steps=settings.validate_every,
        metric_for_best_model=settings.select_by,
        greater_is_better=settings.higher_is_better,
        save_strategy="steps",
        save_steps=settings.save_every,
        save_total_limit=None,
        report_to="none",
        disable_tqdm=True,
        log_level="error",
        ddp_find_unused_parameters=False,
        **{checkpointing: settings.checkpoint_activations},
        **options,
    )


def _need_deepspeed() -> None:
    try:
        import deepspeed  # type: ignore[import-not-found]  # noqa: F401
    except ImportError as error:
        raise SettingsError(
            "Setting deepspeed: the package isn't installed. Install it with `pip install deepspeed`, or use fsdp."
        ) from error


def _check_resumed(settings: InstructSettings) -> None:
    """Raise SettingsError for a setting that settles what a run sees, or that its checkpoints hold, and differs."""
    try:
        before = yaml.safe_load((settings.out / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(
            f"Setting resume: {settings.out / SETTINGS} can't be read ({error}), so nobody can tell whether the run "
            "was started with these settings. Start a run in another folder."
        ) from error
    now = settings.model_dump(mode="json")
    for key in _FIXED:
        if key in before and before[key] != now[key]:
            raise SettingsError(
                f"Setting {key}: the run in {settings.out} was started with {before[key]!r}, now it is "
                f"{now[key]!r}. Keep it, or start a run in another folder."
            )


def _checkpoint(settings: InstructSettings) -> Path | None:
    """Settle the run's folder and find where to go on; refuse to start over an earlier run or to mix two."""
    out = settings.out
    newest = newest_whole(out) if out.is_dir() else None
    if newest is not None and not settings.resume:
        raise SettingsError(
            f"Setting out: {out} holds an earlier run ({newest.name}). Give `resume` to go on, or another folder."
        )
    if newest is not None:
        _check_resumed(settings)
    out.mkdir(parents=True, exist_ok=True)
    if int(os.environ.get("RANK", "0")) == 0:
        for name in ("best", "last"):
            settle(out / name)
        write_text(out / SETTINGS, settings.to_yaml())
    return newest


def _vocabulary(settings: InstructSettings, training: Corpus) -> Vocabulary:
    """Keep the text tokenizer that a run trained: it goes on with the same ids whatever the texts are then."""
    kept = settings.out / TOKENIZER
    if settings.resume and kept.exists():
        return Vocabulary.from_file(kept, settings.image_codes)
    vocabulary = make_vocabulary(settings, all_texts(training))
    if int(os.environ.get("RANK", "0")) == 0:
        write_text(kept, vocabulary.to_text())
    return vocabulary


def _trained(network: nn.Module) -> Iterator[nn.Parameter]:
    return (parameter for parameter in network.parameters() if parameter.requires_grad)


def _bytes(parameters: Iterable[nn.Parameter]) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in parameters)


def _told(
    training: Corpus,
    passes: Mapping[str, float],
    network: PreTrainedModel,
    vocabulary: Vocabulary,
    added: int,
) -> list[str]:
    """Word what the run starts with."""
    counts = training.counts()
    items = ", ".join(f"{task} {counts[task]} ({times:.2f} passes)" for task, times in passes.items())
    dropped = ", ".join(f"{why}: {count}" for why, count in sorted(training.dropped.items()))
    size = sum(parameter.numel() for parameter in network.parameters())
    return [
        f"examples to draw from: {items}",
        f"left out: {dropped or 'none'}",
        f"network: {size / 1e6:.1f} M parameters, {vocabulary.text_size} text ids and {vocabulary.codes} image "
        f"codes, {added} rows new",
    ]
