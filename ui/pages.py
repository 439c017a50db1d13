"""The pages of the window beside the reading page: administration, model, quality.

A page is made when it is first opened, on the window's thread, from the window's tasks and desk. Its widget may
have methods that the window calls when they are there: `set_badge(Badge | None)` when somebody comes or goes,
`set_active(bool)` when the page is shown or left (to start and stop its timers), `stop()` when the window goes.

To add a page: an entry in `PAGES`, and an entry `page.NAME` in `ui.shortcuts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from ui.desk import Badge, Desk
from ui.language import mark
from ui.tasks import Tasks

READING = "reading"


@dataclass(frozen=True)
class Page:
    """One page: who may open it, and how it is made.

    Attributes
    ----------
    roles : who may open it; nobody is left out by an empty tuple
    make : returns the page's widget; import what is heavy inside it
    """

    name: str
    title: str
    roles: tuple[str, ...]
    make: Callable[[Tasks, Desk], QWidget]

    def is_for(self, badge: Badge | None) -> bool:
        """Whether this person may open it."""
        return badge is not None and (not self.roles or badge.role in self.roles)


def _administration(tasks: Tasks, desk: Desk) -> QWidget:
    from ui.admin.page import AdministrationPage

    return AdministrationPage(tasks, desk)


def _model(tasks: Tasks, desk: Desk) -> QWidget:
    from ui.model_page.page import ModelPage

    return ModelPage(tasks, desk)


def _quality(tasks: Tasks, desk: Desk) -> QWidget:
    from ui.quality.page import QualityPage

    return QualityPage(tasks, desk)


PAGES: tuple[Page, ...] = (
    Page("administration", mark("Administration"), ("admin",), _administration),
    Page("model", mark("Model"), (), _model),
    Page("quality", mark("Quality"), ("admin", "researcher", "reader"), _quality),
)


class PageStack(QStackedWidget):
    """The reading page and, once they were opened, the others.

    Signals
    -------
    shown(str) : the page that is on the screen now, by name
    """

    shown = Signal(str)

    def __init__(self, tasks: Tasks, desk: Desk, reading: QWidget, pages: tuple[Page, ...] = PAGES) -> None:
        super().__init__()
        self._tasks, self._desk = tasks, desk
        self._badge: Badge | None = None
        self._pages = {page.name: page for page in pages}
        self._made: dict[str, QWidget] = {READING: reading}
        self._name = READING
        self.addWidget(reading)

    @property
    def name(self) -> str:
        """The page on the screen."""
        return self._name

    def open_to(self, badge: Badge | None) -> tuple[Page, ...]:
        """Return the pages that this person may open, the reading page aside."""
        return tuple(page for page in self._pages.values() if page.is_for(badge))

    def made(self, name: str) -> QWidget | None:
        """Return a page's widget, or None while it was never opened."""
        return self._made.get(name)

    def set_badge(self, badge: Badge | None) -> None:
        """Tell who sits here; a page that this person may not see is left."""
        self._badge = badge
        for name in self._made:
            self._tell(name, "set_badge", badge)
        if self._name != READING and not self._pages[self._name].is_for(badge):
            self.show_page(READING)

    def show_page(self, name: str) -> None:
        """Show a page; one that this person may not open is not shown."""
        if name == self._name or (name != READING and not self._pages[name].is_for(self._badge)):
            return
        if name not in self._made:
            self._made[name] = self._pages[name].make(self._tasks, self._desk)
            self.addWidget(self._made[name])
            self._tell(name, "set_badge", self._badge)
        self._tell(self._name, "set_active", False)
        self._name = name
        self.setCurrentWidget(self._made[name])
        self._tell(name, "set_active", True)
        self.shown.emit(name)

    def set_active(self, is_active: bool) -> None:
        """Tell the page on the screen that the window was covered or uncovered."""
        self._tell(self._name, "set_active", is_active)

    def stop(self) -> None:
        """Tell every page that the window goes; what has something running ends it in its `stop()`."""
        for made in self._made.values():
            end = getattr(made, "stop", None)
            if end is not None:
                end()

    def _tell(self, name: str, method: str, value: object) -> None:
        told = getattr(self._made[name], method, None)
        if told is not None:
            told(value)
