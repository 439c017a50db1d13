"""Windows come back to where they stood, and only onto screens that are there; the film has a window of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.conftest import Seat
from tests.ui.homes import House
from ui.places import Place, Screen, fitted, found, noted
from ui.sign.dialogs import SignDialog

DESK = Screen("DP-1", 0, 0, 1920, 1170)
WALL = Screen("DP-2", 1920, 0, 1200, 1600)
LAPTOP = Screen("DP-1", 0, 0, 1366, 768)
ROOT = Path(__file__).parents[2]


def test_a_place_is_kept_for_each_screen_and_found_on_the_last_one() -> None:
    kept = noted({}, "film", Place(DESK.key, 10, 20, 900, 800))
    kept = noted(kept, "film", Place(WALL.key, 0, 0, 1200, 1600, is_maximized=True))
    kept = json.loads(json.dumps(kept))
    assert found(kept, "film", (DESK, WALL)) == (WALL, Place(WALL.key, 0, 0, 1200, 1600, is_maximized=True))
    assert found(kept, "film", (DESK,)) == (DESK, Place(DESK.key, 10, 20, 900, 800))
    assert found(kept, "film", (LAPTOP,)) is None
    assert found(kept, "main", (DESK, WALL)) is None


def test_a_place_is_moved_onto_its_screen_whole() -> None:
    assert fitted(Place("", 1800, -50, 900, 800), DESK) == Place(DESK.key, 1020, 0, 900, 800)
    assert fitted(Place("", 0, 0, 5000, 5000), LAPTOP) == Place(LAPTOP.key, 0, 0, 1366, 768)


@pytest.mark.parametrize(
    "kept",
    [
        {"main": 7},
        {"main": {"on": {DESK.key: {"at": [1, 2, 3]}}}},
        {"main": {"on": {DESK.key: {"at": [0, 0, 10, 10]}}}},
        {"main": {"last": 7, "on": {DESK.key: "here"}}},
    ],
)
def test_nonsense_in_the_store_moves_no_window(kept: dict[str, object]) -> None:
    assert found(kept, "main", (DESK,)) is None


def test_the_film_goes_into_a_window_of_its_own_and_back_with_its_keys(seat: Seat, home: House) -> None:
    study = home.drafted("DEMO0001.dcm", "Clear lungs.")
    seat.log_in()
    seat.open(study)
    window = seat.window
    window.actions_by_name["window.film"].trigger()
    own = window.habits.film_window
    assert own is not None
    assert own.isVisible()
    assert window.film.window() is own
    assert window.film.view.film is not None
    own.activateWindow()
    seat.wait(lambda: own.isActiveWindow())
    window.film.view.setFocus()
    QTest.keyClick(window.film.view, Qt.Key.Key_I)
    assert window.film.view.is_inverted
    QTest.keyClick(window.film.view, Qt.Key.Key_F12)
    seat.wait(lambda: any(found.isVisible() for found in window.findChildren(SignDialog)))
    window.lock()
    assert window.habits.film_window is None
    assert window.film.window() is window
    assert not window.film.isVisible()
    window.entry.secret.box.setText("correct horse")
    window.entry.confirm.click()
    seat.wait(lambda: window.is_open)
    again = window.habits.film_window
    assert again is not None
    again.close()
    assert window.habits.film_window is None
    assert window.film.isVisible()
    assert not window.person.preferences.film_window


TWO_SCREENS = """
import json, sys
from pathlib import Path
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication
from ui.app import Defects, Seating, make_application
from ui.desk import Desk
from ui.tasks import Tasks
from llmcxr_ws.workplace import Workplace
import time

app = make_application()
workplace = Workplace.open(Path(sys.argv[1]))
tasks = Tasks()
seating = Seating(tasks, Desk(workplace), Defects(), "anna")
window = seating.window
window.resize(900, 700)
window.show()

def wait(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it didn't come"
        app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        time.sleep(0.005)

window.entry.secret.box.setText(sys.argv[2])
window.entry.confirm.click()
wait(lambda: window.is_open)
if sys.argv[3] == "move":
    window.person.set_preferences(window.person.preferences.with_value("film_window", True))
    window.setGeometry(100, 80, 1000, 750)
    window.habits.film_window.setGeometry(1920 + 50, 60, 800, 900)
    app.processEvents()
    window.habits.note_places()
own = window.habits.film_window
wait(lambda: tasks.is_idle)
def said(top):
    area = top.geometry()
    return [top.screen().name(), area.left(), area.top(), area.width(), area.height()]
print(json.dumps({"screens": [screen.name() for screen in app.screens()], "main": said(window), "film": said(own)}))
sys.stdout.flush()
window.stop_looking()
tasks.close()
workplace.close()
import os
os._exit(0)
"""


def screens(folder: Path, *names: str) -> str:
    """Write a description of monitors for Qt's offscreen platform; return the platform's name."""
    sizes = {"desk": (0, 1920, 1170), "wall": (1920, 1200, 1600), "laptop": (0, 1366, 768)}
    made = [
        {"name": name, "x": sizes[name][0], "y": 0, "width": sizes[name][1], "height": sizes[name][2]}
        | {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
        for name in names
    ]
    file = folder / f"{'-'.join(names)}.json"
    file.write_text(json.dumps({"screens": made}))
    return f"offscreen:configfile={file}"


def test_two_monitors_are_remembered_and_a_missing_one_is_not_written_to(home: House, tmp_path: Path) -> None:
    """Real windows on real screens of Qt's, one process for each log-in."""

    def sit(platform: str, what: str) -> dict[str, list[object]]:
        environment = os.environ | {"QT_QPA_PLATFORM": platform, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", TWO_SCREENS, str(home.home), "correct horse", what]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        result: dict[str, list[object]] = json.loads(done.stdout.splitlines()[-1])
        return result

    both, one = screens(tmp_path, "desk", "wall"), screens(tmp_path, "laptop")
    moved = sit(both, "move")
    assert moved["screens"] == ["desk", "wall"]
    again = sit(both, "look")
    assert again["main"] == ["desk", 100, 80, 1000, 750]
    assert again["film"] == ["wall", 1970, 60, 800, 900]
    alone = sit(one, "look")
    assert alone["main"][0] == alone["film"][0] == "laptop"
    for left, top, width, height in (alone["main"][1:], alone["film"][1:]):  # type: ignore[misc]
        assert left >= 0
        assert top >= 0
        assert left + width <= 1366  # type: ignore[operator]
        assert top + height <= 768  # type: ignore[operator]


def with_film_window(seat: Seat, home: House) -> None:
    study = home.drafted("DEMO0001.dcm", "Clear lungs.")
    seat.log_in()
    seat.open(study)
    seat.window.actions_by_name["window.film"].trigger()


def test_a_film_window_that_filled_its_screen_fills_it_again(seat: Seat, home: House) -> None:
    with_film_window(seat, home)
    habits = seat.window.habits
    assert habits.film_window is not None
    habits.film_window.showMaximized()
    seat.wait(lambda: habits.film_window is not None and habits.film_window.isMaximized())
    habits.note_places()
    habits.toggle_film_window()
    assert habits.film_window is None
    habits.toggle_film_window()
    assert habits.film_window is not None
    assert habits.film_window.isMaximized()


def test_keys_that_go_to_a_part_go_to_its_window_too(seat: Seat, home: House) -> None:
    with_film_window(seat, home)
    window = seat.window
    own = window.habits.film_window
    assert own is not None
    window.activateWindow()
    seat.wait(lambda: window.isActiveWindow())
    QTest.keyClick(window.worklist.table, Qt.Key.Key_F3)
    seat.wait(lambda: own.isActiveWindow() and window.film.view.hasFocus())
    QTest.keyClick(window.film.view, Qt.Key.Key_F4)
    seat.wait(lambda: window.isActiveWindow() and window.report.editor.hasFocus())
    own.activateWindow()
    seat.wait(lambda: own.isActiveWindow())
    QTest.keyClick(window.film.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    seat.wait(lambda: window.isActiveWindow() and window.worklist.search.hasFocus())


def test_every_move_of_either_window_is_noted(seat: Seat, home: House) -> None:
    with_film_window(seat, home)
    own = seat.window.habits.film_window
    assert own is not None
    for top in (seat.window, own):
        told: list[int] = []
        top.moved.connect(lambda told=told: told.append(1))
        top.move(top.x() + 7, top.y() + 5)
        seat.wait(lambda told=told: len(told) == 1)  # type: ignore[misc]
        top.resize(top.width() - 9, top.height())
        seat.wait(lambda told=told: len(told) == 2)  # type: ignore[misc]
        top.showMaximized()
        seat.wait(lambda told=told: len(told) > 2)  # type: ignore[misc]
