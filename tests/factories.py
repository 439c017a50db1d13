"""Small made films and other instances, for any test that needs DICOM."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID, EncapsulatedPDFStorage

from dicom_node.film_object import FilmFacts, wrap_film

_FACTS = dict.fromkeys(FilmFacts.__dataclass_fields__)


def make_pixels(rows: int = 64, columns: int = 56, bits: int = 8) -> NDArray[Any]:
    """Return a picture [rows, columns] that uses the whole range of `bits` and is symmetric in no way."""
    y, x = np.mgrid[0:rows, 0:columns]
    ramp = (3 * x + 5 * y + (x * y) // 7) / (3 * columns + 5 * rows + rows * columns / 7)
    ramp[0, 0], ramp[-1, -1] = 0, 1
    return np.rint(np.clip(ramp, 0, 1) * ((1 << bits) - 1)).astype(np.uint8 if bits == 8 else np.uint16)


def make_film(pixels: NDArray[Any] | None = None, **overrides: Any) -> Dataset:
    """Return a complete DX (or CR) film of a small made picture.

    Names of :class:`~dicom_node.film_object.FilmFacts` change the facts it is made from; any other name is a
    DICOM keyword that is set afterwards, or removed where the value is ``None``. A film with another `seed`
    is another film; films that share `study_seed` are one study.
    """
    facts = {name: overrides.pop(name) for name in list(overrides) if name in _FACTS}
    defaults: dict[str, Any] = {
        "seed": "film",
        "patient_id": "TEST-1",
        "patient_name": "TEST^Film",
        "accession": "TEST0001",
        "acquired": datetime(2026, 11, 2, 9, 30),
        "patient_sex": "F",
        "patient_age_years": 52,
        "patient_birth_date": "19740101",
    }
    if pixels is None:
        pixels = make_pixels(bits=facts.get("bits_stored", 8))
    ds = wrap_film(pixels, FilmFacts(**{**defaults, **facts}))
    for keyword, value in overrides.items():
        if value is None:
            ds.pop(keyword, None)
        else:
            setattr(ds, keyword, value)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def make_non_film(
    sop_class_uid: str = EncapsulatedPDFStorage, modality: str = "DOC", **overrides: Any
) -> Dataset:
    """Return an instance that isn't a film and has no pixels, such as a PDF or an SR, in a film's study."""
    ds = make_film(**{"seed": f"not a film {sop_class_uid}", **overrides})
    for keyword in (
        "PixelData",
        "Rows",
        "Columns",
        "ViewPosition",
        "ViewCodeSequence",
        "PresentationIntentType",
    ):
        ds.pop(keyword, None)
    ds.SOPClassUID = UID(sop_class_uid)
    ds.Modality = modality
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    return ds


def save(ds: Dataset, folder: Path, name: str = "film.dcm") -> Path:
    """Write `ds` as a DICOM file and return its path."""
    path = folder / name
    ds.save_as(path, enforce_file_format=True)
    return path
