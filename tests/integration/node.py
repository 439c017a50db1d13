"""A real node for tests: `llmcxr node` as a process on a home of its own, with a stand-in only for the engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import services, studies
from tests.network import answers, wait_for


class NodeProcess:
    """`llmcxr node`, or one part of it, on a home; `prefix` is a program that starts it in another surrounding."""

    def __init__(self, home: Path, port: int, *part: str, prefix: Sequence[str] = ()) -> None:
        self.home = home
        self.port = port
        self._part = part
        self._prefix = prefix
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Start it and wait until its port answers."""
        with (self.home / "node.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "llmcxr_ws.cli", "node", *self._part],
                env={**os.environ, "LLMCXR_HOME": str(self.home), "OMP_NUM_THREADS": "1"},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        if wait:
            wait_for(lambda: answers(self.port), "the node listens", timeout_s=30)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; give its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    @property
    def log(self) -> str:
        """What it has said."""
        return (self.home / "node.log").read_text(errors="replace")


@contextmanager
def running(node: NodeProcess) -> Iterator[NodeProcess]:
    """Start a node and make sure that nothing of it is left."""
    node.start()
    try:
        yield node
    finally:
        if node.process is not None and node.process.poll() is None:
            node.stop()


def pid_of(db: object, kind: str) -> int | None:
    """Process id of a running part, as it reported itself."""
    rows = [row for row in services.running(db) if row.kind == kind]  # type: ignore[arg-type]
    return min(rows, key=lambda row: row.seconds_since_seen).pid if rows else None


def state_of(db: object, accession: str) -> StudyState | None:
    """The state of the study with this accession number."""
    study: StudyRow | None = studies.find_study(db, accession_number=accession)  # type: ignore[arg-type]
    return study.state if study is not None else None
