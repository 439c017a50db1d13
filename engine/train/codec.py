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
from engine.train.losses.teacher import Taught, TaughtReader


class Pass(NamedTuple):
    """What a pass gave; `codes` is empty and `codebook_loss` 0 where nothing is quantised.

    `reconstruction` is empty where nothing is decoded. `logits` and `taught` need their readers.
    """

    latents: Tensor
    codes: Tensor
    codebook_loss: Tensor
    reconstruction: Tensor
    logits: Tensor | None
    taught: Taught | None


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
    """The tokenizer with what reads its latents in training: the label head and the taught reader, if any.

    `taught_side` is the side of the teacher's maps, `teacher_agrees` whether its heads are the label head's.
    """

    def __init__(
        self,
        model: VQModel,
        head: LabelHead | None,
        reader: TaughtReader | None,
        autocast: Callable[[], AbstractContextManager[Any]],
        taught_side: int = 0,
        teacher_agrees: bool = False,
    ) -> None:
        super().__init__()
        self.model = model
        self.head = head
        self.reader = reader
        self.taught_side = taught_side
        self.teacher_agrees = teacher_agrees
        self.autocast = autocast

    def forward(
        self, films: Tensor, quantised: bool = True, patch: Patch | None = None, decoded: bool = True
    ) -> Pass:
        """Pass films [B, C, R, R] in [-1, 1]; `patch` is the part of the latents that is decoded."""
        with self.autocast():
            latents = self.model.latent(films)
        seen, codes, loss = latents, latents.new_zeros(0, dtype=torch.long), latents.new_zeros(()).float()
        if quantised:
            seen, loss, codes = self.model.quantize(latents.float())
        reconstruction = films.new_zeros(0)
        if decoded:
            with self.autocast():
                reconstruction = self.model.decode_latent(seen if patch is None else patch.of(seen))
        logits = None if self.head is None else self.head(seen)
        taught = None if self.reader is None else self.reader(seen, self.taught_side)
        return Pass(latents, codes, loss, reconstruction.float(), logits, taught)
