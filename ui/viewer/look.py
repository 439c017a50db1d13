"""Looks of a film: the hall's windows and VOI LUTs, dragged, fitted and turned into tables of grey levels.

The formulas of PS3.3 C.11.2 stand in `llmcxr_ws.grey` and nowhere else. Here is what a reader does to them:
drag a window, and start a drag from a table without the film jumping.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from llmcxr_ws.grey import Curve, VoiLut, Window

Grey = npt.NDArray[np.uint8]
Colours = npt.NDArray[np.uint32]
Values = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Look = Window | VoiLut | Curve

# A window is fitted to at most so many values: the first frame of a drag must not wait for more.
_MOST_VALUES = 4096
_SMALLEST_WIDTH = {"LINEAR": 2.0, "LINEAR_EXACT": 1e-3, "SIGMOID": 1e-3}


def grey_table(look: Look, values: Values, *, inverse: bool) -> Grey:
    """Return the grey level of each possible pixel value.

    Parameters
    ----------
    look : Window, VoiLut or Curve
    values : float array
        The modality LUT's output for the pixel values 0, 1, 2 ...
    inverse : bool
        Whether low values are white (MONOCHROME1, presentation LUT shape INVERSE, or the reader's wish).
    """
    bright = look.apply(values)
    return np.asarray(np.rint((1 - bright if inverse else bright) * 255), dtype=np.uint8)


def screen_colours(table: Grey) -> Colours:
    """Return grey levels as opaque 0xAARRGGBB, which Qt copies to the screen without converting them."""
    return np.asarray(table.astype(np.uint32) * np.uint32(0x010101) | np.uint32(0xFF000000))


def dragged(window: Window, right: float, down: float) -> Window:
    """Return a window after a pointer move of so many steps to the right and downwards.

    A step is the 200th part of the width, so that narrow and wide windows feel alike. To the right the window
    widens (less contrast); downwards the level rises (a darker film).
    """
    step = max(window.width, 1.0) / 200.0
    width = max(window.width + right * step, _SMALLEST_WIDTH[window.function])
    return replace(window, center=window.center + down * step, width=width, explanation="")


def carried(window: Window, mine: Window, theirs: Window) -> Window:
    """Return the window of another film that is to its own window what `window` is to mine.

    Two detectors count in different units; where both films ask for the same window, the numbers stay the same.
    """
    if (mine.center, mine.width, mine.function) == (theirs.center, theirs.width, theirs.function):
        return window
    ratio = theirs.width / mine.width
    center = theirs.center + (window.center - mine.center) * ratio
    width = max(window.width * ratio, _SMALLEST_WIDTH[window.function])
    return replace(window, center=center, width=width, explanation="")


def window_over(counts: Counts, values: Values, low: float, high: float, name: str) -> Window:
    """Return the window from the `low` to the `high` quantile (0 to 1) of a film's values."""
    present, weights = _present(counts, values)
    if present.size == 0:
        return Window(0.0, 2.0, "LINEAR_EXACT", name)
    total = np.cumsum(weights)
    first, last = np.searchsorted(total, [low, high - 1e-12])
    last = min(int(last), present.size - 1)
    start, end = float(present[first]), float(present[last])
    return Window((start + end) / 2, max(end - start, 1e-3), "LINEAR_EXACT", name)


def falling(window: Window) -> Curve:
    """Return a LINEAR_EXACT window turned over: black where it was white. No window can say that itself."""
    ends = np.array([window.center - window.width / 2, window.center + window.width / 2])
    return Curve(ends, np.array([1.0, 0.0]), window.explanation)


def linear_equivalent(look: Look, counts: Counts, values: Values) -> tuple[Window, bool]:
    """Return the linear window that changes the film least when it replaces `look`.

    The second value says whether `look` falls (darker for larger values), which no window does: black and
    white have to be exchanged then. Linear windows are returned as they are. The error is weighed with how
    often each value occurs, so a VOI LUT that reaches far beyond the data doesn't make the film jump.
    """
    if isinstance(look, Window) and look.function != "SIGMOID":
        return look, False
    present, weights = _thinned(*_present(counts, values))
    if present.size == 0:
        return Window(0.0, 2.0, "LINEAR_EXACT"), False
    target = look.apply(present)
    apart = present - np.sum(weights * present)
    falls = bool(np.sum(weights * apart * target) < 0)
    if falls:
        target = 1 - target

    def error_of(candidate: Window) -> float:
        return float(np.sum(weights * np.abs(candidate.apply(present) - target)))

    window = min(_candidates(present, weights, target), key=error_of)
    least, step = error_of(window), 0.2
    while step > 0.004:
        nearby = [
            replace(window, center=window.center + shift * window.width, width=window.width * factor)
            for shift in (-step, 0.0, step)
            for factor in (1.0 - step, 1.0, 1.0 + step)
        ]
        candidate = min(nearby, key=error_of)
        error = error_of(candidate)
        if error < least - 1e-9:
            window, least = candidate, error
        else:
            step /= 2.0
    return window, falls


def _present(counts: Counts, values: Values) -> tuple[Values, Values]:
    """Return the values that occur, ascending, and the share of each."""
    at = np.flatnonzero(counts)
    at = at[np.argsort(values[at], kind="stable")]
    shares = counts[at].astype(np.float64)
    return values[at], shares / max(shares.sum(), 1.0)


def _thinned(present: Values, shares: Values) -> tuple[Values, Values]:
    group = -(-present.size // _MOST_VALUES)
    if group <= 1:
        return present, shares
    starts = np.arange(0, present.size, group)
    sums = np.add.reduceat(shares, starts)
    return np.add.reduceat(shares * present, starts) / sums, sums


def _candidates(present: Values, weights: Values, target: Values) -> list[Window]:
    """Windows through pairs of grey levels that the look really reaches, and a weighted regression."""
    found = [_through(float(present[0]), 0.0, float(present[-1]) + 1e-3, 1.0)]
    for share in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4):
        below, above = np.flatnonzero(target <= share), np.flatnonzero(target >= 1.0 - share)
        if below.size and above.size and above[0] > below[-1]:
            found.append(_through(float(present[below[-1]]), share, float(present[above[0]]), 1.0 - share))
    middle = (target > 0.01) & (target < 0.99)
    if np.count_nonzero(middle) > 1:
        mean_value = float(np.average(present[middle], weights=weights[middle]))
        mean_grey = float(np.average(target[middle], weights=weights[middle]))
        apart = present[middle] - mean_value
        spread = float(np.sum(weights[middle] * apart**2))
        rise = float(np.sum(weights[middle] * apart * (target[middle] - mean_grey))) / max(spread, 1e-12)
        if rise > 1e-12:
            found.append(_through(mean_value, mean_grey, mean_value + 1.0, mean_grey + rise))
    return found


def _through(value_a: float, grey_a: float, value_b: float, grey_b: float) -> Window:
    width = (value_b - value_a) / (grey_b - grey_a)
    return Window(value_a + (0.5 - grey_a) * width, width, "LINEAR_EXACT")
