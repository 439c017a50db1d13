"""A film as the view needs it: 16-bit pixels in a pyramid, the looks to choose from, the corner texts.

Doesn't read files: whoever makes a `Film` has applied the modality LUT and decided the polarity.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ui.viewer.look import ENTRIES, Look, Window, linear_equivalent

Pixels = npt.NDArray[np.uint16]

_SMALLEST_LEVEL = 256
_LEVELS = 3


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """Texts over the corners, from top to bottom, and what lies at the film's edges.

    `row_end` and `column_end` are the PatientOrientation (0020,0020) letters: where the rows run to (the
    right edge as stored) and where the columns run to (the lower edge as stored); empty where unknown.
    """

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    row_end: str = ""
    column_end: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Film:
    """One film, ready to be drawn.

    Attributes
    ----------
    levels : tuple of uint16 arrays
        The pyramid: level n is the film halved n times, level 0 the film itself, shape (rows, columns).
    slope, intercept : float
        A pixel p stands for the value ``p * slope + intercept``, in which windows are given.
    looks : tuple of Window or Table
        At least one; the first is the film as stored.
    inverse : bool
        Whether the lowest value is white.
    counts : int64 array, shape (65536,)
        How often each pixel value occurs in the half-size film; used to fit windows.
    """

    levels: tuple[Pixels, ...]
    looks: tuple[Look, ...]
    counts: npt.NDArray[np.int64]
    slope: float = 1.0
    intercept: float = 0.0
    inverse: bool = False
    overlay: Overlay = field(default_factory=Overlay)

    @classmethod
    def from_pixels(
        cls,
        pixels: Pixels,
        *,
        looks: tuple[Look, ...] = (),
        slope: float = 1.0,
        intercept: float = 0.0,
        inverse: bool = False,
        padding: npt.NDArray[np.bool_] | None = None,
        overlay: Overlay | None = None,
    ) -> Film:
        """Build pyramid, histogram and, where `looks` is empty, a window over the film's own range.

        Raises
        ------
        ValueError
            If `pixels` isn't a uint16 array of two dimensions with at least one pixel.
        """
        if pixels.dtype != np.uint16 or pixels.ndim != 2 or pixels.size == 0:
            raise ValueError(
                f"a film needs uint16 pixels in two dimensions, not {pixels.dtype}{pixels.shape}"
            )
        levels = pyramid(pixels)
        shown = pixels[::2, ::2] if padding is None else pixels[::2, ::2][~padding[::2, ::2]]
        counts = np.bincount(shown.ravel(), minlength=ENTRIES).astype(np.int64)
        found = looks or (window_over(counts, slope, intercept, name="Full range"),)
        return cls(
            levels=levels,
            looks=found,
            counts=counts,
            slope=slope,
            intercept=intercept,
            inverse=inverse,
            overlay=overlay or Overlay(),
        )

    @property
    def rows(self) -> int:
        """Rows of the film itself."""
        return int(self.levels[0].shape[0])

    @property
    def columns(self) -> int:
        """Columns of the film itself."""
        return int(self.levels[0].shape[1])

    def draggable(self, look: Look) -> Window:
        """Return the window that a drag starts from when `look` is on the screen."""
        return linear_equivalent(look, self.counts, self.slope, self.intercept)

    def level_for(self, scale: float) -> int:
        """Return the coarsest pyramid level that still has a pixel for each screen pixel at `scale`."""
        level = 0
        while level + 1 < len(self.levels) and scale * 2 ** (level + 1) <= 1.0:
            level += 1
        return level


def pyramid(pixels: Pixels) -> tuple[Pixels, ...]:
    """Return the film and its halves (means of 2 x 2 pixels, odd edges repeated), three levels at most."""
    levels = [np.ascontiguousarray(pixels)]
    while len(levels) < _LEVELS and min(levels[-1].shape) >= 2 * _SMALLEST_LEVEL:
        levels.append(_halved(levels[-1]))
    return tuple(levels)


def _halved(pixels: Pixels) -> Pixels:
    rows, columns = pixels.shape
    if rows % 2 or columns % 2:
        pixels = np.pad(pixels, ((0, rows % 2), (0, columns % 2)), mode="edge")
    half = np.empty((pixels.shape[0] // 2, pixels.shape[1] // 2), dtype=np.uint16)
    for start in range(0, half.shape[0], 32):
        block = pixels[2 * start : 2 * start + 64].astype(np.uint32)
        pairs = block[0::2] + block[1::2]
        half[start : start + 32] = (pairs[:, 0::2] + pairs[:, 1::2] + 2) >> 2
    return half


def window_over(
    counts: npt.NDArray[np.int64],
    slope: float,
    intercept: float,
    *,
    low: float = 0.0,
    high: float = 1.0,
    name: str = "",
) -> Window:
    """Return the window from the `low` to the `high` quantile of the film's values."""
    total = np.cumsum(counts)
    if total[-1] == 0:
        return Window(center=intercept, width=2.0, name=name)
    first, last = np.searchsorted(total, [max(low * total[-1], 1), high * total[-1]])
    ends = sorted((float(first) * slope + intercept, float(last) * slope + intercept))
    # LINEAR maps [c - 0.5 - (w - 1) / 2, c - 0.5 + (w - 1) / 2] to the greys, hence the half and the one.
    return Window(center=sum(ends) / 2 + 0.5, width=max(ends[1] - ends[0] + 1.0, 2.0), name=name)
