"""A film file of any kind, picture or DICOM, as prepared grey: the one way from a record's `image` to pixels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.dicom_pixels import is_dicom, read_dicom_film
from engine.preprocess import Film, PreprocessingSpec, film_from_grey, prepared_grey, read_stored

Grey = NDArray[np.uint8]


def read_grey(path: Path, spec: PreprocessingSpec) -> Grey:
    """Read a film as 8-bit grey [H, W] after the grey-value steps that `spec` has for its kind of file.

    Raises FilmRefused for what isn't a film.
    """
    if is_dicom(path):
        film = read_dicom_film(path)
        return prepared_grey(film.values, spec.dicom, spec.minimum_side, film.padding_mask)
    return prepared_grey(read_stored(path), spec.file, spec.minimum_side)


def read_film(path: Path, spec: PreprocessingSpec) -> Film:
    """Read a film of any kind as inference sees it: float32 [channels, side, side] in [-1, 1].

    Raises FilmRefused for what isn't a film.
    """
    return film_from_grey(read_grey(path, spec), spec)
