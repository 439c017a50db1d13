"""Preprocessing: the same film by file and by array, OpenCV's equalisation, refusals."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.errors import BundleError, FilmRefused
from engine.preprocess import (
    PreprocessingSpec,
    Steps,
    equalize_histogram,
    film_from_array,
    film_from_file,
    prepared_grey,
    published,
)

SPEC = PreprocessingSpec()


def picture(height: int = 300, width: int = 400, seed: int = 0) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    smooth = np.add.outer(np.linspace(20, 120, height), np.linspace(0, 90, width))
    return np.asarray((smooth + random.normal(0, 6, smooth.shape)).clip(5, 240).astype(np.uint8))


def png(values: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, format="PNG")
    return stream.getvalue()


def test_jpeg_and_stored_values_of_the_same_film_are_equal() -> None:
    stream = io.BytesIO()
    Image.fromarray(picture()).save(stream, format="JPEG", quality=90)
    with Image.open(io.BytesIO(stream.getvalue())) as image:
        stored = np.asarray(image)
    from_file = film_from_file(stream.getvalue(), SPEC)
    assert np.array_equal(from_file, film_from_array(stored, SPEC))
    assert from_file.shape == (1, 256, 256)
    assert from_file.dtype == np.float32
    assert -1.0 <= from_file.min() < -0.9
    assert 0.9 < from_file.max() <= 1.0


def test_sixteen_bit_values_scaled_from_eight_give_nearly_the_same_film() -> None:
    stored = picture()
    wide = stored.astype(np.uint16) * 257
    assert np.array_equal(film_from_file(png(wide), SPEC), film_from_array(stored, SPEC))


def test_three_channels_repeat_one() -> None:
    film = film_from_array(picture(), PreprocessingSpec(channels=3))
    assert film.shape == (3, 256, 256)
    assert np.array_equal(film[0], film[2])


def test_equalisation_follows_its_definition() -> None:
    grey = np.array([[10, 10, 10, 20], [20, 30, 40, 40]], dtype=np.uint8)
    # Eight pixels, the first value taken out: counts 2, 1, 2 of 5 cumulate to 2/5, 3/5, 5/5 of 255.
    wanted = np.array([[0, 0, 0, 102], [102, 153, 255, 255]], dtype=np.uint8)
    assert np.array_equal(equalize_histogram(grey), wanted)


def test_equalisation_of_one_value_changes_nothing() -> None:
    grey = np.full((4, 4), 77, dtype=np.uint8)
    assert np.array_equal(equalize_histogram(grey), grey)


def test_any_rising_linear_window_gives_the_same_film() -> None:
    stored = picture().astype(np.uint16)
    first = film_from_array(stored * 40 + 1000, SPEC)
    assert np.array_equal(first, film_from_array(stored * 40, SPEC))


def test_padding_counts_in_nothing_and_is_black() -> None:
    stored = picture(300, 300).astype(np.uint16)
    inner = prepared_grey(stored, SPEC.dicom, SPEC.minimum_side)
    wide = np.pad(stored, ((0, 0), (50, 50)), constant_values=65535)
    mask = np.pad(np.zeros(stored.shape, dtype=bool), ((0, 0), (50, 50)), constant_values=True)
    padded = prepared_grey(wide, SPEC.dicom, SPEC.minimum_side, mask)
    assert np.array_equal(padded[:, 50:-50], inner)
    assert not padded[:, :50].any()


def test_short_side_is_scaled_and_the_centre_kept() -> None:
    stored = picture(512, 1024)
    stored[:, :200] = 0
    stored[:, -200:] = 255
    film = film_from_array(stored, SPEC)[0]
    # 1024 x 512 becomes 512 x 256; the outer 128 columns on each side (256 of the original) are cut off.
    assert film[:, 2:-2].std(axis=0).min() > 0.01


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (np.full((300, 300), 9, dtype=np.uint8), "value 9"),
        (np.zeros((3, 300, 300), dtype=np.uint8), "3-D"),
        (np.zeros((300, 300), dtype=np.float32), "float32"),
        (picture(120, 400), "400 x 120"),
    ],
)
def test_unfit_arrays_are_refused(stored: NDArray[np.uint8], message: str) -> None:
    with pytest.raises(FilmRefused, match=message):
        film_from_array(stored, SPEC)


def test_masks_that_hide_everything_or_do_not_fit_are_refused() -> None:
    stored = picture(300, 300)
    with pytest.raises(FilmRefused, match="Every pixel"):
        film_from_array(stored, SPEC, np.ones(stored.shape, dtype=bool))
    with pytest.raises(FilmRefused, match="mask"):
        film_from_array(stored, SPEC, np.ones((2, 2), dtype=bool))


def test_a_file_that_is_no_image_is_refused() -> None:
    with pytest.raises(FilmRefused, match="can't be read as an image"):
        film_from_file(b"%PDF-1.7 not a film", SPEC)
    with pytest.raises(FilmRefused, match="can't be read as an image"):
        film_from_file(png(picture())[:200], SPEC)


def test_manifest_entry_round_trips_and_unknown_versions_are_refused() -> None:
    entry = PreprocessingSpec(channels=3).to_manifest()
    assert PreprocessingSpec.from_manifest(entry) == PreprocessingSpec(channels=3)
    with pytest.raises(BundleError, match="'3'"):
        PreprocessingSpec.from_manifest({**entry, "version": "3"})
    with pytest.raises(BundleError, match="can't be read"):
        PreprocessingSpec.from_manifest({"version": "1"})


@pytest.mark.parametrize(("spare", "top"), [(1, 0), (2, 1), (3, 2), (5, 2), (7, 4)])
def test_the_published_crop_rounds_to_even(spare: int, top: int) -> None:
    rows = np.arange(64 + spare, dtype=np.uint8)[:, None].repeat(64, axis=1)
    film = film_from_array(rows, published(64, 3), source="file")
    assert film.shape == (3, 64, 64)
    assert np.rint((film[0, 0, 0] + 1.0) * 127.5) == top


def test_a_published_file_and_its_dicom_give_the_same_film() -> None:
    spec = published(256, 3)
    assert PreprocessingSpec.from_manifest(spec.to_manifest()) == spec
    stored = picture().astype(np.uint16) * 13 + 40
    jpeg = prepared_grey(stored, Steps(min_max=True, equalize=True), 256)
    assert np.array_equal(film_from_array(stored, spec), film_from_file(png(jpeg), spec))
    with pytest.raises(FilmRefused, match="at least 256"):
        film_from_array(picture()[:255], spec)
