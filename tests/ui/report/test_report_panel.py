"""The report panel in the window, on a real home: reader first, new drafts, answers, macros, one history."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog
from sqlalchemy import select

from llmcxr_ws import reading
from llmcxr_ws.errors import DatabaseFailure
from llmcxr_ws.guards import Objection
from llmcxr_ws.guards.objections import Place
from llmcxr_ws.macros import Macro, to_preference
from llmcxr_ws.store import configuration, preferences, reports, studies
from llmcxr_ws.store.models import Audit
from tests.factories import make_film, save
from tests.ui.conftest import Seat
from tests.ui.homes import House
from ui.report.macro_dialog import MacroDialog
from ui.report.renewed import RenewalDialog

DRAFT = "Heart size is normal. There is a small left pleural effusion."
CONTROL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def dialog_of(seat: Seat, kind: type[QDialog]) -> QDialog:
    seat.wait(lambda: any(found.isVisible() for found in seat.window.findChildren(kind)))
    return next(found for found in seat.window.findChildren(kind) if found.isVisible())


def events(home: House) -> list[str]:
    with home.workplace.db.read() as session:
        return list(session.scalars(select(Audit.event).order_by(Audit.id)))


def settled(seat: Seat) -> None:
    seat.window.report.autosave.flush()
    seat.wait(lambda: seat.window.report.autosave.is_settled and seat.tasks.is_idle)


def edit_of(home: House, study: int) -> str | None:
    report = reports.current_report(home.workplace.db, study)
    assert report is not None
    return report.edit_text


@pytest.fixture
def study(home: House) -> int:
    return home.drafted("DEMO0001.dcm", DRAFT)


@pytest.fixture
def reader_first(home: House) -> None:
    configuration.import_site(home.workplace.db, "reader_first = true", user="admin")


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


def renew(seat: Seat, study: int, text: str) -> None:
    home = seat.home
    late = make_film(
        seed="late", StudyInstanceUID=studies.study_row(home.workplace.db, study).study_instance_uid
    )
    home.receive(save(late, home.home, "late.dcm"))
    home.settle()
    home.draft(text)


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


# Reader first


def test_nothing_of_the_model_is_seen_before_the_own_impression(
    seat: Seat, study: int, home: House, reader_first: None
) -> None:
    seat.log_in()
    seat.open(study)
    window, report = seat.window, seat.window.report
    assert report.is_draft_hidden
    assert report.text() == "" and report.editor.ai_text == ""
    assert report.ai.text == "" and report._caution.text() == ""
    assert window.chat.isHidden() and not report.tracking.isVisible()
    assert not report.compare.isEnabled() and not report.reject.isEnabled() and not report.sign.isEnabled()
    assert "Show the draft first" in report.sign.toolTip()
    report.toggle_original()
    assert not report.original.isVisible()
    assert not report.insert_text("An answer.")
    report.unlock.click()
    seat.wait(lambda: "no impression of your own" in window.statusBar().currentMessage())
    assert report.is_draft_hidden
    assert "draft.shown" not in events(home)


def test_the_draft_is_shown_beside_the_own_impression_and_both_are_logged(
    seat: Seat, study: int, home: House, reader_first: None
) -> None:
    seat.log_in()
    seat.open(study)
    window, report = seat.window, seat.window.report
    hidden: list[bool] = []
    report.draft_hidden.connect(hidden.append)
    report.editor.setFocus()
    QTest.keyClicks(report.editor, "Heart size is normal. A nodule on the right.")
    QTest.keyClick(window, Qt.Key.Key_S, ALT)
    seat.wait(lambda: not report.is_draft_hidden and seat.tasks.is_idle)
    assert hidden == [False]
    assert report.text() == "Heart size is normal. A nodule on the right."
    assert report.original.isVisible() and report.original.toPlainText() == DRAFT
    assert not window.chat.isHidden() and report.sign.isEnabled()
    assert "You wrote your own impression first" in report.ai.text
    # The words were the reader's before the draft was seen, whoever else says the same.
    assert "2 your own (O)" in report._origins.text()
    assert [event for event in events(home) if event in ("reading.first", "draft.shown")] == [
        "reading.first",
        "draft.shown",
    ]
    (kept,) = reading.open_study(home.workplace.db, study).first_readings
    assert (kept.user, kept.text) == ("anna", "Heart size is normal. A nodule on the right.")
    report.editor.undo()
    assert report.text() != kept.text  # the history goes on over the unlocking


def test_an_own_impression_is_autosaved_while_the_draft_is_hidden(
    seat_at: Callable[[], Seat], study: int, home: House, reader_first: None
) -> None:
    seat = seat_at()
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("Half an impression")
    settled(seat)
    assert edit_of(home, study) == "Half an impression"
    seat.window.close()
    seat.wait(lambda: not seat.window.isVisible())
    again = seat_at()
    again.log_in()
    again.open(study)
    assert again.window.report.is_draft_hidden
    assert again.window.report.text() == "Half an impression"


def test_a_colleagues_text_is_neither_shown_nor_overwritten_before_the_own_impression(
    seat: Seat, study: int, home: House, reader_first: None
) -> None:
    report_id = studies.study_row(home.workplace.db, study).report_id
    assert report_id is not None
    reading.save_edit(home.workplace.db, report_id, user="ben", text=DRAFT + " Ben's words.")
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    assert report.text() == ""
    report.editor.setPlainText("Mine first.")
    settled(seat)
    seat.window.film.view.setFocus()
    seat.window.case.refresh()
    seat.wait(lambda: seat.tasks.is_idle)
    assert report.text() == "Mine first."
    assert edit_of(home, study) == DRAFT + " Ben's words."
    report.unlock.click()
    seat.wait(lambda: report.text() == DRAFT + " Ben's words.")
    (kept,) = reading.open_study(home.workplace.db, study).first_readings
    assert kept.text == "Mine first."


def test_a_new_draft_needs_no_second_impression(
    seat: Seat, study: int, home: House, reader_first: None
) -> None:
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    report.editor.setPlainText("Mine first.")
    report.unlock.click()
    seat.wait(lambda: not report.is_draft_hidden)
    renew(seat, study, "Clear lungs.")
    seat.wait(lambda: report.detail is not None and report.detail.report.version == 2)
    assert not report.is_draft_hidden
    assert "version 2" in report.renewed.text


def test_the_next_study_is_hidden_again_and_its_marks_with_it(
    seat: Seat, study: int, home: House, reader_first: None
) -> None:
    other = home.drafted("DEMO0002.dcm", "Clear lungs.")
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("Mine first.")
    seat.window.report.unlock.click()
    seat.wait(lambda: not seat.window.report.is_draft_hidden)
    seat.open(other)
    assert seat.window.report.is_draft_hidden
    assert seat.window.report.text() == ""
    assert seat.window.chat.isHidden()
    assert not seat.window.report.original.isVisible()
    seat.open(study)
    assert not seat.window.report.is_draft_hidden


def test_who_writes_no_reports_sees_the_draft(
    seat: Seat, study: int, home: House, reader_first: None
) -> None:
    home.add_user("rae", "researcher")
    seat.log_in("rae")
    seat.open(study)
    assert not seat.window.report.is_draft_hidden
    assert seat.window.report.text() == DRAFT


def test_without_the_setting_everything_is_as_before(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    assert not seat.window.report.is_draft_hidden
    assert seat.window.report.text() == DRAFT
    assert json.dumps(events(home)).count("draft.shown") == 0


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


# What is kept beside the text


def closed(seat: Seat) -> None:
    settled(seat)
    seat.window.close()
    seat.wait(lambda: not seat.window.isVisible())


def test_kept_changes_outlive_the_window_as_the_text_does(
    seat_at: Callable[[], Seat], study: int, home: House
) -> None:
    seat = seat_at()
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("Heart size is enlarged. Mine alone and new.")
    seat.window.report.editor.mark()
    seat.window.report.editor.moveCursor(seat.window.report.editor.textCursor().MoveOperation.Start)
    seat.window.report.editor.accept_current()
    open_before = {change.mine for change in seat.window.report.editor.markup.changes}
    closed(seat)
    kept = preferences.preferences_of(home.workplace.db, "anna")["reading"]
    assert "Heart" not in json.dumps(kept)  # no words of a patient among the settings
    again = seat_at()
    again.log_in()
    again.open(study)
    report = again.window.report
    assert report.text() == "Heart size is enlarged. Mine alone and new."
    again.wait(lambda: {change.mine for change in report.editor.markup.changes} == open_before)
    assert len(report.editor.accepted) == 1


def test_undoing_a_kept_change_outlives_the_window_too(
    seat_at: Callable[[], Seat], study: int, home: House
) -> None:
    seat = seat_at()
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("Heart size is enlarged.")
    seat.window.report.editor.accept_all()
    assert not seat.window.report.editor.markup.changes
    seat.window.report.editor.undo()
    seat.wait(lambda: bool(seat.window.report.editor.markup.changes))
    closed(seat)
    again = seat_at()
    again.log_in()
    again.open(study)
    again.wait(lambda: again.window.report.own.is_read)
    assert again.window.report.editor.markup.changes


def test_a_new_draft_that_came_while_the_window_was_closed_says_what_changed(
    seat_at: Callable[[], Seat], study: int, home: House
) -> None:
    seat = seat_at()
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("My own impression.")
    closed(seat)
    renew(seat, study, "Heart size is normal. There is a large left pleural effusion.")
    again = seat_at()
    again.log_in()
    again.open(study)
    report = again.window.report
    again.wait(lambda: "version 2" in report.renewed.text)
    assert "0 new, 1 changed, 0 gone" in report.renewed.text
    assert "kept as you wrote it" in report.renewed.text
    report.acknowledge_renewal()
    closed(again)
    third = seat_at()
    third.log_in()
    third.open(study)
    third.wait(lambda: third.window.report.own.is_read)
    assert third.window.report.renewed.text == ""


def test_two_new_drafts_are_both_told_until_they_were_seen(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    renew(seat, study, "Heart size is normal. There is a large left pleural effusion.")
    seat.wait(lambda: "version 2" in report.renewed.text)
    late = make_film(
        seed="later", StudyInstanceUID=studies.study_row(seat.home.workplace.db, study).study_instance_uid
    )
    seat.home.receive(save(late, seat.home.home, "later.dcm"))
    seat.home.settle()
    seat.home.draft("Heart size is normal. There is a large left pleural effusion. Fracture.")
    seat.wait(lambda: "version 3" in report.renewed.text)
    assert "1 new, 1 changed, 0 gone" in report.renewed.text  # against the one that was seen


def test_a_withheld_drafts_words_are_never_told_as_what_changed(seat: Seat, home: House) -> None:
    study = home.drafted("DEMO0001.dcm", "Secret words of a weak draft.", withheld="Too unsure.")
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("My own impression.")
    settled(seat)
    renew(seat, study, "Heart size is normal.")
    seat.wait(lambda: seat.window.report.editor.ai_text == "Heart size is normal.")
    assert seat.window.report.renewal is None


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
