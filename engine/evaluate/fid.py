"""Fréchet distance between the features of two sets of films (Table 6), with Inception and with a CXR encoder.

The encoders come from local files alone: a film set without one has no figure, and no random network ever stands
in. The distance depends on the number of films, so that number and the preprocessing go with every figure.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.evaluate.encoders import Encoder, Films
from engine.evaluate.measured import Measured
from engine.evaluate.statistics import Interval, resampled

FID_DRAWS = 200

Features = NDArray[np.float64]


def fid(
    encoder: Encoder,
    real: Films,
    generated: Films,
    real_patients: Sequence[str],
    generated_patients: Sequence[str],
    draws: int = FID_DRAWS,
    seed: int = 0,
) -> Measured:
    """Give the Fréchet distance of generated films to real ones, [N, 1, R, R] in [-1, 1], by one encoder.

    Raises DataError for fewer than two films in a set, CheckpointError where the encoder gives no features.
    """
    first, second = encoder.features(real), encoder.features(generated)
    return fid_of_features(encoder, first, second, real_patients, generated_patients, draws, seed)


def fid_of_features(
    encoder: Encoder,
    real: Features,
    generated: Features,
    real_patients: Sequence[str],
    generated_patients: Sequence[str],
    draws: int = FID_DRAWS,
    seed: int = 0,
) -> Measured:
    """Give the Fréchet distance of features [N, D] that the encoder gave for real and generated films."""
    interval = frechet_interval(real, generated, real_patients, generated_patients, draws, seed)
    facts = {
        **encoder.facts,
        "real_films": len(real),
        "generated_films": len(generated),
        "features": real.shape[1],
        "draws": draws,
    }
    how = f"{encoder.how}; {len(generated)} generated against {len(real)} real films"
    return Measured(encoder.name, interval, how, facts=facts)


def frechet(a: Features, b: Features) -> float:
    """Give the Fréchet distance of Gaussians fitted to features [N, D] and [M, D] (Heusel et al. 2017, eq. 6).

    Raises DataError for fewer than two films in a set.
    """
    if min(len(a), len(b)) < 2:
        raise DataError(f"A Fréchet distance needs two films in each set, got {len(a)} and {len(b)}.")
    return _weighted_frechet(a, np.ones(len(a)), b, np.ones(len(b)))


def frechet_interval(
    real: Features,
    generated: Features,
    real_patients: Sequence[str],
    generated_patients: Sequence[str],
    draws: int = FID_DRAWS,
    seed: int = 0,
) -> Interval:
    """Give the Fréchet distance with an interval over draws of patients, each set drawn by itself.

    A drawn set repeats films, which raises the distance; the draws are moved so that their mean is the figure.
    """
    value = frechet(real, generated)
    first = np.concatenate(list(resampled(real_patients, draws, seed)))
    second = np.concatenate(list(resampled(generated_patients, draws, seed + 1)))
    drawn = np.array([_weighted_frechet(real, x, generated, y) for x, y in zip(first, second, strict=True)])
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return Interval(value, float("nan"), float("nan"), len(generated))
    low, high = np.quantile(drawn - drawn.mean() + value, [0.025, 0.975])
    return Interval(value, max(0.0, float(low)), float(high), len(generated))


def _weighted_frechet(a: Features, wa: Features, b: Features, wb: Features) -> float:
    """Distance of weighted sets; the trace of the root of the covariances' product is a nuclear norm.

    With A and B the centred rows over the root of the degrees of freedom, tr((AᵀA BᵀB)^½) is the sum of the
    singular values of A Bᵀ: no root of a badly conditioned D x D matrix is needed.
    """
    if (wa > 0).sum() < 2 or (wb > 0).sum() < 2:
        return float("nan")
    mean_a, rows_a = _centred(a, wa)
    mean_b, rows_b = _centred(b, wb)
    common = float(np.linalg.svd(_short(rows_a) @ _short(rows_b).T, compute_uv=False).sum())
    spread = float((rows_a**2).sum() + (rows_b**2).sum())
    return max(0.0, float(((mean_a - mean_b) ** 2).sum()) + spread - 2.0 * common)


def _short(rows: Features) -> Features:
    """Give at most D rows with the same singular values beside any other matrix."""
    return np.asarray(np.linalg.qr(rows, mode="r")) if len(rows) > rows.shape[1] else rows


def _centred(features: Features, weights: Features) -> tuple[Features, Features]:
    mean = weights @ features / weights.sum()
    held = weights > 0
    scale = np.sqrt(weights[held] / (weights.sum() - 1.0))
    return mean, (features[held] - mean) * scale[:, None]
