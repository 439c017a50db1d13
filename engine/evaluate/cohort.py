"""The films of an evaluation: read once, encoded once, with their labels, their strata and their shuffling.

Sources are never pooled: every stratum lies inside one source. A film without labels belongs to no figure,
since a blank label isn't a negative one; neither does one that can't be read, and both are counted. It runs no
language model.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.manifest import FilmRow
from engine.data.templates import JUDGED, age_band, is_normal
from engine.errors import DataError, EngineError
from engine.evaluate.phrases import NIH
from engine.model import Model
from engine.preprocess import Film, film_from_file
from engine.progress import track

FINDINGS: tuple[str, ...] = NIH
FIVE = [FINDINGS.index(name) for name in JUDGED]
RARE = [index for index in range(len(FINDINGS)) if index not in FIVE]
PIXELS = 16
SHUFFLES = 10
UNREAD_SHARE = 0.05  # of the films; one may always be left out

NIH_SOURCE = "nih-cxr14"
TOP = "NIH adults"
OTHER_TOP = "adults"  # the top level of a manifest without NIH films: those of its largest source
_NAMED_SOURCES = {"kermany": "Kermany", "hannover-covid": "Hannover"}

FilmReader = Callable[[Path], Film]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Cohort:
    """Films as rows of arrays: `codes` [N, 256], `pixels` [N, 16, 16] of 8 bits, `truth` [N, 14] flags.

    `refused` [N] are those that the workstation's input check would refuse, where it was asked; `unread` those
    that are no rows because they can't be read, each by its place in the list and why.
    """

    rows: tuple[FilmRow, ...]
    codes: NDArray[np.int16]
    pixels: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    abnormal: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    refused: NDArray[np.bool_] | None = None
    unread: tuple[tuple[int, str], ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def patients(self, inside: Indices) -> list[str]:
        """Name the patient of each of these rows; a film without one stands for itself."""
        return [
            f"{self.rows[i].source} {self.rows[i].patient}" if self.rows[i].patient else f"film {i}"
            for i in inside
        ]

    def take(self, inside: Indices) -> "Cohort":
        """Give the cohort of these rows alone."""
        return Cohort(
            tuple(self.rows[i] for i in inside),
            self.codes[inside],
            self.pixels[inside],
            self.truth[inside],
            self.abnormal[inside],
            self.labelled[inside],
            None if self.refused is None else self.refused[inside],
        )


@dataclass(frozen=True)
class Stratum:
    """A group of films of one source that figures are given for; `inside` are its labelled rows."""

    name: str
    population: str
    inside: Indices
    unlabelled: int


def load_cohort(
    model: Model, rows: Sequence[FilmRow], read: FilmReader | None = None, check: bool = False
) -> Cohort:
    """Read and encode every film; with `check` ask the input check of the workstation about each.

    A film that can't be read is no row and is told in `unread`. Raises DataError naming the first one where
    more than one film in twenty (and more than one) can't be: an evaluation that leaves many out isn't one.
    """
    spec = model.bundle.preprocessing
    codes: list[tuple[int, ...]] = []
    pixels, refused, kept, unread = [], [], [], []
    for index, row in enumerate(track(rows, "films read and encoded")):
        try:
            film = read_film(row, read or (lambda path: film_from_file(path, spec)))
        except DataError as error:
            unread.append((index, str(error)))
            if len(unread) > max(1, UNREAD_SHARE * len(rows)) or len(unread) == len(rows):
                raise
            continue
        codes.append(model.encode(film))
        pixels.append(small_pixels(film))
        refused.append(check and not model.check_film(film).accepted)
        kept.append(row)
    cohort = labelled_cohort(
        kept,
        np.array(codes, dtype=np.int16).reshape(len(kept), 256),
        np.array(pixels, dtype=np.uint8).reshape(len(kept), PIXELS, PIXELS),
    )
    checked = np.array(refused, dtype=bool) if check else None
    return replace(cohort, refused=checked, unread=tuple(unread))


def labelled_cohort(rows: Sequence[FilmRow], codes: NDArray[np.int16], pixels: NDArray[np.uint8]) -> Cohort:
    """Put labels beside codes and pixels that are already there."""
    truth = np.array([[has_label(row, name) for name in FINDINGS] for row in rows], dtype=bool)
    abnormal = np.array([bool(row.labels) and not is_normal(row) for row in rows], dtype=bool)
    labelled = np.array([bool(row.labels) for row in rows], dtype=bool)
    return Cohort(tuple(rows), codes, pixels, truth.reshape(len(rows), len(FINDINGS)), abnormal, labelled)


def read_film(row: FilmRow, read: FilmReader) -> Film:
    """Read one film; raise DataError with its name where it can't be."""
    try:
        return read(row.file)
    except (EngineError, OSError) as error:
        raise DataError(f"The film {row.file} of the manifest can't be evaluated: {error}") from error


def has_label(row: FilmRow, name: str) -> bool:
    """Tell whether a row's labels hold a finding; `Pneumonia, bacterial` and the like are Pneumonia."""
    return any(label.split(",")[0].strip() == name for label in row.labels)


def small_pixels(film: Film, side: int = PIXELS) -> NDArray[np.uint8]:
    """Average a film [C, S, S] in [-1, 1] to 8 bits [side, side]."""
    block = film.shape[-1] // side
    means = film[0].reshape(side, block, side, block).mean(axis=(1, 3), dtype=np.float64)
    return np.asarray(np.clip(np.rint((means + 1.0) * 127.5), 0, 255).astype(np.uint8))


def strata(cohort: Cohort) -> tuple[Stratum, dict[str, Stratum]]:
    """Give the top level and every stratum that has films.

    The top level is the NIH adults; where the manifest has no film of that source, the adults of the source
    that has the most of them with labels, which `population` then says.
    """
    source = np.array([row.source for row in cohort.rows], dtype=object)
    adult = np.array([row.adult for row in cohort.rows], dtype=bool)
    ageless = np.array([row.age is None for row in cohort.rows], dtype=bool)
    view = np.array([row.view for row in cohort.rows], dtype=object)
    nih = source == NIH_SOURCE
    masks: dict[str, tuple[str, NDArray[np.bool_]]] = {}
    if nih.any():
        top = _stratum(cohort, TOP, "films of source nih-cxr14, 18 years and over", nih & adult)
        masks |= {
            TOP: (top.population, nih & adult),
            "NIH PA": ("films of source nih-cxr14, 18 years and over, PA", nih & adult & (view == "PA")),
            "NIH AP": ("films of source nih-cxr14, 18 years and over, AP", nih & adult & (view == "AP")),
            "NIH under 18": ("films of source nih-cxr14, under 18 years", nih & ~adult & ~ageless),
            "NIH age not known": ("films of source nih-cxr14, age not known", nih & ageless),
        }
    else:
        most = Counter(source[adult & cohort.labelled].tolist()).most_common(1)
        chosen = most[0][0] if most else ""
        told = f"films of source {chosen or 'not named'}, 18 years and over: there is no film of source nih-cxr14"
        top = _stratum(cohort, OTHER_TOP, told, adult & (source == chosen))
    for name in sorted(set(source) - {NIH_SOURCE}):
        masks[_NAMED_SOURCES.get(name, name or "no source")] = (f"films of source {name}", source == name)
    found = {name: _stratum(cohort, name, told, mask) for name, (told, mask) in masks.items() if mask.any()}
    return top, found


def _stratum(cohort: Cohort, name: str, population: str, mask: NDArray[np.bool_]) -> Stratum:
    inside = np.flatnonzero(mask & cohort.labelled)
    return Stratum(name, population, inside, int(mask.sum()) - len(inside))


def shuffled_orders(cohort: Cohort, shuffles: int = SHUFFLES, seed: int = 0) -> list[Indices]:
    """Give orders of the rows in which every film takes the place of another of its group.

    A group is source × view × age band. No film of a group keeps its own place unless it is alone in it
    (`alone` counts those). With labels and context left in place, order k pairs row i with film order[i].
    """
    random = np.random.default_rng(seed)
    orders = []
    for _ in range(shuffles):
        order = np.arange(len(cohort))
        for members in groups(cohort).values():
            if len(members) > 1:
                mixed = random.permutation(members)
                # A cycle through a random order moves everyone.
                order[mixed] = np.roll(mixed, 1)
        orders.append(order)
    return orders


def groups(cohort: Cohort) -> dict[tuple[str, str, str], Indices]:
    """Give the rows of each source × view × age band."""
    members: dict[tuple[str, str, str], list[int]] = {}
    for index, row in enumerate(cohort.rows):
        members.setdefault((row.source, row.view, age_band(row.age)), []).append(index)
    return {key: np.array(rows) for key, rows in members.items()}


def alone(cohort: Cohort, inside: Indices) -> int:
    """Count the rows whose group has no other film, so that they can't be shuffled."""
    kept = set(inside.tolist())
    return sum(len(rows) == 1 and int(rows[0]) in kept for rows in groups(cohort).values())
