"""From 16-bit film to 8-bit screen: resample once for a placement, look up grey levels at each change.

A window drag leaves the placement alone, so it costs one look-up over the pixels of the screen and nothing
else. Look-ups go in blocks that stay in the processor's cache: the same call over a whole film is several
times slower. No Qt here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ui.viewer.film import Film, Pixels
from ui.viewer.geometry import Placement

_BLOCK_VALUES = 65536
Kind = TypeVar("Kind", np.uint16, np.bool_)
Shade = TypeVar("Shade", np.uint8, np.uint32)


@dataclass(frozen=True, eq=False)
class Sample:
    """The part of a film that a view shows, in 16-bit values, at the screen's resolution.

    `left` and `top` say where the sample lies in the view, in device pixels; `padding` marks what is always
    black, where the film has such pixels.
    """

    values: Pixels
    left: int
    top: int
    padding: npt.NDArray[np.bool_] | None = None


def look_up(
    table: npt.NDArray[Shade], values: Pixels, out: npt.NDArray[Shade] | None = None
) -> npt.NDArray[Shade]:
    """Return ``table[values]``, computed in cache-sized blocks of rows.

    Parameters
    ----------
    table : uint8 or uint32 array, with an entry for every value that occurs
    values : uint16 array, shape (rows, columns)
    out : array of the table's type and the values' shape, optional
        Filled and returned, so that a drag allocates nothing.
    """
    result = np.empty(values.shape, dtype=table.dtype) if out is None else out
    block = max(_BLOCK_VALUES // max(values.shape[1], 1), 1)
    for start in range(0, values.shape[0], block):
        # mode="clip" is the only mode in which numpy writes into `out` without a second buffer.
        np.take(table, values[start : start + block], out=result[start : start + block], mode="clip")
    return result


def sample(film: Film, placement: Placement, width: int, height: int, *, smooth: bool) -> Sample:
    """Resample the visible part of `film` for a view of `width` x `height` device pixels.

    Nearest pixels while something moves, bilinear when it rests; both from the pyramid level that fits the
    scale, so that a film shown small is averaged rather than thinned.
    """
    across, down = placement.extent
    left = max(int(np.floor(placement.middle[0] - across / 2)), 0)
    top = max(int(np.floor(placement.middle[1] - down / 2)), 0)
    right = min(int(np.ceil(placement.middle[0] + across / 2)), width)
    bottom = min(int(np.ceil(placement.middle[1] + down / 2)), height)
    if right <= left or bottom <= top:
        return Sample(np.zeros((0, 0), dtype=np.uint16), 0, 0)
    level = film.level_for(placement.scale)
    pixels = film.levels[level]
    screen_x = np.arange(left, right, dtype=np.float64) + np.float64(0.5)
    screen_y = np.arange(top, bottom, dtype=np.float64) + np.float64(0.5)
    columns, rows = _film_axes(placement, screen_x, screen_y)
    factor = 2**level
    pick = _bilinear if smooth else _nearest
    values = pick(pixels, rows / factor, columns / factor)
    padding = None
    if film.padding is not None:
        mask = _nearest(film.padding, rows, columns)
        padding = mask.T if placement.is_turned else mask
    return Sample(np.ascontiguousarray(values.T if placement.is_turned else values), left, top, padding)


def _film_axes(
    placement: Placement, screen_x: npt.NDArray[np.float64], screen_y: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the film columns and rows that the screen's pixel centres fall on."""
    a, b, c, d = placement.orientation
    x = (screen_x - placement.middle[0]) / placement.scale
    y = (screen_y - placement.middle[1]) / placement.scale
    columns = (c * y if placement.is_turned else a * x) + placement.columns / 2
    rows = (b * x if placement.is_turned else d * y) + placement.rows / 2
    return columns, rows


def _nearest(
    pixels: npt.NDArray[Kind], rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]
) -> npt.NDArray[Kind]:
    at_rows = np.clip(np.floor(rows).astype(np.intp), 0, pixels.shape[0] - 1)
    at_columns = np.clip(np.floor(columns).astype(np.intp), 0, pixels.shape[1] - 1)
    return np.take(np.take(pixels, at_rows, axis=0), at_columns, axis=1)


def _bilinear(pixels: Pixels, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> Pixels:
    row, row_weight = _neighbours(rows, pixels.shape[0])
    column, column_weight = _neighbours(columns, pixels.shape[1])
    next_row = np.minimum(row + 1, pixels.shape[0] - 1)
    next_column = np.minimum(column + 1, pixels.shape[1] - 1)
    result = np.empty((rows.size, columns.size), dtype=np.uint16)
    first, last = int(column.min()), int(next_column.max()) + 1
    strip = pixels[:, first:last]
    block = max(_BLOCK_VALUES // max(last - first, 1), 1)
    for start in range(0, rows.size, block):
        part = slice(start, start + block)
        upper, lower = strip[row[part]].astype(np.float32), strip[next_row[part]].astype(np.float32)
        upper += (lower - upper) * row_weight[part, None]
        near = np.take(upper, column - first, axis=1)
        far = np.take(upper, next_column - first, axis=1)
        near += (far - near) * column_weight[None, :]
        result[part] = near + np.float32(0.5)
    return result


def _neighbours(
    at: npt.NDArray[np.float64], size: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Return the pixel before each place and the weight of the one after (pixel centres are at .5)."""
    centred = np.clip(at - 0.5, 0.0, size - 1.0)
    before = np.floor(centred).astype(np.intp)
    return before, (centred - before).astype(np.float32)
