"""Answers about films with labels: every film is asked every finding, in wordings that training never saw.

Balanced accuracy is taken per finding and then averaged: pooled over findings, the question alone would win.
An answer that is neither yes nor no is wrong either way. No threshold is chosen here: the answer is what the
model says. Where its bundle lets answers lean towards drafts, they are also given by the question's own log-odds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.manifest import FilmRow
from engine.errors import GenerationError
from engine.evaluate.cohort import (
    FIVE,
    Cohort,
    FilmReader,
    Indices,
    Stratum,
    load_cohort,
    shuffled_orders,
    strata,
)
from engine.evaluate.floors import TARGETS, Floors, applied, missing, targets
from engine.evaluate.report import BLANKED, SHUFFLED, floors_source
from engine.evaluate.results import Cell, Table
from engine.evaluate.said import Said, said_by_texts
from engine.evaluate.scores import answer_log_odds, contexts, draft
from engine.evaluate.statistics import (
    DRAWS,
    Flags,
    Interval,
    Sample,
    Scores,
    WeightedStatistic,
    auroc_over,
    mean_of,
    mean_over,
    rates_over,
    sampled,
)
from engine.model import Model
from engine.progress import track
from engine.vqa.rules import answer_says
from engine.vqa.wordings import HELD_OUT_QUESTIONS, Asked

MEAN = "mean of five"
UNLED = "not led by the draft"


@dataclass(frozen=True)
class Answers:
    """Answers to `TARGETS` in K wordings: said yes, said no, and scores of the subject, each [N, targets, K]."""

    yes: Flags
    no: Flags
    score: Scores

    def take(self, rows: Indices) -> "Answers":
        """Give the answers about these rows, in their order."""
        return Answers(self.yes[rows], self.no[rows], self.score[rows])

    def by_score(self) -> "Answers":
        """Give the answers that the questions' log-odds alone would be, whatever the draft says."""
        return Answers(self.score > 0, self.score < 0, self.score)


def evaluate_answer(
    model: Model,
    rows: Sequence[FilmRow],
    floors: Floors | None,
    with_context: bool,
    wordings: int = 2,
    read: FilmReader | None = None,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """Ask every film every finding and give the figures, the top level being NIH adults.

    A film that can't be read is in no figure and is told. Raises DataError where too many can't be.
    """
    cohort = load_cohort(model, rows, read)
    used = ask(model, cohort, with_context, wordings)
    blanked = ask(model, cohort, False, wordings) if with_context else used
    variants = {
        BLANKED: [blanked],
        SHUFFLED: [used.take(order) for order in shuffled_orders(cohort)],
        UNLED: [used.by_score()],
    }
    said = said_by_texts(draft(model, cohort, with_context).texts)
    top, parts = strata(cohort)
    figures = _figures(cohort, top, used, variants, said, floors, draws)
    figures["strata"] = {
        name: _figures(cohort, part, used, variants, said, floors, draws) for name, part in parts.items()
    }
    return figures | {
        "model": model.bundle.model_key,
        "context": with_context,
        "draws": draws,
        "wordings": wordings,
        "unread": [sentence for _, sentence in cohort.unread],
    }


def ask(model: Model, cohort: Cohort, with_context: bool, wordings: int) -> Answers:
    """Ask every film every target in `wordings` held-out wordings; films take turns through the wordings."""
    # Drawn, so that films listed in turns of normal and abnormal aren't asked in wordings that go with it.
    places = np.random.default_rng(0).permutation(len(cohort))
    lines = contexts(cohort, with_context)
    shape = (len(cohort), len(TARGETS), wordings)
    yes, no, score = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool), np.zeros(shape)
    turns = [(column, name, turn) for column, name in enumerate(TARGETS) for turn in range(wordings)]
    for column, name, turn in track(turns, "questions asked of every film"):
        asked = [wording(name, int(place), turn, wordings) for place in places]
        for index, question in enumerate(asked):
            told = _told(model, cohort.codes[index], question.question, lines[index])
            yes[index, column, turn] = told is not None and told == question.yes_means
            no[index, column, turn] = told is not None and told != question.yes_means
        odds = answer_log_odds(model, cohort, [question.question for question in asked], lines)
        score[:, column, turn] = np.where([question.yes_means for question in asked], odds, -odds)
    return Answers(yes, no, score)


def wording(name: str, place: int, turn: int, wordings: int) -> Asked:
    """Give a film's held-out wording of a target; the film's turns lie as far apart among them as can be.

    Two wordings of normal or abnormal are then one that asks for the one and one for the other: whoever says yes
    to everything gains nothing.
    """
    options = HELD_OUT_QUESTIONS[name]
    return options[(place + turn * max(1, len(options) // wordings)) % len(options)]


def _told(model: Model, codes: NDArray[np.int16], question: str, line: str | None) -> bool | None:
    """Ask one question and read the answer: yes, no, or neither."""
    try:
        said = model.answer(codes.tolist(), question, context=line)
    except GenerationError:
        return None
    return {"yes": True, "no": False}.get(answer_says(said.text) or "")


def _figures(
    cohort: Cohort,
    part: Stratum,
    used: Answers,
    variants: Mapping[str, Sequence[Answers]],
    said: Said,
    floors: Floors | None,
    draws: int,
) -> dict[str, Any]:
    films = cohort.take(part.inside)
    fitted = (floors or {}).get(floors_source(films, part, floors))
    groups: dict[str, list[Answers]] = {"": [used.take(part.inside)]}
    groups |= {name: [one.take(part.inside) for one in each] for name, each in variants.items()}
    by_floor = applied(fitted, films, thresholds="balanced")
    groups |= {name: [_answers_of(one) for one in each] for name, each in by_floor.items()}
    truth = targets(films)
    here = groups[""][0]
    statistics = {
        f"{group}/{name}": statistic
        for group, each in groups.items()
        for name, statistic in _accuracies(each, truth).items()
    }
    statistics |= {
        f"auroc/{name}": auroc_over(here.score[:, i].mean(axis=1), truth[:, i])
        for i, name in enumerate(TARGETS)
    }
    drafts = said.take(part.inside)
    statistics["agreement/"] = mean_over(_agreement(here, drafts))
    statistics["agreement/unled"] = mean_over(_agreement(here.by_score(), drafts))
    samples = sampled(statistics, cohort.patients(part.inside), draws)
    found = {group: _of(samples, group) for group in (*groups, "auroc")}
    return {
        "n": len(films),
        "population": part.population,
        "unlabelled": part.unlabelled,
        # Balanced accuracy needs both kinds: the mean is over the other findings.
        "not_averaged": [
            name
            for name, known in zip(TARGETS[1:], truth.T[1:], strict=True)
            if known.all() or not known.any()
        ],
        "metrics": _intervals(found[""]),
        "auroc": _intervals(found["auroc"]),
        "agreement_with_drafts": samples["agreement/"].interval,
        "agreement_not_led_by_drafts": samples["agreement/unled"].interval,
        "neither_yes_nor_no": float((~here.yes & ~here.no).mean()) if len(films) else None,
        "floors": {name: _intervals(found[name]) for name in by_floor},
        "floors_missing": list(missing(fitted)),
        "context_blanked": _intervals(found[BLANKED]),
        "shuffled": _intervals(found[SHUFFLED]),
        "not_led_by_drafts": _intervals(found[UNLED]),
        "paired": {
            f"minus {group}": {
                name: (sample - found[group][name]).interval for name, sample in found[""].items()
            }
            for group in groups
            if group
        },
    }


def _answers_of(said: Said) -> Answers:
    """Read a floor's answers off what it says: the same in every wording."""
    yes = np.column_stack([said.abnormal, said.findings[:, FIVE]])[:, :, None]
    no = np.column_stack([said.normal, ~said.findings[:, FIVE]])[:, :, None]
    return Answers(yes, no, np.zeros(yes.shape))


def _accuracies(each: Sequence[Answers], truth: Flags) -> dict[str, WeightedStatistic]:
    """Balanced accuracy of each target, and the mean over the five findings."""
    by_target = {}
    for column, name in enumerate(TARGETS):
        known = truth[:, column]
        by_target[name] = mean_of(
            [
                rates_over(one.yes[:, column, turn] & known, one.no[:, column, turn] & ~known, known)
                for one in each
                for turn in range(one.yes.shape[2])
            ]
        )
    return by_target | {MEAN: mean_of([by_target[name] for name in TARGETS[1:]])}


def _agreement(answers: Answers, said: Said) -> NDArray[np.float64]:
    """Give the share of each film's answers that say what its draft says, [N]."""
    drafted = _answers_of(said)
    same = (answers.yes & drafted.yes) | (answers.no & drafted.no)
    return np.asarray(same.mean(axis=(1, 2)))


def _of(samples: Mapping[str, Sample], group: str) -> dict[str, Sample]:
    start = f"{group}/"
    return {name[len(start) :]: sample for name, sample in samples.items() if name.startswith(start)}


def _intervals(samples: Mapping[str, Sample]) -> dict[str, Interval]:
    return {name: sample.interval for name, sample in samples.items()}


def answer_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Give one table for the top level, one for each stratum, and the paired differences."""
    parts = {figures["population"]: figures}
    parts |= {part["population"]: part for part in figures["strata"].values()}
    tables = [_table(f"Answer: {name}", part) for name, part in parts.items()]
    paired: list[list[Cell]] = [[name, *_cells(found)] for name, found in figures["paired"].items()]
    title = f"The model minus each floor, paired: {figures['population']}"
    return [*tables, Table(title, ["", *TARGETS, MEAN], paired)]


def _table(title: str, part: Mapping[str, Any]) -> Table:
    rows: list[list[Cell]] = [["the model", *_cells(part["metrics"])]]
    rows.append(["the model, view and age blanked", *_cells(part["context_blanked"])])
    rows.append(["the model, films shuffled", *_cells(part["shuffled"])])
    rows.append(["the model, not led by its drafts", *_cells(part["not_led_by_drafts"])])
    rows += [[f"floor: {name}", *_cells(found)] for name, found in part["floors"].items()]
    rows.append(["AUROC of the log-odds", *[part["auroc"][name] for name in TARGETS], None])
    notes = [
        f"Balanced accuracy; {part['n']} films, 95 % intervals, bootstrap by patient. Answers and drafts agree on "
        f"{part['agreement_with_drafts']}; were they not led by drafts, on {part['agreement_not_led_by_drafts']}."
    ]
    if part.get("not_averaged"):
        notes.append(
            f"No film, or every film, has {', '.join(part['not_averaged'])}: the mean is over the others."
        )
    if part["floors_missing"]:
        notes.append(f"No training films to fit these floors on: {', '.join(part['floors_missing'])}.")
    return Table(title, ["", *TARGETS, MEAN], rows, notes=notes)


def _cells(found: Mapping[str, Any]) -> list[Cell]:
    return [found[name] for name in (*TARGETS, MEAN)]
