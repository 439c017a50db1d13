"""Make the demonstration films of ``dicom_node/films`` from public pictures.

    python -m dicom_node.films_maker --images DIR --manifest CSV [--out DIR]

Writes one DICOM file a film, ``films.csv`` and ``ATTRIBUTION.md``. The pictures themselves aren't part of the
product: the films were made once with this script and are shipped. It deliberately changes no pixel; only the
films stored as MONOCHROME1 hold the inverted values. Patients, orders and dates are made up.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from dicom_node.film_object import FilmFacts, wrap_film

FILMS_FOLDER = Path(__file__).with_name("films")

# The first film's acquisition; each further one is 35 minutes later.
_FIRST = datetime(2026, 11, 16, 7, 40)
_STEP = timedelta(minutes=35)

_COLUMNS = ["file", "accession", "source_file", "source", "licence", "view", "age", "sex", "labels"]


_ATTRIBUTION = """\
# Where the demonstration films come from

The pixels are real chest radiographs of adults from a public collection. **Everything else in these files is
made up**: names, identifiers, orders, birth dates, times and the institution. View, age and sex are those of
the source. Not for clinical use.

Source: **ChestX-ray14, NIH Clinical Center.** Terms: no restriction on use; the provider asks for a link to
its download site, the citation below, and its acknowledgement as the provider.

- Download site: <https://nihcc.app.box.com/v/ChestXray-NIHCC>
- Citation: Xiaosong Wang, Yifan Peng, Le Lu, Zhiyong Lu, Mohammadhadi Bagheri, Ronald M. Summers.
  ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks on Weakly-Supervised Classification and
  Localization of Common Thorax Diseases. IEEE CVPR 2017, pp. 3462-3471.
- Acknowledgement: the NIH Clinical Center provided these images.

What was changed: the published 1024 x 1024 PNG files were scaled to 512 x 512 and compressed once as JPEG
(quality 93), then decoded and wrapped as DICOM without further change; the films marked MONOCHROME1 store the
inverted values. Imager Pixel Spacing gives back the geometry of the original, from the size and spacing in
the collection's table. The labels were mined from report texts by the collection's authors; they are no
radiologist's reading of these films. Letters on the films are the lead side markers of the time.

| file | source file | view | age | sex | labels |
| --- | --- | --- | --- | --- | --- |"""


@dataclass(frozen=True)
class Chosen:
    """One chosen picture: its original's size and pixel spacing in the NIH table, and how it is wrapped.

    The public pictures were squeezed to a square; original size and spacing give back the true geometry.
    """

    picture: str
    family_name: str
    original_size: tuple[int, int]
    original_spacing_mm: float
    modality: Literal["DX", "CR"] = "DX"
    photometric: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2"


_WIDE, _TALL, _SQUARE = (2500, 2048), (2048, 2500), (2021, 2021)

CHOSEN = (
    Chosen("nih/00001452_002.jpg", "Aster", _WIDE, 0.168),
    Chosen("nih/00010610_003.jpg", "Begonia", _WIDE, 0.168),
    Chosen("nih/00003209_001.jpg", "Clematis", _TALL, 0.168),
    Chosen("nih/00007442_010.jpg", "Dahlia", _WIDE, 0.171),
    Chosen("nih/00002540_001.jpg", "Erica", _WIDE, 0.168, "CR", "MONOCHROME1"),
    Chosen("nih/00004641_000.jpg", "Freesia", _TALL, 0.171),
    Chosen("nih/00001935_000.jpg", "Gentian", _WIDE, 0.168),
    Chosen("nih/00006875_006.jpg", "Heather", _SQUARE, 0.194311),
    Chosen("nih/00003291_001.jpg", "Iris", _WIDE, 0.168, "CR"),
    Chosen("nih/00008291_011.jpg", "Jasmine", _WIDE, 0.168, "CR", "MONOCHROME1"),
    Chosen("nih/00003120_000.jpg", "Kalmia", _WIDE, 0.168),
    Chosen("nih/00007841_000.jpg", "Lupin", _WIDE, 0.168, "DX", "MONOCHROME1"),
    Chosen("nih/00002860_002.jpg", "Mimosa", _WIDE, 0.168),
    Chosen("nih/00005638_000.jpg", "Narcissus", _SQUARE, 0.194311),
)


def film_paths() -> list[Path]:
    """Return the shipped demonstration films, by accession number."""
    return sorted(FILMS_FOLDER.glob("*.dcm"))


def make_films(images: Path, manifest: Path, out: Path) -> list[dict[str, str]]:
    """Write every chosen film, the table and the attribution; return the table's rows.

    Raises
    ------
    ValueError
        If a chosen picture isn't in the manifest, isn't an adult's frontal film of the test split, or isn't
        under terms that permit redistribution.
    """
    with manifest.open(newline="", encoding="utf-8") as stream:
        known = {row["file"]: row for row in csv.DictReader(stream)}
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, chosen in enumerate(CHOSEN, start=1):
        if chosen.picture not in known:
            raise ValueError(f"'{chosen.picture}' isn't in {manifest.name}.")
        source = known[chosen.picture]
        _check_source(source)
        rows.append(_make_film(number, chosen, source, images / chosen.picture, out))
    with (out / "films.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (out / "ATTRIBUTION.md").write_text(_attribution(rows), encoding="utf-8")
    return rows


def _check_source(source: dict[str, str]) -> None:
    if source["split"] != "test" or source["view"] not in ("PA", "AP") or int(source["age"] or 0) < 18:
        raise ValueError(f"'{source['file']}' isn't an adult's frontal film of the test split.")
    if not source["licence"].startswith(("NIH Clinical Center", "CC BY ", "CC0")):
        raise ValueError(f"'{source['file']}' may not be redistributed: {source['licence']}")


def _make_film(
    number: int, chosen: Chosen, source: dict[str, str], picture: Path, out: Path
) -> dict[str, str]:
    with Image.open(picture) as image:
        if image.mode != "L":
            raise ValueError(f"'{picture.name}' isn't an 8-bit grey picture (mode {image.mode}).")
        pixels = np.asarray(image, dtype=np.uint8)
    facts = _facts(number, chosen, source, pixels.shape, pixels.nbytes / picture.stat().st_size)
    name = f"{facts.accession}.dcm"
    wrap_film(pixels, facts).save_as(out / name, enforce_file_format=True)
    return {
        "file": name,
        "accession": facts.accession,
        "source_file": source["original"],
        "source": source["source"],
        "licence": source["licence"],
        "view": source["view"],
        "age": source["age"],
        "sex": source["sex"],
        "labels": source["labels"],
    }


def _facts(
    number: int, chosen: Chosen, source: dict[str, str], shape: tuple[int, ...], lossy_ratio: float
) -> FilmFacts:
    acquired = _FIRST + (number - 1) * _STEP
    age = int(source["age"])
    width, height = chosen.original_size
    return FilmFacts(
        seed=f"demonstration:{source['source']}:{source['original']}",
        patient_id=f"DEMO-{number:04d}",
        patient_name=f"DEMO^{chosen.family_name}",
        patient_sex=source["sex"],
        patient_age_years=age,
        patient_birth_date=f"{acquired.year - age}0101",
        accession=f"DEMO{number:04d}",
        acquired=acquired,
        view=source["view"],
        modality=chosen.modality,
        photometric=chosen.photometric,
        pixel_spacing_mm=(
            height * chosen.original_spacing_mm / shape[0],
            width * chosen.original_spacing_mm / shape[1],
        ),
        requested_procedure=f"Chest radiograph {source['view']}",
        lossy_ratio=lossy_ratio,
    )


def _attribution(rows: list[dict[str, str]]) -> str:
    lines = [_ATTRIBUTION]
    for row in rows:
        labels = row["labels"].replace("|", ", ").replace("_", " ")
        cells = [row["file"], row["source_file"], row["view"], row["age"], row["sex"], labels]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Make the films from the command line."""
    parser = argparse.ArgumentParser(prog="python -m dicom_node.films_maker")
    parser.add_argument(
        "--images", type=Path, required=True, help="folder that the manifest's paths start from"
    )
    parser.add_argument("--manifest", type=Path, required=True, help="table of the pictures (CSV)")
    parser.add_argument("--out", type=Path, default=FILMS_FOLDER)
    arguments = parser.parse_args()
    rows = make_films(arguments.images, arguments.manifest, arguments.out)
    print(f"{len(rows)} films written to {arguments.out}")


if __name__ == "__main__":
    main()
