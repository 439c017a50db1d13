"""Fixtures of the node's tests: a running simulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from llmcxr_ws.site import Peer


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[PacsSimulator]:
    """A simulator on a free port, called PACS."""
    with PacsSimulator(SimulatorSettings(storage=tmp_path / "pacs", port=0)) as running:
        yield running


@pytest.fixture
def pacs(simulator: PacsSimulator) -> Peer:
    """The simulator as a configured peer."""
    return Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=simulator.port)
