"""Work that takes longer than half a second says so, with its kind and its time; shorter work says nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from ui.busy import SILENT_S, BusyLight
from ui.tasks import Tasks, Work


@pytest.fixture
def tasks(qtbot: QtBot) -> Iterator[Tasks]:
    made = Tasks()
    yield made
    made.close()


def test_long_work_is_told_and_then_no_more(qtbot: QtBot, tasks: Tasks) -> None:
    light, owner, gate = BusyLight(tasks), QObject(), threading.Event()
    qtbot.addWidget(light)
    tasks.in_pixels(owner, lambda: gate.wait(20))
    assert tasks.oldest is not None
    assert tasks.oldest[0] is Work.PIXELS
    light.look()
    assert light.isHidden()
    qtbot.waitUntil(lambda: not light.isHidden(), timeout=int(SILENT_S * 1000) + 2000)
    assert light.text.text() == "Reading a film… 1 s"
    gate.set()
    qtbot.waitUntil(lambda: light.isHidden(), timeout=2000)
    assert tasks.oldest is None


def test_what_isnt_about_a_film_isnt_called_a_film(qtbot: QtBot, tasks: Tasks) -> None:
    light, owner, gate = BusyLight(tasks), QObject(), threading.Event()
    qtbot.addWidget(light)
    tasks.aside(owner, lambda: gate.wait(20))
    qtbot.waitUntil(lambda: not light.isHidden(), timeout=int(SILENT_S * 1000) + 2000)
    assert light.text.text() == "Working… 1 s"
    gate.set()


def test_work_that_nobody_wants_any_more_is_not_told(qtbot: QtBot, tasks: Tasks) -> None:
    owner, gate = QObject(), threading.Event()
    ticket = tasks.in_store(owner, lambda: gate.wait(20))
    assert tasks.oldest is not None
    ticket.cancel()
    assert tasks.oldest is None
    assert not tasks.is_idle
    gate.set()
    qtbot.waitUntil(lambda: tasks.is_idle, timeout=5000)
