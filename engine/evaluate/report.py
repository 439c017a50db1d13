"""Drafts of films with labels: how often they are right, per source, beside floors that need no look at the film.

The free text is read by the rule labeler. Every figure is given three times: as the model is used, with view
and age band blanked, and with films shuffled within source × view × age band. Nothing is chosen here; films
of different sources are never pooled.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.data.manifest import FilmRow, unknown_labels
from engine.data.templates import JUDGED
from engine.evaluate.cohort import (
    FINDINGS,
    NIH_SOURCE,
    OTHER_TOP,
    Cohort,
    FilmReader,
    Stratum,
    alone,
    load_cohort,
    shuffled_orders,
    strata,
)
from engine.evaluate.floors import TARGETS, Floors, applied, context_features, missing
from engine.evaluate.said import Said, metrics, said_by_texts, text_figures
from engine.evaluate.scores import Drafts, answer_log_odds, contexts, draft
from engine.evaluate.statistics import (
    DRAWS,
    Sample,
    Scores,
    WeightedStatistic,
    auroc_over,
    macro_f1_over,
    mean_of,
    sampled,
)
from engine.model import Model
from engine.progress import track
from engine.vqa.wordings import HELD_OUT_QUESTIONS

WORDINGS = 2  # held-out questions that a finding's score is averaged over
SHUFFLED, BLANKED = "shuffled films", "context blanked"


@dataclass(frozen=True)
class ReportResult:
    """The figures as JSON, and what they were made from."""

    figures: dict[str, Any]
    cohort: Cohort
    drafts: Drafts
    finding_scores: Scores
    top: Stratum


@dataclass(frozen=True)
class _Variants:
    """What the model says of the films as used, without context, and of other films of the same group."""

    used: Said
    blanked: Said
    shuffled: Sequence[Said]


def evaluate_report(
    model: Model,
    rows: Sequence[FilmRow],
    floors: Floors | None,
    with_context: bool,
    read: FilmReader | None = None,
    draws: int = DRAWS,
) -> ReportResult:
    """Draft every film and give `n`, `metrics`, `floors` and `strata`, the top level being NIH adults.

    A film that can't be read is in no figure and is told. Raises DataError where too many can't be.
    """
    cohort = load_cohort(model, rows, read, check=True)
    drafts = draft(model, cohort, with_context)
    blanked = draft(model, cohort, False) if with_context else drafts
    said, said_blanked = (said_by_texts(d.texts, d.log_odds) for d in (drafts, blanked))
    orders = shuffled_orders(cohort)
    variants = _Variants(said, said_blanked, [said.take(order) for order in orders])
    top, parts = strata(cohort)
    scores = finding_log_odds(model, cohort, top, with_context)
    figures = _stratum_figures(cohort, top, variants, floors, draws)
    figures["strata"] = {
        name: _stratum_figures(cohort, part, variants, floors, draws) for name, part in parts.items()
    }
    figures |= {
        "model": model.bundle.model_key,
        "weights_sha256": model.bundle.manifest.weights_sha256,
        "context": with_context,
        "draws": draws,
        "films": len(cohort),
        "unread": [sentence for _, sentence in cohort.unread],
        "labels_not_known": _labels_not_known(cohort),
        "drafts": {"every film": text_figures(drafts.texts, drafts.withheld)}
        | {name: _texts_of(drafts, part) for name, part in parts.items()},
        "findings": _finding_figures(cohort, top, said, scores, draws),
        "inside_abnormal": _inside_abnormal(cohort, top, scores, floors, draws),
    }
    figures["not_shown_to_be_recognised"] = [
        name for name, found in figures["inside_abnormal"].items() if found["shown_to_be_recognised"] is False
    ]
    return ReportResult(figures, cohort, drafts, scores, top)


def finding_log_odds(model: Model, cohort: Cohort, top: Stratum, with_context: bool) -> Scores:
    """Score the films of the top level for each of the five findings by questions, [N, 5]; NaN elsewhere."""
    scores = np.full((len(cohort), len(JUDGED)), np.nan)
    films = cohort.take(top.inside)
    if not len(films):
        return scores
    lines = contexts(films, with_context)
    for column, name in enumerate(track(JUDGED, "findings asked")):
        asked = [entry.question for entry in HELD_OUT_QUESTIONS[name][:WORDINGS]]
        each = [answer_log_odds(model, films, [question] * len(films), lines) for question in asked]
        scores[top.inside, column] = np.mean(each, axis=0)
    return scores


def _labels_not_known(cohort: Cohort) -> dict[str, int]:
    """Count labels outside the NIH's names: a film that has one counts as abnormal, and no finding is told by it."""
    found = Counter(label for row in cohort.rows for label in unknown_labels(row.labels))
    return dict(sorted(found.items()))


def _stratum_figures(
    cohort: Cohort, part: Stratum, variants: _Variants, floors: Floors | None, draws: int
) -> dict[str, Any]:
    films = cohort.take(part.inside)
    source = floors_source(films, part, floors)
    fitted = (floors or {}).get(source)
    groups: dict[str, Sequence[Said]] = {
        "": [variants.used.take(part.inside)],
        BLANKED: [variants.blanked.take(part.inside)],
        SHUFFLED: [one.take(part.inside) for one in variants.shuffled],
        **applied(fitted, films),
    }
    samples = sampled(_statistics(groups, films), cohort.patients(part.inside), draws)
    found = {group: _metric_samples(samples, group) for group in groups}
    floor_names = [name for name in groups if name not in ("", BLANKED, SHUFFLED)]
    return {
        "n": len(films),
        "population": part.population,
        "unlabelled": part.unlabelled,
        "abnormal": int(films.abnormal.sum()),
        "refused_by_input_check": None if films.refused is None else int(films.refused.sum()),
        "metrics": _intervals(found[""]),
        "floors": {name: _intervals(found[name]) for name in floor_names},
        "floors_fitted_on": source or None,
        "floors_missing": list(missing(fitted)),
        "context_blanked": _intervals(found[BLANKED]),
        "shuffled": _intervals(found[SHUFFLED]),
        "not_shuffled_for_want_of_another_film": alone(cohort, part.inside),
        "paired": {
            f"minus {name}": {
                metric: (sample - found[name][metric]).interval for metric, sample in found[""].items()
            }
            for name in groups
            if name
        },
    }


def floors_source(films: Cohort, part: Stratum, floors: Floors | None) -> str:
    """Name the source whose floors judge a stratum, or nothing.

    Its own; for a top level without NIH films (`population` says so) those of the NIH films, the adults that
    the floors were fitted on.
    """
    sources = {row.source for row in films.rows}
    own = sources.pop() if len(sources) == 1 else ""
    if own in (floors or {}):
        return own
    return NIH_SOURCE if part.name == OTHER_TOP and NIH_SOURCE in (floors or {}) else ""


def _statistics(groups: Mapping[str, Sequence[Said]], films: Cohort) -> dict[str, WeightedStatistic]:
    statistics = {}
    for group, readings in groups.items():
        each = [metrics(said, films.truth, films.abnormal) for said in readings]
        for metric in each[0]:
            statistics[f"{group}/{metric}"] = (
                each[0][metric] if len(each) == 1 else mean_of([one[metric] for one in each])
            )
    return statistics


def _metric_samples(samples: Mapping[str, Sample], group: str) -> dict[str, Sample]:
    start = f"{group}/"
    return {name[len(start) :]: sample for name, sample in samples.items() if name.startswith(start)}


def _intervals(samples: Mapping[str, Sample]) -> dict[str, Any]:
    return {name: sample.interval for name, sample in samples.items()}


def _texts_of(drafts: Drafts, part: Stratum) -> dict[str, Any]:
    return text_figures([drafts.texts[i] for i in part.inside], [drafts.withheld[i] for i in part.inside])


def _finding_figures(cohort: Cohort, top: Stratum, said: Said, scores: Scores, draws: int) -> dict[str, Any]:
    """Give each finding's films, F1 of the drafts, and AUROC of the questions' log-odds."""
    films, inside = cohort.take(top.inside), said.take(top.inside)
    patients = cohort.patients(top.inside)
    figures = {}
    for name in JUDGED:
        column = FINDINGS.index(name)
        truth, answered = films.truth[:, column], scores[top.inside, JUDGED.index(name)]
        pair = slice(column, column + 1)
        samples = sampled(
            {
                "f1": macro_f1_over(inside.findings[:, pair], films.truth[:, pair]),
                "auroc": auroc_over(answered, truth),
            },
            patients,
            draws,
        )
        figures[name] = {
            "films": int(truth.sum()),
            "asserted": int(inside.findings[:, column].sum()),
            **_intervals(samples),
        }
    return figures


def _inside_abnormal(
    cohort: Cohort, top: Stratum, scores: Scores, floors: Floors | None, draws: int
) -> dict[str, Any]:
    """Compare each finding's AUROC among abnormal films with that of view, age and sex alone."""
    rows = top.inside[cohort.abnormal[top.inside]]
    films = cohort.take(rows)
    fitted = (floors or {}).get(floors_source(films, top, floors))
    figures = {}
    for column, name in enumerate(JUDGED):
        truth = films.truth[:, FINDINGS.index(name)]
        if not len(films) or truth.all() or not truth.any():
            # Where all or none have it there is nothing to tell apart: neither shown nor refuted.
            figures[name] = {"n": len(films), "films": int(truth.sum()), "shown_to_be_recognised": None}
            continue
        statistics = {"auroc": auroc_over(scores[rows, column], truth)}
        if fitted is not None:
            alone_scores = fitted.inside.log_odds(context_features(films))[:, TARGETS.index(name)]
            statistics["view, age and sex alone"] = auroc_over(alone_scores, truth)
        samples = sampled(statistics, cohort.patients(rows), draws)
        found: dict[str, Any] = {"n": len(films), "films": int(truth.sum()), **_intervals(samples)}
        if fitted is not None:
            found["difference"] = (samples["auroc"] - samples["view, age and sex alone"]).interval
        # Without the comparison nothing is shown.
        found["shown_to_be_recognised"] = bool("difference" in found and found["difference"].low > 0)
        figures[name] = found
    return figures
