"""Where the film lies in the view: one of eight orientations, a scale and a place. Pure arithmetic, no Qt.

Screen coordinates here are device pixels with y downwards, so that scale 1 shows one film pixel on one
pixel of the screen whatever the screen's device pixel ratio.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

Point = tuple[float, float]
Orientation = tuple[int, int, int, int]

UPRIGHT: Orientation = (1, 0, 0, 1)
_QUARTER_RIGHT: Orientation = (0, -1, 1, 0)
_MIRROR_LEFT_RIGHT: Orientation = (-1, 0, 0, 1)
_MIRROR_UP_DOWN: Orientation = (1, 0, 0, -1)

SMALLEST_SCALE, LARGEST_SCALE = 0.02, 32.0


def _product(a: Orientation, b: Orientation) -> Orientation:
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
    )


@dataclass(frozen=True)
class Placement:
    """Where a film of `rows` x `columns` lies.

    Attributes
    ----------
    orientation : 2 x 2 matrix, row by row
        Turns film directions (x along the row, y along the column) into screen directions.
    scale : float
        Device pixels for each film pixel.
    middle : (x, y)
        Where the film's centre is on the screen.
    """

    rows: int
    columns: int
    orientation: Orientation = UPRIGHT
    scale: float = 1.0
    middle: Point = (0.0, 0.0)

    @property
    def is_turned(self) -> bool:
        """Whether film rows run vertically on the screen."""
        return self.orientation[0] == 0

    @property
    def extent(self) -> Point:
        """Width and height of the whole film on the screen."""
        size = (self.columns * self.scale, self.rows * self.scale)
        return (size[1], size[0]) if self.is_turned else size

    def to_screen(self, film: Point) -> Point:
        """Return where the film point (x = column, y = row, edges at 0) is on the screen."""
        a, b, c, d = self.orientation
        x, y = film[0] - self.columns / 2, film[1] - self.rows / 2
        return (self.middle[0] + self.scale * (a * x + b * y), self.middle[1] + self.scale * (c * x + d * y))

    def to_film(self, screen: Point) -> Point:
        """Return the film point under a screen point (may lie outside the film)."""
        a, b, c, d = self.orientation
        x, y = (screen[0] - self.middle[0]) / self.scale, (screen[1] - self.middle[1]) / self.scale
        # The inverse of an orientation is its transpose.
        return (a * x + c * y + self.columns / 2, b * x + d * y + self.rows / 2)

    def fitted(self, width: float, height: float) -> Placement:
        """Return the placement that shows the whole film in the middle of a view of this size."""
        across, down = (self.rows, self.columns) if self.is_turned else (self.columns, self.rows)
        scale = min(max(width, 1.0) / across, max(height, 1.0) / down)
        return replace(self, scale=_bounded(scale), middle=(width / 2, height / 2))

    def zoomed(self, factor: float, pointer: Point) -> Placement:
        """Return the placement scaled by `factor` with the film point under `pointer` staying there."""
        scale = _bounded(self.scale * factor)
        ratio = scale / self.scale
        middle = (
            pointer[0] + (self.middle[0] - pointer[0]) * ratio,
            pointer[1] + (self.middle[1] - pointer[1]) * ratio,
        )
        return replace(self, scale=scale, middle=middle)

    def moved(self, dx: float, dy: float) -> Placement:
        """Return the placement shifted by so many device pixels."""
        return replace(self, middle=(self.middle[0] + dx, self.middle[1] + dy))

    def kept_in(self, width: float, height: float) -> Placement:
        """Return the placement pulled back so that the view never loses the film.

        A film larger than the view covers its centre; a smaller one keeps its centre inside.
        """
        middle = []
        for place, size, room in zip(self.middle, self.extent, (width, height), strict=True):
            slack = max(size / 2, room / 2)
            middle.append(min(max(place, room / 2 - slack), room / 2 + slack))
        return replace(self, middle=(middle[0], middle[1]))

    def snapped(self) -> Placement:
        """Return the placement with film pixels exactly on screen pixels, where one is one; else unchanged.

        Half a pixel aside, every pixel would be a mean of its neighbours.
        """
        if abs(self.scale - 1.0) > 1e-9:
            return self
        x, y = self.to_screen((0.0, 0.0))
        return replace(self, scale=1.0).moved(round(x) - x, round(y) - y)

    def turned(self, quarters: int) -> Placement:
        """Return the placement rotated on the screen by quarter turns to the right (negative: left)."""
        orientation = self.orientation
        for _ in range(quarters % 4):
            orientation = _product(_QUARTER_RIGHT, orientation)
        return replace(self, orientation=orientation)

    def mirrored(self, *, left_right: bool) -> Placement:
        """Return the placement mirrored on the screen, left to right or upside down."""
        mirror = _MIRROR_LEFT_RIGHT if left_right else _MIRROR_UP_DOWN
        return replace(self, orientation=_product(mirror, self.orientation))

    @property
    def is_mirrored(self) -> bool:
        """Whether the film is seen from behind (left and right exchanged)."""
        a, b, c, d = self.orientation
        return a * d - b * c < 0


def transform_of(placement: Placement) -> tuple[float, float, float, float, float, float]:
    """Return m11, m12, m21, m22, dx, dy of the transform from film points to the screen, as Qt orders them."""
    a, b, c, d = (part * placement.scale for part in placement.orientation)
    x, y = placement.to_screen((0.0, 0.0))
    return a, c, b, d, x, y


def _bounded(scale: float) -> float:
    return scale if math.isnan(scale) else min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)


_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "F": "H", "H": "F"}


def opposite(letters: str) -> str:
    """Return the direction opposite to PatientOrientation letters ("RF" becomes "LH")."""
    return "".join(_OPPOSITE.get(letter, "") for letter in letters)


def edge_letters(orientation: Orientation, row_end: str, column_end: str) -> tuple[str, str, str, str]:
    """Return the letters at the screen's left, right, upper and lower edge.

    `row_end` and `column_end` are the two values of PatientOrientation (0020,0020).
    """
    a, b, c, d = orientation
    along_x = {(1, 0): row_end, (-1, 0): opposite(row_end), (0, 1): column_end, (0, -1): opposite(column_end)}
    right, lower = along_x[(a, b)], along_x[(c, d)]
    return opposite(right), right, opposite(lower), lower
