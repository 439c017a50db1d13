"""Columns of each person: chosen, ordered, sorted by, kept; and the rule that gives a study its priority."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from llmcxr_ws import reading
from llmcxr_ws.states import ReportState, StudyState
from tests.factories import make_film, save
from tests.ui.homes import House
from tests.ui.worklist.rows import row
from ui.icons import shapes
from ui.language import LANGUAGES, speak
from ui.theme import TEXT_PAIRS
from ui.worklist.columns import Columns, read
from ui.worklist.columns_dialog import ColumnsDialog
from ui.worklist.cover import Cover
from ui.worklist.detail import sentences
from ui.worklist.filters import Filter
from ui.worklist.model import ROW_ROLE, Column, lines, sort_key
from ui.worklist.panel import WorklistPanel
from ui.worklist.priority import Level, all_priorities, priority_of


@pytest.fixture
def panel(qtbot: QtBot) -> WorklistPanel:
    made = WorklistPanel()
    qtbot.addWidget(made)
    made.resize(700, 500)
    made.show()
    made.merge((row(1), row(2, held_by="anna"), row(3, view="AP")))
    return made


def headings(panel: WorklistPanel) -> list[str]:
    header = panel.table.horizontalHeader()
    visual = [header.logicalIndex(at) for at in range(header.count())]
    return [
        panel.order.headerData(at, Qt.Orientation.Horizontal)
        for at in visual
        if not header.isSectionHidden(at)
    ]


@pytest.mark.parametrize(
    ("changes", "level", "why"),
    [
        ({}, Level.NORMAL, ""),
        ({"needs_addendum": True, "state": StudyState.CONFIRMED}, Level.URGENT, "Late images"),
        ({"requested_priority": "STAT"}, Level.URGENT, "Order: STAT"),
        ({"requested_priority": "HIGH", "film_abnormal": True}, Level.RAISED, "Order: high"),
        ({"guard_disagrees": True, "film_abnormal": False}, Level.RAISED, "AI disagrees"),
        ({"film_abnormal": True}, Level.RAISED, "AI: abnormal"),
        ({"film_abnormal": False}, Level.NORMAL, ""),
        ({"requested_priority": "LOW"}, Level.LOW, "Order: low"),
        ({"requested_priority": "LOW", "film_abnormal": True}, Level.RAISED, "AI: abnormal"),
        ({"requested_priority": "STAT", "state": StudyState.CONFIRMED}, Level.NONE, ""),
    ],
)
def test_the_rule_of_priorities(changes: dict[str, object], level: Level, why: str) -> None:
    found = priority_of(row(1, **changes))
    assert (found.level, found.why) == (level, why)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_usual_columns_need_no_scrolling_where_the_window_opens(
    qtbot: QtBot, qapp: QApplication, language: str
) -> None:
    speak(qapp, language)
    try:
        made = WorklistPanel()
        qtbot.addWidget(made)
        made.resize(580, 500)  # its share of a window of 1600 pixels
        made.show()
        made.merge(tuple(row(number) for number in range(30)))
        qtbot.wait(20)
        assert made.table.verticalScrollBar().isVisible()
        header = made.table.horizontalHeader()
        assert header.length() <= made.table.viewport().width()
        for at in Columns().shown:
            words = header.fontMetrics().horizontalAdvance(
                str(made.order.headerData(at, Qt.Orientation.Horizontal))
            )
            assert header.sectionSize(at) >= words + 2 * 8, at
    finally:
        speak(qapp, "en")


def test_a_raised_priority_is_said_in_a_sentence_too() -> None:
    for priority in all_priorities():
        if priority.level in (Level.URGENT, Level.RAISED):
            assert priority.why
    assert "asks for it at once" in " ".join(sentences(row(1, requested_priority="STAT")))
    assert "calls this film abnormal" in " ".join(sentences(row(1, film_abnormal=True)))
    assert "abnormal" not in " ".join(sentences(row(1, film_abnormal=True), tells_ai=False))


def test_priorities_differ_in_word_and_shape_and_have_a_tested_colour() -> None:
    found = {priority.level: priority for priority in all_priorities()}
    assert len({entry.word for entry in found.values()}) == len(found) == len(Level)
    assert len({entry.shape for entry in found.values()}) == len(found)
    assert {entry.shape for entry in found.values()} - {""} <= set(shapes())
    assert {entry.tone for entry in found.values()} <= {
        text for text, ground in TEXT_PAIRS if ground == "selection"
    }


def test_where_readers_go_first_the_list_keeps_what_the_networks_say_to_itself(panel: WorklistPanel) -> None:
    """Of the studies alone that the reader hasn't written of: nothing shown, sorted, filtered or said by them."""
    panel.merge(
        (
            row(4, film_abnormal=True, confidence=0.93, updated_seq=50),
            row(5, film_abnormal=True, confidence=0.91, updated_seq=51),
        )
    )
    panel.set_columns(Columns(shown=tuple(Column), sort=Column.PRIORITY))

    def cells(number: int) -> str:
        index = panel.model.index_of(number)
        roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        found = [index.siblingAtColumn(column).data(role) for column in Column for role in roles]
        return " | ".join(map(str, found))

    def order() -> list[int]:
        return [panel.order.index(at, 0).data(ROW_ROLE).id for at in range(panel.order.rowCount())]

    assert "AI: abnormal" in cells(4)
    assert "93 %" in cells(4)
    assert order() == [4, 5, 1, 2, 3]
    panel.choose(4)
    panel.set_cover(Cover(is_on=True, unlocked=frozenset((5,))))
    assert "AI" not in cells(4)
    assert "93" not in cells(4)
    assert "AI: abnormal" in cells(5)
    assert "91 %" in cells(5)
    assert "abnormal" not in panel._sentences.text()
    assert order() == [5, 1, 2, 3, 4]
    panel.set_columns(Columns(shown=tuple(Column), sort=Column.CONFIDENCE, descending=True))
    assert order()[0] == 5
    panel.show_only(Filter("Now", urgent=True))
    assert order() == [5]
    panel.merge((row(4, film_abnormal=True, report_state=ReportState.WITHHELD, updated_seq=60),))
    assert 4 in order()


@pytest.mark.parametrize("column", list(Column))
def test_every_column_can_be_shown_and_sorted_by(panel: WorklistPanel, column: Column) -> None:
    panel.set_columns(Columns(shown=(column,), sort=column, descending=True))
    assert len(headings(panel)) == 1
    full, bare = (
        row(1),
        row(2, confidence=None, drafted_at=None, held_by="", view="", study_date="", study_time=""),
    )
    assert all(isinstance(text, str) for made in (full, bare) for text in lines(made, column))
    assert sort_key(full, column) != sort_key(
        row(3, received_at=full.drafted_at, drafted_at=full.received_at), column
    )
    assert panel.columns == Columns(shown=(column,), sort=column, descending=True)


def test_columns_are_chosen_in_the_dialog_and_told(panel: WorklistPanel) -> None:
    told: list[Columns] = []
    panel.columns_changed.connect(told.append)
    panel.choose_columns()
    dialog = panel.findChild(ColumnsDialog)
    assert dialog is not None
    names = [dialog.list.item(at).text() for at in range(dialog.list.count())]
    assert names[:5] == ["Priority", "State", "Patient", "Film", "Draft"]
    dialog.list.setCurrentRow(2)
    dialog.up.click()
    dialog.up.click()
    dialog.list.item(names.index("Held by")).setCheckState(Qt.CheckState.Checked)
    dialog.list.item(1).setCheckState(Qt.CheckState.Unchecked)
    dialog.sort.setCurrentText("Patient")
    dialog.descending.setCurrentText("downwards")
    dialog.accept()
    assert headings(panel) == ["Patient", "State", "Film", "Draft", "Held by"]
    assert [panel.order.index(at, Column.PATIENT).data()[:6] for at in range(3)] == [
        "NAME03",
        "NAME02",
        "NAME01",
    ]
    assert read(told[-1].as_json()) == told[-1] == panel.columns


def test_a_list_without_columns_cant_be_asked_for(panel: WorklistPanel) -> None:
    panel.choose_columns()
    dialog = panel.findChild(ColumnsDialog)
    assert dialog is not None
    for at in range(dialog.list.count()):
        dialog.list.item(at).setCheckState(Qt.CheckState.Unchecked)
    assert not dialog._save.isEnabled()


def test_a_dragged_column_and_a_clicked_heading_are_kept(qtbot: QtBot, panel: WorklistPanel) -> None:
    header = panel.table.horizontalHeader()
    with qtbot.waitSignal(panel.columns_changed) as told:
        header.moveSection(header.visualIndex(Column.DRAFT), 0)
        header.resizeSection(Column.STATE, 200)
        panel.table.sortByColumn(Column.PATIENT, Qt.SortOrder.DescendingOrder)
    found: Columns = told.args[0]
    assert found.shown[0] is Column.DRAFT
    assert found.width(Column.STATE) == 200
    assert (found.sort, found.descending) == (Column.PATIENT, True)
    assert read(found.as_json()) == found


def test_what_the_store_holds_may_be_nonsense() -> None:
    assert read({}) == Columns()
    kept = {"shown": ["no such"], "widths": {"state": 5, "patient": "x"}, "sort": 7, "descending": "yes"}
    assert read(kept) == Columns()
    assert read({"shown": ["draft", "draft"]}) == replace(Columns(), shown=(Column.DRAFT,))


def test_with_enter_only_studies_are_walked_through_without_being_opened(panel: WorklistPanel) -> None:
    opened: list[int] = []
    panel.chosen.connect(opened.append)
    panel.open_at_once(False)
    panel.table.selectRow(0)
    panel.table.selectRow(1)
    assert opened == []
    panel.table.activated.emit(panel.order.index(1, 0))
    assert opened == [panel.current().id]  # type: ignore[union-attr]
    panel.step(1)
    assert len(opened) == 2


def test_priority_comes_from_the_films_header_and_the_drafts_guard(home: House, tmp_path: Path) -> None:
    stat = make_film(seed="stat", accession="STAT1", RequestedProcedurePriority="STAT")
    first = home.receive(save(stat, tmp_path, "stat.dcm"))
    home.settle()
    home.draft("Clear lungs.")
    other = make_film(seed="other", patient_id="TEST-2", accession="OTHER")
    second = home.receive(save(other, tmp_path, "other.dcm"))
    home.settle()
    home.draft("Clear lungs.", guard={"abnormal": True, "agreement": "disagrees"})
    rows = {entry.id: priority_of(entry) for entry in reading.worklist(home.workplace.db)}
    assert rows[first].why == "Order: STAT"
    assert rows[second].why == "AI disagrees"


def test_the_painter_of_cells_lives_as_long_as_the_table(panel: WorklistPanel) -> None:
    """Else Python's end may delete it first, and a table that hides dies of it."""
    assert panel.table.itemDelegate().parent() is panel.table
