"""The limits that an export sets: validation films pass, and pictures without structure don't."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import TypeAdapter
from torch import Tensor
from torch.nn import functional

from engine import input_check
from engine.bundle import InputLimits
from engine.data.manifest import read_manifest
from engine.errors import ExportError
from engine.exporting.limits import COPY_SHARE, STRUCTURE_SHARE, input_limits
from engine.model import Model
from engine.preprocess import Film, PreprocessingSpec, film_from_array
from engine.tokenizer.vqgan import VQModel
from llmcxr_ws import imaging
from tests.engine.factories import chest_pixels

FILMS = Path(__file__).parents[2] / "dicom_node" / "films"
SPEC = PreprocessingSpec()


class BlockMeans:
    """The simplest tokenizer: the mean of each 16 x 16 block is its code. It copies smooth pictures best."""

    def encode(self, films: Tensor) -> Tensor:
        means = functional.avg_pool2d(films, 16).flatten(1)
        return ((means + 1) * 511.5).round().long()

    def decode(self, codes: Tensor) -> Tensor:
        blocks = (codes.float() / 511.5 - 1).view(-1, 1, 16, 16)
        return functional.interpolate(blocks, scale_factor=16.0, mode="nearest")


def discs() -> dict[str, NDArray[np.uint8]]:
    """Smooth bright discs, and two dark ovals where lungs would be."""
    y, x = np.mgrid[0:512, 0:512] / 512 - 0.5
    r = np.hypot(x, y)
    ovals = [np.exp(-(((x - side * 0.2) / 0.12) ** 2 + (y / 0.25) ** 2)) for side in (-1, 1)]
    pictures = {
        "cone": np.clip(1 - r / 0.5, 0, 1),
        "bell": np.exp(-((r / 0.25) ** 2)),
        "wide bell": np.exp(-((r / 0.5) ** 2)),
        "soft edge": 1 / (1 + np.exp((r - 0.3) * 30)),
        "ellipse": np.exp(-((x / 0.25) ** 2 + (y / 0.4) ** 2)),
        "two ovals": 1 - 0.8 * (ovals[0] + ovals[1]),
    }
    return {name: (255 * np.clip(values, 0, 1)).astype(np.uint8) for name, values in pictures.items()}


def structured_pixels(seed: int, shift: float) -> NDArray[np.uint8]:
    """Draw a chest-like picture with bands like ribs, `shift` rows further down."""
    rows = np.arange(320)[:, None] - shift
    return np.clip(chest_pixels(seed) + 25.0 * np.sin(rows / 5.0), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made films")
    names = ("file", "source", "patient", "view", "age", "sex", "labels", "split")
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for number in range(12):
            # The validation films lie in the midst of the training films.
            split, shift = ("train", number) if number < 8 else ("val", number - 6.5)
            Image.fromarray(structured_pixels(number, shift)).save(folder / f"{number}.png")
            writer.writerow([f"{number}.png", "nih-cxr14", f"p{number}", "PA", 50, "F", "No Finding", split])
    return folder / "manifest.csv"


def test_an_export_sets_limits_that_films_pass_and_smooth_discs_do_not(manifest: Path) -> None:
    tokenizer = cast(VQModel, BlockMeans())
    told = input_limits(tokenizer, read_manifest(manifest), SPEC)
    assert told["validation_accepted"] == 1.0
    limits = TypeAdapter(InputLimits).validate_python(told)

    def verdict(film: Film) -> input_check.InputCheck:
        copy = tokenizer.decode(tokenizer.encode(torch.from_numpy(film[None].copy())))[0].numpy()
        return input_check.verdict(film, copy, (), limits)

    films = [film_from_array(structured_pixels(seed, seed), SPEC) for seed in range(8)]
    assert limits.structure_min == pytest.approx(
        STRUCTURE_SHARE * min(map(input_check.structure, films)), abs=1e-3
    )
    # A third of the training films set the limits of the copy.
    errors = [verdict(film).reconstruction_error for film in films[::3]]
    assert limits.reconstruction_min == pytest.approx(COPY_SHARE * min(errors), abs=1e-3)
    for name, pixels in discs().items():
        check = verdict(film_from_array(pixels, SPEC))
        assert not check.accepted and "too smooth" in check.reason, name


def test_limits_that_validation_films_fail_are_not_exported(manifest: Path, tmp_path: Path) -> None:
    rows = read_manifest(manifest)
    Image.fromarray(chest_pixels()).save(tmp_path / "smooth.png")
    strange = [replace(row, file=tmp_path / "smooth.png") if row.split == "val" else row for row in rows]
    with pytest.raises(ExportError, match="validation films pass"):
        input_limits(cast(VQModel, BlockMeans()), strange, SPEC)


def test_structure_parts_real_films_from_smooth_discs() -> None:
    """Half of the films that ship set the limit, the other half pass it with the model that ships."""
    demo = Model.open(threads=1)
    preprocessing = demo.bundle.preprocessing
    pixels = [imaging.stored(path) for path in sorted(FILMS.glob("*.dcm"))]
    films = [film_from_array(one.values, preprocessing, one.padding_mask) for one in pixels]
    shown = demo.bundle.manifest.input_check
    assert shown is not None
    least = STRUCTURE_SHARE * min(map(input_check.structure, films[::2]))
    limits = replace(shown, structure_min=least)
    for film in films[1::2]:
        assert input_check.verdict(film, demo.decode(demo.encode(film)), (), limits).accepted
    for name, picture in discs().items():
        film = film_from_array(picture, preprocessing)
        assert input_check.structure(film) < least, name
        assert not input_check.verdict(film, demo.decode(demo.encode(film)), (), limits).accepted, name
    ramp = np.linspace(-1, 1, 256, dtype=np.float32)[None, None].repeat(256, axis=1)
    assert input_check.structure(ramp) == pytest.approx(0.0, abs=1e-6)
