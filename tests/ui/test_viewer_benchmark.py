"""The benchmark of the window runs, on the real window and engine, and writes every figure it promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_it_measures_everything_it_promises(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks.viewer", "--json", str(out)]
    said = subprocess.run(
        [*command, "--frames", "8", "--studies", "3", "--keys", "12"],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    figures = json.loads(out.read_text(encoding="utf-8"))
    for name in ("drag_frame_ms", "study_open_ms", "key_to_glyph_ms"):
        assert 0 < figures[name]["median"] <= figures[name]["longest"]
    assert figures["longest_stall_ms"] > 0
    assert figures["ratios"]["naive_vs_ours"] > 1
    # Without a draft in the making, the keys would prove nothing.
    assert 0 < figures["key_to_glyph_ms"]["keys"] <= figures["key_to_glyph_ms"]["keys_in_all"] == 12
