"""Hands at the real window: an X server with a window manager, and xdotool for pointer and keyboard.

Everything is done through X as a person does it. The one thing taken from inside is where the controls are: the
window's process writes the places of its controls, by accessible name, to a file that the hands read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers import require

SIZE = "1600x1000"
WAIT_S = 60.0
_OPENED_BY = """
import json, os, sys
from pathlib import Path
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QApplication, QTableView, QTextEdit, QPlainTextEdit, QLineEdit, QLabel, QAbstractButton
from ui.app import run

OUT = Path(sys.argv[2])

def text_of(widget):
    if isinstance(widget, QLineEdit):
        # What is typed into a field for secrets stays there.
        return "" if widget.echoMode() is not QLineEdit.EchoMode.Normal else widget.text()
    if isinstance(widget, (QPlainTextEdit, QTextEdit)):
        return widget.toPlainText()
    return widget.text() if isinstance(widget, (QLabel, QAbstractButton)) else ""

def can_be_reached(widget):
    # Under a dialog the window is to be seen, but nothing in it can be pressed.
    modal, popup = QApplication.activeModalWidget(), QApplication.activePopupWidget()
    return modal is None or widget.window() in (modal, popup)

def tell():
    seen = []
    # What a dialog covers can't be pressed, though it has the same name as the dialog's own.
    modal = QApplication.activeModalWidget()
    for widget in QApplication.allWidgets():
        if widget.isVisible() and can_be_reached(widget) and (widget.accessibleName() or text_of(widget)):
            corner = widget.mapToGlobal(QPoint(0, 0))
            seen.append({
                "name": widget.accessibleName() or text_of(widget), "kind": type(widget).__name__,
                "text": text_of(widget), "has_focus": widget.hasFocus(),
                "is_enabled": widget.isEnabled() and modal in (None, widget.window()),
                "box": [corner.x(), corner.y(), widget.width(), widget.height()],
            })
    table = next((w for w in QApplication.allWidgets() if isinstance(w, QTableView) and w.isVisible()), None)
    rows = []
    if table is not None:
        for row in range(table.model().rowCount()):
            texts = [str(table.model().index(row, c).data() or "") for c in range(table.model().columnCount())]
            rect = table.visualRect(table.model().index(row, 1))
            corner = table.viewport().mapToGlobal(rect.topLeft())
            rows.append({"text": " ".join(texts), "box": [corner.x(), corner.y(), rect.width(), rect.height()]})
    new = OUT.with_suffix(".new")
    new.write_text(json.dumps({"controls": seen, "rows": rows}))
    os.replace(new, OUT)

timers = []
def opened(window, tasks):
    timer = QTimer(window, interval=100)
    timer.timeout.connect(tell)
    timer.start()
    timers.append(timer)

sys.exit(run(Path(sys.argv[1]), "", when_open=opened))
"""


@dataclass(frozen=True)
class Control:
    """A control as it lies on the screen."""

    name: str
    kind: str
    text: str
    is_enabled: bool
    has_focus: bool
    box: tuple[int, int, int, int]


class Hands:
    """Pointer, keyboard and eyes at one screen."""

    def __init__(self, environment: dict[str, str], places: Path, process: subprocess.Popen[bytes]) -> None:
        self._environment, self._places, self.process = environment, places, process
        self._xdotool = require("xdotool")

    def key(self, *keys: str) -> None:
        """Press keys, as xdotool names them."""
        self._do("key", "--clearmodifiers", "--delay", "40", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self._do("type", "--clearmodifiers", "--delay", "25", text)

    def click(self, name: str, *, kind: str = "", times: int = 1) -> None:
        """Put the pointer on the middle of a control and press the left button, once it can be pressed."""
        self.wait(f"{name!r} can be pressed", lambda: self.sees(name, kind=kind, is_enabled=True))
        self.click_at(self._resting(name, kind), times=times)

    def click_into(self, name: str, *, kind: str) -> None:
        """Click a field until the keyboard's focus is in it."""

        def has_focus() -> bool:
            self.click(name, kind=kind)
            return self.control(name, kind=kind).has_focus

        self.wait(f"{name!r} has the focus", has_focus)

    def tab_to(self, name: str, *, most: int = 80) -> None:
        """Press Tab until a control has the keyboard's focus."""
        for _ in range(most):
            if any(one.name == name and one.has_focus for one in self._controls()):
                return
            self.key("Tab")
        raise AssertionError(f"Tab doesn't reach {name!r}")

    def click_row(self, text: str) -> None:
        """Click the row of the worklist that holds a text."""
        self.wait(f"a row with {text!r}", lambda: any(text in row["text"] for row in self._told()["rows"]))
        row = next(row for row in self._told()["rows"] if text in row["text"])
        self.click_at(row["box"])

    def click_at(self, box: tuple[int, int, int, int], *, times: int = 1) -> None:
        """Click the middle of a box of the screen."""
        x, y = box[0] + box[2] // 2, box[1] + box[3] // 2
        self._do("mousemove", "--sync", str(x), str(y))
        self._do("click", "--repeat", str(times), "--delay", "80", "1")

    def drag(self, name: str, dx: int, dy: int) -> None:
        """Drag with the left button from the middle of a control."""
        box = self.control(name).box
        x, y = box[0] + box[2] // 2, box[1] + box[3] // 2
        self._do("mousemove", "--sync", str(x), str(y))
        self._do("mousedown", "1")
        for step in range(1, 6):
            self._do("mousemove", "--sync", str(x + dx * step // 5), str(y + dy * step // 5))
        self._do("mouseup", "1")

    def control(self, name: str, *, kind: str = "") -> Control:
        """Find a control on the screen by its accessible name, or by its words."""
        found = [one for one in self._controls() if one.name == name and kind in ("", one.kind)]
        assert found, f"no control {name!r} among {sorted({one.name[:40] for one in self._controls()})}"
        return next((one for one in reversed(found) if one.is_enabled), found[-1])

    def sees(self, name: str, *, kind: str = "", is_enabled: bool | None = None) -> bool:
        """Whether a control is on the screen."""
        return any(
            one.name == name and kind in ("", one.kind) and is_enabled in (None, one.is_enabled)
            for one in self._controls()
        )

    def reads(self, text: str) -> bool:
        """Whether some control on the screen, or a row of the worklist, holds a text."""
        told = self._told()
        return any(text in one.text or text in one.name for one in self._controls()) or any(
            text in row["text"] for row in told["rows"]
        )

    def wait(self, what: str, happened: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        """Wait until something is to be seen."""
        deadline = time.monotonic() + timeout_s
        while not happened():
            assert self.process.poll() is None, f"the window ended while waiting until {what}"
            assert time.monotonic() < deadline, f"waited in vain until {what}"
            time.sleep(0.1)

    def picture(self, file: Path) -> None:
        """Keep what is on the screen, for whoever looks into a failed run."""
        subprocess.run(["xwd", "-root", "-out", str(file)], env=self._environment, check=False)

    def _resting(self, name: str, kind: str) -> tuple[int, int, int, int]:
        """Where a control lies once it has stopped moving: the window manager places new windows."""
        before = None
        while (box := self.control(name, kind=kind).box) != before:
            before = box
            time.sleep(0.3)
        return box

    def _controls(self) -> list[Control]:
        return [Control(**(one | {"box": tuple(one["box"])})) for one in self._told()["controls"]]

    def _told(self) -> dict[str, Any]:
        if not self._places.exists():
            return {"controls": [], "rows": []}
        told: dict[str, Any] = json.loads(self._places.read_text(encoding="utf-8"))
        return told

    def _do(self, *words: str) -> None:
        subprocess.run([self._xdotool, *words], env=self._environment, check=True, timeout=30)
        time.sleep(0.15)


@contextmanager
def hands_at(home: Path, folder: Path) -> Iterator[Hands]:
    """Open the real window on a home, on a screen of its own."""
    with _screen(folder) as display:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("LLMCXR_")},
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
        }
        places = folder / "places.json"
        window = subprocess.Popen([sys.executable, "-c", _OPENED_BY, str(home), str(places)], env=environment)
        try:
            yield Hands(environment, places, window)
        finally:
            window.terminate()
            try:
                window.wait(20)
            except subprocess.TimeoutExpired:
                window.kill()
                window.wait()


@contextmanager
def _screen(folder: Path) -> Iterator[str]:
    """An X server that chooses its own number, with a window manager."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        [require("Xvfb"), "-displayfd", str(writing), "-screen", "0", f"{SIZE}x24", "-nolisten", "tcp"],
        pass_fds=(writing,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    manager = None
    try:
        with os.fdopen(reading) as told:
            display = f":{told.readline().strip()}"
        assert display != ":", "Xvfb didn't start"
        manager = subprocess.Popen(
            [require("openbox"), "--sm-disable"], env={**os.environ, "DISPLAY": display, "HOME": str(folder)},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        yield display
    finally:
        for process in (manager, server):
            if process is not None:
                process.terminate()
                process.wait()
