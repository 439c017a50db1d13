"""A language model of dolly-v2-3b's size imports and answers within 12 GiB of memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOLLY_WITH_CODES = 2_780_334_080


def run_benchmark(folder: Path, *arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.import_dolly_size", "--folder", str(folder), *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_model_of_dolly_s_size_imports_and_answers_within_12_gib(tmp_path: Path) -> None:
    figures = run_benchmark(tmp_path)
    assert figures["parameters"] == DOLLY_WITH_CODES
    assert figures["tokens"] == 12
    assert figures["peak_gib"] < 12
