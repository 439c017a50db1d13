"""The terms that a tokenizer's training has switched on, with the weights of their measures loaded.

A term whose weights aren't there is refused; only a weight of 0 switches one off, and `told` says which.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from engine.classifier.model import Classifier, Network, weights_sha256
from engine.classifier.published import find_published
from engine.errors import CheckpointError
from engine.tensor_pickle import read_tensors
from engine.train.losses.cip import CIPChoices, CIPLoss
from engine.train.losses.discriminator import IN_CHECKPOINT as DISCRIMINATOR_IN_CHECKPOINT
from engine.train.losses.discriminator import Discriminator
from engine.train.losses.lpips import IN_CHECKPOINT as LPIPS_IN_CHECKPOINT
from engine.train.losses.lpips import LPIPS, load_lpips
from engine.train.losses.pixel import pixel_loss
from engine.train.losses.teacher import Teacher
from engine.train.vqgan_settings import VQGANSettings


class Measured(NamedTuple):
    """The reconstruction's terms: their weighted sum, what the adaptive weight looks at, and each by name."""

    total: Tensor
    for_adaptive: Tensor
    parts: dict[str, Tensor]


class Terms:
    """The measures of one run: LPIPS, the classifier of the CIP term, and the discriminator to be trained."""

    def __init__(self, settings: VQGANSettings, channels: int, device: torch.device) -> None:
        self.settings = settings
        lpips = _lpips(settings)
        self.teacher: Teacher | None = None
        if settings.teacher:
            self.teacher = Teacher([Classifier.load(path) for path in settings.teacher]).to(device)
        self.lpips = None if lpips is None else lpips.to(device)
        self.cip = [term.to(device) for term in _cip(settings)]
        self.discriminator: Discriminator | None = None
        if settings.disc_weight:
            self.discriminator = _discriminator(settings, channels).to(device)

    def measure(self, films: Tensor, reconstruction: Tensor) -> Measured:
        """Compare films with their reconstructions, both [B, C, R, R] in float32."""
        settings = self.settings
        pixels = pixel_loss(
            films, reconstruction, settings.l1_weight, settings.l2_weight, settings.edge_weight
        )
        parts, total = {"pixels": pixels}, pixels
        if self.lpips is not None:
            parts["lpips"] = self.lpips(films, reconstruction)
            total = total + settings.lpips_weight * parts["lpips"]
        for_adaptive = total
        if self.cip:
            parts["cip"] = torch.stack([term(films, reconstruction) for term in self.cip]).mean()
            total = total + settings.cip_weight * parts["cip"]
            if settings.cip_in_adaptive:
                for_adaptive = total
        return Measured(total, for_adaptive, parts)

    def told(self) -> dict[str, str]:
        """Say of every term how it is weighed, or that it is off, for the model card."""
        settings = self.settings
        weights = {
            "l1": settings.l1_weight,
            "l2": settings.l2_weight,
            "edges": settings.edge_weight,
            "codebook": settings.codebook_weight,
            "lpips": settings.lpips_weight,
            "adversarial": settings.disc_weight,
            "cip": settings.cip_weight,
            "label head": settings.head_weight,
        }
        told = {name: f"{weight:g}" if weight else "off" for name, weight in weights.items()}
        if self.cip:
            source = " and ".join(map(_named, settings.cip_classifier)) or settings.cip_published
            told["cip"] += f" on {settings.cip_compared} features of {source}"
        told["teacher"] = "off"
        if settings.teacher:
            shares = (settings.teacher_maps, settings.teacher_classes, settings.teacher_logits)
            source = " and ".join(map(_named, settings.teacher))
            told["teacher"] = " / ".join(f"{weight:g}" for weight in shares) + f" on {source}"
        return told

    def classifiers(self) -> dict[str, str]:
        """Give the hash of the weights of each classifier that the tokenizer learns from.

        A network that judges or guards the model later must be none of these.
        """
        learnt: dict[str, list[Network]] = {
            "teacher": [] if self.teacher is None else list(self.teacher.nets),
            "cip": [term.net for term in self.cip],
        }
        return {
            f"{name} {number}" if number > 1 else name: weights_sha256(net)
            for name, nets in learnt.items()
            for number, net in enumerate(nets, 1)
        }


def _lpips(settings: VQGANSettings) -> LPIPS | None:
    if not settings.lpips_weight:
        return None
    if settings.lpips_files:
        return load_lpips(list(settings.lpips_files))
    if settings.start is not None and _holds(settings.start, LPIPS_IN_CHECKPOINT):
        return load_lpips([settings.start])
    raise CheckpointError(
        "The LPIPS term has no weights: neither lpips_files nor a start checkpoint with `loss.perceptual_loss.` "
        "is given. Name the files, or switch the term off with lpips_weight 0; the model card will say so."
    )


def _cip(settings: VQGANSettings) -> list[CIPLoss]:
    """Give the term of each classifier, of none where the term is off."""
    if not settings.cip_weight:
        return []
    choices = CIPChoices(settings.cip_compared, settings.cip_relu, settings.cip_root, settings.cip_summed)
    try:
        paths = settings.cip_classifier or [
            find_published(settings.cip_published, None, settings.allow_download)
        ]
        return [CIPLoss(Classifier.load(path).net, choices) for path in paths]
    except CheckpointError as error:
        raise CheckpointError(
            f"The CIP term has no classifier. {error} Or switch the term off with cip_weight 0; the model card "
            "will say so."
        ) from error


def _discriminator(settings: VQGANSettings, channels: int) -> Discriminator:
    """Give a fresh discriminator, or the one inside the start checkpoint where it has one of these sizes."""
    made = Discriminator(channels, settings.disc_width, settings.disc_layers)
    if settings.start is not None:
        kept = {
            key.removeprefix(DISCRIMINATOR_IN_CHECKPOINT): tensor
            for key, tensor in read_tensors(settings.start).items()
            if key.startswith(DISCRIMINATOR_IN_CHECKPOINT)
        }
        wanted = {key: tensor.shape for key, tensor in made.state_dict().items()}
        if {key: tensor.shape for key, tensor in kept.items()} == wanted:
            made.load_state_dict(kept)
    return made


def _named(path: Path) -> str:
    """Name a file by its content, as its place is this machine's affair."""
    with path.open("rb") as file:
        return f"{path.name} (sha256 {hashlib.file_digest(file, 'sha256').hexdigest()[:12]})"


def _holds(path: Path, prefix: str) -> bool:
    return any(key.startswith(prefix) for key in read_tensors(path))
