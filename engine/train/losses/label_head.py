"""Ours, off by default: labels read from the quantised latents, so that the codes keep what the labels say.

Each code speaks for itself; a film's logit is the mean over its codes, or a weighing of 4 x 4 squares of
them. A head with more reach would let the codes stay mute. The head is thrown away after training.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Reading = Literal["each", "squares"]
_SQUARES = 4


class LabelHead(nn.Module):
    """Latents [B, C, side, side] -> one logit for each head."""

    def __init__(
        self, channels: int, heads: int, width: int = 128, dropout: float = 0.2, reading: Reading = "each"
    ) -> None:
        super().__init__()
        self.squares = 1 if reading == "each" else _SQUARES
        self.norm = nn.GroupNorm(1, channels) if reading == "each" else nn.Identity()
        self.each = nn.Conv2d(channels, width, 1)
        self.out = nn.Linear(width * self.squares**2, heads)
        self.dropout = dropout

    def forward(self, latents: Tensor) -> Tensor:
        """[B, C, side, side] -> logits [B, heads]."""
        said = functional.gelu(self.each(self.norm(latents.float())))
        spoken = functional.adaptive_avg_pool2d(said, self.squares).flatten(1)
        logits: Tensor = self.out(functional.dropout(spoken, self.dropout, self.training))
        return logits


def label_loss(logits: Tensor, targets: Tensor, weights: Tensor, smoothing: float = 0.0) -> Tensor:
    """Weighted mean of binary cross-entropies [B, heads]; NaN in `targets` counts nothing.

    `smoothing` draws targets from 0 and 1 to `smoothing` and 1 - `smoothing`.
    """
    known = ~targets.isnan()
    wanted = torch.where(known, targets * (1 - 2 * smoothing) + smoothing, torch.zeros_like(targets))
    each = functional.binary_cross_entropy_with_logits(logits.float(), wanted, reduction="none")
    counted = known * weights
    return (each * counted).sum() / counted.sum().clamp(min=1.0)
