"""The texts over the film: none of what says whose film it is gets lost for want of room."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QFont, QFontMetricsF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from llmcxr_ws.grey import Curve, VoiLut, Window
from ui.language import speak
from ui.viewer.look import Look
from ui.viewer.overlay import broken, look_text

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


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (Window(2048.4, 4096.2), "W 4096  L 2048"),
        (Window(0.25, 1.5, "LINEAR_EXACT"), "W 1.50  L 0.25"),
        (Window(2048, 4096, "SIGMOID", "BONE"), "BONE  W 4096  L 2048  sigmoid"),
        (VoiLut(0, np.arange(4, dtype=np.uint16), 2), "VOI LUT"),
        (VoiLut(0, np.arange(4, dtype=np.uint16), 2, "Film"), "Film"),
        (Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "What the model saw"), "What the model saw"),
    ],
)
def test_a_look_says_what_it_is(look: Look, said: str) -> None:
    assert look_text(look) == said


def test_in_german_our_names_are_german_and_the_headers_stay(qapp: QApplication) -> None:
    speak(qapp, "de")
    try:
        assert look_text(Window(0.25, 1.5, "LINEAR_EXACT", "Full range")) == "Voller Bereich  W 1,50  L 0,25"
        # "Film" is a word of the window, too, and would be "Aufnahme" there.
        assert look_text(Window(2000, 4000, "LINEAR", "Film")) == "Film  W 4000  L 2000"
    finally:
        speak(qapp, "en")
