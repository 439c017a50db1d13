"""Pages beside the reading page: made when first opened, only for whom they are, told who sits there."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.ui.conftest import Seat
from ui.desk import Badge
from ui.pages import PAGES, READING, Page, PageStack
from ui.shortcuts import keys_of

ADMIN = Badge("boss", "Boss", "admin", None)
READER = Badge("anna", "Anna", "reader", None)


class Told(QWidget):
    """Remembers what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[object] = []

    def set_badge(self, badge: Badge | None) -> None:
        self.words.append(badge.user if badge else None)

    def set_active(self, is_active: bool) -> None:
        self.words.append(is_active)


def stack(qtbot: QtBot, made: list[Told]) -> PageStack:
    def make(_tasks: object, _desk: object) -> QWidget:
        made.append(Told())
        return made[-1]

    nothing = QObject()
    found = PageStack(nothing, nothing, QWidget(), (Page("office", "Office", ("admin",), make),))  # type: ignore[arg-type]
    qtbot.addWidget(found)
    return found


def test_a_page_is_made_when_it_is_first_opened_and_only_for_its_roles(qtbot: QtBot) -> None:
    made: list[Told] = []
    pages = stack(qtbot, made)
    pages.set_badge(READER)
    pages.show_page("office")
    assert (pages.name, made, pages.open_to(READER)) == (READING, [], ())
    pages.set_badge(ADMIN)
    assert [page.title for page in pages.open_to(ADMIN)] == ["Office"]
    pages.show_page("office")
    pages.show_page(READING)
    pages.show_page("office")
    assert len(made) == 1
    assert made[0].words == ["boss", True, False, True]


def test_a_page_is_left_when_somebody_sits_down_who_may_not_see_it(qtbot: QtBot) -> None:
    made: list[Told] = []
    pages = stack(qtbot, made)
    pages.set_badge(ADMIN)
    pages.show_page("office")
    pages.set_badge(READER)
    assert pages.name == READING
    assert made[0].words[-2:] == ["anna", False]


def test_every_page_has_a_key() -> None:
    for name in (READING, *(page.name for page in PAGES)):
        assert keys_of(f"page.{name}")


def test_the_menu_lists_pages_and_what_concerns_the_window(seat: Seat) -> None:
    seat.log_in()
    entries = [action.text() for action in seat.window.header._menu.actions() if not action.isSeparator()]
    assert entries[0] == "Reading\tCtrl+1"
    assert "Show all keys" in entries
    assert seat.window.header.menu.accessibleName() == "Pages and settings, now: Reading"
    QTest.keyClick(seat.window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert seat.window.pages.name == READING
