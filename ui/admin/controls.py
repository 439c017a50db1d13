"""What a form is described with, and the control of each: a line, a choice, a tick, several ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QVBoxLayout, QWidget

from ui.flow import FlowLayout
from ui.language import tr
from ui.widgets import choice


@dataclass(frozen=True, kw_only=True)
class _Described:
    """What every field has.

    Attributes
    ----------
    help : a sentence about the setting, shown below its control
    """

    help: str = ""


@dataclass(frozen=True)
class Text(_Described):
    """A line to type into.

    Attributes
    ----------
    may_lack : where nothing is typed the setting is left out, so that its default holds
    is_whole : the number has no fraction
    refused : says why a text isn't even written into the document; empty for one that is
    """

    name: str
    title: str
    hint: str = ""
    is_number: bool = False
    is_whole: bool = False
    may_lack: bool = False
    refused: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Choice(_Described):
    """One of several values, each with its words; the first holds where the document says nothing."""

    name: str
    title: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Tick(_Described):
    """Yes or no, and which of both holds where the document says nothing."""

    name: str
    title: str
    default: bool


@dataclass(frozen=True)
class Several(_Described):
    """Any number of values, each with its words.

    Attributes
    ----------
    others : title of a line for values beside those, comma between them; empty where there are none
    default : those that hold where the document says nothing
    """

    name: str
    title: str
    options: tuple[tuple[str, str], ...]
    others: str = ""
    default: tuple[str, ...] = ()


Field = Text | Choice | Tick | Several


@dataclass(frozen=True)
class Group:
    """Fields that belong together, under a heading that closes; an empty title has no heading."""

    title: str
    fields: tuple[Field, ...]
    is_open: bool = False


class Ticks(QWidget):
    """A tick for each value, and a line for others.

    Signals
    -------
    changed(list) : somebody chose other values
    """

    changed = Signal(list)

    def __init__(self, field: Several) -> None:
        super().__init__()
        self._default = field.default
        self.ticks: dict[str, QCheckBox] = {}
        self.others: QLineEdit | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        flow = FlowLayout(spacing=14)
        column.addLayout(flow)
        for value, words in field.options:
            tick = self.ticks[value] = QCheckBox(tr(words))
            tick.setAccessibleName(f"{tr(field.title)}: {tr(words)}")
            tick.clicked.connect(lambda _: self.changed.emit(self.values))
            flow.addWidget(tick)
        if field.others:
            self.others = QLineEdit()
            self.others.setPlaceholderText(tr(field.others))
            self.others.setAccessibleName(f"{tr(field.title)}: {tr(field.others)}")
            column.addWidget(self.others)
        self._shown: list[str] = []

    @property
    def values(self) -> list[str]:
        """What is chosen, in the order in which it is offered; what isn't offered stands at the end."""
        typed = (self.others.text() if self.others is not None else "").replace(",", " ").split()
        strange = [] if self.others is not None else [one for one in self._shown if one not in self.ticks]
        return [value for value, tick in self.ticks.items() if tick.isChecked()] + typed + strange

    def describe(self, words: str) -> None:
        """Have a screen reader say this of every tick, and of the line for others."""
        for made in (*self.ticks.values(), self.others):
            if made is not None:
                made.setAccessibleDescription(words)

    def show_values(self, given: Any, *, keeps_typing: bool = True) -> None:
        """Show what stands in the document; in a text that nobody has checked yet anything may."""
        entries = given if isinstance(given, list | tuple) else self._default
        self._shown = [one for one in entries if isinstance(one, str)]
        for value, tick in self.ticks.items():
            tick.setChecked(value in self._shown)
        if self.others is None:
            return
        if not (keeps_typing and self.others.hasFocus() and self.others.isModified()):
            self.others.setText(", ".join(one for one in self._shown if one not in self.ticks))

    def take_others(self) -> None:
        """Take what was typed into the line for others."""
        if self.others is not None and self.others.isModified():
            self.others.setModified(False)
            self.changed.emit(self.values)


Control = QLineEdit | QComboBox | QCheckBox | Ticks


def control_of(field: Field) -> Control:
    """Make the control of a field."""
    if isinstance(field, Tick):
        return QCheckBox(tr(field.title))
    if isinstance(field, Several):
        return Ticks(field)
    if isinstance(field, Text):
        made = QLineEdit()
        made.setPlaceholderText(tr(field.hint) if field.hint else "")
        return made
    box = choice(tr(field.title))
    for value, words in field.options:
        box.addItem(tr(words), value)
    return box


def grouped(fields: Sequence[Field | Group]) -> tuple[Group, ...]:
    """Groups as they are; fields that stand in none, in one without a heading."""
    loose = tuple(one for one in fields if not isinstance(one, Group))
    made = tuple(one for one in fields if isinstance(one, Group))
    return (Group("", loose, is_open=True), *made) if loose else made
