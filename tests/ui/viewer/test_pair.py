"""Two films side by side: a millimetre is equally long, the window is the same, one hand moves both."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from llmcxr_ws.grey import VoiLut, Window
from llmcxr_ws.spacing import Spacing
from ui.shortcuts import Scope, actions_by_key
from ui.viewer import Film
from ui.viewer.look import Look, grey_table
from ui.viewer.pair import FilmPair


def film_of(rows: int, columns: int, mm: float | None, *looks: Look, most: int = 4000) -> Film:
    ramp = np.linspace(0, most, rows * columns).reshape(rows, columns).astype(np.uint16)
    spacing = None if mm is None else Spacing(mm, mm, "detector")
    return Film.from_pixels(ramp, looks=looks or (Window(2000, 4000),), spacing=spacing)


@pytest.fixture
def pair(qtbot: QtBot) -> FilmPair:
    made = FilmPair(actions_by_key(Scope.FILM))
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.current.set_film(film_of(2000, 1600, 0.2))
    made.show()
    qtbot.waitExposed(made)
    return made


def mm_on_screen(pair: FilmPair) -> tuple[float, float]:
    """Device pixels for a millimetre, on the current film and on the prior."""
    sizes = []
    for view in (pair.current, pair.prior):
        assert view.film is not None
        assert view.film.pixel_mm is not None
        sizes.append(view.placement.scale / view.film.pixel_mm)
    return sizes[0], sizes[1]


def show(pair: FilmPair, prior: Film, qtbot: QtBot) -> None:
    pair.show_prior(prior, "Current: 2026-11-02, PA", "Prior: 2026-05-01, AP, 185 days before")
    qtbot.wait(20)


def test_a_millimetre_is_equally_long_on_both_and_both_fit(pair: FilmPair, qtbot: QtBot) -> None:
    show(pair, film_of(512, 512, 0.8), qtbot)
    one, other = mm_on_screen(pair)
    assert one == pytest.approx(other)
    assert pair.is_to_scale
    for view in (pair.current, pair.prior):
        across, down = view.placement.extent
        assert across <= view.width() + 1
        assert down <= view.height() + 1
        assert view.placement.middle == pytest.approx((view.width() / 2, view.height() / 2))
    # The larger one, here the prior of 410 mm, fills its view.
    assert pair.prior.placement.extent[0] == pytest.approx(pair.prior.width(), abs=1)


def test_zoom_and_pan_on_either_film_move_both(pair: FilmPair, qtbot: QtBot) -> None:
    show(pair, film_of(512, 512, 0.8), qtbot)
    for view in (pair.current, pair.prior):
        view.setFocus()
        QTest.keyClicks(view, "+++")
        QTest.keyClick(view, Qt.Key.Key_Right)
        one, other = mm_on_screen(pair)
        assert one == pytest.approx(other)
        assert pair.current.from_middle == pytest.approx(pair.prior.from_middle, abs=0.6)
        assert pair.current.from_middle != (0, 0)
        QTest.keyClicks(view, "f")
        assert mm_on_screen(pair)[0] == pytest.approx(mm_on_screen(pair)[1])
        assert pair.current.from_middle == pytest.approx((0, 0))


def test_a_resize_keeps_both_fitted_at_one_scale(pair: FilmPair, qtbot: QtBot) -> None:
    show(pair, film_of(512, 512, 0.8), qtbot)
    pair.resize(700, 500)
    qtbot.wait(30)
    one, other = mm_on_screen(pair)
    assert one == pytest.approx(other)
    assert pair.prior.placement.extent[0] <= pair.prior.width() + 1


def test_without_a_spacing_both_are_fitted_alike_and_not_called_to_scale(
    pair: FilmPair, qtbot: QtBot
) -> None:
    show(pair, film_of(512, 512, None), qtbot)
    assert not pair.is_to_scale
    assert pair.current.placement.extent[1] == pytest.approx(pair.prior.placement.extent[1])


def test_the_same_numbers_where_both_films_ask_for_the_same_window(pair: FilmPair, qtbot: QtBot) -> None:
    show(pair, film_of(512, 512, 0.8), qtbot)
    pair.current.set_look(Window(1234.0, 900.0))
    assert pair.prior.look == pair.current.look
    pair.prior.set_look(Window(800.0, 700.0))
    assert pair.current.look == pair.prior.look


def test_a_window_is_carried_in_proportion_to_another_detectors_units(pair: FilmPair, qtbot: QtBot) -> None:
    show(pair, film_of(512, 512, 0.8, Window(200, 400), most=400), qtbot)
    pair.current.set_look(Window(1500.0, 1000.0))
    look = pair.prior.look
    assert isinstance(look, Window)
    assert (look.center, look.width) == pytest.approx((150.0, 100.0))
    pair.prior.set_look(Window(250.0, 200.0))
    look = pair.current.look
    assert isinstance(look, Window)
    assert (look.center, look.width) == pytest.approx((2500.0, 2000.0))


def test_stored_and_computed_looks_and_inversion_go_along(pair: FilmPair, qtbot: QtBot) -> None:
    show(pair, film_of(512, 512, 0.8, Window(200, 400), most=400), qtbot)
    film, prior = pair.current.film, pair.prior.film
    assert film is not None
    assert prior is not None
    for number in range(len(film.looks)):
        pair.current.choose_look(number)
        assert pair.prior.look is prior.looks[number]
    pair.current.invert()
    assert pair.prior.is_inverted
    pair.prior.invert()
    assert not pair.current.is_inverted


def test_a_falling_table_beside_a_window_keeps_the_right_polarity(pair: FilmPair, qtbot: QtBot) -> None:
    falling = VoiLut(0, np.linspace(65535, 0, 4001).astype(np.uint16), 16)
    show(pair, film_of(512, 512, 0.8, falling), qtbot)
    prior = pair.prior.film
    assert prior is not None
    stored = grey_table(prior.looks[0], prior.values, inverse=False).astype(int)[:4001]
    pair.current.drag_window(0.5, 0.0)
    assert isinstance(pair.prior.look, Window)
    shown = grey_table(pair.prior.look, prior.values, inverse=pair.prior.is_reversed).astype(int)[:4001]
    assert np.abs(shown - stored).mean() < 4
    pair.prior.drag_window(0.5, 0.0)
    assert not pair.current.is_inverted


def test_the_prior_starts_with_the_window_of_the_current_film(pair: FilmPair, qtbot: QtBot) -> None:
    pair.current.set_look(Window(1500.0, 1000.0))
    pair.current.invert()
    show(pair, film_of(512, 512, 0.8), qtbot)
    assert pair.prior.look == Window(1500.0, 1000.0)
    assert pair.prior.is_inverted
    # Another prior in its place leaves the current film as it is.
    show(pair, film_of(600, 512, 0.7), qtbot)
    assert pair.current.look == Window(1500.0, 1000.0)
    assert pair.current.is_inverted


def test_turning_one_film_leaves_the_other(pair: FilmPair, qtbot: QtBot) -> None:
    show(pair, film_of(512, 512, 0.8), qtbot)
    pair.prior.setFocus()
    QTest.keyClicks(pair.prior, "h")
    assert pair.prior.placement.is_mirrored
    assert not pair.current.placement.is_mirrored


def test_swap_changes_the_sides_and_titles_stay_with_their_films(pair: FilmPair, qtbot: QtBot) -> None:
    show(pair, film_of(512, 512, 0.8), qtbot)

    def left(view: object) -> float:
        return view.mapTo(pair, QPointF(0, 0)).x()  # type: ignore[attr-defined, no-any-return]

    assert left(pair.current) < left(pair.prior)
    pair.swap()
    qtbot.wait(30)
    assert left(pair.prior) < left(pair.current)
    assert pair.titles == ("Current: 2026-11-02, PA", "Prior: 2026-05-01, AP, 185 days before")
    pair.swap()
    qtbot.wait(30)
    assert left(pair.current) < left(pair.prior)


def test_alone_again_the_film_fills_the_view(pair: FilmPair, qtbot: QtBot) -> None:
    scale = pair.current.placement.scale
    show(pair, film_of(512, 512, 0.8), qtbot)
    assert pair.current.placement.scale < scale
    pair.hide_prior()
    qtbot.wait(30)
    assert not pair.prior.isVisible()
    assert pair.current.placement.scale == pytest.approx(scale)
    pair.current.set_look(Window(5.0, 5.0))


def test_tools_and_magnifier_work_on_both(pair: FilmPair, qtbot: QtBot) -> None:
    show(pair, film_of(512, 512, 0.8), qtbot)
    QTest.keyClicks(pair.current, "mg")
    assert pair.prior.is_measuring
    assert pair.prior.is_magnifying
    QTest.keyClicks(pair.prior, "m")
    assert not pair.current.is_measuring


def test_zooming_the_prior_leaves_the_window_of_the_current_film(pair: FilmPair, qtbot: QtBot) -> None:
    curve = VoiLut(0, (np.linspace(0, 1, 4001) ** 0.4 * 65535).astype(np.uint16), 16)
    pair.current.set_film(film_of(2000, 1600, 0.2, Window(2000, 4000), curve))
    show(pair, film_of(512, 512, 0.8), qtbot)
    pair.current.set_look(curve)
    assert isinstance(pair.prior.look, Window), "the prior has no such table"
    pair.prior.setFocus()
    QTest.keyClicks(pair.prior, "+")
    assert pair.current.look is curve


def test_a_falling_table_is_compared_without_calling_anything_inverted(pair: FilmPair, qtbot: QtBot) -> None:
    falling = VoiLut(0, np.linspace(65535, 0, 4001).astype(np.uint16), 16)
    show(pair, film_of(512, 512, 0.8, falling), qtbot)
    pair.current.drag_window(0.5, 0.0)
    assert not pair.prior.is_inverted
    pair.prior.drag_window(0.5, 0.0)
    pair.prior.invert()
    assert pair.current.is_inverted
    pair.current.reset()
    assert not pair.prior.is_inverted
    prior = pair.prior.film
    assert prior is not None
    assert pair.prior.look is falling


def test_a_prior_is_shown_where_the_current_film_cannot_be(pair: FilmPair, qtbot: QtBot) -> None:
    pair.current.clear("The pixel data of this film can't be read.")
    show(pair, film_of(512, 512, 0.8), qtbot)
    assert pair.prior.isVisible()
    assert pair.prior.placement.extent[0] == pytest.approx(pair.prior.width(), abs=1)
    QTest.keyClicks(pair.prior, "+i")
    pair.current.set_film(film_of(2000, 1600, 0.2))
    pair.current_changed()
    assert mm_on_screen(pair)[0] == pytest.approx(mm_on_screen(pair)[1])
