"""Training examples of the four tasks as token ids with a loss weight per token.

Films come as code banks: every film tokenized many times under small moves. Drawing is balanced between
normal and abnormal (and yes and no) within each view, so that neither prevalence nor view is the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.data.manifest import FilmRow
from engine.data.plain_language import PAIRS, REPEATED_WORDS, repeat_pair
from engine.data.questions import ABNORMAL, OPEN, SUBJECTS, is_yes, question_and_answer
from engine.data.templates import context, impression
from engine.errors import DataError
from engine.lm.prompt import (
    GENERATE_INSTRUCTIONS,
    REPORT_INSTRUCTIONS,
    answer_prompt,
    generate_prompt,
    image_target,
    instruct_prompt,
    report_prompt,
    text_target,
)
from engine.lm.vocabulary import Vocabulary

CodeBank = NDArray[np.int16]
TASKS = ("report", "answer", "generate", "instruct")


@dataclass(frozen=True)
class ExampleSettings:
    """How examples are drawn and weighed; `shares` follows TASKS."""

    shares: tuple[float, float, float, float] = (0.42, 0.38, 0.12, 0.08)
    code_dropout: float = 0.12
    context_share: float = 0.25
    open_share: float = 0.15
    decision_weight: float = 8.0
    text_weight: float = 1.0
    image_weight: float = 0.03
    prompt_image_weight: float = 0.004


@dataclass(frozen=True)
class Example:
    """Token ids of prompt and response, and the loss weight of each as a target (0 in the prompt's text)."""

    ids: list[int]
    weights: list[float]


class ExampleMaker:
    """Draws examples from films of one split."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        rows: Sequence[FilmRow],
        bank: CodeBank,
        settings: ExampleSettings,
        random: np.random.Generator,
    ) -> None:
        """Index the films by view and by the answer to each subject.

        `bank` is [films, variants, 256]. Raises DataError where a subject lacks films for yes or no.
        """
        self.vocabulary = vocabulary
        self.rows = rows
        self.bank = bank
        self.settings = settings
        self.random = random
        self._pools = {subject: self._pool(subject) for subject in SUBJECTS}

    def draw(self) -> Example:
        """Draw a task by its share, then an example of it."""
        task = str(self.random.choice(TASKS, p=self.settings.shares))
        return {"report": self.report, "answer": self.answer, "generate": self.generate}.get(
            task, self.instruct
        )()

    def report(self) -> Example:
        """Film to impression, sometimes with view and age as context."""
        index = self._film(ABNORMAL)
        row = self.rows[index]
        given = context(row) if self.random.random() < self.settings.context_share else None
        prompt = report_prompt(self.vocabulary, self._codes(index), self._one(REPORT_INSTRUCTIONS), given)
        return self._text_example(self._drop(prompt), impression(row, self.random))

    def answer(self) -> Example:
        """Question and film to answer."""
        open_question = self.random.random() < self.settings.open_share
        subject = OPEN if open_question else self._one(SUBJECTS)
        index = self._film(ABNORMAL if open_question else subject)
        question, answer = question_and_answer(self.rows[index], subject, self.random)
        prompt = answer_prompt(self.vocabulary, question, self._codes(index))
        return self._text_example(self._drop(prompt), answer)

    def generate(self) -> Example:
        """Impression to film."""
        index = self._film(ABNORMAL)
        text = impression(self.rows[index], self.random)
        prompt = generate_prompt(self.vocabulary, text, self._one(GENERATE_INSTRUCTIONS))
        target = image_target(self.vocabulary, self._codes(index))
        weights = [self.settings.image_weight if self.vocabulary.is_image(id_) else 1.0 for id_ in target]
        return Example(prompt + target, [0.0] * len(prompt) + weights)

    def instruct(self) -> Example:
        """Plain-language instruction to answer."""
        if self.random.random() < 0.3:
            instruction, given, answer = repeat_pair(self._one(REPEATED_WORDS))
            prompt = instruct_prompt(self.vocabulary, instruction, given)
        else:
            instruction, answer = PAIRS[int(self.random.integers(len(PAIRS)))]
            prompt = instruct_prompt(self.vocabulary, instruction)
        target = text_target(self.vocabulary, answer)
        return Example(prompt + target, [0.0] * len(prompt) + [1.0] * len(target))

    def _text_example(self, prompt: list[int], answer: str) -> Example:
        target = text_target(self.vocabulary, answer)
        # The first token holds the decision: normal or not, yes or no.
        weights = [self.settings.decision_weight] + [self.settings.text_weight] * (len(target) - 1)
        inside = self.settings.prompt_image_weight
        before = [inside if self.vocabulary.is_image(id_) else 0.0 for id_ in prompt]
        return Example(prompt + target, before + weights)

    def _pool(self, subject: str) -> dict[tuple[bool, str], NDArray[np.int64]]:
        pools: dict[tuple[bool, str], list[int]] = {}
        for index, row in enumerate(self.rows):
            pools.setdefault((is_yes(row, subject), row.view), []).append(index)
        for answer in (True, False):
            if not any(key[0] == answer for key in pools):
                word = "yes" if answer else "no"
                raise DataError(f"No film answers {word} to {subject}. Give films of both kinds.")
        return {key: np.array(indices) for key, indices in pools.items()}

    def _film(self, subject: str) -> int:
        """Draw yes or no, then a view, then a film, each with equal chances."""
        wanted = bool(self.random.random() < 0.5)
        views = sorted(view for answer, view in self._pools[subject] if answer == wanted)
        return int(self.random.choice(self._pools[subject][wanted, self._one(views)]))

    def _codes(self, index: int) -> list[int]:
        variant = int(self.random.integers(self.bank.shape[1]))
        codes: list[int] = self.bank[index, variant].tolist()
        return codes

    def _drop(self, prompt: list[int]) -> list[int]:
        """Replace a share of the prompt's image tokens by random ones."""
        offset, codes = self.vocabulary.image_offset, self.vocabulary.codes
        dropped = self.random.random(len(prompt)) < self.settings.code_dropout
        other = self.random.integers(codes, size=len(prompt))
        return [
            offset + int(other[i]) if dropped[i] and self.vocabulary.is_image(id_) else id_
            for i, id_ in enumerate(prompt)
        ]

    def _one(self, options: Sequence[str]) -> str:
        return options[int(self.random.integers(len(options)))]
