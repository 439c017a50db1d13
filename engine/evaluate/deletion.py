"""The deletion test: put the film out in the order that a map gives, and see how fast the sentence falls.

A faithful map names the blocks whose loss takes the sentence away: its curve lies above that of a random order and of
one from the centre outwards. The film is put out with the neutral film that the maps use, and with another person's
film, which no map has seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.evidence.occlusion import GRID, Blocks, Scorer

UNITS = Blocks(2, 2).places()
STEPS = (0, 1, 2, 4, 8, 16, 32, len(UNITS))
MAP, RANDOM, CENTRE = "map", "random", "centre first"
ORDERS = (MAP, RANDOM, CENTRE)
RANDOM_ORDERS = 3

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Deletion:
    """One sentence's curves: by how much its log-probability has fallen after each of STEPS, by order."""

    curves: dict[str, Curve]

    def area(self, order: str) -> float:
        """Give the mean fall over the share of the film that is put out."""
        return float(np.trapezoid(self.curves[order], np.array(STEPS) / STEPS[-1]))


def orders_for(falls: Sequence[float], random: np.random.Generator) -> dict[str, list[NDArray[np.intp]]]:
    """Give the orders of UNITS by a map [256], by chance (several), and from the centre outwards."""
    values = np.asarray(falls)
    strength = np.array([values[unit].mean() for unit in UNITS])
    return {
        MAP: [np.argsort(-strength, kind="stable")],
        RANDOM: [random.permutation(len(UNITS)) for _ in range(RANDOM_ORDERS)],
        CENTRE: [np.argsort(_from_centre(), kind="stable")],
    }


def deletion(
    scorer: Scorer,
    sentence: int,
    orders: Mapping[str, Sequence[NDArray[np.intp]]],
    replaced_by: NDArray[np.int64],
) -> Deletion:
    """Put the film out step by step in each order and give the curves; several of one order are averaged."""
    base = scorer.score([], [])[sentence]
    ends = {0: base, len(UNITS): scorer.score(range(GRID * GRID), replaced_by.tolist())[sentence]}

    def at(order: NDArray[np.intp], count: int) -> float:
        if count in ends:
            return float(base - ends[count])
        places = np.sort(np.concatenate([UNITS[unit] for unit in order[:count]]))
        return float(base - scorer.score(places.tolist(), replaced_by[places].tolist())[sentence])

    return Deletion(
        {
            name: np.mean([[at(order, count) for count in STEPS] for order in each], axis=0)
            for name, each in orders.items()
        }
    )


def _from_centre() -> NDArray[np.float64]:
    middle = (GRID - 1) / 2
    rows, columns = np.divmod(np.arange(GRID * GRID), GRID)
    far = (rows - middle) ** 2 + (columns - middle) ** 2
    return np.array([far[unit].mean() for unit in UNITS])
