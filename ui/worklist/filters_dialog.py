"""Two dialogs for saved filters: one filter with all that it asks for, and the list of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from llmcxr_ws.errors import UserFacingError
from ui.dialogs import Dialog, button_row
from ui.language import tr
from ui.scrolling import Scrolled
from ui.widgets import Banner, button, label, number
from ui.worklist.filters import LONGEST_AGE_H, LONGEST_NAME, Filter, SavedFilters
from ui.worklist.status import RANK_WORDS, Rank


class FilterDialog(Dialog):
    """What one filter shows, and its name."""

    def __init__(self, parent: QWidget, begun: Filter, on_save: Callable[[Filter], None]) -> None:
        super().__init__(parent, tr("Filter of the worklist"), width=460)
        self._on_save = on_save
        self.name = QLineEdit(begun.name)
        self.name.setAccessibleName(tr("Name of the filter"))
        self.name.setMaxLength(LONGEST_NAME)
        self.text = QLineEdit(begun.text)
        self.text.setAccessibleName(tr("Words that must be in the row"))
        self.states = {rank: QCheckBox(tr(RANK_WORDS[rank])) for rank in Rank}
        states = QGridLayout()
        for at, (rank, box) in enumerate(self.states.items()):
            box.setAccessibleName(tr("State: {name}", name=tr(RANK_WORDS[rank])))
            box.setChecked(rank.name.lower() in begun.states)
            states.addWidget(box, at // 2, at % 2)
        self.mine = QCheckBox(tr("only what I hold"))
        self.mine.setAccessibleName(tr("Only what I hold"))
        self.mine.setChecked(begun.mine)
        self.urgent = QCheckBox(tr("only urgent and raised"))
        self.urgent.setAccessibleName(tr("Only urgent and raised"))
        self.urgent.setChecked(begun.urgent)
        self.within = number(
            tr("Received within so many hours"), 0, LONGEST_AGE_H, begun.within_h, unit=tr("h")
        )
        self.within.setSpecialValueText(tr("any time"))
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        fields = QWidget()
        form = QFormLayout(fields)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        form.addRow(label(tr("Name"), "muted"), self.name)
        form.addRow(label(tr("States"), "muted"), states)
        form.addRow(label(tr("With the words"), "muted"), self.text)
        form.addRow(label(tr("And"), "muted"), self.mine)
        form.addRow(self.urgent)
        form.addRow(label(tr("Received within"), "muted"), self.within)
        self.inside.addWidget(Scrolled(fields, least=160), 1)
        self.inside.addWidget(self.problem)
        save = button(tr("Save"), self.accept, name=tr("Save the filter"), tone="action")
        self.inside.addLayout(button_row(button(tr("Cancel"), self.reject), save))
        self.name.setFocus()

    def accept(self) -> None:
        """Hand the filter over; stay where it is refused."""
        made = Filter(
            name=self.name.text(),
            states=tuple(rank.name.lower() for rank, box in self.states.items() if box.isChecked()),
            text=self.text.text().strip(),
            mine=self.mine.isChecked(),
            urgent=self.urgent.isChecked(),
            within_h=self.within.value(),
        )
        try:
            self._on_save(made)
        except UserFacingError as error:
            self.problem.say(error.sentence)
            return
        super().accept()


class FiltersDialog(Dialog):
    """All saved filters in their order; what is changed is kept at once."""

    def __init__(
        self, parent: QWidget, saved: SavedFilters, on_change: Callable[[SavedFilters], None]
    ) -> None:
        super().__init__(parent, tr("Saved filters"), width=480)
        self._saved, self._on_change = saved, on_change
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Saved filters"))
        self.change = button(tr("Change…"), self._change, name=tr("Change the filter"))
        self.delete = button(tr("Delete"), self._delete, name=tr("Delete the filter"))
        self.up = button(tr("Up"), lambda: self._move(-1), name=tr("Move the filter up"))
        self.down = button(tr("Down"), lambda: self._move(1), name=tr("Move the filter down"))
        self.default = QCheckBox(tr("set at log-in"))
        self.default.setAccessibleName(tr("Set this filter at log-in"))
        self.default.clicked.connect(self._set_default)
        side = QVBoxLayout()
        for made in (self.change, self.up, self.down, self.delete):
            side.addWidget(made)
        side.addWidget(self.default)
        side.addStretch(1)
        row = QHBoxLayout()
        row.addWidget(self.list, 1)
        row.addLayout(side)
        self.inside.addLayout(row)
        self.inside.addLayout(button_row(button(tr("Close"), self.accept)))
        self.list.currentRowChanged.connect(lambda _: self._describe())
        self.list.itemActivated.connect(lambda _: self._change())
        self._fill("")

    def _current(self) -> Filter | None:
        item = self.list.currentItem()
        return None if item is None else self._saved.named(item.data(Qt.ItemDataRole.UserRole))

    def _fill(self, name: str) -> None:
        self.list.clear()
        for entry in self._saved.filters:
            is_default = entry.name == self._saved.default
            item = QListWidgetItem(
                tr("{name} (set at log-in)", name=entry.name) if is_default else entry.name
            )
            item.setData(Qt.ItemDataRole.UserRole, entry.name)
            self.list.addItem(item)
        names = [entry.name for entry in self._saved.filters]
        self.list.setCurrentRow(names.index(name) if name in names else 0)
        self._describe()

    def _describe(self) -> None:
        found, filters = self._current(), self._saved.filters
        at = filters.index(found) if found is not None else -1
        for control in (self.change, self.delete, self.default):
            control.setEnabled(found is not None)
        self.up.setEnabled(at > 0)
        self.down.setEnabled(0 <= at < len(filters) - 1)
        self.default.setChecked(found is not None and found.name == self._saved.default)

    def _keep(self, saved: SavedFilters, name: str) -> None:
        self._saved = saved
        self._on_change(saved)
        self._fill(name)

    def _change(self) -> None:
        found = self._current()
        if found is None:
            return

        def keep(made: Filter) -> None:
            kept = replace(made, name=made.name.strip())
            self._keep(self._saved.with_filter(kept, instead_of=found.name), kept.name)

        FilterDialog(self, found, keep).open()

    def _delete(self) -> None:
        found = self._current()
        if found is not None:
            self._keep(self._saved.without(found.name), "")

    def _move(self, by: int) -> None:
        found = self._current()
        if found is not None:
            self._keep(self._saved.moved(found.name, by), found.name)

    def _set_default(self, is_wanted: bool) -> None:
        found = self._current()
        if found is not None:
            self._keep(self._saved.with_default(found.name if is_wanted else ""), found.name)
