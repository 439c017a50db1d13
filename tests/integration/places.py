"""A node in one process beside a real Orthanc that knows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmcxr_ws.store.configuration import import_site
from tests.dicom_node.world import World
from tests.integration.conftest import Orthanc

SITE = """
institution = "Test hospital"
quiet_s = {quiet}
patience_s = {patience}
{more}

[[peer]]
name = "orthanc"
ae_title = "ORTHANC"
host = "127.0.0.1"
port = {port}
identity = true
{peer}

[[peer]]
name = "cr"
ae_title = "CR1"
host = "127.0.0.1"
port = 1
count_from = "{count_from}"

[[output]]
document = "signed"
to = "orthanc"
"""


@contextmanager
def beside(
    orthanc: Orthanc,
    home: Path,
    *,
    quiet: float = 0.2,
    patience: float = 60,
    peer: str = "",
    count_from: str = "",
    more: str = "",
    rules: str = "",
) -> Iterator[World]:
    """A node whose site knows Orthanc and a modality called CR1; `peer` are more lines of Orthanc's table."""
    world = World(home, orthanc.peer)
    site = SITE.format(
        quiet=quiet, patience=patience, port=orthanc.dicom_port, peer=peer, count_from=count_from, more=more
    )
    import_site(world.workplace.db, site + rules, user="test")
    orthanc.know("LLMCXR", world.listener.port)
    try:
        yield world
    finally:
        world.close()
