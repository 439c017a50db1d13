"""A draft or a note of withdrawal that the gate refuses: dead in the outbox with its report, built anew when sent
again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from dicom_node.documents import gate
from dicom_node.documents.gate import Fault
from dicom_node.simulator.server import PacsSimulator
from dicom_node.sop_classes import ENHANCED_SR, KEY_OBJECT_SELECTION
from llmcxr_ws import reading
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.errors import ObjectStoreError
from llmcxr_ws.objects import ObjectStore
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import deliveries, reports
from llmcxr_ws.store.models import Audit
from tests.dicom_node.test_after_signature import confirmed, retract
from tests.dicom_node.world import MakeWorld, World, decided, documents_in, drafted

FOUND = [Fault("modules", "Modality is missing."), Fault("values", "StudyID holds too much.")]
SAID = tuple(fault.sentence for fault in FOUND)


@contextmanager
def refusing_gate() -> Iterator[None]:
    """A gate that finds two faults in every document."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "check", lambda *_, **__: FOUND)
        yield


def dead(world: World, kind: str) -> DeliveryRow:
    """Work until the one delivery of this kind is dead."""

    def found() -> list[DeliveryRow]:
        return [row for row in world.deliveries("A-1", kind) if row.state == DeliveryState.DEAD]

    world.work_until(found, f"the {kind} is dead")
    [row] = found()
    return row


def send_again(world: World, row: DeliveryRow) -> None:
    with world.workplace.db.write() as session:
        deliveries.resend(session, row.id)
    world.work_until(
        lambda: all(one.state == DeliveryState.CONFIRMED for one in world.deliveries("A-1", row.kind)),
        f"the {row.kind} is confirmed",
    )


def told_in_trail(world: World, kind: str) -> list[dict[str, str]]:
    """What the trail says that the gate found."""
    with world.workplace.db.read() as session:
        [row] = session.scalars(select(Audit).where(Audit.event == f"document.{kind}.not_made"))
        found: list[dict[str, str]] = json.loads(row.detail)["faults"]
        return found


@pytest.mark.allow_log("document not made")
def test_a_refused_draft_stands_in_the_outbox_with_its_report(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(send_drafts=True)
    with refusing_gate():
        drafted(world, simulator, tmp_path)
        row = dead(world, "draft")
    assert row.faults == SAID and "Modality is missing" in row.message
    assert [fault["sentence"] for fault in told_in_trail(world, "draft")] == list(SAID)
    assert documents_in(simulator) == []
    send_again(world, row)
    [draft] = documents_in(simulator, ENHANCED_SR)
    assert draft.PreliminaryFlag == "PRELIMINARY"
    assert world.deliveries("A-1", "draft")[0].faults == ()


@pytest.mark.allow_log("document not made")
def test_a_refused_draft_keeps_no_signature_and_is_not_sent_after_it(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(send_drafts=True)
    with refusing_gate():
        drafted(world, simulator, tmp_path)
        row = dead(world, "draft")
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [signed] = documents_in(simulator, ENHANCED_SR)
    assert "PredecessorDocumentsSequence" not in signed
    with pytest.raises(Exception, match="moved on"), world.workplace.db.write() as session:
        deliveries.resend(session, row.id)


@pytest.mark.allow_log("document not made")
def test_a_refused_rejection_note_stands_in_the_outbox_with_its_report(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(send_drafts=True)
    drafted(world, simulator, tmp_path)
    world.work_until(lambda: documents_in(simulator), "the draft in the PACS")
    report = reports.current_report(world.workplace.db, world.study("A-1").id)
    assert report is not None
    with refusing_gate():
        reading.request_rejection(world.workplace.db, world.key(), report, "Wrong side.")
        row = dead(world, "rejection")
    assert row.faults == SAID and documents_in(simulator, KEY_OBJECT_SELECTION) == []
    send_again(world, row)
    [note] = documents_in(simulator, KEY_OBJECT_SELECTION)
    [draft] = documents_in(simulator, ENHANCED_SR)
    [study] = note.CurrentRequestedProcedureEvidenceSequence
    [listed] = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert listed.ReferencedSOPInstanceUID == draft.SOPInstanceUID


@pytest.mark.allow_log("document not made")
def test_a_retraction_stands_also_where_its_note_is_refused(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """The wrong report is void here at once; that the PACS hasn't heard of it is what the outbox shows."""
    world = make_world()
    confirmed(world, simulator, tmp_path)
    with refusing_gate():
        assert decided(world, retract(world)) == ("granted", "Retracted; 1 withdrawals queued.")
        row = dead(world, "retraction")
    assert row.faults == SAID and world.study("A-1").state == StudyState.RETRACTED
    send_again(world, row)
    [note] = documents_in(simulator, KEY_OBJECT_SELECTION)
    people = [item.PersonName for item in note.ContentSequence if item.ValueType == "PNAME"]
    texts = [item.TextValue for item in note.ContentSequence if item.ValueType == "TEXT"]
    assert people == ["Reader^Rita"]
    assert "Retracted by its reader. The report is of another patient." in texts


@pytest.mark.allow_log("put off")
def test_a_full_disk_is_nothing_against_a_document(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(send_drafts=True)

    def full(*_: object) -> str:
        raise ObjectStoreError("The object store can't be written: no space left.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ObjectStore, "put_document", full)
        drafted(world, simulator, tmp_path)
        world.work_until(lambda: not world.desk.is_due("output", _planned(world)), "it is put off")
    assert world.deliveries("A-1", "draft")[0].state == DeliveryState.QUEUED
    world.work_until(
        lambda: world.deliveries("A-1", "draft")[0].state == DeliveryState.CONFIRMED, "the draft is confirmed"
    )


def _planned(world: World) -> int:
    return next((row.document_id for row in world.deliveries("A-1", "draft")), 0)
