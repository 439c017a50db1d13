"""The F1 page: every key and what the pointer does, straight from the table; each person can change the own keys."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QKeyCombination, Qt, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFormLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from llmcxr_ws.errors import UserFacingError
from ui.dialogs import Dialog, button_row
from ui.flow import FlowLayout
from ui.language import mark, tr
from ui.shortcuts import POINTER, SHORTCUTS, Keymap, Scope, Shortcut, text_of
from ui.theme import follow, px
from ui.widgets import Banner, button, label

PLACES = {Scope.FILM: mark("on the film"), Scope.WINDOW: mark("anywhere")}


def shown(keys: tuple[str, ...]) -> str:
    """Return keys as this system writes them, or a dash for none."""
    native = QKeySequence.SequenceFormat.NativeText
    return ", ".join(QKeySequence(key).toString(native) for key in keys) or "–"


class KeysPage(Dialog):
    """Shows all keys; what is changed is told at once.

    Parameters
    ----------
    on_change : callable, optional
        Gets the keys after each change; without it they can be looked at only.
    """

    def __init__(self, parent: QWidget, keymap: Keymap, on_change: Callable[[Keymap], None] | None) -> None:
        super().__init__(parent, tr("Keys"), width=720)
        self._keymap, self._on_change = keymap, on_change
        self._entries: list[Shortcut | None] = []
        self.search = QLineEdit()
        self.search.setAccessibleName(tr("Search the keys"))
        self.search.setPlaceholderText(tr("Search action or key"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self._filter())
        self.table = self._make_table()
        self.change = button(tr("Change…"), self._change, name=tr("Change the keys of the action"))
        self.reset = button(tr("Reset"), self._reset, name=tr("The keys that the action had at first"))
        self.reset_all = button(tr("Reset all"), self._reset_all, name=tr("All keys as they were at first"))
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        buttons = FlowLayout()
        for made in (self.change, self.reset, self.reset_all):
            buttons.addWidget(made)
            made.setVisible(on_change is not None)
        buttons.addWidget(button(tr("Close"), self.accept))
        self.inside.addWidget(self.search)
        self.inside.addWidget(self.table, 1)
        self.inside.addWidget(self.problem)
        self.inside.addLayout(buttons)
        self._fill()
        self.table.setCurrentCell(0, 0)
        follow(self._size)

    def _make_table(self) -> QTableWidget:
        made = QTableWidget(0, 3)
        made.setAccessibleName(tr("All keys"))
        made.setHorizontalHeaderLabels([tr("What"), tr("Keys"), tr("Where")])
        made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        made.setTabKeyNavigation(False)
        made.setShowGrid(False)
        made.setWordWrap(True)
        made.verticalHeader().hide()
        header = made.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        made.currentCellChanged.connect(lambda *_: self._describe())
        made.itemActivated.connect(lambda _: self._change())
        return made

    def _size(self) -> None:
        room = self.screen().availableSize()
        self.resize(min(px(760), room.width() - px(20)), min(px(720), room.height() - px(40)))
        self._break_lines()

    def _break_lines(self) -> None:
        """Make rows as high as their text, once the columns have their widths."""
        QTimer.singleShot(0, self.table, self.table.resizeRowsToContents)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break lines anew."""
        super().resizeEvent(event)
        self._break_lines()

    def _fill(self) -> None:
        rows: list[tuple[Shortcut | None, str, str, str]] = [
            (entry, tr(entry.text), shown(self._keymap.keys_of(entry.action)), tr(PLACES[entry.scope]))
            for scope in (Scope.WINDOW, Scope.FILM)
            for entry in SHORTCUTS
            if entry.scope is scope
        ]
        rows += [(None, tr(text), tr(gesture), tr(PLACES[Scope.FILM])) for gesture, text in POINTER]
        self._entries = [row[0] for row in rows]
        self.table.setRowCount(len(rows))
        for at, (_, *texts) in enumerate(rows):
            for column, text in enumerate(texts):
                self.table.setItem(at, column, QTableWidgetItem(text))
        self._filter()
        self._describe()
        self._break_lines()

    def _filter(self) -> None:
        words = self.search.text().casefold().split()
        model = self.table.model()
        for at in range(self.table.rowCount()):
            row = " ".join(str(model.index(at, column).data()) for column in range(3)).casefold()
            self.table.setRowHidden(at, not all(word in row for word in words))

    def _current(self) -> Shortcut | None:
        at = self.table.currentRow()
        return self._entries[at] if 0 <= at < len(self._entries) else None

    def _describe(self) -> None:
        entry = self._current()
        own = dict(self._keymap.own)
        self.change.setEnabled(entry is not None)
        self.reset.setEnabled(entry is not None and entry.action in own)
        self.reset_all.setEnabled(bool(own))

    def _change(self) -> None:
        entry = self._current()
        if entry is not None and self._on_change is not None:
            self.problem.say("")
            action = entry.action
            KeyDialog(
                self, entry, self._keymap, lambda keys: self._keep(self._keymap.changed(action, keys))
            ).open()

    def _reset(self) -> None:
        entry = self._current()
        if entry is None:
            return
        try:
            self._keep(self._keymap.reset(entry.action))
        except UserFacingError as error:
            self.problem.say(error.sentence)

    def _reset_all(self) -> None:
        self._keep(Keymap())

    def _keep(self, keymap: Keymap) -> None:
        self._keymap = keymap
        self.problem.say("")
        self._fill()
        if self._on_change is not None:
            self._on_change(keymap)


class KeyDialog(Dialog):
    """Asks for the keys of one action by pressing them; a key that can't be had is refused with the reason."""

    def __init__(
        self,
        parent: QWidget,
        entry: Shortcut,
        keymap: Keymap,
        on_keys: Callable[[tuple[str, ...]], None],
    ) -> None:
        super().__init__(parent, tr("Change keys"), width=420)
        self._on_keys = on_keys
        self.inside.addWidget(label(text_of(entry.action), "heading", wraps=True))
        hint = tr("Put the cursor into a field and press the key. An empty field is no key.")
        self.inside.addWidget(label(hint, "muted", wraps=True))
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        keys = (*keymap.keys_of(entry.action), "", "")[:2]
        self.fields = tuple(
            self._field(name, key) for name, key in zip((tr("Key"), tr("Second key")), keys, strict=True)
        )
        for field in self.fields:
            form.addRow(label(field.accessibleName(), "muted"), field)
        self.problem = Banner("bad", "refused", name=tr("Problem"))
        save = button(tr("Save"), self.accept, name=tr("Save the keys"), tone="action")
        self.inside.addLayout(form)
        self.inside.addWidget(self.problem)
        self.inside.addLayout(button_row(button(tr("Cancel"), self.reject), save))

    @staticmethod
    def _field(name: str, key: str) -> QKeySequenceEdit:
        made = QKeySequenceEdit(QKeySequence(key))
        made.setMaximumSequenceLength(1)
        made.setClearButtonEnabled(True)
        # Tab walks on, as everywhere.
        made.setFinishingKeyCombinations(
            [QKeyCombination(Qt.Key.Key_Tab), QKeyCombination(Qt.Modifier.SHIFT, Qt.Key.Key_Backtab)]
        )
        made.setAccessibleName(name)
        inner = made.findChild(QLineEdit)
        if inner is not None:
            inner.setAccessibleName(name)
        return made

    def accept(self) -> None:
        """Hand the keys over; stay where they are refused."""
        portable = QKeySequence.SequenceFormat.PortableText
        keys = tuple(field.keySequence().toString(portable) for field in self.fields)
        try:
            self._on_keys(tuple(key for key in keys if key))
        except UserFacingError as error:
            self.problem.say(error.sentence)
            return
        super().accept()
