"""Work goes off the window's thread, in order, and only frozen things come back."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from llmcxr_ws.errors import StoreError, UserFacingError
from llmcxr_ws.store.models import Study
from ui.tasks import Tasks, check_crossing


@pytest.fixture
def tasks(qtbot: QtBot) -> Tasks:
    made = Tasks()
    yield made
    made.close()


def test_work_runs_elsewhere_and_its_result_comes_back_here(qtbot: QtBot, tasks: Tasks) -> None:
    seen: list[tuple[str, bool]] = []
    owner = QObject()

    def done(name: str) -> None:
        seen.append((name, threading.current_thread() is threading.main_thread()))

    tasks.in_store(owner, lambda: threading.current_thread().name, done)
    tasks.in_pixels(owner, lambda: threading.current_thread().name, done)
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert {name.split("_")[0] for name, _ in seen} == {"store", "pixels"}
    assert all(is_here for _, is_here in seen)
    assert tasks.is_idle


def test_store_work_never_overtakes(qtbot: QtBot, tasks: Tasks) -> None:
    done: list[int] = []
    owner = QObject()
    for number in range(50):
        tasks.in_store(owner, lambda number=number: number, done.append)
    qtbot.waitUntil(lambda: len(done) == 50)
    assert done == list(range(50))


def test_a_sentence_for_people_reaches_the_one_who_asked(qtbot: QtBot, tasks: Tasks) -> None:
    failures: list[UserFacingError] = []

    def refuse() -> None:
        raise StoreError("The database is away.", what_to_do="Wait.")

    tasks.in_store(QObject(tasks), refuse, failed=failures.append)
    with qtbot.waitSignal(tasks.failed) as caught:
        tasks.in_store(QObject(tasks), refuse)
    assert [error.sentence for error in failures] == ["The database is away. Wait."]
    assert caught.args[0].sentence == failures[0].sentence


def test_a_defect_is_reported_and_its_text_kept_from_people(qtbot: QtBot, tasks: Tasks) -> None:
    failures: list[UserFacingError] = []

    def break_down() -> None:
        raise KeyError("DOE^JANE")

    with qtbot.waitSignal(tasks.defect) as caught:
        tasks.in_store(QObject(tasks), break_down, failed=failures.append)
    assert isinstance(caught.args[0], KeyError)
    qtbot.waitUntil(lambda: bool(failures))
    assert "KeyError" in failures[0].sentence
    assert "DOE" not in failures[0].sentence


def test_cancelled_work_and_a_dead_owner_get_nothing(qtbot: QtBot, tasks: Tasks) -> None:
    got: list[int] = []
    gate = threading.Event()
    owner, dying = QObject(), QObject()
    tasks.in_store(owner, lambda: gate.wait(5) and None)
    tasks.in_store(owner, lambda: 1, got.append).cancel()
    tasks.in_store(dying, lambda: 2, got.append)
    tasks.in_store(owner, lambda: 3, got.append)
    dying.deleteLater()
    qtbot.wait(1)
    gate.set()
    qtbot.waitUntil(lambda: tasks.is_idle)
    assert got == [3]


@dataclass(frozen=True)
class Fixed:
    value: int = 0


@dataclass
class Loose:
    values: list[int] = field(default_factory=list)


@pytest.mark.parametrize("value", [None, 1, "a", b"", (Fixed(), "b"), np.zeros(3), Fixed(), ()])
def test_frozen_things_cross(value: object) -> None:
    check_crossing(value)


@pytest.mark.parametrize("value", [[1], {"a": 1}, Loose(), (Fixed(), Loose()), Study(), object()])
def test_other_things_do_not(value: object) -> None:
    with pytest.raises(TypeError, match="cross"):
        check_crossing(value)


def test_after_the_end_work_is_done_but_nobody_is_called_back(qtbot: QtBot) -> None:
    made, got, done = Tasks(), [], threading.Event()
    made.in_store(QObject(made), done.set, got.append)
    made.close()
    qtbot.wait(20)
    assert done.is_set()
    assert got == []
    with pytest.raises(RuntimeError, match="after shutdown"):
        made.in_store(QObject(made), done.set)
