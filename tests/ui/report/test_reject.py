"""The reasons of a rejection are the hall's, whatever language they are shown in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from llmcxr_ws.rejections import REASONS
from ui.language import speak
from ui.report.reject import SHOWN, RejectDialog


@pytest.fixture
def german(qtbot: QtBot) -> Iterator[None]:
    app = QApplication.instance()
    assert app is not None
    speak(app, "de")
    yield
    speak(app, "en")


def test_every_reason_is_shown_in_the_halls_own_words() -> None:
    assert {reason.code: reason.words for reason in REASONS} == SHOWN


def test_what_is_sent_is_the_same_in_every_language(qtbot: QtBot, german: None) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    sent: list[tuple[str, str]] = []
    dialog = RejectDialog(parent, lambda words, code: sent.append((words, code)))
    dialog.choose("wrong_side")
    assert dialog.reason.currentText() == "Falsche Seite"
    dialog.words.setText("rechts")
    dialog.accept()
    assert sent == [("Wrong side: rechts", "wrong_side")]
