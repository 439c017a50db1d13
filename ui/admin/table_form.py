"""The form of one ``[[table]]`` of the site document: its fields in groups, and under each what is wrong with it.

What is right and wrong the site's own validator says; the form writes into the text that the other sections edit too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from ui.admin.controls import Control, Field, Group, Several, Text, Tick, Ticks, control_of, grouped
from ui.admin.names import TABLES
from ui.admin.section import enable, is_on, number_in
from ui.admin.site_draft import SiteDraft
from ui.fold import Fold
from ui.language import mark, tr
from ui.scrolling import Scrolled
from ui.widgets import label

_TITLES, _CONTROLS = 2, 5  # shares of the width
ONE_STAYS = mark("The last one stays ticked: without any, the default would hold.")


class TableForm(Scrolled):
    """Fields of one entry; texts of the fields go through `tr` here."""

    def __init__(self, draft: SiteDraft, table: str, name: str, fields: Sequence[Field | Group]) -> None:
        self._draft, self._table = draft, table
        self._at: int | None = None
        self._groups = grouped(fields)
        self._described = {field.name: field for group in self._groups for field in group.fields}
        self._not_kept: dict[str, str] = {}
        self._of_entries = 0
        self._wrong: set[str] = set()
        self.fields: dict[str, Control] = {}
        self.faults: dict[str, QLabel] = {}
        self.folds: dict[str, Fold] = {}
        self.whole = label("", "bad", wraps=True)
        self.whole.setAccessibleName(tr("What is wrong with the whole entry"))
        self.whole.hide()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(8, 0, 6, 0)
        column.setSpacing(8)
        column.addWidget(self.whole)
        for group in self._groups:
            column.addWidget(self._group(group))
        column.addStretch(1)
        super().__init__(inside, least=200)
        self.setAccessibleName(name)
        draft.changed.connect(self._on_changed)

    def _group(self, group: Group) -> QWidget:
        made = QWidget()
        grid = QGridLayout(made)
        grid.setContentsMargins(0, 0, 0, 6)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, _TITLES)
        grid.setColumnStretch(1, _CONTROLS)
        for field in group.fields:
            self._add(grid, field)
        if not group.title:
            return made
        fold = self.folds[group.title] = Fold(tr(group.title), made, is_open=group.is_open)
        return fold

    def _add(self, grid: QGridLayout, field: Field) -> None:
        title, made = tr(field.title), control_of(field)
        made.setAccessibleName(title)
        self.fields[field.name] = made
        if isinstance(made, QLineEdit):
            self._follow(made, partial(self._on_text, field.name))
        elif isinstance(made, QComboBox):
            made.activated.connect(lambda _: self._put(field.name, made.currentData()))
        elif isinstance(made, Ticks):
            made.changed.connect(partial(self._on_ticks, field.name))
            if made.others is not None:
                self._follow(made.others, made.take_others)
        else:
            made.clicked.connect(lambda is_on: self._put(field.name, bool(is_on)))
        row = grid.rowCount()
        if not isinstance(made, QCheckBox):
            named = label(title, "muted", wraps=True)
            grid.addWidget(named, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(made, row, 1)
        if field.help:
            words = tr(field.help).replace("`", "")
            grid.addWidget(label(words, "muted", wraps=True), row + 1, 1)
        fault = self.faults[field.name] = label("", "bad", wraps=True)
        fault.setAccessibleName(tr("What is wrong with: {field}", field=title))
        fault.hide()
        grid.addWidget(fault, row + 2, 1)
        grid.setRowMinimumHeight(row + 3, 5)

    def _follow(self, line: QLineEdit, take: Callable[[], object]) -> None:
        """Have a line taken when it is left, and the others know that somebody types into it."""
        line.textEdited.connect(lambda _: self._draft.note_typing())
        line.editingFinished.connect(take)
        line.editingFinished.connect(lambda: self._draft.note_typing(False))

    @property
    def values(self) -> dict[str, Any]:
        """The entry that is shown, as the document has it; empty for none."""
        tables = self._draft.tables(self._table)
        return tables[self._at] if self._at is not None and self._at < len(tables) else {}

    def show_at(self, at: int | None, *, keeps_typing: bool) -> None:
        """Show an entry, or none; with `keeps_typing` what is being typed stays."""
        if at != self._at or not keeps_typing:
            self._not_kept, self._wrong = {}, set()
        self._at = at
        values = self.values
        enable(list(self.fields.values()), bool(values))
        for name, made in self.fields.items():
            self._show_value(made, self._described[name], values, keeps_typing=keeps_typing)
        for name, fault in self.faults.items():
            words = self._not_kept.get(name, "")
            if not words and at is not None:
                words = self._draft.problem_at(self._table, at, name)
            fault.setText(words)
            fault.setVisible(bool(words))
            self._describe(name, words)
        self._show_groups(values)
        whole = self._draft.problem_of_entry(self._table, at, self.fields) if at is not None else ""
        self.whole.setText(whole)
        self.whole.setVisible(bool(whole))

    def _describe(self, name: str, fault: str) -> None:
        """Have a screen reader say at the control what stands below it."""
        made = self.fields[name]
        words = " ".join(one for one in (tr(self._described[name].help).replace("`", ""), fault) if one)
        if isinstance(made, Ticks):
            made.describe(words)
        else:
            made.setAccessibleDescription(words)

    @staticmethod
    def _show_value(made: Control, field: Field, values: dict[str, Any], *, keeps_typing: bool) -> None:
        value = values.get(field.name, "")
        if isinstance(made, QLineEdit):
            is_typing = keeps_typing and made.hasFocus() and made.isModified()
            if made.text() != str(value) and not is_typing:
                made.setText(str(value))
        elif isinstance(made, QComboBox):
            made.setCurrentIndex(max(made.findData(value), 0))
        elif isinstance(made, Ticks):
            made.show_values(values.get(field.name), keeps_typing=keeps_typing)
        else:
            default = isinstance(field, Tick) and field.default
            made.setChecked(bool(values) and is_on(values.get(field.name, default)))

    def _show_groups(self, values: dict[str, Any]) -> None:
        """Say at each heading how much is set below it; open what has a fault."""
        for group in self._groups:
            fold = self.folds.get(group.title)
            if fold is None:
                continue
            faulty = {field.name for field in group.fields if self.faults[field.name].text()}
            wrong = len(faulty)
            is_set = sum(field.name in values and not _is_required(field) for field in group.fields)
            said = tr("%n fault(s)", "", wrong) if wrong else tr("%n set", "", is_set) if is_set else ""
            fold.say(said, also_open=bool(wrong))
            if faulty - self._wrong:  # who closed it knows of the others
                fold.open()
        self._wrong = {name for name, fault in self.faults.items() if fault.text()}

    def _on_text(self, name: str) -> None:
        made, field, values = self.fields[name], self._described[name], self.values
        if not isinstance(made, QLineEdit) or not isinstance(field, Text) or not values:
            return
        text, before, is_typed = made.text().strip(), values.get(name, ""), made.isModified()
        made.setModified(False)
        why = field.refused(text) if text != str(before) and field.refused is not None else ""
        if why:
            made.setText(str(before))
            self._say_not_kept(name, why)
            return
        self._not_kept.pop(name, None)
        value: Any = text or (None if field.may_lack else "")
        if field.is_number:
            value = number_in(text, is_whole=field.is_whole)
        is_same = text == str(before) and (not is_typed or not text or type(value) is type(before))
        if is_same:
            self.show_at(self._at, keeps_typing=True)
            return
        self._put(name, value)

    def _on_ticks(self, name: str, values: list[str]) -> None:
        field = self._described[name]
        at = self._at
        # Where they are the fault, taking the last one out mends it.
        is_wrong = at is not None and bool(self._draft.problem_at(self._table, at, name))
        if not values and isinstance(field, Several) and field.default and not is_wrong:
            self._say_not_kept(name, tr(ONE_STAYS))
            return
        self._not_kept.pop(name, None)
        self._put(name, values or None)

    def _say_not_kept(self, name: str, why: str) -> None:
        self._not_kept[name], self._of_entries = why, len(self._draft.tables(self._table))
        self.show_at(self._at, keeps_typing=True)

    def _on_changed(self) -> None:
        """Forget what wasn't kept of an entry that was discarded or taken out."""
        if self._not_kept and (
            not self._draft.is_changed or self._of_entries != len(self._draft.tables(self._table))
        ):
            self._not_kept = {}

    def _put(self, name: str, value: Any) -> None:
        if self._at is None:
            return
        if name == "name" and self._table in TABLES:
            self._draft.names.rename(self._table, self._at, str(value))
        else:
            self._draft.put((self._table, self._at, name), value)


def _is_required(field: Field) -> bool:
    return isinstance(field, Text) and not field.may_lack
