"""Wrapped pictures are valid films with unchanged pixels; the shipped ones are complete and attributed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from dicom_node.films_maker import CHOSEN, FILMS_FOLDER, film_paths, make_films
from tests.factories import make_film, make_pixels, save
from tests.peers import dciodvfy_errors, run_peer

ROWS = list(csv.DictReader((FILMS_FOLDER / "films.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.peers
@pytest.mark.parametrize("modality", ["DX", "CR"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("view", ["PA", "AP", "LL"])
def test_a_wrapped_picture_is_valid(
    modality: Any, photometric: Any, bits: int, view: str, tmp_path: Path
) -> None:
    ds = make_film(modality=modality, photometric=photometric, bits_stored=bits, view=view)
    assert dciodvfy_errors(save(ds, tmp_path)) == []


def test_pixels_are_stored_unchanged_or_inverted() -> None:
    assert make_film().PixelData == make_pixels().tobytes()
    inverted = np.frombuffer(make_film(photometric="MONOCHROME1", bits_stored=12).PixelData, "<u2")
    assert (inverted.reshape(64, 56) == 4095 - make_pixels(bits=12)).all()


def test_equal_facts_give_an_equal_film_and_another_seed_another() -> None:
    assert make_film().to_json() == make_film().to_json()
    assert make_film().SOPInstanceUID != make_film(seed="other").SOPInstanceUID
    a, b = make_film(seed="a", study_seed="s"), make_film(seed="b", study_seed="s")
    assert a.StudyInstanceUID == b.StudyInstanceUID
    assert a.SOPInstanceUID != b.SOPInstanceUID


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.float32), np.full((4, 4), 256, np.uint16)]
)
def test_what_is_no_grey_picture_of_its_bits_is_refused(pixels: Any) -> None:
    with pytest.raises(ValueError, match="pixel"):
        make_film(pixels, bits_stored=8)


@pytest.mark.peers
@pytest.mark.parametrize("path", film_paths(), ids=lambda path: path.stem)
def test_a_shipped_film_is_valid_and_plainly_fictitious(path: Path) -> None:
    assert dciodvfy_errors(path) == []
    assert run_peer("dcmftest", path).stdout.startswith(b"yes:")
    ds = dcmread(path, stop_before_pixels=True)
    assert str(ds.PatientName).startswith("DEMO^")
    assert ds.PatientID.startswith("DEMO-")
    assert ds.InstitutionName == "Demonstration Hospital"
    row = next(row for row in ROWS if row["file"] == path.name)
    assert (ds.AccessionNumber, ds.ViewPosition, ds.PatientSex) == (row["accession"], row["view"], row["sex"])
    assert ds.PatientAge == f"{int(row['age']):03d}Y"


def test_the_shipped_set_is_what_the_demonstration_needs() -> None:
    assert len(film_paths()) == len(ROWS) == len(CHOSEN) >= 12
    headers = [dcmread(path, stop_before_pixels=True) for path in film_paths()]
    assert (
        len({ds.StudyInstanceUID for ds in headers}) == len({ds.PatientID for ds in headers}) == len(headers)
    )
    assert {row["view"] for row in ROWS} == {"PA", "AP"}
    assert sum(ds.Modality == "CR" for ds in headers) >= 2
    assert sum(ds.PhotometricInterpretation == "MONOCHROME1" for ds in headers) >= 1
    assert sum(row["labels"] == "No Finding" for row in ROWS) == len(ROWS) // 2
    assert min(int(row["age"]) for row in ROWS) >= 18
    assert sum(path.stat().st_size for path in FILMS_FOLDER.iterdir()) < 6 * 1024 * 1024


def test_every_shipped_film_is_attributed() -> None:
    text = (FILMS_FOLDER / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for asked_for in ("nihcc.app.box.com/v/ChestXray-NIHCC", "CVPR 2017", "NIH Clinical Center provided"):
        assert asked_for in text
    for row in ROWS:
        assert f"| {row['file']} | {row['source_file']} |" in text


def test_films_are_made_again_from_their_pictures(tmp_path: Path) -> None:
    manifest = [source_row(chosen.picture) for chosen in CHOSEN]
    for row in manifest:
        (tmp_path / row["file"]).parent.mkdir(exist_ok=True)
        Image.fromarray(make_pixels(32, 32)).save(tmp_path / row["file"])
    made = make_films(tmp_path, write_manifest(tmp_path, manifest), tmp_path / "out")
    assert [row["file"] for row in made] == [path.name for path in film_paths()]
    assert len(list((tmp_path / "out").glob("*.dcm"))) == len(CHOSEN)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"split": "train"}, "test split"),
        ({"age": "17"}, "adult"),
        ({"licence": "CC BY-NC-SA"}, "redistributed"),
    ],
)
def test_a_film_that_must_not_be_shipped_is_refused(wrong: dict[str, str], says: str, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, [source_row(CHOSEN[0].picture) | wrong])
    with pytest.raises(ValueError, match=says):
        make_films(tmp_path, manifest, tmp_path / "out")


def source_row(picture: str) -> dict[str, str]:
    return {
        "file": picture,
        "original": picture.replace("jpg", "png"),
        "source": "made",
        "licence": "CC0",
        "view": "PA",
        "age": "40",
        "sex": "F",
        "labels": "No Finding",
        "split": "test",
    }


def write_manifest(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "manifest.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
