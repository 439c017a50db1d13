"""Hugging Face's trainer with the stages' loss, validation and crash-safe checkpoints.

Everything about processes, precision, FSDP and DeepSpeed is the trainer's and accelerate's own. What is ours:
logits are computed only where a loss weight stands, a batch's loss is weighted, and a checkpoint counts once
it is whole.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Sampler, SequentialSampler
from transformers import PreTrainedModel, Trainer, TrainerControl, TrainingArguments

from engine.train.instruct.checkpoints import keep_newest, mark_whole, replace_folder
from engine.train.instruct.collate import PlannedExamples, collate
from engine.train.instruct.examples import Example
from engine.train.instruct.lora import merged_state
from engine.train.instruct.metrics import Validator
from engine.train.instruct.settings import InstructSettings
from engine.train.instruct.start import load_network

_EXAMPLE_SCALE = 8.0
# Network, whole state (None: its own), folder, figures -> writes the folder.
WriteFolder = Callable[[Path, dict[str, Tensor] | None, dict[str, Any]], None]


class HeadSelection:
    """Lets a network's output layer see only chosen positions, so that no logits are made for nothing."""

    def __init__(self, network: PreTrainedModel) -> None:
        self._chosen: Tensor | None = None
        network.get_output_embeddings().register_forward_pre_hook(self._select)

    @contextmanager
    def only(self, chosen: Tensor) -> Iterator[None]:
        """Make the network give logits [chosen positions, V] for a mask [B, S] instead of [B, S, V]."""
        self._chosen = chosen
        try:
            yield
        finally:
            self._chosen = None

    def _select(self, _layer: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        if self._chosen is None:
            return arguments
        return (arguments[0][self._chosen], *arguments[1:])


def weighted_loss(logits: Tensor, wanted: Tensor, weights: Tensor, examples: int, normalise: str) -> Tensor:
    """Give the loss of logits [n, V] for the ids wanted [n] with their weights [n].

    `tokens` is the weighted mean, the usual loss where all weights are 1. `examples` gives every example a
    fixed part, so that a long image answer doesn't thin out a short text in the same batch.
    """
    losses = functional.cross_entropy(logits.float(), wanted, reduction="none")
    total = (losses * weights).sum()
    if normalise == "examples":
        return total / (_EXAMPLE_SCALE * examples)
    # A batch may hold tasks alone whose weight is 0.
    return total / weights.sum().clamp(min=torch.finfo(weights.dtype).tiny)


class StageTrainer(Trainer):  # type: ignore[misc]  # transformers comes without types
    """The trainer of one stage."""

    def __init__(
        self,
        network: PreTrainedModel,
        arguments: TrainingArguments,
        examples: PlannedExamples,
        settings: InstructSettings,
        validator: Validator,
        write_folder: WriteFolder,
    ) -> None:
        # The trainer wants a validation set to validate at all; ours is in the validator.
        super().__init__(
            model=network, args=arguments, train_dataset=examples, eval_dataset=[], data_collator=collate
        )
        # Each part of an accumulated batch is a mean of its own.
        self.model_accepts_loss_kwargs = False
        self.settings = settings
        self.validator = validator
        self.write_folder = write_folder
        self.head = HeadSelection(network)

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Tensor], return_outputs: bool = False, **_: Any
    ) -> Tensor:
        """Give the weighted loss of a batch of `collate`."""
        ids, weights = inputs["input_ids"], inputs["weights"]
        logits, wanted, weight = self._logits(model, ids, weights)
        return weighted_loss(logits, wanted, weight, len(ids), self.settings.normalise)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Validate; the figures hold the one that keeps `best` (see `Validator.check_select_by`)."""
        model = self.model_wrapped
        model.eval()
        figures = self.validator(self._response_loss, self._next_logits)
        metrics = {f"eval_{name}": value for name, value in figures.items()}
        self.log(metrics)
        control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        self.control: TrainerControl = control
        return metrics

    def write(self, folder: Path, figures: dict[str, Any]) -> None:
        """Write the network as a folder that can be loaded, adapters merged; every process takes part."""
        state = None
        if self.is_fsdp_enabled or self.is_deepspeed_enabled:
            state = self.accelerator.get_state_dict(self.model_wrapped)
        elif self.settings.lora_rank:
            state = self.model.state_dict()
        if self.is_world_process_zero():
            if self.settings.lora_rank and state is not None:
                state = merged_state(state, self.settings)
            replace_folder(folder, lambda new: self.write_folder(new, state, figures))
        self.accelerator.wait_for_everyone()

    def _logits(self, model: nn.Module, ids: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give the logits [n, V], the ids [n] and weights [n] of the positions whose target has a weight."""
        weight, wanted = weights[:, 1:], ids[:, 1:]
        used = weight > 0
        with self.head.only(functional.pad(used, (0, 1))):
            logits = model(input_ids=ids).logits
        return logits, wanted[used], weight[used]

    @torch.no_grad()
    def _response_loss(self, examples: Sequence[Example]) -> tuple[float, int]:
        batch = {name: value.to(self.args.device) for name, value in collate(examples).items()}
        logits, wanted, _ = self._logits(self.model_wrapped, batch["input_ids"], batch["weights"])
        return functional.cross_entropy(logits.float(), wanted, reduction="sum").item(), len(wanted)

    @torch.no_grad()
    def _next_logits(self, prompts: Sequence[list[int]]) -> NDArray[np.float32]:
        ids = torch.tensor(prompts, device=self.args.device)
        last = torch.zeros_like(ids, dtype=torch.bool)
        last[:, -1] = True
        with self.head.only(last):
            logits: NDArray[np.float32] = self.model_wrapped(input_ids=ids).logits.float().cpu().numpy()
        return logits

    def _get_train_sampler(self, *_: Any) -> Sampler[int]:
        # The plan is already drawn.
        return SequentialSampler(self.train_dataset)

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        better = bool(super()._determine_best_metric(metrics, trial))
        if better:
            figures = {name.removeprefix("eval_"): value for name, value in metrics.items()}
            self.write(self.settings.out / "best", {"step": self.state.global_step, "validation": figures})
        return better

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        plain = not (self.is_fsdp_enabled or self.is_deepspeed_enabled or self.settings.lora_rank)
        if not plain:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        # The trainer's own way ignores keys that it doesn't know, and a folder may hold the output layer
        # under its older name (embed_out), which from_pretrained translates.
        saved = load_network(Path(resume_from_checkpoint), self.model.dtype)
        self.model.load_state_dict(saved.state_dict())

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is None or self.is_deepspeed_enabled:
            return
        # A checkpoint brings its own rate back; the one of the settings is meant.
        rate = self.settings.learning_rate
        for group in self.optimizer.param_groups:
            group["lr"] *= rate / group.get("initial_lr", rate)
            group["initial_lr"] = rate
        scheduler: Any = getattr(self.lr_scheduler, "scheduler", self.lr_scheduler)
        scheduler.base_lrs = [rate] * len(scheduler.base_lrs)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self.is_world_process_zero():
            mark_whole(self.settings.out / f"checkpoint-{self.state.global_step}")
            keep_newest(self.settings.out, self.settings.keep)
