"""The order of a study comes from DCMTK's worklist server, in clear and by TLS, and from Orthanc's by TLS."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicom_node import scu
from dicom_node.association import LocalEntity
from llmcxr_ws.site import Peer
from llmcxr_ws.store import signals
from llmcxr_ws.store.configuration import import_site
from tests.certificates import Authority
from tests.dicom_node.films import write_film
from tests.dicom_node.world import World
from tests.integration.conftest import WORKLISTS, Orthanc
from tests.integration.dcmtk import Wlmscpfs
from tests.integration.places import orthanc_by_tls, tls_settings
from tests.integration.test_worklist_orthanc import ENTRY
from tests.network import run
from tests.peers import missing

pytestmark = pytest.mark.peers
SITE = """
quiet_s = 0.2

[[peer]]
name = "ris"
ae_title = "{ae_title}"
host = "127.0.0.1"
port = {port}
tls = {tls}
sends = false
worklist = true

[[peer]]
name = "cr"
ae_title = "CR1"
host = "127.0.0.1"
port = 1
"""


@pytest.mark.parametrize("server", ["wlmscpfs", "wlmscpfs-tls", "orthanc-tls"])
def test_the_order_comes_from_the_worklist(tmp_path: Path, server: str) -> None:
    authority = Authority(tmp_path / "ca") if server.endswith("-tls") else None
    ris: Wlmscpfs | Orthanc
    if authority is not None and server.startswith("orthanc"):
        if not any(plugin.is_file() for plugin in WORKLISTS):
            missing("Orthanc's worklist plug-in isn't installed (Debian: apt-get install orthanc)")
        (tmp_path / "ris").mkdir()
        ris = orthanc_by_tls(tmp_path / "ris", authority)
    else:
        ris = Wlmscpfs(tmp_path / "ris", authority)
    ris.start()
    world = World(tmp_path / "home", ris.peer, machine=tls_settings(authority) if authority else "")
    try:
        for name, accession in (("mine", "ACC-w"), ("another", "ACC-z")):
            dump = tmp_path / f"{name}.dump"
            values = {"patient": "TEST-1", "study": "1.2.3", "day": "20260304", "procedure": "RP1"}
            dump.write_text(ENTRY.format(accession=accession, **values))
            assert run("dump2dcm", dump, ris.worklist / f"{name}.wl").returncode == 0
        site = SITE.format(
            ae_title=ris.peer.ae_title, port=ris.peer.port, tls=str(authority is not None).lower()
        )
        import_site(world.workplace.db, site, user="test")
        node = Peer(name="node", ae_title="LLMCXR", host="127.0.0.1", port=world.listener.port)
        scu.store(LocalEntity(ae_title="CR1"), node, [write_film(tmp_path, "w")])

        def asked() -> list[str]:
            rows = signals.inquiries_of(world.workplace.db, world.study("ACC-w").id, "order")
            return [row.state for row in rows]

        world.work_until(lambda: asked() == ["told"], "asked")
        ordered = world.study("ACC-w").ordered
        assert ordered["ReasonForTheRequestedProcedure"] == "Cough for three weeks, effusion?"
        assert ordered["PlacerOrderNumberImagingServiceRequest"] == "PLACER-1"
    finally:
        world.close()
        ris.kill()
