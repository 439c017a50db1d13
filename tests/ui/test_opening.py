"""Two studies opened quickly after each other, and one that can't be opened: what is meant is on the screen."""

from __future__ import annotations

import pytest

from llmcxr_ws import reading
from llmcxr_ws.errors import DatabaseFailure
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.store import studies
from tests.ui.conftest import Seat
from tests.ui.homes import House
from tests.ui.opened import slow_store

FIRST, SECOND = "The first draft.", "The second draft."


@pytest.fixture
def pair(home: House) -> tuple[int, int]:
    return home.drafted("DEMO0001.dcm", FIRST), home.drafted("DEMO0002.dcm", SECOND)


def at_the_first(seat: Seat, pair: tuple[int, int]) -> tuple[int, int]:
    """Log in and open the first study, with the second in the list."""
    first, second = pair
    seat.log_in()
    seat.open(first)
    seat.wait(lambda: seat.window.worklist.model.row_of(second) is not None)
    return pair


def holder(home: House, study: int) -> str:
    return studies.study_row(home.workplace.db, study).held_by


def break_open(seat: Seat, monkeypatch: pytest.MonkeyPatch, study: int) -> list[int]:
    """Have the database fail when one study is read; the list holds that study until it shall work again."""
    broken, real = [study], seat.window.case._desk.detail

    def detail(study_id: int) -> StudyDetail:
        if study_id in broken:
            raise DatabaseFailure("The database can't be used now.")
        return real(study_id)

    monkeypatch.setattr(seat.window.case._desk, "detail", detail)
    return broken


def test_a_study_that_cant_be_opened_leaves_the_last_one_held_and_chosen(
    seat: Seat, pair: tuple[int, int], home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = at_the_first(seat, pair)
    broken = break_open(seat, monkeypatch, second)
    seat.window.worklist.choose(second)
    seat.wait(lambda: seat.tasks.is_idle)
    assert "can't be used now" in seat.window.statusBar().currentMessage()
    assert seat.window.report.text() == FIRST
    assert holder(home, first) == "anna"
    current = seat.window.worklist.current()
    assert current is not None
    assert current.id == first
    # What is refreshed is what is on the screen.
    seat.window.case.refresh()
    seat.wait(lambda: seat.tasks.is_idle)
    assert seat.window.case.detail is not None
    assert seat.window.case.detail.study.id == first
    # And the other can be tried again.
    broken.clear()
    seat.open(second)
    assert seat.window.report.text() == SECOND
    seat.wait(lambda: holder(home, first) == "" and holder(home, second) == "anna")


def test_taking_over_takes_the_study_on_the_screen(seat: Seat, pair: tuple[int, int], home: House) -> None:
    first, second = pair
    home.add_user("ben")
    for study in pair:
        reading.hold(home.workplace.db, study, user="ben")
    seat.log_in()
    seat.open(first)
    seat.wait(lambda: seat.window.worklist.model.row_of(second) is not None)
    with slow_store(seat):
        seat.window.worklist.choose(second)
        seat.window.case.take_over()  # its question named the first
    seat.wait(lambda: seat.tasks.is_idle)
    assert (holder(home, first), holder(home, second)) == ("anna", "ben")


def test_whoever_goes_while_a_study_is_on_its_way_holds_none(
    seat: Seat, pair: tuple[int, int], home: House
) -> None:
    first, second = at_the_first(seat, pair)
    with slow_store(seat):
        seat.window.worklist.choose(second)
        seat.window.lock()
        seat.window.entry.other.click()
    seat.wait(lambda: seat.tasks.is_idle)
    assert (holder(home, first), holder(home, second)) == ("", "")


def test_coming_back_before_the_other_was_read_changes_nothing(
    seat: Seat, pair: tuple[int, int], home: House
) -> None:
    first, second = at_the_first(seat, pair)
    opened: list[int] = []
    seat.window.case.opened.connect(lambda detail: opened.append(detail.study.id))
    with slow_store(seat):
        seat.window.worklist.choose(second)
        seat.window.worklist.choose(first)
    seat.wait(lambda: seat.tasks.is_idle)
    assert opened == []
    assert seat.window.report.text() == FIRST
    seat.wait(lambda: (holder(home, first), holder(home, second)) == ("anna", ""))
