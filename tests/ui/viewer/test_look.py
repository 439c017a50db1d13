"""Windows and tables give the grey levels of PS3.3 C.11.2, and the linear stand-in doesn't jump."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.viewer.film import Film
from ui.viewer.look import ENTRIES, Function, Table, Window, grey_table, linear_equivalent


def counts_of(pixels: np.ndarray) -> np.ndarray:
    return np.bincount(pixels.ravel(), minlength=ENTRIES).astype(np.int64)


@pytest.fixture
def chest() -> np.ndarray:
    """A 12-bit field with dark lungs, bright mediastinum and a bright edge, plus noise."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[0:600, 0:500]
    lung = 900.0 + 600.0 * np.cos(columns / 500 * 4 * np.pi)
    field = lung + 700.0 * (rows / 600) + rng.normal(0, 30, lung.shape)
    return np.clip(field, 0, 4095).astype(np.uint16)


@pytest.mark.parametrize(
    ("function", "value", "grey"),
    [
        # C.11.2.1.2.1 with centre 2048 and width 4096: 0 is black, 4095 white.
        (Function.LINEAR, 0.0, 0.0),
        (Function.LINEAR, 4095.0, 255.0),
        (Function.LINEAR, 2047.5, 127.5),
        # C.11.2.1.3.2: the edges are centre -+ width / 2 exactly.
        (Function.LINEAR_EXACT, 0.0, 0.0),
        (Function.LINEAR_EXACT, 4096.0, 255.0),
        (Function.LINEAR_EXACT, 2048.0, 127.5),
        # C.11.2.1.3.1: half at the centre, 1 / (1 + exp(-2)) half a width above it.
        (Function.SIGMOID, 2048.0, 127.5),
        (Function.SIGMOID, 4096.0, 255.0 / (1.0 + np.exp(-2.0))),
    ],
)
def test_window_functions(function: Function, value: float, grey: float) -> None:
    window = Window(center=2048.0, width=4096.0, function=function)
    assert window.greys(np.array([value]))[0] == pytest.approx(grey, abs=1e-9)


def test_linear_with_width_one_is_a_threshold() -> None:
    window = Window(center=100.0, width=1.0)
    assert window.greys(np.array([99.0, 99.4, 99.6, 100.0])).tolist() == [0.0, 0.0, 255.0, 255.0]


def test_table_holds_its_ends() -> None:
    table = Table(first=10.0, greys_by_value=np.array([5.0, 100.0, 250.0]))
    assert table.greys(np.array([0.0, 10.0, 11.0, 12.0, 4000.0])).tolist() == [5.0, 5.0, 100.0, 250.0, 250.0]


def test_inverse_is_the_complement_in_every_entry() -> None:
    look = Window(center=500.0, width=300.0, function=Function.SIGMOID)
    plain = grey_table(look, 1.0, 0.0, inverse=False)
    assert np.array_equal(grey_table(look, 1.0, 0.0, inverse=True), 255 - plain)


def test_rescale_is_applied_before_the_window() -> None:
    look = Window(center=0.0, width=200.0, function=Function.LINEAR_EXACT)
    table = grey_table(look, 2.0, -1000.0, inverse=False)
    assert (table[450], table[500], table[550]) == (0, 128, 255)


@given(width=st.floats(1.0, 20000.0), right=st.floats(-300, 300), down=st.floats(-300, 300))
def test_a_drag_step_scales_with_the_width(width: float, right: float, down: float) -> None:
    start = Window(center=1000.0, width=width)
    moved = start.dragged(right, down)
    assert moved.center - start.center == pytest.approx(down * width / 200.0, abs=1e-6)
    assert moved.width == pytest.approx(max(width + right * width / 200.0, 1.0 + 1e-6), abs=1e-5)


def test_a_linear_window_starts_a_drag_as_it_is() -> None:
    window = Window(center=5.0, width=9.0)
    assert linear_equivalent(window, np.zeros(ENTRIES, dtype=np.int64), 1.0, 0.0) is window


def gamma_table(first: int, entries: int, gamma: float) -> Table:
    return Table(first=first, greys_by_value=255.0 * (np.arange(entries) / (entries - 1)) ** gamma)


@pytest.mark.parametrize(
    "look",
    [
        Window(center=1200.0, width=900.0, function=Function.SIGMOID),
        gamma_table(0, 4096, 0.6),
        gamma_table(0, 4096, 1.8),
        # Ranges far beyond the data: an equivalent taken from the table's ends alone would jump.
        gamma_table(-30000, 95536, 1.0),
        gamma_table(0, 65536, 0.8),
        Table(first=0, greys_by_value=np.repeat([0.0, 255.0], [1000, 3000])),
    ],
    ids=["sigmoid", "gamma 0.6", "gamma 1.8", "range beyond data", "16 bit over 12", "step"],
)
def test_the_linear_stand_in_does_not_jump(look: Window | Table, chest: np.ndarray) -> None:
    window = linear_equivalent(look, counts_of(chest), 1.0, 0.0)
    before = grey_table(look, 1.0, 0.0, inverse=False)[chest].astype(float)
    after = grey_table(window, 1.0, 0.0, inverse=False)[chest].astype(float)
    assert window.function is not Function.SIGMOID
    assert np.mean(np.abs(before - after)) < 9.0
    assert abs(before.mean() - after.mean()) < 4.0


def test_the_stand_in_leaves_padding_out_of_account() -> None:
    pixels = np.full((64, 64), 60000, dtype=np.uint16)
    pixels[:32] = np.linspace(100, 1100, 32 * 64).reshape(32, 64).astype(np.uint16)
    film = Film.from_pixels(pixels, padding=pixels == 60000, looks=(gamma_table(0, 1200, 1.0),))
    window = film.draggable(film.looks[0])
    assert window.center == pytest.approx(600, abs=30)
    assert window.width == pytest.approx(1200, abs=80)
