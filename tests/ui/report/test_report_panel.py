"""The report panel in the window, on a real home: reader first, new drafts, answers, macros, one history."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from llmcxr_ws import reading
from llmcxr_ws.errors import DatabaseFailure
from llmcxr_ws.guards import Objection
from llmcxr_ws.guards.objections import Place
from llmcxr_ws.macros import Macro, to_preference
from llmcxr_ws.store import preferences, studies
from tests.ui.conftest import Seat
from tests.ui.homes import House
from tests.ui.opened import DRAFT, dialog_of, edit_of, settled
from tests.ui.report.renewing import renew
from ui.report.macro_dialog import MacroDialog
from ui.report.renewed import RenewalDialog

CONTROL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


# Keys and one history


def test_the_keys_of_changes_and_one_history_for_everything(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    window, report = seat.window, seat.window.report
    QTest.keyClick(window, Qt.Key.Key_F4)
    report.editor.setPlainText("Heart size is enlarged. Mine alone and new.")
    report.editor.mark()
    QTest.keyClick(window, Qt.Key.Key_F7)
    QTest.keyClick(window, Qt.Key.Key_F7, SHIFT)
    report.editor.moveCursor(report.editor.textCursor().MoveOperation.Start)
    QTest.keyClick(window, Qt.Key.Key_Delete, ALT)
    assert report.text() == "Heart size is normal. Mine alone and new."
    QTest.keyClick(window, Qt.Key.Key_A, ALT)
    assert report.editor.markup.changes == ()
    QTest.keyClick(window, Qt.Key.Key_F8)
    QTest.keyClicks(report.editor, "Lungs clear.")
    assert report.text().startswith("Findings:\nLungs clear.\n\nImpression:\nHeart size")
    assert report.insert_text("There is edema.")
    window.film.view.setFocus()
    for expected in (
        "Findings:\nLungs clear.\n\nImpression:\nHeart size is normal. Mine alone and new.",
        "Heart size is normal. Mine alone and new.",
    ):
        QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
        assert report.text() == expected
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert report.editor.toPlainText() == report.text()  # the empty section is gone
    report.editor.mark()
    assert report.editor.markup.changes == ()
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    report.editor.mark()
    assert len(report.editor.markup.changes) == 2
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert report.text() == "Heart size is enlarged. Mine alone and new."
    for _ in range(6):
        QTest.keyClick(window, Qt.Key.Key_Y, CONTROL)
    assert report.text().startswith("Findings:\nLungs clear. There is edema.")
    settled(seat)
    assert edit_of(home, study) == report.text()


def test_keeping_a_change_saves_nothing_because_the_text_is_the_same(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    report.editor.setPlainText("Heart size is enlarged.")
    settled(seat)
    saved = report._saved.text()
    report.editor.accept_all()
    seat.qtbot.wait(50)
    assert report._saved.text() == saved
    assert report.autosave.is_settled


def test_kept_changes_stay_kept_when_one_comes_back_to_the_study(seat: Seat, study: int, home: House) -> None:
    other = home.drafted("DEMO0002.dcm", "Clear lungs.")
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    report.editor.setPlainText("Heart size is enlarged.")
    report.editor.accept_all()
    seat.open(other)
    assert not report.editor.accepted
    seat.open(study)
    assert report.editor.markup.changes == ()
    assert report.text() == "Heart size is enlarged."


def test_marks_are_shown_and_hidden_by_a_key(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    QTest.keyClick(seat.window, Qt.Key.Key_M, CONTROL | SHIFT)
    assert seat.window.report.editor.is_clean
    assert not seat.window.report.clean.isChecked()
    assert not seat.window.report.tracking.isVisible()
    QTest.keyClick(seat.window, Qt.Key.Key_M, CONTROL | SHIFT)
    assert not seat.window.report.editor.is_clean


# Macros and answers


def test_macros_are_the_persons_own_and_kept(seat: Seat, study: int, home: House) -> None:
    db = home.workplace.db
    preferences.set_preference(db, "anna", "macros", to_preference([Macro("nl", "The lungs are clear.")]))
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    seat.wait(lambda: len(report.own.macros) == 1)
    report.editor.setFocus()
    QTest.keyClicks(report.editor, " nl")
    QTest.keyClick(seat.window, Qt.Key.Key_Space, CONTROL)
    assert report.text() == DRAFT + " The lungs are clear."
    report.editor.mark()
    assert "1 from macros (M)" in report._origins.text()
    assert report.macro_menu().actions()[0].text() == "nl: The lungs are clear."
    report.edit_macros()
    dialog = dialog_of(seat, MacroDialog)
    assert isinstance(dialog, MacroDialog)
    dialog.add.click()
    QTest.keyClicks(dialog.trigger, "fu")
    dialog.text.setPlainText("Follow up.")
    dialog.save.click()
    seat.wait(lambda: seat.tasks.is_idle)
    assert len(preferences.preferences_of(db, "anna")["macros"]["macros"]) == 2
    home.add_user("ben", "reader")
    seat.window.lock()
    seat.window.entry.other.click()
    seat.log_in("ben")
    seat.wait(lambda: seat.tasks.is_idle)
    assert report.own.macros == ()


def test_an_inserted_answer_keeps_its_mark_over_a_reload(
    seat_at: Callable[[], Seat], study: int, home: House
) -> None:
    seat = seat_at()
    seat.log_in()
    seat.open(study)
    seat.window.chat.box.setText("Is there edema?")
    seat.window.chat.ask()
    seat.wait(lambda: seat.tasks.is_idle)
    home.answer(["Yes, there is ", "mild edema."])
    seat.wait(lambda: seat.window.chat.is_answered)
    report = seat.window.report
    assert report.insert_text("Yes, there is mild edema.")
    assert "1 from AI answers (Q)" in report._origins.text()
    settled(seat)
    seat.window.close()
    seat.wait(lambda: not seat.window.isVisible())
    again = seat_at()
    again.log_in()
    again.open(study)
    assert again.window.report.text() == DRAFT + " Yes, there is mild edema."
    again.wait(lambda: "1 from AI answers (Q)" in again.window.report._origins.text())


def test_nothing_is_inserted_where_nobody_may_write(seat: Seat, study: int, home: House) -> None:
    assert not seat.window.report.insert_text("Words.")
    home.add_user("rae", "researcher")
    seat.log_in("rae")
    seat.open(study)
    assert not seat.window.report.insert_text("Words.")
    assert seat.window.report.text() == DRAFT


# A new draft while one reads


def test_a_new_draft_says_what_it_says_differently_and_own_words_stay(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    report.editor.setPlainText("My own impression.")
    settled(seat)
    renew(seat, study, "Heart size is normal. There is a large left pleural effusion. Old fracture.")
    seat.wait(lambda: "version 2" in report.renewed.text)
    assert "1 new, 1 changed, 0 gone" in report.renewed.text
    assert "kept as you wrote it" in report.renewed.text
    assert report.text() == "My own impression."
    report.show_renewal()
    dialog = dialog_of(seat, RenewalDialog)
    assert isinstance(dialog, RenewalDialog)
    shown = dialog.text.toPlainText()
    assert shown.split() == [
        "Same",
        "Heart",
        "size",
        "is",
        "normal.",
        "Changed",
        "There",
        "is",
        "a",
        "small",
        "left",
        "pleural",
        "effusion.",
        "There",
        "is",
        "a",
        "large",
        "left",
        "pleural",
        "effusion.",
        "New",
        "Old",
        "fracture.",
    ]
    dialog.accept()
    report.acknowledge_renewal()
    seat.window.case.refresh()
    seat.wait(lambda: seat.tasks.is_idle)
    assert report.renewed.text == ""


def test_a_reader_who_wrote_nothing_sees_the_new_draft(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    renew(seat, study, "Clear lungs.")
    report = seat.window.report
    seat.wait(lambda: report.text() == "Clear lungs.")
    assert "You had written nothing" in report.renewed.text
    report.editor.undo()
    assert report.text() == DRAFT
    settled(seat)
    assert edit_of(seat.home, study) == DRAFT
    report.editor.redo()
    assert report.text() == "Clear lungs."


def test_words_that_werent_saved_yet_survive_a_new_draft(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    report.editor.setFocus()
    QTest.keyClicks(report.editor, " Typed at this moment.")
    assert not report.autosave.is_settled
    report.autosave._timer.stop()  # as if the two seconds weren't over
    renew(seat, study, "Clear lungs.")
    seat.window.case.refresh()
    seat.wait(lambda: report.detail is not None and report.detail.report.version == 2)
    assert report.text() == DRAFT + " Typed at this moment."
    assert report.editor.ai_text == "Clear lungs."
    settled(seat)
    assert edit_of(home, study) == DRAFT + " Typed at this moment."
    report.editor.undo()
    assert report.text() != DRAFT + " Typed at this moment."


# One study's words never come into another's


def test_undo_never_brings_another_patients_words(seat: Seat, study: int, home: House) -> None:
    other = home.drafted("DEMO0002.dcm", DRAFT)  # word for word the same draft, as happens every day
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    report.editor.setFocus()
    QTest.keyClicks(report.editor, " Of the first patient.")
    settled(seat)
    for _ in range(40):
        report.editor.undo()
    assert report.text() == DRAFT
    settled(seat)
    seat.open(other)
    report.editor.redo()
    assert report.text() == DRAFT
    report.editor.undo()
    assert report.text() == DRAFT


def test_what_was_kept_in_one_study_is_open_in_another_with_the_same_words(
    seat: Seat, study: int, home: House
) -> None:
    other = home.drafted("DEMO0002.dcm", DRAFT)
    report_id = studies.study_row(home.workplace.db, other).report_id
    assert report_id is not None
    reading.save_edit(home.workplace.db, report_id, user="anna", text="Heart size is enlarged.")
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    report.editor.setPlainText("Heart size is enlarged.")
    report.editor.mark()
    report.editor.accept_all()
    assert not report.editor.markup.changes
    settled(seat)
    seat.open(other)
    assert report.text() == "Heart size is enlarged."
    assert report.editor.markup.changes


def test_macros_that_couldnt_be_read_are_never_overwritten(
    seat: Seat, study: int, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = home.workplace.db
    preferences.set_preference(db, "anna", "macros", to_preference([Macro("nl", "The lungs are clear.")]))
    real = seat.window.report._desk.preferences
    calls: list[str] = []

    def away(user: str) -> dict[str, dict[str, object]]:
        calls.append(user)
        if len(calls) < 3:  # the person's settings, then ours
            raise DatabaseFailure("The database can't be used now.")
        return real(user)

    seat.window.report.own._again.setInterval(200)
    monkeypatch.setattr(seat.window.report._desk, "preferences", away)
    seat.log_in()
    seat.window.report.edit_macros()
    assert "haven't been read" in seat.window.statusBar().currentMessage()
    assert not seat.window.findChildren(MacroDialog)
    seat.wait(lambda: seat.window.report.own.is_read)
    assert [macro.trigger for macro in seat.window.report.own.macros] == ["nl"]
    assert len(preferences.preferences_of(db, "anna")["macros"]["macros"]) == 1


def test_an_objection_shows_its_words_also_while_sections_are_empty(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    report.editor.go_to_section("findings")
    assert report.editor.toPlainText() != report.text()
    at = report.text().index("small left")
    report.show_objection(
        Objection("laterality", "Left and right.", places=(Place(at, at + len("small left")),))
    )
    assert report.editor.textCursor().selectedText() == "small left"
