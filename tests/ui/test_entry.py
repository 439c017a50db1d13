"""Log-in and lock: who sits at the window, and what stays covered from whom."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from llmcxr_ws.store import reports, studies
from tests.ui.conftest import Seat
from tests.ui.homes import PASSWORD, House
from tests.ui.opened import DRAFT, dialog_of
from ui.sign.dialogs import SignDialog


@pytest.fixture
def study(home: House) -> int:
    return home.drafted("DEMO0001.dcm", DRAFT)


def test_a_wrong_password_is_refused_and_opens_nothing(seat: Seat, study: int) -> None:
    entry = seat.window.entry
    entry.user.setText("anna")
    entry.secret.box.setText("wrong password")
    entry.confirm.click()
    seat.wait(lambda: bool(entry.problem.text))
    assert "password is wrong" in entry.problem.text
    assert not seat.window.is_open
    assert entry.secret.box.text() == ""
    assert seat.window.worklist.model.rowCount() == 0


def test_an_unknown_user_is_refused_in_the_same_words(seat: Seat) -> None:
    entry = seat.window.entry
    entry.user.setText("nobody")
    entry.secret.box.setText(PASSWORD)
    QTest.keyClick(entry.secret.box, Qt.Key.Key_Return)
    seat.wait(lambda: bool(entry.problem.text))
    assert "user name or the password is wrong" in entry.problem.text


def test_idle_lock_covers_the_window_and_keeps_the_work(seat: Seat, study: int) -> None:
    seat.log_in(pin="4711")
    seat.open(study)
    seat.window.report.editor.setPlainText("Half a sentence")
    seat.window._idle.setInterval(50)
    seat.window._idle.start()
    seat.wait(lambda: not seat.window.is_open)
    assert seat.window.badge is not None
    assert seat.window.badge.key is None
    assert "DEMO" not in seat.window.windowTitle()
    assert not seat.window.film.isVisible()
    entry = seat.window.entry
    assert entry.secret.is_pin
    entry.secret.box.setText("0000")
    entry.confirm.click()
    seat.wait(lambda: "PIN is wrong" in entry.problem.text)
    seat.window._idle.setInterval(600_000)
    entry.secret.box.setText("4711")
    entry.confirm.click()
    seat.wait(lambda: seat.window.is_open)
    assert seat.window.report.text() == "Half a sentence"
    report = reports.current_report(seat.home.workplace.db, study)
    assert report is not None
    assert report.edit_text == "Half a sentence"


def test_a_pin_that_is_used_up_is_asked_for_no_more(seat: Seat) -> None:
    seat.log_in(pin="4711")
    seat.window.lock()
    entry = seat.window.entry
    for says in ("2 tries", "1 try", "too often"):
        assert entry.secret.is_pin
        entry.secret.box.setText("0000")
        entry.confirm.click()
        seat.wait(lambda says=says: says in entry.problem.text)  # type: ignore[misc]
    assert not entry.secret.is_pin
    entry.secret.box.setText(PASSWORD)
    entry.confirm.click()
    seat.wait(lambda: seat.window.is_open)


def test_a_lock_closes_dialogs_and_its_keys_do_nothing(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    seat.window.wishes.sign()
    dialog_of(seat, SignDialog)
    seat.window.lock()
    seat.wait(lambda: not any(found.isVisible() for found in seat.window.findChildren(SignDialog)))
    QTest.keyClick(seat.window, Qt.Key.Key_F12)
    seat.qtbot.wait(100)
    assert not any(found.isVisible() for found in seat.window.findChildren(SignDialog))


def test_any_key_puts_the_lock_off(seat: Seat) -> None:
    seat.log_in()
    seat.window._idle.setInterval(400)
    seat.window._idle.start()
    for _ in range(6):
        seat.qtbot.wait(100)
        QTest.keyClick(seat.window.worklist.search, Qt.Key.Key_A)
    assert seat.window.is_open


def test_another_person_gets_an_empty_desk(seat: Seat, study: int, home: House) -> None:
    home.add_user("ben", "reader")
    seat.log_in()
    seat.open(study)
    seat.window.lock()
    seat.window.entry.other.click()
    seat.log_in("ben")
    assert seat.window.report.detail is None
    seat.wait(lambda: studies.study_row(home.workplace.db, study).held_by == "")
    seat.open(study)
    seat.wait(lambda: studies.study_row(home.workplace.db, study).held_by == "ben")
