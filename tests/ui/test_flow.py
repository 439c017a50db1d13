"""A row of controls breaks where its width ends, and none is lost."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ui.flow import FlowLayout


@pytest.fixture
def row(qtbot: QtBot) -> tuple[QWidget, list[QPushButton]]:
    widget = QWidget()
    qtbot.addWidget(widget)
    layout, flow = QVBoxLayout(widget), FlowLayout()
    buttons = [QPushButton(f"Button {number}") for number in range(8)]
    for button in buttons:
        flow.addWidget(button)
    layout.addLayout(flow)
    layout.addStretch(1)
    widget.show()
    return widget, buttons


@pytest.mark.parametrize("width", [1200, 500, 300, 140])
def test_every_control_is_inside_and_none_covers_another(
    qtbot: QtBot, row: tuple[QWidget, list[QPushButton]], width: int
) -> None:
    widget, buttons = row
    widget.resize(width, 700)
    qtbot.wait(20)
    for number, button in enumerate(buttons):
        assert widget.rect().contains(button.geometry())
        for other in buttons[number + 1 :]:
            assert not button.geometry().intersects(other.geometry())


def test_a_narrow_row_is_higher(qtbot: QtBot, row: tuple[QWidget, list[QPushButton]]) -> None:
    widget, buttons = row
    heights = []
    for width in (1200, 300):
        widget.resize(width, 700)
        qtbot.wait(20)
        heights.append(len({button.y() for button in buttons}))
    assert heights[0] == 1
    assert heights[1] >= 3


def test_a_hidden_control_takes_no_room(qtbot: QtBot, row: tuple[QWidget, list[QPushButton]]) -> None:
    widget, buttons = row
    widget.resize(1200, 300)
    qtbot.wait(20)
    before = buttons[2].x()
    buttons[0].hide()
    qtbot.wait(20)
    assert buttons[2].x() < before
