"""Where windows stand on which screen, so that they come back there, and only onto screens that are there.

Kept under the name "places" of a person, for each window (`main`, `film`): the screen it was on last, and its place
on every screen that it has been on. A screen is told by its name and its size, so that the monitor at another desk
that happens to have the same name is another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QWidget

NAME = "places"
_SMALLEST = 200


@dataclass(frozen=True)
class Screen:
    """A monitor: its name and the part of the desktop that windows may use, in logical pixels."""

    name: str
    left: int
    top: int
    width: int
    height: int

    @property
    def key(self) -> str:
        """How it is told from others."""
        return f"{self.name} {self.width}x{self.height}"


@dataclass(frozen=True)
class Place:
    """Where a window stands: on which screen, and where from that screen's corner."""

    screen: str
    left: int
    top: int
    width: int
    height: int
    is_maximized: bool = False


def noted(kept: Mapping[str, Any], window: str, place: Place) -> dict[str, Any]:
    """Return what is kept, with a window's present place in it."""
    entry = kept.get(window)
    on = dict(entry.get("on", {})) if isinstance(entry, Mapping) else {}
    numbers = [place.left, place.top, place.width, place.height]
    on[place.screen] = {"at": numbers, "maximized": place.is_maximized}
    return {**kept, window: {"last": place.screen, "on": on}}


def found(kept: Mapping[str, Any], window: str, screens: Sequence[Screen]) -> tuple[Screen, Place] | None:
    """Return where a window is to stand: as last, else as it stood on a screen that is here; None for neither.

    The place is moved and made smaller until it lies on the screen whole.
    """
    entry = kept.get(window)
    if not isinstance(entry, Mapping) or not isinstance(entry.get("on"), Mapping):
        return None
    by_key = {screen.key: screen for screen in screens}
    for key in (entry.get("last"), *entry["on"]):
        place = _place(entry["on"].get(key)) if key in by_key else None
        if place is not None:
            return by_key[key], fitted(place, by_key[key])
    return None


def fitted(place: Place, screen: Screen) -> Place:
    """Return the place, moved and made smaller until it lies on the screen whole."""
    width, height = min(place.width, screen.width), min(place.height, screen.height)
    left = min(max(place.left, 0), screen.width - width)
    top = min(max(place.top, 0), screen.height - height)
    return Place(screen.key, left, top, width, height, place.is_maximized)


def _place(entry: object) -> Place | None:
    numbers = entry.get("at") if isinstance(entry, Mapping) else None
    if not isinstance(numbers, list) or len(numbers) != 4 or not all(isinstance(n, int) for n in numbers):
        return None
    left, top, width, height = numbers
    if width < _SMALLEST or height < _SMALLEST:
        return None
    is_maximized = isinstance(entry, Mapping) and entry.get("maximized") is True
    return Place("", left, top, width, height, is_maximized)


# Qt


def screens() -> tuple[Screen, ...]:
    """Return the monitors that are there, the first one first."""
    return tuple(_screen(screen) for screen in QGuiApplication.screens())


def _screen(screen: QScreen) -> Screen:
    area = screen.availableGeometry()
    return Screen(screen.name(), area.left(), area.top(), area.width(), area.height())


def place_of(window: QWidget) -> Place:
    """Return where a window stands now."""
    screen = _screen(window.screen())
    area = window.normalGeometry() if window.isMaximized() else window.geometry()
    return Place(
        screen.key,
        area.left() - screen.left,
        area.top() - screen.top,
        area.width(),
        area.height(),
        window.isMaximized(),
    )


def put(window: QWidget, kept: Mapping[str, Any], name: str) -> bool:
    """Put a window where it stood; return False, and leave it, where nothing is known of the screens here."""
    here = found(kept, name, screens())
    if here is None:
        return False
    screen, place = here
    window.setGeometry(QRect(screen.left + place.left, screen.top + place.top, place.width, place.height))
    if place.is_maximized:
        # Also of a window that isn't shown yet: it comes up so.
        window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)
    return True


def other_screen(window: QWidget) -> QRect | None:
    """Return the free part of a screen that a window isn't on, or None where there is only one."""
    here = window.screen()
    others = [screen for screen in QGuiApplication.screens() if screen is not here]
    return others[0].availableGeometry() if others else None


class Watch(QObject):
    """Tells when a window stands elsewhere, has another size, or fills the screen or no more.

    Signals
    -------
    moved : one of these
    """

    moved = Signal()
    _KINDS = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.WindowStateChange)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell of it; the window goes on with it as ever."""
        if event.type() in self._KINDS:
            self.moved.emit()
        return False
