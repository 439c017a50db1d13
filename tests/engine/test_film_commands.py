"""`llmcxr encode` and `llmcxr decode`: the contract's JSON, picture and DICOM of one film, and the way back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from engine import cli
from engine.importing import import_model
from engine.model import Model
from engine.pictures import RECONSTRUCTION_MARK
from engine.preprocess import Steps, film_from_array, prepared_grey, published
from engine.tokenizer.config import VQGANConfig
from llmcxr_ws.errors import EngineFailure
from tests.engine.factories import chest_film, chest_pixels
from tests.engine.official_files import SMALL, lightning_checkpoint, small_tokenizer, taming_yaml
from tests.engine.test_worker import film_file


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with the official-layout tokenizer `small`."""
    folder = tmp_path_factory.mktemp("tokenizer")
    checkpoint = lightning_checkpoint(folder / "last.ckpt", small_tokenizer())
    import_model(folder / "models", "small", checkpoint, taming_yaml(folder / "project.yaml"))
    return folder / "models"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    monkeypatch.setenv("LLMCXR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LLMCXR_MODELS", str(models))


def run(*arguments: object) -> Result:
    app = typer.Typer()
    cli.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def codes_of(result: Result) -> list[list[int]]:
    assert result.exit_code == 0, result.exception
    entries = json.loads(result.output)
    assert all(entry.keys() == {"file", "codes"} for entry in entries)
    assert all(len(entry["codes"]) == 256 for entry in entries)
    return [entry["codes"] for entry in entries]


def test_a_published_jpg_and_its_dicom_have_the_codes_of_the_source(tmp_path: Path) -> None:
    """The picture is what MIMIC-CXR-JPG makes of the stored values: scaled and equalised, here without loss."""
    stored = chest_pixels(seed=3)
    film_file(tmp_path / "film.dcm", stored)
    Image.fromarray(prepared_grey(stored, Steps(), 64)).save(tmp_path / "film.png")
    first, second = codes_of(
        run("encode", "--tokenizer", "small", tmp_path / "film.dcm", tmp_path / "film.png", "--json")
    )
    assert first == second
    film = film_from_array(stored, published(64, 3))
    assert first == small_tokenizer().encode(torch.from_numpy(film[None]))[0].tolist()
    assert len(set(first)) > 8


def test_picture_and_dicom_of_a_film_have_equal_codes_in_the_demo_form(
    tmp_path: Path, tiny_folder: Path, model: Model
) -> None:
    film_file(tmp_path / "film.dcm", chest_pixels(seed=3))
    Image.fromarray(chest_pixels(seed=3)).save(tmp_path / "film.png")
    Image.fromarray(chest_pixels(seed=3)).convert("RGB").save(tmp_path / "colour.png")
    files = [tmp_path / name for name in ("film.dcm", "film.png", "colour.png")]
    found = codes_of(run("encode", "--tokenizer", tiny_folder, *files, "--json"))
    assert found[0] == found[1] == found[2] == list(model.encode(chest_film(seed=3)))


def test_the_shipped_tokenizer_goes_there_and_back(tmp_path: Path) -> None:
    Image.fromarray(chest_pixels(seed=3)).save(tmp_path / "film.png")
    result = run(
        "encode",
        "--tokenizer",
        "demo",
        tmp_path / "film.png",
        tmp_path / "film.png",
        "--json",
        "--threads",
        1,
    )
    codes_of(result)
    (tmp_path / "codes.json").write_text(result.output)
    done = run(
        "decode", "--tokenizer", "demo", tmp_path / "codes.json", "--out", tmp_path / "back", "--threads", 1
    )
    assert done.exit_code == 0, done.exception
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == ["film-2.png", "film.png"]
    with Image.open(tmp_path / "back" / "film.png") as picture:
        assert picture.text["Description"] == RECONSTRUCTION_MARK  # type: ignore[attr-defined]
        assert picture.text["Synthetic"] == "YES"  # type: ignore[attr-defined]
        assert picture.size == (256, 256)
        back = np.asarray(picture).astype(float)
    original = (chest_film(seed=3)[0] + 1.0) * 127.5
    assert np.corrcoef(back.ravel(), original.ravel())[0, 1] > 0.8


def test_our_training_s_checkpoint_is_a_tokenizer(tmp_path: Path) -> None:
    network = small_tokenizer()
    torch.save({"config": SMALL.to_dict(), "model": network.state_dict()}, tmp_path / "vqgan.pt")
    Image.fromarray(chest_pixels()).save(tmp_path / "film.png")
    found = codes_of(run("encode", "--tokenizer", tmp_path / "vqgan.pt", tmp_path / "film.png", "--json"))
    assert VQGANConfig.from_dict(SMALL.to_dict()) == SMALL
    assert max(found[0]) < SMALL.n_embed


def test_codes_for_people_are_a_grid(tmp_path: Path) -> None:
    Image.fromarray(chest_pixels()).save(tmp_path / "film.png")
    (tmp_path / "note.txt").write_text("no film")
    result = run("encode", "--tokenizer", "small", tmp_path / "film.png", tmp_path / "note.txt")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0] == str(tmp_path / "film.png")
    assert [len(line.split()) for line in lines[1:17]] == [16] * 16
    assert lines[17] == str(tmp_path / "note.txt")
    assert "refused" in lines[18]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("not json", "can't be read as codes", id="no json"),
        pytest.param('[{"codes": []}]', "can't be read as codes", id="no file"),
        pytest.param('[{"file": "a.png", "codes": [1, 2]}]', "has 2 codes; 256", id="too few"),
        pytest.param(
            json.dumps([{"file": "a.png", "codes": [64] * 256}]), "code 64; small .* 0 to 63", id="range"
        ),
        pytest.param(json.dumps([{"file": "a.png", "codes": [True] * 256}]), "whole numbers", id="kind"),
    ],
)
def test_codes_that_cannot_be_are_refused(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "codes.json").write_text(content)
    result = run("decode", "--tokenizer", "small", tmp_path / "codes.json", "--out", tmp_path / "back")
    assert isinstance(result.exception, EngineFailure)

    assert re.search(told, str(result.exception))
    assert not (tmp_path / "back").exists()


def test_an_unknown_tokenizer_is_named(tmp_path: Path) -> None:
    result = run("encode", "--tokenizer", "smal", tmp_path / "film.png")
    assert isinstance(result.exception, EngineFailure)
    assert "there are demo, small" in str(result.exception)
