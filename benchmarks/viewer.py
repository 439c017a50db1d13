"""How quick the reading window is: dragging a window, opening a study, typing while an engine drafts.

The window, its store and its films are real: a SQLite home in a temporary folder, films of 2500 x 2048 pixels of
12 bits, received as the node does it, and an engine of the demonstration bundle in a process of its own. Each
figure is a median; what is asked of it on a quiet machine stands behind it.

    drag_frame_ms       pointer moved until the film is painted, at most 16 ms
    study_open_ms       study chosen until its film is painted and its text shown, at most 300 ms; never prefetched
    key_to_glyph_ms     key pressed in the report until it is painted, while a draft is being made, at most 50 ms
    longest_stall_ms    the longest time for which the window answered to nothing, in all of this
    naive_vs_ours       looking up and smoothly painting the whole film, against a frame of ours; at least 4

    QT_QPA_PLATFORM=offscreen python -m benchmarks.viewer [--json FILE] [--frames N] [--studies N] [--keys N]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import numpy.typing as npt
from PIL import Image
from PySide6.QtCore import QEvent, QEventLoop, QObject, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QImage, QMouseEvent, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from dicom_node.film_object import FilmFacts, wrap_film
from llmcxr_ws.grey import Window
from llmcxr_ws.imaging import displayed
from llmcxr_ws.log import setup_logging
from llmcxr_ws.store import reports
from llmcxr_ws.workplace import Workplace
from tests.ui.homes import FILMS, PASSWORD, House, house
from ui.app import make_application
from ui.desk import Desk
from ui.shortcuts import Scope, actions_by_key
from ui.tasks import Tasks
from ui.viewer import Film, FilmView
from ui.viewer.look import dragged, grey_table
from ui.window import MainWindow

ROWS, COLUMNS = 2500, 2048
VIEW = (820, 1000)
WORDS = "The heart is of normal size. There is no pleural effusion and no pneumothorax. "
KEY_PAUSE_S = 0.06
BEAT_MS = 4
REST_S = 0.2
WAIT_S = 120.0
READER = "anna"

Figures = dict[str, Any]


# One view by itself: a frame of a drag, ours and the plain way


def made_film() -> Film:
    """A film of the size of a large detector, with detail at every scale."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    field_ = 20000 + 12000 * np.cos(columns / COLUMNS * 4 * np.pi) + 6000 * rows / ROWS
    pixels = np.clip(field_ + rng.normal(0, 800, field_.shape), 0, 65535).astype(np.uint16)
    return Film.from_pixels(pixels, looks=(Window(26000.0, 30000.0),))


def our_frames(film: Film, frames: int) -> list[float]:
    """Milliseconds of each frame of a drag by pointer events, painting included."""
    view = FilmView(actions_by_key(Scope.FILM))
    view.resize(*VIEW)
    view.set_film(film)
    view.show()
    times = drag(view, QImage(*VIEW, QImage.Format.Format_RGB32), frames + 5)[5:]
    view.hide()
    view.deleteLater()
    return times


def drag(view: FilmView, screen: QImage, frames: int) -> list[float]:
    """Milliseconds of each frame of a drag."""
    start = QPointF(view.width() / 2, view.height() / 2)
    _send(view, QMouseEvent.Type.MouseButtonPress, start, Qt.MouseButton.LeftButton)
    times = []
    for frame in range(frames):
        began = time.perf_counter()
        at = start + QPointF(frame % 40 - 20, frame % 30)
        _send(view, QMouseEvent.Type.MouseMove, at, Qt.MouseButton.NoButton)
        view.render(screen)
        times.append((time.perf_counter() - began) * 1000)
    _send(view, QMouseEvent.Type.MouseButtonRelease, start, Qt.MouseButton.LeftButton)
    return times


def _send(view: FilmView, kind: QMouseEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(view, QMouseEvent(kind, at, view.mapToGlobal(at), button, left, none))


def plain_frames(film: Film, frames: int) -> list[float]:
    """Milliseconds of each frame when the whole film is looked up and painted smoothly."""
    screen = QImage(*VIEW, QImage.Format.Format_RGB32)
    look, times = film.looks[0], []
    if not isinstance(look, Window):
        raise TypeError("the film begins with a window")
    for frame in range(frames):
        began = time.perf_counter()
        look = dragged(look, frame % 7 - 3, frame % 5 - 2)
        greys = grey_table(look, film.values, inverse=False)[film.levels[0]]
        image = QImage(greys.data, COLUMNS, ROWS, COLUMNS, QImage.Format.Format_Grayscale8)
        painter = QPainter(screen)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(0, 0, VIEW[0], VIEW[0] * ROWS / COLUMNS), image)
        painter.end()
        times.append((time.perf_counter() - began) * 1000)
    return times


# A home with studies


def large_pixels() -> npt.NDArray[np.uint16]:
    """The first film that ships, enlarged to 2500 x 2048 pixels of 12 bits, with a detector's noise."""
    small = displayed(FILMS / "DEMO0001.dcm")
    picture = Image.fromarray(small.levels.astype(np.uint8)).resize((COLUMNS, ROWS), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(2).normal(0, 12, (ROWS, COLUMNS))
    return np.clip(np.asarray(picture, dtype=np.float64) * 16 + noise, 0, 4095).astype(np.uint16)


def receive(home: House, pixels: npt.NDArray[np.uint16], number: int, folder: Path) -> int:
    """Let a film of a patient of its own arrive; return its study."""
    facts = FilmFacts(
        seed=f"benchmark {number}",
        patient_id=f"BENCH-{number}",
        patient_name=f"Benchmark^Number {number}",
        accession=f"B{number:05}",
        acquired=datetime(2026, 11, 2, 8, 0) + timedelta(minutes=number),
        patient_sex="F",
        patient_age_years=52,
        patient_birth_date="19740101",
        bits_stored=12,
        pixel_spacing_mm=(0.17, 0.17),
    )
    file = folder / f"{number}.dcm"
    wrap_film(pixels, facts).save_as(file, enforce_file_format=True)
    study = home.receive(file)
    file.unlink()
    return study


@contextlib.contextmanager
def engine(home: Path) -> Iterator[None]:
    """Let a real engine draft what waits, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "llmcxr_ws.cli", "--home", str(home), "engine"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


# The window


class Paints(QObject):
    """Tells when a widget was last painted, to its end."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self._is_inside = False
        self.on_paint: Callable[[float], None] = lambda _: None
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the widget paint, then say so."""
        if event.type() is not QEvent.Type.Paint or self._is_inside:
            return False
        self._is_inside = True
        QApplication.sendEvent(watched, event)
        self._is_inside = False
        self.on_paint(time.perf_counter())
        return True


class Pulse(QObject):
    """Notes how long the event loop was away, beyond the timer's own interval."""

    def __init__(self) -> None:
        super().__init__()
        self.longest: dict[str, float] = {}
        self.stage = "idle"
        self._last = time.perf_counter()
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_beat)
        self._timer.start()

    def _on_beat(self) -> None:
        now = time.perf_counter()
        stall = (now - self._last) * 1000 - BEAT_MS
        self.longest[self.stage] = max(self.longest.get(self.stage, 0.0), stall)
        self._last = now

    def enter(self, stage: str) -> None:
        """Begin another part of the run; what was before counts no more."""
        self.stage, self._last = stage, time.perf_counter()


def until(condition: Callable[[], bool], what: str) -> None:
    """Run the event loop until something is so."""
    loop, ends = QEventLoop(), time.monotonic() + WAIT_S
    timer = QTimer(interval=4)
    timer.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() > ends else None)
    timer.start()
    loop.exec()
    timer.stop()
    if not condition():
        raise SystemExit(f"waited {WAIT_S:.0f} s in vain for {what}")


@dataclass
class Opening:
    """What has been painted of a study since it was chosen."""

    study: int
    chosen: float
    film: float = 0.0
    text: float = 0.0

    @property
    def milliseconds(self) -> float:
        """From the choice to the later of film and text; 0 while one is missing."""
        return (max(self.film, self.text) - self.chosen) * 1000 if self.film and self.text else 0.0


@dataclass
class Seat:
    """A window of a logged-in reader."""

    window: MainWindow
    tasks: Tasks
    pulse: Pulse
    film_paints: Paints = field(init=False)
    text_paints: Paints = field(init=False)

    def __post_init__(self) -> None:
        self.film_paints = Paints(self.window.film.view)
        self.text_paints = Paints(self.window.report.editor.viewport())

    def log_in(self) -> None:
        """Enter as the reader and wait for the worklist."""
        entry = self.window.entry
        entry.user.setText(READER)
        entry.secret.box.setText(PASSWORD)
        entry.confirm.click()
        until(lambda: self.window.is_open and self.window.worklist.model.rowCount() > 0, "the worklist")

    def open(self, study: int) -> float:
        """Choose a study; return the milliseconds until film and text were painted."""
        window = self.window
        opening = Opening(study, time.perf_counter())

        def film_painted(at: float) -> None:
            detail = window.case.detail
            if not opening.film and detail is not None and detail.study.id == study and window.film.view.film:
                opening.film = at

        def text_painted(at: float) -> None:
            detail = window.report.detail
            if not opening.text and detail is not None and detail.study.id == study and window.report.text():
                opening.text = at

        self.film_paints.on_paint, self.text_paints.on_paint = film_painted, text_painted
        window.worklist.choose(study)
        until(lambda: opening.milliseconds > 0, "film and text")
        self.film_paints.on_paint = self.text_paints.on_paint = lambda _: None
        return opening.milliseconds

    def drag(self, frames: int) -> list[float]:
        """Drag on the film by posted events; return the milliseconds until each was painted."""
        view, times, began = self.window.film.view, [], [0.0]
        self.film_paints.on_paint = lambda at: times.append((at - began[0]) * 1000)
        start = QPointF(view.width() / 2, view.height() / 2)
        _send(view, QMouseEvent.Type.MouseButtonPress, start, Qt.MouseButton.LeftButton)
        for frame in range(frames):
            at = start + QPointF(frame % 40 - 20, frame % 30)
            began[0] = time.perf_counter()
            _send(view, QMouseEvent.Type.MouseMove, at, Qt.MouseButton.NoButton)
            until(lambda frame=frame: len(times) > frame, "a frame")  # type: ignore[misc]
        _send(view, QMouseEvent.Type.MouseButtonRelease, start, Qt.MouseButton.LeftButton)
        self.film_paints.on_paint = lambda _: None
        return times

    def rest(self) -> None:
        """Wait until nothing is under way."""
        busy = [time.monotonic()]

        def is_calm() -> bool:
            if not self.tasks.is_idle:
                busy[0] = time.monotonic()
            return time.monotonic() - busy[0] > REST_S

        until(is_calm, "rest")

    def type_keys(self, count: int) -> list[tuple[datetime, float]]:
        """Press keys in the report, each at its own time; return when, and how long it took."""
        editor = self.window.report.editor
        pressed: list[tuple[datetime, float]] = []
        waiting: list[tuple[datetime, float]] = []

        def painted(at: float) -> None:
            # One paint shows every key that the editor has taken up by then.
            taken = len(editor.toPlainText()) - before
            while waiting and len(pressed) < taken:
                moment, began = waiting.pop(0)
                pressed.append((moment, (at - began) * 1000))

        due = time.perf_counter() + KEY_PAUSE_S

        def press() -> None:
            nonlocal due
            number = len(pressed) + len(waiting)
            if number == count or time.perf_counter() < due:
                return
            # Counted from when it was due: a window that is away at that moment is late for this key too.
            waiting.append((datetime.now(UTC), due))
            due += KEY_PAUSE_S
            QTest.keyClicks(editor, WORDS[number % len(WORDS)])

        editor.setFocus()
        before = len(editor.toPlainText())
        self.text_paints.on_paint = painted
        timer = QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
        timer.timeout.connect(press)
        timer.start()
        until(lambda: len(pressed) == count, "all keys")
        timer.stop()
        self.text_paints.on_paint = lambda _: None
        return pressed


def open_all(seat: Seat, studies: list[int]) -> tuple[list[float], list[float]]:
    """Open studies; return the times of those that had to be decoded, and of those fetched ahead."""
    cold, ahead, known = [], [], set()
    left = list(studies)
    while left:
        study = left.pop(0)
        if study in known:
            continue
        cold.append(seat.open(study))
        seat.rest()
        neighbour = seat.window.worklist.neighbour()
        known |= {study} | ({neighbour.id} if neighbour is not None else set())
        if neighbour is not None and neighbour.id in left and len(cold) % 3 == 1:
            ahead.append(seat.open(neighbour.id))
            seat.rest()
            following = seat.window.worklist.neighbour()
            known |= {following.id} if following is not None else set()
    return cold, ahead


def drafting_times(home: House, studies: list[int]) -> list[tuple[datetime, datetime]]:
    """When a draft was being made, from the drafts themselves."""
    found = [reports.current_report(home.workplace.db, study) for study in studies]
    return [(made.started_at, made.created_at) for made in found if made is not None]


def window_figures(folder: Path, studies: int, keys: int) -> Figures:
    """Open studies, drag and type in the real window."""
    with house(folder / "home") as home:
        home.add_user(READER)
        pixels = large_pixels()
        ready = []
        for number in range(studies):
            ready.append(receive(home, pixels, number, folder))
            home.settle()
            home.draft(f"{WORDS}This is text {number}.")
        small = displayed(FILMS / "DEMO0001.dcm").levels.astype(np.uint16) * 16
        # Enough that the engine is never out of work while keys are pressed: a draft takes it a tenth of a second
        # and more.
        queue = 8 + int(keys * KEY_PAUSE_S / 0.1)
        waiting = [receive(home, small, studies + number, folder) for number in range(queue)]
        workplace, tasks = Workplace.open(home.home), Tasks()
        defects: list[object] = []
        tasks.defect.connect(defects.append)
        window = MainWindow(tasks, Desk(workplace))
        window.resize(1600, 1000)
        window.show()
        try:
            figures = _at_the_window(home, Seat(window, tasks, Pulse()), ready, waiting, keys)
        finally:
            window.stop_looking()
            window.report.autosave.watch(None, None)
            tasks.close()
            workplace.close()
        if defects:
            raise SystemExit(f"the window had a defect: {defects}")
        return figures


def _at_the_window(home: House, seat: Seat, ready: list[int], waiting: list[int], keys: int) -> Figures:
    pulse = seat.pulse
    seat.log_in()
    seat.rest()
    pulse.enter("open")
    opened, ahead = open_all(seat, ready)
    pulse.enter("drag")
    frames = seat.drag(60)
    pulse.enter("wait")
    with engine(home.home):
        home.settle()
        until(lambda: bool(drafting_times(home, waiting)), "the engine's first draft")
        pulse.enter("type")
        pressed = seat.type_keys(keys)
        pulse.enter("end")
        until(lambda: _is_past(home, waiting, pressed[-1][0]), "the draft that was being made")
    times = drafting_times(home, waiting)
    during = [took for at, took in pressed if any(start <= at <= end for start, end in times)]
    # The benchmark's own waiting for engine and log-in isn't the window's.
    longest = {stage: pulse.longest[stage] for stage in ("open", "drag", "type")}
    return {
        "study_open_ms": {**_median(opened), "studies": len(opened)},
        "study_open_prefetched_ms": {**_median(ahead), "studies": len(ahead)},
        "drag_in_window_ms": _median(frames),
        "key_to_glyph_ms": {
            **_median(during),
            "keys": len(during),
            "keys_in_all": len(pressed),
            "drafts_meanwhile": len(times),
        },
        "longest_stall_ms": max(longest.values()),
        "stalls_ms": longest,
    }


def _is_past(home: House, waiting: list[int], moment: datetime) -> bool:
    """Whether a draft ended after the last key, so that every key's time is covered; or none waits any more."""
    ended = [end for _, end in drafting_times(home, waiting)]
    return len(ended) == len(waiting) or max(ended) >= moment


def _median(times: list[float]) -> dict[str, float]:
    if not times:
        raise SystemExit("nothing was measured")
    return {"median": statistics.median(times), "longest": max(times)}


def main() -> None:
    """Measure everything, print it and write it down."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--json", type=Path, help="write the figures to this file as well")
    options.add_argument("--frames", type=int, default=60, help="frames of the drag of a single view")
    options.add_argument("--studies", type=int, default=24, help="studies to receive and open")
    options.add_argument("--keys", type=int, default=150, help="keys to press while drafts are made")
    chosen = options.parse_args()
    setup_logging("warning")
    app = make_application()
    film = made_film()
    ours, plain = our_frames(film, chosen.frames), plain_frames(film, max(chosen.frames // 4, 5))
    with tempfile.TemporaryDirectory(prefix="llmcxr-bench-") as folder:
        of_window = window_figures(Path(folder), chosen.studies, chosen.keys)
    figures: Figures = {
        "drag_frame_ms": _median(ours),
        "plain_frame_ms": _median(plain),
        **of_window,
        "ratios": {"naive_vs_ours": statistics.median(plain) / statistics.median(ours)},
    }
    print(f"films of {ROWS} x {COLUMNS}, platform {app.platformName()}, {os.cpu_count()} processors")
    asked = {"drag_frame_ms": 16, "study_open_ms": 300, "key_to_glyph_ms": 50}
    for name, value in figures.items():
        if isinstance(value, dict) and "median" in value:
            goal = f"  (at most {asked[name]})" if name in asked else ""
            print(f"  {name:26} median {value['median']:7.1f}   longest {value['longest']:7.1f}{goal}")
    print(
        f"  longest_stall_ms           {figures['longest_stall_ms']:7.1f}   by part {_rounded(figures['stalls_ms'])}"
    )
    print(f"  naive_vs_ours              {figures['ratios']['naive_vs_ours']:7.1f}  (at least 4)")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in values.items()}


if __name__ == "__main__":
    main()
