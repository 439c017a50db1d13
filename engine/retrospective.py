"""Many films, as fast as the machine allows: read and encoded ahead by threads while the language model writes.

Some threads read and preprocess files, one encodes and checks what they have read, several films at once, and the
caller's own takes the language model from token to token. A film that can't be read or is refused ends with its
reason and costs the others nothing. What is said of a film is what `Model.report` and `Model.answer` say of it alone.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from engine.errors import EngineError
from engine.film_cache import FilmCache, Seen
from engine.input_check import InputCheck
from engine.model import Answer, Draft, Model
from engine.preprocess import Film
from engine.together import TaskBatch

DEFAULT_ROWS = 8


class FilmReader(Protocol):
    """How files become films; each method raises an EngineError for what it refuses."""

    def content(self, file: Path) -> bytes:
        """Read a file."""

    def film(self, content: bytes) -> Film:
        """Turn a file's content into a film [C, side, side] in [-1, 1]."""

    def context(self, content: bytes) -> str | None:
        """Give the context line of the film's prompts."""


@dataclass(frozen=True)
class Plan:
    """What is wanted of every film, and how: `rows` texts at once, `ahead` films read before they are needed."""

    drafts: bool = True
    questions: tuple[str, ...] = ()
    seed: int | None = None
    rows: int = DEFAULT_ROWS
    readers: int = 2
    encoded_together: int = 8
    ahead: int = 32


@dataclass(frozen=True)
class FilmSaid:
    """What came of one film; `refused` is the reason where nothing could be said of it at all.

    `draft` is a sentence where there is none, None where none was wanted; `answers` are in the questions' order, a
    sentence for one that was refused. `cached` says that the film wasn't encoded anew.
    """

    file: Path
    sha256: str = ""
    context: str | None = None
    check: InputCheck | None = None
    cached: bool = False
    refused: str = ""
    draft: Draft | str | None = None
    answers: tuple[Answer | str, ...] = ()


def say(
    model: Model, files: Iterable[Path], reader: FilmReader, plan: Plan, cache: FilmCache | None = None
) -> Generator[FilmSaid, None, None]:
    """Draft films and ask about them, and give each as it is done; files are taken as they are needed.

    Whoever doesn't take all closes the generator, which ends its threads.
    Raises DataError where the cache can't be written.
    """
    with _Ahead(model, files, reader, plan, cache) as ahead:
        desk = _Desk(model, plan)
        while True:
            for film in ahead.take(desk.waiting):
                if film.said.refused:
                    yield film.said
                else:
                    desk.put(film)
            if desk.busy:
                yield from desk.step()
            elif not ahead.wait():
                return


@dataclass(frozen=True, eq=False)
class _Film:
    """A film on its way: `film` until it was seen, `seen` from then on."""

    said: FilmSaid
    film: Film | None = None
    seen: Seen | None = None


class _Ahead:
    """Reads and encodes films before they are needed; all but the work itself happens in the caller's thread."""

    def __init__(
        self, model: Model, files: Iterable[Path], reader: FilmReader, plan: Plan, cache: FilmCache | None
    ) -> None:
        self._model, self._files, self._reader = model, iter(files), reader
        self._more = True
        self._plan, self._cache = plan, cache
        self._readers = ThreadPoolExecutor(plan.readers, "film-reader")
        self._encoder = ThreadPoolExecutor(1, "film-encoder")
        self._reading: set[Future[_Film]] = set()
        self._read: deque[_Film] = deque()
        self._encoding: Future[list[_Film]] | None = None

    def __enter__(self) -> _Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in (self._readers, self._encoder):
            pool.shutdown(cancel_futures=True)

    def take(self, waiting: int) -> list[_Film]:
        """Give the films that are ready and set the threads to work on others; `waiting` were taken before."""
        ready = self._collect()
        on_the_way = len(self._reading) + len(self._read) + len(ready) + waiting
        on_the_way += 0 if self._encoding is None else self._plan.encoded_together
        while self._more and on_the_way < self._plan.ahead:
            file = next(self._files, None)
            if file is None:
                self._more = False
            else:
                self._reading.add(self._readers.submit(self._open, file))
                on_the_way += 1
        return ready

    def wait(self) -> bool:
        """Wait until there may be something to take; False where nothing is to come."""
        works: set[Future[Any]] = {*self._reading}
        if self._encoding is not None:
            works.add(self._encoding)
        if works:
            wait(works, return_when=FIRST_COMPLETED)
        # Without any at work the rest is still to come: all that were read ahead may have been refused at once.
        return bool(works) or self._more

    def _collect(self) -> list[_Film]:
        ready: list[_Film] = []
        for work in [work for work in self._reading if work.done()]:
            self._reading.remove(work)
            film = work.result()
            (self._read if film.film is not None else ready).append(film)
        if self._encoding is not None and self._encoding.done():
            ready += self._encoding.result()
            self._encoding = None
        if self._encoding is None and self._read:
            count = min(len(self._read), self._plan.encoded_together)
            films = [self._read.popleft() for _ in range(count)]
            self._encoding = self._encoder.submit(self._encode, films)
        return ready

    def _open(self, file: Path) -> _Film:
        """Read a file; a film that was seen before needs no more than its header."""
        said = FilmSaid(file)
        try:
            content = self._reader.content(file)
            said = replace(said, sha256=hashlib.sha256(content).hexdigest())
            seen = None if self._cache is None else self._cache.find(said.sha256)
            if seen is None:
                film = self._reader.film(content)
                return _Film(replace(said, context=self._reader.context(content)), film)
            said = replace(said, context=self._reader.context(content), cached=True)
            return _seen(_Film(said), seen)
        except EngineError as error:
            return _Film(replace(said, refused=str(error)))

    def _encode(self, films: list[_Film]) -> list[_Film]:
        """Check films together; where that fails each alone, so that one film's fault is its own."""
        try:
            seen = self._look([film.film for film in films if film.film is not None])
        except EngineError as error:
            if len(films) == 1:
                return [_Film(replace(films[0].said, refused=str(error)))]
            return [one for film in films for one in self._encode([film])]
        if self._cache is not None:
            for film, entry in zip(films, seen, strict=True):
                self._cache.keep(film.said.sha256, entry)
        return [_seen(film, entry) for film, entry in zip(films, seen, strict=True)]

    def _look(self, films: list[Film]) -> list[Seen]:
        checks = self._model.check_films(films)
        return [
            Seen(check, self._model.look(film) if check.accepted else None)
            for check, film in zip(checks, films, strict=True)
        ]


def _seen(film: _Film, seen: Seen) -> _Film:
    refused = "" if seen.check.accepted else seen.check.reason
    return _Film(replace(film.said, check=seen.check, refused=refused), None, seen)


@dataclass(eq=False)
class _Asked:
    """A film whose texts are being written: those that came, by place, and how many are still to come."""

    film: _Film
    open: int
    draft: Draft | str | None = None
    answers: dict[int, Answer | str] = field(default_factory=dict)


class _Desk:
    """The language model's work: a draft of each film, then its answers, over one batch of rows."""

    def __init__(self, model: Model, plan: Plan) -> None:
        self._model, self._plan = model, plan
        # A place is a question's; a draft has none.
        self._batch: TaskBatch[tuple[_Asked, int | None]] = TaskBatch(model, plan.rows)
        self._waiting: deque[tuple[_Asked, int | None]] = deque()

    @property
    def waiting(self) -> int:
        """How many texts wait for a row."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._waiting) or self._batch.busy

    def put(self, film: _Film) -> None:
        """Take a film up."""
        asked = _Asked(film, open=self._plan.drafts + len(self._plan.questions))
        if self._plan.drafts:
            self._waiting.append((asked, None))
        else:
            self._waiting.extend((asked, place) for place in range(len(self._plan.questions)))

    def step(self) -> list[FilmSaid]:
        """Take every text a token further; give the films that are done."""
        while self._batch.free and self._waiting:
            asked, place = self._waiting.popleft()
            self._begin(asked, place)
        done = []
        for (asked, place), made in self._batch.step():
            said = str(made) if isinstance(made, EngineError) else made
            asked.open -= 1
            if place is not None:
                asked.answers[place] = said
            else:
                asked.draft = said
                # First, so that films are done in about their order; answers may lean towards the draft just made.
                questions = range(len(self._plan.questions))
                self._waiting.extendleft((asked, number) for number in reversed(questions))
            if not asked.open:
                done.append(self._done(asked))
        return done

    def _begin(self, asked: _Asked, place: int | None) -> None:
        said, seen = asked.film.said, asked.film.seen
        codes = () if seen is None else seen.check.codes
        looked = None if seen is None else seen.looked
        if place is None:
            task = self._model.report_task(codes, self._plan.seed, said.context, looked)
            self._batch.add((asked, place), task)
        else:
            question = self._plan.questions[place]
            self._batch.add(
                (asked, place), self._model.answer_task(codes, question, self._plan.seed, said.context)
            )

    def _done(self, asked: _Asked) -> FilmSaid:
        answers = tuple(asked.answers[place] for place in sorted(asked.answers))
        return replace(asked.film.said, draft=asked.draft, answers=answers)
