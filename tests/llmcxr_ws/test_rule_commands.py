"""The commands about rules, with a real home: list, check with lines, dry run; a faulty document isn't imported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmcxr_ws.completeness import Verdict
from llmcxr_ws.film_facts import read_facts
from llmcxr_ws.store import studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.films import make_film
from tests.llmcxr_ws.test_cli import llmcxr
from tests.llmcxr_ws.world import arrive, due_study

SITE = """
[[peer]]
name = "pacs"
ae_title = "PACS"
host = "127.0.0.1"
port = 1

[[peer]]
name = "archive"
ae_title = "ARCHIVE"
host = "127.0.0.1"
port = 2

[[rule]]
name = "all to archive"
forward_to = ["archive"]
priority = "high"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a site document and one study that waits for an image."""
    folder = tmp_path / "home"
    workplace = Workplace.open(folder, upgrade=True)
    import_site(workplace.db, SITE, user="test")
    study_id = arrive(workplace.db, facts=read_facts(make_film("cli")).to_dict())
    verdict = Verdict("missing", False, {"by": "pacs", "names": "1.2.3"}, ("1.2.3",))
    studies.note_completeness(workplace.db, due_study(workplace.db, study_id), verdict)
    workplace.close()
    return folder


def test_rules_are_listed_and_tried(home: Path, tmp_path: Path) -> None:
    listed = llmcxr("rules", "list", home=home).stdout
    assert "all to archive" in listed and "as the next rule says" in listed and "every one" in listed
    said = llmcxr("rules", "dry-run", home=home).stdout
    assert "archive (1, all to archive)" in said and "1 studies were tried" in said and "high" in said
    other = tmp_path / "other.toml"
    other.write_text(SITE.replace('forward_to = ["archive"]\npriority = "high"', 'then = "skip"'))
    (tried,) = json.loads(llmcxr("rules", "dry-run", "--document", str(other), "--json", home=home).stdout)
    assert tried["decision"] == "excluded" and tried["forwards"] == []
    assert "all to archive" in tried["reason"]


def test_faults_are_named_with_their_lines(home: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(SITE + '[[rule]]\nname = "odd"\nview = "top"\nmin_age = -1\n')
    lines = SITE.count("\n")
    said = llmcxr("rules", "check", str(bad), code=1).stdout
    assert f"line {lines + 3}:" in said and f"line {lines + 4}:" in said
    assert "can be put in force" in llmcxr("rules", "check", str(_good(tmp_path))).stdout
    for command in (("config", "import", str(bad)), ("rules", "dry-run", "--document", str(bad))):
        refused = llmcxr(*command, home=home, code=1).stderr
        assert f"line {lines + 3}:" in refused and f"line {lines + 4}:" in refused


def test_a_study_says_what_it_waits_for(home: Path) -> None:
    assert "Waits for 1 image that pacs listed: 1.2.3." in llmcxr("study", "list", home=home).stdout
    shown = llmcxr("study", "show", "1", home=home).stdout
    assert "missing    1.2.3" in shown and "images     1  Waits for" in shown


def _good(folder: Path) -> Path:
    path = folder / "good.toml"
    path.write_text(SITE)
    return path
