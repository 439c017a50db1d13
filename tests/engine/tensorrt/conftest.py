"""The demonstration model's graphs and one build of engines, made once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.building.sources import source_of
from engine.building.tensorrt_engine import Graphs, build_engines, engine_key
from engine.bundle import Bundle
from engine.tensorrt_builds import Limits
from tests.engine.tensorrt.graphs import language_graph

LIMITS = Limits(rows=4, count=128, positions=256, keep=16, films=4)


@pytest.fixture(scope="session")
def half_graph(demo: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The language graph in float16."""
    return language_graph(demo, tmp_path_factory.mktemp("float16"), "float16")


@pytest.fixture(scope="session")
def brain_graph(demo: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The language graph in bfloat16."""
    return language_graph(demo, tmp_path_factory.mktemp("bfloat16"), "bfloat16")


@pytest.fixture(scope="session")
def graphs(demo: Bundle, half_graph: Path) -> Graphs:
    return Graphs(half_graph, demo.path("encoder.onnx"), demo.path("decoder.onnx"))


@pytest.fixture(scope="session")
def engines(demo: Bundle, graphs: Graphs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished build for Ampere, Ada and Blackwell RTX cards."""
    key = engine_key(demo.manifest.weights_sha256, "float16", limits=LIMITS)
    return build_engines(tmp_path_factory.mktemp("engines"), key, graphs, source_of(demo).sizes)
