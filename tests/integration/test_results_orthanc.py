"""Draft, signed report, its origins, addendum and retraction in a real Orthanc, and the same back again.

The same means the bytes of the data set in Explicit VR Little Endian, which is how they were sent: tag, VR, length
and value of every element, in its order. Not compared is what a store writes anew around them: the preamble and the
file meta information.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.filereader import read_file_meta_info
from pydicom.uid import ExplicitVRLittleEndian

from dicom_node import scu
from dicom_node.association import LocalEntity
from dicom_node.sop_classes import KEY_OBJECT_SELECTION
from llmcxr_ws import reading
from llmcxr_ws.domain import DocumentRow, StudyRow
from llmcxr_ws.site import Peer
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import deliveries, reports, studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.store.models import Delivery
from tests.dicom_node.films import write_film
from tests.dicom_node.world import SEND_DRAFTS
from tests.integration.conftest import Orthanc
from tests.integration.node import running
from tests.integration.test_node_process import SITE, Place
from tests.network import wait_for
from tests.peers import dciodvfy_errors

pytestmark = pytest.mark.peers
PASSWORD = "a long password"
LOCAL = LocalEntity(ae_title="LLMCXR")


@pytest.fixture
def place(orthanc: Orthanc, tmp_path: Path) -> Iterator[Place]:
    """A node whose PACS is Orthanc, and gets drafts too."""
    made = Place(tmp_path / "home", orthanc.peer)
    site = SITE.format(ae_title=orthanc.peer.ae_title, port=orthanc.peer.port)
    import_site(made.db, site + SEND_DRAFTS, user="test")
    orthanc.know("LLMCXR", made.port)
    with running(made.node):
        yield made
    made.workplace.close()


def data_set_bytes(data: bytes, folder: Path) -> bytes:
    """What follows the file meta information, checked to be in Explicit VR Little Endian."""
    path = folder / "read.dcm"
    path.write_bytes(data)
    meta = read_file_meta_info(path)
    assert meta.TransferSyntaxUID == ExplicitVRLittleEndian
    # Preamble, prefix, and the element that gives the length of the rest of the meta information.
    return data[128 + 4 + 12 + meta.FileMetaInformationGroupLength :]


def llmcxr(home: Path, *arguments: str, said: str) -> subprocess.CompletedProcess[str]:
    """Run the command without a terminal, as a script does: what it asks for comes on its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "llmcxr_ws.cli", *arguments],
        env={**os.environ, "LLMCXR_HOME": str(home)},
        input=said,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        start_new_session=True,
    )


class Way:
    """One study on its way: what is done with it, and waiting for what is delivered of it."""

    def __init__(self, place: Place, pacs: Peer, folder: Path) -> None:
        self.place, self.db = place, place.db
        film = write_film(folder, "r", accession="ACC-R")
        scu.store(LOCAL, pacs, [film])
        scu.store(LocalEntity(ae_title=pacs.ae_title), place.peer, [film])
        place.draft("ACC-R", "The lungs are clear. There is a large pneumothorax.")
        self.delivered("draft", 1)

    @property
    def study(self) -> StudyRow:
        found = studies.find_study(self.db, accession_number="ACC-R")
        assert found is not None
        return found

    def documents(self) -> list[DocumentRow]:
        return reports.documents_of(self.db, self.study.id)

    def delivered(self, kind: str, number: int) -> None:
        def arrived() -> bool:
            rows = [row for row in deliveries.deliveries_of(self.db, self.study.id) if row.kind == kind]
            return len(rows) == number and all(row.state == DeliveryState.CONFIRMED for row in rows)

        wait_for(arrived, f"{number} of kind {kind} confirmed", timeout_s=60)

    def sign(self) -> None:
        self.place.sign("ACC-R", "The lungs are clear. The heart is enlarged.")
        self.delivered("signed", 1)
        [row] = [row for row in self.documents() if row.kind == "provenance"]
        if not any(sent.document_id == row.id for sent in deliveries.deliveries_of(self.db, self.study.id)):
            with self.db.write() as session:  # as an output rule queues it
                session.add(Delivery(document_id=row.id, study_id=self.study.id, peer="pacs", required=False))
        self.delivered("provenance", 1)

    def add(self) -> None:
        words = "The late film shows — nothing new."
        number = reading.begin_addendum(self.db, self.study.id, user="reader")
        reading.save_edit(self.db, number, user="reader", text=words)
        detail = reading.open_study(self.db, self.study.id)
        addendum = next(one for one in detail.addenda if one.id == number)
        key = reading.log_in(self.db, "reader", PASSWORD)
        reading.request_signature(self.db, key, detail, words, addendum=addendum)
        self.delivered("addendum", 1)

    def retract(self) -> None:
        """From the command line; a wrong password withdraws nothing, and none is ever an argument."""
        home, number = self.place.workplace.home, str(self.study.id)
        ask = (
            "study",
            "retract",
            number,
            "--as",
            "reader",
            "--reason",
            "wrong_side",
            "--words",
            "It is left.",
        )
        refused = llmcxr(home, *ask, said="another password\n")
        assert refused.returncode == 1 and "password is wrong" in refused.stderr, refused.stderr
        assert self.study.state == StudyState.CONFIRMED
        done = llmcxr(home, *ask, said=f"{PASSWORD}\n")
        assert done.returncode == 0, done.stderr
        assert "Retracted; 4 withdrawals queued." in done.stdout
        assert PASSWORD not in done.stdout + done.stderr
        self.delivered("retraction", 4)


def test_everything_comes_back_as_it_was_sent_and_is_there_once(
    place: Place, orthanc: Orthanc, tmp_path: Path
) -> None:
    way = Way(place, orthanc.peer, tmp_path)
    for step in (way.sign, way.add, way.retract):
        step()
    made = {row.sop_instance_uid: row for row in way.documents()}
    kinds = sorted(row.kind for row in made.values())
    assert kinds == ["addendum", "draft", "provenance", *["retraction"] * 4, "signed"]
    paths = {uid: place.workplace.objects.path(row.path) for uid, row in made.items()}
    sent = {uid: data_set_bytes(path.read_bytes(), tmp_path) for uid, path in paths.items()}

    compare(orthanc, sent, lambda data: data_set_bytes(data, tmp_path))
    before = orthanc.rest("GET", "/statistics")["CountInstances"]
    assert before == len(made) + 1  # and the film
    results = scu.store(LOCAL, orthanc.peer, [*paths.values(), *paths.values()])
    assert {result.outcome for result in results} == {scu.Outcome.STORED}
    assert orthanc.rest("GET", "/statistics")["CountInstances"] == before
    compare(orthanc, sent, lambda data: data_set_bytes(data, tmp_path))

    got: dict[str, pydicom.Dataset] = {}

    def sink(path: Path) -> int:
        read = pydicom.dcmread(path)
        got[str(read.SOPInstanceUID)] = read
        return 0

    result = scu.get(LOCAL, orthanc.peer, "STUDY", {"StudyInstanceUID": way.study.study_instance_uid}, sink)
    assert result.failed == 0
    for uid, path in paths.items():
        assert got[uid] == pydicom.dcmread(path), made[
            uid
        ].kind  # C-GET may have chosen another transfer syntax
        assert dciodvfy_errors(path) == []
    withdrawn = {str(uid) for uid in _withdrawn(got)}
    assert withdrawn == {uid for uid, row in made.items() if row.kind != "retraction"}


def compare(orthanc: Orthanc, sent: dict[str, bytes], bare: Callable[[bytes], bytes]) -> None:
    """What Orthanc holds of each is, byte for byte, the data set that was sent."""
    for uid, data in sent.items():
        query = {"Level": "Instance", "Query": {"SOPInstanceUID": uid}}
        [instance] = orthanc.rest("POST", "/tools/find", query)
        held = orthanc.file(instance)
        assert bare(held) == data, pydicom.dcmread(io.BytesIO(held)).SeriesDescription


def _withdrawn(got: dict[str, pydicom.Dataset]) -> Iterator[str]:
    for note in got.values():
        if note.SOPClassUID == KEY_OBJECT_SELECTION:
            for series in note.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence:
                yield from (item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence)
