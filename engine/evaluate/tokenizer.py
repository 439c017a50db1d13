"""The film tokenizer: what a judge and a probe still see in its copies, and how near the copies are.

The judge is a classifier that no loss of the tokenizer used. It sees the original and the copy of the same
films; what it loses, the codes lost. Films of different sources are never pooled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.data.manifest import FilmRow
from engine.evaluate.cohort import (
    PIXELS,
    Cohort,
    FilmReader,
    Stratum,
    labelled_cohort,
    read_film,
    small_pixels,
    strata,
)
from engine.evaluate.floors import Floors, code_features
from engine.evaluate.judge import judged, threshold
from engine.evaluate.plots import sheet_figure
from engine.evaluate.report import floors_source
from engine.evaluate.results import Cell, Table
from engine.evaluate.statistics import DRAWS, WeightedStatistic, auroc_over, mean_over, sampled
from engine.model import Model
from engine.preprocess import Film
from engine.progress import track

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BATCH = 16


@dataclass(frozen=True)
class Copies:
    """The films of a cohort beside their copies: errors [N], and the judge's probabilities [N] if there is one."""

    cohort: Cohort
    psnr_db: NDArray[np.float64]
    ssim: NDArray[np.float64]
    judged: NDArray[np.float64] | None
    judged_copy: NDArray[np.float64] | None
    agreed: NDArray[np.bool_] | None
    shown: tuple[tuple[Film, Film], ...]


def copy_films(
    model: Model, rows: Sequence[FilmRow], read: FilmReader, judge: Path | None, pictures: int
) -> Copies:
    """Encode and decode every film; raise DataError for one that can't be read."""
    from engine.classifier.model import Classifier

    classifier = None if judge is None else Classifier.load(judge)
    codes = np.empty((len(rows), 256), dtype=np.int16)
    small = np.empty((len(rows), PIXELS, PIXELS), dtype=np.uint8)
    psnr, ssim = np.empty(len(rows)), np.empty(len(rows))
    probabilities: tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]] = ([], [])
    shown: list[tuple[Film, Film]] = []
    every = max(1, len(rows) // max(1, pictures))
    for start in track(range(0, len(rows), BATCH), "batches of films copied"):
        films = np.stack([read_film(row, read) for row in rows[start : start + BATCH]])
        found = model.backends.images.encode(films)
        copies = model.backends.images.decode(found)
        for offset, (film, copy) in enumerate(zip(films, copies, strict=True)):
            index = start + offset
            small[index] = small_pixels(film)
            psnr[index], ssim[index] = psnr_db(film, copy), structural_similarity(film, copy)
            if index % every == 0 and len(shown) < pictures:
                shown.append((film, copy))
        codes[start : start + len(films)] = found
        if classifier is not None:
            sources = [row.source for row in rows[start : start + BATCH]]
            for kept, seen in zip(probabilities, (films, copies), strict=True):
                kept.append(judged(classifier, seen, sources))
    cohort = labelled_cohort(rows, codes, small)
    if classifier is None:
        return Copies(cohort, psnr, ssim, None, None, None, tuple(shown))
    first, second = (np.concatenate(part) for part in probabilities)
    limits = np.array([threshold(classifier, row.source) for row in rows])
    return Copies(cohort, psnr, ssim, first, second, (first > limits) == (second > limits), tuple(shown))


def psnr_db(film: Film, copy: Film) -> float:
    """Give the peak signal-to-noise ratio in dB of films in [-1, 1]."""
    error = float(np.square(film.astype(np.float64) - copy).mean())
    return float(10.0 * np.log10(4.0 / max(error, 1e-10)))


def structural_similarity(film: Film, copy: Film) -> float:
    """Give the SSIM of films in [-1, 1] (Wang et al. 2004, Gaussian window of 1.5 pixels)."""
    from skimage.metrics import structural_similarity as ssim

    return float(
        ssim(film[0], copy[0], data_range=2.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    )


def tokenizer_figures(copies: Copies, floors: Floors | None, draws: int = DRAWS) -> dict[str, Any]:
    """Give the figures of the top level (NIH adults) and of every stratum."""
    top, parts = strata(copies.cohort)
    figures = _figures(copies, top, floors, draws)
    figures["strata"] = {name: _figures(copies, part, floors, draws) for name, part in parts.items()}
    return figures


def _figures(copies: Copies, part: Stratum, floors: Floors | None, draws: int) -> dict[str, Any]:
    rows = part.inside
    films = copies.cohort.take(rows)
    statistics: dict[str, WeightedStatistic] = {
        "psnr_db": mean_over(copies.psnr_db[rows]),
        "ssim": mean_over(copies.ssim[rows]),
    }
    fitted = (floors or {}).get(floors_source(films, part, floors))
    if fitted is not None:
        probed = fitted.probe.log_odds(code_features(films))[:, 0]
        statistics["probe_auroc"] = auroc_over(probed, films.abnormal)
    if copies.judged is not None and copies.judged_copy is not None and copies.agreed is not None:
        statistics["judge_auroc_original"] = auroc_over(copies.judged[rows], films.abnormal)
        statistics["judge_auroc_copy"] = auroc_over(copies.judged_copy[rows], films.abnormal)
        statistics["judge_agreement"] = mean_over(copies.agreed[rows])
    samples = sampled(statistics, copies.cohort.patients(rows), draws)
    found: dict[str, Any] = {name: sample.interval for name, sample in samples.items()}
    if "judge_auroc_copy" in samples:
        found["judge_auroc_drop"] = (samples["judge_auroc_original"] - samples["judge_auroc_copy"]).interval
    used = np.unique(films.codes) if len(films) else np.zeros(0)
    return {"n": len(films), "population": part.population, "metrics": found, "codes_used": len(used)}


_ROWS = {
    "judge_auroc_original": "judge's AUROC, original",
    "judge_auroc_copy": "judge's AUROC, copy",
    "judge_auroc_drop": "AUROC drop (paired)",
    "judge_agreement": "judge's agreement",
    "probe_auroc": "AUROC of a logistic probe on the codes",
    "psnr_db": "PSNR in dB",
    "ssim": "SSIM",
}


def tokenizer_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Give one table with a column for each stratum."""
    parts = figures["strata"] or {figures["population"]: figures}
    rows: list[list[Cell]] = [["films", *[part["n"] for part in parts.values()]]]
    rows += [
        [title, *[part["metrics"].get(name) for part in parts.values()]] for name, title in _ROWS.items()
    ]
    rows.append(["codes used", *[part["codes_used"] for part in parts.values()]])
    return [Table("Tokenizer: original against copy", ["", *parts], rows)]


def tokenizer_pictures(copies: Copies) -> "dict[str, Figure]":
    """Draw originals beside their copies."""
    captions = [f"original; copy has {psnr_db(film, copy):.1f} dB" for film, copy in copies.shown]
    return {"copies": sheet_figure(copies.shown, ["original", "copy"], captions)} if copies.shown else {}
