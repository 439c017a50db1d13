"""The watch on the log, tried in a pytest of its own: it must fail what it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

INNER = """
import logging
import pytest
from llmcxr_ws.log import logger, setup_logging

def test_silent_info(): logger("llmcxr_ws.x").info("fine")
def test_structlog_warning(): logger("llmcxr_ws.x").warning("odd thing", number=1)
def test_plain_error(): logging.getLogger("engine").error("broken")
def test_after_setup():
    setup_logging("info")
    logger("llmcxr_ws.y").warning("odd thing")
def test_announced(allow_log):
    allow_log("odd thing")
    logger("llmcxr_ws.x").warning("odd thing")
@pytest.mark.allow_log("odd thing")
def test_marked(): logger("llmcxr_ws.x").warning("odd thing")
"""


def test_an_unannounced_warning_fails_its_test(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text(INNER)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conftest",
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    done = subprocess.run(
        [*command, "--rootdir", str(ROOT), "-p", "no:cacheprovider", str(tmp_path / "test_inner.py")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    failed = [
        line.split("::")[1].split()[0]
        for line in done.stdout.splitlines()
        if line.startswith("ERROR ") and "::" in line
    ]
    assert failed == ["test_structlog_warning", "test_plain_error", "test_after_setup"], done.stdout
    assert "6 passed, 3 errors" in done.stdout
