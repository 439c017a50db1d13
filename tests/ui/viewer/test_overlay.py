"""The texts over the film: none of what says whose film it is gets lost for want of room."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFont, QFontMetricsF
from pytestqt.qtbot import QtBot

from ui.viewer.overlay import broken

LINE = "female · 34 y · born 1992-01-01 · ID DEMO-0004"


@pytest.mark.parametrize("room", [102.0, 110.0, 170.0, 240.0, 5000.0])
def test_a_long_line_is_broken_and_nothing_of_it_is_lost(qtbot: QtBot, room: float) -> None:
    metrics = QFontMetricsF(QFont())
    lines = broken(LINE, metrics, room)
    words = LINE.replace(" · ", " ").split()
    assert " ".join(lines).replace(" · ", " ").split() == words
    assert all(metrics.horizontalAdvance(line) <= room or " " not in line for line in lines)


def test_lines_break_between_facts_first(qtbot: QtBot) -> None:
    metrics = QFontMetricsF(QFont())
    room = metrics.horizontalAdvance("female · 34 y · born 1992-01-01") + 1
    assert broken(LINE, metrics, room) == ["female · 34 y · born 1992-01-01", "ID DEMO-0004"]
    assert broken(LINE, metrics, metrics.horizontalAdvance(LINE) + 1) == [LINE]


def test_a_word_longer_than_the_room_is_cut_visibly(qtbot: QtBot) -> None:
    metrics = QFontMetricsF(QFont())
    (line,) = broken("W" * 200, metrics, 100.0)
    assert line.endswith("…")
    assert metrics.horizontalAdvance(line) <= 100.0
