"""Regions of a film: which part of it the words of a draft depend on, as a box in the film's own pixels.

A map says how far a sentence's log-probability falls where the film is put out, one value for each image token. Its
strongest connected part, down to half of the strongest fall, becomes one box: what viewers draw. It shows what the
words depend on, and is no outline of a disease.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmcxr_ws.uids import derived_uid

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the film; its outer edges are 0 and its number of columns or rows."""

# As the window's map of heat: below it no part stands out; its rim lies at half of the strongest fall.
LEAST_FALL = 0.1
RIM = 0.5


@dataclass(frozen=True, kw_only=True)
class Region:
    """A box on a film, the words that depend on it, and by what it is known again in every document."""

    box: Box
    words: str
    tracking_uid: str
    tracking_id: str

    @property
    def outline(self) -> list[tuple[float, float]]:
        """The corners (column, row), closed."""
        return corners(self.box)


def corners(box: Box) -> list[tuple[float, float]]:
    """Return the corners (column, row) of a box, closed."""
    left, top, right, bottom = box
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]


def tracking_uid(film_uid: str, model_uid: str, what: str) -> str:
    """Return the Tracking UID of a finding or region: the same model on the same film finds the same one."""
    return derived_uid("tracked finding", film_uid, model_uid, what)


def box_of_map(values: Sequence[float], rows: int, columns: int, seen: Box) -> Box | None:
    """Return the box of a map's strongest part, or None where no part stands out.

    Parameters
    ----------
    values : sequence of float
        Falls in nats, row by row, `rows` x `columns`.
    seen : Box
        The part of the film that the map lies over, in the film's pixels.
    """
    if len(values) != rows * columns or not values or max(values) < LEAST_FALL:
        return None
    strongest = max(range(len(values)), key=values.__getitem__)
    cells = _connected(values, rows, columns, strongest, RIM * values[strongest])
    down, across = [cell // columns for cell in cells], [cell % columns for cell in cells]
    left, top, right, bottom = seen
    wide, high = (right - left) / columns, (bottom - top) / rows
    return (
        left + min(across) * wide,
        top + min(down) * high,
        left + (max(across) + 1) * wide,
        top + (max(down) + 1) * high,
    )


def is_within(box: Box, rows: int, columns: int) -> bool:
    """Whether a box has an area and lies on a film of this size."""
    left, top, right, bottom = box
    return 0 <= left < right <= columns and 0 <= top < bottom <= rows


def _connected(values: Sequence[float], rows: int, columns: int, start: int, least: float) -> set[int]:
    """The cells of at least this value that hang together with the first by their sides."""
    found, waiting = {start}, [start]
    while waiting:
        row, column = divmod(waiting.pop(), columns)
        for down, across in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            cell = down * columns + across
            inside = 0 <= down < rows and 0 <= across < columns
            if inside and cell not in found and values[cell] >= least:
                found.add(cell)
                waiting.append(cell)
    return found
