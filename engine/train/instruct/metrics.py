"""Validation of a stage: the response's loss for each task, and areas under the ROC curve where labels are known.

Exact codes, first wording, no context; nothing is drawn, so that figures of one run can be compared. The test
split is never read and no threshold is set here.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.data.records import FilmRecord
from engine.data.templates import JUDGED, is_normal, judged_findings, usable
from engine.errors import SettingsError
from engine.evaluate.statistics import auroc
from engine.lm.prompt import REPORT_INSTRUCTIONS, report_prompt
from engine.lm.vocabulary import Vocabulary
from engine.train.instruct.corpus import Corpus, Film, Item
from engine.train.instruct.examples import Example, ExampleMaker
from engine.train.instruct.settings import InstructSettings
from engine.train.scores import NextLogits, answer_log_odds, first_tokens, log_odds

# Examples -> the summed loss of their responses' tokens and the number of those tokens.
ResponseLoss = Callable[[Sequence[Example]], tuple[float, int]]
_BATCH = 16


class Validator:
    """The figures of one validation split."""

    def __init__(
        self, settings: InstructSettings, training: Corpus, validation: Corpus, maker: ExampleMaker
    ) -> None:
        self.settings = settings
        self.vocabulary = maker.vocabulary
        self._examples = {
            task: [maker.validation(task, item) for item in _some(items, settings.validation_examples)]
            for task, items in validation.items.items()
        }
        self._films = _labelled_films(validation, settings)
        self._openings = decision_tokens(training.items["report"], self.vocabulary)

    def __call__(self, response_loss: ResponseLoss, next_logits: NextLogits) -> dict[str, float]:
        """Give loss, loss_TASK and, where there are films of both kinds, auroc_abnormal, auroc_findings, auroc."""
        figures = {
            f"loss_{task}": _mean_loss(examples, response_loss)
            for task, examples in self._examples.items()
            if examples
        }
        if figures:
            shares = [max(self.settings.shares.get(name[5:], 0.0), 1e-9) for name in figures]
            figures["loss"] = float(np.average(list(figures.values()), weights=shares))
        return figures | self._areas(next_logits)

    def check_select_by(self) -> None:
        """Raise SettingsError where the figure that keeps `best` can't be had, before the first step."""
        given = [f"loss_{task}" for task, examples in self._examples.items() if examples]
        given += ["loss"] if given else []
        records = [film.record for film in self._films]
        both = 0 < sum(map(is_normal, records)) < len(records)
        if both and self.settings.shares.get("report") and all(self._openings):
            given.append("auroc_abnormal")
        if self.settings.shares.get("answer") and any(_has_both(records, name) for name in JUDGED):
            given.append("auroc_findings")
        given += ["auroc"] if given and given[-1].startswith("auroc") else []
        if self.settings.select_by not in given:
            raise SettingsError(
                f"Setting select_by: {self.settings.select_by} can't be had from the validation split, which "
                f"gives {', '.join(given) or 'nothing'}. Choose one of these, or add such films to it."
            )

    def _areas(self, next_logits: NextLogits) -> dict[str, float]:
        if not self._films:
            return {}
        records = [film.record for film in self._films]
        codes = np.stack([film.codes[0] for film in self._films])
        areas = {}
        yes, no = self._openings
        if self.settings.shares.get("report") and yes and no:
            prompts = [
                report_prompt(self.vocabulary, film.tolist(), REPORT_INSTRUCTIONS[0]) for film in codes
            ]
            scores = log_odds(next_logits, prompts, yes, no)
            areas["auroc_abnormal"] = auroc(scores, np.array([not is_normal(record) for record in records]))
        if self.settings.shares.get("answer"):
            areas["auroc_findings"] = _mean_finding_area(next_logits, self.vocabulary, codes, records)
        areas = {name: value for name, value in areas.items() if not np.isnan(value)}
        return areas | ({"auroc": float(np.mean(list(areas.values())))} if areas else {})


def decision_tokens(items: Sequence[Item], vocabulary: Vocabulary) -> tuple[list[int], list[int]]:
    """Give the first tokens that only texts of abnormal films begin with, and only those of normal films."""
    texts: dict[bool, set[str]] = {True: set(), False: set()}
    for item in items:
        if item.film and item.film.record.labels:
            texts[is_normal(item.film.record)].add(item.response.strip())
    normal, abnormal = (set(first_tokens(vocabulary, texts[kind])) for kind in (True, False))
    return sorted(abnormal - normal), sorted(normal - abnormal)


def _has_both(records: Sequence[FilmRecord], name: str) -> bool:
    """Tell whether some of the films have a finding, and some not."""
    return 0 < sum(name in judged_findings(record) for record in records) < len(records)


def _mean_finding_area(
    next_logits: NextLogits, vocabulary: Vocabulary, codes: NDArray[np.int16], records: Sequence[FilmRecord]
) -> float:
    """Average the area of the yes/no questions over the findings that some of the films have, and some not."""
    areas = []
    for name in JUDGED:
        if _has_both(records, name):
            truth = np.array([name in judged_findings(record) for record in records])
            areas.append(auroc(answer_log_odds(next_logits, vocabulary, codes, name), truth))
    return float(np.mean(areas)) if areas else float("nan")


def _labelled_films(validation: Corpus, settings: InstructSettings) -> list[Film]:
    """Give the films of one source whose labels settle normal or not; sources are never pooled."""
    items = [*validation.items["report"], *validation.items["generate"], *validation.items["answer"]]
    films = {item.film.record.key: item.film for item in items if item.film and usable(item.film.record)}
    source = settings.validation_source or next((film.record.source for film in films.values()), "")
    return [
        film
        for _, film in sorted(films.items())
        if film.record.source == source and (film.record.adult or not settings.validation_adults)
    ]


def _some(items: Sequence[Item], count: int) -> list[Item]:
    """Take at most `count` items, spread over the whole list and always the same."""
    if len(items) <= count:
        return list(items)
    return [items[i] for i in np.sort(np.random.default_rng(0).permutation(len(items))[:count])]


def _mean_loss(examples: Sequence[Example], response_loss: ResponseLoss) -> float:
    parts = [response_loss(examples[at : at + _BATCH]) for at in range(0, len(examples), _BATCH)]
    return sum(loss for loss, _ in parts) / sum(count for _, count in parts)
