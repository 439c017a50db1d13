"""Readers on small collections in the layouts of the real ones."""

from __future__ import annotations

import tarfile
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.data.readers import Found, Reader, ReadRules
from engine.data.readers.manifest import ManifestReader
from engine.data.readers.mimic import MimicReader
from engine.data.readers.openi import OpeniReader
from engine.data.records import FilmRecord
from engine.data.report_texts import TextRules
from engine.errors import DataError
from tests.engine.data.factories import make_mimic, make_openi, openi_xml, save_film, write_csv


def read_all(reader: Reader) -> tuple[dict[str, Found], Counter[str]]:
    outcomes = [reader.read(unit) for unit in reader.units()]
    drops: Counter[str] = Counter()
    for outcome in outcomes:
        drops.update(outcome.drops)
    return {one.record.key: one for outcome in outcomes for one in outcome.found}, drops


@pytest.mark.parametrize("gzipped", [True, False])
def test_mimic_in_its_own_layout(tmp_path: Path, gzipped: bool) -> None:
    root = make_mimic(tmp_path, gzipped)
    found, drops = read_all(MimicReader(root, ReadRules()))
    assert not drops and len(found) == 6
    assert found["aaaa-pa"].record == FilmRecord(
        key="aaaa-pa",
        image=root / "files/p10/p10000001/s50000001/aaaa-pa.jpg",
        source="mimic-cxr",
        patient="p10000001",
        study="s50000001",
        order="21500102081556.875",
        view="PA",
        age=None,
        sex="",
        labels=frozenset({"No Finding"}),
        report=(root / "reports/files/p10/p10000001/s50000001.txt").read_text(),
        findings="Clear lungs.",
        impression="Normal chest 1.",
        split="train",
        licence="PhysioNet Credentialed Health Data License 1.5.0",
    )
    assert found["aaaa-pa"].text == "Clear lungs. Normal chest 1."
    assert found["aaab-lat"].record.view == "LL"
    assert found["aaac-ap"].record.labels == {"Atelectasis"}
    assert found["aaac-ap"].record.uncertain == {"Edema"}
    assert found["aaae-pa"].record.uncertain == frozenset()
    assert found["aaad-ap"].record.split == "val"
    assert found["aaae-pa"].record.labels == frozenset()
    assert found["aaaf-pa"].record.labels is None and found["aaaf-pa"].record.report is None
    assert [key for key, one in found.items() if not one.has_image] == ["aaae-pa"]


def test_mimic_sorts_a_day_s_studies_by_their_time(tmp_path: Path) -> None:
    found, _ = read_all(MimicReader(make_mimic(tmp_path), ReadRules()))
    assert found["aaaa-pa"].record.order < found["aaab-lat"].record.order < found["aaac-ap"].record.order


def test_mimic_takes_ages_from_the_patients_table(tmp_path: Path) -> None:
    table = write_csv(
        tmp_path / "patients.csv.gz",
        [("subject_id", "gender", "anchor_age", "anchor_year"), ("10000001", "F", "52", "2148")],
    )
    found, _ = read_all(MimicReader(make_mimic(tmp_path), ReadRules(), patients=table))
    assert (found["aaaa-pa"].record.age, found["aaaa-pa"].record.sex) == (54, "F")
    assert (found["aaad-ap"].record.age, found["aaad-ap"].record.sex) == (None, "")


def test_mimic_drops_films_that_its_split_does_not_name(tmp_path: Path) -> None:
    root = make_mimic(tmp_path)
    split = [("dicom_id", "split"), ("aaaa-pa", "train")]
    write_csv(root / "mimic-cxr-2.0.0-split.csv.gz", split)
    found, drops = read_all(MimicReader(root, ReadRules()))
    assert set(found) == {"aaaa-pa"} and drops == {"film without a split in the split table": 5}


def test_mimic_says_which_table_is_missing(tmp_path: Path) -> None:
    root = make_mimic(tmp_path)
    (root / "mimic-cxr-2.0.0-metadata.csv.gz").unlink()
    with pytest.raises(DataError, match="mimic-cxr-\\*-metadata"):
        MimicReader(root, ReadRules())
    with pytest.raises(DataError, match="holds no reports"):
        MimicReader(make_mimic(tmp_path / "b"), ReadRules(), reports=tmp_path / "c")


def test_openi_from_its_folder(tmp_path: Path) -> None:
    root = make_openi(tmp_path)
    reader = OpeniReader(root / "ecgen-radiology", ReadRules(), root / "images", root / "views.csv")
    found, drops = read_all(reader)
    assert drops == {"report that names no film": 1, "report that isn't XML": 1}
    assert set(found) == {"CXR1_1_IM-0001-3001", "CXR1_1_IM-0001-3002", "CXR2_1_IM-0001-1001"}
    first, second = found["CXR1_1_IM-0001-3001"].record, found["CXR2_1_IM-0001-1001"].record
    assert (first.view, found["CXR1_1_IM-0001-3002"].record.view, second.view) == ("PA", "LL", "")
    assert (first.findings, first.impression, first.labels) == (
        "Clear lungs.",
        "Normal chest.",
        {"No Finding"},
    )
    assert (second.findings, second.impression) == (None, "Fluid on the left.")
    assert second.labels == {"Effusion", "Cardiomegaly"}
    assert second.report == "COMPARISON: XXXX\nIMPRESSION: Unchanged heart. Fluid on the left."
    assert first.licence == "CC BY-NC-ND 4.0" and first.patient == "CXR1"
    assert not found["CXR2_1_IM-0001-1001"].has_image


def test_openi_from_its_archive_as_texts_alone(tmp_path: Path) -> None:
    root = make_openi(tmp_path)
    with tarfile.open(tmp_path / "reports.tgz", "w:gz") as archive:
        archive.add(root / "ecgen-radiology", "ecgen-radiology")
    found, drops = read_all(OpeniReader(tmp_path / "reports.tgz", ReadRules(), texts_only=True))
    assert set(found) == {"CXR1", "CXR2", "CXR3"} and drops == {"report that isn't XML": 1}
    assert found["CXR3"].record.labels is None
    with pytest.raises(DataError, match="give --images"):
        OpeniReader(tmp_path / "reports.tgz", ReadRules())


def test_openi_keeps_the_collection_s_sections_even_where_they_name_others(tmp_path: Path) -> None:
    (tmp_path / "1.xml").write_text(openi_xml(1, {"FINDINGS": "Technique: poor. Clear lungs."}, (), ()))
    found, _ = read_all(OpeniReader(tmp_path, ReadRules(), texts_only=True))
    assert found["CXR1"].record.findings == "Technique: poor. Clear lungs."


MANIFEST = [
    ("file", "source", "patient", "view", "age", "sex", "labels", "text", "split", "width"),
    ("a.jpg", "one", "p1", "pa", "44", "f", "Edema|Effusion", "Fluid on both sides.", "train", "512"),
    ("b.jpg", "one", "p2", "AP", "", "", "", "FINDINGS: Clear lungs.\nIMPRESSION: Normal.", "val", "512"),
    ("c.jpg", "two", "p1", "", "7.0", "M", "No Finding", "", "test", "512"),
]


def test_a_manifest_as_csv(tmp_path: Path) -> None:
    table = write_csv(tmp_path / "manifest.csv", MANIFEST)
    save_film(tmp_path / "a.jpg")
    found, drops = read_all(ManifestReader(table, ReadRules(), licence="CC BY 4.0"))
    assert not drops and list(found) == ["a.jpg", "b.jpg", "c.jpg"]
    a, b, c = (found[key].record for key in ("a.jpg", "b.jpg", "c.jpg"))
    assert (a.view, a.age, a.sex, a.labels, a.split) == ("PA", 44, "F", {"Edema", "Effusion"}, "train")
    assert (a.findings, a.impression) == (None, "Fluid on both sides.")
    assert (b.labels, b.age, b.findings, b.impression, b.split) == (
        None,
        None,
        "Clear lungs.",
        "Normal.",
        "val",
    )
    assert (c.source, c.age, c.labels, c.report, c.split) == ("two", 7, {"No Finding"}, None, "test")
    assert [one.has_image for one in found.values()] == [True, False, False]
    assert a.licence == "CC BY 4.0"


def test_a_manifest_as_parquet_with_few_columns(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"file": ["x/a.png", "x/b.png"], "patient": [17, 18]}), tmp_path / "films.parquet"
    )
    found, _ = read_all(ManifestReader(tmp_path / "films.parquet", ReadRules(), images=tmp_path / "other"))
    assert [one.record.patient for one in found.values()] == ["17", "18"]
    assert found["x/a.png"].record.image == tmp_path / "other" / "x/a.png"
    assert {one.record.split for one in found.values()} <= {"train", "val", "test"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("a.jpg", "one", "p1", "", "old", "", "", "", "train", ""), "'old'"),
        (("a.jpg", "one", "p1", "", "", "", "", "", "training", ""), "'training'"),
        (("b.jpg", "one", "p1", "", "", "", "", "", "train", ""), "1 files more than once"),
    ],
)
def test_a_manifest_that_can_not_be_understood_is_refused(
    tmp_path: Path, change: tuple[str, ...], why: str
) -> None:
    table = write_csv(tmp_path / "manifest.csv", [MANIFEST[0], change, MANIFEST[2]])
    with pytest.raises(DataError, match=why):
        ManifestReader(table, ReadRules())


def test_a_refused_report_is_counted_and_is_as_if_absent(tmp_path: Path) -> None:
    rows = [
        ("file", "patient", "text"),
        ("a.jpg", "p1", "IMPRESSION: Unchanged heart."),
        ("b.jpg", "p2", "Normal."),
    ]
    rules = ReadRules(TextRules(prior="drop-report"))
    reader = ManifestReader(write_csv(tmp_path / "m.csv", rows), rules)
    outcome = reader.read("a.jpg")
    assert outcome.found[0].record.report is None and outcome.found[0].text is None
    assert outcome.counts["dropped: report with references to earlier films"] == 1
    assert reader.read("b.jpg").found[0].text == "Normal."
