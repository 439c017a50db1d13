"""Words survive whatever happens between key and database: going on, logging out, a locked database, closing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import ui.report.autosave
import ui.window
from llmcxr_ws import reading
from llmcxr_ws.store import database, reports
from tests.ui.conftest import Seat
from tests.ui.homes import House
from tests.ui.opened import DRAFT, dialog_of, edit_of, settled, slow_store
from ui.report.unsaved import RefusedWordsDialog, UnsavedDialog

TYPED = " Typed late."


@pytest.fixture
def other(home: House) -> int:
    return home.drafted("DEMO0002.dcm", "Clear lungs.")


@pytest.fixture
def locked(home: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], None]]:
    """Lock the database against every writer, as a backup or another program does; and let it go again."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 100)
    monkeypatch.setattr(ui.report.autosave, "RETRY_MS", 300)
    connection = sqlite3.connect(home.home / "llmcxr.db", isolation_level=None)

    def lock(is_locked: bool) -> None:
        connection.execute("BEGIN IMMEDIATE" if is_locked else "ROLLBACK")

    yield lock
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    connection.close()


def type_into(seat: Seat) -> None:
    seat.window.report.editor.setFocus()
    seat.window.report.editor.moveCursor(seat.window.report.editor.textCursor().MoveOperation.End)
    QTest.keyClicks(seat.window.report.editor, TYPED)


@pytest.fixture
def typed(locked: Callable[[bool], None], seat_at: Callable[[], Seat], study: int) -> Seat:
    """Words typed into a report while nobody can write to the database."""
    seat = seat_at()
    seat.log_in()
    seat.open(study)
    locked(True)
    type_into(seat)
    return seat


def test_what_a_person_wrote_last_is_saved_under_the_own_name(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    with slow_store(seat):
        type_into(seat)
        seat.window.lock()
        seat.window.entry.other.click()
    seat.wait(lambda: seat.tasks.is_idle)
    report = reports.current_report(home.workplace.db, study)
    assert report is not None
    assert (report.edit_text, report.edited_by) == (DRAFT + TYPED, "anna")


def test_what_is_typed_while_the_next_study_is_on_its_way_is_saved_to_its_own(
    seat: Seat, study: int, other: int, home: House
) -> None:
    seat.log_in()
    seat.open(study)
    with slow_store(seat):
        seat.window.worklist.choose(other)
        type_into(seat)
    seat.wait(lambda: seat.window.report.text() == "Clear lungs." and seat.tasks.is_idle)
    settled(seat)
    assert edit_of(home, study) == DRAFT + TYPED
    assert edit_of(home, other) is None


def test_words_that_were_refused_behind_the_readers_back_are_shown_to_copy(
    seat: Seat, study: int, other: int, home: House
) -> None:
    home.add_user("ben")
    seat.log_in()
    seat.open(study)
    with slow_store(seat):
        seat.window.worklist.choose(other)
        reading.hold(home.workplace.db, study, user="ben", take_over=True)
        type_into(seat)
    dialog = dialog_of(seat, RefusedWordsDialog)
    assert isinstance(dialog, RefusedWordsDialog)
    assert dialog.words.toPlainText() == DRAFT + TYPED
    dialog._copy()
    assert QApplication.clipboard().text() == DRAFT + TYPED
    dialog.accept()
    assert edit_of(home, study) is None


def test_a_locked_database_takes_the_words_later(
    locked: Callable[[bool], None], typed: Seat, study: int, home: House
) -> None:
    typed.window.report.autosave.flush()
    typed.wait(lambda: typed.window.report._saved.text().startswith("Not saved:"))
    assert typed.window.report.text() == DRAFT + TYPED
    locked(False)
    typed.wait(lambda: typed.window.report.is_settled)
    assert edit_of(home, study) == DRAFT + TYPED


def test_a_locked_database_takes_the_words_of_who_went_later(
    locked: Callable[[bool], None], typed: Seat, study: int, home: House
) -> None:
    typed.window.lock()
    typed.window.entry.other.click()
    typed.wait(lambda: bool(typed.window.report.autosave._owed))
    assert not typed.window.report.is_settled
    locked(False)
    typed.wait(lambda: typed.window.report.is_settled)
    report = reports.current_report(home.workplace.db, study)
    assert report is not None
    assert (report.edit_text, report.edited_by) == (DRAFT + TYPED, "anna")


def test_a_window_isnt_closed_over_words_that_a_silent_database_hasnt_got(
    monkeypatch: pytest.MonkeyPatch, seat: Seat, study: int, home: House
) -> None:
    monkeypatch.setattr(ui.window, "CLOSE_MS", 200)
    seat.log_in()
    seat.open(study)
    with slow_store(seat):
        type_into(seat)
        seat.window.close()
        dialog = dialog_of(seat, UnsavedDialog)
        assert seat.window.isVisible()
        dialog.reject()
    seat.wait(lambda: seat.tasks.is_idle)
    seat.qtbot.wait(300)
    assert seat.window.isVisible()  # whoever stays isn't closed behind the back
    assert edit_of(home, study) == DRAFT + TYPED
    seat.window.close()
    seat.wait(lambda: not seat.window.isVisible())


def test_of_several_studies_chosen_while_words_are_saved_the_last_is_opened(
    seat: Seat, study: int, other: int, home: House
) -> None:
    third = home.drafted("DEMO0003.dcm", "Third draft.")
    seat.log_in()
    seat.open(study)
    seat.wait(lambda: seat.window.worklist.model.row_of(third) is not None)
    opened: list[int] = []
    seat.window.case.opened.connect(lambda detail: opened.append(detail.study.id))
    with slow_store(seat):
        type_into(seat)
        seat.window.worklist.choose(other)
        seat.window.worklist.choose(third)
        seat.window.worklist.choose(study)
    seat.wait(lambda: seat.tasks.is_idle)
    assert opened == []
    current = seat.window.worklist.current()
    assert current is not None
    assert seat.window.report.detail is not None
    assert current.id == seat.window.report.detail.study.id == study
    assert edit_of(home, study) == DRAFT + TYPED
