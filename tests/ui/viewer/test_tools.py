"""Lengths, the magnifier, the model's view and the keys for them, painted for real on the offscreen platform."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QMouseEvent, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from llmcxr_ws.grey import Curve, Window
from llmcxr_ws.spacing import Spacing
from ui.shortcuts import Scope, actions_by_key
from ui.viewer import Film, FilmView
from ui.viewer.film import Seen, exposed_field
from ui.viewer.measure import Line, length_text

DETECTOR = Spacing(0.2, 0.1, "detector")


def film_of(spacing: Spacing | None = DETECTOR, **more: object) -> Film:
    rows, columns = np.mgrid[0:900, 0:700]
    pixels = (rows * 2 + columns * 3).astype(np.uint16)
    return Film.from_pixels(pixels, looks=(Window(2000, 3000),), spacing=spacing, **more)  # type: ignore[arg-type]


@pytest.fixture
def view(qtbot: QtBot) -> FilmView:
    made = FilmView(actions_by_key(Scope.FILM))
    qtbot.addWidget(made)
    made.resize(500, 600)
    made.set_film(film_of())
    made.show()
    qtbot.waitExposed(made)
    made.setFocus()
    return made


def drag(view: FilmView, start: QPoint, end: QPoint) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(view, left, none, start)
    move(view, end, left)
    QTest.mouseRelease(view, left, none, end)


def move(view: FilmView, to: QPoint, button: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    point = QPointF(to)
    event = QMouseEvent(
        QMouseEvent.Type.MouseMove,
        point,
        view.mapToGlobal(point),
        Qt.MouseButton.NoButton,
        button,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view, event)


def rgb_of(view: FilmView) -> np.ndarray:
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


# Lengths


@pytest.mark.parametrize(
    ("spacing", "says"),
    [
        (DETECTOR, "50.0 mm at detector plane, not calibrated"),
        (
            Spacing(0.2, 0.1, "detector", magnification=1.1),
            "50.0 mm at detector plane, not calibrated (magnification about 1.10 by the header)",
        ),
        (Spacing(0.2, 0.1, "calibrated", "GEOMETRY"), "50.0 mm, calibrated by geometry"),
        (Spacing(0.2, 0.1, "calibrated", "FIDUCIAL"), "50.0 mm, calibrated by a fiducial"),
        (Spacing(0.2, 0.1, "calibrated"), "50.0 mm, calibrated (how isn't said)"),
        (Spacing(0.2, 0.1, "scanned"), "50.0 mm on the scanned film, not calibrated"),
        (Spacing(0.2, 0.1, "unsaid"), "50.0 mm (the header doesn't say at which plane)"),
        (None, "361 pixels (the header gives no spacing)"),
    ],
)
def test_a_length_says_what_it_refers_to(spacing: Spacing | None, says: str) -> None:
    line = Line((100.0, 100.0), (400.0, 300.0))
    assert length_text(line, film_of(spacing)) == says


def test_rows_that_were_repeated_count_once() -> None:
    stretched = film_of(Spacing(0.2, 0.1, "detector"), stretch=2.0)
    assert length_text(Line((0.0, 0.0), (0.0, 400.0)), stretched).startswith("40.0 mm")
    assert length_text(Line((0.0, 0.0), (400.0, 0.0)), stretched).startswith("40.0 mm")


def test_measuring_turns_the_left_button_from_the_window_to_lengths(view: FilmView) -> None:
    look = view.look
    QTest.keyClicks(view, "m")
    assert view.is_measuring
    drag(view, QPoint(100, 100), QPoint(250, 100))
    assert view.look is look
    (line,) = view.lines
    assert line.start == pytest.approx(view.placement.to_film((100, 100)))
    assert line.end == pytest.approx(view.placement.to_film((250, 100)))
    QTest.keyClicks(view, "m")
    drag(view, QPoint(100, 100), QPoint(250, 160))
    assert len(view.lines) == 1
    assert view.look is not look


def test_a_length_stays_on_its_place_and_is_painted(view: FilmView) -> None:
    plain = rgb_of(view)
    view.measure(True)
    drag(view, QPoint(120, 300), QPoint(260, 300))
    view.measure(False)
    painted = np.abs(rgb_of(view) - plain).sum(axis=2) > 60
    assert painted[299:302, 130:250].any(axis=0).all()
    before = view.lines
    QTest.keyClicks(view, "+hr")
    assert view.lines == before


def test_a_click_makes_no_length_and_delete_removes_the_last(view: FilmView) -> None:
    view.measure(True)
    drag(view, QPoint(100, 100), QPoint(101, 100))
    assert view.lines == ()
    drag(view, QPoint(100, 100), QPoint(200, 100))
    drag(view, QPoint(100, 200), QPoint(200, 200))
    first = view.lines[0]
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert view.lines == (first,)


def test_lengths_are_drawn_by_keys_alone(view: FilmView) -> None:
    QTest.keyClicks(view, "m")
    QTest.keyClick(view, Qt.Key.Key_Return)
    for _ in range(8):
        QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Return)
    (line,) = view.lines
    assert line.end[0] - line.start[0] == pytest.approx(80 / view.placement.scale)
    assert line.end[1] == pytest.approx(line.start[1])
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not view.is_measuring


def test_removing_the_length_that_is_being_drawn_leaves_the_others(view: FilmView) -> None:
    view.measure(True)
    drag(view, QPoint(100, 100), QPoint(200, 100))
    kept = view.lines
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(view, left, none, QPoint(100, 200))
    move(view, QPoint(150, 220), left)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    move(view, QPoint(300, 300), left)
    QTest.mouseRelease(view, left, none, QPoint(300, 300))
    assert view.lines == kept


def test_ending_to_measure_drops_a_length_without_an_end(view: FilmView) -> None:
    view.measure(True)
    QTest.keyClick(view, Qt.Key.Key_Return)
    for _ in range(8):
        QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.lines == ()
    view.measure(True)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(view, left, none, QPoint(100, 200))
    move(view, QPoint(150, 220), left)
    QTest.keyClicks(view, "m")
    move(view, QPoint(170, 250), left)
    QTest.mouseRelease(view, left, none, QPoint(170, 250))
    assert view.lines == ()


def test_another_film_begins_without_lengths(view: FilmView) -> None:
    view.measure(True)
    drag(view, QPoint(100, 100), QPoint(200, 100))
    view.set_film(film_of())
    assert view.lines == ()


# Magnifier


def test_the_magnifier_enlarges_what_is_under_the_pointer(view: FilmView) -> None:
    pixels = np.zeros((900, 700), dtype=np.uint16)
    pixels[440:460, 340:360] = 4000
    view.set_film(Film.from_pixels(pixels, looks=(Window(2000, 4000),)))
    x, y = (round(part) for part in view.placement.to_screen((350.0, 450.0)))
    bright = np.count_nonzero(rgb_of(view)[y - 90 : y + 90, x - 90 : x + 90, 0] > 200)
    QTest.keyClicks(view, "g")
    assert view.is_magnifying
    move(view, QPoint(x, y))
    larger = np.count_nonzero(rgb_of(view)[y - 90 : y + 90, x - 90 : x + 90, 0] > 200)
    assert larger == pytest.approx(bright * 2.5**2, rel=0.25)
    QTest.keyClicks(view, "g")
    assert np.count_nonzero(rgb_of(view)[y - 90 : y + 90, x - 90 : x + 90, 0] > 200) == bright


def test_the_magnifier_works_at_the_films_edge_and_beyond(view: FilmView) -> None:
    view.magnify(True)
    for at in (QPoint(0, 0), QPoint(499, 599), QPoint(250, 599)):
        move(view, at)
        assert rgb_of(view).max() > 0


# What the model saw


def seen_of(film: Film) -> Seen:
    picture = np.zeros((64, 64), dtype=np.uint8)
    picture[:32, :32] = 200
    curve = Curve.over(film.values, np.linspace(0, 1, film.values.size), "What the model saw")
    return Seen(look=curve, picture=picture, region=(0.0, 100.0, 700.0, 800.0))


def test_the_models_picture_lies_in_its_square_and_the_rest_is_dimmed(view: FilmView) -> None:
    film = film_of()
    view.set_film(film.with_seen(seen_of(film)))
    plain = rgb_of(view)
    QTest.keyClicks(view, "a")
    assert view.is_showing_seen
    shown = rgb_of(view)

    def at(film_point: tuple[float, float], picture: np.ndarray) -> int:
        x, y = view.placement.to_screen(film_point)
        return int(picture[int(y), int(x), 0])

    assert at((175, 275), shown) == 200
    assert at((525, 275), shown) == 0
    assert at((350, 850), shown) < at((350, 850), plain) * 0.5
    QTest.keyClicks(view, "a")
    assert np.array_equal(rgb_of(view), plain)


def test_the_models_picture_follows_zoom_turn_and_inversion(view: FilmView) -> None:
    film = film_of()
    view.set_film(film.with_seen(seen_of(film)))
    QTest.keyClicks(view, "ahri")
    shown = rgb_of(view)
    for point, expected in (((175, 275), 55), ((525, 275), 255)):
        x, y = view.placement.to_screen(point)
        assert shown[int(y), int(x), 0] == expected


def test_a_drag_leaves_the_models_view_for_a_window(view: FilmView) -> None:
    film = film_of()
    view.set_film(film.with_seen(seen_of(film)))
    view.toggle_seen()
    drag(view, QPoint(100, 100), QPoint(130, 100))
    assert not view.is_showing_seen
    assert isinstance(view.look, Window)


def test_without_a_draft_the_models_view_is_asked_for_and_nothing_changes(
    view: FilmView, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(view.action_requested) as asked:
        QTest.keyClicks(view, "a")
    assert asked.args == ["film.seen"]
    assert not view.is_showing_seen


def test_a_later_draft_brings_its_view_without_touching_the_film(view: FilmView) -> None:
    film = view.film
    assert film is not None
    QTest.keyClicks(view, "+")
    placement = view.placement
    view.replace_overlay(film.with_seen(seen_of(film)))
    assert view.placement == placement
    view.toggle_seen()
    newer = seen_of(film)
    assert view.film is not None
    view.replace_overlay(view.film.with_seen(newer))
    assert view.look is newer.look
    assert view.film.looks.count(newer.look) == 1
    assert len(view.film.looks) == len(film.looks) + 1


# Keys


def test_number_keys_choose_looks_and_a_missing_one_does_nothing(view: FilmView) -> None:
    film = view.film
    assert film is not None
    for number, look in enumerate(film.looks, start=1):
        QTest.keyClicks(view, str(number))
        assert view.look is look
    QTest.keyClicks(view, "9")
    assert view.look is film.looks[-1]


def test_arrows_move_the_film_and_with_control_the_window(view: FilmView) -> None:
    view.one_to_one()
    middle = view.placement.middle
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert view.placement.middle == (middle[0] - 40, middle[1] - 40)
    assert isinstance(view.look, Window)
    before = view.look
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(view, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert isinstance(view.look, Window)
    assert view.look.width > before.width
    assert view.look.center > before.center


# Computed windows


def test_collimated_edges_are_left_out_of_computed_windows() -> None:
    random = np.random.default_rng(3)
    pixels = np.full((1000, 800), 60000, dtype=np.uint16)
    inside = random.integers(1000, 5000, (700, 500))
    pixels[150:850, 150:650] = inside
    rows, columns = exposed_field(pixels)
    assert (rows.start, rows.stop) == (150, 850)
    assert (columns.start, columns.stop) == (150, 650)
    film = Film.from_pixels(pixels)
    lungs = next(look for look in film.looks if look.explanation.startswith("Lungs"))
    assert isinstance(lungs, Window)
    assert lungs.center + lungs.width / 2 < 5000


def test_a_film_without_detail_keeps_its_whole_field() -> None:
    rows, columns = exposed_field(np.full((400, 300), 7, dtype=np.uint16))
    assert (rows.start, rows.stop, columns.start, columns.stop) == (0, 400, 0, 300)


def test_computed_windows_mean_the_same_on_an_inverted_film() -> None:
    random = np.random.default_rng(4)
    bright = (random.normal(0.4, 0.15, (600, 500)).clip(0, 1) * 4000).astype(np.uint16)
    plain = Film.from_pixels(bright)
    inverse = Film.from_pixels((4000 - bright).astype(np.uint16), inverse=True)
    for one, other in zip(plain.looks, inverse.looks, strict=True):
        assert isinstance(one, Window)
        assert isinstance(other, Window)
        assert one.explanation == other.explanation
        assert one.center == pytest.approx(4000 - other.center, abs=30)
        assert one.width == pytest.approx(other.width, rel=0.05)


def test_the_words_over_the_models_picture_are_whole_in_a_narrow_view(
    view: FilmView, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui.viewer import measure, overlay, seen

    written: list[tuple[float, float, str]] = []

    def note(painter: QPainter, at: QPointF, font: QFont, text: str) -> None:
        written.append((at.x(), at.x() + QFontMetricsF(font).horizontalAdvance(text), text))
        overlay.outlined(painter, at, font, text)

    for module in (seen, measure):
        monkeypatch.setattr(module, "outlined", note)
    view.resize(260, 400)
    view.set_film(film_of().with_seen(seen_of(film_of())))
    view.measure(True)
    drag(view, QPoint(100, 200), QPoint(240, 220))
    view.toggle_seen()
    view.grab()
    said = " ".join(text for _, _, text in written)
    assert "64 × 64 pixels; nothing outside the dashed square" in said
    assert "mm at detector plane, not calibrated" in said
    assert all(left >= 0 and right <= view.width() for left, right, _ in written), written
