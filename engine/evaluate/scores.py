"""Scores of a language model on films: log-odds of its first word, and what it says in full.

The first token of a draft decides between normal and not (`engine.data.templates`), the first of an answer
between yes and no; their log-odds are the model's own continuous score. No threshold is chosen here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.data.templates import NORMAL, context
from engine.errors import GenerationError
from engine.evaluate.cohort import Cohort
from engine.evaluate.statistics import Scores
from engine.lm.prompt import answer_prompt, report_prompt
from engine.lm.vocabulary import Vocabulary
from engine.model import Model
from engine.progress import track
from engine.runtime.sampling import text_mask

BATCH = 8


@dataclass(frozen=True)
class Drafts:
    """The drafts of N films and the log-odds of an abnormal opening, [N]."""

    texts: tuple[str, ...]
    withheld: tuple[bool, ...]
    log_odds: Scores


def contexts(cohort: Cohort, given: bool) -> list[str | None]:
    """Give each film's context line (view, age band), or None for all where it is blanked."""
    return [context(row) if given else None for row in cohort.rows]


def draft(model: Model, cohort: Cohort, with_context: bool) -> Drafts:
    """Draft every film and score its opening.

    A withheld draft, or one without a word, is given as the empty text: its reader gets none.
    """
    lines = contexts(cohort, with_context)
    texts, withheld = [], []
    for codes, line in zip(track(cohort.codes.tolist(), "films drafted"), lines, strict=True):
        try:
            said = model.report(codes, context=line)
        except GenerationError:
            texts.append("")
            withheld.append(True)
            continue
        held = said.decision == "withheld"
        texts.append("" if held else said.text)
        withheld.append(held)
    return Drafts(tuple(texts), tuple(withheld), abnormal_log_odds(model, cohort, lines))


def abnormal_log_odds(model: Model, cohort: Cohort, lines: Sequence[str | None]) -> Scores:
    """Score films by the report prompt: log P(any other opening) - log P(an opening of a normal text), [N]."""
    vocabulary = model.bundle.vocabulary
    instruction = model.bundle.manifest.instructions.report[0]
    prompts = [
        report_prompt(vocabulary, codes, instruction, line)
        for codes, line in zip(cohort.codes.tolist(), lines, strict=True)
    ]
    normal = first_tokens(vocabulary, NORMAL)
    others = np.isfinite(text_mask(vocabulary))
    others[normal] = False
    return log_odds(model, prompts, np.flatnonzero(others).tolist(), normal)


def answer_log_odds(
    model: Model, cohort: Cohort, questions: Sequence[str], lines: Sequence[str | None]
) -> Scores:
    """Score films by one question each: log P(Yes) - log P(No), [N]."""
    vocabulary = model.bundle.vocabulary
    prompts = [
        answer_prompt(vocabulary, question, codes, line)
        for question, codes, line in zip(questions, cohort.codes.tolist(), lines, strict=True)
    ]
    yes, no = (first_tokens(vocabulary, (word, f"{word},")) for word in ("Yes", "No"))
    return log_odds(model, prompts, yes, no)


def first_tokens(vocabulary: Vocabulary, texts: Iterable[str]) -> list[int]:
    """Give the distinct first tokens of texts."""
    return sorted({vocabulary.encode(text)[0] for text in texts})


def log_odds(model: Model, prompts: Sequence[list[int]], yes: Sequence[int], no: Sequence[int]) -> Scores:
    """Give log P(first token in `yes`) - log P(first token in `no`) after each prompt, [N]."""
    parts = [
        _difference(model.backends.language.prefill(prompts[start : start + BATCH]), yes, no)
        for start in range(0, len(prompts), BATCH)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def _difference(logits: NDArray[np.float32], yes: Sequence[int], no: Sequence[int]) -> Scores:
    values = logits.astype(np.float64)
    return np.asarray(
        np.logaddexp.reduce(values[:, list(yes)], axis=1) - np.logaddexp.reduce(values[:, list(no)], axis=1)
    )
