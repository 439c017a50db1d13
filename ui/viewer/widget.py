"""The film under pointer and keys: windows, movement, lengths, the magnifier.

Keys are handled here and only while this widget has the focus: a letter typed into a report never reaches the
film. How a film is drawn stands in `ui.viewer.screen`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from ui.language import tr
from ui.viewer.actions import KEY_STEP, ZOOM_STEP, actions_of
from ui.viewer.film import Film
from ui.viewer.look import Look
from ui.viewer.magnifier import SIDE, glass_at, paint_glass
from ui.viewer.measure import Line, Measuring, paint_cursor, paint_lines
from ui.viewer.screen import FilmScreen

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


class FilmView(FilmScreen):
    """A film that a reader works on.

    Signals
    -------
    pointed(QPointF or None) : the pointer, or the measuring cross, is there; on the film no more for None
    tools_changed : measuring or the magnifier was switched on or off
    step_requested(int) : the reader wants the next (1) or previous (-1) film of the study
    action_requested(str) : a key of the film was pressed whose action isn't this view's own
    """

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
        self.setAccessibleName(tr("Film"))
        self.setAccessibleDescription(tr("The chest film; all its keys are listed with F1."))
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._keys = dict(keys)
        self._actions = actions_of(self)
        self._drag: _Drag | None = None
        self._space_held = False
        self._wheel = 0
        self._before_seen: tuple[Look, bool, bool] | None = None
        self._measuring = Measuring()
        self._is_magnifying = False
        self._pointer: QPointF | None = None

    def set_film(self, film: Film) -> None:
        """Show a film as stored, fitted into the view; lengths were the last one's."""
        self._before_seen = None
        self._measuring.clear()
        super().set_film(film)

    def clear(self, message: str) -> None:
        """Show no film but a sentence that says why."""
        self._measuring.clear()
        super().clear(message)

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

    def set_keys(self, keys: Mapping[str, str]) -> None:
        """Take other keys, as given to the constructor."""
        self._keys = dict(keys)

    def run(self, action: str) -> None:
        """Carry out an action of the film by its name; raise KeyError for one that isn't this view's own."""
        self._actions[action]()

    # Tools

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
            self._drag, self._is_held = None, False
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

    def follow_pointer(self, at: QPointF | None) -> None:
        """Show the magnifier where another view has it, telling nobody."""
        self._pointer = at
        if self._is_magnifying:
            self.update()

    def _point(self, at: QPointF | None) -> None:
        self.follow_pointer(at)
        if self._is_magnifying:
            self.pointed.emit(at)

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

    def _paint_lines(self, painter: QPainter, film: Film) -> None:
        area, ratio = QRectF(self.rect()), self.devicePixelRatioF()
        if self.lines:
            paint_lines(painter, area, self.lines, film, self._placement, ratio)
        if self._measuring.cursor is not None and self.hasFocus():
            x, y = self._placement.to_screen(self._measuring.cursor)
            paint_cursor(painter, QPointF(x / ratio, y / ratio))

    def _paint_glass(self, painter: QPainter, film: Film) -> None:
        if not self._is_magnifying:
            return
        ratio = self.devicePixelRatioF()
        at = self._pointer if self._pointer is not None else QPointF(self.rect().center())
        if self._drawn.table is not None:
            side = round(min(SIDE, 0.6 * min(self.width(), self.height())) * ratio)
            glass = glass_at(film, self._placement, self._drawn.table, self._device(at), side)
            paint_glass(painter, glass, at, ratio)

    # Pointer

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
        self._drag, self._is_held = _Drag(kind, event.button(), at, at), True
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
        self._drag, self._is_held = None, False
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

    # Keys

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
