"""The form of one ``[[table]]`` of the site document: its fields, and under each what is wrong with it.

What is right and wrong the site's own validator says; the form writes into the text that the other sections edit too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QScrollArea,
    QWidget,
)

from ui.admin.section import enable, number_in
from ui.admin.site_draft import SiteDraft
from ui.language import tr
from ui.widgets import choice, label


@dataclass(frozen=True)
class Text:
    """A line to type into.

    Attributes
    ----------
    may_lack : where nothing is typed the setting is left out, so that its default holds
    refused : says why a text isn't even written into the document; empty for one that is
    """

    name: str
    title: str
    hint: str = ""
    is_number: bool = False
    may_lack: bool = False
    refused: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Choice:
    """One of several values, each with its words."""

    name: str
    title: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Tick:
    """Yes or no, and which of both holds where the document says nothing."""

    name: str
    title: str
    default: bool


Field = Text | Choice | Tick
Control = QLineEdit | QComboBox | QCheckBox


class TableForm(QScrollArea):
    """Fields of one entry; texts of the fields go through `tr` here.

    Signals
    -------
    renamed(str, str) : the entry's name was another one before
    """

    renamed = Signal(str, str)

    def __init__(self, draft: SiteDraft, table: str, name: str, fields: Sequence[Field]) -> None:
        super().__init__()
        self._draft, self._table = draft, table
        self._at: int | None = None
        self._described = {field.name: field for field in fields}
        self._not_kept: dict[str, str] = {}
        self.fields: dict[str, Control] = {}
        self.faults: dict[str, QLabel] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(4)
        for field in fields:
            self._add(form, field)
        inside = QWidget()
        inside.setLayout(form)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(name)
        self.setWidget(inside)

    def _add(self, form: QFormLayout, field: Field) -> None:
        title, made = tr(field.title), _control(field)
        made.setAccessibleName(title)
        self.fields[field.name] = made
        if isinstance(made, QLineEdit):
            made.editingFinished.connect(partial(self._on_text, field.name))
        elif isinstance(made, QComboBox):
            made.activated.connect(lambda _: self._put(field.name, made.currentData()))
        else:
            made.clicked.connect(lambda is_on: self._put(field.name, bool(is_on)))
            form.addRow(made)
            return
        fault = self.faults[field.name] = label("", "bad", wraps=True)
        fault.setAccessibleName(tr("What is wrong with: {field}", field=title))
        fault.hide()
        form.addRow(label(title, "muted"), made)
        form.addRow("", fault)

    @property
    def values(self) -> dict[str, Any]:
        """The entry that is shown, as the document has it; empty for none."""
        tables = self._draft.tables(self._table)
        return tables[self._at] if self._at is not None and self._at < len(tables) else {}

    def show_at(self, at: int | None, *, keeps_typing: bool) -> None:
        """Show an entry, or none; with `keeps_typing` what is being typed stays."""
        if at != self._at or not keeps_typing:
            self._not_kept = {}
        self._at = at
        values = self.values
        enable(list(self.fields.values()), bool(values))
        for name, made in self.fields.items():
            value = values.get(name, "")
            if isinstance(made, QLineEdit):
                is_typing = keeps_typing and made.hasFocus() and made.isModified()
                if made.text() != str(value) and not is_typing:
                    made.setText(str(value))
            elif isinstance(made, QComboBox):
                made.setCurrentIndex(max(made.findData(value), 0))
            else:
                made.setChecked(bool(values) and values.get(name, self._default(name)) is True)
        for name, fault in self.faults.items():
            words = self._not_kept.get(name, "")
            if not words and at is not None:
                words = self._draft.problem_at(self._table, at, name)
            fault.setText(words)
            fault.setVisible(bool(words))

    def _default(self, name: str) -> bool:
        field = self._described[name]
        return isinstance(field, Tick) and field.default

    def _on_text(self, name: str) -> None:
        made, field, values = self.fields[name], self._described[name], self.values
        if not isinstance(made, QLineEdit) or not isinstance(field, Text) or not values:
            return
        text, before = made.text().strip(), values.get(name, "")
        why = field.refused(text) if text and field.refused is not None else ""
        if why:
            made.setText(str(before))
            self._not_kept[name] = why
            self.show_at(self._at, keeps_typing=True)
            return
        self._not_kept.pop(name, None)
        if text == str(before):
            self.show_at(self._at, keeps_typing=True)
            return
        self._put(name, number_in(text) if field.is_number else text or (None if field.may_lack else ""))
        if name == "name":
            self.renamed.emit(str(before), text)

    def _put(self, name: str, value: Any) -> None:
        if self._at is not None:
            self._draft.put((self._table, self._at, name), value)


def _control(field: Field) -> Control:
    if isinstance(field, Tick):
        return QCheckBox(tr(field.title))
    if isinstance(field, Text):
        made = QLineEdit()
        made.setPlaceholderText(tr(field.hint) if field.hint else "")
        return made
    box = choice(tr(field.title))
    for value, words in field.options:
        box.addItem(tr(words), value)
    return box


def rename_destination(draft: SiteDraft, before: str, after: str) -> None:
    """Have the output rules that named a destination name it as it is called now."""
    for number, rule in enumerate(draft.tables("output")):
        if before and rule.get("to") == before:
            draft.put(("output", number, "to"), after)


def remove_outputs_to(draft: SiteDraft, name: str) -> None:
    """Take out every output rule to a destination."""
    rules = [n for n, rule in enumerate(draft.tables("output")) if rule.get("to") == name]
    for number in reversed(rules):
        draft.remove("output", number)
