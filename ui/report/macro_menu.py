"""The menu of macros at the cursor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from llmcxr_ws.macros import Macro
from ui.language import tr
from ui.report.editor import ReportEditor

_LONGEST = 60


def macro_menu(
    parent: QWidget, macros: tuple[Macro, ...], editor: ReportEditor, edit: Callable[[], None]
) -> QMenu:
    """Return a menu of those that begin as the word before the cursor does; of all where none does."""
    word = editor.trigger().lower()
    menu = QMenu(parent)
    menu.setAccessibleName(tr("Macros"))
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    fitting = [macro for macro in macros if macro.trigger.lower().startswith(word)]
    for macro in fitting or macros:
        menu.addAction(_shown(macro)).triggered.connect(partial(_expand, editor, macro))
    if not macros:
        menu.addAction(tr("You have no macros yet.")).setEnabled(False)
    menu.addSeparator()
    menu.addAction(tr("Edit my macros…")).triggered.connect(lambda _=False: edit())
    return menu


def _shown(macro: Macro) -> str:
    words = " ".join(macro.text.split())
    short = f"{words[:_LONGEST]}…" if len(words) > _LONGEST else words
    return f"{macro.trigger}: {short}".replace("&", "&&")


def _expand(editor: ReportEditor, macro: Macro, _: bool = False) -> None:
    editor.expand_macro(macro)
