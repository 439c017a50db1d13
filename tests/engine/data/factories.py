"""Small collections in the layouts of the real ones; every text in them is made up here."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from engine.data.records import FilmRecord
from tests.engine.factories import chest_pixels

REPORT = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  ___ year old person with cough.

 FINDINGS:

 {findings}

 IMPRESSION:

 {impression}
"""
MIMIC_FILMS = (
    # subject, study, film, view, date, time, split
    ("10000001", "50000001", "aaaa-pa", "PA", "21500102", "81556.875", "train"),
    ("10000001", "50000001", "aaab-lat", "LATERAL", "21500102", "81600", "train"),
    ("10000001", "50000002", "aaac-ap", "AP", "21500102", "213014.531", "train"),
    ("10000002", "50000003", "aaad-ap", "AP", "21600505", "1200", "validate"),
    ("11000003", "50000004", "aaae-pa", "PA", "21700707", "70000", "test"),
    ("11000003", "50000005", "aaaf-pa", "", "21700808", "70000", "test"),
)


def film_record(number: int, root: Path, **changes: object) -> FilmRecord:
    """Make a record of a film `root`/NUMBER.jpg that need not exist."""
    record = FilmRecord(
        key=f"film{number}",
        image=root / f"{number}.jpg",
        source="made",
        patient=f"p{number}",
        study=f"s{number}",
        order="20200101",
        view="PA",
        age=40 + number,
        sex="F",
        labels=frozenset({"Edema", "Effusion"}),
        report="FINDINGS: Clear. IMPRESSION: Normal.",
        findings="Clear.",
        impression="Normal.",
        split="train",
        licence="made for tests",
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def save_film(path: Path, seed: int = 0, side: int = 220) -> None:
    """Save a drawn chest as a JPEG or PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(chest_pixels(seed, side, side)).save(path)


def make_mimic(root: Path, gzipped: bool = True) -> Path:
    """Write a tiny MIMIC-CXR-JPG with its tables and reports; one film's file is missing, one report too."""
    for number, (subject, study, film, *_) in enumerate(MIMIC_FILMS):
        folder = root / "files" / f"p{subject[:2]}" / f"p{subject}"
        if film != "aaae-pa":
            save_film(folder / f"s{study}" / f"{film}.jpg", number)
        if study != "50000005":
            text = REPORT.format(findings="Clear lungs.", impression=f"Normal chest {number}.")
            report = root / "reports" / "files" / f"p{subject[:2]}" / f"p{subject}" / f"s{study}.txt"
            report.parent.mkdir(parents=True, exist_ok=True)
            report.write_text(text)
    metadata = [("dicom_id", "subject_id", "study_id", "ViewPosition", "Rows", "StudyDate", "StudyTime")]
    metadata += [
        (film, subject, study, view, "220", day, time)
        for subject, study, film, view, day, time, _ in MIMIC_FILMS
    ]
    split = [("dicom_id", "study_id", "subject_id", "split")]
    split += [(film, study, subject, name) for subject, study, film, *_, name in MIMIC_FILMS]
    labels = [
        ("subject_id", "study_id", "Atelectasis", "Edema", "No Finding"),
        ("10000001", "50000001", "", "", "1.0"),
        ("10000001", "50000002", "1.0", "-1.0", ""),
        ("10000002", "50000003", "0.0", "1.0", ""),
        ("11000003", "50000004", "", "0.0", ""),
    ]
    for name, table in (("metadata", metadata), ("split", split), ("chexpert", labels)):
        write_csv(root / f"mimic-cxr-2.0.0-{name}.csv{'.gz' if gzipped else ''}", table)
    return root


def make_openi(root: Path) -> Path:
    """Write four tiny Open-i reports: two films, one film, no film, and no XML; with films and a table of views."""
    reports = root / "ecgen-radiology"
    reports.mkdir(parents=True)
    (reports / "1.xml").write_text(
        openi_xml(
            1, {"FINDINGS": "Clear lungs.", "IMPRESSION": "Normal chest."}, ("3001", "3002"), ("normal",)
        )
    )
    (reports / "2.xml").write_text(
        openi_xml(
            2,
            {"COMPARISON": "XXXX", "FINDINGS": "", "IMPRESSION": "Unchanged heart. Fluid on the left."},
            ("1001",),
            ("Pleural Effusion/left", "Cardiomegaly"),
        )
    )
    (reports / "3.xml").write_text(openi_xml(3, {"IMPRESSION": "Normal chest."}, (), ("No Indexing",)))
    (reports / "4.xml").write_text("<eCitation><uId id='CXR4'/>")
    for name in ("CXR1_1_IM-0001-3001", "CXR1_1_IM-0001-3002"):
        save_film(root / "images" / f"{name}.png")
    write_csv(
        root / "views.csv",
        [("imageid", "View Position"), ("CXR1_IM-0001-3001", "PA"), ("CXR1_IM-0001-3002", "LATERAL")],
    )
    return root


def openi_xml(number: int, sections: dict[str, str], films: Sequence[str], headings: Sequence[str]) -> str:
    """Write a report as Open-i does."""
    texts = "".join(
        f'<AbstractText Label="{label}">{text}</AbstractText>' for label, text in sections.items()
    )
    images = "".join(f'<parentImage id="CXR{number}_1_IM-0001-{film}"/>' for film in films)
    mesh = "".join(f"<major>{heading}</major>" for heading in headings)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><eCitation><uId id="CXR{number}"/><ccLicense>byncnd</ccLicense>'
        f"<Abstract>{texts}</Abstract><MeSH>{mesh}</MeSH>{images}</eCitation>"
    )


def write_csv(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """Write a table, gzipped where its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


class BlockMeans:
    """An encoder of the simplest kind: the mean of each block of a film is its code."""

    def __init__(self) -> None:
        self.films = 0

    def encode(self, films: np.ndarray) -> np.ndarray:
        """Turn films [B, C, side, side] into codes [B, 256]."""
        self.films += len(films)
        block = films.shape[-1] // 16
        means = films[:, 0].reshape(len(films), 16, block, 16, block).mean(axis=(2, 4))
        return ((means.reshape(len(films), 256) + 1) * 511.5).astype(np.int64)
