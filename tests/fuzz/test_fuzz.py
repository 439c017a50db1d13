"""The receiving path under the fuzzer: its seeds and what once broke it always, a fifth of the million when slow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import receiving

FOUND = Path(__file__).with_name("found")
"""Inputs that broke a promise once."""


@pytest.fixture
def world(tmp_path: Path) -> object:
    made = receiving.World(tmp_path)
    yield made
    made.close()


def test_sound_conversations_are_acknowledged(world: receiving.World) -> None:
    """Or the fuzzer would begin with nothing worth changing."""
    for name, data in receiving.seeds():
        before = world.kept
        world.feed(data)
        is_stored = name.startswith(("data set", "established", "raw"))
        # A deflated data set's UID can't be put into its command, so that one is refused.
        assert (world.kept > before) == (is_stored and name != "data set 2"), name


@pytest.mark.parametrize("path", sorted(FOUND.iterdir()), ids=lambda path: path.name)
def test_what_once_broke_it(world: receiving.World, path: Path) -> None:
    world.feed(path.read_bytes())


def test_a_broken_promise_is_seen(world: receiving.World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The harness can fail: an object that is acknowledged and not kept, and an error that nobody foresaw."""
    data = dict(receiving.seeds())["established 0"]
    monkeypatch.setattr(receiving.studies, "known_instance", lambda *_: None)
    with pytest.raises(receiving.Defect, match="isn't in the index"):
        world.feed(data)
    monkeypatch.undo()
    monkeypatch.setattr("dicom_node.connection.store_response", lambda *_: 1 / 0)
    with pytest.raises(receiving.Defect, match="ZeroDivisionError"):
        world.feed(data)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_two_hundred_thousand_inputs(tmp_path: Path) -> None:
    """In a process of its own: the fuzzer ends its process, and instruments what it imports."""
    pytest.importorskip("atheris", reason="no wheel for this platform")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--runs", os.environ.get("LLMCXR_TEST_INPUTS", "200000")],
        cwd=tmp_path,  # an input that breaks a promise is written there
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
