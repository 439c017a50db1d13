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


def _table(scope: Scope, *entries: tuple[str, str, str]) -> tuple[Shortcut, ...]:
    """Return the actions of one scope from their names, words and keys; a blank stands between two keys."""
    return tuple(
        Shortcut(action=action, keys=tuple(keys.split()), scope=scope, text=text)
        for action, text, keys in entries
    )


_ANYWHERE = _table(
    Scope.WINDOW,
    ("page.reading", mark("Go to the reading page"), "Ctrl+1"),
    ("page.administration", mark("Go to the administration page"), "Ctrl+2"),
    ("page.model", mark("Go to the model page"), "Ctrl+3"),
    ("page.quality", mark("Go to the quality page"), "Ctrl+4"),
    ("focus.search", mark("Search the worklist"), "Ctrl+F"),
    ("focus.worklist", mark("Go to the worklist"), "F2"),
    ("focus.film", mark("Go to the film"), "F3"),
    ("focus.report", mark("Go to the report"), "F4"),
    ("focus.question", mark("Go to the question box"), "F6"),
    ("focus.guards", mark("Go to the checks before signing"), "Shift+F4"),
    ("focus.evidence", mark("Go to the draft's sentences and what they rest on"), "Shift+F3"),
    ("study.next", mark("Next study on the worklist"), "Alt+Down Ctrl+Return"),
    ("study.previous", mark("Previous study on the worklist"), "Alt+Up"),
    ("study.take_over", mark("Take the open study over from its reader"), "Ctrl+Shift+T"),
    ("worklist.filters", mark("Saved filters of the worklist"), "Ctrl+Shift+W"),
    ("worklist.columns", mark("Columns and order of the worklist"), "Ctrl+Shift+L"),
    ("report.findings", mark("Go to the findings"), "F8"),
    ("report.impression", mark("Go to the impression"), "F9"),
    ("report.undo", mark("Undo in the report: words, macros, accepted and restored changes"), "Ctrl+Z"),
    ("report.redo", mark("Do again what was undone"), "Ctrl+Y Ctrl+Shift+Z"),
    ("report.find", mark("Find in the report"), "Ctrl+Shift+F"),
    ("report.expand", mark("Expand the macro before the cursor, or choose one (also Tab)"), "Ctrl+Space"),
    ("report.macros", mark("Edit my macros"), "Ctrl+Shift+A"),
    ("report.clean", mark("Show the report with or without marks"), "Ctrl+Shift+M"),
    ("report.unlock", mark("Show the draft after an own impression (reader first)"), "Alt+S"),
    ("report.original", mark("Show or hide the AI's own words"), "Ctrl+D"),
    ("report.reject", mark("Reject the draft with a reason"), "Ctrl+Shift+Del"),
    ("report.sign", mark("Sign the report"), "F12 Ctrl+Shift+Return"),
    ("report.hand_on", mark("Hand the report to an attending reader"), "Ctrl+Shift+P"),
    ("report.send_back", mark("Send a preliminary report back to who prepared it"), "Ctrl+Shift+B"),
    ("report.addendum", mark("Write an addendum to a signed report"), "Ctrl+Shift+E"),
    ("report.retract", mark("Retract a signed report"), "Ctrl+Shift+R"),
    ("report.again", mark("Begin a new report where one was retracted"), "Ctrl+Shift+N"),
    ("change.next", mark("Go to the next change against the AI text"), "F7"),
    ("change.previous", mark("Go to the previous change"), "Shift+F7"),
    ("change.accept", mark("Keep the change at the cursor and mark it no more"), "Alt+Ins"),
    ("change.reject", mark("Put the AI's sentence back at the cursor"), "Alt+Del"),
    ("change.accept_all", mark("Keep all changes"), "Alt+A"),
    ("evidence.next", mark("Next sentence of the draft on the film"), "Ctrl+Alt+Down"),
    ("evidence.previous", mark("Previous sentence of the draft on the film"), "Ctrl+Alt+Up"),
    ("evidence.clear", mark("Take the map off the film"), "Ctrl+Alt+0"),
    ("chat.insert", mark("Insert the last answer into the report"), "Ctrl+Shift+I"),
    ("drawing.open", mark("Draw a synthetic film from the report's text"), "Ctrl+Shift+G"),
    ("window.lock", mark("Lock the window"), "Ctrl+L"),
    ("window.shortcuts", mark("Show all keys"), "F1"),
    ("window.quit", mark("Close the window"), "Ctrl+Q"),
    ("window.preferences", mark("Preferences"), "Ctrl+,"),
    ("window.worklist", mark("Hide the worklist, or show it again"), "Ctrl+B"),
    ("window.larger", mark("Larger text"), "Ctrl++ Ctrl+="),
    ("window.smaller", mark("Smaller text"), "Ctrl+-"),
    ("window.film", mark("Film in a window of its own, or back"), "F11"),
)

# The looks of a film stand in the order of its list: stored ones first, then computed ones.
_ON_FILM = _table(
    Scope.FILM,
    ("film.fit", mark("Fit the film into the view"), "F"),
    ("film.one_to_one", mark("One film pixel on one screen pixel"), "0"),
    ("film.zoom_in", mark("Zoom in"), "+ ="),
    ("film.zoom_out", mark("Zoom out"), "-"),
    ("film.invert", mark("Invert grey levels"), "I"),
    ("film.flip_horizontal", mark("Mirror left to right"), "H"),
    ("film.flip_vertical", mark("Mirror upside down"), "V"),
    ("film.rotate_right", mark("Rotate to the right"), "R"),
    ("film.rotate_left", mark("Rotate to the left"), "L"),
    ("film.next_look", mark("Next stored or computed window"), "W"),
    ("film.reset", mark("Everything as stored"), "Backspace"),
    ("film.next", mark("Next film of the study"), "PgDown ."),
    ("film.previous", mark("Previous film of the study"), "PgUp ,"),
    ("film.look_1", mark("Window as stored"), "1"),
    ("film.look_2", mark("Second window of the list"), "2"),
    ("film.look_3", mark("Third window of the list"), "3"),
    ("film.look_4", mark("Fourth window of the list"), "4"),
    ("film.look_5", mark("Fifth window of the list"), "5"),
    ("film.look_6", mark("Sixth window of the list"), "6"),
    ("film.look_7", mark("Seventh window of the list"), "7"),
    ("film.look_8", mark("Eighth window of the list"), "8"),
    ("film.look_9", mark("Ninth window of the list"), "9"),
    ("film.seen", mark("What the model saw, and back"), "A"),
    ("film.measure", mark("Measure lengths: drag, or arrows and Return"), "M"),
    ("film.measure_remove", mark("Remove the last length"), "Del"),
    ("film.magnify", mark("Magnifier"), "G"),
    ("film.prior", mark("Prior film side by side, or alone again"), "P"),
    ("film.swap", mark("Swap the sides of film and prior"), "S"),
    ("film.left", mark("Look further to the left"), "Left"),
    ("film.right", mark("Look further to the right"), "Right"),
    ("film.up", mark("Look further up"), "Up"),
    ("film.down", mark("Look further down"), "Down"),
    ("film.narrower", mark("Narrower window (more contrast)"), "Ctrl+Left"),
    ("film.wider", mark("Wider window (less contrast)"), "Ctrl+Right"),
    ("film.brighter", mark("Lower level (brighter)"), "Ctrl+Up"),
    ("film.darker", mark("Higher level (darker)"), "Ctrl+Down"),
)

SHORTCUTS: tuple[Shortcut, ...] = (*_ANYWHERE, *_ON_FILM)

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
