"""The film view under pointer and keys, painted for real on the offscreen platform."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from llmcxr_ws.grey import VoiLut, Window
from ui.shortcuts import Scope, actions_by_key
from ui.viewer import Film, FilmView, Overlay


@pytest.fixture
def film() -> Film:
    rows, columns = np.mgrid[0:900, 0:700]
    pixels = (rows * 2 + columns * 3).astype(np.uint16)
    return Film.from_pixels(pixels, looks=(Window(2000, 3000), Window(9, 5)))


@pytest.fixture
def view(qtbot: QtBot, film: Film) -> FilmView:
    made = FilmView(actions_by_key(Scope.FILM))
    qtbot.addWidget(made)
    made.resize(500, 600)
    made.set_film(film)
    made.show()
    qtbot.waitExposed(made)
    made.setFocus()
    return made


def drag(view: FilmView, button: Qt.MouseButton, by: tuple[int, int], modifier: Qt.KeyboardModifier) -> None:
    """Press in the middle, move in five steps, release."""
    at = view.rect().center()
    QTest.mousePress(view, button, modifier, at)
    for step in range(1, 6):
        point = QPointF(at + QPoint(by[0] * step // 5, by[1] * step // 5))
        move = QMouseEvent(
            QMouseEvent.Type.MouseMove,
            point,
            view.mapToGlobal(point),
            Qt.MouseButton.NoButton,
            button,
            modifier,
        )
        QApplication.sendEvent(view, move)
    QTest.mouseRelease(view, button, modifier, at + QPoint(*by))


def grabbed(view: FilmView) -> np.ndarray:
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].copy()


def window_of(view: FilmView) -> Window:
    assert isinstance(view.look, Window)
    return view.look


NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


def test_paints_the_stored_window(view: FilmView, film: Film) -> None:
    shown = grabbed(view)
    at = view.placement.to_film((250.5, 300.5))
    value = film.levels[0][int(at[1]), int(at[0])]
    expected = film.looks[0].apply(np.array([float(value)]))[0] * 255
    assert abs(int(shown[300, 250]) - expected) <= 2


def test_left_drag_right_widens_and_down_raises_the_level(view: FilmView) -> None:
    before = window_of(view)
    drag(view, Qt.MouseButton.LeftButton, (100, 50), NONE)
    assert window_of(view).width > before.width * 1.3
    assert window_of(view).center > before.center + 0.2 * before.width


def test_shift_drags_in_fine_steps(view: FilmView) -> None:
    before = window_of(view)
    drag(view, Qt.MouseButton.LeftButton, (0, 100), SHIFT)
    assert 0 < window_of(view).center - before.center < 0.15 * before.width


def test_double_click_brings_the_stored_window_back(view: FilmView, film: Film) -> None:
    drag(view, Qt.MouseButton.LeftButton, (60, 60), NONE)
    assert view.look is not film.looks[0]
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, NONE, view.rect().center())
    assert view.look is film.looks[0]


def test_a_drag_on_a_voi_lut_starts_without_a_jump(qtbot: QtBot, view: FilmView, film: Film) -> None:
    table = VoiLut(-20000, np.linspace(0, 65535, 60000).astype(np.uint16), 16)
    view.set_film(Film.from_pixels(film.levels[0], looks=(table,)))
    before = grabbed(view).astype(float)
    drag(view, Qt.MouseButton.LeftButton, (0, 0), NONE)
    assert view.look is table
    drag(view, Qt.MouseButton.LeftButton, (5, 0), SHIFT)
    assert isinstance(view.look, Window)
    assert np.mean(np.abs(grabbed(view).astype(float) - before)) < 3


def test_middle_drag_and_space_drag_pan(view: FilmView) -> None:
    view.one_to_one()
    start = view.placement.middle
    drag(view, Qt.MouseButton.MiddleButton, (30, -20), NONE)
    assert view.placement.middle == (start[0] + 30, start[1] - 20)
    QTest.keyPress(view, Qt.Key.Key_Space)
    drag(view, Qt.MouseButton.LeftButton, (-30, 20), NONE)
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert view.placement.middle == start


def test_control_wheel_zooms_at_the_pointer(view: FilmView) -> None:
    pointer = (180.0, 240.0)
    before = view.placement.to_film(pointer)
    position = QPointF(*pointer)
    wheel = QWheelEvent(
        position,
        view.mapToGlobal(position),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    scale = view.placement.scale
    QApplication.sendEvent(view, wheel)
    assert view.placement.scale == pytest.approx(scale * 1.25**2)
    assert view.placement.to_film(pointer) == pytest.approx(before, abs=1e-6)


def test_keys(view: FilmView) -> None:
    fitted = view.placement
    QTest.keyClicks(view, "0")
    assert view.placement.scale == 1.0
    QTest.keyClicks(view, "f")
    assert view.placement == fitted
    QTest.keyClicks(view, "hr")
    assert view.placement.is_mirrored
    assert view.placement.is_turned
    QTest.keyClicks(view, "i")
    assert view.is_inverted
    QTest.keyClicks(view, "w")
    assert view.look is view.film.looks[1]
    QTest.keyClick(view, Qt.Key.Key_Backspace)
    assert (view.placement, view.is_inverted, view.look) == (fitted, False, view.film.looks[0])


def test_invert_is_the_complement_on_the_screen(view: FilmView) -> None:
    plain = grabbed(view)[250:350, 150:350]
    view.invert()
    assert np.array_equal(grabbed(view)[250:350, 150:350], 255 - plain)


def test_letters_typed_into_a_text_never_reach_the_film(qtbot: QtBot, film: Film) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    view, text = FilmView(actions_by_key(Scope.FILM)), QPlainTextEdit()
    layout = QVBoxLayout(window)
    layout.addWidget(view)
    layout.addWidget(text)
    view.set_film(film)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    before = (view.placement, view.is_inverted, view.look)
    text.setFocus()
    letters = "ihvrlwf0+-=.,"
    qtbot.waitUntil(text.hasFocus)
    QTest.keyClicks(QApplication.focusWidget(), letters)
    assert text.toPlainText() == letters
    assert (view.placement, view.is_inverted, view.look) == before


def test_a_resize_keeps_a_fitted_film_fitted(view: FilmView) -> None:
    view.resize(300, 300)
    assert view.placement.extent[1] == pytest.approx(300)


def test_empty_view_shows_why(view: FilmView) -> None:
    view.clear("The pixel data of this film can't be read.")
    assert view.film is None
    assert grabbed(view).max() > 100
    QTest.keyClicks(view, "ihf")


def test_smooth_again_after_a_zoom_rests(qtbot: QtBot, view: FilmView) -> None:
    QTest.keyClicks(view, "+")
    view.grab()
    coarse = grabbed(view)
    qtbot.wait(250)
    assert not np.array_equal(grabbed(view), coarse)


def test_overlay_texts_are_painted(qtbot: QtBot, view: FilmView, film: Film) -> None:
    texts = Overlay(top_left=("Marker, Test",), row_end="L", column_end="F")
    plain = grabbed(view)
    view.replace_overlay(Film.from_pixels(film.levels[0], looks=film.looks, overlay=texts))
    changed = np.argwhere(grabbed(view) != plain)
    assert changed[:, 0].min() < 40
    assert (changed[:, 1] < 40).any()
    assert (changed[:, 1] > 460).any()


def test_a_falling_table_keeps_its_polarity_when_dragged(view: FilmView, film: Film) -> None:
    table = VoiLut(0, np.linspace(65535, 0, 4096).astype(np.uint16), 16)
    view.set_film(Film.from_pixels(film.levels[0], looks=(table,)))
    before = grabbed(view).astype(float)
    drag(view, Qt.MouseButton.LeftButton, (5, 0), SHIFT)
    assert isinstance(view.look, Window)
    assert not view.is_inverted, "the reader has inverted nothing"
    assert np.mean(np.abs(grabbed(view).astype(float) - before)) < 3


@pytest.mark.parametrize("size", [(500, 600), (501, 600), (500, 601), (333, 417)])
@pytest.mark.parametrize("shape", [(900, 700), (901, 701)])
def test_one_to_one_shows_pixels_unmixed(qtbot: QtBot, shape: tuple[int, int], size: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    film = Film.from_pixels(random.integers(0, 4096, shape).astype(np.uint16), looks=(Window(2000, 4000),))
    view = FilmView(actions_by_key(Scope.FILM))
    qtbot.addWidget(view)
    view.resize(*size)
    view.set_film(film)
    view.show()
    view.one_to_one()
    qtbot.wait(200)
    QTest.keyClick(view, Qt.Key.Key_Right)
    qtbot.wait(200)
    shown, _ = view._picture(film)
    assert set(np.unique(shown.values)) <= set(np.unique(film.levels[0]))
    x, y = view.placement.to_film((shown.left + 0.5, shown.top + 0.5))
    rows, columns = shown.values.shape
    expected = film.levels[0][int(y) : int(y) + rows, int(x) : int(x) + columns]
    assert np.array_equal(shown.values, expected)


FALLING = VoiLut(0, np.linspace(65535, 0, 4096).astype(np.uint16), 16)


@pytest.mark.parametrize("how", ["double click", "number", "next", "reset", "list"])
def test_a_falling_table_comes_back_as_stored_after_a_drag(view: FilmView, film: Film, how: str) -> None:
    view.set_film(Film.from_pixels(film.levels[0], looks=(FALLING,)))
    stored = grabbed(view)
    drag(view, Qt.MouseButton.LeftButton, (60, 40), NONE)
    assert view.look is not FALLING
    match how:
        case "double click":
            QTest.mouseDClick(view, Qt.MouseButton.LeftButton, NONE, view.rect().center())
        case "number":
            QTest.keyClicks(view, "1")
        case "next":
            QTest.keyClicks(view, "w")
        case "reset":
            QTest.keyClick(view, Qt.Key.Key_Backspace)
        case "list":
            view.set_look(FALLING)
    assert view.look is FALLING
    assert np.array_equal(grabbed(view), stored)


def test_inversion_is_the_readers_and_survives_a_drag_and_the_way_back(view: FilmView, film: Film) -> None:
    view.set_film(Film.from_pixels(film.levels[0], looks=(FALLING,)))
    view.invert()
    inverted = grabbed(view)
    drag(view, Qt.MouseButton.LeftButton, (5, 0), SHIFT)
    assert view.is_inverted
    assert np.mean(np.abs(grabbed(view).astype(float) - inverted)) < 3
    view.as_stored()
    assert view.is_inverted
    assert np.array_equal(grabbed(view), inverted)


def test_computed_windows_of_a_film_with_a_falling_table_keep_its_polarity(film: Film) -> None:
    made = Film.from_pixels(film.levels[0], looks=(FALLING,))
    low, high = np.array([500.0]), np.array([3000.0])
    assert FALLING.apply(low) > FALLING.apply(high)
    for look in made.looks[1:]:
        assert look.apply(np.array([0.0])) > look.apply(np.array([4095.0])), look.explanation
    lungs = next(look for look in made.looks if look.explanation.startswith("Lungs"))
    # The darker parts of the picture are the larger values here.
    assert lungs.apply(np.array([2500.0])) > 0.2
    assert lungs.apply(np.array([400.0])) == 1.0


def test_a_drag_whose_release_went_elsewhere_ends(view: FilmView) -> None:
    at = view.rect().center()
    view.magnify(True)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, NONE, at)
    look = view.look
    point = QPointF(at + QPoint(40, 30))
    none = Qt.MouseButton.NoButton
    QApplication.sendEvent(
        view, QMouseEvent(QMouseEvent.Type.MouseMove, point, view.mapToGlobal(point), none, none, NONE)
    )
    assert view.look is look


def test_another_button_neither_joins_nor_ends_a_drag(view: FilmView) -> None:
    left, right = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
    at = view.rect().center()
    QTest.mousePress(view, left, NONE, at)
    QTest.mousePress(view, right, NONE, at)
    QTest.mouseRelease(view, right, NONE, at)
    look = view.look
    point = QPointF(at + QPoint(40, 30))
    QApplication.sendEvent(
        view,
        QMouseEvent(
            QMouseEvent.Type.MouseMove, point, view.mapToGlobal(point), Qt.MouseButton.NoButton, left, NONE
        ),
    )
    assert view.look is not look
    QTest.mouseRelease(view, left, NONE, at)


def wheel(view: FilmView, angle: int) -> None:
    position = QPointF(view.rect().center())
    event = QWheelEvent(
        position,
        view.mapToGlobal(position),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def test_a_touchpads_small_steps_leaf_one_film_for_each_notch(view: FilmView) -> None:
    steps: list[int] = []
    view.step_requested.connect(steps.append)
    for _ in range(16):
        wheel(view, -15)
    assert steps == [1, 1]
    for _ in range(7):
        wheel(view, 15)
    assert steps == [1, 1]
    wheel(view, 15)
    wheel(view, 120)
    assert steps == [1, 1, -1, -1]


def test_without_a_film_the_keys_still_lead_to_the_next_one(view: FilmView) -> None:
    steps: list[int] = []
    asked: list[str] = []
    view.step_requested.connect(steps.append)
    view.action_requested.connect(asked.append)
    view.clear("The pixel data of this film can't be read.")
    QTest.keyClicks(view, ".,ihfp")
    assert steps == [1, -1]
    assert asked == ["film.prior"]


def test_a_screen_of_another_density_shows_the_same_part(
    qtbot: QtBot, view: FilmView, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratio = [1.0]
    monkeypatch.setattr(view, "devicePixelRatioF", lambda: ratio[0])
    extent = view.placement.extent
    ratio[0] = 2.0
    QApplication.sendEvent(view, QEvent(QEvent.Type.DevicePixelRatioChange))
    assert view.placement.extent == pytest.approx((2 * extent[0], 2 * extent[1])), "a fitted film is fitted"
    view.one_to_one()
    QTest.keyClick(view, Qt.Key.Key_Right)
    middle = view.placement.to_film((view.width(), view.height()))
    ratio[0] = 1.0
    QApplication.sendEvent(view, QEvent(QEvent.Type.DevicePixelRatioChange))
    assert view.placement.scale == 1.0
    now = view.placement.to_film((view.width() / 2, view.height() / 2))
    assert now == pytest.approx(middle, abs=1.0)
