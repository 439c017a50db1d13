"""Generated films: can a judge tell those asked abnormal from those asked normal?

Half of the films are asked with a normal text and half with an abnormal one, in pairs of the same view and age
band and the same seed. The judge is a classifier that had no part in the training. The nearest training film
stands beside each picture, so that a copied film would show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.classifier.model import Classifier
from engine.data.manifest import FilmRow
from engine.data.templates import context, impression, usable
from engine.errors import DataError
from engine.evaluate.cohort import NIH_SOURCE, FilmReader, read_film, small_pixels
from engine.evaluate.floors import pixel_distances
from engine.evaluate.judge import judged
from engine.evaluate.plots import sheet_figure
from engine.evaluate.results import Table
from engine.evaluate.statistics import DRAWS, auroc_over, interval, mean_over
from engine.model import Model
from engine.pictures import SYNTHETIC_MARK
from engine.preprocess import Film
from engine.progress import track

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEAREST_SIDE = 64


@dataclass(frozen=True)
class Drawn:
    """Generated films [N, 1, S, S], what was asked of each, and the pair that each belongs to."""

    films: NDArray[np.float32]
    texts: tuple[str, ...]
    abnormal: NDArray[np.bool_]
    pair: tuple[str, ...]
    codes: NDArray[np.int16]


def asked_texts(rows: Sequence[FilmRow], pairs: int, seed: int) -> list[tuple[str, bool, str]]:
    """Word what is asked: for each pair a normal and an abnormal text of one view and age band.

    Texts are worded from the labels of films of the manifest, in the model's own wordings. Raises DataError
    where no view and age band has films of both kinds.
    """
    groups: dict[str, dict[bool, list[FilmRow]]] = {}
    for row in rows:
        if row.adult and usable(row):
            groups.setdefault(context(row), {}).setdefault(row.normal, []).append(row)
    both = [(line, kinds) for line, kinds in sorted(groups.items()) if len(kinds) == 2]
    if not both:
        raise DataError("No view and age band of the manifest has normal and abnormal films of adults.")
    random = np.random.default_rng(seed)
    sizes = np.array([sum(len(rows) for rows in kinds.values()) for _, kinds in both], dtype=np.float64)
    asked = []
    for number in range(pairs):
        line, kinds = both[int(random.choice(len(both), p=sizes / sizes.sum()))]
        for normal in (True, False):
            row = kinds[normal][int(random.integers(len(kinds[normal])))]
            asked.append((impression(row, random), not normal, f"pair {number} {line}"))
    return asked


def generate_films(model: Model, asked: Sequence[tuple[str, bool, str]], seed: int) -> Drawn:
    """Generate a film for each text; the two of a pair have the same seed."""
    made = [
        model.generate(text, seed=seed + number // 2)
        for number, (text, _, _) in enumerate(track(asked, "films generated"))
    ]
    return Drawn(
        np.stack([film.film for film in made]),
        tuple(text for text, _, _ in asked),
        np.array([abnormal for _, abnormal, _ in asked]),
        tuple(pair for _, _, pair in asked),
        np.array([film.codes for film in made], dtype=np.int16),
    )


def generate_figures(
    drawn: Drawn, judge: Classifier | None, distances: NDArray[np.float64], draws: int = DRAWS
) -> dict[str, Any]:
    """Give the judge's AUROC for asked abnormal, and how far the films are from each other and from training.

    Pairs are drawn whole. `distances` [N] are those to the nearest training films.
    """
    figures: dict[str, Any] = {
        "n": len(drawn.texts),
        "asked_abnormal": int(drawn.abnormal.sum()),
        "distinct_films": len(np.unique(drawn.codes, axis=0)),
        "codes_used": len(np.unique(drawn.codes)),
        "distance_to_nearest_training_film": interval(mean_over(distances), drawn.pair, draws),
    }
    if judge is not None:
        scores = judged(judge, drawn.films, [NIH_SOURCE] * len(drawn.texts))
        figures["judge_auroc"] = interval(auroc_over(scores, drawn.abnormal), drawn.pair, draws)
    return figures


def nearest_films(
    drawn: Drawn, rows: Sequence[FilmRow], read: FilmReader
) -> tuple[list[FilmRow], NDArray[np.float64]]:
    """Give the nearest film of `rows` to each generated one, in 64-pixel grey, and its distance [N].

    The distance is the root mean square difference in 8-bit grey values.
    """
    small = np.stack([small_pixels(film, NEAREST_SIDE) for film in drawn.films])
    others = np.stack(
        [small_pixels(read_film(row, read), NEAREST_SIDE) for row in track(rows, "training films read")]
    )
    distance = pixel_distances(small, others) / NEAREST_SIDE
    nearest = distance.argmin(axis=1)
    return [rows[i] for i in nearest], distance.min(axis=1)


def generate_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Give the one table."""
    rows = [
        [key.replace("_", " "), figures.get(key)]
        for key in (
            "n",
            "asked_abnormal",
            "judge_auroc",
            "distinct_films",
            "codes_used",
            "distance_to_nearest_training_film",
            "nearest_looked_for_among",
        )
    ]
    notes = [
        "AUROC of a judge that had no part in the training, for asked abnormal against asked normal. The two "
        "films of a pair have one seed; a prompt holds neither view nor age."
    ]
    return [Table("Generated films", ["", "value"], rows, notes=notes)]


def generate_pictures(
    drawn: Drawn, nearest: Sequence[FilmRow], read: FilmReader, pictures: int
) -> "dict[str, Figure]":
    """Draw generated films, the text asked, and the nearest training film of each."""
    shown: list[tuple[Film, Film]] = [
        (drawn.films[i], read_film(nearest[i], read)) for i in range(min(pictures, len(nearest)))
    ]
    columns = ["generated", "nearest training film"]
    figure = sheet_figure(shown, columns, drawn.texts[: len(shown)], marked=SYNTHETIC_MARK)
    return {"generated": figure} if shown else {}
