"""An engine that follows the site's acceptance: the model accepted last by its weights, and no other instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.bundle import Bundle, default_bundle_folder
from engine.commands.opening import ModelChoice, wanted_model
from engine.errors import BundleError
from engine.models import checked_name
from llmcxr_ws.errors import EngineFailure
from llmcxr_ws.store import configuration
from llmcxr_ws.workplace import Workplace
from tests.engine.factories import make_bundle

ACCEPTED = Path("accepted")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    monkeypatch.setenv("LLMCXR_HOME", str(tmp_path / "home"))
    opened = Workplace.open(tmp_path / "home", upgrade=True)
    yield opened
    opened.close()


def accept(workplace: Workplace, *models: tuple[str, str]) -> None:
    """Put a document in force that accepts models by (weights, when)."""
    text = "".join(
        f'[[accepted_model]]\nweights_sha256 = "{weights}"\nname = "m{number}"\nversion = "1"\n'
        f'accepted_by = "ada"\naccepted_at = "{at}"\nreason = "Tried."\n'
        for number, (weights, at) in enumerate(models)
    )
    configuration.import_site(workplace.db, text, user="ada")


def weights_of(folder: Path) -> str:
    return Bundle.load(folder).manifest.weights_sha256


def test_the_model_accepted_last_is_found_by_its_weights(workplace: Workplace, tmp_path: Path) -> None:
    models = tmp_path / "models"
    mine = make_bundle(models / "mine", seed=11, name="mine")
    demo = weights_of(default_bundle_folder())
    accept(workplace, (weights_of(mine), "2026-02-01T10:00:00+00:00"), (demo, "2026-01-01T10:00:00+00:00"))
    assert wanted_model(ACCEPTED, models) == mine
    accept(workplace, (weights_of(mine), "2026-01-01T10:00:00+00:00"), (demo, "2026-02-01T10:00:00+00:00"))
    assert wanted_model(ACCEPTED, models) == default_bundle_folder()
    # Two within one second: the one that was written last.
    accept(workplace, (demo, "2026-02-01T10:00:00+00:00"), (weights_of(mine), "2026-02-01T10:00:00+00:00"))
    assert wanted_model(ACCEPTED, models) == mine


def test_no_other_model_is_taken_instead(workplace: Workplace, tmp_path: Path) -> None:
    make_bundle(tmp_path / "models" / "mine", seed=11, name="mine")
    with pytest.raises(EngineFailure, match="and none is"):
        wanted_model(ACCEPTED, tmp_path / "models")
    accept(workplace, ("c" * 64, "2026-02-01T10:00:00+00:00"))
    with pytest.raises(EngineFailure, match="isn't on this machine"):
        wanted_model(ACCEPTED, tmp_path / "models")
    assert wanted_model(Path("mine"), tmp_path / "models") == Path("mine")  # told so


def test_the_setting_is_followed_from_the_next_start(workplace: Workplace, tmp_path: Path) -> None:
    (workplace.home / "llmcxr.toml").write_text('bundle = "accepted"\n', encoding="utf-8")
    mine = make_bundle(tmp_path / "models" / "mine", seed=11, name="mine")
    choice = ModelChoice(models=tmp_path / "models", threads=1)
    with pytest.raises(EngineFailure):
        choice.open()
    accept(workplace, (weights_of(mine), "2026-02-01T10:00:00+00:00"))
    assert choice.open().bundle.manifest.name == "mine"


def test_a_folder_without_a_manifest_and_a_broken_one_are_passed_over(
    workplace: Workplace, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    for name, text in (("a", None), ("b", "{"), ("c", "[]")):
        (models / name).mkdir(parents=True)
        if text is not None:
            (models / name / "model.json").write_text(text, encoding="utf-8")
    mine = make_bundle(models / "z", seed=11, name="mine")
    accept(workplace, (weights_of(mine), "2026-02-01T10:00:00+00:00"))
    assert wanted_model(ACCEPTED, models) == mine


def test_no_model_may_bear_the_word() -> None:
    with pytest.raises(BundleError, match="'accepted' are taken"):
        checked_name("accepted")
