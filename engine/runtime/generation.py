"""From a prompt to an answer: text until the end key, or a film of exactly 256 image tokens.

The structure is forced, so nothing is ever retried: image tokens are masked out of text, and inside an image
answer nothing else is left. That deviates from the published code, which samples freely and retries; with
`Sampling.free` its way is taken, within a bounded number of tries. The text is what the model said. Works above
any :class:`~engine.runtime.backend.LanguageBackend`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.bundle import Sampling
from engine.errors import GenerationError
from engine.lm.prompt import image_target
from engine.lm.vocabulary import CODES_PER_IMAGE, Vocabulary
from engine.runtime.backend import LanguageBackend
from engine.runtime.sampling import Sampler, decision_bias, image_mask, log_softmax, no_mask, text_mask
from engine.runtime.speculation import Speculation

OnText = Callable[[str], None]
OnStep = Callable[[], None]

# Byte-level tokens can end inside a letter; the decoder shows the rest of it as this sign.
_INCOMPLETE = "\ufffd"


@dataclass(frozen=True)
class TextAnswer:
    """What the model said: `ids` up to and without the end key, and the probability of each of them.

    `finished` is false where the answer was cut because the model didn't end it within the tokens it had.
    Where it did, `token_probabilities` has one more value than `ids`: that of the end key.
    """

    text: str
    ids: tuple[int, ...]
    token_probabilities: tuple[float, ...]
    seed: int
    finished: bool


@dataclass(frozen=True)
class ImageAnswer:
    """A generated film: 256 codes, the probability of each, and all ids of the answer with its frame.

    `seed` is the one that the film was drawn with: of several free tries the one that gave a film. With guidance
    the probabilities are those of the guided choice.
    """

    codes: tuple[int, ...]
    ids: tuple[int, ...]
    token_probabilities: tuple[float, ...]
    seed: int


def generate_text(
    backend: LanguageBackend,
    vocabulary: Vocabulary,
    prompt: Sequence[int],
    sampling: Sampling,
    on_text: OnText | None = None,
    on_step: OnStep | None = None,
    speculation: Speculation | None = None,
) -> TextAnswer:
    """Let the model answer in text.

    `on_text` gets pieces that together are the answer's text; `on_step` is called before every token and may
    raise to stop. `speculation` makes it faster and changes no token (engine.runtime.speculation).
    Raises GenerationError where no text came, BackendError where the prompt is too long.
    """
    mask = (no_mask if sampling.free else text_mask)(vocabulary)
    sampler = Sampler(sampling, mask, decision_bias(vocabulary, sampling))
    stream = _TextStream(vocabulary, on_text)
    ids: list[int] = []
    probabilities: list[float] = []
    finished = False
    for id_, probability in _said(backend, prompt, sampler, sampling.max_new_tokens, on_step, speculation):
        probabilities.append(probability)
        if id_ == vocabulary.end:
            finished = True
            break
        ids.append(id_)
        stream.push(ids)
    return text_answer(stream.close(ids), ids, probabilities, sampling.seed, finished)


def text_answer(
    text: str, ids: Sequence[int], probabilities: Sequence[float], seed: int, finished: bool
) -> TextAnswer:
    """Give what was said as an answer; raise GenerationError where no text came."""
    if not text:
        raise GenerationError(
            f"The model answered without a word ({len(ids)} tokens, seed {seed}). "
            "Try again with another seed or another film."
        )
    return TextAnswer(text, tuple(ids), tuple(probabilities), seed, finished)


def sampled_texts(
    backend: LanguageBackend,
    vocabulary: Vocabulary,
    prompt: Sequence[int],
    sampling: Sampling,
    seeds: Sequence[int],
    on_step: OnStep | None = None,
) -> Iterator[str]:
    """Draw a text for each seed after one reading of the prompt; one that doesn't end is cut at its longest."""
    opening = backend.prefill([prompt])[0]
    mask, bias = text_mask(vocabulary), decision_bias(vocabulary, sampling)
    most = min(sampling.max_new_tokens, backend.max_positions - len(prompt) + 1)
    for seed in seeds:
        backend.reset([0], len(prompt))
        sampler = Sampler(replace(sampling, seed=seed), mask, bias)
        ids: list[int] = []
        logits = opening
        while True:
            if on_step is not None:
                on_step()
            id_, _ = sampler.choose(logits)
            if id_ == vocabulary.end:
                break
            ids.append(id_)
            if len(ids) >= most:
                break
            logits = backend.step([id_])[0]
        yield vocabulary.decode(ids).strip()


def generate_image(
    backend: LanguageBackend,
    vocabulary: Vocabulary,
    prompt: Sequence[int],
    sampling: Sampling,
    on_step: OnStep | None = None,
    unasked: Sequence[int] | None = None,
) -> ImageAnswer:
    """Let the model answer with a film: `<`, exactly 256 image tokens, `>`, a blank line, the end key.

    `unasked` is the prompt without its report, which `sampling.guidance` leads away from. `on_step` is called
    before every token and may raise to stop. Raises GenerationError where the prompt
    leaves no room for a whole film, or where no free try gave exactly 256 codes.
    """
    if sampling.free:
        _check_room(backend, prompt)
        return _free_image(backend, vocabulary, prompt, sampling, on_step)
    return generate_images(backend, vocabulary, prompt, sampling, [sampling.seed], on_step, unasked)[0]


def generate_images(
    backend: LanguageBackend,
    vocabulary: Vocabulary,
    prompt: Sequence[int],
    sampling: Sampling,
    seeds: Sequence[int],
    on_step: OnStep | None = None,
    unasked: Sequence[int] | None = None,
) -> list[ImageAnswer]:
    """Let the model answer with a film for each seed, all at once; see `generate_image`. Never free."""
    _check_room(backend, prompt)
    samplers = [Sampler(replace(sampling, seed=seed), image_mask(vocabulary)) for seed in seeds]
    guided = unasked is not None and sampling.guidance != 1.0
    prompts = [prompt, unasked] if guided and unasked is not None else [prompt]
    framed = [[*one, vocabulary.less_than] for one in prompts]
    steps = _drawn(backend, framed, samplers, CODES_PER_IMAGE, on_step, sampling.guidance)
    answers = []
    for seed, drawn in zip(seeds, zip(*steps, strict=True), strict=True):
        codes = tuple(vocabulary.ids_to_codes([id_ for id_, _ in drawn]))
        answer = tuple(image_target(vocabulary, codes))
        answers.append(ImageAnswer(codes, answer, tuple(probability for _, probability in drawn), seed))
    return answers


def openings_log_probability(
    backend: LanguageBackend, vocabulary: Vocabulary, prompt: Sequence[int], text: str
) -> float:
    """Give the log-probability of the first token of each sentence of a text, were it the answer to a prompt.

    What a report says is decided there; how it goes on is wording.
    """
    sentences = [vocabulary.encode(sentence) for sentence in re.split(r"(?<=[.!?])(?=\s)", text.strip())]
    ids = [id_ for sentence in sentences for id_ in sentence]
    starts = np.cumsum([0, *map(len, sentences[:-1])])
    first = backend.prefill([prompt])
    logits = np.concatenate([first, backend.score([ids], keep=len(ids))[0]])
    mask = text_mask(vocabulary)
    return float(sum(log_softmax(logits[start], mask)[ids[start]] for start in starts))


def _free_image(
    backend: LanguageBackend,
    vocabulary: Vocabulary,
    prompt: Sequence[int],
    sampling: Sampling,
    on_step: OnStep | None,
) -> ImageAnswer:
    """Draw without masks until one answer holds exactly 256 codes, as the published evaluation does."""
    counts: list[int] = []
    for seed in range(sampling.seed, sampling.seed + max(1, sampling.tries)):
        sampler = Sampler(replace(sampling, seed=seed), no_mask(vocabulary))
        drawn: list[tuple[int, float]] = []
        for (choice,) in _drawn(backend, [prompt], [sampler], sampling.max_new_tokens, on_step):
            drawn.append(choice)
            if choice[0] == vocabulary.end:
                break
        # Every image token counts, contiguous or not.
        found = [(id_, probability) for id_, probability in drawn if vocabulary.is_image(id_)]
        if len(found) == CODES_PER_IMAGE:
            codes = tuple(vocabulary.ids_to_codes([id_ for id_, _ in found]))
            probabilities = tuple(probability for _, probability in found)
            return ImageAnswer(codes, tuple(id_ for id_, _ in drawn), probabilities, seed)
        counts.append(len(found))
    raise GenerationError(
        f"The model was to draw {CODES_PER_IMAGE} image codes freely and drew "
        f"{', '.join(map(str, counts))} (seeds {sampling.seed} to {sampling.seed + len(counts) - 1}). "
        "Allow more tries, or leave free sampling off."
    )


def _said(
    backend: LanguageBackend,
    prompt: Sequence[int],
    sampler: Sampler,
    most: int,
    on_step: OnStep | None,
    speculation: Speculation | None,
) -> Iterator[tuple[int, float]]:
    """Draw up to `most` tokens of one answer with their probabilities."""
    if speculation is not None:
        return speculation.drawn(backend, prompt, sampler, most, on_step)
    return (choice for (choice,) in _drawn(backend, [prompt], [sampler], most, on_step))


def _drawn(
    backend: LanguageBackend,
    prompts: Sequence[Sequence[int]],
    samplers: Sequence[Sampler],
    most: int,
    on_step: OnStep | None,
    guidance: float = 1.0,
) -> Iterator[list[tuple[int, float]]]:
    """Draw up to `most` tokens for each sampler, with their probabilities, as far as the model's positions reach.

    All prompts of a sampler go on with the same tokens; of two, the choice is led from the second towards the first.
    """
    room = backend.max_positions - max(map(len, prompts))
    logits = backend.prefill([*prompts] * len(samplers))
    last: list[int] = []
    for _ in range(min(most, room + 1)):
        if last:
            logits = backend.step([id_ for id_ in last for _ in prompts])
        if on_step is not None:
            on_step()
        rows = logits.reshape(len(samplers), len(prompts), -1)
        chosen = [
            sampler.choose(row[0] if len(row) == 1 else row[1] + guidance * (row[0] - row[1]))
            for sampler, row in zip(samplers, rows, strict=True)
        ]
        last = [id_ for id_, _ in chosen]
        yield chosen


def _check_room(backend: LanguageBackend, prompt: Sequence[int]) -> None:
    needed = len(prompt) + CODES_PER_IMAGE
    if needed > backend.max_positions:
        raise GenerationError(
            f"The report text is too long: with the film it takes {needed} of "
            f"{backend.max_positions} positions. "
            "Shorten it."
        )


class _TextStream:
    """Hands out text as it grows: whole letters only, without the white space around the answer."""

    def __init__(self, vocabulary: Vocabulary, on_text: OnText | None) -> None:
        self._vocabulary = vocabulary
        self._on_text = on_text
        self._shown = ""

    def push(self, ids: Sequence[int]) -> None:
        if self._on_text is None:
            return
        text = self._vocabulary.decode(ids)
        if not text.endswith(_INCOMPLETE):
            self._show(text.strip())

    def close(self, ids: Sequence[int]) -> str:
        text = self._vocabulary.decode(ids).strip()
        self._show(text)
        return text

    def _show(self, text: str) -> None:
        piece = text[len(self._shown) :]
        if piece and self._on_text is not None:
            self._on_text(piece)
            self._shown = text
