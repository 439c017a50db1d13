"""Codebook care: a clustered start and the restart of entries that nothing chooses any more."""

import torch
from torch import Tensor

from engine.tokenizer.vqgan import Quantizer


@torch.no_grad()
def cluster(vectors: Tensor, entries: int, rounds: int, generator: torch.Generator) -> Tensor:
    """Run k-means on [N, C] and give [entries, C]; empty clusters restart at random vectors."""
    centres = vectors[torch.randperm(len(vectors), generator=generator)[:entries]].clone()
    for _ in range(rounds):
        distances = centres.square().sum(dim=1) - 2.0 * vectors @ centres.t()
        owner = distances.argmin(dim=1)
        sums = torch.zeros_like(centres).index_add_(0, owner, vectors)
        counts = torch.bincount(owner, minlength=entries).unsqueeze(1)
        spare = vectors[torch.randint(len(vectors), (entries,), generator=generator)]
        centres = torch.where(counts > 0, sums / counts.clamp(min=1), spare)
    return centres


@torch.no_grad()
def restart_dead(quantizer: Quantizer, usage: Tensor, vectors: Tensor, generator: torch.Generator) -> int:
    """Move entries unused in `usage` [entries] onto random rows of `vectors` [N, C]; give their number."""
    dead = torch.nonzero(usage == 0).flatten()
    if len(dead):
        chosen = torch.randint(len(vectors), (len(dead),), generator=generator)
        quantizer.embedding.weight[dead] = vectors[chosen].to(quantizer.embedding.weight.dtype)
    return len(dead)
