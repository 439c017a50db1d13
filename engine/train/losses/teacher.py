"""Ours, off by default: classifiers of films teach what the latents must tell, square by square.

From the latents a small reader must give the teacher's last map and its class maps (the last map weighed by
each head's weights), both scaled to unit variance over training films, and the logits that follow. Of several
classifiers every last map is to be told, and the mean of their class maps, which is steadier than each. The
reader is thrown away after training; no teacher may be the network that judges.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.classifier.model import Classifier, Network, film_values
from engine.errors import CheckpointError


class Taught(NamedTuple):
    """The teacher's last map [B, C, h, w] and class maps [B, heads, h, w]."""

    maps: Tensor
    classes: Tensor


class Teacher(nn.Module):
    """Frozen classifiers with the same heads, whose last maps are of one side."""

    def __init__(self, classifiers: Sequence[Classifier]) -> None:
        super().__init__()
        self.nets: tuple[Network, ...] = tuple(one.net.eval().requires_grad_(False) for one in classifiers)
        # Known to torch as well, so that they go to the device with the rest.
        self.held = nn.ModuleList(self.nets)
        self.labels = classifiers[0].labels
        for one in classifiers:
            if one.labels != self.labels:
                raise CheckpointError(
                    f"The teachers have other heads than one another: {', '.join(self.labels)}, and "
                    f"{', '.join(one.labels)}. Train them with the same heads."
                )

    def train(self, mode: bool = True) -> "Teacher":
        """Stay in evaluation mode."""
        super().train(False)
        return self

    @torch.no_grad()
    def forward(self, films: Tensor) -> Taught:
        """Look at films [B, C, R, R] in [-1, 1]; raise CheckpointError where the maps are of different sides."""
        told = [self._one(net, films) for net in self.nets]
        sides = {each.maps.shape[-1] for each in told}
        if len(sides) > 1:
            raise CheckpointError(
                f"The teachers' last maps have the sides {', '.join(map(str, sorted(sides)))}. Take networks of one "
                "kind and side."
            )
        return Taught(
            torch.cat([each.maps for each in told], 1), torch.stack([each.classes for each in told]).mean(0)
        )

    def _one(self, net: Network, films: Tensor) -> Taught:
        maps = net.last_maps(film_values(films))[-1].float()
        return Taught(maps, torch.einsum("bchw,kc->bkhw", maps, net.classifier.weight.float()))


class TaughtReader(nn.Module):
    """Latents [B, C, side, side] -> the teacher's maps, each position from the codes below it alone."""

    map_mean: Tensor
    map_scale: Tensor
    class_mean: Tensor
    class_scale: Tensor
    logit_scale: Tensor

    def __init__(self, channels: int, maps: int, heads: int, width: int = 192) -> None:
        super().__init__()
        self.each = nn.Conv2d(channels, width, 1)
        self.maps = nn.Conv2d(width, maps, 1)
        self.classes = nn.Conv2d(width, heads, 1)
        for name, count in (("map", maps), ("class", heads)):
            self.register_buffer(f"{name}_mean", torch.zeros(1, count, 1, 1))
            self.register_buffer(f"{name}_scale", torch.ones(1, count, 1, 1))
        self.register_buffer("logit_scale", torch.ones(1, heads))

    def measure(self, taught: Taught) -> None:
        """Take the scales of the teacher's maps from many films."""
        for name, values in (("map", taught.maps), ("class", taught.classes)):
            getattr(self, f"{name}_mean").copy_(values.mean(dim=(0, 2, 3)).reshape(1, -1, 1, 1))
            getattr(self, f"{name}_scale").copy_(values.std(dim=(0, 2, 3)).reshape(1, -1, 1, 1) + 1e-3)
        self.logit_scale.copy_(taught.classes.mean(dim=(2, 3)).std(dim=0) + 1e-3)

    def forward(self, latents: Tensor, side: int) -> Taught:
        """Give maps [B, ., side, side] in units of their scales."""
        read = functional.adaptive_avg_pool2d(functional.gelu(self.each(latents.float())), side)
        return Taught(self.maps(read), self.classes(read))

    def logits(self, read: Taught) -> Tensor:
        """Give the teacher's logits that the class maps say, without their bias [B, heads]."""
        return (read.classes * self.class_scale + self.class_mean).mean(dim=(2, 3))

    def losses(self, read: Taught, taught: Taught) -> dict[str, Tensor]:
        """Mean squared differences of maps, class maps and logits, each in units of its scale."""
        maps = (taught.maps - self.map_mean) / self.map_scale
        classes = (taught.classes - self.class_mean) / self.class_scale
        logits = (self.logits(read) - taught.classes.mean(dim=(2, 3))) / self.logit_scale
        return {
            "taught_maps": (read.maps - maps).square().mean(),
            "taught_classes": (read.classes - classes).square().mean(),
            "taught_logits": logits.square().mean(),
        }
