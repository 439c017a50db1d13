"""What has been computed of a film for the screen, kept until what it depends on changes."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from ui.viewer.film import Film
from ui.viewer.geometry import Placement, Point
from ui.viewer.heat import Heat, paint_heat
from ui.viewer.look import Colours, Grey, Look, grey_table, screen_colours
from ui.viewer.sampling import Sample, look_up, sample

_BLACK = 0xFF000000


class Picture:
    """The visible part of a film: resampled for a place, looked up for a look, with its heat."""

    def __init__(self) -> None:
        self.is_smooth = False
        self.table: Grey | None = None
        self._sample: Sample | None = None
        self._colours: Colours | None = None
        self._heat: QImage | None = None

    def place_changed(self, *, smooth: bool) -> None:
        """Forget what lay elsewhere; `smooth` says how it will be resampled."""
        self.is_smooth = smooth
        self._sample = self._heat = None

    def look_changed(self) -> None:
        """Forget the grey levels."""
        self.table = None

    def heat_changed(self) -> None:
        """Forget the drawn heat."""
        self._heat = None

    def of(
        self, film: Film, placement: Placement, look: Look, room: Point, *, inverted: bool
    ) -> tuple[Sample, Colours]:
        """Return the visible part of the film in the screen's colours, recomputing only what changed.

        Parameters
        ----------
        room : (width, height)
            Of the view, in device pixels.
        inverted : bool
            Whether the reader has exchanged black and white.
        """
        if self._sample is None:
            self._sample = sample(film, placement, round(room[0]), round(room[1]), smooth=self.is_smooth)
            self._colours = None
        if self.table is None or self._colours is None:
            self.table = grey_table(look, film.values, inverse=film.inverse != inverted)
            if self._colours is None:
                self._colours = np.empty(self._sample.values.shape, dtype=np.uint32)
            look_up(screen_colours(self.table), self._sample.values, self._colours)
            if self._sample.padding is not None:
                self._colours[self._sample.padding] = _BLACK
        return self._sample, self._colours

    def heat(self, heat: Heat, film: Film, placement: Placement, room: Point, ratio: float) -> QImage:
        """Return the heat as it lies over the view; `ratio` is device pixels for each of the painter's."""
        if self._heat is None:
            width, height = (round(side) for side in room)
            self._heat = paint_heat(
                heat, placement, width, height, stretch=film.stretch, smooth=self.is_smooth
            )
            self._heat.setDevicePixelRatio(ratio)
        return self._heat
