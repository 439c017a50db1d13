"""A film as the view needs it: 16-bit pixels in a pyramid, the looks to choose from, the corner texts.

Doesn't read files: whoever makes a `Film` has applied the modality LUT and decided the polarity.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from llmcxr_ws.grey import Curve, Window
from llmcxr_ws.spacing import Spacing
from ui.viewer.look import Counts, Look, Values, falling, linear_equivalent, window_over

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
class Seen:
    """What the model saw of a film.

    Attributes
    ----------
    look : Curve
        The model's grey levels, at the film's full resolution.
    picture : uint8 array
        The picture that the model was given.
    region : (left, top, right, bottom)
        The part of the film that it covers, in pixels of the file as stored.
    """

    look: Curve
    picture: npt.NDArray[np.uint8]
    region: tuple[float, float, float, float]


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
        At least one; the first is the film as stored. First those of the file, then the computed ones, then the
        model's.
    stored_looks : int
        How many of the looks are the file's own.
    inverse : bool
        Whether the lowest value is white.
    padding : bool array of the film's shape, or None
        Pixels that no X-ray reached by definition; always black.
    counts : int64 array, as long as `values`
        How often each pixel value occurs in a quarter of the film, padding left out.
    stretch : float
        Rows drawn for each row of the file, where the file's pixels aren't square.
    spacing : Spacing or None
        How large a pixel of the file is, where the header says it.
    seen : Seen or None
        What the model saw, where that is known.
    """

    levels: tuple[Pixels, ...]
    values: Values
    looks: tuple[Look, ...]
    counts: Counts
    inverse: bool = False
    padding: npt.NDArray[np.bool_] | None = None
    overlay: Overlay = field(default_factory=Overlay)
    stretch: float = 1.0
    spacing: Spacing | None = None
    stored_looks: int = 0
    seen: Seen | None = None

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
        spacing: Spacing | None = None,
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
        levels = pyramid(pixels if padding is None else _blackened(pixels, padding, meant, inverse))
        rows, columns = exposed_field(levels[-1], scale=2 ** (len(levels) - 1))
        counts = _counts(pixels, padding, slice(None, None, 2), slice(None, None, 2), meant.size)
        exposed = _counts(pixels, padding, rows, columns, meant.size)
        return cls(
            levels=levels,
            values=meant,
            looks=looks
            + _computed(counts, exposed if exposed.any() else counts, meant, looks, inverse=inverse),
            counts=counts,
            inverse=inverse,
            padding=padding,
            overlay=overlay or Overlay(),
            stretch=stretch,
            spacing=spacing,
            stored_looks=len(looks),
        )

    @property
    def rows(self) -> int:
        """Rows of the film itself."""
        return int(self.levels[0].shape[0])

    @property
    def columns(self) -> int:
        """Columns of the film itself."""
        return int(self.levels[0].shape[1])

    @property
    def stored_size(self) -> tuple[int, int]:
        """Columns and rows of the file; rows that were repeated to make pixels square count once."""
        return self.columns, round(self.rows / self.stretch)

    @property
    def pixel_mm(self) -> float | None:
        """Millimetres across a drawn pixel, or None where the header doesn't say."""
        return self.spacing.column_mm if self.spacing is not None else None

    def with_seen(self, seen: Seen | None) -> Film:
        """Return the same film with what the model saw of it as the last of its looks; pixels are shared."""
        looks = tuple(look for look in self.looks if self.seen is None or look is not self.seen.look)
        return replace(self, seen=seen, looks=looks if seen is None else (*looks, seen.look))

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


def exposed_field(pixels: Pixels, scale: int = 1) -> tuple[slice, slice]:
    """Return the rows and columns of the film between its collimated edges, in steps of two pixels.

    An edge is what has next to no detail from the border inwards; no more than a third goes on any side. Only the
    computed windows look at this: nothing is hidden.

    Parameters
    ----------
    pixels : uint16 array
        The film, or a level of its pyramid.
    scale : int
        Pixels of the film for each pixel of that level.
    """
    low, high = (float(edge) for edge in np.percentile(pixels[::2, ::2], (1, 99)))
    least = 0.06 * (high - low)
    found = []
    for axis in (1, 0):
        across = np.percentile(
            pixels[:: 2 if axis == 0 else 1, :: 2 if axis == 1 else 1], (10, 90), axis=axis
        )
        has_detail = (across[1] - across[0]) > least
        size = has_detail.size
        start = int(np.argmax(has_detail[: size // 3])) if has_detail[: size // 3].any() else 0
        tail = has_detail[::-1][: size // 3]
        end = size - (int(np.argmax(tail)) if tail.any() else 0)
        found.append(slice(start * scale, end * scale, 2))
    return found[0], found[1]


def _counts(
    pixels: Pixels, padding: npt.NDArray[np.bool_] | None, rows: slice, columns: slice, size: int
) -> Counts:
    part = pixels[rows, columns]
    used = part if padding is None else part[~padding[rows, columns]]
    return np.bincount(used.ravel(), minlength=size).astype(np.int64)


# Shares of the exposed film's pixels, as the film is seen: from the black end to the white end.
_PARTS = (
    ("Lungs (darker parts)", 0.02, 0.7),
    ("Mediastinum (brighter parts)", 0.3, 0.995),
    ("Bone (brightest parts)", 0.5, 0.999),
)


def _computed(
    whole: Counts, exposed: Counts, values: Values, stored: tuple[Look, ...], *, inverse: bool
) -> tuple[Look, ...]:
    """Looks over parts of the film's own values, of the polarity in which the film is stored."""
    falls = bool(stored) and linear_equivalent(stored[0], whole, values)[1]
    is_dark_above = inverse != falls
    parts = (
        window_over(exposed, values, *((low, high) if not is_dark_above else (1 - high, 1 - low)), name)
        for name, low, high in _PARTS
    )
    made = (window_over(whole, values, 0.0, 1.0, "Full range"), *parts)
    return tuple(falling(window) for window in made) if falls else made


def _blackened(pixels: Pixels, padding: npt.NDArray[np.bool_], values: Values, inverse: bool) -> Pixels:
    """Give padding the pixel value shown darkest, so that means at its edge stay dark."""
    result = pixels.copy()
    result[padding] = int(np.argmax(values) if inverse else np.argmin(values))
    return result
