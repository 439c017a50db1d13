"""The window as a whole: closing, threads, keys, who runs."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
)

from llmcxr_ws.store import reports, studies
from tests.ui.conftest import Seat
from tests.ui.homes import House
from tests.ui.opened import DRAFT
from ui.services import Part


@pytest.fixture
def study(home: House) -> int:
    return home.drafted("DEMO0001.dcm", DRAFT)


def test_closing_saves_and_gives_the_study_back(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("Last words.")
    seat.window.close()
    seat.wait(lambda: not seat.window.isVisible())
    report = reports.current_report(home.workplace.db, study)
    assert report is not None
    assert report.edit_text == "Last words."
    assert studies.study_row(home.workplace.db, study).held_by == ""


def test_a_call_of_the_desk_from_the_windows_thread_is_a_defect(seat: Seat) -> None:
    with pytest.raises(RuntimeError, match="window's thread"):
        seat.window._desk.look(0, None, None)


def test_letters_in_the_report_never_reach_the_film_and_f_keys_work_everywhere(
    seat: Seat, study: int
) -> None:
    seat.log_in()
    seat.open(study)
    window = seat.window
    view = window.film.view
    window.activateWindow()
    before = (view.placement, view.is_inverted, view.look)
    QTest.keyClick(window, Qt.Key.Key_F4)
    assert QApplication.focusWidget() is window.report.editor
    QTest.keyClicks(window.report.editor, "ihvrlwf0")
    assert window.report.text() == DRAFT + "ihvrlwf0"
    assert (view.placement, view.is_inverted, view.look) == before
    QTest.keyClick(window.report.editor, Qt.Key.Key_F3)
    assert QApplication.focusWidget() is view
    QTest.keyClicks(view, "i")
    assert view.is_inverted
    assert window.film.invert.isChecked()
    QTest.keyClick(view, Qt.Key.Key_F6)
    assert QApplication.focusWidget() is window.chat.box


def test_the_status_bar_says_who_runs(seat: Seat, home: House) -> None:
    from llmcxr_ws.store import services

    seat.log_in()
    words = seat.window.lights.words
    seat.wait(lambda: words(Part.ENGINE) == "Engine not running")
    for kind in ("engine", "listener", "courier"):
        services.register(home.workplace.db, kind)
    seat.window.watching.look_at_services()
    seat.wait(lambda: words(Part.ENGINE) == "Engine running" and words(Part.NODE) == "Node running")
    assert words(Part.DATABASE) == "Database connected"
