"""The systemd units: valid for systemd, and what they start does start and stop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers import require

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "installers" / "systemd").glob("*.service"))
LLMCXR = Path(sys.executable).with_name("llmcxr")


@pytest.mark.peers
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_no_fault(unit: Path, tmp_path: Path) -> None:
    """`systemd-analyze verify` is silent about the unit with the installed command in it."""
    require("systemd-analyze")
    for original in UNITS:  # the engine's unit names the node's
        text = original.read_text(encoding="utf-8").replace("/opt/llmcxr/venv/bin/llmcxr", str(LLMCXR))
        (tmp_path / original.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / unit.name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert unit.name not in done.stderr, done.stderr


def test_what_the_units_start_reports_and_stops() -> None:
    """The smoke script starts node and engine from the units' own lines and ends them with SIGTERM."""
    script = ROOT / "installers" / "smoke" / "smoke.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "started, reported and stopped" in done.stdout
