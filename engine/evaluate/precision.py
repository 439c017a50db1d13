"""What a precision costs: a bundle's drafts in each one against torch in float32, on the same films and codes.

A precision that costs more than half a point of macro-F1 over the findings isn't fit for a default. Every text is
decoded token by token. Figures that need labels are of the top level (`cohort.strata`); texts are of every film.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bundle import Bundle
from engine.data.manifest import FilmRow
from engine.data.templates import judged_findings, usable, worded
from engine.errors import DataError, GenerationError
from engine.evaluate.cohort import FIVE, Cohort, FilmReader, load_cohort, strata
from engine.evaluate.language import TextLoss, perplexity, perplexity_change
from engine.evaluate.precision_backends import REFERENCE, backends
from engine.evaluate.precision_encoder import encoder_figures
from engine.evaluate.said import said_by_texts
from engine.evaluate.scores import abnormal_log_odds, contexts
from engine.evaluate.statistics import DRAWS, Scores, interval, macro_f1_over, mean_over, sampled
from engine.lm.prompt import report_prompt, text_target
from engine.model import Model
from engine.progress import track
from engine.runtime.sampling import log_softmax

# Of macro-F1: half a point.
MOST_LOST = 0.005


@dataclass(frozen=True)
class Reading:
    """What one runtime and precision gave for N films: texts, log-odds [N], references' losses, seconds [N].

    `shown` are the texts without those that were withheld; `texts` are all, so that two of these may differ too.
    """

    texts: tuple[str, ...]
    shown: tuple[str, ...]
    log_odds: Scores
    loss: TextLoss
    seconds: tuple[float, ...]


def evaluate_precision(
    model: Model,
    rows: Sequence[FilmRow],
    builds: Path,
    with_context: bool,
    read: FilmReader | None = None,
    threads: int = 1,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """Give `backends` (each runtime and precision against the reference), `not_fit` and `encoder`.

    Builds are made below `builds`, or found there. Raises DataError for an imported model.
    """
    bundle = model.bundle
    if not isinstance(bundle, Bundle):
        raise DataError(
            f"{bundle.manifest.name} is an imported model, and precisions are compared by a bundle's graph. Name a "
            "bundle."
        )
    cohort = load_cohort(model, rows, read)
    top, _ = strata(cohort)
    lines = contexts(cohort, with_context)
    figures: dict[str, Any] = {}
    reference: Reading | None = None
    for name, language in backends(bundle, builds, threads):
        if isinstance(language, str):
            figures[name] = {"not_measured": language}
            continue
        own = Model(bundle, replace(model.backends, language=language))
        own.speculation = None
        found = _reading(own, cohort, top.inside, lines, name)
        reference = reference or found
        figures[name] = _against(found, reference, cohort, top.inside, draws)
    costly = [
        name
        for name, found in figures.items()
        if "not_measured" not in found and found["macro_f1_difference"].value < -MOST_LOST
    ]
    return {
        "model": bundle.model_key,
        "reference": REFERENCE,
        "films": len(cohort),
        "n": len(top.inside),
        "population": top.population,
        "unread": [sentence for _, sentence in cohort.unread],
        "context": with_context,
        "draws": draws,
        "threads": threads,
        "most_lost": MOST_LOST,
        "backends": figures,
        "not_fit": costly,
        "encoder": encoder_figures(bundle, cohort.rows, read, threads),
    }


def _reading(
    model: Model, cohort: Cohort, inside: NDArray[np.int64], lines: Sequence[str | None], name: str
) -> Reading:
    texts, shown, seconds = [], [], []
    for codes, line in zip(track(cohort.codes.tolist(), f"drafts by {name}"), lines, strict=True):
        begun = perf_counter()
        try:
            said = model.report(codes, context=line)
            texts.append(said.text)
            shown.append("" if said.decision == "withheld" else said.text)
        except GenerationError:
            texts.append("")
            shown.append("")
        seconds.append(perf_counter() - begun)
    loss = _reference_loss(model, cohort.take(inside), [lines[row] for row in inside])
    log_odds = abnormal_log_odds(model, cohort, lines)
    return Reading(tuple(texts), tuple(shown), log_odds, loss, tuple(seconds))


def _reference_loss(model: Model, cohort: Cohort, lines: Sequence[str | None]) -> TextLoss:
    """Score the report that each film's labels settle, after the film's own prompt, end key included."""
    language, vocabulary = model.backends.language, model.bundle.vocabulary
    instruction = model.bundle.manifest.instructions.report[0]
    nats, tokens, sizes = [], [], []
    for row, codes, line in zip(cohort.rows, cohort.codes.tolist(), lines, strict=True):
        if not usable(row):
            continue
        text = worded(judged_findings(row))
        ids = text_target(vocabulary, text)
        first = language.prefill([report_prompt(vocabulary, codes, instruction, line)])
        logits = np.concatenate([first, language.score([ids[:-1]], keep=len(ids) - 1)[0]])
        nats.append(
            -sum(float(log_softmax(row_logits)[id_]) for row_logits, id_ in zip(logits, ids, strict=True))
        )
        tokens.append(float(len(ids)))
        sizes.append(float(len(text.encode())))
    return TextLoss(np.array(nats), np.array(tokens), np.array(sizes))


def _against(
    found: Reading, reference: Reading, cohort: Cohort, inside: NDArray[np.int64], draws: int
) -> dict[str, Any]:
    """Compare one reading with the reference, in the same draws of patients."""
    everyone = cohort.patients(np.arange(len(cohort)))
    same = np.array([a == b for a, b in zip(found.texts, reference.texts, strict=True)], dtype=bool)
    truth = cohort.truth[inside][:, FIVE]
    said = {
        name: said_by_texts([one.shown[i] for i in inside]).findings[:, FIVE]
        for name, one in (("own", found), ("reference", reference))
    }
    scores = sampled(
        {name: macro_f1_over(flags, truth) for name, flags in said.items()}, cohort.patients(inside), draws
    )
    moved = found.log_odds - reference.log_odds
    loss = perplexity(found.loss, draws)
    return {
        "same_texts": interval(mean_over(same), everyone, draws),
        "macro_f1": scores["own"].interval,
        "macro_f1_difference": (scores["own"] - scores["reference"]).interval,
        "log_odds_difference": {
            "mean": float(moved.mean()),
            "mean_size": float(np.abs(moved).mean()),
            "greatest": float(np.abs(moved).max()),
        },
        "perplexity": loss["perplexity"],
        "bits_per_byte_difference": perplexity_change(reference.loss, found.loss, draws),
        "seconds_per_draft": median(found.seconds),
    }
