"""Reading and writing at the window on a real home: film, draft, edits, holds, questions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from llmcxr_ws import reading
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import reports, studies, transitions
from llmcxr_ws.store.models import Report
from tests.ui.conftest import Seat
from tests.ui.homes import FILMS, House
from tests.ui.opened import DRAFT, dialog_of
from ui.report.unsaved import UnsavedDialog
from ui.sign.take_over import TakeOverDialog


@pytest.fixture
def study(home: House) -> int:
    return home.drafted("DEMO0001.dcm", DRAFT)


def test_a_study_opens_with_film_draft_and_what_the_model_cant_judge(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    window = seat.window
    assert window.film.view.film is not None
    assert window.report.text() == DRAFT
    assert "llm-cxr test 0" in window.report.ai.text
    assert "Research use only" in window.report.ai.text
    assert list(window.report.guards.boxes) == ["Fracture", "Mass"]
    assert window.report.guards.isVisible()
    assert "71 %" in window.worklist.model.index(0, 3).data()
    assert studies.study_row(seat.home.workplace.db, study).held_by == "anna"


def test_typing_is_saved_within_seconds_and_when_the_editor_is_left(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    editor = seat.window.report.editor
    db = seat.home.workplace.db
    editor.setFocus()
    QTest.keyClicks(editor, " Nothing else.")
    seat.wait(lambda: seat.window.report._saved.text().startswith("Saved"))
    report = reports.current_report(db, study)
    assert report is not None
    assert report.edit_text == DRAFT + " Nothing else."
    assert studies.study_row(db, study).state is StudyState.IN_REVIEW
    QTest.keyClicks(editor, " More.")
    seat.window.chat.box.setFocus()
    seat.qtbot.waitUntil(
        lambda: (reports.current_report(db, study) or report).edit_text.endswith("More."), timeout=1900
    )


def test_undo_survives_an_autosave_and_a_refresh(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    editor = seat.window.report.editor
    editor.setFocus()
    QTest.keyClicks(editor, "X")
    seat.window.report.autosave.flush()
    seat.wait(lambda: seat.window.report.autosave.is_settled)
    seat.window.case.refresh()
    seat.wait(lambda: seat.tasks.is_idle)
    editor.undo()
    assert seat.window.report.text() == DRAFT


def test_changes_against_the_ai_text_are_marked_and_its_words_stay_to_be_seen(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    report.editor.setPlainText("Heart size is enlarged. There is a small left pleural effusion.")
    report.editor.mark()
    marks = {
        mark.cursor.selectedText(): mark.format.fontUnderline() for mark in report.editor.extraSelections()
    }
    assert marks["enlarged"]
    assert not marks["Heart size is"]
    report.toggle_original()
    assert report.original.toPlainText() == DRAFT
    cursor = report.original.document().find("normal")
    assert cursor.charFormat().fontStrikeOut()
    assert "1 as the AI wrote (A), 1 edited (E)" in report._origins.text()
    QTest.keyClick(seat.window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert not report.original.isVisible()


def test_choosing_another_study_saves_and_gives_the_first_back(seat: Seat, study: int, home: House) -> None:
    other = home.drafted("DEMO0002.dcm", "Clear lungs.")
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("Changed.")
    seat.open(other)
    assert seat.window.report.text() == "Clear lungs."
    row = studies.study_row(home.workplace.db, study)
    seat.wait(lambda: studies.study_row(home.workplace.db, study).held_by == "")
    report = reports.current_report(home.workplace.db, row.id)
    assert report is not None
    assert report.edit_text == "Changed."
    seat.open(study)
    assert seat.window.report.text() == "Changed."


def test_a_study_held_by_another_can_be_looked_at_and_taken_over(
    seat_at: Callable[[], Seat], study: int, home: House
) -> None:
    home.add_user("ben", "reader")
    first, second = seat_at(), seat_at()
    first.log_in()
    first.open(study)
    second.log_in("ben")
    second.open(study)
    assert second.window.report.editor.isReadOnly()
    assert not second.window.report.sign.isEnabled()
    assert "anna is reading" in second.window.report.notices["attention"].text
    second.window.report.take_over.click()
    dialog_of(second, TakeOverDialog).accept()
    second.wait(lambda: not second.window.report.editor.isReadOnly())
    first.wait(lambda: first.window.report.editor.isReadOnly())
    assert "ben is reading" in first.window.report.notices["attention"].text


def test_words_typed_while_another_takes_over_overwrite_nothing(seat: Seat, study: int, home: House) -> None:
    home.add_user("ben", "reader")
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("Typed too late.")
    reading.hold(home.workplace.db, study, user="ben", take_over=True)
    seat.wait(lambda: "held by 'ben'" in seat.window.report._saved.text())
    assert seat.window.report.text() == "Typed too late."
    report = reports.current_report(home.workplace.db, study)
    assert report is not None
    assert report.edit_text is None
    other = home.drafted("DEMO0002.dcm", "Clear lungs.")
    seat.wait(lambda: seat.window.worklist.model.row_of(other) is not None)
    seat.window.worklist.choose(other)
    dialog_of(seat, UnsavedDialog).reject()
    current = seat.window.worklist.current()
    assert current is not None
    assert current.id == study
    assert seat.window.report.text() == "Typed too late."
    seat.window.close()
    dialog_of(seat, UnsavedDialog).reject()
    assert seat.window.isVisible()
    seat.window.worklist.choose(other)
    dialog_of(seat, UnsavedDialog).accept()
    seat.wait(lambda: seat.window.report.text() == "Clear lungs.")


def test_an_excluded_study_says_why_and_what_to_do(seat: Seat, home: House) -> None:
    study = home.receive(FILMS / "DEMO0003.dcm")
    db = home.workplace.db
    (due,) = studies.due_studies(db)
    sentence = "The film is a lateral. Send a frontal film, or report without a draft."
    studies.settle_without_film(db, due, code="not_frontal", sentence=sentence, failed=False)
    seat.log_in()
    seat.open(study)
    assert sentence in seat.window.report.notices["attention"].text
    assert sentence in seat.window.worklist._sentences.text()
    assert "Not drafted" in seat.window.worklist.model.index(0, 0).data()
    assert seat.window.film.view.film is not None
    assert not seat.window.report.sign.isEnabled()


def test_a_withheld_draft_is_neither_shown_nor_signable(seat: Seat, home: House) -> None:
    study = home.drafted(
        "DEMO0004.dcm", "Words the model wasn't sure of.", withheld="The confidence is too low."
    )
    seat.log_in()
    seat.open(study)
    report = seat.window.report
    assert report.text() == ""
    assert "withheld. The confidence is too low." in report.notices["attention"].text
    assert report.ai.text == ""
    assert not report.compare.isEnabled()
    assert not report.editor.isReadOnly()
    report.toggle_original()
    assert not report.original.isVisible()
    assert "Withheld" in seat.window.worklist.model.index(0, 0).data()


def test_a_rejected_draft_leaves_the_editor_but_can_be_looked_at(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    with home.workplace.db.write() as session:
        row = session.get(Report, studies.study_row(home.workplace.db, study).report_id)
        transitions.reject_report(session, row, "Wrong side", "anna")
        transitions.touch(session, studies.get_study(session, study))
    seat.wait(lambda: "was rejected: Wrong side" in seat.window.report.notices["attention"].text)
    assert seat.window.report.text() == ""
    assert not seat.window.report.reject.isEnabled()
    seat.window.report.toggle_original()
    assert seat.window.report.original.toPlainText() == DRAFT


def test_a_late_image_is_announced_and_the_new_draft_keeps_the_text(
    seat: Seat, study: int, home: House
) -> None:
    from tests.factories import make_film, save

    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("My own impression.")
    seat.window.report.autosave.flush()
    seat.wait(lambda: seat.window.report.autosave.is_settled)
    first = seat.window.report.detail
    assert first is not None
    late = make_film(seed="late", StudyInstanceUID=first.study.study_instance_uid)
    home.receive(save(late, home.home, "late.dcm"))
    home.settle()
    seat.wait(lambda: "came after this draft" in seat.window.report.late.text)
    home.draft("A newer draft.")
    seat.wait(lambda: seat.window.report.detail.report.version == 2)
    assert seat.window.report.text() == "My own impression."
    assert seat.window.report.editor.ai_text == "A newer draft."


def test_going_there_and_back_quickly_ends_where_the_worklist_says(
    seat: Seat, study: int, home: House
) -> None:
    other = home.drafted("DEMO0002.dcm", "Clear lungs.")
    seat.log_in()
    seat.open(study)
    seat.wait(lambda: seat.window.worklist.model.row_of(other) is not None)
    seat.window.worklist.choose(other)
    seat.window.worklist.choose(study)
    seat.wait(lambda: seat.tasks.is_idle)
    assert seat.window.report.text() == DRAFT
    seat.wait(lambda: studies.study_row(home.workplace.db, other).held_by == "")
    seat.wait(lambda: studies.study_row(home.workplace.db, study).held_by == "anna")


# Asking


def test_an_answer_grows_while_it_is_written_and_is_marked(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    chat = seat.window.chat
    QTest.keyClicks(chat.box, "Is there <b>edema</b>?")
    QTest.keyClick(chat.box, Qt.Key.Key_Return)
    seat.wait(lambda: "Waiting for the engine" in chat.transcript.toPlainText())
    assert "Is there <b>edema</b>?" in chat.transcript.toPlainText()
    home.answer(["There is ", "no "], finish=False)
    seat.wait(lambda: "AI: There is no …" in chat.transcript.toPlainText())


def test_earlier_questions_are_there_again(seat_at: Callable[[], Seat], study: int, home: House) -> None:
    seat = seat_at()
    seat.log_in()
    seat.open(study)
    seat.window.chat.suggestions.activated.emit(1)
    seat.window.chat.ask_button.click()
    seat.wait(lambda: "Waiting" in seat.window.chat.transcript.toPlainText())
    home.answer(["No."])
    seat.wait(lambda: seat.window.chat.is_answered)
    again = seat_at()
    again.log_in()
    again.open(study)
    text = again.window.chat.transcript.toPlainText()
    assert "Is there a pneumonia?" in text
    assert "AI: No." in text
    assert "llm-cxr test 0" in text
