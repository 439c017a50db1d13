"""The worklist model: Qt's own tester, changes in place, order, search and words."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from llmcxr_ws.states import ReportState, StudyState
from tests.ui.worklist.rows import row
from ui.worklist.cover import Cover
from ui.worklist.detail import sentences
from ui.worklist.filters import CHIPS
from ui.worklist.model import Column, WorklistModel, WorklistOrder
from ui.worklist.panel import WorklistPanel
from ui.worklist.status import status_of


@pytest.fixture
def model(qtbot: QtBot) -> WorklistModel:
    return WorklistModel()


def names(order: WorklistOrder) -> list[str]:
    return [order.index(n, Column.PATIENT).data().split(",")[0] for n in range(order.rowCount())]


def test_qts_own_tester_finds_nothing(model: WorklistModel) -> None:
    order = WorklistOrder(model)
    fatal = QAbstractItemModelTester.FailureReportingMode.Fatal
    testers = [QAbstractItemModelTester(model, fatal), QAbstractItemModelTester(order, fatal)]
    model.merge(row(n) for n in range(1, 9))
    order.search("name03")
    model.merge([row(3, updated_seq=20, state=StudyState.SIGNED), row(30, updated_seq=21)])
    order.search("")
    order.show_only(CHIPS[4], "anna")
    model.set_cover(Cover(is_on=True))
    assert len(testers) == 2
    assert names(order) == ["NAME03"]


def test_changes_go_in_place_and_the_selection_stays(qtbot: QtBot) -> None:
    panel = WorklistPanel()
    qtbot.addWidget(panel)
    panel.merge(tuple(row(n) for n in range(1, 30)))
    panel.choose(7)
    chosen: list[int] = []
    panel.chosen.connect(chosen.append)
    moved = (row(7, updated_seq=40, needs_addendum=True), row(2, updated_seq=41, state=StudyState.FAILED))
    panel.merge((*moved, row(99, updated_seq=42)))
    assert panel.model.last_seq == 42
    assert panel.model.rowCount() == 30
    current = panel.current()
    assert current is not None
    assert current.id == 7
    assert current.needs_addendum
    assert chosen == []
    assert panel.table.selectionModel().selectedRows()[0].row() == 0


def test_an_older_row_never_replaces_a_newer_one_within_one_merge(model: WorklistModel) -> None:
    model.merge([row(1, updated_seq=9, held_by="late"), row(1, updated_seq=4, held_by="early")])
    found = model.row_of(1)
    assert found is not None
    assert found.held_by == "late"


def test_urgent_first_then_first_come(model: WorklistModel) -> None:
    order = WorklistOrder(model)
    model.merge(
        [
            row(1, state=StudyState.CONFIRMED, report_state=ReportState.SIGNED),
            row(2, state=StudyState.EXCLUDED),
            row(3, state=StudyState.DRAFTING),
            row(5),
            row(4),
            row(6, state=StudyState.IN_REVIEW, report_state=ReportState.REFUSED),
            row(7, state=StudyState.CONFIRMED, needs_addendum=True),
            row(8, state=StudyState.IN_REVIEW, report_state=ReportState.SIGN_PENDING),
        ]
    )
    assert [int(name[4:]) for name in names(order)] == [7, 6, 4, 5, 8, 3, 2, 1]
    order.sort(Column.PATIENT, Qt.SortOrder.DescendingOrder)
    assert names(order)[0] == "NAME08"


def test_search_wants_every_word_and_knows_states(model: WorklistModel) -> None:
    order = WorklistOrder(model)
    model.merge([row(1), row(2, view="AP"), row(3, view="AP", state=StudyState.FAILED)])
    order.search("ap Failed")
    assert names(order) == ["NAME03"]
    order.search("acc01")
    assert names(order) == ["NAME01"]
    order.search("nothing of it")
    assert names(order) == []


@pytest.mark.parametrize("state", list(StudyState))
def test_every_state_has_words_and_a_sentence(state: StudyState) -> None:
    made = row(1, state=state, reason="Because." if state in (StudyState.EXCLUDED, StudyState.FAILED) else "")
    assert status_of(made).word
    assert sentences(made)


def test_a_screen_reader_is_told_the_cell(model: WorklistModel) -> None:
    model.merge([row(1, held_by="anna")])
    spoken = [model.index(0, column).data(Qt.ItemDataRole.AccessibleTextRole) for column in Column]
    assert spoken[0] == "Draft ready, held by anna"
    assert spoken[3].startswith("draft confidence 50 %")


def test_keyboard_alone_walks_the_list(qtbot: QtBot) -> None:
    panel = WorklistPanel()
    qtbot.addWidget(panel)
    panel.merge(tuple(row(n) for n in range(1, 4)))
    panel.step(1)
    panel.step(1)
    assert panel.current() == row(2)
    neighbour = panel.neighbour()
    assert neighbour is not None
    assert neighbour.id == 3
    panel.step(1)
    panel.step(1)
    assert panel.current() == row(3)
    assert panel.neighbour() is None
