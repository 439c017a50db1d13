"""The picture that a window makes again from a draft's evidence is the one that the model was given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.preprocess import PreprocessingSpec, film_from_array, published
from engine.worker_record import film_and_seen
from llmcxr_ws.imaging import displayed, read_dataset, stored, stored_table
from llmcxr_ws.seen import FilmSeen
from tests.factories import make_film

FILMS = sorted(Path(__file__).parents[2].glob("dicom_node/films/*.dcm"))
SPECS = {"own": PreprocessingSpec(), "published": published(256, 3)}


def noisy(rows: int, columns: int, bits: int) -> np.ndarray:
    random = np.random.default_rng(rows)
    ramp = np.add.outer(np.linspace(0.1, 0.5, rows), np.linspace(0.0, 0.3, columns))
    grey = (ramp + random.normal(0, 0.02, ramp.shape)).clip(0, 1) * ((1 << bits) - 1)
    return grey.astype(np.uint8 if bits == 8 else np.uint16)


def made(**overrides: Any) -> Any:
    return make_film(noisy(311, 420, overrides.get("bits_stored", 12)), **{"bits_stored": 12, **overrides})


MADE = {
    "12 bits": made(),
    "8 bits": made(bits_stored=8),
    "MONOCHROME1": made(photometric="MONOCHROME1"),
    "rescaled": made(RescaleSlope="0.5", RescaleIntercept="-100"),
    "falling rescale": made(RescaleSlope="-1", RescaleIntercept="4095"),
    "padded": made(PixelPaddingValue=1500, PixelPaddingRangeLimit=1700),
}


def check(ds: Any, spec: PreprocessingSpec) -> FilmSeen:
    given = stored(ds)
    film, noted = film_and_seen(given.values, spec, given.padding_mask)
    assert np.array_equal(film, film_from_array(given.values, spec, given.padding_mask))
    # As the store keeps it: through JSON and back.
    seen = FilmSeen.from_evidence({"film_seen": json.loads(json.dumps(noted.to_evidence()))})
    assert seen is not None
    image = displayed(ds)
    picture = seen.picture(image, stored_table(ds, image)[0])
    assert np.array_equal(picture, np.rint((film[0] + 1) * 127.5).astype(np.uint8))
    return seen


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("path", FILMS[:4], ids=lambda path: path.stem)
def test_a_real_film_is_shown_as_the_model_was_given_it(path: Path, spec: str) -> None:
    check(read_dataset(path), SPECS[spec])


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("case", MADE)
def test_a_made_film_is_shown_as_the_model_was_given_it(case: str, spec: str) -> None:
    seen = check(MADE[case], SPECS[spec])
    left, top, right, bottom = seen.region
    assert (top, bottom) == (0, 311)
    assert right - left == pytest.approx(311, abs=1.5)
    assert left == pytest.approx((420 - 311) / 2, abs=1.5)


@pytest.mark.parametrize("case", MADE)
def test_the_curve_is_the_models_grey_at_full_resolution(case: str) -> None:
    ds = MADE[case]
    given = stored(ds)
    _, noted = film_and_seen(given.values, PreprocessingSpec(), given.padding_mask)
    seen = FilmSeen.from_evidence({"film_seen": noted.to_evidence()})
    assert seen is not None
    image = displayed(ds)
    table = stored_table(ds, image)[0]
    bright = seen.curve(image, table).apply(image.units)
    shown = np.rint((1 - bright if image.invert else bright) * 255)
    assert np.array_equal(shown, seen.grey(table))


@pytest.mark.parametrize(
    "change",
    [
        {"greys": [0] * 255},
        {"greys": [300] * 256},
        {"low": 9, "high": 9},
        {"resample": "unheard of"},
        {"cut": [1, 2]},
        {"size": None},
        {"low": "many"},
        {"scaled": [0, 256]},
        {"size": [311, 0]},
        {"cut": [0, 0, 256, 9000]},
        {"cut": [200, 0, 200, 256]},
        {"scaled": ["wide", "high"]},
    ],
)
def test_evidence_that_cannot_be_drawn_is_nothing(change: dict[str, Any]) -> None:
    given = stored(MADE["12 bits"])
    entry = film_and_seen(given.values, PreprocessingSpec())[1].to_evidence()
    assert FilmSeen.from_evidence({"film_seen": entry}) is not None
    assert FilmSeen.from_evidence({"film_seen": {**entry, **change}}) is None


def test_evidence_of_an_older_draft_is_nothing() -> None:
    assert FilmSeen.from_evidence({}) is None
    assert FilmSeen.from_evidence({"film_seen": 3}) is None
