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
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
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
from PySide6.QtWidgets import QSizePolicy, QWidget

from llmcxr_ws.grey import Window
from ui.viewer.film import Film
from ui.viewer.geometry import UPRIGHT, Placement
from ui.viewer.heat import Heat, Region, paint_heat
from ui.viewer.look import Grey, Look, dragged, grey_table
from ui.viewer.overlay import paint_message, paint_overlay
from ui.viewer.sampling import Sample, look_up, sample

_REST_MS = 120
_ZOOM_STEP = 1.25
_FINE = 0.2


@dataclass
class _Drag:
    """A pointer movement under way: what it does and where it was last, in device pixels."""

    kind: str  # "window", "pan" or "zoom"
    start: tuple[float, float]
    last: tuple[float, float]


class FilmView(QWidget):
    """Shows one film; knows arrays, not the database nor DICOM.

    Signals
    -------
    look_changed : the look on the screen was changed by drag, key or call
    step_requested(int) : the reader wants the next (1) or previous (-1) film of the study
    """

    look_changed = Signal()
    step_requested = Signal(int)

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
        self._actions: dict[str, Callable[[], None]] = {
            "film.fit": self.fit,
            "film.one_to_one": self.one_to_one,
            "film.zoom_in": lambda: self._zoom_at_middle(_ZOOM_STEP),
            "film.zoom_out": lambda: self._zoom_at_middle(1 / _ZOOM_STEP),
            "film.invert": self.invert,
            "film.flip_horizontal": lambda: self._mirror(left_right=True),
            "film.flip_vertical": lambda: self._mirror(left_right=False),
            "film.rotate_right": lambda: self._turn(1),
            "film.rotate_left": lambda: self._turn(-1),
            "film.next_look": self.next_look,
            "film.reset": self.reset,
            "film.next": lambda: self.step_requested.emit(1),
            "film.previous": lambda: self.step_requested.emit(-1),
        }
        self._film: Film | None = None
        self._placement: Placement = Placement(1, 1)
        self._message = "No film"
        self._look: Look = Window(128.0, 256.0)
        self._inverted = False
        self._is_fitted = True
        self._drag: _Drag | None = None
        self._space_held = False
        self._sample: Sample | None = None
        self._is_smooth = False
        self._table: Grey | None = None
        self._greys: Grey | None = None
        self._heat: Heat | None = None
        self._heat_picture: QImage | None = None
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

    def set_film(self, film: Film) -> None:
        """Show a film as stored, fitted into the view."""
        self._film = film
        self._heat = None
        self._placement = Placement(film.rows, film.columns)
        self.reset()

    def clear(self, message: str) -> None:
        """Show no film but a sentence that says why."""
        self._film, self._message, self._heat = None, message, None
        self._sample = self._greys = None
        self.look_changed.emit()
        self.update()

    def set_look(self, look: Look) -> None:
        """Show the film through another window or table."""
        self._look = look
        self._relook()

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
        self._heat_picture = None
        self.update()

    def replace_overlay(self, film: Film) -> None:
        """Take the corner texts of `film`, which has the same pixels, without touching the view."""
        self._film = film
        self.update()

    # What the reader may do

    def fit(self) -> None:
        """Show the whole film."""
        width, height = self._room()
        self._is_fitted = True
        self._place(self._placement.fitted(width, height), keep_fit=True)

    def one_to_one(self) -> None:
        """Show one film pixel on one pixel of the screen, around the middle of the view."""
        self._zoom_at_middle(1.0 / self._placement.scale)

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

    def reset(self) -> None:
        """Show the film as stored: window, polarity, orientation and place."""
        if self._film is None:
            return
        self._inverted = False
        self._look = self._film.looks[0]
        self._table = None
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

    def _relook(self) -> None:
        self._table = None
        self.look_changed.emit()
        self.update()

    def _place(self, placement: Placement, *, keep_fit: bool = False) -> None:
        self._is_fitted = keep_fit or (self._is_fitted and placement.scale == self._placement.scale)
        self._placement = placement.kept_in(*self._room())
        self._sample = self._heat_picture = None
        self._is_smooth = self._drag is None and not self._rest.isActive()
        self.update()

    def _mirror(self, *, left_right: bool) -> None:
        self._place(self._placement.mirrored(left_right=left_right))

    def _turn(self, quarters: int) -> None:
        was_fitted = self._is_fitted
        self._place(self._placement.turned(quarters))
        if was_fitted:
            self.fit()

    def _zoom_at_middle(self, factor: float) -> None:
        width, height = self._room()
        self._zoom(factor, (width / 2, height / 2))

    def _zoom(self, factor: float, pointer: tuple[float, float]) -> None:
        if self._film is None:
            return
        self._is_fitted = False
        self._rest.start()
        self._place(self._placement.zoomed(factor, pointer))
        self.look_changed.emit()

    def _on_rest(self) -> None:
        if self._drag is None and not self._is_smooth:
            self._is_smooth, self._sample, self._heat_picture = True, None, None
            self.update()

    def _picture(self, film: Film) -> tuple[Sample, Grey]:
        """Return the visible part of the film in grey levels, recomputing only what changed."""
        width, height = self._room()
        if self._sample is None:
            self._sample = sample(film, self._placement, round(width), round(height), smooth=self._is_smooth)
            self._greys = None
        if self._table is None or self._greys is None:
            inverse = film.inverse != self._inverted
            self._table = grey_table(self._look, film.values, inverse=inverse)
            if self._greys is None:
                # QImage wants rows that begin on four bytes.
                rows, columns = self._sample.values.shape
                self._greys = np.empty((rows, (columns + 3) // 4 * 4), dtype=np.uint8)
            shown = self._greys[:, : self._sample.values.shape[1]]
            look_up(self._table, self._sample.values, shown)
            if self._sample.padding is not None:
                shown[self._sample.padding] = 0
        return self._sample, self._greys

    def _heat_drawn(self, film: Film, heat: Heat) -> QImage:
        if self._heat_picture is None:
            width, height = (round(side) for side in self._room())
            self._heat_picture = paint_heat(
                heat, self._placement, width, height, stretch=film.stretch, smooth=self._is_smooth
            )
            self._heat_picture.setDevicePixelRatio(self.devicePixelRatioF())
        return self._heat_picture

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw film and overlay."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        if self._film is None:
            paint_message(painter, self.rect(), self._message)
            return
        shown, greys = self._picture(self._film)
        rows, columns = shown.values.shape
        if rows and columns:
            ratio = self.devicePixelRatioF()
            image = QImage(greys.data, columns, rows, greys.strides[0], QImage.Format.Format_Grayscale8)
            image.setDevicePixelRatio(ratio)
            painter.drawImage(QPointF(shown.left / ratio, shown.top / ratio), image)
        if self._heat is not None:
            painter.drawImage(QPointF(0, 0), self._heat_drawn(self._film, self._heat))
        paint_overlay(painter, self.rect(), self._film, self._look, self._placement, self._inverted)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep a fitted film fitted and any other one in sight."""
        if self._is_fitted:
            self.fit()
        else:
            self._place(self._placement)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag."""
        kinds = {
            Qt.MouseButton.LeftButton: "pan" if self._space_held else "window",
            Qt.MouseButton.MiddleButton: "pan",
            Qt.MouseButton.RightButton: "zoom",
        }
        kind = kinds.get(event.button())
        if kind is None or self._film is None or self._drag is not None:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        at = self._device(event.position())
        self._drag = _Drag(kind, at, at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with a drag."""
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
                window, is_falling = self._film.draggable(self._look)
                self._inverted ^= is_falling
                self.set_look(dragged(window, dx / ratio * fine, dy / ratio * fine))
            case "pan":
                self._place(self._placement.moved(dx, dy))
            case "zoom":
                self._zoom(float(1.01**-dy), self._drag.start)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag; the film is drawn smoothly again."""
        if self._drag is not None:
            self._drag = None
            self._on_rest()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the window as stored."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.as_stored()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl, otherwise leaf through the films of the study."""
        turns = event.angleDelta().y() / 120.0
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom(_ZOOM_STEP**turns, self._device(event.position()))
        elif turns:
            self.step_requested.emit(-1 if turns > 0 else 1)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Run the action of the key, if it has one."""
        if event.key() == Qt.Key.Key_Space:
            self._space_held = True
            self.setCursor(Qt.CursorShape.OpenHandCursor)
            return
        # "+" needs Shift on some keyboards and the keypad on others: neither is part of the name.
        plain = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        name = QKeySequence(event.key() | plain.value).toString(QKeySequence.SequenceFormat.PortableText)
        action = self._keys.get(name)
        if action is None or self._film is None:
            super().keyPressEvent(event)
            return
        self._actions[action]()

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
