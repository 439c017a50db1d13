"""Fixtures of the node's tests: a running simulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node.listener import Listener
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from dicom_node.simulator.services import Destination
from llmcxr_ws.site import Peer
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.world import MakeWorld, World

SITE = """
name = "Test site"
quiet_s = 0.2

[[peer]]
name = "sender"
ae_title = "SENDER"
host = "127.0.0.1"
port = 1

[[peer]]
name = "pacs"
ae_title = "PACS"
host = "127.0.0.1"
port = 1
sends = false
"""


@pytest.fixture(scope="module")
def no_dciodvfy() -> Iterator[None]:
    """A gate without dicom3tools: one process for each of hundreds of documents would take minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dicom_node.documents.gate.shutil.which", lambda name: None)
        yield


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[PacsSimulator]:
    """A simulator on a free port, called PACS."""
    with PacsSimulator(SimulatorSettings(storage=tmp_path / "pacs", port=0)) as running:
        yield running


@pytest.fixture
def pacs(simulator: PacsSimulator) -> Peer:
    """The simulator as a configured peer."""
    return Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=simulator.port)


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    """A fresh home whose site knows the peers SENDER (sends only) and PACS (port 1: nobody there)."""
    opened = Workplace.open(tmp_path / "home", upgrade=True)
    import_site(opened.db, SITE, user="test")
    yield opened
    opened.close()


@pytest.fixture
def listener(workplace: Workplace) -> Iterator[Listener]:
    """A listener of that home on a free port."""
    running = Listener(workplace)
    running.start(port=0)
    yield running
    running.stop()


@pytest.fixture
def node(listener: Listener) -> Peer:
    """The listener as a peer of ours."""
    return Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=listener.port)


@pytest.fixture
def make_world(tmp_path: Path, simulator: PacsSimulator, pacs: Peer) -> Iterator[MakeWorld]:
    """Make nodes that know the simulator, and that the simulator knows."""
    worlds: list[World] = []

    def make(**options: object) -> World:
        world = World(tmp_path / "home", pacs, **options)  # type: ignore[arg-type]
        simulator.add_destination(Destination("LLMCXR", "127.0.0.1", world.listener.port))
        worlds.append(world)
        return world

    yield make
    for world in worlds:
        world.close()
