"""A tiny bundle for the tests of the engine, made once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bundle import Bundle, default_bundle_folder
from engine.model import Model
from tests.engine.factories import make_bundle


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Bundle:
    return Bundle.load(tiny_folder)


@pytest.fixture(scope="session")
def demo() -> Bundle:
    """The demonstration model that ships."""
    return Bundle.load(default_bundle_folder())


@pytest.fixture(scope="session")
def model(tiny_folder: Path) -> Model:
    return Model.open(tiny_folder, threads=1)
