"""A small classifier of films whose inner features serve the tokenizer's feature loss.

It stands where the paper uses TorchXRayVision's DenseNet121 (the clinical-information-preserving loss) and
is trained here, on the training split alone. It judges nothing and ships nowhere.
"""

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from engine.data.films import Augmentation, Canvases, augmented
from engine.data.manifest import FilmRow
from engine.train.common import Progress, cosine_rate

SIDE = 128


class FilmFeatures(nn.Module):
    """Four strided convolution stages on 128-pixel films; one logit per task head."""

    def __init__(self, heads: int, width: int = 32) -> None:
        super().__init__()
        widths = [1, width, width * 2, width * 3, width * 4]
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, after, 3, stride=2, padding=1),
                nn.BatchNorm2d(after),
                nn.ReLU(),
                nn.Conv2d(after, after, 3, padding=1),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            )
            for before, after in pairwise(widths)
        )
        self.head = nn.Linear(widths[-1], heads)

    def features(self, film: Tensor) -> list[Tensor]:
        """[B, 1, R, R] in [-1, 1] -> the maps of the last two stages, each scaled to unit mean square."""
        h = functional.adaptive_avg_pool2d(film, SIDE)
        maps = []
        for stage in self.stages:
            h = stage(h)
            maps.append(h)
        return maps[-2:]

    def forward(self, film: Tensor) -> Tensor:
        """[B, 1, R, R] -> logits [B, heads]."""
        logits: Tensor = self.head(self.features(film)[-1].mean(dim=(2, 3)))
        return logits


def abnormal_targets(rows: list[FilmRow], sources: list[str]) -> NDArray[np.float32]:
    """Give [N, sources] with 1 for abnormal, 0 for normal and NaN where a film says nothing for the head."""
    targets = np.full((len(rows), len(sources)), np.nan, dtype=np.float32)
    for index, row in enumerate(rows):
        if row.labels and row.source in sources:
            normal = row.normal or row.labels == {"Normal"}
            targets[index, sources.index(row.source)] = 0.0 if normal else 1.0
    return targets


def train_features(
    canvases: Canvases,
    targets: NDArray[np.float32],
    weights: NDArray[np.float64],
    steps: int,
    random: np.random.Generator,
    progress: Progress,
) -> FilmFeatures:
    """Train the classifier for `steps` of 32 augmented films and give it frozen, in evaluation mode."""
    net = FilmFeatures(targets.shape[1])
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    known = weights * (~np.isnan(targets)).any(axis=1)
    chances = known / known.sum()
    running = 0.7
    for step in range(steps):
        chosen = random.choice(len(chances), size=32, p=chances)
        films = np.stack([augmented(canvases[i], SIDE, random, Augmentation()) for i in chosen])
        wanted = torch.from_numpy(targets[chosen])
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * cosine_rate(step, steps, 20)
        logits = net(torch.from_numpy(films).to(memory_format=torch.channels_last))
        mask = ~wanted.isnan()
        loss = functional.binary_cross_entropy_with_logits(logits[mask], wanted[mask])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        running = 0.95 * running + 0.05 * loss.item()
        if (step + 1) % 50 == 0:
            progress.report("features", step + 1, steps, loss=running)
    return net.eval().requires_grad_(False)


def feature_loss(net: FilmFeatures, film: Tensor, reconstruction: Tensor) -> Tensor:
    """Mean squared difference of the inner maps, each divided by the mean square of the film's own map."""
    total = film.new_zeros(())
    for wanted, got in zip(net.features(film), net.features(reconstruction), strict=True):
        wanted = wanted.detach().float()
        total = total + (got.float() - wanted).square().mean() / (wanted.square().mean() + 1e-6)
    return total
