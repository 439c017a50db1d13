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
from engine.state_dict import load_strictly
from engine.tensor_pickle import read_tensors
from engine.tokenizer.codebook import cluster, restart_dead
from engine.tokenizer.config import VQGANConfig
from engine.tokenizer.official import read_config
from engine.tokenizer.vqgan import VQModel
from engine.train.codec import Codec, Pass, Patch
from engine.train.common import cosine_rate, load_checkpoint, save_checkpoint
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
from engine.train.losses.discriminator import adaptive_weight, generator_loss, hinge_loss
from engine.train.losses.label_head import LabelHead, label_loss
from engine.train.losses.pixel import pixel_loss
from engine.train.losses.teacher import Taught, TaughtReader
from engine.train.losses.terms import Terms
from engine.train.vqgan_settings import VQGANSettings
from engine.train.vqgan_validation import FIGURES, perplexity, validate

_FIXED = (
    "resolution", "channels", "ch", "ch_mult", "num_res_blocks", "attn_resolutions", "z_channels", "embed_dim",
    "n_embed", "stem", "seed", "betas", "weight_decay", "heads", "head_width", "head_reading", "read_batch",
    "disc_width", "disc_layers", "batch", "warm_batch",
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
        self.config = _sizes(settings)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self._check_patch()
        self._load_films()
        self._check_best()
        self._make_networks()
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
            self._rate(settings.read_rate * course)
            films = self._films(batch)
            given = self.codec(films, quantised=False, decoded=False)
            parts: dict[str, Tensor] = {}
            total = self._read_terms(films, given, batch, parts) + self._small_latents(given)
            self._update(total, parts)
            self.read_step += 1
            self._after("read", self.read_step, settings.read_steps)

    def _train_warm(self) -> None:
        settings = self.settings
        for batch in self._batches(_WARM, settings.warm_batch, self.warm_step, settings.warm_steps):
            self._rate(
                cosine_rate(self.warm_step, settings.warm_steps, settings.warm_rise, settings.warm_floor)
            )
            self._warm_update(batch)
            self.warm_step += 1
            self._after("warm", self.warm_step, settings.warm_steps)

    def _warm_update(self, batch: Batch) -> None:
        """Learn to reconstruct without quantiser, from a square of the latents where that is set."""
        settings, films = self.settings, self._films(batch)
        patch = self._patch(self.warm_step)
        given = self.codec(films, quantised=False, patch=patch)
        wanted = films if patch is None else patch.of(films, self.config.resolution // self.config.side)
        pixels = pixel_loss(
            wanted, given.reconstruction, settings.l1_weight, settings.l2_weight, settings.edge_weight
        )
        parts = {"pixels": pixels}
        total = pixels + self._read_terms(films, given, batch, parts) + self._small_latents(given)
        self._update(total, parts)

    def _start_codebook(self) -> None:
        """Cluster latents of training films into the first codebook."""
        settings = self.settings
        if self.clustered or not settings.cluster_films:
            return
        count = -(-settings.cluster_films // _CLUSTER_BATCH)
        parts = []
        for batch in self._batches(_CLUSTER, _CLUSTER_BATCH, 0, count):
            with torch.no_grad(), self.run.autocast():
                latents = self.model.latent(self._films(batch))
            parts.append(_vectors(latents).cpu())
        book = cluster(torch.cat(parts), self.config.n_embed, settings.cluster_rounds, self.generator)
        self.model.quantize.embedding.weight.data.copy_(book)
        self._share_codebook()
        self.clustered = True
        self._validate("clustered", self.step, settings.steps)
        self._save()

    def _train_quantised(self) -> None:
        settings = self.settings
        for batch in self._batches(_QUANTISED, settings.batch, self.step, settings.steps):
            self._rate(self._quantised_rate())
            films = self._films(batch)
            given = self.codec(films)
            self._generator_update(films, batch, given)
            if self._adversarial:
                self._discriminator_update(films, given.reconstruction.detach())
            self.usage += torch.bincount(given.codes.flatten().cpu(), minlength=self.config.n_embed)
            self.step += 1
            if settings.restart_every and self.step % settings.restart_every == 0:
                self._restart(given.latents.detach())
            self._after("vqgan", self.step, settings.steps)

    def _generator_update(self, films: Tensor, batch: Batch, given: Pass) -> None:
        """Learn from every term that is on; the reconstruction's gradient sets the adversarial term's weight."""
        measured = self.terms.measure(films, given.reconstruction)
        parts = {**measured.parts, "codebook": given.codebook_loss}
        total = measured.total + self.settings.codebook_weight * given.codebook_loss
        total = total + self._read_terms(films, given, batch, parts)
        discriminator = self.terms.discriminator
        if self._adversarial and discriminator is not None:
            discriminator.requires_grad_(False)
            with self.run.autocast():
                logits = discriminator(given.reconstruction)
            parts["adversarial"] = generator_loss(logits.float())
            last = self.model.decoder.conv_out.weight
            parts["adaptive"] = adaptive_weight(measured.for_adaptive, parts["adversarial"], last)
            total = total + self.settings.disc_weight * parts["adaptive"] * parts["adversarial"]
        self._update(total, parts)

    def _discriminator_update(self, films: Tensor, reconstruction: Tensor) -> None:
        """Teach the discriminator on the films and what was reconstructed in this step."""
        self.discriminator.requires_grad_(True)
        with self.run.autocast():
            real, fake = self.discriminator(films), self.discriminator(reconstruction)
        loss = hinge_loss(real.float(), fake.float())
        self.disc_optimizer.zero_grad(set_to_none=True)
        self.run.accelerator.backward(loss)
        self.disc_optimizer.step()
        self._note({"discriminator": loss})

    def _read_terms(self, films: Tensor, given: Pass, batch: Batch, parts: dict[str, Tensor]) -> Tensor:
        """Weigh what the label head and the taught reader miss."""
        settings, total = self.settings, given.latents.new_zeros((), dtype=torch.float32)
        if given.logits is not None:
            targets = batch.targets.to(self.run.device)
            parts["head"] = label_loss(given.logits, targets, self.head_weights, settings.smoothing)
            total = total + settings.head_weight * parts["head"]
        if given.taught is not None and self.terms.teacher is not None and self.whole.reader is not None:
            with self.run.autocast():
                taught = self.terms.teacher(films)
            missed = self.whole.reader.losses(given.taught, taught)
            weights = (settings.teacher_maps, settings.teacher_classes, settings.teacher_logits)
            total = total + sum(weight * loss for weight, loss in zip(weights, missed.values(), strict=True))
            parts.update(missed)
        return total

    def _small_latents(self, given: Pass) -> Tensor:
        return self.settings.warm_latents * given.latents.float().square().mean()

    def _update(self, total: Tensor, parts: dict[str, Tensor]) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        self.run.accelerator.backward(total)
        if self.settings.clip:
            self.run.accelerator.clip_grad_norm_(self.codec.parameters(), self.settings.clip)
        self.optimizer.step()
        self._note({"loss": total, **parts})

    def _restart(self, latents: Tensor) -> None:
        """Move codes that no process has used since the last time onto latents of this step."""
        usage = self.run.accelerator.reduce(self.usage.to(self.run.device)).cpu()
        dead = 0
        # In the last part the codebook is left alone, so that the decoder settles on it.
        if self.step < self.settings.restart_until * self.settings.steps:
            dead = restart_dead(self.model.quantize, usage, _vectors(latents), self.generator)
            self._share_codebook()
        self._note({"restarted": torch.tensor(float(dead)), "perplexity": torch.tensor(perplexity(usage))})
        self.usage.zero_()

    def _share_codebook(self) -> None:
        """Give every process the first one's codebook."""
        if self.run.process[1] > 1:
            broadcast(self.model.quantize.embedding.weight.data)

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
        shown = validate(
            self.whole, self.validation, settings.heads, stage not in ("read", "warm"), settings.reconstructed_films,
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
            "terms": self.terms.told(),
            "classifiers": self.terms.classifiers(),
            "validation": figures,
            "train_films": len(self.films.records),
            "val_films": len(self.validation.records),
            "settings": self.settings.choices(),
        }
        return {
            "model": self.model.state_dict(),
            "config": self.config.to_dict(),
            "preprocessing": spec.to_manifest(),
            "facts": facts,
        }

    def _save(self) -> None:
        disc = self.terms.discriminator
        self.run.save(
            **self._tokenizer({}),
            head=None if self.whole.head is None else self.whole.head.state_dict(),
            reader=None if self.whole.reader is None else self.whole.reader.state_dict(),
            optimizer=self.optimizer.state_dict(),
            discriminator=None if disc is None else disc.state_dict(),
            disc_optimizer=None if disc is None else self.disc_optimizer.state_dict(),
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
        self.model.load_state_dict(before["model"])
        self.optimizer.load_state_dict(before["optimizer"])
        if self.whole.head is not None:
            self.whole.head.load_state_dict(before["head"])
        if self.whole.reader is not None:
            self.whole.reader.load_state_dict(before["reader"])
        if self.terms.discriminator is not None and before["discriminator"] is not None:
            self.terms.discriminator.load_state_dict(before["discriminator"])
            self.disc_optimizer.load_state_dict(before["disc_optimizer"])
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

    def _make_networks(self) -> None:
        """Build the networks and optimizers, wrapped where several processes train."""
        settings, config, device = self.settings, self.config, self.run.device
        self.terms = Terms(settings, config.in_channels, device)
        self.model = _started(settings, config)
        head = None
        if settings.head_weight:
            head = LabelHead(
                config.embed_dim, len(settings.heads), settings.head_width, settings.head_dropout,
                settings.head_reading,
            )  # fmt: skip
        self.whole = self._codec(head).to(device).train()
        self.whole.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.head_weights = torch.tensor([head.weight for head in settings.heads], device=device)
        prepare = self.run.accelerator.prepare
        self.codec, self.optimizer = prepare(self.whole, _optimizer(settings, self.whole))
        if self.terms.discriminator is not None:
            disc = self.terms.discriminator
            self.discriminator, self.disc_optimizer = prepare(disc, _optimizer(settings, disc))

    def _codec(self, head: LabelHead | None) -> Codec:
        """Put the readers behind the network; the taught one takes its scales from training films."""
        teacher = self.terms.teacher
        if teacher is None:
            return Codec(self.model, head, None, self.run.autocast)
        seen = []
        with self.run.autocast():
            for batch in self._batches(_TEACH, _TEACH_BATCH, 0, _TEACH_BATCHES):
                seen.append(teacher(self._films(batch)))
        taught = Taught(torch.cat([each.maps for each in seen]), torch.cat([each.classes for each in seen]))
        reader = TaughtReader(self.config.embed_dim, taught.maps.shape[1], taught.classes.shape[1]).to(
            self.run.device
        )
        reader.measure(taught)
        agrees = teacher.labels == tuple(head.name for head in self.settings.heads)
        return Codec(self.model, head, reader, self.run.autocast, taught.maps.shape[-1], agrees)

    @property
    def _adversarial(self) -> bool:
        return self.terms.discriminator is not None and self.step >= self.settings.disc_start

    def _batches(self, stage: int, batch: int, start: int, stop: int) -> Iterator[Batch]:
        draws = Draws(self.films, self.settings, self.config.resolution, batch, stage, self.run.process)
        return batches(draws, start, stop, self.settings.workers)

    def _films(self, batch: Batch) -> Tensor:
        films = batch.films.to(self.run.device).expand(-1, self.config.in_channels, -1, -1)
        return films.contiguous(memory_format=torch.channels_last)

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

    def _rate(self, factor: float) -> None:
        optimizers = [self.optimizer] + ([] if self.terms.discriminator is None else [self.disc_optimizer])
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * factor

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


def _optimizer(settings: VQGANSettings, module: torch.nn.Module) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        module.parameters(),
        lr=settings.learning_rate,
        betas=settings.betas,
        weight_decay=settings.weight_decay,
    )


def _sizes(settings: VQGANSettings) -> VQGANConfig:
    return settings.sizes() if settings.tokenizer_config is None else read_config(settings.tokenizer_config)


def _started(settings: VQGANSettings, config: VQGANConfig) -> VQModel:
    """Give a fresh network, or the start checkpoint's: ours, or taming's of these sizes."""
    if settings.start is None:
        return VQModel(config)
    state = {
        key.removeprefix("model."): tensor
        for key, tensor in read_tensors(settings.start).items()
        if not key.startswith("loss.")
    }
    model = VQModel(config)
    load_strictly(model, state, f"The start {settings.start}")
    return model


def _vectors(latents: Tensor) -> Tensor:
    """Latents [B, C, H, W] -> [B * H * W, C] in float32."""
    return latents.float().permute(0, 2, 3, 1).flatten(0, 2)
