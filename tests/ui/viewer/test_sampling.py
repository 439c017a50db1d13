"""Resampling and look-up give the same pixels as the plain way, only sooner."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcxr_ws.grey import Window
from ui.viewer.film import Film, pyramid
from ui.viewer.geometry import UPRIGHT, Placement, edge_letters
from ui.viewer.sampling import look_up, sample

ORIENTATIONS = [Placement(1, 1).turned(n).orientation for n in range(4)] + [
    Placement(1, 1).mirrored(left_right=True).turned(n).orientation for n in range(4)
]


def film_of(rows: int, columns: int, seed: int = 3) -> Film:
    rng = np.random.default_rng(seed)
    return Film.from_pixels(rng.integers(0, 65536, (rows, columns), dtype=np.uint16))


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 300), columns=st.integers(1, 3000), seed=st.integers(0, 99))
def test_block_look_up_equals_plain_look_up(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 65536, (rows, columns), dtype=np.uint16)
    table = rng.integers(0, 256, 65536, dtype=np.uint8)
    assert np.array_equal(look_up(table, values), table[values])


def test_look_up_fills_a_wider_buffer_in_place() -> None:
    values = np.arange(30, dtype=np.uint16).reshape(5, 6)
    table = np.arange(65536, dtype=np.uint64).astype(np.uint8)
    buffer = np.zeros((5, 8), dtype=np.uint8)
    look_up(table, values, buffer[:, :6])
    assert np.array_equal(buffer[:, :6], values)
    assert not buffer[:, 6:].any()


def test_pyramid_halves_are_means_and_keep_odd_edges() -> None:
    pixels = np.arange(515 * 513, dtype=np.uint32).reshape(515, 513).astype(np.uint16)
    levels = pyramid(pixels)
    assert [level.shape for level in levels] == [(515, 513), (258, 257)]
    assert levels[1][3, 4] == (int(pixels[6:8, 8:10].astype(np.uint32).sum()) + 2) // 4
    assert levels[1][257, 256] == pixels[514, 512]


def test_half_of_the_brightest_pixels_does_not_overflow() -> None:
    white = np.full((1024, 1024), 65535, dtype=np.uint16)
    assert all(np.all(level == 65535) for level in pyramid(white))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("smooth", [False, True])
def test_one_to_one_shows_the_stored_pixels(orientation: tuple[int, int, int, int], smooth: bool) -> None:
    film = film_of(40, 31)
    across, down = (40, 31) if orientation[0] == 0 else (31, 40)
    placement = Placement(40, 31, orientation, 1.0, (across / 2, down / 2))
    shown = sample(film, placement, across, down, smooth=smooth)
    a, b, c, d = orientation
    expected = film.levels[0].T if a == 0 else film.levels[0]
    expected = expected[:, ::-1] if a + b < 0 else expected
    expected = expected[::-1] if c + d < 0 else expected
    assert (shown.left, shown.top) == (0, 0)
    assert np.array_equal(shown.values, expected)


def test_only_the_visible_part_is_sampled() -> None:
    placement = Placement(400, 300, UPRIGHT, 4.0, (50.0, 50.0))
    shown = sample(film_of(400, 300), placement, 100, 100, smooth=True)
    assert shown.values.shape == (100, 100)


def test_a_film_out_of_sight_gives_an_empty_sample() -> None:
    placement = Placement(40, 30, UPRIGHT, 1.0, (-500.0, 0.0))
    assert sample(film_of(40, 30), placement, 100, 100, smooth=False).values.size == 0


def test_smooth_sampling_keeps_a_straight_ramp_straight() -> None:
    ramp = np.tile(np.arange(0, 6000, 10, dtype=np.uint16), (600, 1))
    placement = Placement(600, 600).fitted(450, 450)
    shown = sample(Film.from_pixels(ramp), placement, 450, 450, smooth=True)
    steps = np.diff(shown.values[200].astype(int))[2:-2]
    assert steps.min() >= 12
    assert steps.max() <= 15


def test_small_scales_average_instead_of_thinning() -> None:
    lines = np.zeros((1024, 1024), dtype=np.uint16)
    lines[::2] = 60000
    placement = Placement(1024, 1024).fitted(256, 256)
    shown = sample(Film.from_pixels(lines), placement, 256, 256, smooth=False)
    assert np.all(shown.values == 30000)


def test_padding_is_black_at_every_polarity_and_its_edge_stays_clean() -> None:
    pixels = np.full((1024, 1024), 2000, dtype=np.uint16)
    pixels[:, :300] = 65535
    film = Film.from_pixels(pixels, padding=pixels == 65535, looks=(Window(2000, 100),))
    assert film.counts[65535] == 0
    shown = sample(film, Placement(1024, 1024).fitted(512, 512), 512, 512, smooth=True)
    assert shown.padding is not None
    assert shown.padding[:, :149].all()
    assert not shown.padding[:, 151:].any()
    assert shown.values[~shown.padding].max() <= 2000


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4), np.uint8), np.zeros((0, 4), np.uint16), np.zeros(4, np.uint16)]
)
def test_other_arrays_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint16 pixels in two dimensions"):
        Film.from_pixels(bad)


def test_edge_letters_follow_the_orientation() -> None:
    # A PA film as stored: rows run to the patient's left, columns to the feet.
    assert edge_letters(UPRIGHT, "L", "F") == ("R", "L", "H", "F")
    mirrored = Placement(1, 1).mirrored(left_right=True).orientation
    assert edge_letters(mirrored, "L", "F") == ("L", "R", "H", "F")
    # A quarter turn to the right puts the patient's head on the right.
    assert edge_letters(Placement(1, 1).turned(1).orientation, "L", "F") == ("F", "H", "R", "L")
    assert edge_letters(UPRIGHT, "", "") == ("", "", "", "")


def test_pixels_without_a_meaning_are_refused() -> None:
    with pytest.raises(ValueError, match="values for 10 only"):
        Film.from_pixels(np.full((4, 4), 10, np.uint16), values=np.arange(10.0))
