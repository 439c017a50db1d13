"""The round trip measured: does a film drawn from a draft look more like the draft's film than like others?

Every film's draft gives one drawn film. Matched pairs are a film and the one drawn from its own draft; shuffled ones
are a film and those drawn from the drafts of other patients' films of the same source and view, so that neither tells
them apart. Drafts repeat each other: a shuffled draft of the same words stays in, as it would in a clinic.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.manifest import FilmRow
from engine.errors import DataError, GenerationError
from engine.evaluate.cohort import FilmReader, load_cohort, read_film, strata
from engine.evaluate.evidence_settings import RoundTripSettings
from engine.evaluate.results import Cell, Table
from engine.evaluate.scores import contexts
from engine.evaluate.statistics import Interval, WeightedStatistic, auroc_over, intervals
from engine.evidence.file import RoundTripEntry, Scale, plain
from engine.evidence.round_trip import feature_likeness, log_odds, token_likeness
from engine.model import Model
from engine.preprocess import Film, film_from_file
from engine.progress import track

Matrix = NDArray[np.float64]
# So many of the drafts that belong to their film are advised against.
ADVISED = 0.1
TOKEN, FEATURE, BOTH = "tokens", "features", "both"


@dataclass(frozen=True)
class Trip:
    """A film's codes and what the guard sees of it, its draft, and the same of the film drawn from that."""

    group: tuple[str, str]
    patient: str
    text: str
    codes: tuple[int, ...]
    looked: dict[str, float] | None
    drawn_codes: tuple[int, ...]
    drawn_looked: dict[str, float] | None


def evaluate_roundtrip(
    model: Model,
    rows: Sequence[FilmRow],
    settings: RoundTripSettings,
    with_context: bool,
    read: FilmReader | None = None,
) -> tuple[dict[str, Any], RoundTripEntry]:
    """Draw a film from every draft of the top level's films; give the figures and the entry of the evidence file."""
    began = time.perf_counter()
    trips, population = _trips(model, rows, settings, with_context, read)
    drawn_s = (time.perf_counter() - began) / max(1, len(trips))
    if len(trips) < 4:
        raise DataError(
            f"{len(trips)} films have a draft: too few for a round trip. Give a manifest with more films."
        )
    spread = _spread(trips)
    likeness = _likeness(model, trips, spread)
    shuffled = np.array([[a.group == b.group and a.patient != b.patient for b in trips] for a in trips])
    if not shuffled.any():
        raise DataError(
            "None of the films has another one of another patient of the same source and view to be shuffled with. "
            "Give a manifest with more films."
        )
    scales = {name: _scale(values[shuffled]) for name, values in likeness.items()}
    likeness[BOTH] = np.mean([scales[name].apply_to(values) for name, values in likeness.items()], axis=0)
    other_words = shuffled & np.array([[a.text != b.text for b in trips] for a in trips])
    patients = [one.patient for one in trips]
    found = {
        name: {
            "auroc": _auroc(values, shuffled, patients, settings.draws),
            "auroc where the words differ": _auroc(values, other_words, patients, settings.draws),
        }
        for name, values in likeness.items()
    }
    advice = _advice(likeness[BOTH], shuffled)
    main: Interval = found[BOTH]["auroc"]
    figures: dict[str, Any] = {
        "n": len(trips),
        "population": population,
        "model": model.bundle.model_key,
        "weights_sha256": model.bundle.manifest.weights_sha256,
        "context": with_context,
        "draws": settings.draws,
        "patients": len(set(patients)),
        "distinct drafts": len({one.text for one in trips}),
        "shuffled pairs": int(shuffled.sum()),
        "shuffled pairs of other words": int(other_words.sum()),
        "alone in source and view": int((~shuffled.any(axis=1)).sum()),
        "separation": found,
        "advice": advice,
        "on": main.low > 0.5,
        "seconds_per_film": drawn_s,
    }
    feature = scales.get(FEATURE)
    entry = RoundTripEntry(
        scales[TOKEN].rounded(),
        feature.rounded() if feature is not None else None,
        {label: round(sd, 4) for label, sd in spread.items()},
        round(advice["below"], 4),
        round(main.value, 4),
        round(main.low, 4),
        round(main.high, 4),
        plain({"n": len(trips), "population": population, "shuffled_pairs": int(shuffled.sum())}),
    )
    return figures, entry


def roundtrip_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Give the one table."""
    rows: list[list[Cell]] = [
        [name, one["auroc"], one["auroc where the words differ"]]
        for name, one in figures["separation"].items()
    ]
    state = "on, as advice" if figures["on"] else "off: the lower bound isn't above 0.5"
    notes = [
        f"{figures['n']} films ({figures['population']}), {figures['distinct drafts']} distinct drafts, "
        f"{figures['shuffled pairs']} shuffled pairs within source and view, other patients. The round trip is "
        f"{state}. Advice is given for the {figures['advice']['matched']:.0%} of films that are least like the one "
        f"drawn from their draft; {figures['advice']['shuffled']:.0%} of shuffled pairs lie there. "
        "Tokens: how often each code occurs; features: the guard's log-odds; both: their mean in standard deviations."
    ]
    columns = ["likeness", "AUROC, matched against shuffled", "the same where the words differ"]
    return [Table("Round trip", columns, rows, notes=notes)]


def _trips(
    model: Model,
    rows: Sequence[FilmRow],
    settings: RoundTripSettings,
    with_context: bool,
    read: FilmReader | None,
) -> tuple[list[Trip], str]:
    cohort = load_cohort(model, rows, read)
    top, _ = strata(cohort)
    inside = top.inside[:: -(-len(top.inside) // settings.films)] if len(top.inside) else top.inside
    films = cohort.take(inside)
    patients, lines = films.patients(np.arange(len(films))), contexts(films, with_context)
    reader = read or (lambda path: film_from_file(path, model.bundle.preprocessing))
    found = []
    for place, codes in enumerate(track(films.codes.tolist(), "films drawn from drafts")):
        row = films.rows[place]
        try:
            draft = model.report(codes, context=lines[place])
            drawn = model.generate(draft.text, seed=settings.seed + place)
        except GenerationError:
            continue
        film: Film = read_film(row, reader)
        found.append(
            Trip(
                (row.source, row.view),
                patients[place],
                draft.text,
                tuple(codes),
                model.look(film),
                drawn.codes,
                model.look(drawn.film),
            )
        )
    return found, top.population


def _spread(trips: Sequence[Trip]) -> dict[str, float]:
    """Give the standard deviation of each label's log-odds among the films; nothing without a guard."""
    looked = [one.looked for one in trips if one.looked is not None]
    if len(looked) < len(trips):
        return {}
    return {label: float(np.std([log_odds(one[label]) for one in looked])) for label in looked[0]}


def _likeness(model: Model, trips: Sequence[Trip], spread: Mapping[str, float]) -> dict[str, Matrix]:
    """Give how alike every film is to every drawn one, [films, drawn], by measure."""
    size = model.bundle.vocabulary.codes
    found = {TOKEN: np.array([[token_likeness(a.codes, b.drawn_codes, size) for b in trips] for a in trips])}
    if spread:
        found[FEATURE] = np.array(
            [[feature_likeness(a.looked or {}, b.drawn_looked or {}, spread) for b in trips] for a in trips]
        )
    return found


def _scale(values: Matrix) -> _Scale:
    return _Scale(float(values.mean()), float(values.std()) or 1.0)


@dataclass(frozen=True)
class _Scale:
    mean: float
    sd: float

    def apply_to(self, values: Matrix) -> Matrix:
        return (values - self.mean) / self.sd

    def rounded(self) -> Scale:
        return Scale(round(self.mean, 6), round(self.sd, 6))


def _auroc(values: Matrix, shuffled: NDArray[np.bool_], patients: Sequence[str], draws: int) -> Interval:
    """AUROC of matched against shuffled pairs, each film's shuffled ones together as heavy as its matched one.

    A draw of patients weighs a shuffled pair by both of its patients, the film's and the one whose draft was drawn.
    """
    kept = np.flatnonzero(shuffled.any(axis=1))
    if not len(kept):
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    rows, columns = np.nonzero(shuffled)
    scores = np.concatenate([np.diagonal(values)[kept], values[rows, columns]])
    matched = np.concatenate([np.ones(len(kept), dtype=bool), np.zeros(len(rows), dtype=bool)])
    share = 1.0 / shuffled.sum(axis=1)[rows]
    area = auroc_over(scores, matched)

    def statistic(weights: Matrix) -> Matrix:
        pairs = weights[:, rows] * weights[:, columns] * share
        return area(np.concatenate([weights[:, kept], pairs], axis=1))

    measured: WeightedStatistic = statistic
    return intervals({"": measured}, patients, draws)[""]


def _advice(values: Matrix, shuffled: NDArray[np.bool_]) -> dict[str, float]:
    """Choose the score below which a reader is told: that of the least alike films with their own draft's."""
    own = np.diagonal(values)
    below = float(np.quantile(own, ADVISED))
    return {
        "below": below,
        "matched": float((own < below).mean()),
        "shuffled": float((values[shuffled] < below).mean()),
    }
