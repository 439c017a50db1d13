"""What a reader relies on: the point under the pointer stays, turning back is turning back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.viewer.geometry import Placement

sizes = st.integers(1, 5000)
turns = st.tuples(st.integers(-3, 3), st.booleans(), st.booleans())
coordinates = st.floats(-4000, 4000)


def placed(rows: int, columns: int, how: tuple[int, bool, bool], scale: float) -> Placement:
    placement = Placement(rows, columns, scale=scale, middle=(311.5, 207.25)).turned(how[0])
    placement = placement.mirrored(left_right=True) if how[1] else placement
    return placement.mirrored(left_right=False) if how[2] else placement


@given(sizes, sizes, turns, st.floats(0.03, 20), st.floats(0.2, 5), coordinates, coordinates)
def test_zoom_keeps_the_point_under_the_pointer(
    rows: int, columns: int, how: tuple[int, bool, bool], scale: float, factor: float, x: float, y: float
) -> None:
    before = placed(rows, columns, how, scale)
    after = before.zoomed(factor, (x, y))
    tolerance = 1e-6 * max(abs(x), abs(y), 1.0) / min(before.scale, after.scale) + 1e-6
    assert after.to_film((x, y)) == pytest.approx(before.to_film((x, y)), abs=tolerance)


@given(sizes, sizes, turns, st.floats(0.03, 20), coordinates, coordinates)
def test_to_film_undoes_to_screen(
    rows: int, columns: int, how: tuple[int, bool, bool], scale: float, x: float, y: float
) -> None:
    placement = placed(rows, columns, how, scale)
    assert placement.to_film(placement.to_screen((x, y))) == pytest.approx((x, y), abs=1e-5)


@given(sizes, sizes, turns, st.integers(50, 3000), st.integers(50, 3000))
def test_a_fitted_film_is_whole_and_touches_two_edges(
    rows: int, columns: int, how: tuple[int, bool, bool], width: int, height: int
) -> None:
    placement = placed(rows, columns, how, 1.0).fitted(width, height)
    across, down = placement.extent
    if 0.02 < placement.scale < 32.0:
        assert across <= width + 1e-6
        assert down <= height + 1e-6
        assert across == pytest.approx(width) or down == pytest.approx(height)


@given(turns)
def test_orientations_undo_themselves(how: tuple[int, bool, bool]) -> None:
    start = placed(30, 20, how, 1.0)
    assert start.turned(4) == start
    assert start.turned(1).turned(-1) == start
    assert start.mirrored(left_right=True).mirrored(left_right=True) == start
    assert (
        start.mirrored(left_right=True).mirrored(left_right=False).orientation == start.turned(2).orientation
    )


def test_mirroring_is_on_the_screen_not_on_the_film() -> None:
    turned = Placement(100, 100, middle=(50, 50)).turned(1)
    assert turned.to_screen((0, 50)) == (50, 0)
    assert turned.mirrored(left_right=True).to_screen((0, 50)) == (50, 0)
    assert turned.mirrored(left_right=False).to_screen((0, 50)) == (50, 100)


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(0.05, 10))
def test_the_view_never_loses_the_film(x: float, y: float, scale: float) -> None:
    placement = Placement(500, 400, scale=scale).moved(x, y).kept_in(800, 600)
    across, down = placement.extent
    assert placement.middle[0] - across / 2 < 800
    assert placement.middle[0] + across / 2 > 0
    assert placement.middle[1] - down / 2 < 600
    assert placement.middle[1] + down / 2 > 0
