"""The dialog that chooses the worklist's columns: which, in what order, and what the rows are sorted by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ui.dialogs import Dialog, button_row
from ui.language import tr
from ui.theme import follow, px
from ui.widgets import button, label
from ui.worklist.columns import Columns
from ui.worklist.model import HEADINGS, Column


class ColumnsDialog(Dialog):
    """Ticks and an order; kept when confirmed."""

    def __init__(self, parent: QWidget, columns: Columns, on_save: Callable[[Columns], None]) -> None:
        super().__init__(parent, tr("Columns of the worklist"), width=480)
        self._columns, self._on_save = columns, on_save
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Columns, ticked where shown"))
        follow(self._size)
        self.up = button(tr("Up"), lambda: self._move(-1), name=tr("Move the column to the left"))
        self.down = button(tr("Down"), lambda: self._move(1), name=tr("Move the column to the right"))
        self.default = button(
            tr("Reset"), lambda: self._fill(Columns()), name=tr("Columns as they were at first")
        )
        self.sort = QComboBox()
        self.sort.setAccessibleName(tr("Sort by"))
        for column in Column:
            self.sort.addItem(tr(HEADINGS[column][0]), column)
        self.descending = QComboBox()
        self.descending.setAccessibleName(tr("Order of the rows"))
        self.descending.addItems([tr("upwards"), tr("downwards")])
        side = QVBoxLayout()
        for made in (self.up, self.down, self.default):
            side.addWidget(made)
        side.addStretch(1)
        row = QHBoxLayout()
        row.addWidget(self.list, 1)
        row.addLayout(side)
        by = QHBoxLayout()
        by.addWidget(label(tr("Sort by"), "muted"))
        by.addWidget(self.sort, 1)
        by.addWidget(self.descending)
        self.inside.addLayout(row)
        self.inside.addLayout(by)
        save = button(tr("Apply"), self.accept, name=tr("Apply the columns"), tone="action")
        self.inside.addLayout(button_row(button(tr("Cancel"), self.reject), save))
        self.list.itemChanged.connect(lambda _: self._describe())
        self.list.currentRowChanged.connect(lambda _: self._describe())
        self._save = save
        self._fill(columns)

    def _size(self) -> None:
        self.list.setMinimumHeight(min(px(300), self.screen().availableSize().height() // 2))

    def _fill(self, columns: Columns) -> None:
        self._columns = columns
        self.list.clear()
        for column in (*columns.shown, *(other for other in Column if other not in columns.shown)):
            heading, meaning = HEADINGS[column]
            item = QListWidgetItem(tr(heading))
            item.setToolTip(tr(meaning))
            item.setData(Qt.ItemDataRole.UserRole, int(column))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            is_shown = column in columns.shown
            item.setCheckState(Qt.CheckState.Checked if is_shown else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.sort.setCurrentIndex(self.sort.findData(columns.sort))
        self.descending.setCurrentIndex(int(columns.descending))
        self._describe()

    @property
    def shown(self) -> tuple[Column, ...]:
        """The ticked columns in their order."""
        items = [self.list.item(at) for at in range(self.list.count())]
        ticked = [item for item in items if item.checkState() is Qt.CheckState.Checked]
        return tuple(Column(item.data(Qt.ItemDataRole.UserRole)) for item in ticked)

    def _describe(self) -> None:
        at = self.list.currentRow()
        self.up.setEnabled(at > 0)
        self.down.setEnabled(0 <= at < self.list.count() - 1)
        # A worklist without any column couldn't be read.
        self._save.setEnabled(bool(self.shown))

    def _move(self, by: int) -> None:
        at = self.list.currentRow()
        if 0 <= at + by < self.list.count():
            item = self.list.takeItem(at)
            self.list.insertItem(at + by, item)
            self.list.setCurrentRow(at + by)

    def accept(self) -> None:
        """Hand the columns over."""
        sort = Column(self.sort.currentData())
        chosen = replace(
            self._columns, shown=self.shown, sort=sort, descending=self.descending.currentIndex() == 1
        )
        self._on_save(chosen)
        super().accept()
