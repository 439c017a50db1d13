"""One table of keys: no key twice, no plain letter outside the film, every action carried out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.ui.conftest import Seat
from ui.keys_page import KeysPage
from ui.shortcuts import POINTER, SHORTCUTS, Keymap, Scope, actions_by_key, as_markdown, works_anywhere
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
            assert works_anywhere(keys), keys
    for letter in ("I", "Shift+I", "0", "+", "Space", "Del"):
        assert not works_anywhere(letter)


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


def test_page_and_handbook_hold_the_whole_table(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    table = KeysPage(parent, Keymap(), print).table
    rows = {
        tuple(table.model().index(at, column).data() for column in range(3)) for at in range(table.rowCount())
    }
    for entry in SHORTCUTS:
        assert any(row[0] == entry.text and row[1] == ", ".join(entry.keys) for row in rows)
    for gesture, text in POINTER:
        assert (text, gesture, "on the film") in rows
    assert as_markdown() in HANDBOOK.read_text(encoding="utf-8")
