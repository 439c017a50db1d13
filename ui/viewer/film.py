"""A film as the view needs it: 16-bit pixels in a pyramid, the looks to choose from, the corner texts.

Doesn't read files: whoever makes a `Film` has applied the modality LUT and decided the polarity.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from llmcxr_ws.grey import Window
from ui.viewer.look import Counts, Look, Values, linear_equivalent, window_over

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
    values : float array
        What the pixels 0, 1, 2 ... stand for; looks are given in these units.
    looks : tuple of Window or VoiLut
        At least one; the first is the film as stored.
    inverse : bool
        Whether the lowest value is white.
    padding : bool array of the film's shape, or None
        Pixels that no X-ray reached by definition; always black.
    counts : int64 array, as long as `values`
        How often each pixel value occurs in a quarter of the film, padding left out.
    stretch : float
        Rows drawn for each row of the file, where the file's pixels aren't square.
    """

    levels: tuple[Pixels, ...]
    values: Values
    looks: tuple[Look, ...]
    counts: Counts
    inverse: bool = False
    padding: npt.NDArray[np.bool_] | None = None
    overlay: Overlay = field(default_factory=Overlay)
    stretch: float = 1.0

    @classmethod
    def from_pixels(
        cls,
        pixels: Pixels,
        *,
        values: Values | None = None,
        looks: tuple[Look, ...] = (),
        inverse: bool = False,
        padding: npt.NDArray[np.bool_] | None = None,
        overlay: Overlay | None = None,
        stretch: float = 1.0,
    ) -> Film:
        """Build pyramid and histogram; add the computed looks to the ones given.

        Raises
        ------
        ValueError
            If `pixels` isn't a uint16 array of two dimensions with at least one pixel, or `values` is too
            short for it.
        """
        if pixels.dtype != np.uint16 or pixels.ndim != 2 or pixels.size == 0:
            raise ValueError(
                f"a film needs uint16 pixels in two dimensions, not {pixels.dtype}{pixels.shape}"
            )
        meant = np.arange(65536, dtype=np.float64) if values is None else values.astype(np.float64)
        if int(pixels.max()) >= meant.size:
            raise ValueError(f"a film with pixels up to {pixels.max()} has values for {meant.size} only")
        part = pixels[::2, ::2]
        used = part if padding is None else part[~padding[::2, ::2]]
        counts = np.bincount(used.ravel(), minlength=meant.size).astype(np.int64)
        return cls(
            levels=pyramid(pixels if padding is None else _blackened(pixels, padding, meant, inverse)),
            values=meant,
            looks=looks + _computed(counts, meant, inverse=inverse),
            counts=counts,
            inverse=inverse,
            padding=padding,
            overlay=overlay or Overlay(),
            stretch=stretch,
        )

    @property
    def rows(self) -> int:
        """Rows of the film itself."""
        return int(self.levels[0].shape[0])

    @property
    def columns(self) -> int:
        """Columns of the film itself."""
        return int(self.levels[0].shape[1])

    def with_overlay(self, overlay: Overlay) -> Film:
        """Return the same film with other corner texts; pixels are shared."""
        return replace(self, overlay=overlay)

    def draggable(self, look: Look) -> tuple[Window, bool]:
        """Return the window that a drag of `look` starts from, and whether black and white change places."""
        return linear_equivalent(look, self.counts, self.values)

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


def _computed(counts: Counts, values: Values, *, inverse: bool) -> tuple[Window, ...]:
    """Looks over parts of the film's own values; "darker" and "brighter" as the film is seen."""
    dark, bright = ((0.02, 0.6), (0.4, 0.995)) if not inverse else ((0.4, 0.98), (0.005, 0.6))
    return (
        window_over(counts, values, 0.0, 1.0, "Full range"),
        window_over(counts, values, *dark, "Darker half (lungs)"),
        window_over(counts, values, *bright, "Brighter half (mediastinum)"),
    )


def _blackened(pixels: Pixels, padding: npt.NDArray[np.bool_], values: Values, inverse: bool) -> Pixels:
    """Give padding the pixel value shown darkest, so that means at its edge stay dark."""
    result = pixels.copy()
    result[padding] = int(np.argmax(values) if inverse else np.argmin(values))
    return result
