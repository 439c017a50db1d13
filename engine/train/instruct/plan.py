"""The plan of a run: which task and which item stand at every place, settled before the first step.

A place depends on the seed and on nothing that happens while training, so a run that goes on after a crash,
and every one of several processes, sees the same examples. A longer plan begins with the shorter one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.train.instruct.corpus import Corpus, Item
from engine.train.instruct.settings import TASKS, InstructSettings

REPOSITORY_FILM_SHARE = 0.8


@dataclass(frozen=True)
class Plan:
    """Task (index in TASKS) and item (index among the task's) for each place, both [places]."""

    tasks: NDArray[np.int8]
    items: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tasks)

    def passes(self, corpus: Corpus) -> dict[str, float]:
        """Give how often each task's items come up on average."""
        drawn = np.bincount(self.tasks, minlength=len(TASKS))
        counts = corpus.counts()
        return {
            task: float(number) / counts[task]
            for task, number in zip(TASKS, drawn, strict=True)
            if counts[task]
        }


def make_plan(corpus: Corpus, settings: InstructSettings, places: int) -> Plan:
    """Plan `places` draws by the settings' mix.

    Items of equal weight come in shuffled passes without repeats, others by chance with their weights.
    Raises DataError for a task with a share and no items, or a named source without films.
    """
    pools = _pools(corpus, settings)
    shares = np.array([share for share, _ in pools])
    random = np.random.default_rng([settings.seed, 0])
    chosen = random.choice(len(pools), size=places, p=shares / shares.sum())
    tasks, items = np.zeros(places, np.int8), np.zeros(places, np.int64)
    for number, (_, members) in enumerate(pools):
        at = np.flatnonzero(chosen == number)
        drawn = _draw(_weights(corpus, members, settings.sources), len(at), [settings.seed, 1, number])
        tasks[at] = np.concatenate([np.full(len(corpus.items[task]), TASKS.index(task)) for task in members])[
            drawn
        ]
        items[at] = np.concatenate([np.arange(len(corpus.items[task])) for task in members])[drawn]
    return Plan(tasks, items)


def _pools(corpus: Corpus, settings: InstructSettings) -> list[tuple[float, tuple[str, ...]]]:
    if settings.mix == "repository":
        films = tuple(task for task in TASKS if task != "instruct" and corpus.items[task])
        pools = [(REPOSITORY_FILM_SHARE, films), (1.0 - REPOSITORY_FILM_SHARE, ("instruct",))]
    else:
        pools = [(settings.shares.get(task, 0.0), (task,)) for task in TASKS]
    pools = [(share, members) for share, members in pools if share > 0]
    for share, members in pools:
        if not sum(len(corpus.items[task]) for task in members):
            raise DataError(
                f"The task {' or '.join(members) or 'with films'} has a share of {share:g} and no examples in "
                f"the training split{_why(corpus.dropped)}. Add its texts to the prepared set, or set its share to 0."
            )
    return pools


def _why(dropped: Mapping[str, int]) -> str:
    return f" (left out: {', '.join(f'{count} {why}' for why, count in dropped.items())})" if dropped else ""


def _weights(
    corpus: Corpus, members: Sequence[str], sources: Mapping[str, float]
) -> NDArray[np.float64] | int:
    """Give the items' chances, or their number where all have the same."""
    items = [item for task in members for item in corpus.items[task]]
    weights = np.array([item.weight for item in items])
    if sources and items[0].film is not None:
        weights = _by_source(items, weights, sources)
    return len(items) if np.all(weights == weights[0]) else weights / weights.sum()


def _by_source(
    items: Sequence[Item], weights: NDArray[np.float64], sources: Mapping[str, float]
) -> NDArray[np.float64]:
    of = np.array([item.film.record.source if item.film else "" for item in items])
    scaled = np.zeros_like(weights)
    for name, share in sources.items():
        inside = of == name
        # A source may have no question or report of its own; then the others share its part.
        if inside.any():
            scaled[inside] = share * weights[inside] / weights[inside].sum()
    if not scaled.sum() > 0:
        raise DataError(f"None of the sources {', '.join(sources)} with a share has an example.")
    return scaled


def _draw(weights: NDArray[np.float64] | int, count: int, seed: list[int]) -> NDArray[np.int64]:
    if not isinstance(weights, int):
        return np.random.default_rng(seed).choice(len(weights), size=count, p=weights)
    passes = [
        np.random.default_rng([*seed, number]).permutation(weights) for number in range(-(-count // weights))
    ]
    return np.concatenate([*passes, np.zeros(0, np.int64)])[:count].astype(np.int64)
