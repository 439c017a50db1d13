"""The limits of a bundle's input check, set on films of the training and validation splits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine import input_check
from engine.bundle import InputLimits
from engine.data.film_files import read_film
from engine.data.manifest import FilmRow, select
from engine.errors import ExportError
from engine.preprocess import PreprocessingSpec
from engine.tokenizer.vqgan import VQModel

ACCEPTED_MIN = 0.99
# Shares of the smallest value over training films below which a picture counts as smooth. A disc's copy is twice
# as good as the best film's with a tokenizer that was trained on pixels alone, and no better with one that was
# taught to be read; its structure is at most half of the smoothest film's either way.
COPY_SHARE = 0.5
STRUCTURE_SHARE = 0.6
# The frontal films of adults that give the mean film of the input check.
REFERENCE_SOURCES = ("nih-cxr14", "hannover-covid")


def input_limits(tokenizer: VQModel, rows: Sequence[FilmRow], spec: PreprocessingSpec) -> dict[str, Any]:
    """Set the limits of the input check from films of the training and validation splits.

    The reference is the mean training film of the adults' sources without its best-fitting plane: a plain
    gradient would go along with the plane. Raises ExportError where validation films don't pass.
    """
    training = film_stack(select(rows, "train", REFERENCE_SOURCES), spec)
    validation = film_stack(select(rows, "val", REFERENCE_SOURCES), spec)
    reference = without_plane(np.mean([input_check.small(film) for film in training], axis=0))
    errors = [_copy_error(tokenizer, film) for film in training[::3]]
    error_max = float(1.15 * np.quantile(errors, 0.995))
    error_min = float(COPY_SHARE * min(errors))
    structure_min = float(STRUCTURE_SHARE * min(input_check.structure(film) for film in training))
    likeness_min = float(np.quantile([input_check.correlation(f, reference) for f in training], 0.02))
    limits = InputLimits(
        error_max, likeness_min, tuple(tuple(line) for line in reference.tolist()), error_min, structure_min
    )
    accepted = np.mean([_accepted(tokenizer, film, limits) for film in validation])
    if accepted < ACCEPTED_MIN:
        raise ExportError(f"Only {accepted:.1%} of the validation films pass the input check just set.")
    return {
        "reconstruction_max": round(error_max, 4),
        "reconstruction_min": round(error_min, 4),
        "structure_min": round(structure_min, 4),
        "correlation_min": round(likeness_min, 4),
        "reference": [[round(float(value), 4) for value in line] for line in reference],
        "how": "1.15 x the 99.5th percentile of the error over a third of the adult-source training films, "
        f"{COPY_SHARE:g} x the smallest of these errors, {STRUCTURE_SHARE:g} x the smallest structure over all of "
        "them, and the 2nd percentile of their correlation; the mean film is without its plane",
        "films": len(training),
        "validation_films": len(validation),
        "validation_accepted": float(accepted),
    }


def without_plane(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the best-fitting plane off a picture [H, W]."""
    y, x = (axis.ravel().astype(np.float64) for axis in np.indices(picture.shape))
    basis = np.stack([np.ones_like(x), x, y], axis=1)
    fitted = basis @ np.linalg.lstsq(basis, picture.ravel(), rcond=None)[0]
    return np.asarray(picture - fitted.reshape(picture.shape))


def _copy_error(tokenizer: VQModel, film: NDArray[np.float32]) -> float:
    return input_check.reconstruction_error(film, _copy(tokenizer, film))


def _accepted(tokenizer: VQModel, film: NDArray[np.float32], limits: InputLimits) -> bool:
    return input_check.verdict(film, _copy(tokenizer, film), (), limits).accepted


def _copy(tokenizer: VQModel, film: NDArray[np.float32]) -> NDArray[np.float32]:
    copy: NDArray[np.float32] = tokenizer.decode(tokenizer.encode(torch.from_numpy(film[None])))[0].numpy()
    return copy


def film_stack(rows: Sequence[FilmRow], spec: PreprocessingSpec) -> NDArray[np.float32]:
    """Preprocess the films of rows as inference does: [N, C, side, side]."""
    return np.stack([read_film(row.file, spec) for row in rows])
