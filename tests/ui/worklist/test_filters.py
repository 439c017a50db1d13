"""Saved filters: what they let through, what is refused, what the store may hold, the dialogs that change them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from llmcxr_ws.errors import ConfigError
from llmcxr_ws.states import StudyState
from tests.ui.worklist.rows import ARRIVED, row
from ui.worklist.filters import CHIPS, Filter, SavedFilters, read, states
from ui.worklist.filters_dialog import FilterDialog, FiltersDialog
from ui.worklist.panel import WorklistPanel
from ui.worklist.status import Rank

MINE = Filter("Mine", text="ap", mine=True)
FRESH = Filter("Fresh", states((Rank.TO_READ,)), within_h=2)


def shown(panel: WorklistPanel) -> set[int]:
    return {
        panel.order.index(at, 0).data(Qt.ItemDataRole.UserRole).id for at in range(panel.order.rowCount())
    }


def test_a_filter_lets_through_what_it_says() -> None:
    anna, ben = row(1, held_by="anna", view="AP"), row(2, held_by="ben", view="AP")
    assert MINE.lets_through(anna, "ap name01", "anna")
    assert not MINE.lets_through(ben, "ap name02", "anna")
    assert not MINE.lets_through(anna, "pa name01", "anna")
    assert not MINE.lets_through(row(3), "ap", "")
    assert FRESH.lets_through(row(4), "", "anna", ARRIVED + timedelta(hours=2))
    assert not FRESH.lets_through(row(4), "", "anna", ARRIVED + timedelta(hours=3))
    assert not FRESH.lets_through(row(4, state=StudyState.FAILED), "", "anna", ARRIVED)
    urgent = Filter("Now", urgent=True)
    assert urgent.lets_through(row(5, requested_priority="STAT"), "", "anna")
    assert not urgent.lets_through(row(5), "", "anna")
    assert not urgent.lets_through(row(6, film_abnormal=True), "", "anna", tells_ai=False)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (Filter(" "), "1 to 40 characters"),
        (Filter("x" * 41), "this one has 41"),
        (Filter("Nothing", states=()), "never show a study"),
        (Filter("Mine"), "is a filter 'Mine' already"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(made: Filter, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        SavedFilters((MINE,)).with_filter(made)


def test_filters_are_renamed_moved_and_deleted() -> None:
    saved = SavedFilters().with_filter(MINE).with_filter(FRESH).with_default("Mine")
    renamed = saved.with_filter(Filter("My own"), instead_of="Mine")
    assert [entry.name for entry in renamed.filters] == ["My own", "Fresh"]
    assert renamed.default == "My own"
    assert [entry.name for entry in renamed.moved("Fresh", -1).filters] == ["Fresh", "My own"]
    assert renamed.moved("Fresh", 5) == renamed
    left = renamed.without("My own")
    assert ([entry.name for entry in left.filters], left.default) == (["Fresh"], "")


def test_what_was_kept_is_read_again_and_nonsense_is_left_out() -> None:
    saved = SavedFilters((MINE, FRESH), "Fresh")
    assert read(saved.as_json()) == saved
    kept = {
        "filters": [MINE, {"name": ""}, {"name": "x", "states": ["no such"]}, {"name": "y"}, 7],
        "default": "z",
    }
    assert read(kept) == SavedFilters()
    assert read({"filters": "no list"}) == SavedFilters()
    too_long = {"name": "z", "states": ["done"], "within_h": 10**9}
    assert read({"filters": [too_long]}) == SavedFilters()


def test_what_is_shown_becomes_a_filter_and_comes_back_at_log_in(qtbot: QtBot) -> None:
    panel = WorklistPanel()
    qtbot.addWidget(panel)
    panel.set_user("anna")
    told: list[SavedFilters] = []
    panel.filters_changed.connect(told.append)
    panel.merge((row(1, view="AP"), row(2), row(3, view="AP", state=StudyState.CONFIRMED)))
    panel.chips[1].click()
    QTest.keyClicks(panel.search, "ap")
    panel.save_filter()
    dialog = panel.findChild(FilterDialog)
    assert dialog is not None
    QTest.keyClick(dialog.name, Qt.Key.Key_Return)
    assert "1 to 40 characters" in dialog.problem.text
    QTest.keyClicks(dialog.name, "Bedside")
    dialog.accept()
    assert panel.search.text() == ""
    assert shown(panel) == {1}
    assert panel.filters.text() == "Filter: Bedside"
    assert not any(chip.isChecked() for chip in panel.chips)
    panel.chips[0].click()
    assert shown(panel) == {1, 2, 3}
    assert panel.filters.text() == "Filters"
    later = WorklistPanel()
    qtbot.addWidget(later)
    later.merge(tuple(panel.model.rows()))
    later.set_filters(told[-1].with_default("Bedside"), begins=True)
    assert shown(later) == {1}


def test_the_list_of_filters_is_worked_by_its_buttons(qtbot: QtBot) -> None:
    panel = WorklistPanel()
    qtbot.addWidget(panel)
    panel.set_filters(SavedFilters((MINE, FRESH)), begins=True)
    panel.edit_filters()
    dialog = panel.findChild(FiltersDialog)
    assert dialog is not None
    assert not dialog.up.isEnabled()
    dialog.down.click()
    assert [entry.name for entry in panel._saved.filters] == ["Fresh", "Mine"]
    dialog.default.click()
    assert panel._saved.default == "Mine"
    assert "set at log-in" in dialog.list.item(1).text()
    dialog.change.click()
    one = dialog.findChild(FilterDialog)
    assert one is not None
    one.name.setText("Fresh")
    one.accept()
    assert "already" in one.problem.text
    one.name.setText("Held by me")
    one.accept()
    assert [entry.name for entry in panel._saved.filters] == ["Fresh", "Held by me"]
    assert panel._saved.default == "Held by me"
    dialog.delete.click()
    assert [entry.name for entry in panel._saved.filters] == ["Fresh"]
    assert panel.filters.menu().actions()[0].text() == "Fresh"


def test_chips_count_and_hide(qtbot: QtBot) -> None:
    panel = WorklistPanel()
    qtbot.addWidget(panel)
    assert panel._empty.text() == "No study has come yet."
    panel.merge((row(1), row(2, state=StudyState.FAILED), row(3, state=StudyState.CONFIRMED)))
    assert [chip.text() for chip in panel.chips] == [
        "All 3",
        "To read 1",
        "Coming 0",
        "Problems 1",
        "Done 1",
    ]
    panel.chips[2].click()
    assert panel._empty.text() == "No study fits the search and the filter."
    assert panel._filter is CHIPS[2]
