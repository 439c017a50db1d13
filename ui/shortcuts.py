"""Every key of the window in one table: the menus, the film view, the F1 page and the handbook read it.

A single letter belongs to the scope "film" only: it is handled by the film view itself when that has the
focus, so that it can never swallow a letter typed into a report. Everything that works anywhere carries a
modifier or is a function key; a test holds the table to this, and `Keymap.changed` everybody who gives an action
other keys. Those are kept under the name "keys" of a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from llmcxr_ws.errors import ConfigError
from ui.language import mark, tr

NAME = "keys"


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


# The looks of a film in the order of its list: stored ones first, then computed ones.
_LOOKS = (
    (2, mark("Second window of the list")),
    (3, mark("Third window of the list")),
    (4, mark("Fourth window of the list")),
    (5, mark("Fifth window of the list")),
    (6, mark("Sixth window of the list")),
    (7, mark("Seventh window of the list")),
    (8, mark("Eighth window of the list")),
    (9, mark("Ninth window of the list")),
)

SHORTCUTS: tuple[Shortcut, ...] = (
    _film("film.fit", mark("Fit the film into the view"), "F"),
    _film("film.one_to_one", mark("One film pixel on one screen pixel"), "0"),
    _film("film.zoom_in", mark("Zoom in"), "+", "="),
    _film("film.zoom_out", mark("Zoom out"), "-"),
    _film("film.invert", mark("Invert grey levels"), "I"),
    _film("film.flip_horizontal", mark("Mirror left to right"), "H"),
    _film("film.flip_vertical", mark("Mirror upside down"), "V"),
    _film("film.rotate_right", mark("Rotate to the right"), "R"),
    _film("film.rotate_left", mark("Rotate to the left"), "L"),
    _film("film.next_look", mark("Next stored or computed window"), "W"),
    _film("film.reset", mark("Everything as stored"), "Backspace"),
    _film("film.next", mark("Next film of the study"), "PgDown", "."),
    _film("film.previous", mark("Previous film of the study"), "PgUp", ","),
    _window("study.next", mark("Next study on the worklist"), "Alt+Down", "Ctrl+Return"),
    _window("study.previous", mark("Previous study on the worklist"), "Alt+Up"),
    _window("focus.search", mark("Search the worklist"), "Ctrl+F"),
    _window("focus.worklist", mark("Go to the worklist"), "F2"),
    _window("focus.film", mark("Go to the film"), "F3"),
    _window("focus.report", mark("Go to the report"), "F4"),
    _window("focus.question", mark("Go to the question box"), "F6"),
    _window("report.findings", mark("Go to the findings"), "F8"),
    _window("report.impression", mark("Go to the impression"), "F9"),
    _window(
        "report.undo", mark("Undo in the report: words, macros, accepted and restored changes"), "Ctrl+Z"
    ),
    _window("report.redo", mark("Do again what was undone"), "Ctrl+Y", "Ctrl+Shift+Z"),
    _window("report.find", mark("Find in the report"), "Ctrl+Shift+F"),
    _window(
        "report.expand", mark("Expand the macro before the cursor, or choose one (also Tab)"), "Ctrl+Space"
    ),
    _window("report.macros", mark("Edit my macros"), "Ctrl+Shift+A"),
    _window("report.clean", mark("Show the report with or without marks"), "Ctrl+Shift+M"),
    _window("report.unlock", mark("Show the draft after an own impression (reader first)"), "Alt+S"),
    _window("change.next", mark("Go to the next change against the AI text"), "F7"),
    _window("change.previous", mark("Go to the previous change"), "Shift+F7"),
    _window("change.accept", mark("Keep the change at the cursor and mark it no more"), "Alt+Ins"),
    _window("change.reject", mark("Put the AI's sentence back at the cursor"), "Alt+Del"),
    _window("change.accept_all", mark("Keep all changes"), "Alt+A"),
    _window("report.original", mark("Show or hide the AI's own words"), "Ctrl+D"),
    _window("report.reject", mark("Reject the draft with a reason"), "Ctrl+Shift+Del"),
    _window("report.sign", mark("Sign the report"), "F12", "Ctrl+Shift+Return"),
    _window("report.hand_on", mark("Hand the report to an attending reader"), "Ctrl+Shift+P"),
    _window("report.send_back", mark("Send a preliminary report back to who prepared it"), "Ctrl+Shift+B"),
    _window("report.addendum", mark("Write an addendum to a signed report"), "Ctrl+Shift+E"),
    _window("report.retract", mark("Retract a signed report"), "Ctrl+Shift+R"),
    _window("focus.guards", mark("Go to the checks before signing"), "Shift+F4"),
    _window("focus.evidence", mark("Go to the draft's sentences and what they rest on"), "Shift+F3"),
    _window("evidence.next", mark("Next sentence of the draft on the film"), "Ctrl+Alt+Down"),
    _window("evidence.previous", mark("Previous sentence of the draft on the film"), "Ctrl+Alt+Up"),
    _window("evidence.clear", mark("Take the map off the film"), "Ctrl+Alt+0"),
    _window("chat.insert", mark("Insert the last answer into the report"), "Ctrl+Shift+I"),
    _window("drawing.open", mark("Draw a synthetic film from the report's text"), "Ctrl+Shift+G"),
    _window("window.lock", mark("Lock the window"), "Ctrl+L"),
    _window("window.shortcuts", mark("Show all keys"), "F1"),
    _window("window.quit", mark("Close the window"), "Ctrl+Q"),
    _film("film.look_1", mark("Window as stored"), "1"),
    *(_film(f"film.look_{n}", text, str(n)) for n, text in _LOOKS),
    _film("film.seen", mark("What the model saw, and back"), "A"),
    _film("film.measure", mark("Measure lengths: drag, or arrows and Return"), "M"),
    _film("film.measure_remove", mark("Remove the last length"), "Del"),
    _film("film.magnify", mark("Magnifier"), "G"),
    _film("film.prior", mark("Prior film side by side, or alone again"), "P"),
    _film("film.swap", mark("Swap the sides of film and prior"), "S"),
    _film("film.left", mark("Look further to the left"), "Left"),
    _film("film.right", mark("Look further to the right"), "Right"),
    _film("film.up", mark("Look further up"), "Up"),
    _film("film.down", mark("Look further down"), "Down"),
    _film("film.narrower", mark("Narrower window (more contrast)"), "Ctrl+Left"),
    _film("film.wider", mark("Wider window (less contrast)"), "Ctrl+Right"),
    _film("film.brighter", mark("Lower level (brighter)"), "Ctrl+Up"),
    _film("film.darker", mark("Higher level (darker)"), "Ctrl+Down"),
    _window("page.reading", mark("Go to the reading page"), "Ctrl+1"),
    _window("page.administration", mark("Go to the administration page"), "Ctrl+2"),
    _window("page.model", mark("Go to the model page"), "Ctrl+3"),
    _window("page.quality", mark("Go to the quality page"), "Ctrl+4"),
    _window("worklist.filters", mark("Saved filters of the worklist"), "Ctrl+Shift+W"),
    _window("worklist.columns", mark("Columns and order of the worklist"), "Ctrl+Shift+L"),
    _window("window.preferences", mark("Preferences"), "Ctrl+,"),
    _window("window.worklist", mark("Hide the worklist, or show it again"), "Ctrl+B"),
    _window("window.larger", mark("Larger text"), "Ctrl++", "Ctrl+="),
    _window("window.smaller", mark("Smaller text"), "Ctrl+-"),
    _window("window.film", mark("Film in a window of its own, or back"), "F11"),
)

# What the pointer does on the film; shown beside the keys, handled in ui.viewer.widget.
POINTER: tuple[tuple[str, str], ...] = (
    (mark("Left drag"), mark("Window: sideways width, up and down level (Shift: fine steps)")),
    (mark("Double click"), mark("Window as stored")),
    (mark("Middle drag, or Space + left drag"), mark("Move the film")),
    (mark("Right drag, or Ctrl + wheel"), mark("Zoom at the pointer")),
    (mark("Wheel"), mark("Next or previous film of the study")),
)


@dataclass(frozen=True)
class Keymap:
    """The keys in force: those of the table, but for the actions that a person gave others."""

    own: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def keys_of(self, action: str) -> tuple[str, ...]:
        """Return the keys of an action; raise KeyError for an action that isn't in the table."""
        return dict(self.own).get(action, _BY_ACTION[action].keys)

    def actions_by_key(self, scope: Scope) -> Mapping[str, str]:
        """Return action names by key for one scope."""
        entries = [entry for entry in SHORTCUTS if entry.scope is scope]
        return {key: entry.action for entry in entries for key in self.keys_of(entry.action)}

    def changed(self, action: str, keys: tuple[str, ...]) -> Keymap:
        """Return the same with other keys for an action, written as Qt writes them.

        Raises
        ------
        ConfigError
            A key is another action's, is needed for typing or walking, or would swallow letters.
        """
        keys = tuple(dict.fromkeys(key for key in keys if key))
        for key in keys:
            self._check(_BY_ACTION[action], key)
        own = {name: given for name, given in self.own if name != action}
        if keys != _BY_ACTION[action].keys:
            own[action] = keys
        return Keymap(tuple(sorted(own.items())))

    def reset(self, action: str) -> Keymap:
        """Return the same with the table's keys for an action.

        Raises
        ------
        ConfigError
            One of them was given to another action meanwhile.
        """
        return self.changed(action, _BY_ACTION[action].keys)

    def as_json(self) -> dict[str, Any]:
        """Return what is kept in the store."""
        return {action: list(keys) for action, keys in self.own}

    def _check(self, entry: Shortcut, key: str) -> None:
        is_own = key in entry.keys
        if entry.scope is Scope.WINDOW and not works_anywhere(key):
            raise ConfigError(
                tr("{key} alone would swallow what is typed into a report.", key=key),
                what_to_do=tr("Take a key with Ctrl or Alt, or a function key."),
            )
        if entry.scope is Scope.FILM and key.startswith("Shift+") and not is_own:
            raise ConfigError(
                tr("The film takes no difference between {key} and the same key without Shift.", key=key),
                what_to_do=tr("Choose a key without Shift, or one with Ctrl or Alt."),
            )
        if key in _RESERVED[entry.scope] and not is_own:
            raise ConfigError(
                tr("{key} is needed for typing and for walking through the window.", key=key),
                what_to_do=tr("Choose another key."),
            )
        for other in SHORTCUTS:
            meets = other.scope is entry.scope or Scope.WINDOW in (other.scope, entry.scope)
            if other.action != entry.action and meets and key in self.keys_of(other.action):
                raise ConfigError(
                    tr("{key} is taken: {action}.", key=key, action=tr(other.text)),
                    what_to_do=tr("Choose another key, or give that action another one first."),
                )


# What the focus itself needs, and what a text field or a table does.
_FOR_WALKING = frozenset(("Tab", "Shift+Tab", "Esc", "Space", "Alt+F4", "Shift+F10"))
_FOR_TYPING = (
    "Ctrl+A Ctrl+C Ctrl+V Ctrl+X Ctrl+Z Ctrl+Y Ctrl+Shift+Z Ctrl+Ins Ctrl+Backspace Ctrl+Del Ctrl+Tab "
    "Ctrl+Shift+Tab Ctrl+Left Ctrl+Right Ctrl+Up Ctrl+Down Ctrl+Home Ctrl+End"
)
_RESERVED = {Scope.FILM: _FOR_WALKING, Scope.WINDOW: _FOR_WALKING | frozenset(_FOR_TYPING.split())}


def works_anywhere(key: str) -> bool:
    """Whether a key can be meant for the window while somebody types: it has Ctrl, Alt or Meta, or is F1 to F35."""
    return bool(re.search(r"(Ctrl|Alt|Meta)\+.", key) or re.fullmatch(r"(Shift\+)?F\d{1,2}", key))


def read(kept: Mapping[str, Any]) -> Keymap:
    """Return what the store holds, as far as the rules allow it; the table's keys for the rest."""
    found = Keymap()
    for action, keys in kept.items():
        if action in _BY_ACTION and isinstance(keys, list):
            try:
                found = found.changed(action, tuple(str(key) for key in keys))
            except ConfigError:
                continue
    return found


class _Chosen:
    keymap = Keymap()


def keymap() -> Keymap:
    """Return the keys in force."""
    return _Chosen.keymap


def use(keymap: Keymap) -> None:
    """Put other keys in force; `ui.window` tells those who show or hear them."""
    _Chosen.keymap = keymap


def keys_of(action: str) -> tuple[str, ...]:
    """Return the keys of an action; raise KeyError for an action that isn't in the table."""
    return _Chosen.keymap.keys_of(action)


def text_of(action: str) -> str:
    """Return what the action does, in words."""
    return tr(_BY_ACTION[action].text)


def with_keys(text: str, action: str) -> str:
    """Return words for a tool tip, with the keys of an action behind them, if it has any."""
    keys = ", ".join(keys_of(action))
    return f"{text} ({keys})" if keys else text


def actions_by_key(scope: Scope) -> Mapping[str, str]:
    """Return action names by key for one scope."""
    return _Chosen.keymap.actions_by_key(scope)


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
