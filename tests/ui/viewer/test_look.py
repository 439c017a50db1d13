"""Windows and tables give the grey levels of PS3.3 C.11.2, and the linear stand-in doesn't jump."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcxr_ws.grey import VoiLut, Window
from ui.viewer.film import Film
from ui.viewer.look import dragged, grey_table, linear_equivalent, window_over


@pytest.fixture
def chest() -> np.ndarray:
    """A 12-bit field with dark lungs, bright mediastinum and a bright edge, plus noise."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[0:600, 0:500]
    lung = 900.0 + 600.0 * np.cos(columns / 500 * 4 * np.pi)
    field = lung + 700.0 * (rows / 600) + rng.normal(0, 30, lung.shape)
    return np.clip(field, 0, 4095).astype(np.uint16)


def test_tables_are_the_ones_the_hall_draws_with() -> None:
    values = np.arange(4096.0)
    for look in (Window(2048.0, 4096.0), Window(2000.0, 300.0, "SIGMOID"), gamma_table(0, 4096, 0.5)):
        expected = np.rint(look.apply(values) * 255)
        assert np.array_equal(grey_table(look, values, inverse=False), expected)
        assert np.array_equal(grey_table(look, values, inverse=True), np.rint((1 - look.apply(values)) * 255))


def test_values_and_not_pixels_are_windowed() -> None:
    look = Window(0.0, 200.0, "LINEAR_EXACT")
    table = grey_table(look, np.arange(1000) * 2.0 - 1000.0, inverse=False)
    assert (table[450], table[500], table[550]) == (0, 128, 255)


@given(width=st.floats(2.0, 20000.0), right=st.floats(-300, 300), down=st.floats(-300, 300))
def test_a_drag_step_scales_with_the_width(width: float, right: float, down: float) -> None:
    start = Window(1000.0, width)
    moved = dragged(start, right, down)
    assert moved.center - start.center == pytest.approx(down * width / 200.0, abs=1e-6)
    assert moved.width == pytest.approx(max(width + right * width / 200.0, 2.0), abs=1e-5)


def test_a_linear_window_starts_a_drag_as_it_is() -> None:
    window = Window(5.0, 9.0)
    assert linear_equivalent(window, np.zeros(10, dtype=np.int64), np.arange(10.0))[0] is window


def gamma_table(first: int, entries: int, gamma: float) -> VoiLut:
    values = np.rint(65535.0 * (np.arange(entries) / (entries - 1)) ** gamma)
    return VoiLut(first, values.astype(np.uint16), 16, "made")


@pytest.mark.parametrize(
    "look",
    [
        Window(1200.0, 900.0, "SIGMOID"),
        gamma_table(0, 4096, 0.6),
        gamma_table(0, 4096, 1.8),
        # Ranges far beyond the data: an equivalent taken from the table's ends alone would jump.
        gamma_table(-30000, 95536, 1.0),
        gamma_table(0, 65536, 0.8),
        VoiLut(0, np.repeat([0, 65535], [1000, 3000]).astype(np.uint16), 16),
        VoiLut(0, np.linspace(65535, 0, 4096).astype(np.uint16), 16),
    ],
    ids=["sigmoid", "gamma 0.6", "gamma 1.8", "range beyond data", "16 bit over 12", "step", "falling"],
)
def test_the_linear_stand_in_does_not_jump(look: Window | VoiLut, chest: np.ndarray) -> None:
    values = np.arange(4096.0)
    window, falls = linear_equivalent(look, np.bincount(chest.ravel(), minlength=4096), values)
    before = grey_table(look, values, inverse=False)[chest].astype(float)
    after = grey_table(window, values, inverse=falls)[chest].astype(float)
    assert window.function == "LINEAR_EXACT"
    assert np.mean(np.abs(before - after)) < 9.0
    assert abs(before.mean() - after.mean()) < 4.0


def test_a_falling_modality_lut_is_fitted_as_well(chest: np.ndarray) -> None:
    values = 4095.0 - np.arange(4096.0)
    look = gamma_table(0, 4096, 0.7)
    window, falls = linear_equivalent(look, np.bincount(chest.ravel(), minlength=4096), values)
    before = grey_table(look, values, inverse=False)[chest].astype(float)
    assert not falls
    assert np.mean(np.abs(before - grey_table(window, values, inverse=False)[chest])) < 9.0


def test_quantile_window_leaves_the_tails_out() -> None:
    counts = np.zeros(65536, dtype=np.int64)
    counts[[1000, 2000, 65535]] = (5000, 5000, 10)
    window = window_over(counts, np.arange(65536.0), 0.01, 0.99, "middle")
    assert (window.center, window.width, window.explanation) == (1500.0, 1000.0, "middle")


def test_full_range_window_reaches_both_ends() -> None:
    pixels = np.linspace(700, 3300, 10000).astype(np.uint16).reshape(100, 100)
    film = Film.from_pixels(pixels)
    table = grey_table(film.looks[0], film.values, inverse=False)
    assert (table[700], table[3300]) == (0, 255)
    assert 0 < table[720] < 8


def test_the_stand_in_leaves_padding_out_of_account() -> None:
    pixels = np.full((64, 64), 60000, dtype=np.uint16)
    pixels[:32] = np.linspace(100, 1100, 32 * 64).reshape(32, 64).astype(np.uint16)
    film = Film.from_pixels(pixels, padding=pixels == 60000, looks=(gamma_table(0, 1200, 1.0),))
    window, _ = film.draggable(film.looks[0])
    assert window.center == pytest.approx(600, abs=30)
    assert window.width == pytest.approx(1200, abs=80)
