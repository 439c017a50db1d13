"""One pass of the tokenizer in training: films to latents, codes, reconstruction and label logits.

A module of its own so that several processes can wrap it. The convolutions may run in bf16; distances to the
codebook and everything measured afterwards are float32.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from engine.tokenizer.vqgan import VQModel
from engine.train.losses.label_head import LabelHead


class Pass(NamedTuple):
    """What a pass gave: in the warm-up `codes` is empty and `codebook_loss` 0; `logits` needs a label head."""

    latents: Tensor
    codes: Tensor
    codebook_loss: Tensor
    reconstruction: Tensor
    logits: Tensor | None


class Patch(NamedTuple):
    """A square of the latent grid: its first row and column and its side."""

    row: int
    column: int
    side: int

    def of(self, grid: Tensor, scale: int = 1) -> Tensor:
        """Cut it out of [B, C, H, W], whose cells are `scale` pixels."""
        top, left, side = (scale * value for value in self)
        return grid[:, :, top : top + side, left : left + side]


class Codec(nn.Module):
    """The tokenizer with its label head, if any."""

    def __init__(
        self,
        model: VQModel,
        head: LabelHead | None,
        autocast: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        super().__init__()
        self.model = model
        self.head = head
        self.autocast = autocast

    def forward(self, films: Tensor, quantised: bool = True, patch: Patch | None = None) -> Pass:
        """Pass films [B, C, R, R] in [-1, 1]; `patch` is the part of the latents that is decoded."""
        with self.autocast():
            latents = self.model.latent(films)
        seen, codes, loss = latents, latents.new_zeros(0, dtype=torch.long), latents.new_zeros(()).float()
        if quantised:
            seen, loss, codes = self.model.quantize(latents.float())
        with self.autocast():
            reconstruction = self.model.decode_latent(seen if patch is None else patch.of(seen))
        logits = None if self.head is None else self.head(seen)
        return Pass(latents, codes, loss, reconstruction.float(), logits)
