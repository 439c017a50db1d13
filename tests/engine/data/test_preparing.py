"""Preparing a set: everything accounted for, resumed where it was, refused where it would mix two things."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.data.filters import FilterRules
from engine.data.open_reader import prepare_set
from engine.data.prepared import PreparedSet
from engine.data.preparing import prepare
from engine.data.readers import Outcome, ReadRules
from engine.data.readers.mimic import MimicReader
from engine.data.settings import PrepareSettings
from engine.errors import DataError, SettingsError
from tests.engine.data.factories import make_mimic, make_openi, save_film, write_csv


class Counting(MimicReader):
    """A reader that notes what it reads and breaks down at one film."""

    def __init__(self, root: Path, break_at: str = "") -> None:
        super().__init__(root, ReadRules())
        self.break_at = break_at
        self.seen: list[str] = []

    def read(self, unit: str) -> Outcome:
        if unit == self.break_at:
            raise KeyboardInterrupt
        self.seen.append(unit)
        return super().read(unit)


def run(reader: MimicReader, out: Path, replace: bool = False, **settings: object) -> PreparedSet:
    rules = FilterRules(views="any")
    return prepare(reader, out, rules, settings, replace=replace, workers=1, units_per_part=2)


def test_mimic_through_the_settings(tmp_path: Path) -> None:
    root = make_mimic(tmp_path / "mimic")
    made = prepare_set(PrepareSettings(reader="mimic", source=str(root), out=tmp_path / "set"))
    assert [record.key for record in made.records] == ["aaaa-pa", "aaac-ap", "aaad-ap"]
    assert made.facts["drops"] == {"view not frontal": 1, "image file missing": 1, "view not known": 1}
    assert made.facts["items"] == 6 == made.facts["films"] + sum(made.facts["drops"].values())
    assert made.facts["splits"]["train"]["studies"] == 2 and made.facts["splits"]["val"]["films"] == 1
    assert made.facts["texts"]["films without a report file"] == 1
    assert made.reports()[0].text == "Clear lungs. Normal chest 1."
    assert {text.kind for text in made.reports()} == {"report"}
    assert PreparedSet.open(tmp_path / "set").records == made.records
    assert not (tmp_path / "set" / ".parts").exists()


def test_the_paper_s_second_stage(tmp_path: Path) -> None:
    root = make_mimic(tmp_path / "mimic")
    settings = PrepareSettings(
        reader="mimic", source=str(root), out=tmp_path / "set", sections="published", blanks="keep", prior="keep",
        first_study=True, text="impression",
    )  # fmt: skip
    made = prepare_set(settings)
    assert [record.key for record in made.records] == ["aaaa-pa", "aaad-ap"]
    assert made.facts["drops"]["not the patient's first study"] == 2


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    root = make_mimic(tmp_path / "mimic")
    whole = run(Counting(root), tmp_path / "whole")
    broken = Counting(root, break_at="aaad-ap")
    with pytest.raises(KeyboardInterrupt):
        run(broken, tmp_path / "set")
    assert broken.seen == ["aaaa-pa", "aaab-lat", "aaac-ap"]
    with pytest.raises(DataError, match="isn't a prepared set"):
        PreparedSet.open(tmp_path / "set")
    resumed = Counting(root)
    made = run(resumed, tmp_path / "set")
    assert resumed.seen == ["aaac-ap", "aaad-ap", "aaae-pa", "aaaf-pa"]
    assert made.records == whole.records and made.reports() == whole.reports()
    same = {key: value for key, value in made.facts.items() if key != "prepared"}
    assert same == {key: value for key, value in whole.facts.items() if key != "prepared"}


def test_a_run_with_other_settings_begins_anew(tmp_path: Path) -> None:
    root = make_mimic(tmp_path / "mimic")
    with pytest.raises(KeyboardInterrupt):
        run(Counting(root, break_at="aaad-ap"), tmp_path / "set")
    other = Counting(root)
    run(other, tmp_path / "set", sections="published")
    assert other.seen[0] == "aaaa-pa"


def test_a_finished_set_is_opened_and_never_mixed(tmp_path: Path) -> None:
    root = make_mimic(tmp_path / "mimic")
    run(Counting(root), tmp_path / "set")
    again = Counting(root)
    run(again, tmp_path / "set")
    assert again.seen == []
    with pytest.raises(DataError, match="prepared with other settings"):
        run(again, tmp_path / "set", sections="published")
    run(again, tmp_path / "set", replace=True, sections="published")
    assert len(again.seen) == 6


def test_open_i_through_the_settings(tmp_path: Path) -> None:
    root = make_openi(tmp_path / "openi")
    settings = PrepareSettings(
        reader="openi", source=str(root / "ecgen-radiology"), images=root / "images", views=root / "views.csv",
        out=tmp_path / "set",
    )  # fmt: skip
    made = prepare_set(settings)
    assert [record.key for record in made.records] == ["CXR1_1_IM-0001-3001"]
    assert made.facts["drops"] == {
        "view not frontal": 1,
        "image file missing": 1,
        "report that names no film": 1,
        "report that isn't XML": 1,
    }
    assert made.facts["licences"] == ["CC BY-NC-ND 4.0"]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"reader": "dicom", "reports": "x"}, "Setting reports: the reader dicom doesn't take it"),
        ({"reader": "mimic", "salt": "x"}, "Setting salt"),
        ({"reader": "manifest", "texts_only": True}, "Setting texts_only"),
    ],
)
def test_a_setting_that_would_be_ignored_is_refused(
    tmp_path: Path, settings: dict[str, object], why: str
) -> None:
    with pytest.raises(SettingsError, match=why):
        prepare_set(PrepareSettings(source=str(tmp_path), out=tmp_path / "set", **settings))  # type: ignore[arg-type]


def manifest(tmp_path: Path, rows: Sequence[Sequence[str]]) -> Path:
    return write_csv(tmp_path / "films.csv", [("file", "patient", "view", "split"), *rows])


def test_a_set_without_films_is_refused_with_the_drops(tmp_path: Path) -> None:
    table = manifest(tmp_path, [("a.jpg", "p1", "PA", ""), ("b.jpg", "p2", "LL", "")])
    with pytest.raises(DataError, match=r"No film is left of 2\. Dropped: image file missing: 2"):
        prepare_set(PrepareSettings(reader="manifest", source=str(table), out=tmp_path / "set"))


def test_a_patient_in_two_splits_is_refused(tmp_path: Path) -> None:
    save_film(tmp_path / "a.jpg")
    save_film(tmp_path / "b.jpg")
    table = manifest(tmp_path, [("a.jpg", "p1", "PA", "train"), ("b.jpg", "p1", "PA", "test")])
    with pytest.raises(DataError, match="in two splits"):
        prepare_set(PrepareSettings(reader="manifest", source=str(table), out=tmp_path / "set"))
    made = prepare_set(
        PrepareSettings(reader="manifest", source=str(table), out=tmp_path / "set", split="made")
    )
    assert len({record.split for record in made.records}) == 1


def test_the_salt_is_not_written_down(tmp_path: Path) -> None:
    films = Path(__file__).parents[3] / "dicom_node" / "films"
    made = prepare_set(
        PrepareSettings(reader="dicom", source=str(films), out=tmp_path, salt="a secret of the site", limit=3)
    )
    assert len(made.records) + sum(made.facts["drops"].values()) == 3
    assert "a secret" not in json.dumps(made.facts)
