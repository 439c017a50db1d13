"""`llmcxr conformance`: every kind of document before every validator, judged by what they print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from typer.testing import CliRunner

from dicom_node import conformance
from dicom_node.conformance import KNOWN, VALIDATORS, Row, is_error, is_known, is_warning, judge
from dicom_node.documents.gate import check
from dicom_node.documents.kinds import KINDS, Example, ExampleStudy, example_study
from llmcxr_ws.cli import build_app
from llmcxr_ws.errors import ConfigError, DicomError
from tests.dicom_node.images_factory import build_kind, make_findings
from tests.factories import make_film
from tests.peers import require

STATEMENT = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
OF_TREES = {"draft", "report", "addendum", "rejection", "provenance", "findings", "key_image"}


@pytest.fixture
def no_pixelmed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PixelMed takes eight seconds a document; the slower tier asks it."""
    monkeypatch.setattr(conformance, "PIXELMED_JAR", tmp_path / "absent.jar")


@pytest.fixture(autouse=True)
def _same_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sets the log up for its own process; here it runs in the tests'."""
    monkeypatch.setattr("llmcxr_ws.log.setup_logging", lambda *_, **__: None)


def require_all() -> None:
    for tool in ("dciodvfy", "dcentvfy", "dsrdump"):
        require(tool)


@pytest.mark.peers
def test_all_kinds_are_clean_before_all_validators(no_pixelmed: None, tmp_path: Path) -> None:
    require_all()
    file = tmp_path / "rows.json"
    said = CliRunner().invoke(
        build_app(), ["conformance", "--all", "--json", str(file), "--out", str(tmp_path)]
    )
    assert said.exit_code == 0, said.output
    rows = json.loads(file.read_text())["rows"]
    found = {(row["kind"], row["validator"]): row for row in rows}
    assert {kind for kind, _ in found} == set(KINDS)
    for kind in KINDS:
        of_kind = {validator for name, validator in found if name == kind}
        everywhere = {"gate", "dciodvfy", "dcentvfy"}
        assert of_kind == everywhere | ({"dsrdump", "pixelmed"} if kind in OF_TREES else set())
        assert dcmread(tmp_path / f"{kind}.dcm").SOPInstanceUID
    for (_, validator), row in found.items():
        if validator == "pixelmed":
            assert (row["errors"], row["warnings"], row["note"]) == (None, None, "not installed")
        else:
            assert row["errors"] == 0, row
            assert row["warnings"] == row["known"], f"a warning that nobody explained: {row}"


def require_pixelmed() -> None:
    require("java")
    if conformance.PIXELMED_JAR.is_file():
        return
    reason = "PixelMed isn't installed (Debian: apt-get install libpixelmed-java)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def pixelmed_on(monkeypatch: pytest.MonkeyPatch, ds: Dataset, film: Dataset) -> Row:
    """What PixelMed says of one document."""
    example = Example(dataset=ds, sources=(film,))
    monkeypatch.setattr(conformance, "KINDS", {"one": lambda study: example})
    return next(row for row in judge(["one"], example_study()) if row.validator == "pixelmed")


@pytest.mark.slow
@pytest.mark.peers
def test_pixelmed_finds_no_error_in_any_tree() -> None:
    require_pixelmed()
    rows = [row for row in judge(KINDS, example_study()) if row.validator == "pixelmed"]
    assert {row.kind for row in rows} >= OF_TREES
    for row in rows:
        assert row.errors == 0, row.said
        assert row.warnings == row.known, row.said


@pytest.mark.slow
@pytest.mark.peers
@pytest.mark.parametrize("number", range(3))
def test_pixelmed_finds_no_error_in_a_finding_alone(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds groups to TID 1410 only in a document with one region."""
    require_pixelmed()
    film = make_film()
    finding = make_findings(film).findings[number]
    row = pixelmed_on(monkeypatch, build_kind("findings", film, findings=(finding,)), film)
    assert (row.errors, row.warnings) == (0, row.known), row.said


@pytest.mark.slow
@pytest.mark.peers
def test_pixelmed_and_our_rows_find_a_region_without_its_film(monkeypatch: pytest.MonkeyPatch) -> None:
    require_pixelmed()
    film = make_film()
    ds = build_kind("findings", film, findings=make_findings(film).findings[:1])
    region = ds.ContentSequence[-1].ContentSequence[0].ContentSequence[-1]
    assert region.ValueType == "SCOORD"
    region.ContentSequence = []
    assert pixelmed_on(monkeypatch, ds, film).errors
    assert "rows" in {fault.code for fault in check(ds, [film])}


@pytest.mark.peers
def test_an_error_ends_the_command_with_status_1(monkeypatch: pytest.MonkeyPatch, no_pixelmed: None) -> None:
    require_all()

    def broken(study: ExampleStudy) -> Example:
        example = KINDS["key_image"](study)
        del example.dataset.Modality
        return example

    monkeypatch.setattr(conformance, "KINDS", {**KINDS, "key_image": broken})
    said = CliRunner().invoke(build_app(), ["conformance", "--kind", "key_image"])
    assert said.exit_code == 1
    assert isinstance(said.exception, DicomError) and "kinds of document" in str(said.exception)
    assert "Modality is absent" in said.output.replace("\n", " ")
    rows = {row.validator: row for row in judge(["key_image"], example_study())}
    # dciodvfy prints its errors and exits 0.
    assert rows["dciodvfy"].errors and rows["gate"].errors


@pytest.mark.parametrize("arguments", [[], ["--all", "--kind", "draft"], ["--kind", "nothing"]])
def test_what_to_judge_must_be_said(arguments: list[str]) -> None:
    said = CliRunner().invoke(build_app(), ["conformance", *arguments])
    assert isinstance(said.exception, ConfigError | DicomError)
    assert "draft, report, addendum" in str(said.exception)


def test_a_validator_that_is_not_installed_gives_no_verdict(
    monkeypatch: pytest.MonkeyPatch, no_pixelmed: None
) -> None:
    monkeypatch.setenv("PATH", "")
    rows = {row.validator: row for row in judge(["draft"], example_study())}
    assert tuple(rows) == VALIDATORS
    assert rows["gate"].errors == 0
    for name in VALIDATORS[1:]:
        assert (rows[name].errors, rows[name].warnings, rows[name].note) == (None, None, "not installed")
        assert "not installed" in json.dumps(rows[name].to_dict())


def test_lines_are_judged_by_their_words() -> None:
    assert is_error("dciodvfy", "Error - Missing attribute Type 1 Required Element=<Modality>")
    assert is_error("pixelmed", "Error: Template 1500: missing")
    assert is_error("pixelmed", "javax.xml.transform.TransformerConfigurationException: too large")
    assert not is_error("dsrdump", '<contains TEXT:(,,"Finding")="Error of projection.">')
    assert is_error("dsrdump", "E: OFFIS DICOM: Invalid value")
    newer = "Error - Attribute with an even group number is not a recognized standard attribute - (0x0008,0x001c)  ? "
    assert not is_error("dciodvfy", newer) and is_warning("dciodvfy", newer) and is_known("dciodvfy", newer)
    other = newer.replace("001c", "00ff")
    assert is_error("dciodvfy", other)
    assert not is_known("pixelmed", 'Warning: 1.9: /TEXT (1,LN,"Other"): Content Item not in template')


def test_the_statement_names_every_known_warning_and_every_kind() -> None:
    for _, _, name in KNOWN:
        assert name in STATEMENT, name
    for kind in KINDS:
        assert f"`{kind}`" in STATEMENT, kind


def test_a_row_says_only_what_there_is() -> None:
    row = Row(kind="draft", validator="gate", errors=0, warnings=0)
    assert row.to_dict() == {"kind": "draft", "validator": "gate", "errors": 0, "warnings": 0, "known": 0}


@pytest.mark.peers
def test_the_command_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    require_all()
    command = [
        sys.executable,
        "-m",
        "llmcxr_ws.cli",
        "conformance",
        "--kind",
        "capture",
        "--kind",
        "synthetic",
    ]
    said = subprocess.run(
        [*command, "--json", tmp_path / "rows.json"], capture_output=True, timeout=120, check=False
    )
    assert said.returncode == 0, said.stderr
    assert "synthetic" in said.stdout.decode()
    assert len(json.loads((tmp_path / "rows.json").read_text())["rows"]) == 6
