"""Reader first: nothing of the model is seen before the own impression, and both are logged."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from sqlalchemy import select

from llmcxr_ws import reading
from llmcxr_ws.store import configuration, studies
from llmcxr_ws.store.models import Audit
from tests.ui.conftest import Seat
from tests.ui.homes import House
from tests.ui.opened import DRAFT, edit_of, settled
from tests.ui.report.renewing import renew

CONTROL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def events(home: House) -> list[str]:
    with home.workplace.db.read() as session:
        return list(session.scalars(select(Audit.event).order_by(Audit.id)))


@pytest.fixture
def reader_first(home: House) -> None:
    configuration.import_site(home.workplace.db, "reader_first = true", user="admin")


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
