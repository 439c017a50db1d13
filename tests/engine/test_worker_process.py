"""The worker as a process: ended, killed, and paused beyond its lease."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.model import Model
from llmcxr_ws import jobs
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import reports, services
from llmcxr_ws.workplace import Workplace
from tests.engine.factories import chest_pixels, make_slow_bundle
from tests.engine.test_worker import send, study, worker

LEASE_S = 2.0
PROGRAM = (
    "import sys, pathlib, engine.cli; engine.cli.run_engine(bundle=pathlib.Path(sys.argv[1]), threads=1)"
)

Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def slow_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_slow_bundle(tmp_path_factory.mktemp("bundles") / "slow")


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    opened = Workplace.open(tmp_path / "home", upgrade=True)
    yield opened
    opened.close()


@pytest.fixture
def start(workplace: Workplace, slow_folder: Path) -> Iterator[Start]:
    """Start an engine on the slow bundle; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []
    environment = {
        **os.environ,
        "LLMCXR_HOME": str(workplace.home),
        "LLMCXR_LEASE_S": str(LEASE_S),
        "OMP_NUM_THREADS": "1",
    }

    def run() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(slow_folder)],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for(happened: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


def wait_for_drafting(workplace: Workplace, study_id: int) -> None:
    wait_for(lambda: study(workplace, study_id).state == StudyState.DRAFTING, "the engine drafts")


def end(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=20)
    assert process.returncode == 0, log
    return log


def drafted_once(workplace: Workplace, study_id: int) -> bool:
    versions = reports.versions(workplace.db, study_id)
    return study(workplace, study_id).state == StudyState.DRAFTED and len(versions) == 1


def test_sigterm_gives_the_job_back(workplace: Workplace, start: Start, model: Model) -> None:
    study_id = send(workplace, chest_pixels())
    process = start()
    wait_for_drafting(workplace, study_id)
    assert [row.kind for row in services.running(workplace.db)] == ["engine"]
    assert "job.released" in end(process)
    assert jobs.waiting(workplace.db) == {"queued": 1}
    assert services.running(workplace.db) == []
    worker(workplace, model).run(once=True)
    assert drafted_once(workplace, study_id)


def test_after_kill_9_another_worker_drafts_once(workplace: Workplace, start: Start, model: Model) -> None:
    study_id = send(workplace, chest_pixels())
    process = start()
    wait_for_drafting(workplace, study_id)
    process.kill()
    process.wait()
    other = worker(workplace, model)
    assert other.run(once=True) == 0, "the lease still runs"
    time.sleep(LEASE_S)
    assert other.run(once=True) == 1
    assert drafted_once(workplace, study_id)


def test_paused_beyond_its_lease_a_worker_changes_nothing(
    workplace: Workplace, start: Start, model: Model
) -> None:
    study_id = send(workplace, chest_pixels())
    process = start()
    wait_for_drafting(workplace, study_id)
    process.send_signal(signal.SIGSTOP)
    time.sleep(LEASE_S + 0.2)
    assert worker(workplace, model).run(once=True) == 1
    before = reports.versions(workplace.db, study_id)
    process.send_signal(signal.SIGCONT)
    after_id = send(workplace, chest_pixels(seed=1))
    wait_for(lambda: study(workplace, after_id).state == StudyState.DRAFTING, "it takes the next job")
    assert "job.lease_lost" in end(process)
    assert reports.versions(workplace.db, study_id) == before
    assert drafted_once(workplace, study_id)
