"""Encoding a set: the first variant is what inference sees, the pass can stop anywhere, bad films are counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data.encode import EncodePlan, FilmTokenizer, encode_set
from engine.data.prepared import PreparedSet
from engine.errors import DataError
from engine.preprocess import PreprocessingSpec, film_from_file
from tests.engine.data.factories import BlockMeans, film_record, save_film

FILMS = Path(__file__).parents[3] / "dicom_node" / "films"
SPEC = PreprocessingSpec(side=64)
PLAN = EncodePlan(variants=3, batch=2, films_per_mark=2, workers=1)


def make_set(folder: Path, films: int = 5) -> PreparedSet:
    """Make a set of drawn films, one of them broken, one missing, one DICOM."""
    records = []
    for number in range(films):
        save_film(folder / "images" / f"{number}.jpg", number)
        records.append(film_record(number, folder / "images"))
    (folder / "images" / "1.jpg").write_bytes(b"\xff\xd8 no film")
    (folder / "images" / "3.jpg").unlink()
    records[4] = replace(records[4], image=FILMS / "DEMO0001.dcm")
    return PreparedSet.create(folder / "set", records, {}, images=folder / "images")


def tokenizer(encoder: BlockMeans | None = None, spec: PreprocessingSpec = SPEC) -> FilmTokenizer:
    return FilmTokenizer("ab" * 32, "block means", encoder or BlockMeans(), spec)


def test_every_film_is_encoded_or_counted(tmp_path: Path) -> None:
    made = make_set(tmp_path)
    encoded = encode_set(made, tokenizer(), PLAN)
    assert encoded.films == 3 and sum(encoded.refused.values()) == 2
    assert encoded.refused["The file can't be read: No such file or directory."] == 1
    assert not any(str(tmp_path) in reason for reason in encoded.refused)
    codes = made.codes("ab" * 32)
    assert codes.shape == (5, 3, 256) and codes.dtype == np.int16
    assert made.encoded("ab" * 32).tolist() == [True, False, True, False, True]
    assert (codes[1] == -1).all() and codes[0].min() >= 0


def test_the_first_variant_is_what_inference_sees_and_the_others_are_moved(tmp_path: Path) -> None:
    made = make_set(tmp_path)
    encode_set(made, tokenizer(), PLAN)
    codes = made.codes("ab" * 32)
    film = film_from_file(made.records[2].image, SPEC)
    np.testing.assert_array_equal(codes[2, 0], BlockMeans().encode(film[None])[0])
    assert (codes[2, 0] != codes[2, 1]).mean() > 0.3 and (codes[2, 1] != codes[2, 2]).mean() > 0.3


def test_three_channels_are_given_to_those_who_want_them(tmp_path: Path) -> None:
    made = make_set(tmp_path)
    encode_set(made, tokenizer(spec=replace(SPEC, channels=3)), PLAN)
    grey = make_set(tmp_path / "grey")
    encode_set(grey, tokenizer(), PLAN)
    np.testing.assert_array_equal(made.codes("ab" * 32), grey.codes("ab" * 32))


class Stopping(BlockMeans):
    """An encoder that is interrupted after so many films."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def encode(self, films: np.ndarray) -> np.ndarray:
        """Encode, or break off."""
        if self.films >= self.after:
            raise KeyboardInterrupt
        return super().encode(films)


@pytest.mark.parametrize("after", [0, 1, 4, 7])
def test_an_interrupted_pass_gives_the_same_codes(tmp_path: Path, after: int) -> None:
    whole, broken = make_set(tmp_path / "a"), make_set(tmp_path / "b")
    encode_set(whole, tokenizer(), PLAN)
    with pytest.raises(KeyboardInterrupt):
        encode_set(broken, tokenizer(Stopping(after)), PLAN)
    with pytest.raises(DataError, match="unfinished"):
        broken.codes("ab" * 32)
    rest = BlockMeans()
    resumed = encode_set(broken, tokenizer(rest), PLAN)
    assert resumed.films == 3 and sum(resumed.refused.values()) == 2
    # Marks are set after every second film; films 0 and 2 and 4 have codes, three variants each.
    assert rest.films == {0: 9, 1: 9, 4: 6, 7: 3}[after]
    np.testing.assert_array_equal(broken.codes("ab" * 32), whole.codes("ab" * 32))
    assert encode_set(broken, tokenizer(Stopping(0)), PLAN).films == 3


def test_what_a_film_s_codes_are_does_not_depend_on_the_films_beside_it(tmp_path: Path) -> None:
    five, one = make_set(tmp_path), make_set(tmp_path / "one")
    encode_set(five, tokenizer(), PLAN)
    alone = PreparedSet.create(tmp_path / "alone", [one.records[2]], {})
    encode_set(alone, tokenizer(), PLAN)
    np.testing.assert_array_equal(alone.codes("ab" * 32)[0], five.codes("ab" * 32)[2])


@pytest.mark.parametrize(("change", "why"), [({"variants": 2}, "variants"), ({"seed": 1}, "seed")])
def test_codes_made_otherwise_are_never_mixed(tmp_path: Path, change: dict[str, int], why: str) -> None:
    made = make_set(tmp_path)
    encode_set(made, tokenizer(), PLAN)
    with pytest.raises(DataError, match=f"made otherwise \\({why}\\)"):
        encode_set(made, tokenizer(), replace(PLAN, **change))
    with pytest.raises(DataError, match="preprocessing"):
        encode_set(made, tokenizer(spec=replace(SPEC, side=128)), PLAN)


def test_films_of_an_encoded_set_are_not_encoded_again(tmp_path: Path) -> None:
    five = make_set(tmp_path)
    encode_set(five, tokenizer(), PLAN)
    some = PreparedSet.create(tmp_path / "some", [five.records[i] for i in (4, 1, 2)], {})
    encoder = BlockMeans()
    encoded = encode_set(some, tokenizer(encoder), PLAN, reuse=five)
    assert encoder.films == 0 and encoded.films == 2 and sum(encoded.refused.values()) == 1
    np.testing.assert_array_equal(some.codes("ab" * 32), five.codes("ab" * 32)[[4, 1, 2]])
    other = PreparedSet.create(tmp_path / "other", five.records, {})
    with pytest.raises(DataError, match="made otherwise \\(seed\\)"):
        encode_set(other, tokenizer(), replace(PLAN, seed=5), reuse=five)
