"""Marks over a text that lie over one another, cut into stretches that don't. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

Place = tuple[int, int]


def layered(marks: Iterable[tuple[Place, str]]) -> list[tuple[Place, frozenset[str]]]:
    """Return stretches in the order of the text, each with the names of all marks that lie over it.

    Qt draws selections that overlap one after the other, so that the last one hides the rest.
    """
    edges: dict[int, list[tuple[int, str]]] = {}
    for (start, end), name in marks:
        if end > start:
            edges.setdefault(start, []).append((1, name))
            edges.setdefault(end, []).append((-1, name))
    depth: dict[str, int] = {}
    made: list[tuple[Place, frozenset[str]]] = []
    for here, there in pairwise(sorted(edges)):
        for step, name in edges[here]:
            depth[name] = depth.get(name, 0) + step
        over = frozenset(name for name, count in depth.items() if count > 0)
        if over:
            made.append(((here, there), over))
    return made
