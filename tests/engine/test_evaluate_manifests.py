"""Films that nobody here has seen: manifests as people write them, files that can't be read, what is said of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from engine.data.manifest import COLUMNS, FilmRow, read_manifest
from engine.errors import DataError
from engine.evaluate.cohort import Cohort, labelled_cohort, load_cohort, strata
from engine.evaluate.shift import manifest_rows, read_predictions
from engine.model import Model
from llmcxr_ws.cli import build_app
from llmcxr_ws.errors import EngineFailure
from tests.engine.factories import chest_pixels

Row = dict[str, str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMCXR_HOME", str(tmp_path / "home"))


def film(number: int, **cells: str) -> Row:
    """A line of a manifest; half of the films are abnormal."""
    labels = "Pneumonia|Effusion" if number % 2 else "No Finding"
    plain = {"file": f"{number}.png", "source": "nih-cxr14", "patient": f"p{number}", "view": "PA"}
    return {**plain, "age": "50", "sex": "F", "labels": labels, **cells}


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a manifest, with a picture for each line that has none yet."""

    def write(rows: list[Row], encoding: str = "utf-8") -> Path:
        for number, row in enumerate(rows):
            path = tmp_path / row["file"]
            if path.suffix == ".png" and not path.exists():
                Image.fromarray(chest_pixels(number)).save(path)
        stream = io.StringIO()
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        (tmp_path / "manifest.csv").write_text(stream.getvalue(), encoding=encoding)
        return tmp_path / "manifest.csv"

    return write


def run(manifest: Path, tiny_folder: Path, *arguments: str) -> tuple[Result, dict[str, Any]]:
    target = manifest.with_name("figures.json")
    command = ["evaluate", "report", "--model", str(tiny_folder), "--manifest", str(manifest)]
    done = CliRunner().invoke(build_app(), [*command, "--json", str(target), "--draws", "20", *arguments])
    return done, json.loads(target.read_text()) if target.exists() else {}


# The manifest.


def test_spreadsheets_blanks_and_spellings_are_read(written: Callable[..., Path], tmp_path: Path) -> None:
    rows = [
        film(0, age="", sex="", patient="", labels=" no finding ", width="512"),
        film(1, age="058Y", sex="female", view="pa ", labels="pneumonia| Pleural Thickening", width=""),
        film(2, age="412", labels="Edema, Effusion", width=""),
        film(3, file=str(tmp_path / "3.png"), age="nan", labels="Pneumonia, bacterial", width=""),
        film(4, age="006M", labels="Scoliosis", width=""),
    ]
    read = read_manifest(written(rows, "utf-8-sig"), tmp_path / "elsewhere")
    assert [row.age for row in read] == [None, 58, None, None, 0]
    assert [row.sex for row in read] == ["", "F", "F", "F", "F"]
    assert read[1].view == "PA"
    assert [sorted(row.labels) for row in read] == [
        ["No Finding"], ["Pleural_Thickening", "Pneumonia"], ["Edema", "Effusion"],
        ["Pneumonia, bacterial"], ["Scoliosis"],
    ]  # fmt: skip
    assert {row.split for row in read} == {"test"}
    assert read[0].file == tmp_path / "elsewhere" / "0.png"
    assert read[3].file == tmp_path / "3.png"


def test_films_without_patient_and_patients_of_two_sources_are_no_leak(written: Callable[..., Path]) -> None:
    rows = [film(0, patient="", split="train"), film(1, patient="", split="test")]
    rows += [film(2, patient="7", split="train"), film(3, patient="7", split="test", source="other")]
    assert len(read_manifest(written(rows))) == 4
    rows[3]["source"] = "nih-cxr14"
    with pytest.raises(DataError, match="two splits"):
        read_manifest(written(rows))


@pytest.mark.parametrize("age", ["inf", "-3", "1e400"])
def test_no_persons_age_is_not_known(written: Callable[..., Path], age: str) -> None:
    assert read_manifest(written([film(0, age=age)]))[0].age is None


def test_what_is_no_manifest_is_refused_with_a_sentence(written: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Line 2 of the manifest: age 'old'"):
        read_manifest(written([film(0, age="old")]))
    path = tmp_path / "manifest.csv"
    path.write_text(",".join(COLUMNS) + "\n0.png,nih-cxr14\n")
    with pytest.raises(DataError, match="Line 2 of the manifest is cut short"):
        read_manifest(path)
    path.write_bytes(",".join(COLUMNS).encode() + b"\n0.png,Universit\xe4t,p,PA,50,F,Normal\n")
    with pytest.raises(DataError, match="UTF-8"):
        read_manifest(path)


# Films.


def test_a_film_that_cannot_be_read_is_left_out_counted_and_said(
    written: Callable[..., Path], tiny_folder: Path, tmp_path: Path
) -> None:
    rows = [film(number) for number in range(12)]
    (tmp_path / "4.png").write_bytes(b"no picture")
    manifest = written(rows)
    done, figures = run(manifest, tiny_folder, "--out", str(tmp_path / "out"))
    assert done.exit_code == 0, done.exception
    assert (figures["n"], figures["films"]) == (11, 11)
    assert len(figures["unread"]) == 1 and "4.png" in figures["unread"][0]
    assert "Left out of every figure" in done.stderr and "4.png" in done.stderr
    assert "1 films can't be read and are in no figure" in done.output
    # The others keep their place, so that predictions still go with the manifest.
    films, scanners = manifest_rows(manifest, "all", "")
    found = read_predictions(tmp_path / "out" / "films.csv", films, scanners)
    assert [one.row.file.name for one in found] == [f"{n}.png" for n in range(12) if n != 4]


def test_many_films_that_cannot_be_read_end_it_with_the_first_ones_name(
    written: Callable[..., Path], tiny_folder: Path, tmp_path: Path
) -> None:
    for name in ("3.png", "7.png"):
        (tmp_path / name).write_bytes(b"no picture")
    done, figures = run(written([film(number) for number in range(12)]), tiny_folder)
    assert isinstance(done.exception, EngineFailure) and "7.png" in str(done.exception)
    assert not figures


def test_a_dicom_file_that_is_cut_short_is_named(
    written: Callable[..., Path], tiny_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "0.dcm").write_bytes(bytes(128) + b"DICM" + b"\x02\x00")
    done, figures = run(written([film(0, file="0.dcm"), film(1), film(2)]), tiny_folder)
    assert done.exit_code == 0, done.exception
    assert "0.dcm" in figures["unread"][0]


def test_films_that_the_workstation_would_refuse_are_counted(model: Model, tmp_path: Path) -> None:
    negative = 255 - chest_pixels(1)
    for name, pixels in (("0.png", chest_pixels(0)), ("1.png", negative)):
        Image.fromarray(pixels).save(tmp_path / name)
    rows = [
        FilmRow(tmp_path / f"{n}.png", "nih-cxr14", "", "PA", 50, "F", frozenset(["Mass"]), "test")
        for n in (0, 1)
    ]
    cohort = load_cohort(model, rows, check=True)
    assert cohort.refused is not None and cohort.refused.tolist() == [False, True]
    assert cohort.take(np.array([1])).refused == [True]


# What a figure is of.


def _cohort(rows: list[FilmRow]) -> Cohort:
    n = len(rows)
    return labelled_cohort(rows, np.zeros((n, 256), dtype=np.int16), np.zeros((n, 16, 16), dtype=np.uint8))


def _row(source: str, age: int | None, labels: str = "No Finding") -> FilmRow:
    return FilmRow(Path("x"), source, "", "PA", age, "F", frozenset([labels]), "test")


def test_no_two_sources_make_one_top_level() -> None:
    rows = [_row("a", 40), _row("b", 40), _row("b", 60), _row("b", 9), _row("a", None)]
    top, parts = strata(_cohort(rows))
    assert top.inside.tolist() == [1, 2]
    assert "films of source b" in top.population
    assert set(parts) == {"a", "b"}


def test_films_of_unknown_age_are_no_childrens_films() -> None:
    rows = [_row("nih-cxr14", 40), _row("nih-cxr14", 9), _row("nih-cxr14", None)]
    _, parts = strata(_cohort(rows))
    assert [parts[name].inside.tolist() for name in ("NIH adults", "NIH under 18", "NIH age not known")] == [
        [0], [1], [2],
    ]  # fmt: skip


def test_an_empty_top_level_and_strange_labels_are_said(
    written: Callable[..., Path], tiny_folder: Path
) -> None:
    rows = [film(0, age=""), film(1, age="", labels="Scoliosis|Mass")]
    done, figures = run(written(rows), tiny_folder)
    assert done.exit_code == 0, done.exception
    assert figures["n"] == 0 and figures["metrics"]["abnormal_auroc"]["value"] is None
    assert "No film with labels belongs to the top level" in done.stderr
    assert figures["labels_not_known"] == {"Scoliosis": 1}
    assert "Scoliosis (1)" in done.stderr


def test_training_films_among_the_measured_are_said_and_fit_no_floors(
    written: Callable[..., Path], tiny_folder: Path
) -> None:
    rows = [film(number, split="train" if number < 24 else "test") for number in range(30)]
    manifest = written(rows)
    done, figures = run(manifest, tiny_folder)
    assert "24 of the 30 films are of the training or validation split" in done.stderr
    assert "nearest neighbour in pixels" in figures["floors_missing"]
    done, figures = run(manifest, tiny_folder, "--split", "test")
    assert (figures["n"], figures["floors_missing"]) == (6, [])
    assert "training or validation" not in done.stderr


def test_patients_are_drawn_whole_and_films_without_one_by_themselves() -> None:
    cohort = _cohort([replace(_row("a", 40), patient=name) for name in ("p", "p", "", "")])
    names = cohort.patients(np.arange(4))
    assert names[0] == names[1] and len(set(names)) == 3
