"""Train the language model: `python -m engine.train.lm --manifest CSV --tokenizer vqgan.pt --out DIR`.

One stage over the four tasks with loss on the response (and a trace on the prompt's image tokens). The
weights with the best validation score are kept apart; the test split is never read.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers import GPTNeoXForCausalLM

from engine.data.bpe import train_tokenizer
from engine.data.examples import Example, ExampleMaker, ExampleSettings
from engine.data.manifest import read_manifest, select
from engine.data.questions import ABNORMAL
from engine.data.templates import usable
from engine.lm.model import LanguageModelConfig, build, warm_start_codes
from engine.lm.vocabulary import Vocabulary
from engine.preprocess import PreprocessingSpec
from engine.tokenizer.vqgan import VQModel
from engine.train.code_bank import code_bank, exact_codes
from engine.train.common import (
    Progress,
    cosine_rate,
    load_checkpoint,
    parse_settings,
    random_state,
    restore_random_state,
    save_checkpoint,
    seed_everything,
)
from engine.train.rounding import round_to_half
from engine.train.scores import abnormal_log_odds, auroc, has, mean_finding_auroc
from engine.train.vqgan import load_tokenizer


@dataclass(frozen=True)
class LanguageModelSettings:
    """Settings of a language model run; `source` is the manifest's source with judged labels."""

    manifest: Path
    tokenizer: Path
    out: Path
    cache: Path = Path("canvas")
    source: str = "nih-cxr14"
    seed: int = 1
    threads: int = 1
    variants: int = 12
    hidden: int = 256
    layers: int = 4
    heads: int = 4
    max_positions: int = 512
    dropout: float = 0.1
    code_dropout: float = 0.12
    text_weight: float = 1.0
    prompt_image_weight: float = 0.004
    steps: int = 2600
    batch: int = 8
    learning_rate: float = 7e-4
    weight_decay: float = 0.05
    validate_every: int = 150


def main() -> None:
    """Run or resume a training."""
    settings = parse_settings(LanguageModelSettings, "Train the language model.")
    torch.set_num_threads(settings.threads)
    train(settings, round_to_half(load_tokenizer(settings.tokenizer)))


def train(settings: LanguageModelSettings, tokenizer: VQModel) -> "LanguageModelRun":
    """Train on the codes that `tokenizer` gives, from the newest checkpoint in `settings.out` if any."""
    run = LanguageModelRun(settings, tokenizer)
    run.resume()
    run.train()
    return run


class LanguageModelRun:
    """One run: network, examples, and where it stands."""

    def __init__(self, settings: LanguageModelSettings, tokenizer: VQModel) -> None:
        self.settings = settings
        self.random = seed_everything(settings.seed)
        spec = PreprocessingSpec(side=tokenizer.config.resolution)
        text_tokenizer = train_tokenizer()
        settings.out.mkdir(parents=True, exist_ok=True)
        text_tokenizer.save(str(settings.out / "tokenizer.json"))
        self.vocabulary = Vocabulary.from_file(settings.out / "tokenizer.json")
        rows = read_manifest(settings.manifest)
        adults = {split: select(rows, split, [settings.source], True) for split in ("train", "val")}
        self.training = [row for row in adults["train"] if usable(row)]
        self.validation = [row for row in adults["val"] if usable(row)]
        self.validation_codes = exact_codes(tokenizer, self.validation, spec)[:, 0]
        bank = code_bank(tokenizer, self.training, spec, settings.variants, settings.seed, settings.cache)
        examples = ExampleSettings(
            code_dropout=settings.code_dropout,
            text_weight=settings.text_weight,
            prompt_image_weight=settings.prompt_image_weight,
        )
        self.examples = ExampleMaker(self.vocabulary, self.training, bank, examples, self.random)
        self.config = LanguageModelConfig(
            self.vocabulary.size, settings.hidden, settings.layers, settings.heads, settings.max_positions
        )
        self.network: GPTNeoXForCausalLM = build(self.config, settings.dropout)
        warm_start_codes(self.network, self.vocabulary, tokenizer.quantize.embedding.weight.detach())
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), settings.learning_rate, (0.9, 0.98), weight_decay=settings.weight_decay
        )
        self.step = 0
        self.best = 0.0
        self.progress = Progress(settings.out / "lm.jsonl")

    def resume(self) -> None:
        """Continue from the checkpoint if there is one."""
        path = self.settings.out / "lm.pt"
        if not path.exists():
            return
        state = load_checkpoint(path)
        self.network.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.best = state["step"], state["best"]
        restore_random_state(state["random"], self.random)
        self.progress = Progress(self.settings.out / "lm.jsonl", state["cpu_seconds"])

    def train(self) -> None:
        """Run the steps that are left."""
        settings = self.settings
        running: list[float] = []
        while self.step < settings.steps:
            ids, weights = self._batch([self.examples.draw() for _ in range(settings.batch)])
            for group in self.optimizer.param_groups:
                group["lr"] = settings.learning_rate * cosine_rate(self.step, settings.steps, 100)
            self.network.train()
            with torch.autocast("cpu", torch.bfloat16):
                loss = self._loss(ids, weights)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimizer.step()
            running.append(loss.item())
            self.step += 1
            if self.step % 25 == 0:
                self.progress.report("lm", self.step, settings.steps, loss=float(np.mean(running[-25:])))
            if self.step % settings.validate_every == 0 or self.step == settings.steps:
                self._validate()

    @torch.no_grad()
    def next_logits(self, prompts: Sequence[list[int]]) -> NDArray[np.float32]:
        """Give the logits after prompts of one length, [N, V]."""
        self.network.eval()
        with torch.autocast("cpu", torch.bfloat16):
            last = self.network.gpt_neox(torch.tensor(prompts)).last_hidden_state[:, -1]
        logits: NDArray[np.float32] = self.network.lm_head(last.float()).numpy()
        return logits

    def _batch(self, examples: list[Example]) -> tuple[Tensor, Tensor]:
        """Pad on the right with id 0 and weight 0 to [B, longest]."""
        longest = max(len(example.ids) for example in examples)
        ids = torch.zeros(len(examples), longest, dtype=torch.long)
        weights = torch.zeros(len(examples), longest)
        for row, example in enumerate(examples):
            ids[row, : len(example.ids)] = torch.tensor(example.ids)
            weights[row, : len(example.ids)] = torch.tensor(example.weights)
        return ids, weights

    def _loss(self, ids: Tensor, weights: Tensor) -> Tensor:
        hidden = self.network.gpt_neox(ids).last_hidden_state[:, :-1]
        wanted, weight = ids[:, 1:], weights[:, 1:]
        used = weight > 0
        losses = functional.cross_entropy(
            self.network.lm_head(hidden[used]).float(), wanted[used], reduction="none"
        )
        # A fixed share per example, so that a long image answer doesn't outweigh a short text.
        return (losses * weight[used]).sum() / (8.0 * len(ids))

    def _validate(self) -> None:
        truth = has(self.validation, ABNORMAL)
        abnormal = auroc(abnormal_log_odds(self.next_logits, self.vocabulary, self.validation_codes), truth)
        findings = mean_finding_auroc(
            self.next_logits, self.vocabulary, self.validation_codes, self.validation
        )
        self.progress.report(
            "validation", self.step, self.settings.steps, abnormal=abnormal, findings=findings
        )
        if abnormal > self.best:
            self.best = abnormal
            save_checkpoint(self.settings.out / "lm-best.pt", self._state())
        save_checkpoint(self.settings.out / "lm.pt", self._state())

    def _state(self) -> dict[str, object]:
        return {
            "model": self.network.state_dict(),
            "config": self.config.to_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "best": self.best,
            "random": random_state(self.random),
            "cpu_seconds": self.progress.cpu_seconds,
            "settings": {key: str(value) for key, value in dataclasses.asdict(self.settings).items()},
        }


if __name__ == "__main__":
    main()
