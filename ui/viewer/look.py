"""How values become grey levels: windows, VOI tables, and the linear window that stands for a table.

Formulas are those of DICOM PS3.3 C.11.2.1.2 (LINEAR, LINEAR_EXACT, SIGMOID) and C.11.2.1.1 (VOI LUT). Every
look ends as one table of 65536 grey levels, so that drawing is a single look-up whatever the function was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float64]

ENTRIES = 65536
# A window is fitted to at most 4096 values: the first frame of a drag must not wait for more.
_COARSE = 16
# LINEAR with width 1 is a threshold (PS3.3 C.11.2.1.2.1); the others need any width above 0.
_MINIMUM_WIDTH = {"LINEAR": 1.0 + 1e-6, "LINEAR_EXACT": 1e-3, "SIGMOID": 1e-3}


class Function(StrEnum):
    """VOI LUT Function (0028,1056)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True, kw_only=True)
class Window:
    """A window given by WindowCenter and WindowWidth, in units of the modality LUT's output."""

    center: float
    width: float
    function: Function = Function.LINEAR
    name: str = ""

    def greys(self, values: Values) -> Values:
        """Return grey levels 0 to 255, as floats, of `values`."""
        width = max(self.width, _MINIMUM_WIDTH[self.function])
        match self.function:
            case Function.LINEAR:
                fraction = (values - (self.center - 0.5)) / (width - 1.0) + 0.5
            case Function.LINEAR_EXACT:
                fraction = (values - self.center) / width + 0.5
            case Function.SIGMOID:
                exponent = np.clip(-4.0 * (values - self.center) / width, -500.0, 500.0)
                fraction = 1.0 / (1.0 + np.exp(exponent))
        return np.asarray(np.clip(fraction, 0.0, 1.0) * 255.0)

    def dragged(self, horizontal: float, vertical: float) -> Window:
        """Return the window after a pointer move of so many steps to the right and downwards.

        A step is the 200th part of the width, so that narrow and wide windows feel alike. To the right the
        window widens (less contrast); downwards the level rises (a darker film).
        """
        step = max(self.width, 1.0) / 200.0
        width = max(self.width + horizontal * step, _MINIMUM_WIDTH[self.function])
        return replace(self, center=self.center + vertical * step, width=width, name="")


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A VOI LUT: grey levels 0 to 255 for the values from `first` on; the ends hold beyond the table."""

    first: float
    greys_by_value: Values
    name: str = ""

    def greys(self, values: Values) -> Values:
        """Return grey levels 0 to 255, as floats, of `values`."""
        at = np.clip(np.floor(values - self.first), 0, len(self.greys_by_value) - 1)
        return np.asarray(self.greys_by_value[at.astype(np.intp)])


Look = Window | Table


def grey_table(look: Look, slope: float, intercept: float, *, inverse: bool) -> Grey:
    """Return the grey level of each of the 65536 possible pixel values.

    Parameters
    ----------
    look : Window or Table
    slope, intercept : float
        A pixel p stands for the value ``p * slope + intercept`` (the modality LUT's output).
    inverse : bool
        Whether low values are white (MONOCHROME1, presentation LUT shape INVERSE, or the reader's wish).
    """
    values = np.arange(ENTRIES, dtype=np.float64) * slope + intercept
    greys = np.rint(look.greys(values)).astype(np.uint8)
    return np.asarray(255 - greys, dtype=np.uint8) if inverse else greys


def linear_equivalent(look: Look, counts: npt.NDArray[np.int64], slope: float, intercept: float) -> Window:
    """Return the linear window that changes the film least when it replaces `look`.

    Parameters
    ----------
    look : Window or Table
        Linear windows are returned as they are.
    counts : array of int, shape (65536,)
        How often each pixel value occurs, padding left out. The error is weighed with it, so a VOI LUT
        that reaches far beyond the data doesn't make the film jump at the first drag.
    """
    if isinstance(look, Window) and look.function is not Function.SIGMOID:
        return look
    if np.count_nonzero(counts) > ENTRIES // _COARSE:
        counts, slope, intercept = (
            counts.reshape(-1, _COARSE).sum(axis=1),
            slope * _COARSE,
            intercept + slope * (_COARSE - 1) / 2,
        )
    present = np.flatnonzero(counts)
    if present.size == 0:
        return Window(center=intercept, width=2.0, function=Function.LINEAR_EXACT)
    values: Values = present.astype(np.float64) * slope + intercept
    weights = counts[present].astype(np.float64)
    weights /= weights.sum()
    target = look.greys(values)
    best, least = _spread(values), np.inf
    for candidate in _candidates(values, weights, target):
        error = float(np.sum(weights * np.abs(candidate.greys(values) - target)))
        if error < least:
            best, least = candidate, error
    return _refined(best, values, weights, target)


def _spread(values: Values) -> Window:
    low, high = float(values[0]), float(values[-1])
    return Window(center=(low + high) / 2, width=max(high - low, 1.0), function=Function.LINEAR_EXACT)


def _candidates(values: Values, weights: Values, target: Values) -> list[Window]:
    """Windows through pairs of grey levels that the look really reaches, and a weighted regression."""
    found = [_spread(values)]
    for share in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4):
        low, high = 255.0 * share, 255.0 * (1.0 - share)
        below, above = np.flatnonzero(target <= low), np.flatnonzero(target >= high)
        if below.size and above.size and above[0] > below[-1]:
            start, end = values[below[-1]], values[above[0]]
            found.append(_through(start, low, end, high))
    middle = (target > 2.0) & (target < 253.0)
    if np.count_nonzero(middle) > 1:
        mean_value = np.average(values[middle], weights=weights[middle])
        mean_grey = np.average(target[middle], weights=weights[middle])
        apart = values[middle] - mean_value
        spread = float(np.sum(weights[middle] * apart**2))
        rise = float(np.sum(weights[middle] * apart * (target[middle] - mean_grey))) / max(spread, 1e-12)
        if rise > 1e-9:
            found.append(_through(mean_value, mean_grey, mean_value + 1.0, mean_grey + rise))
    return found


def _through(value_a: float, grey_a: float, value_b: float, grey_b: float) -> Window:
    width = 255.0 * (value_b - value_a) / (grey_b - grey_a)
    center = value_a + (127.5 - grey_a) * width / 255.0
    return Window(center=float(center), width=float(width), function=Function.LINEAR_EXACT)


def _refined(window: Window, values: Values, weights: Values, target: Values) -> Window:
    """Improve centre and width by shrinking steps as long as the weighted error falls."""

    def error_of(candidate: Window) -> float:
        return float(np.sum(weights * np.abs(candidate.greys(values) - target)))

    least, step = error_of(window), 0.2
    while step > 0.004:
        neighbours = [
            replace(window, center=window.center + shift * window.width, width=window.width * factor)
            for shift in (-step, 0.0, step)
            for factor in (1.0 - step, 1.0, 1.0 + step)
        ]
        candidate = min(neighbours, key=error_of)
        error = error_of(candidate)
        if error < least - 1e-9:
            window, least = candidate, error
        else:
            step /= 2.0
    return window
