"""The demonstration as a user calls it: every film of the package, against both PACS."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.store import studies as studies_of
from llmcxr_ws.store.database import Database
from tests.peers import require
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[2]
LLMCXR = str(Path(sys.executable).with_name("llmcxr"))
NORMAL = "No Finding"


@pytest.fixture(scope="module", params=["orthanc", "simulator", "simulator, PostgreSQL"])
def studies(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, object]]:
    """The studies of ``--json`` after a walk that ended with status 0."""
    pacs, _, database = request.param.partition(", ")
    environment = _environment()
    if pacs == "orthanc":
        require("Orthanc")
    if database:
        server: PostgresServer = request.getfixturevalue("postgres")
        environment["LLMCXR_DATABASE_URL"] = server.url(server.create())
    out = tmp_path_factory.mktemp("demo") / "out.json"
    command = [LLMCXR, "demo", "--headless", "--pacs", pacs, "--json", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    if database:
        assert len(_studies_in(environment["LLMCXR_DATABASE_URL"])) == len(_labels())
    rows: list[dict[str, object]] = json.loads(out.read_text(encoding="utf-8"))["studies"]
    return rows


@pytest.mark.timeout(1000)
@pytest.mark.peers
def test_every_study_is_confirmed_with_its_report_in_the_pacs(studies: list[dict[str, object]]) -> None:
    """One row for each film that ships, none of them unfinished."""
    assert len(studies) == len(_labels()) >= 12
    assert {row["state"] for row in studies} == {"confirmed"}
    assert all(row["draft"] and row["sr_instance_uid"] for row in studies)
    assert all(isinstance(row["seconds_to_draft"], float) for row in studies)
    assert len({row["sr_instance_uid"] for row in studies}) == len(studies)


@pytest.mark.timeout(1000)
@pytest.mark.peers
def test_drafts_tell_normal_from_abnormal_films(studies: list[dict[str, object]]) -> None:
    """Drafts call normal films normal and abnormal ones not, with a balanced accuracy of .75 on the fourteen.

    Seven films of each kind are no measure of the model, which its card gives; a draft that doesn't come from
    its film doesn't get there. A normal draft begins with No. The commonest drafts of either kind differ as well, and
    so do most pairs.
    """
    labels = _labels()
    normal = [row["draft"] for row in studies if labels[str(row["accession"])] == NORMAL]
    abnormal = [row["draft"] for row in studies if labels[str(row["accession"])] != NORMAL]
    assert Counter(normal).most_common(1)[0][0] != Counter(abnormal).most_common(1)[0][0]
    right = [str(draft).startswith("No ") for draft in normal]
    also_right = [not str(draft).startswith("No ") for draft in abnormal]
    assert sum(right) / len(right) + sum(also_right) / len(also_right) >= 2 * 0.75
    assert sum(one != other for one in normal for other in abnormal) > len(normal) * len(abnormal) / 2


def test_a_demonstration_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A home that isn't empty is refused with a sentence and status 1."""
    (tmp_path / "something").write_text("here", encoding="utf-8")
    command = [LLMCXR, "demo", "--headless", "--pacs", "simulator", "--keep", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=_environment()
    )
    assert done.returncode == 1
    assert "isn't empty" in done.stderr


@pytest.mark.parametrize("option", ["--json", "--keep"])
def test_a_place_that_cannot_be_used_is_refused_before_the_walk(tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    command = [LLMCXR, "demo", "--headless", "--pacs", "simulator", option, str(tmp_path / "file" / "x")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=_environment()
    )
    assert done.returncode == 1
    assert "Choose another" in done.stderr or "Name another" in done.stderr
    assert "Traceback" not in done.stderr


def _studies_in(url: str) -> list[StudyRow]:
    """The worklist of a database: proof that the walk went through it."""
    db = Database(url)
    try:
        return studies_of.worklist(db)
    finally:
        db.close()


def _labels() -> dict[str, str]:
    with (ROOT / "dicom_node" / "films" / "films.csv").open(encoding="utf-8", newline="") as file:
        return {row["accession"]: row["labels"] for row in csv.DictReader(file)}


def _environment() -> dict[str, str]:
    """The tests' environment without what would speak of another home."""
    return {key: value for key, value in os.environ.items() if not key.startswith("LLMCXR_")}
