"""Tables of frozen rows: declared columns, states told by shape and word, a selection that outlives a refresh."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ui.icons import icon
from ui.text import clock, grouped
from ui.theme import current, follow, px

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex
_SORT_ROLE = Qt.ItemDataRole.UserRole + 1
PADDING = 8  # at both sides of a cell, as the theme's style sheet has it


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column: its heading, a row's text, and how it looks.

    Attributes
    ----------
    width : at the default text size; 0 takes what is left
    state : shape and tone to show before the text
    key : what the column is sorted by, else the text
    """

    title: str
    text: Callable[[Row], str]
    width: int = 0
    state: Callable[[Row], tuple[str, str]] | None = None
    key: Callable[[Row], Any] | None = None
    is_number: bool = False


def number_column(
    title: str, value: Callable[[Row], float], width: int = 0, *, text: Callable[[Any], str] = grouped
) -> Column[Row]:
    """A column of numbers, sorted by them."""
    return Column(title, lambda row: text(value(row)), width, key=value, is_number=True)


def time_column(title: str, value: Callable[[Row], datetime], width: int = 0) -> Column[Row]:
    """A column of dates and times, sorted by them."""
    return Column(title, lambda row: clock(value(row)), width, key=value)


class RowModel(QAbstractTableModel, Generic[Row]):
    """Frozen rows under declared columns."""

    def __init__(self, columns: Sequence[Column[Row]], parent: QWidget) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: tuple[Row, ...] = ()

    def show_rows(self, rows: tuple[Row, ...], *, is_same: bool) -> None:
        """Take rows over; with `is_same` they are the same things in the same order, perhaps changed."""
        if is_same:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(self.columns) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid():
            return None
        column, row = self.columns[index.column()], self.rows[index.row()]
        if role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            return column.text(row)
        if role == Qt.ItemDataRole.DecorationRole and column.state is not None:
            shape, tone = column.state(row)
            return icon(shape, getattr(current(), tone)) if shape else None
        if role == Qt.ItemDataRole.ForegroundRole and column.state is not None:
            return QColor(getattr(current(), column.state(row)[1]))
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == _SORT_ROLE:
            return column.key(row) if column.key is not None else column.text(row).casefold()
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's heading."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole and self.columns[section].is_number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


class _Order(QSortFilterProxyModel):
    """Sorts by a column's key; unsorted it keeps the order that the rows came in."""

    def lessThan(self, left: Index, right: Index) -> bool:
        a, b = left.data(_SORT_ROLE), right.data(_SORT_ROLE)
        if a is None or b is None:
            return b is not None
        return bool(a < b)


class _Wrapping(QStyledItemDelegate):
    """Measures a text at the width that it is drawn in: Qt forgets the style sheet's padding at both sides."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        narrower = QStyleOptionViewItem(option)
        narrower.rect = option.rect.adjusted(px(PADDING), 0, -px(PADDING), 0)
        return super().sizeHint(narrower, index)


class RowTable(QTableView, Generic[Row]):
    """A table of frozen rows.

    Signals
    -------
    chosen() : the selection changed
    """

    chosen = Signal()

    def __init__(
        self,
        name: str,
        columns: Sequence[Column[Row]],
        *,
        key: Callable[[Row], Hashable],
        many: bool = False,
        wraps: bool = False,
    ) -> None:
        super().__init__()
        self._key = key
        self.model_of_rows: RowModel[Row] = RowModel(columns, self)
        self._order = _Order(self)
        self._order.setSourceModel(self.model_of_rows)
        self.setModel(self._order)
        self.setObjectName("rows")
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        mode = QAbstractItemView.SelectionMode
        self.setSelectionMode(mode.ExtendedSelection if many else mode.SingleSelection)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.setWordWrap(wraps)
        self.verticalHeader().hide()
        if wraps:
            self.setItemDelegate(_Wrapping(self))
            self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        for number, column in enumerate(columns):
            if not column.width:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
        follow(self._size)
        self.selectionModel().selectionChanged.connect(self._on_selection)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows, in the order that they came in."""
        return self.model_of_rows.rows

    def show_rows(self, rows: tuple[Row, ...]) -> None:
        """Show rows; what was selected stays so as far as it is still there."""
        before = [self._key(row) for row in self.rows]
        kept = {self._key(row) for row in self.selected()}
        is_same = before == [self._key(row) for row in rows]
        self.model_of_rows.show_rows(rows, is_same=is_same)
        if not is_same:
            self._select({number for number, row in enumerate(rows) if self._key(row) in kept})

    def selected(self) -> tuple[Row, ...]:
        """Return the selected rows."""
        found = (self._order.mapToSource(index).row() for index in self.selectionModel().selectedRows())
        return tuple(self.rows[number] for number in found)

    def select_where(self, wanted: Callable[[Row], bool]) -> None:
        """Select the rows that a function names."""
        self._select({number for number, row in enumerate(self.rows) if wanted(row)})

    def keyPressEvent(self, event: Any) -> None:
        """Copy the selected rows as tab-separated text on the copy key."""
        if event.matches(QKeySequence.StandardKey.Copy):
            lines = [
                "\t".join(column.text(row) for column in self.model_of_rows.columns)
                for row in self.selected()
            ]
            QApplication.clipboard().setText("\n".join(lines))
            return
        super().keyPressEvent(event)

    def _select(self, numbers: set[int]) -> None:
        selection = QItemSelection()
        last = len(self.model_of_rows.columns) - 1
        for number in numbers:
            left = self._order.mapFromSource(self.model_of_rows.index(number, 0))
            right = self._order.mapFromSource(self.model_of_rows.index(number, last))
            selection.select(left, right)
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _on_selection(self, _new: QItemSelection, _old: QItemSelection) -> None:
        self.chosen.emit()

    def _size(self) -> None:
        self.verticalHeader().setDefaultSectionSize(px(28))
        header = self.horizontalHeader()
        for number, column in enumerate(self.model_of_rows.columns):
            if column.width:  # and never narrower than its heading, which other languages make longer
                self.setColumnWidth(number, max(px(column.width), header.sectionSizeHint(number)))
