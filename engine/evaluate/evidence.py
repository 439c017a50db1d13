"""What a draft's sentences rest on, measured: are maps faithful, and is a confidence of 70 % true in 70 of 100?

Films of one source calibrate and choose the thresholds: those of the top level. Other sources are measured with what
was fitted there, and never pooled. What comes out is also a model's evidence file (engine.evidence.file).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.manifest import FilmRow
from engine.errors import DataError, GenerationError
from engine.evaluate import reliability
from engine.evaluate.cohort import FINDINGS, Cohort, FilmReader, Stratum, load_cohort, strata
from engine.evaluate.deletion import CENTRE, MAP, ORDERS, RANDOM, STEPS, UNITS, Deletion, deletion, orders_for
from engine.evaluate.evidence_settings import EvidenceSettings
from engine.evaluate.reliability import MOST_WITHHELD, WEAK, Judged
from engine.evaluate.scores import contexts
from engine.evaluate.statistics import Scores, intervals, mean_over
from engine.evidence.agreement import agreement
from engine.evidence.draft import draft_prompt, draft_samples, falls, says_normal
from engine.evidence.file import ConfidenceEntry, EvidenceFile, MapsEntry, plain, score
from engine.evidence.occlusion import Scorer
from engine.evidence.sentences import Known, claims, holds, said_sentences
from engine.model import Draft, Model
from engine.progress import track

FINDING, NORMAL = "says a finding", "says that nothing is there"
KINDS = (FINDING, NORMAL)
NEUTRAL, DONOR = "the neutral film", "another person's film"
_DONORS = 20


@dataclass(frozen=True)
class Sentence:
    """One sentence of a film's draft with all that is measured of it; `true` is None where labels can't tell."""

    film: int
    patient: str
    text: str
    opening: float
    agreement: float
    true: bool | None
    deletions: dict[str, Deletion]


@dataclass
class Measured:
    """The sentences of one stratum, and how long each film's draft, samples and maps took."""

    sentences: list[Sentence] = field(default_factory=list)
    films: int = 0
    without_draft: int = 0
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"draft": [], "samples": [], "maps": []})


def evaluate_evidence(
    model: Model,
    rows: Sequence[FilmRow],
    training: Sequence[FilmRow],
    settings: EvidenceSettings,
    with_context: bool,
    read: FilmReader | None = None,
) -> tuple[dict[str, Any], EvidenceFile]:
    """Measure maps and confidence of the films' drafts; give the figures, and the file that is made of them.

    `training` are the films of the training split, whose normal ones make the neutral film and stand in as donors.
    """
    if settings.stride > settings.side:
        raise DataError(
            f"Blocks of {settings.side} tokens every {settings.stride} leave tokens out. Give a stride of at most "
            f"{settings.side}."
        )
    cohort = load_cohort(model, rows, read)
    top, parts = strata(cohort)
    normal = _normal_codes(model, training, {cohort.rows[i].source for i in top.inside}, settings, read)
    neutral = neutral_codes(normal)
    measured_on = _with_maps(model, neutral, settings)
    donors = normal[np.random.default_rng(settings.seed).permutation(len(normal))[:_DONORS]]
    used = {top.name: top.inside} | {
        name: _some(part.inside, settings.others)
        for name, part in parts.items()
        if not set(part.inside.tolist()) & set(top.inside.tolist()) and len(part.inside)
    }
    found = {
        name: _measure(measured_on, cohort.take(inside), donors, settings, with_context)
        for name, inside in used.items()
        if len(inside)
    }
    confidence, entry = _confidence(found[top.name], settings)
    deletions = {name: _deletion_figures(one, settings.draws) for name, one in found.items()}
    figures: dict[str, Any] = {
        "n": found[top.name].films,
        "population": top.population,
        "model": model.bundle.model_key,
        "weights_sha256": model.bundle.manifest.weights_sha256,
        "context": with_context,
        "draws": settings.draws,
        "unread": [sentence for _, sentence in cohort.unread],
        "confidence": confidence,
        "confidence of other sources": {
            name: _applied(one, entry, settings.draws) for name, one in found.items() if name != top.name
        },
        "deletion": deletions,
        "blocks": {"side": settings.side, "stride": settings.stride, "neutral_of": len(normal)},
        "seconds": {
            name: float(np.median(values)) for name, values in found[top.name].seconds.items() if values
        },
    }
    return figures, _file(model, top, entry, neutral, settings, figures)


def neutral_codes(codes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Give the code that is commonest at each place among films [N, 256]."""
    return np.array([np.bincount(column).argmax() for column in codes.T], dtype=np.int64)


def _normal_codes(
    model: Model,
    training: Sequence[FilmRow],
    sources: set[str],
    settings: EvidenceSettings,
    read: FilmReader | None,
) -> NDArray[np.int64]:
    chosen = [row for row in training if row.source in sources and row.normal and row.adult]
    if not chosen:
        raise DataError(
            "The manifest has no normal adult film for training of the source that is measured: the neutral film is "
            "made of those. Give a manifest with a training split."
        )
    films = load_cohort(
        model, [chosen[i] for i in _some(np.arange(len(chosen)), settings.neutral_films)], read
    )
    return films.codes.astype(np.int64)


def _with_maps(model: Model, neutral: NDArray[np.int64], settings: EvidenceSettings) -> Model:
    """Give the same model with this neutral film and these blocks, whatever lies beside it."""
    entry = MapsEntry(tuple(neutral.tolist()), settings.side, settings.stride, {})
    made = Model(model.bundle, model.backends)
    made.evidence = EvidenceFile(1, model.bundle.manifest.weights_sha256, maps=entry)
    return made


def _some(inside: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Give every n-th row, at most so many."""
    return inside[:: -(-len(inside) // most)] if most and len(inside) else inside[:0]


def _measure(
    model: Model,
    cohort: Cohort,
    donors: NDArray[np.int64],
    settings: EvidenceSettings,
    with_context: bool,
) -> Measured:
    found = Measured()
    random = np.random.default_rng(settings.seed)
    patients = cohort.patients(np.arange(len(cohort)))
    lines = contexts(cohort, with_context)
    for film, codes in enumerate(track(cohort.codes.tolist(), "films measured")):
        began = time.perf_counter()
        try:
            draft = model.report(codes, context=lines[film])
        except GenerationError:
            found.without_draft += 1
            continue
        found.films += 1
        drafted = time.perf_counter()
        texts = [*draft_samples(model, codes, lines[film], settings.samples, settings.temperature)]
        sampled = time.perf_counter()
        maps = falls(model, codes, lines[film], draft.ids)
        mapped = time.perf_counter()
        for name, seconds in zip(
            found.seconds, (drafted - began, sampled - drafted, mapped - sampled), strict=True
        ):
            found.seconds[name].append(seconds)
        known = Known(
            frozenset(name for name, there in zip(FINDINGS, cohort.truth[film], strict=True) if there),
            not cohort.abnormal[film],
        )
        deletions = _deletions(model, codes, lines[film], draft, [one.falls for one in maps], donors, random)
        for place, one in enumerate(said_sentences(model.bundle.vocabulary, draft.ids)):
            said = claims(one.text)
            found.sentences.append(
                Sentence(
                    film,
                    patients[film],
                    one.text,
                    draft.token_probabilities[one.first],
                    agreement(one.text, texts),
                    holds(said, known) if said else None,
                    deletions[place],
                )
            )
    return found


def _deletions(
    model: Model,
    codes: Sequence[int],
    line: str | None,
    draft: Draft,
    maps: Sequence[Sequence[float]],
    donors: NDArray[np.int64],
    random: np.random.Generator,
) -> list[dict[str, Deletion]]:
    entry = model.evidence.maps if model.evidence is not None else None
    replacements = {
        NEUTRAL: np.array(entry.neutral if entry is not None else (), dtype=np.int64),
        DONOR: donors[int(random.integers(len(donors)))],
    }
    vocabulary = model.bundle.vocabulary
    sentences = said_sentences(vocabulary, draft.ids)
    prompt = draft_prompt(model, codes, line)
    scorer = Scorer(model.backends.language, vocabulary, prompt, draft.ids, sentences)
    found = []
    for place, values in enumerate(maps):
        orders = orders_for(values, random)
        found.append({name: deletion(scorer, place, orders, by) for name, by in replacements.items()})
    return found


def _judged(sentences: Sequence[Sentence], scores: Scores) -> Judged:
    """Give the sentences that labels can judge as rows."""
    kept = [place for place, one in enumerate(sentences) if one.true is not None]
    return Judged(
        scores[kept],
        np.array([says_normal(sentences[place].text) for place in kept], dtype=bool),
        np.array([bool(sentences[place].true) for place in kept], dtype=bool),
        np.array([sentences[place].film for place in kept], dtype=np.int64),
        tuple(sentences[place].patient for place in kept),
    )


def _scores(sentences: Sequence[Sentence], samples: int) -> Scores:
    return np.array([score(one.opening, one.agreement if samples else None, samples) for one in sentences])


def _confidence(found: Measured, settings: EvidenceSettings) -> tuple[dict[str, Any], ConfidenceEntry]:
    sentences, draws = found.sentences, settings.draws
    sampled = _judged(sentences, _scores(sentences, settings.samples))
    alone = _judged(sentences, _scores(sentences, 0))
    held = reliability.out_of_fold(sampled, settings.seed)
    best, films = reliability.best_of_drafts(held, sampled.film)
    threshold = reliability.withheld_below(best)
    weak, withheld = held < WEAK, best < threshold
    right = np.array([sampled.true[sampled.film == one].any() for one in films])
    raw = np.array([one.opening for one in sentences if one.true is not None])
    shares = np.array([one.agreement for one in sentences if one.true is not None])
    figures: dict[str, Any] = {
        "sentences": len(held),
        "not judged by labels": len(sentences) - len(held),
        "patients": len(set(sampled.patient)),
        "calibrated": reliability.figures(held, sampled.true, sampled.patient, draws),
        "calibrated, without samples": reliability.figures(
            reliability.out_of_fold(alone, settings.seed), alone.true, alone.patient, draws
        ),
        "probability of the first word": reliability.figures(raw, sampled.true, sampled.patient, draws),
        "share of samples": reliability.figures(shares, sampled.true, sampled.patient, draws),
        "reliability": reliability.reliability(held, sampled.true, sampled.patient, draws),
        "reliability of the first word": reliability.reliability(raw, sampled.true, sampled.patient, draws),
        "by claim": _by_claim(sentences, held),
        "weak": {"below": WEAK, **_shares(weak, sampled.true, sampled.patient, draws)},
        "withheld": {
            "below": threshold,
            "at most": MOST_WITHHELD,
            "drafts": len(best),
            "count": int(withheld.sum()),
            "share": float(withheld.mean()),
            "with a true sentence": int(right[withheld].sum()),
        },
    }
    measured: dict[str, Any] = {
        "films": found.films,
        "sentences": len(held),
        **{name: figures["calibrated"][name] for name in ("ece", "brier", "auroc")},
        "share_weak": figures["weak"]["share"],
        "share_withheld": figures["withheld"]["share"],
    }
    entry = ConfidenceEntry(
        settings.samples,
        settings.temperature,
        reliability.fit_line(sampled),
        reliability.fit_line(alone),
        WEAK,
        threshold,
        plain(measured),
    )
    return figures, entry


def _by_claim(sentences: Sequence[Sentence], held: Scores) -> list[dict[str, Any]]:
    """Give for each wording's claim how many sentences make it, how sure they are and how many are true."""
    judged = [one for one in sentences if one.true is not None]
    groups: dict[str, list[int]] = {}
    for place, one in enumerate(judged):
        name = ", ".join(f"{'' if there else 'no '}{name}" for name, there in sorted(claims(one.text)))
        groups.setdefault(name, []).append(place)
    return [
        {
            "claim": name,
            "sentences": len(places),
            "confidence": float(held[places].mean()),
            "true": float(np.mean([bool(judged[place].true) for place in places])),
        }
        for name, places in sorted(groups.items(), key=lambda item: -len(item[1]))
    ]


def _shares(
    flagged: NDArray[np.bool_], true: NDArray[np.bool_], patients: Sequence[str], draws: int
) -> dict[str, Any]:
    """Give how many are flagged, and how many of those, and of the others, are true."""

    def among(inside: NDArray[np.bool_]) -> Any:
        kept = [patient for patient, member in zip(patients, inside, strict=True) if member]
        return intervals({"": mean_over(true[inside])}, kept, draws)[""]

    return {
        "share": float(flagged.mean()),
        "true where weak": among(flagged),
        "true elsewhere": among(~flagged),
    }


def _applied(found: Measured, entry: ConfidenceEntry, draws: int) -> dict[str, Any]:
    """Measure another source's sentences with the line that was fitted elsewhere."""
    rows = _judged(found.sentences, _scores(found.sentences, entry.samples))
    if not len(rows.true):
        return {"films": found.films, "sentences": 0}
    held = reliability.confidences(entry.sampled, rows)
    best, _ = reliability.best_of_drafts(held, rows.film)
    return {
        "films": found.films,
        "sentences": len(held),
        "calibrated": reliability.figures(held, rows.true, rows.patient, draws),
        "share weak": float((held < entry.weak).mean()),
        "share withheld": float((best < entry.withheld).mean()),
    }


def _deletion_figures(found: Measured, draws: int) -> dict[str, Any]:
    figures: dict[str, Any] = {"films": found.films, "steps": list(STEPS), "blocks": len(UNITS)}
    for kind in KINDS:
        inside = [one for one in found.sentences if says_normal(one.text) == (kind == NORMAL)]
        if not inside:
            continue
        figures[kind] = {"sentences": len(inside)} | {
            by: _areas(inside, by, draws) for by in (NEUTRAL, DONOR)
        }
    return figures


def _areas(sentences: Sequence[Sentence], by: str, draws: int) -> dict[str, Any]:
    patients = [one.patient for one in sentences]
    areas = {order: np.array([one.deletions[by].area(order) for one in sentences]) for order in ORDERS}
    found = intervals(
        {
            **{order: mean_over(values) for order, values in areas.items()},
            f"minus {RANDOM}": mean_over(areas[MAP] - areas[RANDOM]),
            f"minus {CENTRE}": mean_over(areas[MAP] - areas[CENTRE]),
        },
        patients,
        draws,
    )
    curves = {
        order: np.mean([one.deletions[by].curves[order] for one in sentences], axis=0).tolist()
        for order in ORDERS
    }
    return {**found, "curves": curves}


def _file(
    model: Model,
    top: Stratum,
    entry: ConfidenceEntry,
    neutral: NDArray[np.int64],
    settings: EvidenceSettings,
    figures: Mapping[str, Any],
) -> EvidenceFile:
    found = figures["deletion"][top.name]
    measured = plain(
        {
            "population": top.population,
            "films": found["films"],
            **{
                kind: {
                    by: {name: found[kind][by][name] for name in (f"minus {RANDOM}", f"minus {CENTRE}")}
                    for by in (NEUTRAL, DONOR)
                }
                for kind in KINDS
                if kind in found
            },
        }
    )
    kept = model.evidence.round_trip if model.evidence is not None else None
    maps = MapsEntry(tuple(neutral.tolist()), settings.side, settings.stride, measured)
    return EvidenceFile(1, model.bundle.manifest.weights_sha256, entry, maps, kept)
