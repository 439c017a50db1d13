"""Made films for the node's tests: small, each with its own UIDs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from dicom_node.film_object import FilmFacts, wrap_film


def make_film(seed: str = "film", *, size: int = 64, **facts: Any) -> Dataset:
    """A DX film of a grey ramp with some noise that follows from its seed."""
    noise = np.random.default_rng(sum(seed.encode())).integers(0, 40, (size, size))
    ramp = np.linspace(0, 200, size)[None, :].astype(int)
    values = {
        "patient_id": "TEST-1",
        "patient_name": "Test^Person",
        "accession": f"ACC-{seed}"[:16],
        "acquired": datetime(2026, 3, 4, 5, 6, 7),
        "patient_sex": "F",
        "patient_age_years": 50,
        "patient_birth_date": "19760102",
        **facts,
    }
    return wrap_film((ramp + noise).clip(0, 255).astype(np.uint8), FilmFacts(seed=seed, **values))


def write_film(folder: Path, seed: str = "film", **facts: Any) -> Path:
    """Write a made film to ``folder/<seed>.dcm``."""
    path = folder / f"{seed}.dcm"
    make_film(seed, **facts).save_as(path, enforce_file_format=True)
    return path
