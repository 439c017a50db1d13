"""Every key of the window in one table: the menus, the film view, the F1 page and the handbook read it.

A single letter belongs to the scope "film" only: it is handled by the film view itself when that has the
focus, so that it can never swallow a letter typed into a report. Everything that works anywhere carries a
modifier or is a function key; a test holds the table to this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """Where a key works."""

    FILM = "film"  # only while the film view has the focus
    WINDOW = "window"  # anywhere in the window


@dataclass(frozen=True, kw_only=True)
class Shortcut:
    """One action and its keys, as Qt writes key sequences (PortableText)."""

    action: str
    keys: tuple[str, ...]
    scope: Scope
    text: str


def _film(action: str, text: str, *keys: str) -> Shortcut:
    return Shortcut(action=action, keys=keys, scope=Scope.FILM, text=text)


def _window(action: str, text: str, *keys: str) -> Shortcut:
    return Shortcut(action=action, keys=keys, scope=Scope.WINDOW, text=text)


SHORTCUTS: tuple[Shortcut, ...] = (
    _film("film.fit", "Fit the film into the view", "F"),
    _film("film.one_to_one", "One film pixel on one screen pixel", "0"),
    _film("film.zoom_in", "Zoom in", "+", "="),
    _film("film.zoom_out", "Zoom out", "-"),
    _film("film.invert", "Invert grey levels", "I"),
    _film("film.flip_horizontal", "Mirror left to right", "H"),
    _film("film.flip_vertical", "Mirror upside down", "V"),
    _film("film.rotate_right", "Rotate to the right", "R"),
    _film("film.rotate_left", "Rotate to the left", "L"),
    _film("film.next_look", "Next stored or computed window", "W"),
    _film("film.reset", "Everything as stored", "Backspace"),
    _film("film.next", "Next film of the study", "PgDown", "."),
    _film("film.previous", "Previous film of the study", "PgUp", ","),
    _window("study.next", "Next study on the worklist", "Alt+Down", "Ctrl+Return"),
    _window("study.previous", "Previous study on the worklist", "Alt+Up"),
    _window("focus.search", "Search the worklist", "Ctrl+F"),
    _window("focus.worklist", "Go to the worklist", "F2"),
    _window("focus.film", "Go to the film", "F3"),
    _window("focus.report", "Go to the report", "F4"),
    _window("focus.question", "Go to the question box", "F6"),
    _window("focus.evidence", "Go to the draft's sentences and what they rest on", "F7"),
    _window("evidence.next", "Next sentence of the draft on the film", "Ctrl+Alt+Down"),
    _window("evidence.previous", "Previous sentence of the draft on the film", "Ctrl+Alt+Up"),
    _window("evidence.clear", "Take the map off the film", "Ctrl+Alt+0"),
    _window("chat.insert", "Insert the last answer into the report", "Ctrl+Shift+I"),
    _window("drawing.open", "Draw a synthetic film from the report's text", "Ctrl+Shift+G"),
    _window("report.original", "Show or hide the AI's own words", "Ctrl+D"),
    _window("report.reject", "Reject the draft with a reason", "Ctrl+Shift+Del"),
    _window("report.sign", "Sign the report", "F12", "Ctrl+Shift+Return"),
    _window("window.lock", "Lock the window", "Ctrl+L"),
    _window("window.shortcuts", "Show all keys", "F1"),
    _window("window.quit", "Close the window", "Ctrl+Q"),
)

# What the pointer does on the film; shown beside the keys, handled in ui.viewer.widget.
POINTER: tuple[tuple[str, str], ...] = (
    ("Left drag", "Window: sideways width, up and down level (Shift: fine steps)"),
    ("Double click", "Window as stored"),
    ("Middle drag, or Space + left drag", "Move the film"),
    ("Right drag, or Ctrl + wheel", "Zoom at the pointer"),
    ("Wheel", "Next or previous film of the study"),
)


def keys_of(action: str) -> tuple[str, ...]:
    """Return the keys of an action; raise KeyError for an action that isn't in the table."""
    return _BY_ACTION[action].keys


def text_of(action: str) -> str:
    """Return what the action does, in words."""
    return _BY_ACTION[action].text


def actions_by_key(scope: Scope) -> Mapping[str, str]:
    """Return action names by key for one scope."""
    return {key: entry.action for entry in SHORTCUTS if entry.scope is scope for key in entry.keys}


def as_markdown() -> str:
    """Return the table for the handbook, one row for each action."""
    places = {Scope.FILM: "on the film", Scope.WINDOW: "anywhere"}
    lines = ["| Keys | Where | What |", "|---|---|---|"]
    for entry in SHORTCUTS:
        keys = ", ".join(f"`{key}`" for key in entry.keys)
        lines.append(f"| {keys} | {places[entry.scope]} | {entry.text} |")
    lines += [f"| {gesture} | on the film | {text} |" for gesture, text in POINTER]
    return "\n".join(lines) + "\n"


_BY_ACTION = {entry.action: entry for entry in SHORTCUTS}
