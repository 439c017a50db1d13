"""The networks of one tokenizer run with their optimizers, and the losses of one step.

Nothing here knows of stages, of how films are drawn, or of files; engine.train.vqgan does.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from engine.state_dict import load_strictly
from engine.tensor_pickle import read_tensors
from engine.tokenizer.config import VQGANConfig
from engine.tokenizer.vqgan import VQModel
from engine.train.codec import Codec, Pass, Patch
from engine.train.film_run import FilmRun
from engine.train.films import Batch
from engine.train.losses.discriminator import adaptive_weight, generator_loss, hinge_loss
from engine.train.losses.label_head import LabelHead, label_loss
from engine.train.losses.pixel import pixel_loss
from engine.train.losses.teacher import Taught, TaughtReader
from engine.train.losses.terms import Terms
from engine.train.vqgan_settings import VQGANSettings

Parts = dict[str, Tensor]


class Networks:
    """Tokenizer, what reads its latents, the fixed networks of the loss, and the discriminator.

    `whole` holds what is trained by the generator's optimizer; `codec` is the same, wrapped where several
    processes train. The taught reader takes its scales from the batches `seen`, where there is a teacher.
    """

    def __init__(
        self, settings: VQGANSettings, config: VQGANConfig, run: FilmRun, seen: Iterable[Batch]
    ) -> None:
        self.settings, self.config, self.run = settings, config, run
        self.terms = Terms(settings, config.in_channels, run.device)
        self.model = _started(settings, config)
        if settings.learn == "decoder":
            for part in (self.model.encoder, self.model.quant_conv, self.model.quantize):
                part.requires_grad_(False)
        head = None
        if settings.head_weight:
            head = LabelHead(
                config.embed_dim, len(settings.heads), settings.head_width, settings.head_dropout,
                settings.head_reading,
            )  # fmt: skip
        self.whole = self._codec(head, seen).to(run.device).train()
        self.whole.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.head_weights = torch.tensor([head.weight for head in settings.heads], device=run.device)
        prepare = run.accelerator.prepare
        self.codec, self.optimizer = prepare(self.whole, _optimizer(settings, self.whole))
        if self.terms.discriminator is not None:
            disc = self.terms.discriminator
            self.discriminator, self.disc_optimizer = prepare(disc, _optimizer(settings, disc))

    def films(self, batch: Batch) -> Tensor:
        """Give a batch's films [B, C, R, R] where and as the networks want them."""
        films = batch.films.to(self.run.device).expand(-1, self.config.in_channels, -1, -1)
        return films.contiguous(memory_format=torch.channels_last)

    def reading_loss(self, batch: Batch) -> tuple[Tensor, Parts]:
        """Give the loss of latents that are to be read, neither quantised nor decoded, and its parts."""
        films = self.films(batch)
        given = self.codec(films, quantised=False, decoded=False)
        parts: Parts = {}
        return self._read_terms(films, given, batch, parts) + self._small_latents(given), parts

    def warm_loss(self, batch: Batch, patch: Patch | None) -> tuple[Tensor, Parts]:
        """Give the loss of a reconstruction without quantiser, of a square of the latents where one is given."""
        settings, films = self.settings, self.films(batch)
        given = self.codec(films, quantised=False, patch=patch)
        wanted = films if patch is None else patch.of(films, self.config.resolution // self.config.side)
        pixels = pixel_loss(
            wanted, given.reconstruction, settings.l1_weight, settings.l2_weight, settings.edge_weight
        )
        parts = {"pixels": pixels}
        return pixels + self._read_terms(films, given, batch, parts) + self._small_latents(given), parts

    def quantised_loss(
        self, films: Tensor, batch: Batch, given: Pass, adversarial: bool
    ) -> tuple[Tensor, Parts]:
        """Give the loss of every term that is on; the reconstruction's gradient sets the adversarial weight."""
        measured = self.terms.measure(films, given.reconstruction)
        parts = {**measured.parts, "codebook": given.codebook_loss}
        total = measured.total + self.settings.codebook_weight * given.codebook_loss
        total = total + self._read_terms(films, given, batch, parts)
        discriminator = self.terms.discriminator
        if adversarial and discriminator is not None:
            discriminator.requires_grad_(False)
            with self.run.autocast():
                logits = discriminator(given.reconstruction)
            parts["adversarial"] = generator_loss(logits.float())
            last = self.model.decoder.conv_out.weight
            parts["adaptive"] = adaptive_weight(measured.for_adaptive, parts["adversarial"], last)
            total = total + self.settings.disc_weight * parts["adaptive"] * parts["adversarial"]
        return total, parts

    def update(self, total: Tensor) -> None:
        """Let tokenizer and readers learn from a loss."""
        self.optimizer.zero_grad(set_to_none=True)
        self.run.accelerator.backward(total)
        if self.settings.clip:
            self.run.accelerator.clip_grad_norm_(self.codec.parameters(), self.settings.clip)
        self.optimizer.step()

    def update_discriminator(self, films: Tensor, reconstruction: Tensor) -> Tensor:
        """Teach the discriminator on the films and what was reconstructed in this step; give its loss."""
        self.discriminator.requires_grad_(True)
        with self.run.autocast():
            real, fake = self.discriminator(films), self.discriminator(reconstruction)
        loss = hinge_loss(real.float(), fake.float())
        self.disc_optimizer.zero_grad(set_to_none=True)
        self.run.accelerator.backward(loss)
        self.disc_optimizer.step()
        return loss

    def set_rate(self, factor: float) -> None:
        """Set every optimizer's rate to this part of the settings' learning rate."""
        optimizers = [self.optimizer] + ([] if self.terms.discriminator is None else [self.disc_optimizer])
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * factor

    def state(self) -> dict[str, Any]:
        """Give everything but the tokenizer itself for a checkpoint."""
        disc = self.terms.discriminator
        return {
            "head": None if self.whole.head is None else self.whole.head.state_dict(),
            "reader": None if self.whole.reader is None else self.whole.reader.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "discriminator": None if disc is None else disc.state_dict(),
            "disc_optimizer": None if disc is None else self.disc_optimizer.state_dict(),
        }

    def load(self, before: dict[str, Any]) -> None:
        """Take up a checkpoint of `state` with the tokenizer's `model`."""
        self.model.load_state_dict(before["model"])
        self.optimizer.load_state_dict(before["optimizer"])
        if self.whole.head is not None:
            self.whole.head.load_state_dict(before["head"])
        if self.whole.reader is not None:
            self.whole.reader.load_state_dict(before["reader"])
        if self.terms.discriminator is not None and before["discriminator"] is not None:
            self.terms.discriminator.load_state_dict(before["discriminator"])
            self.disc_optimizer.load_state_dict(before["disc_optimizer"])

    def _read_terms(self, films: Tensor, given: Pass, batch: Batch, parts: Parts) -> Tensor:
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

    def _codec(self, head: LabelHead | None, seen: Iterable[Batch]) -> Codec:
        """Put the readers behind the network."""
        teacher = self.terms.teacher
        if teacher is None:
            return Codec(self.model, head, None, self.run.autocast)
        with self.run.autocast():
            told = [teacher(self.films(batch)) for batch in seen]
        taught = Taught(torch.cat([each.maps for each in told]), torch.cat([each.classes for each in told]))
        reader = TaughtReader(self.config.embed_dim, taught.maps.shape[1], taught.classes.shape[1]).to(
            self.run.device
        )
        reader.measure(taught)
        agrees = teacher.labels == tuple(head.name for head in self.settings.heads)
        return Codec(self.model, head, reader, self.run.autocast, taught.maps.shape[-1], agrees)


def _optimizer(settings: VQGANSettings, module: torch.nn.Module) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        module.parameters(),
        lr=settings.learning_rate,
        betas=settings.betas,
        weight_decay=settings.weight_decay,
    )


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
