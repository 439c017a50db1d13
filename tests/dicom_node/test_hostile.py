"""Whatever arrives: a valid document with the same text for all who read it, or a named refusal.

The documents of a run are written first and judged together: other people's programs start side by side.
"""

from __future__ import annotations

import html
import os
import re
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.documents import gate
from dicom_node.documents.provenance import build_provenance
from dicom_node.documents.sr import build, in_order
from llmcxr_ws.errors import DicomError
from tests.dicom_node.documents_factory import make_report, refer_to, rows_of
from tests.dicom_node.hostile import Case, cases
from tests.factories import make_film, save
from tests.peers import dciodvfy_errors, run_peer


@dataclass
class Run:
    """What became of each case; the documents that were made, each with what it must say."""

    folder: Path
    outcomes: Counter[str] = field(default_factory=Counter)
    made: list[tuple[Path, str, tuple[str, ...]]] = field(default_factory=list)

    def meet(self, case: Case) -> None:
        """Build what the node would, or be refused by name."""
        with warnings.catch_warnings():
            if case.is_broken:
                warnings.simplefilter("ignore")  # pydicom's, about bytes that are no text
            self._meet(case)

    def _meet(self, case: Case) -> None:
        predecessor = {"predecessor": refer_to(make_film())} if case.kind == "addendum" else {}
        try:
            document = make_report(case.kind, case.film, sentences=case.sentences, **predecessor)
            report = build(document)
        except DicomError as refusal:
            assert refusal.sentence.endswith(".") and "refused" in refusal.sentence, refusal.sentence
            self.outcomes["refused by name"] += 1
            return
        texts = tuple(sentence.text for sentence in in_order(document.sentences))
        faults = gate.check(report, [case.film], sentences=texts)
        if faults:
            assert {fault.code for fault in faults} <= {"values", "characters"}, faults
            self.outcomes["refused by the gate"] += 1
            return
        assert not case.is_broken or "\ufffd" not in str(case.film.PatientName)
        self.outcomes["valid"] += 1
        self._keep(report, case, texts)
        if case.kind == "signed":
            told = build_provenance(document, report)
            assert gate.check(told, [case.film, report], sentences=texts) == []
            self._keep(told, case, texts)

    def _keep(self, ds: Dataset, case: Case, texts: tuple[str, ...]) -> None:
        name = str(case.film.get("PatientName", ""))
        self.made.append((save(ds, self.folder, f"{len(self.made)}.dcm"), name, texts))


def judge(made: tuple[Path, str, tuple[str, ...]]) -> list[str]:
    """What other programs say against a document: dciodvfy, pydicom, dsrdump and dsr2html."""
    path, name, texts = made
    wrong = dciodvfy_errors(path)
    read = dcmread(path)
    held = [row for item in read.ContentSequence if item.ValueType == "CONTAINER" for row in rows_of(item)]
    if [str(row.TextValue).rstrip(" ") for row in held] != [text.rstrip(" ") for text in texts]:
        wrong.append("pydicom reads another text")
    if str(read.PatientName).rstrip("^= ") != name.rstrip("^= "):
        wrong.append("pydicom reads another name")
    page, dump = run_peer("dsr2html", "+U8", path), run_peer("dsrdump", "+Pl", path)
    if page.returncode or dump.returncode:
        wrong.append(f"dsr2html or dsrdump fails: {(page.stderr + dump.stderr).decode('utf-8', 'replace')}")
    shown = plain(html.unescape(page.stdout.decode("utf-8").replace("<br>", " ")))
    dumped = plain(dump.stdout.decode("utf-8").replace("\\n", " "))
    for text in texts:
        if plain(text) not in shown:
            wrong.append("dsr2html shows another text")
        if plain(text.replace("\\n", " ")) not in dumped:
            wrong.append("dsrdump shows another text")
    return [f"{path.name}: {what}" for what in wrong]


def plain(text: str) -> str:
    """The text with every run of white space as one space: a page may break its lines elsewhere."""
    return re.sub(r"\s+", " ", text).strip()


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, examples: int) -> Run:
    """Meet so many cases, then let the other programs judge what was made."""
    # The gate's own call would be one process a document, one after the other.
    monkeypatch.setattr(gate.shutil, "which", lambda name: None)
    done = Run(folder)

    # No shrinking: each example builds a whole document, and a failing one says enough.
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize="CI" in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases())
    def meet(case: Case) -> None:
        done.meet(case)

    meet()
    monkeypatch.undo()
    with ThreadPoolExecutor(4) as threads:
        wrong = [what for found in threads.map(judge, done.made) for what in found]
    assert wrong == []
    assert sum(done.outcomes.values()) >= examples
    assert done.outcomes["valid"] > examples / 2, done.outcomes
    return done


@pytest.mark.peers
def test_forty_hostile_studies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, monkeypatch, 40)


@pytest.mark.slow
@pytest.mark.peers
@pytest.mark.timeout(1200)
def test_three_hundred_hostile_studies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(tmp_path, monkeypatch, 300)
    assert done.outcomes["refused by name"] and done.outcomes["refused by the gate"], done.outcomes
    print(dict(done.outcomes), len(done.made), "documents")
