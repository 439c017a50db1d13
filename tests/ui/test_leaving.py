"""Going elsewhere: to another study, another person, another window. No word is lost, nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog

from llmcxr_ws import reading
from llmcxr_ws.store import configuration, reports, studies
from tests.ui.conftest import Seat
from tests.ui.homes import PASSWORD, House
from tests.ui.opened import dialog_of
from tests.ui.sign.node import decide
from ui.keys_page import KeysPage
from ui.report.unsaved import UnsavedDialog
from ui.sign.dialogs import SignDialog
from ui.worklist.model import Column

DRAFT = "The lungs are clear. No effusion. No fracture. No mass."


@pytest.fixture
def study(home: House) -> int:
    return home.drafted("DEMO0001.dcm", DRAFT)


def write_addendum(seat: Seat, study: int, home: House) -> None:
    """Sign the report, begin an addendum to it, and lose the study to another reader while writing."""
    home.add_user("ben", "reader")
    seat.log_in()
    seat.open(study)
    seat.window.wishes.sign()
    dialog = dialog_of(seat, SignDialog)
    assert isinstance(dialog, SignDialog)
    dialog.secret.box.setText(PASSWORD)
    dialog.confirm.click()
    seat.wait(lambda: dialog.request_id is not None)
    decide(home)
    seat.wait(lambda: seat.window.report.actions_row.addendum.isVisible())
    seat.window.report.actions_row.addendum.click()
    addenda = seat.window.report.addenda
    seat.wait(lambda: addenda.editor.isVisible() and not addenda.editor.isReadOnly())
    seat.wait(lambda: seat.tasks.is_idle)
    reading.hold(home.workplace.db, study, user="ben", take_over=True)
    addenda.editor.setPlainText("Written too late.")


def test_an_addendum_that_cant_be_saved_isnt_left_without_a_question(
    seat: Seat, study: int, home: House
) -> None:
    other = home.drafted("DEMO0002.dcm", "Clear lungs.")
    write_addendum(seat, study, home)
    seat.window.worklist.choose(other)
    dialog_of(seat, UnsavedDialog).reject()
    assert seat.window.report.addenda.text() == "Written too late."
    seat.window.close()
    dialog_of(seat, UnsavedDialog).reject()
    assert seat.window.isVisible()
    seat.window.worklist.choose(other)
    dialog_of(seat, UnsavedDialog).accept()
    seat.wait(lambda: seat.window.report.text() == "Clear lungs.")


def test_words_that_cant_be_saved_arent_dropped_for_another_person_without_a_question(
    seat: Seat, study: int, home: House
) -> None:
    home.add_user("ben", "reader")
    seat.log_in(pin="4711")
    seat.open(study)
    reading.hold(home.workplace.db, study, user="ben", take_over=True)
    seat.window.report.editor.setPlainText("Typed too late.")
    seat.window.lock()
    seat.window.entry.other.click()
    dialog_of(seat, UnsavedDialog).reject()
    assert not seat.window.entry.user.isVisible()
    seat.window.entry.secret.box.setText("4711")
    seat.window.entry.confirm.click()
    seat.wait(lambda: seat.window.is_open)
    assert seat.window.report.text() == "Typed too late."
    seat.window.lock()
    seat.window.entry.other.click()
    dialog_of(seat, UnsavedDialog).accept()
    seat.wait(lambda: seat.window.entry.user.isVisible())
    assert seat.window.report.text() == ""


def test_nothing_of_whoever_sat_here_is_left_for_the_next(seat: Seat, study: int, home: House) -> None:
    home.add_user("ben", "reader")
    seat.log_in()
    seat.open(study)
    window = seat.window
    QTest.keyClicks(window.worklist.search, "aster")
    window.worklist.chips[1].click()
    window.say("Something about anna's study")
    window.lock()
    assert window.statusBar().currentMessage() == ""
    window.entry.other.click()
    seat.log_in("ben")
    assert window.worklist.search.text() == ""
    assert window.worklist.chips[0].isChecked()
    assert window.worklist.current() is None


def test_keys_arent_changed_at_a_locked_window(seat: Seat) -> None:
    seat.log_in()
    seat.window.lock()
    seat.window.habits.show_keys()
    page = seat.window.findChild(KeysPage)
    assert page is not None
    assert page.table.rowCount() > 60
    assert not any(made.isVisible() for made in (page.change, page.reset, page.reset_all))
    page.table.itemActivated.emit(page.table.item(0, 0))
    assert page.findChildren(QDialog) == []


# The film in a window of its own


def test_keys_reach_the_film_in_its_own_window_and_come_back(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    window = seat.window
    window.actions_by_name["window.film"].trigger()
    own = window.habits.film_window
    assert own is not None
    window.activateWindow()
    seat.wait(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_F3)
    seat.wait(own.isActiveWindow)
    assert QApplication.focusWidget() is window.film.view
    QTest.keyClick(window.film.view, Qt.Key.Key_F8)
    seat.wait(window.isActiveWindow)
    assert QApplication.focusWidget() is window.report.editor
    window.actions_by_name["window.film"].trigger()


# Taking over, pages of others


def test_a_study_is_taken_over_by_its_key_after_a_question(
    seat_at: Callable[[], Seat], study: int, home: House
) -> None:
    home.add_user("ben", "reader")
    reading.hold(home.workplace.db, study, user="ben")
    seat = seat_at()
    seat.log_in()
    take_over = seat.window.actions_by_name["study.take_over"]
    take_over.trigger()
    assert "No study is open" in seat.window.statusBar().currentMessage()
    seat.open(study)
    take_over.trigger()
    dialog = next(found for found in seat.window.findChildren(QDialog) if found.isVisible())
    dialog.accept()
    seat.wait(lambda: studies.study_row(home.workplace.db, study).held_by == "anna")


def test_a_page_that_isnt_for_this_role_says_so(seat: Seat) -> None:
    seat.log_in()
    seat.window.actions_by_name["page.administration"].trigger()
    assert seat.window.pages.name == "reading"
    assert "your role" in seat.window.statusBar().currentMessage()


# Reader first, on the worklist


def test_the_list_tells_what_the_model_thinks_only_of_drafts_that_were_unlocked(
    seat: Seat, home: House
) -> None:
    configuration.import_site(home.workplace.db, "reader_first = true", user="admin")
    home.add_user("cleo", "researcher")
    guard = {"abnormal": True, "agreement": "disagrees"}
    first = home.drafted("DEMO0001.dcm", DRAFT, confidence=0.93, guard=guard)
    second = home.drafted("DEMO0002.dcm", DRAFT, confidence=0.91, guard=guard)
    db, window = home.workplace.db, seat.window

    def cells(study: int) -> str:
        index = window.worklist.model.index_of(study)
        return " ".join(index.siblingAtColumn(column).data() for column in Column)

    seat.log_in()
    seat.wait(lambda: window.worklist.model.rowCount() == 2)
    assert "AI" not in cells(first) + cells(second)
    assert "93 %" not in cells(first)
    report = reports.current_report(db, first)
    assert report is not None
    reading.unlock_draft(db, report.id, user="anna", text="Clear lungs.")
    seat.wait(lambda: "AI disagrees" in cells(first))
    assert "93 %" in cells(first)
    assert "91 %" not in cells(second)
    window.lock()
    window.entry.other.click()
    assert "AI" not in cells(first)
    seat.log_in("cleo")
    seat.wait(lambda: "AI disagrees" in cells(second))


def test_a_long_list_comes_in_pieces(seat: Seat, home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.desk.ROWS_AT_ONCE", 2)
    wanted = {home.drafted(f"DEMO000{number}.dcm", DRAFT) for number in range(1, 6)}
    sizes: list[int] = []
    seat.window.watching.changed.connect(lambda rows: sizes.append(len(rows)))
    seat.log_in()
    seat.wait(lambda: {row.id for row in seat.window.worklist.model.rows()} == wanted)
    assert max(sizes) == 2
