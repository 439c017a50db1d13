"""Continuous batching: many prompts over a few rows, each row given away again as soon as its text has ended.

A prompt is read alone, by the row that became free, while the other rows wait; then all rows take their next token
in one step. Reading prompts side by side would save nothing, since a prompt is some hundred ids long and keeps the
machine busy by itself. What a request gives is what :func:`engine.runtime.generation.generate_text` gives it alone:
the same sampler, masks, stop rule and room, and an error is one request's own. Works above any
:class:`~engine.runtime.backend.LanguageBackend`, which belongs to the batch as long as that runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from engine.bundle import Sampling
from engine.errors import BackendError, EngineError
from engine.lm.vocabulary import Vocabulary
from engine.runtime.backend import LanguageBackend, Logits
from engine.runtime.generation import OnStep, TextAnswer, text_answer
from engine.runtime.sampling import Mask, Sampler, decision_bias, no_mask, text_mask

Key = TypeVar("Key")
Said = TextAnswer | EngineError


@dataclass(frozen=True)
class TextRequest:
    """A prompt to be answered in text, and how; `streams` says that whoever waits wants its pieces as they come."""

    prompt: Sequence[int]
    sampling: Sampling
    streams: bool = False


@dataclass
class _Row(Generic[Key]):
    """What a row is busy with: the ids and probabilities drawn so far, at most `most` of them."""

    key: Key
    request: TextRequest
    sampler: Sampler
    most: int
    ids: list[int] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)


class TextBatch(Generic[Key]):
    """A fixed number of rows of one backend; requests are added as long as there are `free` ones.

    Raises BackendError where somebody else used the backend while rows were busy: their caches are gone.
    """

    def __init__(self, backend: LanguageBackend, vocabulary: Vocabulary, rows: int) -> None:
        if rows < 1:
            raise BackendError(f"A batch of {rows} rows was asked for. Use at least 1.")
        self._backend, self._vocabulary = backend, vocabulary
        self._rows: list[_Row[Key] | None] = [None] * rows
        self._added: deque[tuple[Key, TextRequest]] = deque()
        self._lengths: list[int] = []
        self._masks: dict[bool, Mask] = {}

    @property
    def free(self) -> int:
        """How many requests can be added."""
        return self._rows.count(None) - len(self._added)

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._added) or any(self._rows)

    def add(self, key: Key, request: TextRequest) -> None:
        """Give a request to a free row, under a key that its end will be told by; raise BackendError without one."""
        if not self.free:
            raise BackendError(f"All {len(self._rows)} rows are busy. Wait until one has ended.")
        self._added.append((key, request))

    def step(self, on_step: OnStep | None = None) -> list[tuple[Key, Said]]:
        """Read the prompts that were added and give every busy row its next token; give the requests that ended.

        `on_step` is called before the tokens are drawn and may raise to stop.
        """
        ended = self._fill(on_step)
        # Every row that is busy has drawn a token that wasn't its last.
        fed = [[] if row is None else [row.ids[-1]] for row in self._rows]
        if any(fed):
            self._check_ours()
            logits = self._scored(fed)
            if on_step is not None:
                on_step()
            ended += [one for place, given in enumerate(fed) if given for one in self._draw(place, logits)]
        return ended

    def _fill(self, on_step: OnStep | None) -> list[tuple[Key, Said]]:
        """Read the added prompts into free rows and draw their first tokens."""
        ended: list[tuple[Key, Said]] = []
        if self._added:
            self._begin()
        while self._added:
            key, request = self._added.popleft()
            place = self._rows.index(None)
            try:
                row = self._row(key, request)
                fed: list[Sequence[int]] = [[] for _ in self._rows]
                fed[place] = request.prompt
                logits = self._scored(fed)
            except EngineError as error:
                ended.append((key, error))
                continue
            self._rows[place] = row
            if on_step is not None:
                on_step()
            ended += self._draw(place, logits)
        return ended

    def _begin(self) -> None:
        """Make the backend's rows where it has none of ours; an id has to be read for that and is forgotten."""
        if not any(self._rows) and (not self._lengths or self._backend.lengths.tolist() != self._lengths):
            self._backend.prefill([[0]] * len(self._rows))
            self._backend.reset(range(len(self._rows)))
            self._lengths = [0] * len(self._rows)
        self._check_ours()

    def _check_ours(self) -> None:
        if self._backend.lengths.tolist() != self._lengths:
            raise BackendError(
                "The language model was used for something else in the middle of a batch. Let the batch end first."
            )

    def _row(self, key: Key, request: TextRequest) -> _Row[Key]:
        prompt, sampling = request.prompt, request.sampling
        if not len(prompt):
            raise BackendError("A prompt without a single token was given. Give every row at least one.")
        if sampling.free not in self._masks:
            self._masks[sampling.free] = (no_mask if sampling.free else text_mask)(self._vocabulary)
        sampler = Sampler(sampling, self._masks[sampling.free], decision_bias(self._vocabulary, sampling))
        # After the last position there is still a token to draw, which nothing is asked about any more.
        room = self._backend.max_positions - len(prompt) + 1
        return _Row(key, request, sampler, min(sampling.max_new_tokens, room))

    def _scored(self, fed: Sequence[Sequence[int]]) -> Logits:
        logits = self._backend.score(fed, keep=1)[:, 0]
        self._lengths = [length + len(ids) for length, ids in zip(self._lengths, fed, strict=True)]
        return logits

    def _draw(self, place: int, logits: Logits) -> list[tuple[Key, Said]]:
        """Draw a row's next token; where its request ends thereby, give the row free and tell."""
        row = self._rows[place]
        if row is None:
            return []
        try:
            id_, probability = row.sampler.choose(logits[place])
            row.probabilities.append(probability)
            finished = id_ == self._vocabulary.end
            if not finished:
                row.ids.append(id_)
                if len(row.ids) < row.most:
                    return []
            said: Said = self._answer(row, finished)
        except EngineError as error:
            said = error
        self._rows[place] = None
        self._backend.reset([place])
        self._lengths[place] = 0
        return [(row.key, said)]

    def _answer(self, row: _Row[Key], finished: bool) -> TextAnswer:
        text = self._vocabulary.decode(row.ids).strip()
        return text_answer(text, row.ids, row.probabilities, row.request.sampling.seed, finished)


def generate_texts(
    backend: LanguageBackend,
    vocabulary: Vocabulary,
    requests: Iterable[TextRequest],
    rows: int,
    on_step: OnStep | None = None,
) -> Iterator[tuple[int, Said]]:
    """Answer all requests and give each one's place and answer, or its error, as it ends.

    Requests are taken from the iterable no sooner than a row is free for them.
    """
    batch: TextBatch[int] = TextBatch(backend, vocabulary, rows)
    waiting = enumerate(requests)
    while True:
        while batch.free and (following := next(waiting, None)) is not None:
            batch.add(*following)
        if not batch.busy:
            return
        yield from batch.step(on_step)
