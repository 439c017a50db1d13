"""Films that a modality sends go on to Orthanc, in whatever transfer syntax they came, and are confirmed there."""

from __future__ import annotations

import io
from pathlib import Path

import pydicom
import pytest

from dicom_node import scu
from dicom_node.association import LocalEntity
from llmcxr_ws.store import deliveries
from tests.dicom_node.films import make_film
from tests.integration.conftest import Orthanc
from tests.integration.places import beside
from tests.network import run

pytestmark = pytest.mark.peers
RULE = '\n[[rule]]\nname = "to the archive"\nsource = "cr"\nforward_to = ["orthanc"]\n'


@pytest.mark.parametrize(
    "syntax",
    [
        pydicom.uid.ExplicitVRLittleEndian,
        pydicom.uid.ImplicitVRLittleEndian,
        pydicom.uid.RLELossless,
        pydicom.uid.DeflatedExplicitVRLittleEndian,
    ],
    ids=lambda uid: uid.name,
)
def test_a_film_of_a_modality_lies_unchanged_in_the_archive(
    orthanc: Orthanc, tmp_path: Path, syntax: pydicom.uid.UID
) -> None:
    film = make_film("on")
    if syntax.is_compressed and syntax != pydicom.uid.DeflatedExplicitVRLittleEndian:
        film.compress(syntax)
    else:
        film.file_meta.TransferSyntaxUID = syntax
    path = tmp_path / "on.dcm"
    film.save_as(path, enforce_file_format=True)
    with beside(orthanc, tmp_path / "home", rules=RULE) as world:
        scu.store(LocalEntity(ae_title="CR1"), world.node, [path])

        def states() -> list[str]:
            rows = deliveries.deliveries_of(world.workplace.db, world.study("ACC-on").id)
            return [row.state for row in rows if row.is_forwarded]

        world.work_until(lambda: states() == ["confirmed"], "confirmed")
        found = orthanc.rest(
            "POST", "/tools/find", {"Level": "Instance", "Query": {"SOPInstanceUID": film.SOPInstanceUID}}
        )
        held = pydicom.dcmread(io.BytesIO(orthanc.file(found[0])))
        assert held == pydicom.dcmread(path)
        assert held.file_meta.TransferSyntaxUID == syntax
        # The archive sends it back, as with autorouting to us: no news, and nothing goes out again.
        query = f"StudyInstanceUID={film.StudyInstanceUID}"
        call = ["-aet", "LLMCXR", "-aec", "ORTHANC", "127.0.0.1", str(orthanc.dicom_port)]
        moved = run("movescu", "-S", "-aem", "LLMCXR", *call, "-k", "QueryRetrieveLevel=STUDY", "-k", query)
        assert moved.returncode == 0
        for _ in range(3):
            world.work_until(lambda: True, "a round")
        assert states() == ["confirmed"]
