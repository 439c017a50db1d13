"""What each action of the table of keys does in the main window, and where it may do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from ui.language import tr
from ui.pages import PAGES, READING
from ui.shortcuts import SHORTCUTS, Scope

if TYPE_CHECKING:
    from ui.window import MainWindow

Targets = Mapping[str, Callable[[], object]]

# What works while the window is covered.
_COVERED = ("window.quit", "window.shortcuts", "window.larger", "window.smaller")


def add_actions(window: MainWindow) -> dict[str, QAction]:
    """Give the window an action for every entry of its scope; return them by name."""
    targets = _targets(window)
    made = {}
    for entry in SHORTCUTS:
        if entry.scope is Scope.WINDOW:
            action = QAction(tr(entry.text), window)
            action.triggered.connect(partial(_run, window, entry.action, targets[entry.action]))
            window.addAction(action)
            made[entry.action] = action
    return made


def _run(window: MainWindow, name: str, target: Callable[[], object]) -> None:
    """Run an action; a covered window answers only to what doesn't touch the work."""
    if not (window.is_open or name in _COVERED):
        return
    if name.startswith("focus."):
        window.pages.show_page(READING)
    elif not name.startswith(("window.", "page.")) and window.pages.name != READING:
        window.say(tr("This key works on the reading page only."))
        return
    target()


def _targets(window: MainWindow) -> Targets:
    """Return what each action does."""
    return {
        **_page_targets(window),
        **_focus_targets(window),
        **_reading_targets(window),
        **_window_targets(window),
    }


def _page_targets(window: MainWindow) -> Targets:
    names = (READING, *(page.name for page in PAGES))
    return {f"page.{name}": partial(window.show_page, name) for name in names}


def _focus_targets(window: MainWindow) -> Targets:
    report = window.report
    parts: dict[str, QWidget] = {
        "search": window.worklist.search,
        "worklist": window.worklist.table,
        "film": window.film.view,
        "report": report.editor,
    }
    beside = {"question": (window.chat, window.chat.box), "evidence": (window.evidence, window.evidence.list)}

    def go_to_section(section: Literal["findings", "impression"]) -> None:
        window.go_to(report.editor)
        report.editor.go_to_section(section)

    def go_beside(part: QWidget, inside: QWidget) -> None:
        window.activateWindow()
        window.side.go_to(part, inside)

    def go_to_checks() -> None:
        go_beside(report.guards, report.guards.first_control() or window.side)

    def find() -> None:
        window.activateWindow()
        report.finder.begin()

    return {
        **{f"focus.{name}": partial(window.go_to, part) for name, part in parts.items()},
        **{f"focus.{name}": partial(go_beside, *parts) for name, parts in beside.items()},
        "focus.guards": go_to_checks,
        "report.find": find,
        "report.findings": partial(go_to_section, "findings"),
        "report.impression": partial(go_to_section, "impression"),
    }


def _reading_targets(window: MainWindow) -> Targets:
    report, editor, worklist, wishes = window.report, window.report.editor, window.worklist, window.wishes

    def pick(by: int) -> None:
        window.side.show_part(window.evidence)
        window.evidence.pick(by)

    return {
        "study.next": partial(worklist.step, 1),
        "study.previous": partial(worklist.step, -1),
        "study.take_over": window.take_over,
        "worklist.filters": worklist.show_filters,
        "worklist.columns": worklist.choose_columns,
        "report.undo": editor.undo,
        "report.redo": editor.redo,
        "report.expand": report.expand,
        "report.macros": report.edit_macros,
        "report.clean": report.toggle_clean,
        "report.unlock": report.show_draft,
        "report.original": report.toggle_original,
        "report.reject": wishes.reject,
        "report.sign": wishes.sign,
        "report.hand_on": wishes.hand_on,
        "report.addendum": wishes.begin_addendum,
        "report.retract": wishes.retract,
        "report.send_back": wishes.send_back,
        "report.again": wishes.report_again,
        "change.next": partial(editor.step_change, 1),
        "change.previous": partial(editor.step_change, -1),
        "change.accept": editor.accept_current,
        "change.reject": editor.reject_current,
        "change.accept_all": editor.accept_all,
        "evidence.next": partial(pick, 1),
        "evidence.previous": partial(pick, -1),
        "evidence.clear": window.evidence.clear,
        "chat.insert": window.chat.insert_last,
        "drawing.open": wishes.draw,
    }


def _window_targets(window: MainWindow) -> Targets:
    habits = window.habits
    return {
        "window.lock": window.lock,
        "window.preferences": habits.show_preferences,
        "window.worklist": window.toggle_worklist,
        "window.larger": habits.larger,
        "window.smaller": habits.smaller,
        "window.film": habits.toggle_film_window,
        "window.shortcuts": habits.show_keys,
        "window.quit": window.close,
    }
