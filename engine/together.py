"""Drafts and answers of many films at once: a model's tasks over a batch of rows.

A task asks for texts (:data:`engine.model.Task`); here each of them takes a row when one is free. What a task makes
is what `Model.report` and `Model.answer` make of the same steps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from engine.errors import EngineError
from engine.model import Model, Task
from engine.runtime.batching import TextBatch, TextRequest
from engine.runtime.generation import OnStep

Key = TypeVar("Key")


class TaskBatch(Generic[Key]):
    """A fixed number of a model's tasks at work; others are added as they end."""

    def __init__(self, model: Model, rows: int) -> None:
        self._texts: TextBatch[tuple[Key, Task[Any]]] = TextBatch(
            model.backends.language, model.bundle.vocabulary, rows
        )
        self._ended: list[tuple[Key, Any]] = []

    @property
    def free(self) -> int:
        """How many tasks can be added."""
        return self._texts.free

    @property
    def busy(self) -> bool:
        """Whether there is anything to do, or an end to tell of."""
        return bool(self._ended) or self._texts.busy

    def add(self, key: Key, task: Task[Any]) -> None:
        """Begin a task, under a key that its end will be told by."""
        self._go_on(key, task, task.__next__)

    def step(self, on_step: OnStep | None = None) -> list[tuple[Key, Any]]:
        """Take every task a token further; give what those made that ended, or the EngineError they ended with."""
        for (key, task), said in self._texts.step(on_step):
            resume = partial(task.throw, said) if isinstance(said, EngineError) else partial(task.send, said)
            self._go_on(key, task, resume)
        ended, self._ended = self._ended, []
        return ended

    def _go_on(self, key: Key, task: Task[Any], resume: Callable[[], TextRequest]) -> None:
        """Let a task go on to its next text, which takes the row that the last one had, or to its end."""
        try:
            request = resume()
        except StopIteration as ended:
            self._ended.append((key, ended.value))
        except EngineError as error:
            self._ended.append((key, error))
        else:
            self._texts.add((key, task), request)
