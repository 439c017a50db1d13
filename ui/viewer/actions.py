"""What each key of the film does; the names are those of the table of keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ui.viewer.widget import FilmView

ZOOM_STEP = 1.25
KEY_STEP = 10.0
_LOOK_KEYS = 9


def actions_of(view: FilmView) -> dict[str, Callable[[], None]]:
    """Return the actions that a film view carries out itself, by name."""
    return {
        "film.fit": view.fit,
        "film.one_to_one": view.one_to_one,
        "film.zoom_in": partial(view.zoom_at_middle, ZOOM_STEP),
        "film.zoom_out": partial(view.zoom_at_middle, 1 / ZOOM_STEP),
        "film.invert": view.invert,
        "film.flip_horizontal": partial(view.mirror, left_right=True),
        "film.flip_vertical": partial(view.mirror, left_right=False),
        "film.rotate_right": partial(view.turn, 1),
        "film.rotate_left": partial(view.turn, -1),
        "film.next_look": view.next_look,
        "film.reset": view.reset,
        "film.seen": view.toggle_seen,
        "film.measure": lambda: view.measure(not view.is_measuring),
        "film.measure_remove": view.remove_line,
        "film.magnify": lambda: view.magnify(not view.is_magnifying),
        "film.left": partial(view.go, -1, 0),
        "film.right": partial(view.go, 1, 0),
        "film.up": partial(view.go, 0, -1),
        "film.down": partial(view.go, 0, 1),
        "film.narrower": partial(view.drag_window, -KEY_STEP, 0),
        "film.wider": partial(view.drag_window, KEY_STEP, 0),
        "film.brighter": partial(view.drag_window, 0, -KEY_STEP),
        "film.darker": partial(view.drag_window, 0, KEY_STEP),
        **{f"film.look_{n}": partial(view.choose_look, n - 1) for n in range(1, _LOOK_KEYS + 1)},
        "film.next": lambda: view.step_requested.emit(1),
        "film.previous": lambda: view.step_requested.emit(-1),
    }
