"""Runs on texts of several kinds, and what is left when a run is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from engine.data.prepared import PreparedSet
from engine.errors import SettingsError, SynthesisError
from engine.vqa.licences import licence_warning
from engine.vqa.settings import SynthesisSettings
from engine.vqa.sources import read_reports, reports_of
from engine.vqa.synthesize import synthesize
from tests.engine.vqa.test_rules import made_up_films
from tests.engine.vqa.world import GOOD, films_with_reports, served, set_with_reports


def good(_body: dict[str, Any]) -> tuple[int, str]:
    return 200, json.dumps(GOOD)


def test_a_killed_run_goes_on_and_makes_no_pair_twice(tmp_path: Path) -> None:
    prepared = set_with_reports(tmp_path, 5)
    asked: list[str] = []
    stop = threading.Event()

    def answer(body: dict[str, Any]) -> tuple[int, str]:
        asked.append(body["messages"][0]["content"])
        if len(asked) == 3:
            stop.wait(30)
        return good(body)

    with served(answer) as chat:
        options = ["--set", str(tmp_path), "--generator", "server", "--url", chat.url, "--concurrency", "1"]
        start = "from llmcxr_ws.cli import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", start, "vqa", "synthesize", *options], stderr=subprocess.DEVNULL
        )
        journal = _wait_for_third(asked, tmp_path)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
        stop.set()
        assert prepared.vqa() == []
        with journal.open("ab") as file:
            file.write(b'{"key": "film2-0", "text_sha')  # what a crash in the middle of a line leaves
        outcome = synthesize(SynthesisSettings(generator="server", set=tmp_path, url=chat.url, concurrency=1))
    assert outcome.pairs == len(prepared.vqa()) == 5 * len(GOOD)
    assert asked[:3] == [*asked[:2], asked[3]] and len(asked) == 6 and len(set(asked)) == 5
    keys = [json.loads(line).get("key") for line in journal.read_text().splitlines()]
    assert keys == [None, *prepared.rows]


def _wait_for_third(asked: list[str], folder: Path) -> Path:
    """Wait until two replies are written down and the third request hangs."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        journals = list(folder.glob("vqa-runs/*.jsonl"))
        if len(asked) == 3 and journals and journals[0].read_bytes().count(b"\n") == 3:
            return journals[0]
        time.sleep(0.02)
    raise TimeoutError("The run didn't come to its third report.")


def test_a_finished_run_asks_nothing_again_and_another_text_does(tmp_path: Path) -> None:
    set_with_reports(tmp_path, 2)
    with served(good) as chat:
        settings = SynthesisSettings(generator="server", set=tmp_path, url=chat.url)
        assert synthesize(settings) == synthesize(settings)
        assert len(chat.requests) == 2
        synthesize(SynthesisSettings(generator="server", set=tmp_path, url=chat.url, text="report"))
        assert len(chat.requests) == 4 and "Cough" in json.dumps(chat.requests[2:])
        synthesize(SynthesisSettings(generator="server", set=tmp_path, url=chat.url, temperature=0))
        assert len(chat.requests) == 6


def test_a_damaged_journal_is_refused_with_its_line(tmp_path: Path) -> None:
    set_with_reports(tmp_path, 1)
    with served(good) as chat:
        settings = SynthesisSettings(generator="server", set=tmp_path, url=chat.url)
        synthesize(settings)
        journal = next(tmp_path.glob("vqa-runs/*.jsonl"))
        journal.write_text(journal.read_text() + '{"key": 1}\n')
        with pytest.raises(SynthesisError, match="Line 3"):
            synthesize(settings)


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_texts_come_from_a_file_without_a_set(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"texts{ending}"
    if ending == ".csv":
        file.write_text('key,text\na,"Lungs are clear,\nheart too."\nb,\n', encoding="utf-8")
    else:
        file.write_text('{"key": "a", "text": "Lungs are clear."}\n\n{"key": "b", "text": " "}\n')
    with served(good) as chat:
        settings = {"generator": "server", "url": chat.url, "reports": file, "out": tmp_path / "out"}
        outcome = synthesize(SynthesisSettings(**settings))
    assert outcome.pairs == len(GOOD) and outcome.refused == {"film without a report text": 1}
    table = pq.read_table(tmp_path / "out" / "vqa.parquet").to_pylist()
    assert [row["question"] for row in table] == [pair["question"] for pair in GOOD]
    assert not (tmp_path / "vqa.parquet").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,text\na,b\n", "lacks"),
        ("key,text\na,b\na,c\n", "entry before"),
        ("\xff\xfe", "lacks|can't be read"),
    ],
)
def test_texts_that_can_not_be_used_are_refused(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SynthesisError, match=words):
        read_reports(file)


def test_films_of_one_study_share_a_report() -> None:
    reports, dropped = reports_of(films_with_reports(2, films_per_study=3))
    assert [report.keys for report in reports] == [
        ("film0-0", "film0-1", "film0-2"),
        ("film1-0", "film1-1", "film1-2"),
    ]
    assert dropped == {}


def test_texts_for_films_outside_of_the_set_are_refused(tmp_path: Path) -> None:
    set_with_reports(tmp_path / "set", 1)
    (tmp_path / "texts.csv").write_text("key,text\nstranger,Clear lungs.\n")
    with served(good) as chat, pytest.raises(SynthesisError, match="1 of 1"):
        synthesize(
            SynthesisSettings(
                generator="server", set=tmp_path / "set", reports=tmp_path / "texts.csv", url=chat.url
            )
        )


def test_rules_write_weighted_pairs_of_a_set(tmp_path: Path) -> None:
    PreparedSet.create(tmp_path, made_up_films(200), {})
    outcome = synthesize(SynthesisSettings(generator="rules", set=tmp_path, judged=("Edema", "Effusion")))
    pairs = PreparedSet.open(tmp_path).vqa()
    assert len(pairs) == outcome.pairs > 500
    assert {pair.generator for pair in pairs} == {"rules-2 training seed 0"}
    assert {pair.source for pair in pairs} == {"labels"} and {pair.licence for pair in pairs} == {"free"}
    assert len({pair.weight for pair in pairs}) > 3
    rows = [json.loads(line) for line in (tmp_path / "vqa.jsonl").read_text().splitlines()]
    assert {row["provenance"]["subject"] for row in rows} >= {"Edema", "Effusion", "abnormal", "outside"}


@pytest.mark.parametrize(
    "given",
    [
        {"generator": "rules", "reports": "a.csv", "out": "out"},
        {"generator": "rules"},
        {"generator": "hf", "out": "o"},
    ],
)
def test_a_run_without_its_source_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(SynthesisError, match="--set"):
        synthesize(SynthesisSettings(**given))  # type: ignore[arg-type]


def test_a_set_without_reports_names_the_rules(tmp_path: Path) -> None:
    PreparedSet.create(tmp_path, made_up_films(3), {})
    with pytest.raises(SynthesisError, match="--generator rules"):
        synthesize(SynthesisSettings(generator="server", set=tmp_path, url="http://127.0.0.1:1/v1"))


def test_settings_are_checked() -> None:
    with pytest.raises(SettingsError, match="generator"):
        SynthesisSettings.read(values={"generator": "oracle"})
    with pytest.raises(SettingsError, match="temperature"):
        SynthesisSettings.read(values={"generator": "hf", "temperature": -1})


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("Llama-2-13b-chat-hf", "forbid"),
        ("Meta-Llama-3.1-8B", "by version"),
        ("gemma-2-9b-it", "Gemma"),
        ("mistral-7b", None),
    ],
)
def test_models_with_limits_on_outputs_are_warned_of(model: str, words: str | None) -> None:
    warning = licence_warning(model)
    assert (warning is None) if words is None else (warning is not None and words in warning)
