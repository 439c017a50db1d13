"""Addenda, retractions and countersigned reports over the network, with a real PACS simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicom_node.courier import run_round
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from dicom_node.simulator.services import Destination
from dicom_node.sop_classes import ENHANCED_SR, KEY_OBJECT_SELECTION
from dicom_node.steps import compose
from dicom_node.steps.requests import decide_requests
from llmcxr_ws import reading
from llmcxr_ws.identity import UnlockedKey
from llmcxr_ws.states import DeliveryState, ReportState, StudyState
from llmcxr_ws.store import accounts, deliveries, reports, requests, signing
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.world import MakeWorld, World, decided, documents_in, drafted, in_pacs
from tests.peers import dciodvfy_errors, run_peer

WORDS = "The late film shows the same."


def confirmed(world: World, simulator: PacsSimulator, folder: Path) -> None:
    drafted(world, simulator, folder)
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.CONFIRMED)


def add(world: World, words: str = WORDS) -> int:
    """Write and sign an addendum as a window does; the request's id."""
    db, study_id = world.workplace.db, world.study("A-1").id
    number = reading.begin_addendum(db, study_id, user="reader")
    reading.save_edit(db, number, user="reader", text=words)
    detail = reading.open_study(db, study_id)
    addendum = next(one for one in detail.addenda if one.id == number)
    return reading.request_signature(db, world.key(), detail, words, addendum=addendum)


def retract(world: World, code: str = "wrong_patient", words: str = "") -> int:
    db = world.workplace.db
    detail = reading.open_study(db, world.study("A-1").id)
    return reading.request_retraction(db, world.key(), detail, code, words)


@pytest.mark.peers
def test_a_late_image_is_answered_by_an_addendum(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    confirmed(world, simulator, tmp_path)
    [signed] = documents_in(simulator)
    before = Path(signed.filename).read_bytes()
    world.push(write_film(tmp_path, "late", accession="A-1", study_seed="A-1"))
    assert world.study("A-1").needs_addendum
    assert decided(world, add(world)) == ("granted", "Signed; 1 deliveries queued.")
    assert not world.study("A-1").needs_addendum
    world.work_until_state("A-1", StudyState.CONFIRMED)
    addendum = next(one for one in documents_in(simulator) if one.SOPInstanceUID != signed.SOPInstanceUID)
    assert dciodvfy_errors(Path(addendum.filename)) == []
    shown = run_peer("dsrdump", "+Pc", "+Pl", addendum.filename).stdout.decode()
    assert WORDS in shown and "(55107-7,LN" in shown
    flags = (addendum.CompletionFlag, addendum.VerificationFlag, addendum.PreliminaryFlag)
    assert flags == ("COMPLETE", "VERIFIED", "FINAL")
    [predecessor] = addendum.PredecessorDocumentsSequence
    reference = predecessor.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert reference.ReferencedSOPInstanceUID == signed.SOPInstanceUID
    evidence = addendum.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert sum(len(series.ReferencedSOPSequence) for series in evidence) == 2
    assert Path(signed.filename).read_bytes() == before


@pytest.mark.allow_log("signature waits")
def test_an_addendum_waits_while_the_pacs_is_down(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    confirmed(world, simulator, tmp_path)
    port = simulator.port
    simulator.stop()
    number = add(world)
    db, study_id = world.workplace.db, world.study("A-1").id
    world.work_until(
        lambda: reading.open_study(db, study_id).addenda[0].state is ReportState.SIGN_PENDING, "sign_pending"
    )
    assert "identity can't be checked" in requests.request_by_id(db, number).outcome
    assert (reports.current_report(db, study_id) or pytest.fail()).state is ReportState.SIGNED
    settings = SimulatorSettings(
        storage=simulator.settings.storage,
        port=port,
        destinations=(Destination("LLMCXR", "127.0.0.1", world.listener.port),),
    )
    with PacsSimulator(settings) as again:
        assert decided(world, number)[0] == "granted"
        world.work_until_state("A-1", StudyState.CONFIRMED)
        assert len(documents_in(again)) == 2


@pytest.mark.allow_log("request refused")
def test_an_addendum_is_refused_when_the_pacs_names_another_patient(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    confirmed(world, simulator, tmp_path)
    for one in simulator.archive.instances():  # the PACS has moved the study to another patient
        if one.header.SOPClassUID != ENHANCED_SR:
            del simulator.archive._held[one.sop_instance_uid]
    in_pacs(simulator, make_film("A-1", accession="A-1", patient_id="OTHER"), "other")
    for one in simulator.archive.instances():
        one.header.PatientID = "OTHER"
    state, outcome = decided(world, add(world))
    assert state == "refused" and "says something else about" in outcome
    detail = reading.open_study(world.workplace.db, world.study("A-1").id)
    assert (detail.addenda[0].state, detail.addenda[0].text) == (ReportState.DRAFT, WORDS)
    assert detail.study.state is StudyState.CONFIRMED


@pytest.mark.peers
def test_a_retraction_withdraws_report_addendum_and_draft(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(send_drafts=True)
    drafted(world, simulator, tmp_path)
    world.work_until(
        lambda: (
            world.deliveries("A-1", "draft")[:1]
            and world.deliveries("A-1", "draft")[0].state == DeliveryState.CONFIRMED
        ),
        "the draft in the PACS",
    )
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    assert decided(world, add(world))[0] == "granted"
    world.work_until_state("A-1", StudyState.CONFIRMED)
    number = retract(world, "wrong_patient", "It is the neighbour's film.")
    assert decided(world, number) == ("granted", "Retracted; 3 withdrawals queued.")
    study = world.study("A-1")
    assert study.state is StudyState.RETRACTED and "neighbour" in study.reason
    world.work_until(lambda: len(documents_in(simulator, KEY_OBJECT_SELECTION)) == 3, "the notes in the PACS")
    withdrawn = set()
    for note in documents_in(simulator, KEY_OBJECT_SELECTION):
        assert dciodvfy_errors(Path(note.filename)) == []
        assert note.ConceptNameCodeSequence[0].CodeValue == "113037"
        assert b"neighbour" not in Path(note.filename).read_bytes()
        series = note.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
        withdrawn |= {item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence}
    assert withdrawn == {document.SOPInstanceUID for document in documents_in(simulator)}
    world.work_until(
        lambda: all(row.state == DeliveryState.CONFIRMED for row in world.deliveries("A-1", "retraction")),
        "the notes confirmed",
    )
    assert world.study("A-1").state is StudyState.RETRACTED


def test_a_report_that_has_not_left_is_retracted_and_never_leaves(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(commitment="find")
    drafted(world, simulator, tmp_path)
    world.ask_signature("A-1")
    assert decide_requests(world.desk)
    number = retract(world, "signed_by_mistake")
    assert decide_requests(world.desk)
    assert decided(world, number) == ("granted", "Retracted; nothing of it had been sent.")
    for _ in range(5):
        run_round(world.desk)
    assert documents_in(simulator) == []
    [delivery] = world.deliveries("A-1", "signed")
    assert delivery.state == DeliveryState.HELD


def test_what_a_peer_lost_is_not_sent_again_after_a_retraction(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(commitment="find")
    drafted(world, simulator, tmp_path)
    world.ask_signature("A-1")
    world.work_until(
        lambda: (
            world.deliveries("A-1", "signed")[:1]
            and world.deliveries("A-1", "signed")[0].state != DeliveryState.QUEUED
        ),
        "stored",
    )
    assert decided(world, retract(world))[0] == "granted"
    [delivery] = world.deliveries("A-1", "signed")
    if delivery.state == DeliveryState.STORED:
        deliveries.lost_by_peer(world.workplace.db, delivery.id, message="It is gone.")
        world.work_until(
            lambda: world.deliveries("A-1", "signed")[0].state == DeliveryState.HELD, "held back"
        )
    assert world.study("A-1").state is StudyState.RETRACTED


def test_a_preliminary_report_is_countersigned_and_the_document_names_both(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    drafted(world, simulator, tmp_path)
    db = world.workplace.db
    accounts.create_user(
        db,
        world.workplace.service_key(),
        name="rob",
        password="a long password",
        role="resident",
        display_name="Resident^Rob",
        organization="Test hospital",
    )
    key: UnlockedKey = reading.log_in(db, "rob", "a long password")
    detail = reading.open_study(db, world.study("A-1").id)
    text = "Findings:\nThe lungs are clear.\n\nImpression:\nNo pleural effusion."
    assert decided(world, reading.request_preliminary(db, key, detail, text))[0] == "granted"
    assert world.study("A-1").report_state is ReportState.PRELIMINARY
    assert documents_in(simulator) == []  # a preliminary report isn't sent
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [document] = documents_in(simulator)
    *people, device = document.AuthorObserverSequence
    assert [str(item.PersonName) for item in people] == ["Resident^Rob", "Reader^Rita"]
    assert device.ObserverType == "DEV"
    assert document.VerifyingObserverSequence[0].VerifyingObserverName == "Reader^Rita"
    headings = [
        item.ConceptNameCodeSequence[0].CodeMeaning
        for item in document.ContentSequence
        if item.ValueType == "CONTAINER"
    ]
    assert headings == ["Findings", "Impressions"]


def test_what_the_reader_wrote_before_seeing_the_draft_is_signed_as_the_readers_own(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    drafted(world, simulator, tmp_path)  # the AI says: The lungs are clear. No pleural effusion.
    report_id = world.study("A-1").report_id
    assert report_id is not None
    reading.unlock_draft(world.workplace.db, report_id, user="reader", text="The lungs are clear.")
    world.ask_signature("A-1")
    [request] = requests.waiting_requests(world.workplace.db)
    order = signing.verify_sign_request(world.workplace.db, request, world.workplace.service_key())
    assert order is not None
    document = compose.signed_document(world.desk, order, compose.read_headers(world.desk, order.instances))
    assert [(row.text, row.origin) for row in document.sentences] == [
        ("The lungs are clear.", "human"),
        ("No pleural effusion.", "ai_kept"),
    ]
    world.work_until_state("A-1", StudyState.CONFIRMED)
