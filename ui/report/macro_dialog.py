"""The dialog in which a person keeps the own macros: a trigger word, and what it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from llmcxr_ws import macros as autotext
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.macros import MAX_TEXT, Macro
from ui.language import mark, tr
from ui.widgets import Banner, button, label

HELP = mark(
    "In the report, type the trigger and press Tab or Ctrl+Space. Words in square brackets, like [side], are places "
    "to fill in: Tab goes from one to the next."
)


class MacroDialog(QDialog):
    """Edits a list of macros; hands it over when it is saved."""

    def __init__(
        self, parent: QWidget, macros: tuple[Macro, ...], on_save: Callable[[tuple[Macro, ...]], None]
    ) -> None:
        super().__init__(parent)
        self._on_save = on_save
        self._macros = list(macros)
        self._is_showing = False
        self.setWindowTitle(tr("My macros"))
        self.setAccessibleName(tr("My macros"))
        self.resize(640, 440)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Triggers"))
        self.list.setMaximumWidth(190)
        self.trigger = QLineEdit()
        self.trigger.setAccessibleName(tr("Trigger"))
        self.trigger.setPlaceholderText(tr("Trigger, for instance nl"))
        self.trigger.setMaxLength(32)
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(tr("What the trigger becomes"))
        self.text.setPlaceholderText(tr("What it becomes, for instance: No acute [finding]."))
        self.text.setTabChangesFocus(True)
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        self.add = button(tr("New macro"), self._add)
        self.delete = button(tr("Delete"), self._delete, name=tr("Delete the macro"))
        self.save = button(tr("Save"), self.accept, name=tr("Save the macros"), tone="action")
        self._lay_out()
        self.list.currentRowChanged.connect(self._show)
        self.trigger.textEdited.connect(lambda _: self._keep())
        self.text.textChanged.connect(self._keep)
        self._fill(0)

    def _lay_out(self) -> None:
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(self.list, 1)
        left.addWidget(self.add)
        left.addWidget(self.delete)
        right.addWidget(self.trigger)
        right.addWidget(self.text, 1)
        sides = QHBoxLayout()
        sides.setSpacing(12)
        sides.addLayout(left)
        sides.addLayout(right, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(button(tr("Cancel"), self.reject))
        buttons.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(label(tr(HELP), "muted", wraps=True))
        layout.addLayout(sides, 1)
        layout.addWidget(self.problem)
        layout.addLayout(buttons)

    def _fill(self, row: int) -> None:
        self._is_showing = True
        self.list.clear()
        self.list.addItems([macro.trigger or tr("(no trigger yet)") for macro in self._macros])
        self._is_showing = False
        self.list.setCurrentRow(min(row, len(self._macros) - 1))
        self._show(self.list.currentRow())

    def _show(self, row: int) -> None:
        if self._is_showing:
            return
        is_any = 0 <= row < len(self._macros)
        self._is_showing = True
        self.trigger.setText(self._macros[row].trigger if is_any else "")
        self.text.setPlainText(self._macros[row].text if is_any else "")
        self._is_showing = False
        for part in (self.trigger, self.text, self.delete):
            part.setEnabled(is_any)

    def _keep(self) -> None:
        row = self.list.currentRow()
        if self._is_showing or not 0 <= row < len(self._macros):
            return
        trigger, text = self.trigger.text().strip(), self.text.toPlainText()[:MAX_TEXT]
        self._macros[row] = replace(self._macros[row], trigger=trigger, text=text)
        self.list.item(row).setText(trigger or tr("(no trigger yet)"))

    def _add(self) -> None:
        self._macros.append(Macro("", ""))
        self._fill(len(self._macros) - 1)
        self.trigger.setFocus()

    def _delete(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._macros):
            del self._macros[row]
            self._fill(row)

    def accept(self) -> None:
        """Hand the macros over, unless one can't be used: it is said why."""
        try:
            checked = autotext.check(self._macros)
        except ConfigError as error:
            self.problem.say(error.sentence)
            return
        self._on_save(checked)
        super().accept()
