"""The receiving path under the fuzzer: its seeds and what once broke it always, a fifth of the million when slow."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import receiving
from tests.fuzz.reach import Reach

FOUND = Path(__file__).with_name("found")
"""Inputs that broke a promise once."""


@pytest.fixture
def world(tmp_path: Path) -> object:
    made = receiving.World(tmp_path)
    yield made
    made.close()


NOT_REACHED = {
    "another program's data, or another role": {
        "commitment._failed_item", "commitment._item", "commitment.action_information",
        "commitment.event_information", "commitment.read_action", "web/answers._items", "web/answers._reason",
        "web/answers._uid", "web/answers.read_json", "web/related.body_tail", "web/related.new_boundary",
        "web/related.part_head", "examine.content_sha256", "provider.Provider.__init__",
        "provider.Provider.associations", "provider.Provider.stop", "provider.start_provider",
    },
    "time, other threads, a failing disk: tests/robustness": {
        "connection.Connection.cut", "wire.Wire.excuse", "wire.Wire.interrupt", "pace.Pace.__init__",
        "pace.Pace.delay", "spool.failure", "connection._where", "web/exchange.Refusal.later",
        "reception.Reception.refuse",
    },
    "the process around it": {
        "listener.Listener.detail", "listener.Listener._on_handshake_failed", "listener.run_listener",
    },
    "what the library asks of its own layers": {
        "served.ServedAssociation._abort_blocking", "served._Peeled._shutdown_socket",
        "served._UpperLayer.is_alive", "served._UpperLayer.kill_dul", "served._UpperLayer.peek_next_pdu",
        "served._UpperLayer.receive_pdu", "served._UpperLayer.stop_dul",
    },
    "protocols of types": {
        "connection.Host.admit", "connection.Host.forget", "connection.Host.turned_away",
        "connection.Received.discard",
        "connection.Received.finish", "connection.Received.write", "connection.StoreSink.begin",
    },
}  # fmt: skip
"""Functions between a socket and the disk that no seed gets to, by reason."""


@pytest.fixture(autouse=True)
def logs_are_given_back() -> Iterator[None]:
    """Or every test after these would log into the void, and the watch on the log see nothing."""
    yield
    receiving.give_logs_back()


def test_sound_conversations_are_acknowledged(world: receiving.World) -> None:
    """Or the fuzzer would begin with nothing worth changing."""
    for name, data in receiving.seeds():
        before = world.kept
        world.feed(data)
        is_stored = name.startswith(("data set", "fresh", "long", "established", "raw", "web", "two"))
        # A deflated data set's UID can't be put into its command, so that one is refused.
        assert (world.kept > before) == (is_stored and not name.endswith("data set 2")), name
    world.check_all()


def test_the_seeds_reach_every_function(tmp_path: Path) -> None:
    """From the first byte of a connection to the index, and from a request's line to the answer."""
    with Reach() as reached:
        world = receiving.World(tmp_path)
        for _, data in receiving.seeds():
            world.feed(data)
        world.close()
    assert reached.functions_missed() == set().union(*NOT_REACHED.values())


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
    world.feed(data)
    [path] = (world.workplace.objects.root / "received").rglob("*.dcm")
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(receiving.Defect, match="changed later"):
        world.check_all()
    path.unlink()
    with pytest.raises(receiving.Defect, match="lost later"):
        world.check_all()
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
