"""One table of keys: no key twice, no plain letter outside the film, every action carried out."""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QKeySequence

from tests.ui.conftest import Seat
from ui.keys_page import as_html
from ui.shortcuts import POINTER, SHORTCUTS, Scope, actions_by_key, as_markdown
from ui.theme import DARK
from ui.viewer import FilmView

ALL_KEYS = [(entry, keys) for entry in SHORTCUTS for keys in entry.keys]
HANDBOOK = Path(__file__).parents[2] / "docs" / "keys.md"


def test_no_key_is_given_twice_within_its_reach() -> None:
    everywhere = [keys for entry, keys in ALL_KEYS if entry.scope is Scope.WINDOW]
    on_film = [keys for entry, keys in ALL_KEYS if entry.scope is Scope.FILM]
    assert max(Counter(everywhere).values()) == 1
    assert max(Counter(on_film).values()) == 1
    assert not set(everywhere) & set(on_film)


@pytest.mark.parametrize(("entry", "keys"), ALL_KEYS, ids=lambda value: getattr(value, "action", value))
def test_keys_are_written_as_qt_reads_them(entry: object, keys: str) -> None:
    assert QKeySequence(keys).toString(QKeySequence.SequenceFormat.PortableText) == keys


def test_keys_that_work_anywhere_are_no_plain_letters() -> None:
    for entry, keys in ALL_KEYS:
        if entry.scope is Scope.WINDOW:
            last = keys.split("+")[-1]
            assert "Ctrl+" in keys or "Alt+" in keys or (last.startswith("F") and last[1:].isdigit()), keys


def test_the_film_carries_out_every_action_of_its_scope(seat: Seat) -> None:
    view: FilmView = seat.window.film.view
    of_panel = {"film.prior", "film.swap"}
    assert set(actions_by_key(Scope.FILM).values()) == set(view._actions) | of_panel


def test_the_window_has_an_action_for_every_other_entry(seat: Seat) -> None:
    made = {
        tuple(keys.toString() for keys in action.shortcuts()): action.text()
        for action in seat.window.actions()
        if isinstance(action, QAction)
    }
    assert made == {entry.keys: entry.text for entry in SHORTCUTS if entry.scope is Scope.WINDOW}


def test_page_and_handbook_hold_the_whole_table() -> None:
    page, handbook = as_html(DARK), HANDBOOK.read_text(encoding="utf-8")
    for entry in SHORTCUTS:
        assert escape(entry.text) in page
    for gesture, _ in POINTER:
        assert gesture in page
    assert as_markdown() in handbook
