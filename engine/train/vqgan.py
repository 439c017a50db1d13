"""Train the tokenizer: `python -m engine.train.vqgan --manifest CSV --out DIR`.

Four stages in one resumable run: a feature classifier (for the feature loss), the plain autoencoder on
crops, a clustered codebook, the quantised model on whole films. No discriminator here.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.data.films import Augmentation, augmented, film, load_canvases
from engine.data.manifest import FilmRow, read_manifest, select
from engine.preprocess import PreprocessingSpec
from engine.tokenizer.codebook import cluster, restart_dead
from engine.tokenizer.config import DEMO, VQGANConfig
from engine.tokenizer.vqgan import VQModel
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
from engine.train.features import FilmFeatures, abnormal_targets, feature_loss, train_features


@dataclass(frozen=True)
class VQGANSettings:
    """Settings of a tokenizer run; `source_shares` is `source=share,...` of the films drawn."""

    manifest: Path
    out: Path
    cache: Path = Path("canvas")
    seed: int = 1
    threads: int = 1
    source_shares: str = "nih-cxr14=0.6,hannover-covid=0.1,kermany=0.3"
    feature_steps: int = 400
    autoencoder_steps: int = 500
    autoencoder_batch: int = 24
    autoencoder_crop: int = 128
    steps: int = 1400
    batch: int = 8
    learning_rate: float = 4e-4
    feature_weight: float = 0.05
    gradient_weight: float = 0.5
    restart_every: int = 40
    save_every: int = 100


def main() -> None:
    """Run or resume a training."""
    train(parse_settings(VQGANSettings, "Train the VQ-GAN tokenizer."), DEMO)


def train(settings: VQGANSettings, config: VQGANConfig) -> VQModel:
    """Train from the newest checkpoint in `settings.out`, or from nothing; give the trained model."""
    torch.set_num_threads(settings.threads)
    run = TokenizerRun(settings, config)
    run.resume()
    run.train_feature_classifier()
    run.train_autoencoder()
    run.start_codebook()
    run.train_quantized()
    return run.model


class TokenizerRun:
    """One run: the model, its data and where it stands."""

    def __init__(self, settings: VQGANSettings, config: VQGANConfig) -> None:
        self.settings = settings
        self.random = seed_everything(settings.seed)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.spec = PreprocessingSpec(side=config.resolution)
        self.shares = dict(_share(entry) for entry in settings.source_shares.split(","))
        rows = read_manifest(settings.manifest)
        self.rows = select(rows, "train", self.shares)
        self.canvases = load_canvases(self.rows, self.spec, settings.cache)
        validation = select(rows, "val", self.shares)
        self.validation = load_canvases(validation, self.spec, settings.cache)[
            :: max(1, len(validation) // 48)
        ]
        self.weights = _weights(self.rows, self.shares)
        self.model = VQModel(config)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4
        )
        self.features: FilmFeatures | None = None
        self.autoencoder_step = self.step = 0
        self.clustered = False
        self.progress = Progress(settings.out / "vqgan.jsonl")

    @property
    def checkpoint(self) -> Path:
        """Where the run keeps its state."""
        return self.settings.out / "vqgan.pt"

    def resume(self) -> None:
        """Continue from the checkpoint if there is one."""
        if not self.checkpoint.exists():
            return
        state = load_checkpoint(self.checkpoint)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.autoencoder_step, self.step, self.clustered = (
            state["autoencoder_step"],
            state["step"],
            state["clustered"],
        )
        if state["features"] is not None:
            self.features = FilmFeatures(len(self.shares))
            self.features.load_state_dict(state["features"])
            self.features.eval().requires_grad_(False)
        restore_random_state(state["random"], self.random)
        self.generator.set_state(state["generator"])
        self.progress = Progress(self.settings.out / "vqgan.jsonl", state["cpu_seconds"])

    def save(self) -> None:
        """Write the whole state."""
        settings = {key: str(value) for key, value in dataclasses.asdict(self.settings).items()}
        state = {
            "model": self.model.state_dict(),
            "config": self.model.config.to_dict(),
            "optimizer": self.optimizer.state_dict(),
            "features": None if self.features is None else self.features.state_dict(),
            "autoencoder_step": self.autoencoder_step,
            "step": self.step,
            "clustered": self.clustered,
            "random": random_state(self.random),
            "generator": self.generator.get_state(),
            "cpu_seconds": self.progress.cpu_seconds,
            "settings": settings,
        }
        save_checkpoint(self.checkpoint, state)

    def train_feature_classifier(self) -> None:
        """Train the classifier of the feature loss once."""
        if self.features is not None or self.settings.feature_steps == 0:
            return
        targets = abnormal_targets(self.rows, list(self.shares))
        self.features = train_features(
            self.canvases, targets, self.weights, self.settings.feature_steps, self.random, self.progress
        )
        self.save()

    def train_autoencoder(self) -> None:
        """Train without quantiser on random crops."""
        settings = self.settings
        while self.autoencoder_step < settings.autoencoder_steps:
            films = self._crops(self._draw(settings.autoencoder_batch), settings.autoencoder_crop)
            self._rate(cosine_rate(self.autoencoder_step, settings.autoencoder_steps, 40, floor=0.5))
            with torch.autocast("cpu", torch.bfloat16):
                reconstruction = self.model.decode_latent(self.model.latent(films))
            loss = self._pixel_loss(films, reconstruction.float())
            self._update(loss)
            self.autoencoder_step += 1
            if self.autoencoder_step % 20 == 0:
                self.progress.report(
                    "autoencoder", self.autoencoder_step, settings.autoencoder_steps, loss=loss.item()
                )
            if self.autoencoder_step % settings.save_every == 0:
                self.save()

    def start_codebook(self) -> None:
        """Cluster the encoder's outputs on training films into the first codebook."""
        if self.clustered:
            return
        vectors = torch.cat([self._vectors(self._draw(8)) for _ in range(24)])
        entries = self.model.config.n_embed
        self.model.quantize.embedding.weight.data.copy_(cluster(vectors, entries, 12, self.generator))
        self.clustered = True
        self.save()

    def train_quantized(self) -> None:
        """Train the whole model on whole films."""
        settings = self.settings
        usage = torch.zeros(self.model.config.n_embed, dtype=torch.long)
        while self.step < settings.steps:
            films = self._draw(settings.batch)
            self._rate(cosine_rate(self.step, settings.steps, 20))
            with torch.autocast("cpu", torch.bfloat16):
                reconstruction, quantized = self.model(films)
            pixels = self._pixel_loss(films, reconstruction.float())
            features = self._feature_loss(films, reconstruction.float())
            self._update(pixels + quantized.loss + settings.feature_weight * features)
            usage += torch.bincount(quantized.indices.flatten(), minlength=len(usage))
            self.step += 1
            if self.step % settings.restart_every == 0:
                dead = self._care(usage, films)
                self.progress.report(
                    "vqgan", self.step, settings.steps, pixels=pixels.item(), features=features.item(),
                    codebook=quantized.loss.item(), restarted=dead, perplexity=_perplexity(usage),
                )  # fmt: skip
                usage.zero_()
            if self.step % settings.save_every == 0 or self.step == settings.steps:
                self.save()
                self.progress.report("validation", self.step, settings.steps, psnr=self._validation_psnr())

    def _care(self, usage: Tensor, films: Tensor) -> int:
        # In the last fifth the codebook is left alone, so that the decoder settles on it.
        if self.step > 0.8 * self.settings.steps:
            return 0
        return restart_dead(self.model.quantize, usage, self._vectors(films), self.generator)

    def _draw(self, count: int) -> Tensor:
        chosen = self.random.choice(len(self.rows), size=count, p=self.weights)
        side = self.model.config.resolution
        films = np.stack([augmented(self.canvases[i], side, self.random, Augmentation()) for i in chosen])
        return torch.from_numpy(films).to(memory_format=torch.channels_last)

    def _crops(self, films: Tensor, side: int) -> Tensor:
        limit = films.shape[-1] - side + 1
        corners = self.random.integers(limit, size=(len(films), 2))
        crops = [film[:, y : y + side, x : x + side] for film, (y, x) in zip(films, corners, strict=True)]
        return torch.stack(crops).contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def _vectors(self, films: Tensor) -> Tensor:
        vectors: Tensor = self.model.latent(films).float().permute(0, 2, 3, 1).flatten(0, 2)
        return vectors

    def _pixel_loss(self, films: Tensor, reconstruction: Tensor) -> Tensor:
        difference = reconstruction - films
        edges = difference.diff(dim=-1).abs().mean() + difference.diff(dim=-2).abs().mean()
        return difference.abs().mean() + difference.square().mean() + self.settings.gradient_weight * edges

    def _feature_loss(self, films: Tensor, reconstruction: Tensor) -> Tensor:
        if self.features is None:
            return films.new_zeros(())
        return feature_loss(self.features, films, reconstruction)

    def _rate(self, factor: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * factor

    def _update(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()

    @torch.no_grad()
    def _validation_psnr(self) -> float:
        films = torch.from_numpy(np.stack([film(canvas, self.spec) for canvas in self.validation]))
        reconstruction = torch.cat(
            [self.model.decode(self.model.encode(films[i : i + 8])) for i in range(0, len(films), 8)]
        )
        errors = functional.mse_loss(reconstruction, films, reduction="none").mean(dim=(1, 2, 3))
        return float((10 * torch.log10(4.0 / errors)).mean())


def load_tokenizer(path: Path) -> VQModel:
    """Give the model of a checkpoint of this script, in evaluation mode."""
    state = load_checkpoint(path)
    model = VQModel(VQGANConfig.from_dict(state["config"]))
    model.load_state_dict(state["model"])
    return model.eval()


def _share(entry: str) -> tuple[str, float]:
    source, _, share = entry.partition("=")
    return source.strip(), float(share)


def _weights(rows: list[FilmRow], shares: dict[str, float]) -> NDArray[np.float64]:
    counts = {source: sum(row.source == source for row in rows) for source in shares}
    weights = np.array([shares[row.source] / counts[row.source] for row in rows])
    return np.asarray(weights / weights.sum())


def _perplexity(usage: Tensor) -> float:
    shares = usage[usage > 0] / usage.sum()
    return float(torch.exp(-(shares * shares.log()).sum()))


if __name__ == "__main__":
    main()
