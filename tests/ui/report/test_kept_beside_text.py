"""What is kept beside a report's text outlives the window: kept changes, and the drafts that were seen."""

from __future__ import annotations

import json
from collections.abc import Callable

from PySide6.QtCore import Qt

from llmcxr_ws.store import preferences, studies
from tests.factories import make_film, save
from tests.ui.conftest import Seat
from tests.ui.homes import House
from tests.ui.opened import settled
from tests.ui.report.renewing import renew

CONTROL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


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
