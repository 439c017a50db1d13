"""The prepared set: what is written is read, what doesn't belong together is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from engine.data.prepared import PreparedSet, keys_sha256
from engine.data.records import QuestionAnswer, ReportText
from engine.errors import DataError
from tests.engine.data.factories import film_record as film


def test_a_set_is_read_as_it_was_written(tmp_path: Path) -> None:
    films = [
        film(1, tmp_path),
        film(2, tmp_path, labels=None, age=None, report=None, findings=None, impression=None),
        film(
            3, Path("/elsewhere"), labels=frozenset(), view="", split="test", uncertain=frozenset({"Edema"})
        ),
    ]
    PreparedSet.create(tmp_path / "set", films, {"reader": "none"}, images=tmp_path)
    opened = PreparedSet.open(tmp_path / "set")
    assert opened.records == films
    assert opened.facts["reader"] == "none" and opened.facts["films"] == 3
    assert opened.rows == {"film1": 0, "film2": 1, "film3": 2}
    assert opened.select("test") == [2]


def test_a_set_from_before_uncertain_findings_is_read(tmp_path: Path) -> None:
    made = PreparedSet.create(tmp_path / "set", [film(1, tmp_path)], {}, images=tmp_path)
    file = made.folder / "films.parquet"
    parquet.write_table(parquet.read_table(file).drop_columns(["uncertain"]), file)
    assert PreparedSet.open(made.folder).records == made.records


def test_moved_images_are_found_again(tmp_path: Path) -> None:
    PreparedSet.create(tmp_path / "set", [film(1, tmp_path / "old")], {}, images=tmp_path / "old")
    opened = PreparedSet.open(tmp_path / "set", images=tmp_path / "new")
    assert opened.records[0].image == tmp_path / "new" / "1.jpg"


def test_texts_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = PreparedSet.create(tmp_path, [film(1, tmp_path)], {})
    reports = [ReportText("film1", "Normal.", "report"), ReportText("film1", "No finding.", "worded", 0.5)]
    pairs = [QuestionAnswer("film1", "Is it normal?", "Yes.", "labels", "rules 1", "public domain", 2.0)]
    assert made.reports() == [] and made.vqa() == []
    assert (made.write_reports(reports), made.write_vqa(pairs)) == (2, 1)
    opened = PreparedSet.open(tmp_path)
    assert opened.reports() == reports and opened.vqa() == pairs


def test_a_text_of_a_film_that_is_not_in_the_set_is_refused(tmp_path: Path) -> None:
    made = PreparedSet.create(tmp_path, [film(1, tmp_path)], {})
    with pytest.raises(DataError, match="1 of 1 texts"):
        made.write_reports([ReportText("film2", "Normal.", "report")])


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ({"key": "film1"}, "have the key 'film1'"),
        ({"patient": "p1", "split": "test"}, "in two splits"),
        ({"split": "validate"}, "'validate' is none of"),
    ],
)
def test_films_that_contradict_each_other_are_refused(
    tmp_path: Path, second: dict[str, str], why: str
) -> None:
    with pytest.raises(DataError, match=why):
        PreparedSet.create(tmp_path, [film(1, tmp_path), film(2, tmp_path, **second)], {})


def test_an_unfinished_set_is_none(tmp_path: Path) -> None:
    PreparedSet.create(tmp_path, [film(1, tmp_path)], {})
    (tmp_path / "prepared.json").unlink()
    with pytest.raises(DataError, match="isn't a prepared set"):
        PreparedSet.open(tmp_path)


def write_codes(made: PreparedSet, tokenizer: str, **changes: object) -> None:
    folder = made.codes_folder(tokenizer)
    folder.mkdir(parents=True)
    np.save(folder / "codes.npy", np.full((len(made.records), 2, 256), 7, dtype=np.int16))
    facts = {"keys_sha256": keys_sha256(made.records), "finished": True, **changes}
    (folder / "codes.json").write_text(json.dumps(facts))


def test_codes_are_found_by_their_tokenizer(tmp_path: Path) -> None:
    made = PreparedSet.create(tmp_path, [film(1, tmp_path), film(2, tmp_path)], {})
    write_codes(made, "a" * 64)
    assert made.codes("a" * 64).shape == (2, 2, 256)
    assert made.encoded("a" * 64).tolist() == [True, True]
    with pytest.raises(DataError, match="no codes of the tokenizer bbbbbbbbbbbb"):
        made.codes("b" * 64)


@pytest.mark.parametrize(
    ("changes", "why"), [({"keys_sha256": "0"}, "other films"), ({"finished": False}, "unfinished")]
)
def test_codes_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, object], why: str) -> None:
    made = PreparedSet.create(tmp_path, [film(1, tmp_path)], {})
    write_codes(made, "a" * 64, **changes)
    with pytest.raises(DataError, match=why):
        made.codes("a" * 64)
