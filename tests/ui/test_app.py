"""Starting the window: what it may load, what the commands say, what a defect shows."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot
from typer.testing import CliRunner

from llmcxr_ws.errors import ConfigError
from tests.ui.homes import PASSWORD, House
from ui import cli
from ui.app import Defects

ROOT = Path(__file__).parents[2]


def loaded_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after a statement."""
    code = f"{statement}\nimport sys\nprint(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_window_loads_no_other_room() -> None:
    loaded = loaded_after("import ui.app")
    assert "PySide6" in loaded
    forbidden = {"torch", "transformers", "onnxruntime", "pynetdicom", "highdicom", "dicom_node", "engine"}
    assert not loaded & forbidden


def test_the_commands_are_light() -> None:
    loaded = loaded_after("import ui.cli")
    assert not loaded & {"PySide6", "numpy", "sqlalchemy", "pydicom"}


def test_an_emitted_signal_costs_no_reference() -> None:
    """PySide6 6.12.0 gives one away at every emit; before Python 3.12 the process dies of it in time."""
    code = (
        "import sys\nfrom PySide6.QtCore import QObject, Signal\n"
        "class Bell(QObject):\n    rang = Signal()\n"
        "bell, before = Bell(), sys.getrefcount(True)\n"
        "for _ in range(100): bell.rang.emit()\n"
        "sys.exit(before - sys.getrefcount(True) > 50)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    cli.register(made)
    return made


def test_help_names_the_options(app: typer.Typer) -> None:
    shown = CliRunner().invoke(app, ["ui", "--help"], env={"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"})
    assert shown.exit_code == 0
    assert "--user" in shown.output
    assert "screenshot" in shown.output


def test_a_screenshot_without_a_password_is_refused(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["ui", "screenshot", "--out", str(tmp_path / "a.png"), "--user", "anna"])
    assert isinstance(result.exception, ConfigError)
    assert "LLMCXR_UI_PASSWORD" in result.exception.sentence


def test_a_screenshot_shows_the_filled_window(home: House, tmp_path: Path) -> None:
    home.drafted("DEMO0002.dcm", "Consolidation in the right lower lobe.")
    picture = tmp_path / "shot" / "window.png"
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT),
        "LLMCXR_HOME": str(home.home),
        "LLMCXR_UI_PASSWORD": PASSWORD,
    }
    code = (
        "import typer; from ui import cli; app = typer.Typer(); app.callback()(lambda: None); "
        "cli.register(app); app()"
    )
    command = [sys.executable, "-c", code, "ui", "screenshot", "--out", str(picture), "--user", "anna"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1600, 1000)
    middle = [image.pixelColor(x, 500).lightness() for x in range(500, 1100)]
    assert len(set(middle)) > 50, "there is no film in the middle of the picture"


def test_the_doctor_says_what_qt_runs_on() -> None:
    ((name, check),) = cli.checks()
    assert name == "window"
    assert "platform 'offscreen'" in check()


def test_the_doctor_names_the_packages_when_qt_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "no-such-platform")
    ((_, check),) = cli.checks()
    with pytest.raises(ConfigError, match="libegl1"):
        check()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
@pytest.mark.parametrize("display", ["", ":4711"])
def test_without_a_screen_the_window_says_so(display: str, tmp_path: Path) -> None:
    """Qt itself would abort the process."""
    unwanted = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {key: value for key, value in os.environ.items() if key not in unwanted}
    if display:
        environment |= {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    command = [sys.executable, "-m", "llmcxr_ws.cli", "--home", str(tmp_path), "ui"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1].startswith("llmcxr: ")
    assert ("No screen was found" in done.stderr) is not bool(display)


@pytest.mark.allow_log("window.defect")
def test_a_defect_is_logged_without_its_message_and_shown_once(
    qtbot: QtBot, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    defects = Defects()
    defects.set_window(window)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            try:
                raise KeyError("DOE^JANE")
            except KeyError as error:
                defects.report(error)
    boxes = window.findChildren(QMessageBox)
    assert len(boxes) == 1
    shown = boxes[0].text() + boxes[0].informativeText()
    assert "KeyError" in shown
    said = capsys.readouterr()
    logged = said.out + said.err + caplog.text
    assert "window.defect" in logged
    assert "test_app.py" in logged
    assert "DOE" not in shown + logged
    boxes[0].accept()


def test_the_viewer_knows_no_database() -> None:
    code = "import ui.viewer"
    assert not loaded_after(code) & {"sqlalchemy", "alembic", "structlog"}


@pytest.mark.slow
def test_the_handbooks_picture_can_be_made_again(tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    command = [sys.executable, str(ROOT / "docs" / "make_screenshot.py"), "--out", str(picture)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    assert QImage(str(picture)).width() == 1600


@pytest.mark.slow
def test_the_gallery_can_be_made_again(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "docs" / "make_gallery.py"), "--out", str(tmp_path)]
    command += ["--only", "reading,preferences,administration-peers", "--looks", "dark-100,light-150"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    made = {picture.stem: QImage(str(picture)) for picture in tmp_path.glob("*.png")}
    assert len(made) == 6
    dark, light = (made[f"reading-{look}"].pixelColor(3, 3).lightness() for look in ("dark-100", "light-150"))
    assert dark < 60 < 200 < light


def test_the_gallery_shows_every_scene_in_every_look() -> None:
    gallery = ROOT / "docs" / "gallery"
    page = (gallery / "README.md").read_text(encoding="utf-8")
    pictures = sorted(picture.name for picture in gallery.glob("*.png"))
    assert len(pictures) >= 4 * 8
    assert [name for name in pictures if f"]({name})" not in page] == []
    assert page.count("](") == len(pictures)
    assert sum(picture.stat().st_size for picture in gallery.glob("*.png")) < len(pictures) * 92 * 2**10
