"""The services as user with Orthanc as the other side."""

from __future__ import annotations

import io
from pathlib import Path

import pydicom
import pytest
from pynetdicom import evt

from dicom_node import scu, sop_classes
from dicom_node.association import LocalEntity
from dicom_node.commitment import CommitmentReport, Reference, read_report
from dicom_node.provider import ProviderLimits, service_contexts, start_provider
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from llmcxr_ws.errors import DicomError
from tests.dicom_node.films import write_film
from tests.integration.conftest import Orthanc
from tests.network import wait_for

pytestmark = pytest.mark.peers
LOCAL = LocalEntity(ae_title="LLMCXR")


def test_echo_and_wrong_title(orthanc: Orthanc) -> None:
    assert scu.echo(LOCAL, orthanc.peer) < 5
    with pytest.raises(DicomError, match="called AE title 'WRONG' not recognised"):
        scu.echo(LOCAL, orthanc.peer.model_copy(update={"ae_title": "WRONG"}))


def test_store_find_get(orthanc: Orthanc, tmp_path: Path) -> None:
    paths = [write_film(tmp_path, name, accession=f"A-{name}") for name in "ab"]
    results = scu.store(LOCAL, orthanc.peer, paths)
    assert [result.outcome for result in results] == [scu.Outcome.STORED] * 2
    film = pydicom.dcmread(paths[0])
    [match] = scu.find(LOCAL, orthanc.peer, "STUDY", {"AccessionNumber": "A-a", "StudyInstanceUID": ""})
    assert match.StudyInstanceUID == film.StudyInstanceUID
    [instance] = _instances(orthanc, film.SOPInstanceUID)
    assert pydicom.dcmread(io.BytesIO(orthanc.file(instance))) == film
    got: list[pydicom.Dataset] = []

    def sink(path: Path) -> int:
        got.append(pydicom.dcmread(path))
        return 0

    result = scu.get(LOCAL, orthanc.peer, "STUDY", {"StudyInstanceUID": str(film.StudyInstanceUID)}, sink)
    assert result.completed == 1
    assert got == [film]


def test_move_from_orthanc(orthanc: Orthanc, tmp_path: Path) -> None:
    path = write_film(tmp_path, "m")
    scu.store(LOCAL, orthanc.peer, [path])
    film = pydicom.dcmread(path)
    query = {"StudyInstanceUID": str(film.StudyInstanceUID)}
    with pytest.raises(DicomError, match="C000H"):
        scu.move(LOCAL, orthanc.peer, "STUDY", query, "NOBODY")
    with PacsSimulator(SimulatorSettings(storage=tmp_path / "sink", ae_title="SINK", port=0)) as sink:
        orthanc.know("SINK", sink.port)
        assert scu.move(LOCAL, orthanc.peer, "STUDY", query, "SINK").status == 0
        wait_for(lambda: len(sink.archive) == 1, "Orthanc's C-MOVE arrives")


@pytest.mark.parametrize("both_roles", [True, False], ids=["scu+scp roles", "default roles"])
def test_storage_commitment(orthanc: Orthanc, tmp_path: Path, both_roles: bool) -> None:
    """Orthanc reports on a new association to us, whether we accept its role proposal or know no roles."""
    path = write_film(tmp_path, "k")
    scu.store(LOCAL, orthanc.peer, [path])
    film = pydicom.dcmread(path)
    reports: list[CommitmentReport] = []

    def receive(event: object) -> tuple[int, None]:
        reports.append(read_report(event.event_information))  # type: ignore[attr-defined]
        return 0, None

    contexts = [
        *service_contexts([sop_classes.VERIFICATION]),
        *service_contexts([sop_classes.STORAGE_COMMITMENT], both_roles=both_roles),
    ]
    listener = start_provider(
        "LLMCXR", ("127.0.0.1", 0), contexts, [(evt.EVT_N_EVENT_REPORT, receive)], ProviderLimits()
    )
    try:
        orthanc.know("LLMCXR", listener.port)
        held = Reference(str(film.SOPClassUID), str(film.SOPInstanceUID))
        absent = Reference(str(film.SOPClassUID), "1.2.3.4")
        scu.request_commitment(LOCAL, orthanc.peer, "2.25.1001", [held])
        wait_for(lambda: len(reports) == 1, "the first report")
        scu.request_commitment(LOCAL, orthanc.peer, "2.25.1002", [held, absent])
        wait_for(lambda: len(reports) == 2, "the second report")
    finally:
        listener.stop()
    assert reports[0] == CommitmentReport(transaction_uid="2.25.1001", committed=(held,), failed={})
    assert reports[1].failed == {absent: 0x0112}


def _instances(orthanc: Orthanc, uid: str) -> list[str]:
    found: list[str] = orthanc.rest(
        "POST", "/tools/find", {"Level": "Instance", "Query": {"SOPInstanceUID": uid}}
    )
    return found
