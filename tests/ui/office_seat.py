"""A window with an administrator before it, and what a test does there."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget

from tests.ui.conftest import Seat

Page = TypeVar("Page", bound=QWidget)


def open_page(seat: Seat, name: str, kind: type[Page], user: str = "ada") -> Page:
    """Log in and go to a page; its widget."""
    if not seat.window.is_open:
        seat.log_in(user)
    seat.window.pages.show_page(name)
    made = seat.window.pages.made(name)
    assert isinstance(made, kind)
    return made


def nameless(page: QWidget) -> list[str]:
    """Controls below a page that a screen reader couldn't name."""
    return [
        f"{type(part).__name__} in {type(part.parent()).__name__}"
        for part in page.findChildren(QWidget)
        if part.focusPolicy() & 1 and not _is_inner(part) and not part.accessibleName()
    ]


def _is_inner(part: QWidget) -> bool:
    """Whether Qt made it as a part of a control that has a name."""
    inside = type(part).__module__.startswith("PySide6") and part.objectName().startswith("qt_")
    parent = part.parent()
    return inside or (isinstance(part, QLineEdit) and isinstance(parent, QComboBox | QAbstractSpinBox))


def dialog_of(seat: Seat, kind: type[Page]) -> Page:
    """The dialog of that kind which is open."""
    seat.wait(lambda: any(isinstance(one, kind) and one.isVisible() for one in QApplication.allWidgets()))
    return next(one for one in QApplication.allWidgets() if isinstance(one, kind) and one.isVisible())
