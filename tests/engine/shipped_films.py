"""The films that ship with the demonstration, as a manifest with splits that a test chooses."""

import csv
from pathlib import Path

FILMS = Path(__file__).parents[2] / "dicom_node" / "films"


def shipped_manifest(path: Path, train: int) -> Path:
    """Write the shipped films' list with a patient each: the first `train` for training, the rest to validate."""
    with (FILMS / "films.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = ("file", "source", "patient", "view", "age", "sex", "labels", "split")
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        for number, row in enumerate(rows):
            place = {"file": str(FILMS / row["file"]), "patient": f"p{number}"}
            writer.writerow({**row, **place, "split": "train" if number < train else "val"})
    return path
