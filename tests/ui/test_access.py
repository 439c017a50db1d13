"""For everybody: each control has a name, is reached by Tab, and is whole at every size of text.

Walks every page and every dialog as they stand in `scenes`; a room that adds one adds it there.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QTabBar,
    QTextEdit,
    QWidget,
)
from pytestqt.exceptions import TimeoutError as QtTimeoutError

import ui
from tests.ui.conftest import Seat
from tests.ui.homes import House
from tests.ui.scenes import SCENES, Scene
from ui.preferences import Preferences
from ui.viewer import FilmView

SETTLE_MS = 3000
CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QKeySequenceEdit,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    FilmView,
)


def is_inner(found: QWidget) -> bool:
    """Whether a widget is Qt's own part of a control, which answers for it."""
    parent = found.parent()
    while isinstance(parent, QWidget):
        if isinstance(
            parent, QComboBox | QLineEdit | QAbstractItemView | QAbstractSpinBox | QKeySequenceEdit
        ):
            return True
        parent = parent.parent()
    return False


def controls_of(top: QWidget) -> list[QWidget]:
    """Return the controls of a window or dialog that can be seen."""
    return [
        found
        for found in top.findChildren(QWidget)
        if isinstance(found, CONTROLS)
        and found.window() is top
        and found.isVisible()
        and not found.objectName().startswith("qt_")
        and not is_inner(found)
    ]


@pytest.fixture(params=SCENES, ids=lambda scene: scene.name)
def scene(
    request: pytest.FixtureRequest, seat_at: Callable[[], Seat], home: House
) -> Iterator[tuple[Seat, QWidget]]:
    """A scene on the screen: the seat and the window or dialog that it is about."""
    wanted: Scene = request.param
    wanted.prepare(home)
    seat = seat_at()
    shown = wanted.show(seat)
    assert type(shown) is (wanted.dialog or type(seat.window))
    yield seat, shown


def describe(found: QWidget) -> str:
    text = found.text() if isinstance(found, QAbstractButton | QLabel) else ""
    return f"{type(found).__name__} '{found.accessibleName() or text}' in {type(found.parent()).__name__}"


def test_every_control_has_an_accessible_name(scene: tuple[Seat, QWidget]) -> None:
    _, top = scene
    found = controls_of(top)
    assert found
    assert [describe(control) for control in found if not control.accessibleName()] == []
    if isinstance(top, QDialog):
        assert top.accessibleName()
        assert top.windowTitle()


def test_tab_reaches_every_control(scene: tuple[Seat, QWidget]) -> None:
    """In a group of buttons of which one is pressed, Tab reaches that one and arrows the others."""
    seat, top = scene
    top.activateWindow()
    seat.wait(lambda: QApplication.activeWindow() is top)
    wanted = {
        control
        for control in controls_of(top)
        if control.isEnabled() and control.focusPolicy() & Qt.FocusPolicy.TabFocus
    }
    groups = [control.group() for control in controls_of(top) if isinstance(control, QAbstractButton)]
    arrows = {made for group in groups if group is not None and group.exclusive() for made in group.buttons()}
    unreachable = [
        describe(control)
        for control in controls_of(top)
        if control.isEnabled() and control not in wanted and control not in arrows
    ]
    assert unreachable == []
    reached: set[QWidget] = set()
    first = QApplication.focusWidget()
    assert first is not None, "nothing has the focus"
    for _ in range(3 * len(wanted) + 10):
        focus = QApplication.focusWidget()
        assert focus is not None
        reached.add(focus)
        if isinstance(focus.parent(), QWidget):
            reached.add(focus.parent())  # type: ignore[arg-type]
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    assert [describe(control) for control in wanted - reached] == []


@pytest.mark.parametrize("size", [80, 100, 150, 200])
def test_nothing_is_cut_off_at_any_size_of_text(scene: tuple[Seat, QWidget], size: int) -> None:
    seat, top = scene
    seat.window.person.set_preferences(Preferences().with_value("text_size", size))
    found: list[str] = []

    def is_whole() -> bool:
        found[:] = cut_off(top)
        return not found

    # Layouts settle in the event loop, one after the other.
    with suppress(QtTimeoutError):
        seat.qtbot.waitUntil(is_whole, timeout=SETTLE_MS)
    assert found == []


def test_every_dialog_of_the_window_is_a_scene() -> None:
    """Else nobody looks at its names, its keys and its sizes."""
    for module in pkgutil.walk_packages(ui.__path__, "ui."):
        importlib.import_module(module.name)
    dialogs = {kind for kind in every_kind(QDialog) if kind.__module__.startswith("ui.")}
    bases = {kind for kind in dialogs if dialogs & every_kind(kind)}
    assert {kind.__name__ for kind in dialogs - bases - {scene.dialog for scene in SCENES}} == set()


def every_kind(of: type) -> set[type]:
    """Return all classes made from a class."""
    return {kind for direct in of.__subclasses__() for kind in (direct, *every_kind(direct))}


def cut_off(top: QWidget) -> list[str]:
    """Say which labels and buttons of a window are smaller than what they say."""
    problems = []
    for found in top.findChildren(QWidget):
        if not found.isVisible() or found.window() is not top or is_inner(found):
            continue
        if isinstance(found, QLabel) and found.text():
            if found.wordWrap():
                needed = found.heightForWidth(found.width())
                if found.height() + 2 < needed:
                    problems.append(f"{describe(found)}: {found.text()!r} {found.height()} of {needed} high")
            elif found.width() + 2 < found.sizeHint().width():
                problems.append(f"{describe(found)}: {found.width()} of {found.sizeHint().width()} wide")
        elif isinstance(found, QAbstractButton) and found.text():
            hint = found.sizeHint()
            if found.width() + 2 < hint.width() or found.height() + 2 < hint.height():
                problems.append(f"{describe(found)}: {found.size().toTuple()} of {hint.toTuple()}")
        overlap = cut_by(found)
        if overlap:
            problems.append(f"{describe(found)} is cut by {overlap}")
    return problems


def cut_by(found: QWidget) -> str:
    """Name the parent that shows less than the whole of a label or button, unless one can scroll there."""
    if not isinstance(found, QLabel | QAbstractButton):
        return ""
    parent = found.parentWidget()
    child = found
    while isinstance(parent, QWidget) and not child.isWindow():
        if isinstance(parent.parentWidget(), QScrollArea):
            return ""
        if not parent.rect().adjusted(-2, -2, 2, 2).contains(child.geometry()):
            return type(parent).__name__
        child, parent = parent, parent.parentWidget()
    return ""
