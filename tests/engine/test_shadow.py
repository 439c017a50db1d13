"""A second model in the shadow of the first: same films, no reader, no job, and never before a waiting draft."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.bundle import Bundle, default_bundle_folder
from engine.evaluate.labeler import labels_of
from engine.evidence.card import write_beside
from engine.evidence.file import evidence_of
from engine.input_check import InputCheck
from engine.model import Model
from engine.portrait import portrait
from engine.preprocess import Film
from engine.shadow import Shadow
from llmcxr_ws import jobs
from llmcxr_ws.store import modelling, reports, services
from llmcxr_ws.store.models import ShadowDraft
from llmcxr_ws.workplace import Workplace
from tests.engine.factories import chest_pixels, make_bundle, make_slow_bundle
from tests.engine.test_worker import film_of, send, worker


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    opened = Workplace.open(tmp_path / "home", upgrade=True)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = make_bundle(tmp_path_factory.mktemp("bundles") / "other", seed=11, name="other")
    return Model.open(folder, threads=1)


def shadow(workplace: Workplace, model: Model, within: int = 10) -> Shadow:
    return Shadow(workplace.db, workplace.objects, model, within=within, poll_s=0.01)


def test_the_shadow_says_what_its_model_says_of_the_same_film(
    workplace: Workplace, model: Model, other: Model
) -> None:
    pixels = chest_pixels(seed=3)
    study_id = send(workplace, pixels)
    worker(workplace, model).run(once=True)
    assert shadow(workplace, model).run(once=True) == 0  # its own drafts aren't its to compare
    assert shadow(workplace, other).run(once=True) == 1
    (row,) = modelling.shadow_rows(workplace.db)
    expected = other.report(other.encode(film_of(pixels, other)))
    assert (row.shadow_text, row.shadow_confidence) == (expected.text, expected.confidence)
    assert row.shadow_labels == labels_of(expected.text) and row.labels == labels_of(row.text)
    assert row.shadow_weights == other.bundle.manifest.weights_sha256 and row.shadow_seconds > 0
    current = reports.current_report(workplace.db, study_id)
    assert current is not None and current.ai_text == row.text != row.shadow_text
    assert jobs.waiting(workplace.db) == {"done": 1}
    assert shadow(workplace, other).run(once=True) == 0
    assert services.running(workplace.db) == []


def test_a_draft_too_weak_for_readers_counts_as_withheld_in_the_shadow_too(
    workplace: Workplace, model: Model, tmp_path: Path
) -> None:
    """Else the comparison would set what one model may show against all that the other says."""
    folder = tmp_path / "strict"
    shutil.copytree(default_bundle_folder(), folder)
    held = evidence_of(Bundle.load(folder))
    assert held is not None and held.confidence is not None
    strict = replace(held, confidence=replace(held.confidence, withheld=1.0))
    write_beside(Bundle.load(folder), strict)
    send(workplace, chest_pixels(seed=3))
    worker(workplace, model).run(once=True)
    assert shadow(workplace, Model.open(folder, threads=1)).run(once=True) == 1
    (row,) = modelling.shadow_rows(workplace.db)
    with workplace.db.read() as session:
        assert "too weak to be shown" in session.scalars(select(ShadowDraft.withheld)).one()
    assert row.shadow_text


def test_it_waits_while_a_reader_s_draft_waits(workplace: Workplace, model: Model, other: Model) -> None:
    send(workplace, chest_pixels(seed=3))
    worker(workplace, model).run(once=True)
    send(workplace, chest_pixels(seed=4))
    second = shadow(workplace, other)
    thread = threading.Thread(target=second.run)
    thread.start()
    time.sleep(0.5)
    assert modelling.shadow_rows(workplace.db) == ()
    worker(workplace, model).run(once=True)
    until = time.monotonic() + 20
    while len(modelling.shadow_rows(workplace.db)) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    (told,) = services.running(workplace.db)
    second.stop()
    thread.join()
    assert len(modelling.shadow_rows(workplace.db)) == 2
    assert (told.kind, told.detail["model_name"]) == ("shadow", "other")


@pytest.mark.allow_log("shadow.left_out")
def test_a_film_that_it_can_t_read_doesn_t_stop_it(workplace: Workplace, model: Model, other: Model) -> None:
    send(workplace, chest_pixels(seed=3))
    lost = send(workplace, chest_pixels(seed=4))
    worker(workplace, model).run(once=True)
    wanted = modelling.next_for_shadow(workplace.db, "x", within=1)
    assert wanted is not None and wanted.study_id == lost
    workplace.objects.path(wanted.film_path).write_bytes(b"nothing")
    assert shadow(workplace, other).run(once=True) == 1


@pytest.mark.allow_log("shadow.defect", "shadow.left_out")
def test_a_film_on_which_it_has_a_defect_doesn_t_end_it(
    workplace: Workplace, model: Model, other: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(workplace, chest_pixels(seed=3))
    send(workplace, chest_pixels(seed=4))
    worker(workplace, model).run(once=True)
    plain, looked = Model.check_film, list[bool]()

    def broken_once(self: Model, film: Film) -> InputCheck:
        looked.append(True)
        if len(looked) == 1:
            raise IndexError("a defect")
        return plain(self, film)

    monkeypatch.setattr(Model, "check_film", broken_once)
    assert shadow(workplace, other).run(once=True) == 1
    assert len(looked) == 2


def test_it_ends_in_the_middle_of_a_film(workplace: Workplace, model: Model, tmp_path: Path) -> None:
    send(workplace, chest_pixels(seed=3))
    worker(workplace, model).run(once=True)
    endless = shadow(workplace, Model.open(make_slow_bundle(tmp_path / "slow"), threads=1))
    thread = threading.Thread(target=endless.run)
    thread.start()
    time.sleep(0.7)
    began = time.monotonic()
    endless.stop()
    thread.join()
    assert time.monotonic() - began < 2 and modelling.shadow_rows(workplace.db) == ()


def test_what_an_engine_tells_of_itself(model: Model) -> None:
    told = portrait(model)
    assert told["card"] == "# A random model for tests\n"
    assert told["weights_sha256"] == model.bundle.manifest.weights_sha256
    assert told["runtime_name"] == model.backends.name and told["findings_judged"]


def test_labels_name_what_is_said_and_whether_anything_is(model: Model) -> None:
    assert labels_of("Small pleural effusion. No edema.") == {
        "Effusion": "positive",
        "Edema": "negative",
        "No Finding": "negative",
    }
    assert labels_of("The lungs are clear.") == {"No Finding": "positive"}


def test_the_command_runs_a_shadow(workplace: Workplace, model: Model, tmp_path: Path) -> None:
    send(workplace, chest_pixels(seed=3))
    worker(workplace, model).run(once=True)
    folder = make_bundle(tmp_path / "third", seed=13, name="third")
    command = [sys.executable, "-m", "llmcxr_ws.cli", "--home", str(workplace.home), "engine"]
    done = subprocess.run(
        [*command, "--shadow", "--once", "--model", str(folder)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    (row,) = modelling.shadow_rows(workplace.db)
    assert row.shadow_model.startswith("third")
    assert [path.name.split("-")[0] for path in (workplace.home / "logs").iterdir()] == ["shadow"]
