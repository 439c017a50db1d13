"""The window at work on a real home: open, write, ask, sign, lock."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)
from sqlalchemy import event

from llmcxr_ws import reading
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import reports, requests, studies, transitions
from llmcxr_ws.store.models import Report
from tests.ui.conftest import Seat
from tests.ui.homes import FILMS, PASSWORD, House
from ui.report.reject import RejectDialog
from ui.report.unsaved import UnsavedDialog
from ui.services import Part
from ui.sign.dialogs import SignDialog
from ui.sign.take_over import TakeOverDialog
from ui.viewer import FilmView

DRAFT = "Heart size is normal. There is a small left pleural effusion."


def dialog_of(seat: Seat, kind: type[QDialog]) -> QDialog:
    """Wait for a dialog of the window."""
    seat.wait(lambda: any(found.isVisible() for found in seat.window.findChildren(kind)))
    return next(found for found in seat.window.findChildren(kind) if found.isVisible())


@pytest.fixture
def study(home: House) -> int:
    return home.drafted("DEMO0001.dcm", DRAFT)


# Log-in and lock


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


def look_at_everything(seat: Seat) -> None:
    """Tick off what the model can't judge."""
    for box in seat.window.report.guards.boxes.values():
        box.setChecked(True)


# Reading and writing


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


# Signing and rejecting


def test_signing_writes_a_request_that_the_node_would_believe(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("Heart size is normal. The left effusion is gone.")
    QTest.keyClick(seat.window, Qt.Key.Key_F12)
    dialog = dialog_of(seat, SignDialog)
    assert isinstance(dialog, SignDialog)
    shown = " ".join(part.text() for part in dialog.findChildren(type(dialog.untouched)))
    assert not dialog.confirm.isEnabled()
    assert "2 objections stand" in dialog.weighed.text()
    for entry, reason in zip(dialog.entries.entries, ("Seen in the PACS.", "Looked at both."), strict=True):
        entry.overrule.click()
        QTest.keyClicks(entry.reason, reason)
        entry.keep.click()
    assert dialog.confirm.isEnabled()
    row = studies.study_row(home.workplace.db, study)
    assert row.identity.accession_number in shown
    assert "DEMO, Aster" in shown
    assert "1 of 2 sentences is the AI's own, unedited." in shown
    dialog.secret.box.setText("not the password")
    dialog.confirm.click()
    seat.wait(lambda: "password is wrong" in dialog.problem.text)
    assert requests.requests_of(home.workplace.db, study) == []
    dialog.secret.box.setText(PASSWORD)
    dialog.confirm.click()
    seat.wait(lambda: len(requests.requests_of(home.workplace.db, study)) == 1)
    (request,) = requests.requests_of(home.workplace.db, study)
    with home.workplace.db.write() as session:
        payload = requests.verify(session, request, home.workplace.service_key(), roles=("reader",))
    assert payload["text"] == "Heart size is normal. The left effusion is gone."
    assert payload["instances"] == [row.film_sop_instance_uid]
    assert [(entry["code"], entry["reason"]) for entry in payload["overruled"]] == [
        ("comparison.no_prior", "Seen in the PACS."),
        ("scope.not_addressed", "Looked at both."),
    ]
    assert json.loads(request.payload)["identity"]["patient_id"] == row.identity.patient_id
    seat.wait(lambda: "with the node" in seat.window.report.notices["attention"].text)
    assert seat.window.report.editor.isReadOnly()
    assert not seat.window.report.sign.isEnabled()


def decide(home: House, study: int, *, granted: bool, outcome: str) -> None:
    (request,) = [row for row in requests.requests_of(home.workplace.db, study) if row.state == "waiting"]
    with home.workplace.db.write() as session:
        requests.decide(session, request.id, granted=granted, outcome=outcome)
        transitions.touch(session, studies.get_study(session, study))


def test_a_refused_signature_is_shown_with_its_reason(seat: Seat, study: int, home: House) -> None:
    seat.log_in(pin="4711")
    seat.open(study)
    look_at_everything(seat)
    seat.window.wishes.sign()
    dialog = dialog_of(seat, SignDialog)
    assert isinstance(dialog, SignDialog)
    dialog.secret.box.setText("4711")
    QTest.keyClick(dialog.secret.box, Qt.Key.Key_Return)
    seat.wait(lambda: len(requests.requests_of(home.workplace.db, study)) == 1)
    decide(home, study, granted=False, outcome="The PACS knows this patient under another name.")
    seat.wait(lambda: "another name" in seat.window.report.notices["bad"].text)
    assert not seat.window.report.editor.isReadOnly()


@pytest.mark.parametrize(("role", "may_write"), [("resident", True), ("admin", False), ("researcher", False)])
def test_only_a_reader_signs(seat: Seat, study: int, home: House, role: str, may_write: bool) -> None:
    home.add_user("cleo", role)
    seat.log_in("cleo")
    seat.open(study)
    report = seat.window.report
    assert not report.sign.isEnabled()
    assert report.sign.toolTip() == f"Your role is {role}. Only a reader signs."
    assert report.sign.accessibleDescription() == report.sign.toolTip()
    assert report.editor.isReadOnly() is not may_write
    QTest.keyClick(seat.window, Qt.Key.Key_F12)
    seat.qtbot.wait(50)
    assert not seat.window.findChildren(SignDialog)
    assert seat.window.statusBar().currentMessage() == report.sign.toolTip()


def test_rejecting_needs_a_reason_and_writes_a_request(seat: Seat, study: int, home: House) -> None:
    seat.log_in()
    seat.open(study)
    seat.window.report.reject.click()
    dialog = dialog_of(seat, RejectDialog)
    assert isinstance(dialog, RejectDialog)
    dialog.choose("other")
    dialog.accept()
    assert dialog.isVisible()
    assert "own words" in dialog.problem.text
    dialog.choose("wrong_side")
    dialog.words.setText("it is on the right")
    dialog.accept()
    seat.wait(lambda: len(requests.requests_of(home.workplace.db, study)) == 1)
    (request,) = requests.requests_of(home.workplace.db, study)
    payload = json.loads(request.payload)
    assert (request.kind, payload["reason"]) == ("reject", "Wrong side: it is on the right")
    assert payload["reason_code"] == "wrong_side"


# The window as a whole


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


def test_every_control_has_an_accessible_name(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    seat.window.wishes.sign()
    seat.window.open_dialog(RejectDialog(seat.window, print))
    seat.window.habits.show_keys()
    kinds = (QAbstractButton, QLineEdit, QPlainTextEdit, QTextEdit, QComboBox, QAbstractItemView, FilmView)
    controls = [
        found
        for found in seat.window.findChildren(QWidget)
        # Parts that Qt makes inside its own controls answer for them.
        if isinstance(found, kinds) and not found.objectName().startswith("qt_") and not is_inner(found)
    ]
    assert len(controls) > 30
    nameless = [
        f"{type(found).__name__} in {type(found.parent()).__name__}"
        for found in controls
        if not found.accessibleName()
    ]
    assert nameless == []


def is_inner(found: QWidget) -> bool:
    """Whether a widget is Qt's own part of a line edit, combo box, table or header."""
    parent = found.parent()
    while isinstance(parent, QWidget):
        if isinstance(parent, QComboBox | QLineEdit | QAbstractItemView):
            return True
        parent = parent.parent()
    return False


def test_no_statement_runs_on_the_windows_thread(seat: Seat, study: int, home: House) -> None:
    threads: set[str] = set()
    engine = seat.window._desk._db.engine
    event.listen(engine, "before_cursor_execute", lambda *_: threads.add(threading.current_thread().name))
    seat.log_in()
    seat.open(study)
    seat.window.report.editor.setPlainText("Words.")
    seat.window.chat.box.setText("Is there edema?")
    seat.window.chat.ask()
    seat.wait(
        lambda: (
            seat.window.report.autosave.is_settled and "Waiting" in seat.window.chat.transcript.toPlainText()
        )
    )
    assert threads
    assert all(name.startswith("store") for name in threads)


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
