"""Train the tokenizer: autoencoder warm-up and clustered codebook where wanted, then the quantised model.

The paper's training is the last stage alone, from taming's ImageNet checkpoint. OUT/last.pt is the whole
state, OUT/best.pt the tokenizer that was best on the validation films; `load_tokenizer` reads either.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import broadcast
from PIL import Image
from torch import Tensor

from engine.errors import CheckpointError, TrainingError
from engine.tokenizer.codebook import cluster, restart_dead
from engine.tokenizer.config import VQGANConfig
from engine.tokenizer.official import read_config
from engine.tokenizer.vqgan import VQModel
from engine.train.codec import Patch
from engine.train.common import codes_name, cosine_rate, load_checkpoint, runs_before, save_checkpoint
from engine.train.film_run import (
    BEST,
    FilmRun,
    check_best,
    check_number,
    check_same,
    judged_heads,
    weighted,
)
from engine.train.films import (
    Batch,
    Draws,
    batches,
    preprocessing,
    read_records,
    training_films,
    validation_films,
)
from engine.train.vqgan_networks import Networks
from engine.train.vqgan_settings import VQGANSettings
from engine.train.vqgan_validation import FIGURES, perplexity, validate

_FIXED = (
    "resolution", "channels", "ch", "ch_mult", "num_res_blocks", "attn_resolutions", "z_channels", "embed_dim",
    "n_embed", "stem", "seed", "betas", "weight_decay", "heads", "head_width", "head_reading", "read_batch",
    "disc_width", "disc_layers", "batch", "warm_batch", "learn",
)  # fmt: skip
_WARM, _CLUSTER, _QUANTISED, _PATCH, _READ, _TEACH = range(6)  # stages, as the films' draws are told apart
_CLUSTER_BATCH = 8
_TEACH_BATCH, _TEACH_BATCHES = 16, 12


def train(settings: VQGANSettings) -> VQModel:
    """Train from the last checkpoint in `settings.out`, else from `start`, else from nothing.

    Gives the best tokenizer. Raises CheckpointError for a term without its weights and TrainingError for a
    folder of another run or a loss that is no number.
    """
    run = TokenizerRun(settings)
    run.train()
    run.run.close()
    return load_tokenizer(settings.out / BEST)


def load_tokenizer(path: Path) -> VQModel:
    """Give the model of a checkpoint of this training, in evaluation mode."""
    state = load_checkpoint(path)
    try:
        model = VQModel(VQGANConfig.from_dict(state["config"]))
        model.load_state_dict(state["model"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} is no tokenizer of this training: {error}. Give last.pt or best.pt of one."
        ) from error
    return model.eval()


class TokenizerRun:
    """One run: networks, optimizers, films, and where it stands."""

    def __init__(self, settings: VQGANSettings) -> None:
        self.settings = settings
        self.run = FilmRun(settings)
        self.config = (
            settings.sizes() if settings.tokenizer_config is None else read_config(settings.tokenizer_config)
        )
        kept = settings.start if settings.learn == "decoder" else None
        self.encodes_as = "" if kept is None else codes_name(kept)
        self.before = runs_before(settings.start)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self._check_patch()
        self._load_films()
        self._check_best()
        seen = self._batches(_TEACH, _TEACH_BATCH, 0, _TEACH_BATCHES)
        self.networks = Networks(settings, self.config, self.run, seen)
        self.read_step = self.warm_step = self.step = 0
        self.clustered = False
        self.best = float("-inf")
        self.usage = torch.zeros(self.config.n_embed, dtype=torch.long)
        self.recent: dict[str, list[Tensor]] = {}
        self._resume()

    def train(self) -> None:
        """Run the stages that are left."""
        self._train_reading()
        self._train_warm()
        self._start_codebook()
        self._train_quantised()

    def _train_reading(self) -> None:
        """Teach the encoder alone that its latents be read; half the cost of a whole pass."""
        settings = self.settings
        for batch in self._batches(_READ, settings.read_batch, self.read_step, settings.read_steps):
            course = cosine_rate(self.read_step, settings.read_steps, settings.warm_rise, settings.read_floor)
            self.networks.set_rate(settings.read_rate * course)
            self._update(*self.networks.reading_loss(batch))
            self.read_step += 1
            self._after("read", self.read_step, settings.read_steps)

    def _train_warm(self) -> None:
        """Learn to reconstruct without quantiser, from a square of the latents where that is set."""
        settings = self.settings
        for batch in self._batches(_WARM, settings.warm_batch, self.warm_step, settings.warm_steps):
            self.networks.set_rate(
                cosine_rate(self.warm_step, settings.warm_steps, settings.warm_rise, settings.warm_floor)
            )
            self._update(*self.networks.warm_loss(batch, self._patch(self.warm_step)))
            self.warm_step += 1
            self._after("warm", self.warm_step, settings.warm_steps)

    def _start_codebook(self) -> None:
        """Cluster latents of training films into the first codebook."""
        settings = self.settings
        if self.clustered or not settings.cluster_films:
            return
        count = -(-settings.cluster_films // _CLUSTER_BATCH)
        parts = []
        for batch in self._batches(_CLUSTER, _CLUSTER_BATCH, 0, count):
            with torch.no_grad(), self.run.autocast():
                latents = self.networks.model.latent(self.networks.films(batch))
            parts.append(_vectors(latents).cpu())
        book = cluster(torch.cat(parts), self.config.n_embed, settings.cluster_rounds, self.generator)
        self.networks.model.quantize.embedding.weight.data.copy_(book)
        self._share_codebook()
        self.clustered = True
        self._validate("clustered", self.step, settings.steps)
        self._save()

    def _train_quantised(self) -> None:
        settings, networks = self.settings, self.networks
        for batch in self._batches(_QUANTISED, settings.batch, self.step, settings.steps):
            networks.set_rate(self._quantised_rate())
            films = networks.films(batch)
            given = networks.codec(films)
            adversarial = networks.terms.discriminator is not None and self.step >= settings.disc_start
            self._update(*networks.quantised_loss(films, batch, given, adversarial))
            if adversarial:
                loss = networks.update_discriminator(films, given.reconstruction.detach())
                self._note({"discriminator": loss})
            self.usage += torch.bincount(given.codes.flatten().cpu(), minlength=self.config.n_embed)
            self.step += 1
            if settings.restart_every and self.step % settings.restart_every == 0:
                self._restart(given.latents.detach())
            self._after("vqgan", self.step, settings.steps)

    def _update(self, total: Tensor, parts: dict[str, Tensor]) -> None:
        self.networks.update(total)
        self._note({"loss": total, **parts})

    def _restart(self, latents: Tensor) -> None:
        """Move codes that no process has used since the last time onto latents of this step."""
        usage = self.run.accelerator.reduce(self.usage.to(self.run.device)).cpu()
        dead = 0
        # In the last part the codebook is left alone, so that the decoder settles on it.
        if self.step < self.settings.restart_until * self.settings.steps:
            dead = restart_dead(self.networks.model.quantize, usage, _vectors(latents), self.generator)
            self._share_codebook()
        self._note({"restarted": torch.tensor(float(dead)), "perplexity": torch.tensor(perplexity(usage))})
        self.usage.zero_()

    def _share_codebook(self) -> None:
        """Give every process the first one's codebook."""
        if self.run.process[1] > 1:
            broadcast(self.networks.model.quantize.embedding.weight.data)

    def _after(self, stage: str, step: int, steps: int) -> None:
        """Report, validate and save where the step asks for it."""
        settings, last = self.settings, step == steps
        reported, validated, saved = (
            step % every == 0 or last
            for every in (settings.report_every, settings.validate_every, settings.save_every)
        )
        if reported or validated or saved:
            check_number(self.recent["loss"][-1], stage, step, steps)
        if reported:
            self._report(stage, step, steps)
        if validated:
            self._validate(stage, step, steps)
        if saved:
            self._save()

    def _report(self, stage: str, step: int, steps: int) -> None:
        means = {name: float(torch.stack(values).mean()) for name, values in self.recent.items()}
        self.recent.clear()
        self.run.report(stage, step, steps, **means)

    def _validate(self, stage: str, step: int, steps: int) -> None:
        if not self.run.first:
            return
        settings = self.settings
        quantised = stage not in ("read", "warm")
        shown = validate(
            self.networks.whole, self.validation, settings.heads, quantised, settings.reconstructed_films,
            settings.sheet_films,
        )  # fmt: skip
        self.run.report(f"{stage} validation", step, steps, **shown.figures)
        if shown.sheet is not None:
            path = settings.out / "sheets" / f"{stage}-{step:06d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(shown.sheet).save(path)
            self.run.picture(f"{stage}/sheet", step, shown.sheet)
        if stage == "vqgan":
            figure = weighted(shown.figures, settings.best_by)
            if figure > self.best:
                self.best = figure
                save_checkpoint(settings.out / BEST, self._tokenizer(shown.figures))

    def _tokenizer(self, figures: dict[str, float]) -> dict[str, Any]:
        """Give what the export and the model card need: weights, sizes, preprocessing, and how it was made."""
        spec = preprocessing(self.settings, self.config.resolution, self.config.in_channels)
        facts = {
            "step": self.step,
            "read_step": self.read_step,
            "warm_step": self.warm_step,
            "cpu_seconds": round(self.run.progress.cpu_seconds, 1),
            "terms": self.networks.terms.told(),
            "classifiers": self.networks.terms.classifiers(),
            "validation": figures,
            "train_films": len(self.films.records),
            "val_films": len(self.validation.records),
            "settings": self.settings.choices(),
            "before": self.before,
        }
        return {
            "encodes_as": self.encodes_as,
            "model": self.networks.model.state_dict(),
            "config": self.config.to_dict(),
            "preprocessing": spec.to_manifest(),
            "facts": facts,
        }

    def _save(self) -> None:
        self.run.save(
            **self._tokenizer({}),
            **self.networks.state(),
            stand={
                "read_step": self.read_step,
                "warm_step": self.warm_step,
                "step": self.step,
                "clustered": self.clustered,
                "best": self.best,
            },
            usage=self.usage,
            generator=self.generator.get_state(),
        )

    def _resume(self) -> None:
        before = self.run.before
        if before is None:
            return
        check_same(before, self.settings, _FIXED)
        if before["config"] != self.config.to_dict():
            raise TrainingError(
                f"The run in {self.settings.out} has other sizes than {self.settings.tokenizer_config}. Give the "
                "YAML that it was started with, or start a run in another folder."
            )
        self.networks.load(before)
        for name, value in before["stand"].items():
            setattr(self, name, value)
        self.usage = before["usage"]
        self.generator.set_state(before["generator"])
        self.run.restore_random()

    def _load_films(self) -> None:
        settings, side = self.settings, self.config.resolution
        records = read_records(settings)
        with self.run.accelerator.main_process_first():
            self.films = training_films(settings, records, settings.heads, side)
            self.validation = validation_films(settings, records, settings.heads, side)

    def _batches(self, stage: int, batch: int, start: int, stop: int) -> Iterator[Batch]:
        draws = Draws(self.films, self.settings, self.config.resolution, batch, stage, self.run.process)
        return batches(draws, start, stop, self.settings.workers)

    def _patch(self, step: int) -> Patch | None:
        side = self.settings.warm_patch
        if not side or side == self.config.side:
            return None
        random = np.random.default_rng((self.settings.seed, _PATCH, step))
        row, column = random.integers(self.config.side - side + 1, size=2)
        return Patch(int(row), int(column), side)

    def _quantised_rate(self) -> float:
        settings = self.settings
        if settings.schedule == "cosine":
            return cosine_rate(self.step, settings.steps, settings.warm_up, settings.floor)
        return min(1.0, (self.step + 1) / max(1, settings.warm_up))

    def _note(self, values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            self.recent.setdefault(name, []).append(value.detach().float().cpu())

    def _check_best(self) -> None:
        names = (
            judged_heads(self.settings.heads, self.validation.targets) if self.settings.head_weight else []
        )
        areas = ["auroc", *(f"auroc/{name}" for name in names)] if names else []
        check_best(self.settings.best_by, [*FIGURES, *areas])

    def _check_patch(self) -> None:
        if self.settings.warm_patch > self.config.side:
            raise TrainingError(
                f"warm_patch is {self.settings.warm_patch}, but the film has {self.config.side} latents a side. "
                "Name fewer."
            )


def _vectors(latents: Tensor) -> Tensor:
    """Latents [B, C, H, W] -> [B * H * W, C] in float32."""
    return latents.float().permute(0, 2, 3, 1).flatten(0, 2)
