"""Running other people's DICOM programs in tests, and free ports."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.peers import require


def run(tool: str, *arguments: str | Path | int, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run a peer's program to its end and return what it said, both streams in ``stdout``.

    ``TCP_NODELAY=1`` is DCMTK's switch for Nagle's algorithm, without which it waits 40 ms for each object.
    """
    return subprocess.run(
        [require(tool), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout_s,
        env={**os.environ, "TCP_NODELAY": "1"},
        check=False,
    )


def start(tool: str, *arguments: str | Path | int, output: Path) -> subprocess.Popen[bytes]:
    """Start a peer's program in the background, its output going to a file."""
    command = [require(tool), *map(str, arguments)]
    with output.open("wb") as stream:
        return subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)


def free_port() -> int:
    """A TCP port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 20.0) -> None:
    """Wait until `condition` holds; fail with `what` when it doesn't in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(0.02)


def answers(port: int) -> bool:
    """Whether something accepts connections on this port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
