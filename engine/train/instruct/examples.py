"""Items as token ids with a loss weight on every token: prompts, masks, emphasis and random codes.

The loss weight of a token is that of predicting it. With the response-only loss everything up to and including
the response key has none (paper section 2.4.2), but for the trace that `prompt_image_weight` may put on codes.
"""

import re
from dataclasses import dataclass, replace

import numpy as np

from engine.data.templates import context as context_line
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
from engine.lm.vocabulary import CODES_PER_IMAGE, Vocabulary
from engine.train.instruct.corpus import Corpus, Film, Item
from engine.train.instruct.settings import InstructSettings

# Joints of texts may tokenise otherwise than the texts alone.
_JOINTS = 8
_SENTENCE_ENDS = (".", "!", "?")


@dataclass(frozen=True)
class Example:
    """Token ids of prompt and response, and the loss weight of each as a target."""

    ids: list[int]
    weights: list[float]


class ExampleMaker:
    """Makes the example of an item: in training with random wording and codes, in validation always the same."""

    def __init__(self, vocabulary: Vocabulary, settings: InstructSettings) -> None:
        self.vocabulary = vocabulary
        self.settings = settings
        words = "|".join(re.escape(word) for word in settings.emphasis_words)
        self._emphasised = re.compile(rf"\b(?:{words})\b", re.IGNORECASE) if words else None

    def training(self, task: str, item: Item, random: np.random.Generator) -> Example:
        """Make a training example: instruction, variant of the codes, context and dropped codes by chance."""
        variant = int(random.integers(len(item.film.codes))) if item.film and self.settings.vary_codes else 0
        context = None
        if item.film and random.random() < self.settings.context_share:
            context = context_line(item.film.record)
        wording = int(random.integers(10))
        if task == "generate" and random.random() < self.settings.report_dropout:
            item = replace(item, given="")
        example = self._example(task, item, variant, wording, context)
        return example if task == "generate" else self._drop(example, random)

    def validation(self, task: str, item: Item) -> Example:
        """Make a validation example: exact codes, first instruction, no context, weight 1 on the response."""
        prompt, target = self._parts(task, item, 0, 0, None)
        return Example(prompt + target, [0.0] * len(prompt) + [1.0] * len(target))

    def _example(self, task: str, item: Item, variant: int, wording: int, context: str | None) -> Example:
        prompt, target = self._parts(task, item, variant, wording, context)
        response = [1.0] * len(target)
        if task == "generate":
            image = self.settings.answer_image_weight
            response = [image if self.vocabulary.is_image(id_) else 1.0 for id_ in target]
        else:
            response = self._text_weights(item.response, len(target))
        return Example(prompt + target, self._prompt_weights(prompt) + response)

    def _parts(
        self, task: str, item: Item, variant: int, wording: int, context: str | None
    ) -> tuple[list[int], list[int]]:
        vocabulary = self.vocabulary
        if item.film is None:
            return (
                instruct_prompt(vocabulary, item.prompt, item.given or None),
                text_target(vocabulary, item.response),
            )
        codes = _codes(item.film, variant)
        if task == "generate":
            return (
                generate_prompt(vocabulary, item.given or None, GENERATE_INSTRUCTIONS[wording]),
                image_target(vocabulary, codes),
            )
        if task == "answer":
            prompt = answer_prompt(vocabulary, item.prompt, codes, context)
        else:
            prompt = report_prompt(vocabulary, codes, REPORT_INSTRUCTIONS[wording], context)
        return prompt, text_target(vocabulary, item.response)

    def _prompt_weights(self, prompt: list[int]) -> list[float]:
        inside = self.settings.prompt_image_weight
        if self.settings.loss == "joint":
            return [1.0] * len(prompt)
        if not inside:
            return [0.0] * len(prompt)
        return [inside if self.vocabulary.is_image(id_) else 0.0 for id_ in prompt]

    def _text_weights(self, text: str, length: int) -> list[float]:
        settings = self.settings
        weights = [settings.text_weight] * length
        weights[0] *= settings.first_token_weight
        if self._emphasised is None and settings.sentence_weight == 1.0:
            return weights
        whole = text.strip() + "\n\n"
        found = [match.span() for match in self._emphasised.finditer(whole)] if self._emphasised else []
        for at, (start, end) in enumerate(self.vocabulary.spans(whole)):
            if any(start < last and first < end for first, last in found):
                weights[at] *= settings.emphasis_weight
            if _opens_sentence(whole, start):
                weights[at] *= settings.sentence_weight
        return weights

    def _drop(self, example: Example, random: np.random.Generator) -> Example:
        """Replace a share of the image tokens by random ones, which nobody can learn to predict."""
        if not self.settings.code_dropout:
            return example
        ids = np.array(example.ids)
        dropped = random.random(len(ids)) < self.settings.code_dropout
        other = self.vocabulary.image_offset + random.integers(self.vocabulary.codes, size=len(ids))
        dropped &= (ids >= self.vocabulary.image_offset) & (ids < self.vocabulary.size)
        weights = np.where(dropped, 0.0, example.weights)
        return Example(np.where(dropped, other, ids).tolist(), weights.tolist())


def _opens_sentence(text: str, start: int) -> bool:
    """Tell whether only blank space lies between a sentence's end and a token; its span may begin with it."""
    before = text[:start].rstrip()
    return before.endswith(_SENTENCE_ENDS) and (start > len(before) or text[start : start + 1].isspace())


def drop_too_long(corpus: Corpus, vocabulary: Vocabulary, limit: int) -> None:
    """Leave out, and count, the items whose examples could have `limit` tokens or more (as published)."""
    for task, items in corpus.items.items():
        if not items:
            continue
        template = _template_length(vocabulary, task)
        texts = list({text: None for item in items for text in item.texts})
        lengths = dict(zip(texts, vocabulary.lengths(texts), strict=True))
        kept = [item for item in items if template + sum(lengths[text] for text in item.texts) < limit]
        if len(kept) < len(items):
            corpus.dropped[f"{task}: longer than {limit} tokens"] += len(items) - len(kept)
        corpus.items[task] = kept


def _template_length(vocabulary: Vocabulary, task: str) -> int:
    """Give the most tokens that an example has beside its texts."""
    codes = [0] * CODES_PER_IMAGE
    longest = "View: PA. Age: 60 years or more."
    if task == "generate":
        prompts = [generate_prompt(vocabulary, "x", text) for text in GENERATE_INSTRUCTIONS]
        return max(map(len, prompts)) + len(image_target(vocabulary, codes)) + _JOINTS
    if task == "report":
        prompts = [report_prompt(vocabulary, codes, text, longest) for text in REPORT_INSTRUCTIONS]
    elif task == "answer":
        prompts = [answer_prompt(vocabulary, "x", codes, longest)]
    else:
        prompts = [instruct_prompt(vocabulary, "x", "x")]
    return max(map(len, prompts)) + len(text_target(vocabulary, "x")) + _JOINTS


def _codes(film: Film, variant: int) -> list[int]:
    codes: list[int] = film.codes[variant].tolist()
    return codes
