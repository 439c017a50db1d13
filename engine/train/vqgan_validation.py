"""What a tokenizer in training shows on validation films: figures and a sheet of reconstructions."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity
from torch import Tensor

from engine.evaluate.statistics import auroc
from engine.train.codec import Codec
from engine.train.film_settings import Head
from engine.train.films import TrainingFilms

_BATCH = 8
FIGURES = ("psnr", "ssim", "codes_used", "perplexity")  # besides each head's `auroc/NAME` and their mean


class Validation(NamedTuple):
    """Figures by name and the sheet [rows, columns] of 8-bit grey, originals above their reconstructions."""

    figures: dict[str, float]
    sheet: NDArray[np.uint8] | None


@torch.no_grad()
def validate(
    codec: Codec,
    films: TrainingFilms,
    heads: tuple[Head, ...],
    quantised: bool,
    reconstructed: int = 0,
    on_sheet: int = 8,
) -> Validation:
    """Pass the films; give PSNR (dB) and SSIM over [-1, 1], codes used, perplexity, and each head's AUROC."""
    codec.eval()
    count = len(films.records)
    shown = set(range(0, count, -(-count // reconstructed)) if reconstructed else range(count))
    codes: list[Tensor] = []
    logits: list[Tensor] = []
    pairs: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    for first in range(0, count, _BATCH):
        rows = range(first, min(first + _BATCH, count))
        originals = films.exact(rows)
        given = _pass(codec, originals, quantised)
        if given.codes is not None:
            codes.append(given.codes)
        if given.logits is not None:
            logits.append(given.logits)
        chosen = [row - first for row in rows if row in shown]
        if chosen:
            again = _decoded(codec, given.latents[chosen])
            pairs += list(zip(originals[chosen, 0], again, strict=True))
    codec.train()
    figures = similarity(pairs)
    if codes:
        figures |= codebook_use(torch.cat(codes), codec.model.config.n_embed)
    if logits:
        figures |= head_areas(torch.cat(logits).numpy(), films.targets, heads)
    return Validation(figures, sheet(pairs, on_sheet) if on_sheet else None)


def similarity(pairs: list[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> dict[str, float]:
    """Give the mean PSNR in dB and the mean SSIM (Gaussian window, Wang 2004) of pairs in [-1, 1]."""
    noise = [float(np.mean((a - b) ** 2)) for a, b in pairs]
    alike = [
        structural_similarity(
            a, b, data_range=2.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        for a, b in pairs
    ]
    decibels = [10 * np.log10(4.0 / max(value, 1e-12)) for value in noise]
    return {"psnr": float(np.mean(decibels)), "ssim": float(np.mean(alike))}


def codebook_use(codes: Tensor, entries: int) -> dict[str, float]:
    """Give how many entries occur in codes [N, 256], and their perplexity."""
    counts = torch.bincount(codes.flatten(), minlength=entries)
    return {"codes_used": float((counts > 0).sum()), "perplexity": perplexity(counts)}


def perplexity(counts: Tensor) -> float:
    """Give the exponential of the entropy of counts, 0 where nothing was counted."""
    if not int(counts.sum()):
        return 0.0
    shares = counts[counts > 0].double() / counts.sum()
    return float(torch.exp(-(shares * shares.log()).sum()))


def head_areas(
    logits: NDArray[np.float32], targets: NDArray[np.float32], heads: tuple[Head, ...]
) -> dict[str, float]:
    """Give each head's area under the ROC curve, `auroc/NAME`, and their mean; a head of one class is left out."""
    areas = {}
    for column, head in enumerate(heads):
        known = ~np.isnan(targets[:, column])
        truth = targets[known, column] > 0
        if truth.any() and not truth.all():
            areas[f"auroc/{head.name}"] = auroc(logits[known, column].astype(np.float64), truth)
    return {"auroc": float(np.mean(list(areas.values()))), **areas} if areas else {}


def sheet(pairs: list[tuple[NDArray[np.float32], NDArray[np.float32]]], count: int) -> NDArray[np.uint8]:
    """Lay evenly spaced pairs side by side, at most 8 in a row: originals, below them reconstructions."""
    chosen = pairs[:: max(1, len(pairs) // count)][:count]
    side = chosen[0][0].shape[0]
    across = min(8, len(chosen))
    down = -(-len(chosen) // across)
    laid = np.zeros((2 * down * side, across * side), dtype=np.uint8)
    for number, pair in enumerate(chosen):
        top, left = 2 * side * (number // across), side * (number % across)
        for place, film in enumerate(pair):
            grey = np.rint((np.nan_to_num(film).clip(-1, 1) + 1) * 127.5).astype(np.uint8)
            laid[top + place * side : top + (place + 1) * side, left : left + side] = grey
    return laid


class _Given(NamedTuple):
    latents: Tensor
    codes: Tensor | None
    logits: Tensor | None


def _pass(codec: Codec, originals: NDArray[np.float32], quantised: bool) -> _Given:
    channels = codec.model.config.in_channels
    device = next(codec.parameters()).device
    films = torch.from_numpy(originals).to(device).expand(-1, channels, -1, -1)
    with codec.autocast():
        latents = codec.model.latent(films.contiguous(memory_format=torch.channels_last))
    codes = None
    seen = latents.float()
    if quantised:
        quantized = codec.model.quantize(seen)
        seen, codes = quantized.z, quantized.indices.cpu()
    return _Given(seen, codes, _logits(codec, seen))


def _logits(codec: Codec, seen: Tensor) -> Tensor | None:
    """Give the label head's logits, averaged with the taught ones where the teacher has the same heads."""
    if codec.head is None:
        return None
    logits: Tensor = codec.head(seen).cpu()
    if codec.reader is None or not codec.teacher_agrees:
        return logits
    return (logits + codec.reader.logits(codec.reader(seen, codec.taught_side)).cpu()) / 2


def _decoded(codec: Codec, latents: Tensor) -> NDArray[np.float32]:
    with codec.autocast():
        films = codec.model.decode_latent(latents)
    return np.asarray(films.float().clamp(-1, 1).mean(dim=1).cpu().numpy())
