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

from engine.bundle import default_bundle_folder
from engine.model import Model
from llmcxr_ws import jobs
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import drawings, maps, reports, services
from llmcxr_ws.workplace import Workplace
from tests.engine.factories import chest_pixels, make_slow_bundle
from tests.engine.test_worker import expire_leases, send, study, worker
from tests.engine.test_worker_side import drafted, send_and_draft, work

LEASE_S = 2.0
PROGRAM = (
    "import sys, pathlib, engine.cli; engine.cli.run_engine(bundle=pathlib.Path(sys.argv[1]), threads=1)"
)

Start = Callable[..., "subprocess.Popen[str]"]


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
    """Start an engine, on the slow bundle unless told; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []
    environment = {
        **os.environ,
        "LLMCXR_HOME": str(workplace.home),
        "LLMCXR_LEASE_S": str(LEASE_S),
        "OMP_NUM_THREADS": "1",
    }

    def run(folder: Path = slow_folder) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)],
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


@pytest.fixture(scope="module")
def demo() -> Model:
    return Model.open(threads=1)


def asked_map(workplace: Workplace, demo: Model) -> Callable[[], str]:
    """Draft a film that ships and ask for the map of its first sentence; give how to look at its state."""
    report = drafted(workplace, send_and_draft(workplace, demo, budget_s=0.0))
    row = maps.ask(workplace.db, report.id, sentence=report.evidence["sentences"][0]["text"])
    return lambda: maps.map_by_id(workplace.db, row.id).state


def asked_drawing(workplace: Workplace, demo: Model) -> Callable[[], str]:
    """Ask for a film drawn from a text; give how to look at its state."""
    study_id = send_and_draft(workplace, demo, budget_s=0.0)
    drawing = drawings.ask(workplace.db, study_id, user="anna", text="Pneumonia is present.", seed=3)
    return lambda: drawings.drawing(workplace.db, drawing).state


@pytest.mark.parametrize(
    ("asked", "under_way", "made"),
    [(asked_map, maps.COMPUTING, maps.READY), (asked_drawing, drawings.DRAWING, drawings.DRAWN)],
    ids=["map", "drawing"],
)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
def test_what_an_engine_leaves_half_done_another_makes_whole(
    workplace: Workplace,
    start: Start,
    demo: Model,
    asked: Callable[[Workplace, Model], Callable[[], str]],
    under_way: str,
    made: str,
    number: int,
) -> None:
    state = asked(workplace, demo)
    process = start(default_bundle_folder())
    wait_for(lambda: state() == under_way, "the engine is at it", 60.0)
    process.send_signal(number)
    process.wait(20)
    assert state() == under_way
    if number == signal.SIGKILL:
        assert work(workplace, demo, budget_s=0.0) == 0, "the lease still runs"
        time.sleep(LEASE_S)
    assert work(workplace, demo, budget_s=0.0) >= 1
    assert state() == made
    assert set(jobs.waiting(workplace.db)) == {"done"}
    assert len(list((workplace.objects.root / "drawings").rglob("*.png"))) == (made == drawings.DRAWN)


@pytest.mark.allow_log("job.exhausted")
@pytest.mark.parametrize("asked", [asked_map, asked_drawing], ids=["map", "drawing"])
def test_what_every_engine_dies_of_ends_in_words(
    workplace: Workplace, demo: Model, asked: Callable[[Workplace, Model], Callable[[], str]]
) -> None:
    state = asked(workplace, demo)
    for attempt in range(3):
        claimed = jobs.claim(workplace.db, kinds=[maps.KIND, drawings.DRAW], owner="dead", lease_s=60)
        assert claimed is not None and claimed.attempt == attempt + 1
        expire_leases(workplace)
    assert work(workplace, demo, budget_s=0.0) == 0
    assert state() == "failed"


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
