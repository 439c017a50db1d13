"""What the film view really paints, from the file to the screen's pixels, against DCMTK's renderer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from llmcxr_ws.domain import InstanceRow
from llmcxr_ws.imaging import read_dataset
from tests.factories import make_film, save
from tests.llmcxr_ws.test_imaging import CURVE, dcmtk_picture, differs_by, lut_item
from tests.ui.worklist.test_model import row
from ui.films import FilmChoice, load_film
from ui.shortcuts import Scope, actions_by_key
from ui.viewer import Film, FilmView

ROOT = Path(__file__).parents[3]
FILMS = sorted(ROOT.glob("dicom_node/films/*.dcm"))
DATA = ROOT / "tests" / "data" / "dicom"

pytestmark = pytest.mark.peers


def loaded(path: Path) -> Film:
    """A film as the window loads it, without its texts."""
    instance = InstanceRow("1.2", "1.2", "1.2", "1.2", path.name, 1, "", "", {})
    return load_film(path, row(1), FilmChoice(instance, "PA", is_drafted=False), (1, 1))


def painted(qtbot: QtBot, film: Film, corner: tuple[int, int] = (0, 0), side: int = 512) -> np.ndarray:
    """The pixels of the view at 1:1 from a corner (row, column) of the film, texts left out."""
    view = FilmView(actions_by_key(Scope.FILM))
    qtbot.addWidget(view)
    view.resize(max(min(side, film.columns), 240), max(min(side, film.rows), 240))
    view.set_film(film)
    view.show()
    view._place(view.placement.zoomed(1.0 / view.placement.scale, (0.0, 0.0)))
    at = view.placement.to_screen((float(corner[1]), float(corner[0])))
    view._place(view.placement.moved(-at[0], -at[1]))
    view._on_rest()
    _, colours = view._picture(film)
    greys = (colours & 0xFF).astype(np.uint8)
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    shown = rows[:, : image.width()].copy()
    # The texts lie over the film: in the middle band, where there are none, the screen is what was computed.
    middle = slice(image.height() // 4, image.height() // 2 - 20)
    left, right = image.width() // 5, image.width() * 4 // 5
    assert np.array_equal(shown[middle, left:right], greys[middle, left:right])
    return greys


@pytest.mark.parametrize("path", FILMS, ids=lambda path: path.stem)
def test_the_films_that_ship_are_painted_as_dcmtk_renders_them(qtbot: QtBot, path: Path) -> None:
    film = loaded(path)
    theirs = dcmtk_picture(path, "+Wi", "1")
    if film.stretch != 1.0:
        # Pixels that aren't square are made so; DCMTK is left as stored: compare the rows that were repeated.
        rows = ((np.arange(film.rows) + 0.5) * theirs.shape[0] / film.rows).astype(int)
        theirs = theirs[rows]
    ours = painted(qtbot, film)[: film.rows, : film.columns]
    assert differs_by(ours, theirs[: ours.shape[0], : ours.shape[1]]) <= 1


def test_a_real_cr_is_painted_as_dcmtk_renders_it(qtbot: QtBot, tmp_path: Path) -> None:
    native = read_dataset(DATA / "RG1_J2KI.dcm")
    native.decompress()
    theirs = dcmtk_picture(save(native, tmp_path), "+Wi", "1")
    film = loaded(DATA / "RG1_J2KI.dcm")
    for corner in ((0, 0), (700, 640), (1400, 1300)):
        ours = painted(qtbot, film, corner)[:500, :500]
        there = theirs[corner[0] : corner[0] + 500, corner[1] : corner[1] + 500]
        assert differs_by(ours, there) <= 1


MADE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "MONOCHROME1": (
        {"photometric": "MONOCHROME1", "WindowCenter": "1500", "WindowWidth": "2000"},
        ("+Wi", "1"),
    ),
    "SIGMOID": (
        {"WindowCenter": "1500", "WindowWidth": "2000", "VOILUTFunction": "SIGMOID"},
        ("+Wi", "1"),
    ),
    "LINEAR_EXACT": (
        {"WindowCenter": "1500", "WindowWidth": "2000", "VOILUTFunction": "LINEAR_EXACT"},
        ("+Wi", "1"),
    ),
    "INVERSE": (
        {"PresentationLUTShape": "INVERSE", "WindowCenter": "1500", "WindowWidth": "2000"},
        ("+Wi", "1"),
    ),
    "MONOCHROME1 with IDENTITY": (
        {
            "photometric": "MONOCHROME1",
            "PresentationLUTShape": "IDENTITY",
            "WindowCenter": "1500",
            "WindowWidth": "2000",
        },
        ("+Wi", "1"),
    ),
    "MONOCHROME1 CR without a shape": (
        {"photometric": "MONOCHROME1", "modality": "CR", "WindowCenter": "1500", "WindowWidth": "2000"},
        ("+Wi", "1"),
    ),
    "SIGMOID on MONOCHROME1": (
        {
            "photometric": "MONOCHROME1",
            "WindowCenter": "1500",
            "WindowWidth": "900",
            "VOILUTFunction": "SIGMOID",
        },
        ("+Wi", "1"),
    ),
    "falling VOI LUT": ({"VOILUTSequence": [lut_item(CURVE[::-1], 0, 12)]}, ("+Wl", "1")),
    "VOI LUT within the data": ({"VOILUTSequence": [lut_item(CURVE[::4], 1000, 12)]}, ("+Wl", "1")),
    "VOI LUT beyond the data": ({"VOILUTSequence": [lut_item(CURVE + [4095] * 4096, 0, 12)]}, ("+Wl", "1")),
    "falling rescale": (
        {"RescaleSlope": "-1", "RescaleIntercept": "4095", "WindowCenter": "1500", "WindowWidth": "2000"},
        ("+Wi", "1"),
    ),
}


@pytest.mark.parametrize("case", MADE)
def test_made_films_are_painted_as_dcmtk_renders_them(qtbot: QtBot, case: str, tmp_path: Path) -> None:
    header, options = MADE[case]
    random = np.random.default_rng(5)
    pixels = random.integers(0, 4096, (300, 260)).astype(np.uint16)
    path = save(make_film(pixels, bits_stored=12, **header), tmp_path)
    ours = painted(qtbot, loaded(path))[:300, :260]
    assert differs_by(ours, dcmtk_picture(path, *options)) <= 1


def test_padding_is_painted_black_and_the_rest_as_dcmtk_renders_it(qtbot: QtBot, tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    pixels = random.integers(0, 3000, (300, 260)).astype(np.uint16)
    pixels[:, 200:] = 4000
    ds = make_film(pixels, bits_stored=12, photometric="MONOCHROME1", WindowCenter="1500", WindowWidth="2000")
    ds.PixelPaddingValue = 4095 - 4000
    path = save(ds, tmp_path)
    ours = painted(qtbot, loaded(path))[:300, :260]
    theirs = dcmtk_picture(path, "+Wi", "1")
    assert differs_by(ours[:, :199], theirs[:, :199]) <= 1
    assert (ours[:, 200:] == 0).all()
