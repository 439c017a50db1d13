"""The services' log files: their own, bounded, private, without what a peer said; and their common tail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmcxr_ws import logfile
from llmcxr_ws.config import load_config
from llmcxr_ws.log import LogFile
from llmcxr_ws.logfile import log_file, tail

SCRIPT = """
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from llmcxr_ws.log import LogFile, logger, quote, setup_logging
home, service, mb = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
setup_logging("info", file=LogFile(home / "logs", service, mb))
log = logger("test")
log.warning("refused", reason="failed (" + quote("Miller^Ada") + ")", count=3)
for n in range(int(sys.argv[4])):
    log.info("counted", number=n)
log.debug("never")
"""


def speak(home: Path, service: str, mb: float = 1.0, lines: int = 2) -> str:
    command = [sys.executable, "-c", SCRIPT, str(home), service, str(mb), str(lines)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def test_each_process_has_a_private_file_and_the_tail_joins_them(tmp_path: Path) -> None:
    speak(tmp_path, "listener")
    speak(tmp_path, "engine")
    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name.split("-")[0] for file in files] == ["engine", "listener"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in (*files, tmp_path / "logs"))
    lines = tail(tmp_path)
    assert [line.service for line in lines] == ["listener"] * 3 + ["engine"] * 3
    assert (lines[0].level, lines[0].event) == ("warning", "refused")
    assert lines[0].detail == "reason failed («…»), count 3"
    assert "Miller" not in "".join(file.read_text() for file in files)


def test_the_tail_is_filtered(tmp_path: Path) -> None:
    speak(tmp_path, "listener")
    speak(tmp_path, "engine")
    assert {line.service for line in tail(tmp_path, services=("engine",))} == {"engine"}
    assert [line.event for line in tail(tmp_path, lowest="warning")] == ["refused", "refused"]
    assert [line.detail for line in tail(tmp_path, words="NUMBER 1")] == ["number 1", "number 1"]
    assert len(tail(tmp_path, limit=4)) == 4
    assert tail(tmp_path / "nowhere") == ()


def test_files_that_ended_before_all_that_is_shown_aren_t_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for day, service in ((1, "engine"), (2, "courier"), (3, "listener")):
        at = datetime(2026, 11, day, 10, tzinfo=UTC)
        lines = [
            {"timestamp": f"{at:%Y-%m-%dT%H:%M:}{second:02}Z", "level": "info", "event": f"{service}{second}"}
            for second in range(40)
        ]
        path = folder / f"{service}-1.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        os.utime(path, (at.timestamp() + 39, at.timestamp() + 39))
    read: list[str] = []
    own = logfile._last_lines
    monkeypatch.setattr(logfile, "_last_lines", lambda path: [read.append(path.name), own(path)][1])
    assert [line.event for line in tail(tmp_path, limit=50)] == [
        *(f"courier{n}" for n in range(30, 40)),
        *(f"listener{n}" for n in range(40)),
    ]
    assert read == ["listener-1.jsonl", "courier-1.jsonl"]
    assert [line.event for line in tail(tmp_path, words="engine7")] == ["engine7"]


def test_a_line_in_the_making_and_nonsense_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    good = json.dumps({"timestamp": "1", "level": "critical", "event": "e"})
    (tmp_path / "logs" / "node-1.jsonl").write_text(f'{good}\n[1]\n{{"event": "half', encoding="utf-8")
    assert [line.event for line in tail(tmp_path, lowest="error")] == ["e"]


def test_files_are_turned_over_and_old_ones_go(tmp_path: Path) -> None:
    for _ in range(4):
        speak(tmp_path, "courier", mb=0.002, lines=60)
    files = list((tmp_path / "logs").iterdir())
    assert len(files) <= 8 and all(file.stat().st_size <= 2000 for file in files)
    assert "number 59" in tail(tmp_path)[-1].detail


def test_files_of_running_processes_stay_however_many_there_are(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    running = folder / f"engine-{os.getpid()}.jsonl"
    running.write_text("{}\n", encoding="utf-8")
    os.utime(running, (1, 1))  # it has had nothing to say for long
    for number in range(9):
        (folder / f"engine-{2**22 + 1 + number}.jsonl").write_text(
            "{}\n", encoding="utf-8"
        )  # above any process id
    speak(tmp_path, "engine")
    assert running.exists()
    assert len(list(folder.iterdir())) <= 6 + 2  # those kept, the running one's, its own


def test_no_file_without_a_size_or_a_home(tmp_path: Path) -> None:
    speak(tmp_path, "node", mb=0.0)
    assert "counted" in speak(tmp_path / "nowhere", "node")
    assert list(tmp_path.iterdir()) == []
    assert log_file(tmp_path, load_config(tmp_path), "node") == LogFile(tmp_path / "logs", "node", 5.0)
