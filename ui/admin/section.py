"""What the sections of the administration page have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.workplace import Workplace
from ui.desk import Badge
from ui.flow import FlowLayout
from ui.office import Office
from ui.outcome import OutcomeLine
from ui.tasks import Ticket
from ui.widgets import label

_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_YES_OR_NO: Final = TypeAdapter(bool)
Result = TypeVar("Result")


class Section(QWidget):
    """A heading, a sentence about it, its contents, and a line with the outcome of the last action.

    `POLL_MS` is how often it is read anew while it is on the screen; 0 for once each time it is shown.
    """

    POLL_MS = 0

    def __init__(self, office: Office, title: str, about: str) -> None:
        super().__init__()
        self.office = office
        self.setAccessibleName(title)
        self.line = OutcomeLine()
        self.body = QVBoxLayout()
        self.body.setSpacing(10)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 12)
        layout.setSpacing(8)
        self.heading = label(title, "heading")
        layout.addWidget(self.heading)
        layout.addWidget(label(about, "muted", wraps=True))
        layout.addLayout(self.body, 1)
        layout.addWidget(self.line)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._on_time)
        self._asked: Ticket | None = None
        self._missed = ""

    def set_badge(self, badge: Badge | None) -> None:
        """Take note of who sits here."""

    def set_active(self, is_active: bool) -> None:
        """Read what is shown while it is on the screen."""
        self._timer.stop()
        if is_active:
            self.refresh()
            if self.POLL_MS:
                self._timer.start(self.POLL_MS)

    def poll_each(self, milliseconds: int) -> None:
        """Read anew at another pace from now on, while it is on the screen."""
        self.POLL_MS = milliseconds
        if self._timer.isActive():
            self._timer.start(milliseconds)

    def refresh(self) -> None:
        """Read anew what is shown."""

    def look(self, work: Callable[[Workplace], Result], done: Callable[[Result], None]) -> None:
        """Read what `refresh` shows; that it can't be read is said until the next time that it can."""

        def on_found(found: Result) -> None:
            if self._missed and self.line.text == self._missed:
                self.line.say("")
            self._missed = ""
            done(found)

        self._asked = self.office.read(self, work, on_found, self.on_missed)

    def on_missed(self, error: UserFacingError) -> None:
        """What is shown couldn't be read anew: say so; what stands there is of an earlier look."""
        self._missed = error.sentence
        self.line.error(error)

    def _on_time(self) -> None:
        """Look again, unless the last look isn't answered yet: a slow hall gets no queue of looks."""
        if self._asked is None or self._asked.is_done:
            self.refresh()


def row_of(*made: QWidget | int, stretch: bool = True) -> QHBoxLayout:
    """Return widgets side by side, an integer for a gap; what is left over stays empty at the end."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for entry in made:
        if isinstance(entry, int):
            row.addSpacing(entry)
        else:
            row.addWidget(entry)
    if stretch:
        row.addStretch(1)
    return row


def listed(table: QWidget, keys: Sequence[QWidget], form: QWidget) -> QSplitter:
    """Return a table with its buttons below it, and the form of the chosen row beside both."""
    left = QWidget()
    column = QVBoxLayout(left)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(table, 1)
    row = FlowLayout()
    for made in keys:
        row.addWidget(made)
    column.addLayout(row)
    both = QSplitter(Qt.Orientation.Horizontal)
    both.addWidget(left)
    both.addWidget(form)
    both.setSizes([900, 1100])  # side by side, whatever the form would like
    both.setChildrenCollapsible(False)
    return both


def stacked(upper: QWidget, lower: QWidget, shares: tuple[int, int]) -> QSplitter:
    """Return two widgets above each other, with their shares of the height and a handle between them."""
    both = QSplitter(Qt.Orientation.Vertical)
    for made, share in zip((upper, lower), shares, strict=True):
        both.addWidget(made)
        both.setStretchFactor(both.count() - 1, share)
    both.setChildrenCollapsible(False)
    return both


def enable(made: Sequence[QWidget], is_enabled: bool) -> None:
    """Enable or disable widgets together."""
    for entry in made:
        entry.setEnabled(is_enabled)


def number_in(text: str, *, is_whole: bool = False) -> Any:
    """Return the number that a text says; else the text, for the validator to refuse; None for nothing.

    A comma is a point, as many write it. Not where it may stand between thousands: there, and in a whole number,
    nobody can tell what was meant.
    """
    if not text:
        return None
    pointed = text if is_whole or _THOUSANDS.fullmatch(text) else text.replace(",", ".")
    try:
        return int(pointed)
    except ValueError:
        pass
    try:
        number = float(pointed)
    except ValueError:
        return text
    if not isfinite(number):
        return text
    return int(number) if is_whole and number.is_integer() else number


def is_on(value: object) -> bool:
    """Whether a yes or no of the document counts as yes: "yes" and 1 do, as the validator reads them."""
    try:
        return _YES_OR_NO.validate_python(value)
    except ValidationError:
        return False
