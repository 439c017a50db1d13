"""A map of heat lies where its region lies on the film, whatever is done to the film."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from llmcxr_ws.grey import Window
from ui.shortcuts import Scope, actions_by_key
from ui.viewer import Film, FilmView


@pytest.fixture
def view(qtbot: QtBot) -> FilmView:
    made = FilmView(actions_by_key(Scope.FILM))
    qtbot.addWidget(made)
    made.resize(500, 600)
    grey = np.full((900, 700), 500, dtype=np.uint16)
    made.set_film(Film.from_pixels(grey, looks=(Window(500, 1000),)))
    made.show()
    qtbot.waitExposed(made)
    made.setFocus()
    return made


def coloured(view: FilmView) -> np.ndarray:
    """Where the picture isn't grey, as a mask [rows, columns]."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    rgb = rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)
    return np.asarray(rgb[:, :, 0] - rgb[:, :, 2] > 40)


HOT_CORNER = np.zeros((4, 4), dtype=np.float32)
HOT_CORNER[0, 0] = 1.0
REGION = (100.0, 200.0, 500.0, 600.0)


def centre(view: FilmView) -> tuple[float, float]:
    """Film point in the middle of what is coloured."""
    rows, columns = np.nonzero(coloured(view))
    return view.placement.to_film((float(columns.mean()) + 0.5, float(rows.mean()) + 0.5))


def test_heat_lies_on_its_part_of_the_region(view: FilmView) -> None:
    assert not coloured(view).any()
    view.set_heat(HOT_CORNER, REGION)
    mask = coloured(view)
    assert mask.any()
    for row, column in zip(*np.nonzero(mask), strict=True):
        x, y = view.placement.to_film((column + 0.5, row + 0.5))
        assert 98 <= x <= 100 + 200
        assert 198 <= y <= 200 + 200
    x, y = centre(view)
    assert abs(x - 155) < 25
    assert abs(y - 255) < 25


@pytest.mark.parametrize("keys", ["h", "v", "r", "l", "hr", "0", "++", "--"])
def test_heat_follows_zoom_mirror_and_turn(view: FilmView, qtbot: QtBot, keys: str) -> None:
    view.set_heat(HOT_CORNER, (250.0, 350.0, 450.0, 550.0))
    before = centre(view)
    QTest.keyClicks(view, keys)
    qtbot.wait(200)
    after = centre(view)
    assert after == pytest.approx(before, abs=4)


def test_heat_outside_the_film_isnt_drawn(view: FilmView) -> None:
    QTest.keyClicks(view, "--")
    view.set_heat(np.ones((2, 2), dtype=np.float32), (-300.0, -300.0, 1000.0, 1200.0))
    rows, columns = np.nonzero(coloured(view))
    x, y = view.placement.to_film((float(columns.min()), float(rows.min())))
    assert x > -3
    assert y > -3


def test_the_rim_tells_the_region_without_colour(view: FilmView) -> None:
    heat = np.zeros((9, 9), dtype=np.float32)
    heat[3:6, 3:6] = 0.8
    view.set_heat(heat, (0.0, 0.0, 700.0, 900.0))
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    row = [image.pixelColor(column, 300).red() for column in range(500)]
    inside, outside = row[250], row[60]
    assert max(row) > inside + 20
    assert inside != outside


def test_no_heat_draws_nothing(view: FilmView) -> None:
    view.set_heat(np.zeros((3, 3), dtype=np.float32), REGION)
    assert not coloured(view).any()


def test_heat_goes_when_it_is_taken_away_or_another_film_comes(view: FilmView) -> None:
    view.set_heat(HOT_CORNER, REGION)
    view.set_heat(None)
    assert not coloured(view).any()
    view.set_heat(HOT_CORNER, REGION)
    assert view.film is not None
    view.set_film(view.film)
    assert view.heat is None
    assert not coloured(view).any()
    view.clear("No film")
    view.set_heat(HOT_CORNER, REGION)
    assert view.heat is None


def test_rows_that_were_repeated_are_counted_as_stored(view: FilmView) -> None:
    grey = np.full((800, 400), 500, dtype=np.uint16)
    view.set_film(Film.from_pixels(grey, looks=(Window(500, 1000),), stretch=2.0))
    view.set_heat(np.ones((1, 1), dtype=np.float32), (0.0, 0.0, 400.0, 200.0))
    rows = np.nonzero(coloured(view))[0]
    assert view.placement.to_film((0.0, float(rows.max()) + 1))[1] == pytest.approx(400, abs=4)


@pytest.mark.parametrize(
    ("heat", "region"),
    [
        (np.zeros(4, np.float32), REGION),
        (np.zeros((0, 4), np.float32), REGION),
        (np.full((2, 2), 1.5, np.float32), REGION),
        (np.full((2, 2), np.nan, np.float32), REGION),
        (HOT_CORNER, (5.0, 5.0, 5.0, 9.0)),
    ],
)
def test_what_is_no_heat_is_refused(view: FilmView, heat: np.ndarray, region: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="heat"):
        view.set_heat(heat, region)  # type: ignore[arg-type]


def test_a_window_drag_leaves_the_drawn_heat_alone(view: FilmView) -> None:
    view.set_heat(HOT_CORNER, REGION)
    before = coloured(view)
    QTest.keyClick(view, Qt.Key.Key_W)
    assert (coloured(view) != before).mean() < 0.01
