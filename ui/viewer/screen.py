"""A film as it lies on the screen: its place, its look, its heat, and how all of it is painted.

Draws 8 bits in software, exactly the grey levels that `ui.viewer.sampling` computes; no OpenGL, so that it
looks the same everywhere and runs without a screen. What pointer and keys do is `ui.viewer.widget`'s.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from llmcxr_ws.grey import Window
from ui.language import tr
from ui.viewer.film import Film
from ui.viewer.geometry import LARGEST_SCALE, UPRIGHT, Placement, Point
from ui.viewer.heat import Heat, Region
from ui.viewer.look import Colours, Look, dragged
from ui.viewer.overlay import paint_message, paint_overlay
from ui.viewer.picture import Picture
from ui.viewer.sampling import Sample
from ui.viewer.seen import paint_seen

_REST_MS = 120


class FilmScreen(QWidget):
    """Shows one film; knows arrays, not the database nor DICOM.

    Signals
    -------
    look_changed : the look on the screen was changed by drag, key or call
    placed : the film was moved, zoomed or turned by drag, key or call
    """

    look_changed = Signal()
    placed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 240)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._film: Film | None = None
        self._placement: Placement = Placement(1, 1)
        self._message = tr("No film")
        self._look: Look = Window(128.0, 256.0)
        self._inverted = self._is_reversed = False
        self._is_fitted = True
        self._is_held = False
        self._room_was: Point = (0.0, 0.0)
        self._drawn = Picture()
        self._heat: Heat | None = None
        self._also_fits: Callable[[], float] = lambda: LARGEST_SCALE
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._on_rest)

    # What is shown

    @property
    def film(self) -> Film | None:
        """The film on the screen."""
        return self._film

    @property
    def look(self) -> Look:
        """The look on the screen."""
        return self._look

    @property
    def placement(self) -> Placement:
        """Where the film lies, in device pixels."""
        return self._placement

    @property
    def is_inverted(self) -> bool:
        """Whether the reader has inverted the grey levels."""
        return self._inverted

    @property
    def is_reversed(self) -> bool:
        """Whether the window stands in for a table that falls, so that its black and white change places."""
        return self._is_reversed

    @property
    def is_fitted(self) -> bool:
        """Whether the film is kept fitted into the view."""
        return self._is_fitted

    @property
    def is_showing_seen(self) -> bool:
        """Whether the film is drawn as the model saw it."""
        return self._film is not None and self._film.seen is not None and self._look is self._film.seen.look

    @property
    def message(self) -> str:
        """Why there is no film; the last such sentence."""
        return self._message

    @property
    def heat(self) -> Heat | None:
        """The map of heat over the film, if one is shown."""
        return self._heat

    def set_film(self, film: Film) -> None:
        """Show a film as stored, fitted into the view."""
        self._film = film
        self._heat = None
        self._placement = Placement(film.rows, film.columns)
        self.reset()

    def clear(self, message: str) -> None:
        """Show no film but a sentence that says why."""
        self._film, self._message, self._heat = None, message, None
        self._drawn.place_changed(smooth=False)
        self.look_changed.emit()
        self.update()

    def set_look(self, look: Look) -> None:
        """Show the film through another window or table."""
        self._take_look(look, is_reversed=False)

    def set_heat(self, heat: npt.NDArray[np.float32] | None, region: Region = (0.0, 0.0, 0.0, 0.0)) -> None:
        """Lay a map of heat over the film, or take it away; another film takes it away too.

        Parameters
        ----------
        heat : float32 array [rows, columns] in 0 to 1, or None
        region : (left, top, right, bottom)
            The part of the film that the whole map covers, in pixels of the file as stored, edges at 0.

        Raises
        ------
        ValueError
            If the heat isn't such an array or the region is empty.
        """
        self._heat = None if heat is None or self._film is None else Heat.over(heat, region)
        self._drawn.heat_changed()
        self.update()

    def replace_overlay(self, film: Film) -> None:
        """Take the texts and looks of `film`, which has the same pixels, without touching the view."""
        was = self._film
        self._film = film
        if was is not None and was.seen is not None and self._look is was.seen.look:
            self._look = film.seen.look if film.seen is not None else film.looks[0]
            self._drawn.look_changed()
        self.update()

    # What a reader may do to it

    def fit(self) -> None:
        """Show the whole film."""
        width, height = self._room()
        self._is_fitted = True
        fitted = self._placement.fitted(width, height)
        limit = self._also_fits()
        if limit < fitted.scale:
            fitted = fitted.zoomed(limit / fitted.scale, (width / 2, height / 2))
        self._place(fitted, keep_fit=True)

    def one_to_one(self) -> None:
        """Show one film pixel on one pixel of the screen, around the middle of the view."""
        self.zoom_at_middle(1.0 / self._placement.scale)

    def zoom_at_middle(self, factor: float) -> None:
        """Zoom with the middle of the view staying where it is."""
        width, height = self._room()
        self._zoom(factor, (width / 2, height / 2))

    def mirror(self, *, left_right: bool) -> None:
        """Mirror the film left to right, or upside down."""
        self._place(self._placement.mirrored(left_right=left_right))

    def turn(self, quarters: int) -> None:
        """Turn the film by quarters to the right."""
        was_fitted = self._is_fitted
        self._place(self._placement.turned(quarters))
        if was_fitted:
            self.fit()

    def invert(self) -> None:
        """Exchange black and white."""
        self._inverted = not self._inverted
        self._relook()

    def as_stored(self) -> None:
        """Show the film through its first stored window."""
        if self._film is not None:
            self.set_look(self._film.looks[0])

    def next_look(self) -> None:
        """Show the film through the next of its windows."""
        if self._film is None:
            return
        looks = self._film.looks
        at = next((n for n, look in enumerate(looks) if look is self._look), -1)
        self.set_look(looks[(at + 1) % len(looks)])

    def choose_look(self, at: int) -> None:
        """Show the film through one of its looks, counted from 0; nothing happens where there is none."""
        if self._film is not None and at < len(self._film.looks):
            self.set_look(self._film.looks[at])

    def drag_window(self, right: float, down: float) -> None:
        """Change the window as a drag by so many steps would."""
        if self._film is None:
            return
        window, is_falling = self._film.draggable(self._look)
        self._take_look(dragged(window, right, down), is_reversed=self._is_reversed != is_falling)

    def reset(self) -> None:
        """Show the film as stored: window, polarity, orientation and place."""
        if self._film is None:
            return
        self._inverted = self._is_reversed = False
        self._look = self._film.looks[0]
        self._drawn.look_changed()
        self._placement = Placement(self._film.rows, self._film.columns, UPRIGHT)
        self.fit()
        self.look_changed.emit()

    # Beside another film

    @property
    def fit_scale(self) -> float:
        """The scale at which this film alone would fit into the view."""
        return self._placement.fitted(*self._room()).scale

    @property
    def from_middle(self) -> Point:
        """How far the film's centre is from the view's, in device pixels."""
        width, height = self._room()
        return self._placement.middle[0] - width / 2, self._placement.middle[1] - height / 2

    def limit_fit(self, also_fits: Callable[[], float] | None) -> None:
        """Fit no larger than what `also_fits` returns, so that a film beside this one fits as well."""
        self._also_fits = also_fits if also_fits is not None else lambda: LARGEST_SCALE

    def follow(self, scale: float, from_middle: Point, *, is_fitted: bool) -> None:
        """Take a scale and a place (device pixels from the view's middle) from another view, telling nobody."""
        if self._film is None:
            return
        width, height = self._room()
        placement = self._placement.zoomed(scale / self._placement.scale, (width / 2, height / 2))
        dx = width / 2 + from_middle[0] - placement.middle[0]
        dy = height / 2 + from_middle[1] - placement.middle[1]
        was_blocked = self.blockSignals(True)
        self._rest.start()
        self._place(placement.moved(dx, dy), keep_fit=is_fitted)
        self._is_fitted = is_fitted
        self.blockSignals(was_blocked)

    def follow_look(self, look: Look, *, inverted: bool, is_reversed: bool) -> None:
        """Take a look and the polarity from another view, telling nobody."""
        self._look, self._inverted, self._is_reversed = look, inverted, is_reversed
        self._drawn.look_changed()
        self.update()

    # Inside

    def _take_look(self, look: Look, *, is_reversed: bool) -> None:
        self._look, self._is_reversed = look, is_reversed
        self._relook()

    def _relook(self) -> None:
        self._drawn.look_changed()
        self.look_changed.emit()
        self.update()

    def _room(self) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return self.width() * ratio, self.height() * ratio

    def _device(self, position: QPointF) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return position.x() * ratio, position.y() * ratio

    def _place(self, placement: Placement, *, keep_fit: bool = False) -> None:
        self._is_fitted = keep_fit or (self._is_fitted and placement.scale == self._placement.scale)
        self._room_was = self._room()
        self._placement = placement.kept_in(*self._room_was).snapped()
        self._drawn.place_changed(smooth=not (self._is_held or self._rest.isActive()))
        self.update()
        self.placed.emit()

    def _zoom(self, factor: float, pointer: tuple[float, float]) -> None:
        if self._film is None:
            return
        self._is_fitted = False
        self._rest.start()
        self._place(self._placement.zoomed(factor, pointer))

    def _on_room(self) -> None:
        if self._is_fitted:
            self.fit()
            return
        (width, height), (was_width, was_height) = self._room(), self._room_was
        self._place(self._placement.moved((width - was_width) / 2, (height - was_height) / 2))

    def _on_rest(self) -> None:
        if not self._is_held and not self._drawn.is_smooth:
            self._drawn.place_changed(smooth=True)
            self.update()

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep a fitted film fitted, and the middle of any other one in the middle."""
        self._on_room()

    def event(self, event: QEvent) -> bool:
        """Take a screen of another density as another size: places are kept in its pixels."""
        if event.type() is QEvent.Type.DevicePixelRatioChange:
            self._on_room()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw film and overlay."""
        painter = QPainter(self)
        try:
            self._paint(painter)
        finally:
            # Not left to the garbage collector: a painter that outlives its event is a crash.
            painter.end()

    def _paint(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        if self._film is None:
            paint_message(painter, self.rect(), self._message)
            return
        shown, colours = self._picture(self._film)
        rows, columns = shown.values.shape
        if rows and columns:
            ratio = self.devicePixelRatioF()
            image = QImage(colours.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(ratio)
            painter.drawImage(QPointF(shown.left / ratio, shown.top / ratio), image)
        self._paint_above(painter, self._film)
        paint_overlay(painter, self.rect(), self._film, self._look, self._placement, self._inverted)
        self._paint_glass(painter, self._film)

    def _paint_above(self, painter: QPainter, film: Film) -> None:
        """Draw what lies over the film: the model's picture, heat; lengths, where they are drawn."""
        area, ratio = QRectF(self.rect()), self.devicePixelRatioF()
        if film.seen is not None and self.is_showing_seen:
            paint_seen(painter, area, film, film.seen, self._placement, ratio, inverted=self._inverted)
        if self._heat is not None:
            heat = self._drawn.heat(self._heat, film, self._placement, self._room(), ratio)
            painter.drawImage(QPointF(0, 0), heat)
        self._paint_lines(painter, film)

    def _paint_lines(self, painter: QPainter, film: Film) -> None:
        """Draw lengths, where a view has them."""

    def _paint_glass(self, painter: QPainter, film: Film) -> None:
        """Draw a magnifier over everything, where a view has one."""

    def _picture(self, film: Film) -> tuple[Sample, Colours]:
        inverted = self._inverted != self._is_reversed
        return self._drawn.of(film, self._placement, self._look, self._room(), inverted=inverted)
