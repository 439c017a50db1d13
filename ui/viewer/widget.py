"""The film on the screen: pointer, keys and painting.

Draws 8 bits in software, exactly the grey levels that `ui.viewer.sampling` computes; no OpenGL, so that it
looks the same everywhere and runs without a screen. Keys are handled here and only while this widget has the
focus: a letter typed into a report never reaches the film.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from llmcxr_ws.grey import Window
from ui.viewer.actions import KEY_STEP, ZOOM_STEP, actions_of
from ui.viewer.film import Film
from ui.viewer.geometry import LARGEST_SCALE, UPRIGHT, Placement, Point
from ui.viewer.heat import Heat, Region
from ui.viewer.look import Colours, Look, dragged
from ui.viewer.magnifier import SIDE, glass_at, paint_glass
from ui.viewer.measure import Line, Measuring, paint_cursor, paint_lines
from ui.viewer.overlay import paint_message, paint_overlay
from ui.viewer.picture import Picture
from ui.viewer.sampling import Sample
from ui.viewer.seen import paint_seen

_REST_MS = 120
_FINE = 0.2
_PAN_STEP = 40.0
_NOTCH = 120  # Eighths of a degree, as Qt counts a wheel.
# What a key does even where the film itself can't be shown.
_WITHOUT_FILM = ("film.next", "film.previous", "film.prior", "film.swap")


@dataclass
class _Drag:
    """A pointer movement under way: what it does and where it was last, in device pixels."""

    kind: str  # "window", "pan", "zoom" or "measure"
    button: Qt.MouseButton
    start: tuple[float, float]
    last: tuple[float, float]


class FilmView(QWidget):
    """Shows one film; knows arrays, not the database nor DICOM.

    Signals
    -------
    look_changed : the look on the screen was changed by drag, key or call
    placed : the film was moved, zoomed or turned by drag, key or call
    pointed(QPointF or None) : the pointer, or the measuring cross, is there; on the film no more for None
    tools_changed : measuring or the magnifier was switched on or off
    step_requested(int) : the reader wants the next (1) or previous (-1) film of the study
    action_requested(str) : a key of the film was pressed whose action isn't this view's own
    """

    look_changed = Signal()
    placed = Signal()
    pointed = Signal(object)
    tools_changed = Signal()
    step_requested = Signal(int)
    action_requested = Signal(str)

    def __init__(self, keys: Mapping[str, str], parent: QWidget | None = None) -> None:
        """Make an empty view.

        Parameters
        ----------
        keys : mapping
            Action names (``film.fit`` ...) by key sequence in Qt's portable text.
        """
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 240)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Film")
        self.setAccessibleDescription("The chest film; all its keys are listed with F1.")
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._keys = dict(keys)
        self._actions = actions_of(self)
        self._film: Film | None = None
        self._placement: Placement = Placement(1, 1)
        self._message = "No film"
        self._look: Look = Window(128.0, 256.0)
        self._inverted = self._is_reversed = False
        self._is_fitted = True
        self._room_was: Point = (0.0, 0.0)
        self._wheel = 0
        self._drag: _Drag | None = None
        self._space_held = False
        self._drawn = Picture()
        self._heat: Heat | None = None
        self._before_seen: tuple[Look, bool, bool] | None = None
        self._measuring = Measuring()
        self._is_magnifying = False
        self._pointer: QPointF | None = None
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

    def set_film(self, film: Film) -> None:
        """Show a film as stored, fitted into the view."""
        self._film = film
        self._heat = self._before_seen = None
        self._measuring.clear()
        self._placement = Placement(film.rows, film.columns)
        self.reset()

    def clear(self, message: str) -> None:
        """Show no film but a sentence that says why."""
        self._film, self._message, self._heat = None, message, None
        self._measuring.clear()
        self._drawn.place_changed(smooth=False)
        self.look_changed.emit()
        self.update()

    def set_look(self, look: Look) -> None:
        """Show the film through another window or table."""
        self._take_look(look, is_reversed=False)

    @property
    def heat(self) -> Heat | None:
        """The map of heat over the film, if one is shown."""
        return self._heat

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

    def run(self, action: str) -> None:
        """Carry out an action of the film by its name; raise KeyError for one that isn't this view's own."""
        self._actions[action]()

    def set_keys(self, keys: Mapping[str, str]) -> None:
        """Take other keys, as given to the constructor."""
        self._keys = dict(keys)

    @property
    def message(self) -> str:
        """Why there is no film; the last such sentence."""
        return self._message

    @property
    def is_showing_seen(self) -> bool:
        """Whether the film is drawn as the model saw it."""
        return self._film is not None and self._film.seen is not None and self._look is self._film.seen.look

    @property
    def is_measuring(self) -> bool:
        """Whether the left button draws lengths."""
        return self._measuring.is_on

    @property
    def is_magnifying(self) -> bool:
        """Whether the magnifier follows the pointer."""
        return self._is_magnifying

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lengths drawn on this film."""
        return self._measuring.lines

    # What the reader may do

    def fit(self) -> None:
        """Show the whole film."""
        width, height = self._room()
        self._is_fitted = True
        fitted = self._placement.fitted(width, height)
        limit = self._also_fits()
        if limit < fitted.scale:
            fitted = fitted.zoomed(limit / fitted.scale, (width / 2, height / 2))
        self._place(fitted, keep_fit=True)

    @property
    def fit_scale(self) -> float:
        """The scale at which this film alone would fit into the view."""
        return self._placement.fitted(*self._room()).scale

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

    def follow_pointer(self, at: QPointF | None) -> None:
        """Show the magnifier where another view has it, telling nobody."""
        self._pointer = at
        if self._is_magnifying:
            self.update()

    def _point(self, at: QPointF | None) -> None:
        self.follow_pointer(at)
        if self._is_magnifying:
            self.pointed.emit(at)

    def follow_look(self, look: Look, *, inverted: bool, is_reversed: bool) -> None:
        """Take a look and the polarity from another view, telling nobody."""
        self._look, self._inverted, self._is_reversed = look, inverted, is_reversed
        self._drawn.look_changed()
        self.update()

    @property
    def is_fitted(self) -> bool:
        """Whether the film is kept fitted into the view."""
        return self._is_fitted

    @property
    def from_middle(self) -> Point:
        """How far the film's centre is from the view's, in device pixels."""
        width, height = self._room()
        return self._placement.middle[0] - width / 2, self._placement.middle[1] - height / 2

    def one_to_one(self) -> None:
        """Show one film pixel on one pixel of the screen, around the middle of the view."""
        self.zoom_at_middle(1.0 / self._placement.scale)

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

    def toggle_seen(self) -> None:
        """Show what the model saw, or go back to what was shown before; asks for it where it isn't known."""
        film = self._film
        if film is None or film.seen is None:
            self.action_requested.emit("film.seen")
            return
        if self.is_showing_seen:
            look, self._inverted, is_reversed = self._before_seen or (film.looks[0], False, False)
            self._take_look(look, is_reversed=is_reversed)
        else:
            self._before_seen = (self._look, self._inverted, self._is_reversed)
            self._inverted = False
            self.set_look(film.seen.look)

    def measure(self, is_on: bool) -> None:
        """Let the left button draw lengths, or change the window again."""
        width, height = self._room()
        self._measuring.switch(is_on, self._placement.to_film((width / 2, height / 2)))
        if self._drag is not None and self._drag.kind == "measure":
            self._drag = None
        self.tools_changed.emit()
        self.update()

    def remove_line(self) -> None:
        """Take the last length off the film."""
        self._measuring.remove_last()
        self.update()

    def magnify(self, is_on: bool) -> None:
        """Show a magnifier at the pointer, or in the middle until the pointer comes."""
        self._is_magnifying = is_on
        self.setMouseTracking(is_on)
        self.tools_changed.emit()
        self.update()

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

    # Inside

    def _room(self) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return self.width() * ratio, self.height() * ratio

    def _device(self, position: QPointF) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return position.x() * ratio, position.y() * ratio

    def go(self, across: int, down: int) -> None:
        """Move the measuring cross, or the film the other way."""
        if self.is_measuring:
            modifiers = QApplication.keyboardModifiers()
            step = 1.0 if modifiers & Qt.KeyboardModifier.ShiftModifier else KEY_STEP
            at = self._measuring.move(self._placement, (across * step, down * step), self._room())
            self._point(QPointF(at[0], at[1]) / self.devicePixelRatioF())
            self.update()
        else:
            self._rest.start()
            self._place(self._placement.moved(-across * _PAN_STEP, -down * _PAN_STEP))

    def drag_window(self, right: float, down: float) -> None:
        """Change the window as a drag by so many steps would."""
        if self._film is None:
            return
        window, is_falling = self._film.draggable(self._look)
        self._take_look(dragged(window, right, down), is_reversed=self._is_reversed != is_falling)

    def _take_look(self, look: Look, *, is_reversed: bool) -> None:
        self._look, self._is_reversed = look, is_reversed
        self._relook()

    def _relook(self) -> None:
        self._drawn.look_changed()
        self.look_changed.emit()
        self.update()

    def _place(self, placement: Placement, *, keep_fit: bool = False) -> None:
        self._is_fitted = keep_fit or (self._is_fitted and placement.scale == self._placement.scale)
        self._room_was = self._room()
        self._placement = placement.kept_in(*self._room_was).snapped()
        self._drawn.place_changed(smooth=self._drag is None and not self._rest.isActive())
        self.update()
        self.placed.emit()

    def mirror(self, *, left_right: bool) -> None:
        """Mirror the film left to right, or upside down."""
        self._place(self._placement.mirrored(left_right=left_right))

    def turn(self, quarters: int) -> None:
        """Turn the film by quarters to the right."""
        was_fitted = self._is_fitted
        self._place(self._placement.turned(quarters))
        if was_fitted:
            self.fit()

    def zoom_at_middle(self, factor: float) -> None:
        """Zoom with the middle of the view staying where it is."""
        width, height = self._room()
        self._zoom(factor, (width / 2, height / 2))

    def _zoom(self, factor: float, pointer: tuple[float, float]) -> None:
        if self._film is None:
            return
        self._is_fitted = False
        self._rest.start()
        self._place(self._placement.zoomed(factor, pointer))

    def _on_rest(self) -> None:
        if self._drag is None and not self._drawn.is_smooth:
            self._drawn.place_changed(smooth=True)
            self.update()

    def _picture(self, film: Film) -> tuple[Sample, Colours]:
        inverted = self._inverted != self._is_reversed
        return self._drawn.of(film, self._placement, self._look, self._room(), inverted=inverted)

    # Qt

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
        if self._is_magnifying:
            self._paint_glass(painter, self._film)

    def _paint_above(self, painter: QPainter, film: Film) -> None:
        """Draw what lies over the film: the model's picture, heat, lengths."""
        area, ratio = QRectF(self.rect()), self.devicePixelRatioF()
        if film.seen is not None and self.is_showing_seen:
            paint_seen(painter, area, film, film.seen, self._placement, ratio, inverted=self._inverted)
        if self._heat is not None:
            heat = self._drawn.heat(self._heat, film, self._placement, self._room(), ratio)
            painter.drawImage(QPointF(0, 0), heat)
        if self.lines:
            paint_lines(painter, area, self.lines, film, self._placement, ratio)
        if self._measuring.cursor is not None and self.hasFocus():
            x, y = self._placement.to_screen(self._measuring.cursor)
            paint_cursor(painter, QPointF(x / ratio, y / ratio))

    def _paint_glass(self, painter: QPainter, film: Film) -> None:
        ratio = self.devicePixelRatioF()
        at = self._pointer if self._pointer is not None else QPointF(self.rect().center())
        if self._drawn.table is not None:
            side = round(min(SIDE, 0.6 * min(self.width(), self.height())) * ratio)
            glass = glass_at(film, self._placement, self._drawn.table, self._device(at), side)
            paint_glass(painter, glass, at, ratio)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep a fitted film fitted, and the middle of any other one in the middle."""
        self._on_room()

    def event(self, event: QEvent) -> bool:
        """Take a screen of another density as another size: places are kept in its pixels."""
        if event.type() is QEvent.Type.DevicePixelRatioChange:
            self._on_room()
        return super().event(event)

    def _on_room(self) -> None:
        if self._is_fitted:
            self.fit()
            return
        (width, height), (was_width, was_height) = self._room(), self._room_was
        self._place(self._placement.moved((width - was_width) / 2, (height - was_height) / 2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag."""
        kinds = {
            Qt.MouseButton.LeftButton: self._left_kind(),
            Qt.MouseButton.MiddleButton: "pan",
            Qt.MouseButton.RightButton: "zoom",
        }
        kind = kinds.get(event.button())
        if kind is None or self._film is None or self._drag is not None:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        at = self._device(event.position())
        self._drag = _Drag(kind, event.button(), at, at)
        if kind == "measure":
            self._measuring.begin(self._placement.to_film(at))

    def _left_kind(self) -> str:
        if self._space_held:
            return "pan"
        return "measure" if self.is_measuring else "window"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with a drag."""
        self._point(event.position())
        if self._drag is not None and not event.buttons() & self._drag.button:
            self._end_drag()  # Its release went to a window that came up meanwhile.
        if self._drag is None or self._film is None:
            return
        at = self._device(event.position())
        dx, dy = at[0] - self._drag.last[0], at[1] - self._drag.last[1]
        self._drag.last = at
        if dx == dy == 0.0:
            return
        match self._drag.kind:
            case "window":
                fine = _FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
                ratio = self.devicePixelRatioF()
                self.drag_window(dx / ratio * fine, dy / ratio * fine)
            case "measure":
                self._measuring.stretch(self._placement.to_film(at))
                self.update()
            case "pan":
                self._place(self._placement.moved(dx, dy))
            case "zoom":
                self._zoom(float(1.01**-dy), self._drag.start)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag; the film is drawn smoothly again."""
        if self._drag is not None and event.button() is self._drag.button:
            self._end_drag()

    def _end_drag(self) -> None:
        self._drag = None
        self._on_rest()
        self._measuring.end(self._placement)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Take the magnifier back to the middle."""
        self._point(None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the window as stored."""
        if event.button() is Qt.MouseButton.LeftButton and not self.is_measuring:
            self.as_stored()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl, otherwise leaf through the films of the study."""
        angle = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom(ZOOM_STEP ** (angle / _NOTCH), self._device(event.position()))
        else:
            # A touchpad sends many small angles: one film for each notch of a wheel.
            self._wheel = angle if angle * self._wheel < 0 else self._wheel + angle
            if abs(self._wheel) >= _NOTCH:
                self.step_requested.emit(-1 if self._wheel > 0 else 1)
                self._wheel = 0
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Run the action of the key, if it has one."""
        if event.key() == Qt.Key.Key_Space:
            self._space_held = True
            self.setCursor(Qt.CursorShape.OpenHandCursor)
            return
        if self.is_measuring and self._film is not None:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._measuring.set_point(self._placement)
                self.update()
                return
            if event.key() == Qt.Key.Key_Escape:
                self.measure(False)
                return
        # "+" needs Shift on some keyboards and the keypad on others: neither is part of the name.
        plain = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        name = QKeySequence(event.key() | plain.value).toString(QKeySequence.SequenceFormat.PortableText)
        action = self._keys.get(name)
        if action is None or (self._film is None and action not in _WITHOUT_FILM):
            super().keyPressEvent(event)
            return
        if action in self._actions:
            self._actions[action]()
        else:
            self.action_requested.emit(action)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Give the pointer back when Space is let go."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space_held = False
            self.setCursor(Qt.CursorShape.CrossCursor)
            return
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Forget a held Space: its release goes elsewhere."""
        self._space_held = False
        self.setCursor(Qt.CursorShape.CrossCursor)
        super().focusOutEvent(event)
