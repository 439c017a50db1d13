"""Tables of frozen rows: a refresh keeps the selection, a heading sorts, the copy key copies."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from ui.tables import Column, RowTable
from ui.theme import LIGHT, apply_theme


@dataclass(frozen=True)
class Thing:
    name: str
    size: int


@pytest.fixture
def table(qtbot: QtBot) -> RowTable[Thing]:
    made: RowTable[Thing] = RowTable(
        "Things",
        [
            Column("Name", lambda row: row.name, state=lambda row: ("signed", "good")),
            Column("Size", lambda row: str(row.size), 80, key=lambda row: row.size, is_number=True),
        ],
        key=lambda row: row.name,
        many=True,
    )
    qtbot.addWidget(made)
    QAbstractItemModelTester(made.model_of_rows, QAbstractItemModelTester.FailureReportingMode.Fatal)
    made.show_rows((Thing("b", 9), Thing("a", 10), Thing("c", 1)))
    return made


def column(table: RowTable[Thing], at: int) -> list[str]:
    return [table.model().index(row, at).data() for row in range(table.model().rowCount())]


def test_rows_stand_in_their_order_until_a_heading_is_chosen(table: RowTable[Thing]) -> None:
    assert column(table, 0) == ["b", "a", "c"]
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert column(table, 1) == ["1", "9", "10"]


def test_the_selection_outlives_a_refresh(table: RowTable[Thing]) -> None:
    table.select_where(lambda row: row.name in ("a", "c"))
    table.show_rows((Thing("b", 9), Thing("a", 11), Thing("c", 1)))
    assert {row.name for row in table.selected()} == {"a", "c"}
    table.show_rows((Thing("c", 1), Thing("d", 2)))
    assert [row.name for row in table.selected()] == ["c"]
    table.show_rows(())
    assert table.selected() == ()


def test_copying(table: RowTable[Thing], qtbot: QtBot) -> None:
    table.select_where(lambda row: row.name == "a")
    keys = QKeySequence(QKeySequence.StandardKey.Copy)[0]
    qtbot.keyClick(table, keys.key(), keys.keyboardModifiers())
    assert QApplication.clipboard().text() == "a\t10"


def test_no_column_is_narrower_than_its_heading(qtbot: QtBot) -> None:
    made: RowTable[Thing] = RowTable(
        "Things",
        [
            Column("A heading of many words", lambda row: row.name, 30),
            Column("Size", lambda row: str(row.size)),
        ],
        key=lambda row: row.name,
    )
    qtbot.addWidget(made)
    header = made.horizontalHeader()
    assert made.columnWidth(0) >= header.fontMetrics().horizontalAdvance("A heading of many words")


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_a_wrapped_row_is_as_high_as_the_words_need_that_are_drawn(
    qtbot: QtBot, qapp: QApplication, scale: float
) -> None:
    """Also where they fit one line only without the padding at both sides of a cell."""
    apply_theme(qapp, LIGHT, scale=scale)
    made: RowTable[Thing] = RowTable(
        "Things", [Column("Name", lambda row: row.name)], key=lambda row: row.name, wraps=True
    )
    qtbot.addWidget(made)
    made.resize(round(400 * scale), 900)
    made.show()
    made.show_rows(
        tuple(Thing("word " * count + "i" * letters, 0) for count in (8, 9, 10) for letters in range(15))
    )
    qtbot.wait(20)
    for at in range(len(made.rows)):
        index = made.model().index(at, 0)
        option = QStyleOptionViewItem()
        made.initViewItemOption(option)
        option.rect, option.text = made.visualRect(index), index.data()
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDisplay
        room = made.style().subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, made)
        margin = made.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, option, made) + 1
        wanted = made.fontMetrics().boundingRect(
            QRect(0, 0, room.width() - 2 * margin, 10_000), Qt.TextFlag.TextWordWrap, index.data()
        )
        assert wanted.height() <= made.rowHeight(at), index.data()
