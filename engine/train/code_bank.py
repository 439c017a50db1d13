"""Films to codes in bulk: each film once unchanged and many times under small moves."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine.data.examples import CodeBank
from engine.data.films import Augmentation, augmented, load_canvases
from engine.data.manifest import FilmRow
from engine.preprocess import PreprocessingSpec, film_from_file
from engine.tokenizer.vqgan import VQModel


def exact_codes(model: VQModel, rows: Sequence[FilmRow], spec: PreprocessingSpec) -> CodeBank:
    """Encode every film exactly as inference does, in float32: [films, 1, 256]."""
    parts = []
    for start in range(0, len(rows), 16):
        films = np.stack([film_from_file(row.file, spec) for row in rows[start : start + 16]])
        parts.append(model.encode(torch.from_numpy(films)).numpy())
    return np.concatenate(parts).astype(np.int16)[:, None]


def code_bank(
    model: VQModel,
    rows: Sequence[FilmRow],
    spec: PreprocessingSpec,
    variants: int,
    seed: int,
    cache: Path,
) -> CodeBank:
    """Encode every film once exactly and `variants` - 1 times moved: [films, variants, 256], cached on disk.

    The moved ones are encoded in bfloat16, whose few other codes are one more small change.
    """
    path = cache / f"codes-{_fingerprint(model, rows, variants, seed)}.npy"
    if path.exists():
        return np.asarray(np.load(path))
    canvases = load_canvases(rows, spec, cache)
    random = np.random.default_rng(seed)
    bank = [exact_codes(model, rows, spec)]
    for variant in range(1, variants):
        moved = [augmented(canvas, spec.side, random, Augmentation(untouched=0.0)) for canvas in canvases]
        bank.append(_encode_quickly(model, np.stack(moved)))
        print(f"codes {variant + 1}/{variants} of {len(rows)} films", flush=True)
    codes = np.concatenate(bank, axis=1)
    np.save(path, codes)
    return codes


def _encode_quickly(model: VQModel, films: NDArray[np.float32]) -> CodeBank:
    parts = []
    with torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(films), 16):
            batch = torch.from_numpy(films[start : start + 16])
            parts.append(model.encode(batch.contiguous(memory_format=torch.channels_last)))
    return torch.cat(parts).numpy().astype(np.int16)[:, None]


def _fingerprint(model: VQModel, rows: Sequence[FilmRow], variants: int, seed: int) -> str:
    digest = hashlib.sha256(f"{variants} {seed} {[str(row.file) for row in rows]}".encode())
    for tensor in model.state_dict().values():
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
