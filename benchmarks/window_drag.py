"""How long one frame of a window drag takes on a 2500 x 2048 film of 16 bits, against the plain way.

Both in the same run and the same process, so that the ratio says something on a loaded machine too. A frame is
everything from the pointer's move to the painted widget. The plain way looks the whole film up and paints it
smoothly at every move.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.window_drag [--json FILE] [--frames N]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication

from llmcxr_ws.grey import Window
from ui.shortcuts import Scope, actions_by_key
from ui.viewer import Film, FilmView
from ui.viewer.look import dragged, grey_table

ROWS, COLUMNS = 2500, 2048
VIEW = (820, 1000)


def made_film() -> Film:
    """A film of the size of a large detector, with detail at every scale."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    field = 20000 + 12000 * np.cos(columns / COLUMNS * 4 * np.pi) + 6000 * rows / ROWS
    pixels = np.clip(field + rng.normal(0, 800, field.shape), 0, 65535).astype(np.uint16)
    return Film.from_pixels(pixels, looks=(Window(26000.0, 30000.0),))


def shown_view(film: Film) -> tuple[FilmView, QImage]:
    """The film view of the product, and the screen it paints on."""
    view = FilmView(actions_by_key(Scope.FILM))
    view.resize(*VIEW)
    view.set_film(film)
    view.show()
    return view, QImage(*VIEW, QImage.Format.Format_RGB32)


def our_frames(film: Film, frames: int) -> list[float]:
    """Milliseconds of each frame of a drag by pointer events, painting included."""
    view, screen = shown_view(film)
    start = QPointF(400, 500)
    _send(view, QMouseEvent.Type.MouseButtonPress, start, Qt.MouseButton.LeftButton)
    times = []
    for frame in range(frames + 5):
        began = time.perf_counter()
        _send(
            view,
            QMouseEvent.Type.MouseMove,
            start + QPointF(frame % 40 - 20, frame % 30),
            Qt.MouseButton.NoButton,
        )
        view.render(screen)
        times.append((time.perf_counter() - began) * 1000)
    _send(view, QMouseEvent.Type.MouseButtonRelease, start, Qt.MouseButton.LeftButton)
    return times[5:]


def _send(view: FilmView, kind: QMouseEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(view, QMouseEvent(kind, at, view.mapToGlobal(at), button, left, none))


def plain_frames(film: Film, frames: int) -> list[float]:
    """Milliseconds of each frame when the whole film is looked up and painted smoothly."""
    screen = QImage(*VIEW, QImage.Format.Format_RGB32)
    window = film.looks[0]
    pixels, times = film.levels[0], []
    if not isinstance(window, Window):
        raise TypeError("the benchmark drags a window")
    for frame in range(frames):
        began = time.perf_counter()
        window = dragged(window, frame % 3 - 1, frame % 5 - 2)
        greys = grey_table(window, film.values, inverse=False)[pixels]
        image = QImage(greys.data, COLUMNS, ROWS, COLUMNS, QImage.Format.Format_Grayscale8)
        painter = QPainter(screen)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(0, 0, VIEW[0], VIEW[0] * ROWS / COLUMNS), image)
        painter.end()
        times.append((time.perf_counter() - began) * 1000)
    return times


def main() -> None:
    """Measure both ways and print the medians and their ratio."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--json", type=Path, help="write the figures to this file as well")
    options.add_argument("--frames", type=int, default=60)
    chosen = options.parse_args()
    app = QApplication([])
    film = made_film()
    ours, plain = our_frames(film, chosen.frames), plain_frames(film, max(chosen.frames // 4, 5))
    figures = {
        "drag_frame_ms": {"median": statistics.median(ours), "longest": max(ours)},
        "plain_frame_ms": {"median": statistics.median(plain), "longest": max(plain)},
        "ratios": {"naive_vs_ours": statistics.median(plain) / statistics.median(ours)},
    }
    print(
        f"window drag, {ROWS} x {COLUMNS} uint16, view {VIEW[0]} x {VIEW[1]}, platform {app.platformName()}"
    )
    print(f"  ours   median {figures['drag_frame_ms']['median']:7.1f} ms, longest {max(ours):7.1f} ms")
    print(f"  plain  median {figures['plain_frame_ms']['median']:7.1f} ms, longest {max(plain):7.1f} ms")
    print(f"  plain / ours  {figures['ratios']['naive_vs_ours']:.1f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
