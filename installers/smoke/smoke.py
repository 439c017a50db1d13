"""Starts what the systemd units start, in a throw-away home, and stops it as systemd would.

    python installers/smoke/smoke.py [--command /opt/llmcxr/venv/bin/llmcxr]

Reads ExecStartPre and ExecStart from the unit files, so that it proves them and not a copy of them. Exit status 0:
every process started, reported to the database, and ended on SIGTERM with status 0.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

UNITS = Path(__file__).parent.parent / "systemd"
START_S, STOP_S = 60.0, 30.0
_RUNNING = (
    "import json; from llmcxr_ws.workplace import Workplace; from llmcxr_ws.store import services; "
    "print(json.dumps([row.kind for row in services.running(Workplace.open().db)]))"
)


def commands(unit: str, key: str) -> list[list[str]]:
    """The command lines that a unit gives under a key."""
    lines = (UNITS / unit).read_text(encoding="utf-8").splitlines()
    return [line.split("=", 1)[1].split() for line in lines if line.startswith(f"{key}=")]


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def run(program: str) -> None:
    """Start, wait, stop; raise RuntimeError with what went wrong."""
    home = Path(tempfile.mkdtemp(prefix="llmcxr-smoke-"))
    environment = os.environ | {
        "LLMCXR_HOME": str(home),
        "LLMCXR_DICOM_PORT": str(free_port()),
        "LLMCXR_BIND_HOST": "127.0.0.1",
    }
    started: list[tuple[str, subprocess.Popen[bytes]]] = []
    try:
        for unit in ("llmcxr-node.service", "llmcxr-engine.service"):
            for line in commands(unit, "ExecStartPre"):
                subprocess.run([program, *line[1:]], env=environment, check=True, timeout=START_S)
            (line,) = commands(unit, "ExecStart")
            started.append((unit, subprocess.Popen([program, *line[1:]], env=environment)))
        wait_until_seen(environment, Path(program), started)
        for unit, process in reversed(started):
            process.terminate()
            status = process.wait(STOP_S)
            if status:
                raise RuntimeError(f"{unit} ended with status {status} on SIGTERM")
    finally:
        for _unit, process in started:
            if process.poll() is None:
                process.kill()
        shutil.rmtree(home, ignore_errors=True)


def wait_until_seen(
    environment: dict[str, str], program: Path, started: list[tuple[str, subprocess.Popen[bytes]]]
) -> None:
    """Wait until listener, courier and engine have their rows in the database."""
    deadline = time.monotonic() + START_S
    python = program.with_name("python")
    while True:
        done = subprocess.run(
            [str(python), "-c", _RUNNING], env=environment, capture_output=True, check=False
        )
        seen = set(json.loads(done.stdout)) if done.returncode == 0 else set()
        if {"listener", "courier", "engine"} <= seen:
            return
        for unit, process in started:
            if process.poll() is not None:
                raise RuntimeError(f"{unit} ended with status {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"after {START_S:.0f} s only {sorted(seen)} had reported")
        time.sleep(0.2)


def main() -> None:
    """Read the option and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--command", default=str(Path(sys.executable).with_name("llmcxr")))
    run(parser.parse_args().command)
    print("node and engine started, reported and stopped")


if __name__ == "__main__":
    main()
