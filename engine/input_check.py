"""Whether a film is one the model can speak about: not blank, not noise, and shaped like a frontal chest.

Four measures decide: how well the film tokenizer gives the film back (pixels unlike its training films come
back badly, and some tokenizers copy a picture without structure better than any film); how much structure it has
at 64 x 64 (a smooth disc has none); how far it goes along with the mean training film at 32 x 32 (an inverted or
a foreign picture doesn't); and whether it would go along better when turned. The limits of the first three come
with the bundle, set on its films with these functions. The check keeps gross errors out, says nothing about
image quality, and can't see that a film is mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.bundle import InputLimits
from engine.preprocess import Film

SMALL = 32
STRUCTURED = 64
# A preprocessed film has its grey values spread over [-1, 1]; below this it is one flat tone.
FLAT_STD = 0.05
# How much better a film may fit when turned; 2 of 400 upright adult films exceed it, turned ones by 0.4 and more.
TURNED_MARGIN = 0.1

Measure = NDArray[np.float64]


@dataclass(frozen=True)
class InputCheck:
    """The verdict on one film; `reason` is a sentence where it isn't accepted, `note` one where it is unchecked.

    `codes` are the film's 256 codes, computed on the way; empty where the film was refused before them.
    """

    accepted: bool
    reason: str
    reconstruction_error: float
    correlation: float
    turned_correlation: float
    codes: tuple[int, ...]
    note: str = ""
    structure: float = 0.0


def small(film: Film) -> Measure:
    """Average the first channel of a film [C, H, W] to 32 x 32."""
    plane = film[0].astype(np.float64)
    height, width = plane.shape[0] // SMALL, plane.shape[1] // SMALL
    blocks: Measure = plane.reshape(SMALL, height, SMALL, width).mean(axis=(1, 3))
    return blocks


def structure(film: Film) -> float:
    """Mean absolute Laplacian of a film's first channel [C, H, W] at about 64 x 64; 0 for any plain gradient."""
    block = max(1, film.shape[-1] // STRUCTURED)
    height, width = (size // block for size in film.shape[-2:])
    plane = film[0, : height * block, : width * block].astype(np.float64)
    grey = plane.reshape(height, block, width, block).mean(axis=(1, 3))
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float(np.abs(4 * grey[1:-1, 1:-1] - around).mean())


def reconstruction_error(film: Film, reconstruction: Film) -> float:
    """Mean absolute difference of two films [C, H, W] in [-1, 1]."""
    return float(np.abs(film.astype(np.float64) - reconstruction).mean())


def correlation(film: Film, reference: Measure) -> float:
    """Pearson correlation of a film at 32 x 32 with a reference [32, 32]; 0 where either is flat."""
    return _pearson(small(film), reference)


def turned_correlation(film: Film, reference: Measure) -> float:
    """The best correlation that the film has with the reference on either side, on its head, or flipped."""
    upright = small(film)
    turned = (np.rot90(upright), np.rot90(upright, 2), np.rot90(upright, 3), np.flipud(upright))
    return max(_pearson(plane, reference) for plane in turned)


def _pearson(plane: Measure, reference: Measure) -> float:
    first, second = plane.ravel(), reference.ravel()
    first, second = first - first.mean(), second - second.mean()
    size = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / size if size > 0.0 else 0.0


def is_flat(film: Film) -> bool:
    """Tell whether a film [C, H, W] is blank."""
    return float(film.std()) < FLAT_STD


def verdict(film: Film, reconstruction: Film, codes: tuple[int, ...], limits: InputLimits) -> InputCheck:
    """Judge a film [C, H, W] by its reconstruction and the bundle's limits."""
    error = reconstruction_error(film, reconstruction)
    reference = np.array(limits.reference, dtype=np.float64)
    likeness, turned = correlation(film, reference), turned_correlation(film, reference)
    structured = structure(film)
    reason = ""
    if error > limits.reconstruction_max:
        reason = (
            "The picture doesn't look like a radiograph to the model's film tokenizer (its copy differs by "
            f"{error:.3f}, at most {limits.reconstruction_max:.3f} is allowed). Check what was sent."
        )
    elif error < limits.reconstruction_min:
        reason = (
            f"The picture is too smooth for a radiograph (its copy differs by only {error:.3f}, a film's by at "
            f"least {limits.reconstruction_min:.3f}). Check what was sent."
        )
    elif structured < limits.structure_min:
        reason = (
            f"The picture is too smooth for a radiograph (structure {structured:.3f}, at least "
            f"{limits.structure_min:.3f} is needed). Check what was sent."
        )
    elif likeness < limits.correlation_min:
        reason = (
            "The picture doesn't have the layout of an upright frontal chest film (likeness "
            f"{likeness:.2f}, at least {limits.correlation_min:.2f} is needed). Check view, "
            "rotation and polarity."
        )
    elif turned > likeness + TURNED_MARGIN:
        reason = (
            f"The picture fits an upright chest film better when it is turned (likeness {turned:.2f} instead of "
            f"{likeness:.2f}). Check its rotation."
        )
    return InputCheck(not reason, reason, error, likeness, turned, codes, structure=structured)


def unchecked(codes: tuple[int, ...]) -> InputCheck:
    """Accept a film for a model without limits, and say that nothing was checked."""
    note = "This model has no input check: any picture with contrast is taken for a frontal chest film."
    return InputCheck(True, "", 0.0, 0.0, 0.0, codes, note)


def blank() -> InputCheck:
    """Give the verdict on a film without contrast."""
    return InputCheck(
        False, "The picture is blank: it has no contrast. Check what was sent.", 0.0, 0.0, 0.0, ()
    )
