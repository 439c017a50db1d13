"""Qt runs without a screen in these tests; the store is a real SQLite home, the films are the ones that ship."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
from pytestqt.qtbot import QtBot

from llmcxr_ws.workplace import Workplace
from tests.ui.homes import PASSWORD, House, house
from tests.ui.office_world import Past, node_at
from ui.app import make_application
from ui.desk import Desk
from ui.tasks import Tasks
from ui.window import MainWindow

WAIT_MS = 15_000


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["llmcxr-test"]


@pytest.fixture(autouse=True)
def themed(qtbot: QtBot) -> None:
    """Every test sees the window's own theme."""
    make_application()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    """An empty home with one reader, `anna`."""
    with house(tmp_path / "home") as made:
        made.add_user("anna", "reader", "Reader^Anna")
        yield made


@pytest.fixture
def past(home: House) -> Past:
    """The home as an administrator, `ada`, finds it: a site, peers and what was done so far."""
    home.add_user("ada", "admin", "Admin^Ada")
    return Past(home)


@pytest.fixture
def node(home: House) -> Iterator[None]:
    """A node that decides what windows ask for."""
    with node_at(home.home):
        yield


class Seat:
    """A window and what a test does at it."""

    def __init__(self, home: House, qtbot: QtBot, window: MainWindow, tasks: Tasks) -> None:
        self.home, self.qtbot, self.window, self.tasks = home, qtbot, window, tasks
        self.defects: list[object] = []
        tasks.defect.connect(self.defects.append)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true on the screen."""
        self.qtbot.waitUntil(condition, timeout=WAIT_MS)

    def log_in(self, user: str = "anna", password: str = PASSWORD, pin: str = "") -> None:
        """Log in and wait for the worklist."""
        entry = self.window.entry
        entry.user.setText(user)
        entry.secret.box.setText(password)
        entry.pin.setText(pin)
        entry.confirm.click()
        self.wait(lambda: self.window.is_open)

    def open(self, study_id: int) -> None:
        """Choose a study and wait for its rows and its film."""
        self.wait(lambda: self.window.worklist.model.row_of(study_id) is not None)
        self.window.worklist.choose(study_id)
        self.wait(lambda: self._is_shown(study_id))

    def _is_shown(self, study_id: int) -> bool:
        detail = self.window.report.detail
        return detail is not None and detail.study.id == study_id and self.tasks.is_idle

    def close(self) -> None:
        """End without giving anything back, as a test's teardown."""
        self.window.stop_looking()
        self.window.report.autosave.watch(None, None)
        self.tasks.close()
        self.window.deleteLater()
        self.qtbot.wait(1)


@pytest.fixture
def seat_at(qtbot: QtBot, home: House) -> Iterator[Callable[[], Seat]]:
    """Open as many windows on the home as a test needs."""
    made: list[tuple[Seat, Workplace]] = []

    def open_window() -> Seat:
        workplace = Workplace.open(home.home)
        tasks = Tasks()
        window = MainWindow(tasks, Desk(workplace))
        window.resize(1600, 1000)
        window.show()
        qtbot.waitExposed(window)
        seat = Seat(home, qtbot, window, tasks)
        made.append((seat, workplace))
        return seat

    yield open_window
    for seat, workplace in made:
        seat.close()
        workplace.close()
        assert not seat.defects, seat.defects


@pytest.fixture
def seat(seat_at: Callable[[], Seat]) -> Seat:
    """One window, nobody logged in."""
    return seat_at()
