"""Scores of a language model on films: log-odds of a decision, and the area under the ROC curve.

Works on any function from prompts to the logits after them, so that training (torch) and the evaluation of a
bundle (ONNX Runtime) are scored by the same code. No thresholds are chosen here.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.data.manifest import FilmRow
from engine.data.templates import JUDGED, NORMAL, SUBJECTS
from engine.lm.prompt import REPORT_INSTRUCTIONS, answer_prompt, report_prompt
from engine.lm.vocabulary import Vocabulary
from engine.vqa.wordings import ABNORMAL, TRAINING_QUESTIONS

Scores = NDArray[np.float64]
# Prompts of one length -> logits after each, [N, V].
NextLogits = Callable[[Sequence[list[int]]], NDArray[np.float32]]


def first_tokens(vocabulary: Vocabulary, texts: Iterable[str]) -> list[int]:
    """Give the distinct first tokens of texts."""
    return sorted({vocabulary.encode(text)[0] for text in texts})


def log_odds(next_logits: NextLogits, prompts: Sequence[list[int]], yes: list[int], no: list[int]) -> Scores:
    """Give log P(first token in `yes`) - log P(first token in `no`) after each prompt, all of one length."""
    logits = np.concatenate([next_logits(prompts[i : i + 16]) for i in range(0, len(prompts), 16)])
    logits = logits.astype(np.float64)
    return np.asarray(np.logaddexp.reduce(logits[:, yes], 1) - np.logaddexp.reduce(logits[:, no], 1))


def abnormal_log_odds(next_logits: NextLogits, vocabulary: Vocabulary, codes: NDArray[np.int16]) -> Scores:
    """Score films [N, 256] by the report prompt: how much likelier an abnormal opening is."""
    instruction = REPORT_INSTRUCTIONS[0]
    prompts = [report_prompt(vocabulary, film.tolist(), instruction) for film in codes]
    yes = first_tokens(vocabulary, SUBJECTS.values())
    return log_odds(next_logits, prompts, yes, first_tokens(vocabulary, NORMAL))


def answer_log_odds(
    next_logits: NextLogits, vocabulary: Vocabulary, codes: NDArray[np.int16], subject: str
) -> Scores:
    """Score films [N, 256] by one question: how much likelier `Yes` is than `No`."""
    question = next(asked.question for asked in TRAINING_QUESTIONS[subject] if asked.yes_means)
    prompts = [answer_prompt(vocabulary, question, film.tolist()) for film in codes]
    return log_odds(
        next_logits, prompts, first_tokens(vocabulary, ["Yes,"]), first_tokens(vocabulary, ["No,"])
    )


def auroc(scores: Scores, positive: NDArray[np.bool_]) -> float:
    """Give the area under the ROC curve (ties count half); NaN where one class is empty."""
    first, second = scores[positive], scores[~positive]
    if not len(first) or not len(second):
        return float("nan")
    difference = first[:, None] - second[None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def has(rows: Sequence[FilmRow], subject: str) -> NDArray[np.bool_]:
    """Give the labels' answer to a subject for every row."""
    return np.array([(not row.normal) if subject == ABNORMAL else subject in row.labels for row in rows])


def mean_finding_auroc(
    next_logits: NextLogits, vocabulary: Vocabulary, codes: NDArray[np.int16], rows: Sequence[FilmRow]
) -> float:
    """Average the area under the curve of the yes/no questions over the judged findings."""
    each = [auroc(answer_log_odds(next_logits, vocabulary, codes, name), has(rows, name)) for name in JUDGED]
    return float(np.nanmean(each))
