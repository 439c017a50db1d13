"""Scores of a language model in training on films: log-odds of a decision.

Works on any function from prompts to the logits after them. No thresholds are chosen here.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.lm.prompt import answer_prompt
from engine.lm.vocabulary import Vocabulary
from engine.vqa.wordings import TRAINING_QUESTIONS

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


def answer_log_odds(
    next_logits: NextLogits, vocabulary: Vocabulary, codes: NDArray[np.int16], subject: str
) -> Scores:
    """Score films [N, 256] by one question: how much likelier `Yes` is than `No`."""
    question = next(asked.question for asked in TRAINING_QUESTIONS[subject] if asked.yes_means)
    prompts = [answer_prompt(vocabulary, question, film.tolist()) for film in codes]
    return log_odds(
        next_logits, prompts, first_tokens(vocabulary, ["Yes,"]), first_tokens(vocabulary, ["No,"])
    )
