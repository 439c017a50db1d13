"""The courier with a real listener and a real PACS simulator over the network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt

from dicom_node import statuses
from dicom_node.courier import run_round
from dicom_node.provider import answer
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from dicom_node.simulator.services import Destination
from dicom_node.sop_classes import ENHANCED_SR, KEY_OBJECT_SELECTION
from llmcxr_ws import reading
from llmcxr_ws.states import DeliveryState, ReportState, StudyState
from llmcxr_ws.store import configuration, deliveries, reports, requests, studies
from llmcxr_ws.store.models import Delivery
from tests.dicom_node.documents_factory import rows_of
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.world import AI_TEXT, MakeWorld, World, documents_in


def _film_in_pacs(
    world: World, simulator: PacsSimulator, folder: Path, accession: str = "A-1", **facts: object
) -> Path:
    """Write a film, put a copy into the PACS, and push it to the node."""
    path = write_film(folder, accession, accession=accession, **facts)
    copy = simulator.archive.spool / f"{accession}.dcm"
    copy.write_bytes(path.read_bytes())
    simulator.archive.keep(copy)
    [result] = world.push(path)
    assert result.status == statuses.SUCCESS
    return path


def _texts(document: Dataset) -> list[str]:
    sections = [item for item in document.ContentSequence if item.ValueType == "CONTAINER"]
    return [str(item.TextValue) for section in sections for item in rows_of(section)]


def test_the_whole_way(make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path) -> None:
    """Film in, draft, edit, signature, SR in the PACS, commitment, confirmed; what was removed is in nothing."""
    world = make_world()
    film = pydicom.dcmread(_film_in_pacs(world, simulator, tmp_path))
    world.draft("A-1", "The lungs are clear. There is a large pneumothorax.")
    world.ask_signature("A-1", "The lungs are clear. No pneumothorax is seen.")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [document] = documents_in(simulator)
    assert _texts(document) == ["The lungs are clear.", "No pneumothorax is seen."]
    assert (document.CompletionFlag, document.VerificationFlag, document.PreliminaryFlag) == (
        "COMPLETE",
        "VERIFIED",
        "FINAL",
    )
    assert document.VerifyingObserverSequence[0].VerifyingObserverName == "Reader^Rita"
    assert document.StudyInstanceUID == film.StudyInstanceUID
    assert document.PatientID == film.PatientID
    assert "PredecessorDocumentsSequence" not in document  # no draft was sent
    [delivery] = world.deliveries("A-1", "signed")
    assert delivery.state == DeliveryState.CONFIRMED and delivery.attempts == 1
    with world.workplace.db.read() as session:
        assert session.get_one(Delivery, delivery.id).confirmed_by == "commitment"


def test_findings_and_impression_are_two_sections(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    _film_in_pacs(world, simulator, tmp_path)
    world.draft("A-1", "The lungs are clear. No effusion.")
    world.ask_signature(
        "A-1", "Findings:\nThe lungs are clear. Heart normal.\n\nImpression:\nNo acute finding."
    )
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [document] = documents_in(simulator)
    sections = [item for item in document.ContentSequence if item.ValueType == "CONTAINER"]
    assert [
        (
            section.ConceptNameCodeSequence[0].CodeMeaning,
            [str(item.TextValue) for item in rows_of(section)],
        )
        for section in sections
    ] == [
        ("Findings", ["The lungs are clear.", "Heart normal."]),
        ("Impressions", ["No acute finding."]),
    ]


def test_sent_draft_is_named_as_predecessor(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(send_drafts=True)
    _film_in_pacs(world, simulator, tmp_path)
    world.draft("A-1")
    world.work_until(lambda: documents_in(simulator), "the draft in the PACS")
    [draft] = documents_in(simulator)
    assert (draft.VerificationFlag, draft.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert draft.SeriesDescription == "AI DRAFT - not reviewed"
    world.work_until(
        lambda: world.deliveries("A-1", "draft")[0].state == DeliveryState.CONFIRMED, "draft confirmed"
    )
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    signed = next(document for document in documents_in(simulator) if document.VerificationFlag == "VERIFIED")
    [predecessor] = signed.PredecessorDocumentsSequence
    reference = predecessor.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert reference.ReferencedSOPInstanceUID == draft.SOPInstanceUID


def test_no_draft_leaves_by_default(make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path) -> None:
    world = make_world()
    _film_in_pacs(world, simulator, tmp_path)
    world.draft("A-1")
    for _ in range(10):
        run_round(world.desk)
    assert documents_in(simulator) == []


def test_rejected_draft_gets_a_rejection_note(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(send_drafts=True)
    _film_in_pacs(world, simulator, tmp_path)
    world.draft("A-1")
    world.work_until(
        lambda: world.deliveries("A-1", "draft") and documents_in(simulator), "the draft in the PACS"
    )
    [draft] = documents_in(simulator)
    report = reports.current_report(world.workplace.db, world.study("A-1").id)
    assert report is not None
    reading.request_rejection(world.workplace.db, world.key(), report, "Wrong side.")
    world.work_until(lambda: documents_in(simulator, KEY_OBJECT_SELECTION), "the rejection note in the PACS")
    [note] = documents_in(simulator, KEY_OBJECT_SELECTION)
    world.work_until(
        lambda: world.deliveries("A-1", "rejection")[0].state == DeliveryState.CONFIRMED, "confirmed"
    )
    listed = (
        note.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
    )
    assert [item.ReferencedSOPInstanceUID for item in listed] == [draft.SOPInstanceUID]


def _lateral(film: Dataset) -> None:
    film.ViewPosition = "LL"
    film.ViewCodeSequence[0].CodeValue = "399173006"


def _child(film: Dataset) -> None:
    film.PatientAge = "009Y"


def _ageless(film: Dataset) -> None:
    del film.PatientAge
    film.PatientBirthDate = ""


def _mirrored(film: Dataset) -> None:
    film.PatientOrientation = ["R", "F"]


def _ct(film: Dataset) -> None:
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    film.Modality = "CT"


def _pixelless(film: Dataset) -> None:
    del film.PixelData


def _pdf(film: Dataset) -> None:
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    film.Modality = "DOC"
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(film, keyword)
    film.EncapsulatedDocument = b"%PDF-1.4 "


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_lateral, "lateral"),
        (_child, "child"),
        (_ageless, "age_unknown"),
        (_mirrored, "mirrored"),
        (_ct, "not_projection_radiography"),
        (_pixelless, "no_pixel_data"),
        (_pdf, "not_an_image"),
    ],
)
def test_what_is_not_drafted_is_excluded_with_a_sentence(
    make_world: MakeWorld, tmp_path: Path, change: Callable[[Dataset], None], code: str
) -> None:
    world = make_world()
    film = make_film("x", accession="A-1")
    change(film)
    film.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    assert world.push(tmp_path / "x.dcm")[0].status == statuses.SUCCESS
    world.work_until_state("A-1", StudyState.EXCLUDED)
    study = world.study("A-1")
    assert study.reason_code == code
    assert study.reason.endswith(".") and len(study.reason) > 40


@pytest.mark.parametrize(
    ("rule", "change", "state", "code"),
    [
        ('view = "PA"\n', None, StudyState.EXCLUDED, "site_rule"),
        ('view = "AP"\n', None, StudyState.COMPLETE, ""),
        ('then = "draft"\nlifts = ["child"]\n', _child, StudyState.COMPLETE, ""),
        ('then = "draft"\nlifts = ["age_unknown"]\n', _child, StudyState.EXCLUDED, "child"),
    ],
)
def test_the_sites_rules_decide_what_is_drafted(
    make_world: MakeWorld,
    tmp_path: Path,
    rule: str,
    change: Callable[[Dataset], None] | None,
    state: StudyState,
    code: str,
) -> None:
    world = make_world()
    text = configuration.site_text(world.workplace.db)
    configuration.import_site(world.workplace.db, f'{text}\n[[rule]]\nname = "ours"\n{rule}', user="service")
    film = make_film("x", accession="A-1")
    if change is not None:
        change(film)
    film.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    assert world.push(tmp_path / "x.dcm")[0].status == statuses.SUCCESS
    world.work_until_state("A-1", state)
    study = world.study("A-1")
    assert study.reason_code == code
    assert ("'ours'" in study.reason) == (code == "site_rule")


@pytest.mark.allow_log("event='refused'")
def test_truncated_film_fails_and_a_complete_one_heals(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world()
    path = write_film(tmp_path, "t", accession="A-1")
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(path.read_bytes()[:-500])
    assert world.push(cut)[0].status == statuses.TRUNCATED
    world.work_until_state("A-1", StudyState.FAILED)
    assert (
        "arrived damaged" in world.study("A-1").reason and "Send the study again" in world.study("A-1").reason
    )
    assert world.push(path)[0].status == statuses.SUCCESS
    world.work_until_state("A-1", StudyState.COMPLETE)
    assert world.study("A-1").reason == ""


@pytest.mark.allow_log("not delivered")
def test_down_peer_waits_and_says_so(make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path) -> None:
    world = make_world(commitment="find")
    _film_in_pacs(world, simulator, tmp_path)
    world.draft("A-1")
    world.ask_signature("A-1")
    # The PACS answers about the identity and then goes down before the document is sent.
    port = simulator.port
    from dicom_node.steps.requests import decide_requests

    assert decide_requests(world.desk)
    assert world.study("A-1").state == StudyState.SIGNED
    simulator.stop()
    world.work_until(lambda: world.deliveries("A-1", "signed")[0].attempts >= 3, "three tries")
    [delivery] = world.deliveries("A-1", "signed")
    assert delivery.state == DeliveryState.QUEUED
    assert "can't be reached: connection refused" in delivery.message
    again = PacsSimulator(SimulatorSettings(storage=simulator.settings.storage, port=port))
    with again:
        world.work_until_state("A-1", StudyState.CONFIRMED)
        assert len(documents_in(again)) == 1


@pytest.mark.allow_log("signature waits")
def test_signature_waits_while_the_pacs_is_down(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    _film_in_pacs(world, simulator, tmp_path)
    world.draft("A-1")
    port = simulator.port
    simulator.stop()
    number = world.ask_signature("A-1")
    world.work_until(
        lambda: (
            (reports.current_report(world.workplace.db, world.study("A-1").id) or pytest.fail()).state
            == ReportState.SIGN_PENDING
        ),
        "sign_pending",
    )
    assert "identity can't be checked" in requests.request_by_id(world.workplace.db, number).outcome
    settings = SimulatorSettings(
        storage=simulator.settings.storage,
        port=port,
        destinations=(Destination("LLMCXR", "127.0.0.1", world.listener.port),),
    )
    with PacsSimulator(settings):
        world.work_until_state("A-1", StudyState.CONFIRMED)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"patient_id": "OTHER"}, "patient_id"), ({"patient_name": "Other^Name"}, "patient_name")],
)
@pytest.mark.allow_log("request refused")
def test_identity_mismatch_refuses(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, change: dict[str, str], field: str
) -> None:
    """The PACS has merged or corrected the patient: the signature is refused, the text is the reader's again."""
    world = make_world()
    corrected = make_film("A-1", accession="A-1", **change)
    corrected.save_as(simulator.archive.spool / "c.dcm", enforce_file_format=True)
    simulator.archive.keep(simulator.archive.spool / "c.dcm")
    world.push(write_film(tmp_path, "A-1", accession="A-1"))
    world.draft("A-1")
    number = world.ask_signature("A-1")
    world.work_until(
        lambda: requests.request_by_id(world.workplace.db, number).state != "waiting", "a decision"
    )
    request = requests.request_by_id(world.workplace.db, number)
    assert request.state == "refused"
    assert f"says something else about: {field}" in request.outcome
    assert world.study("A-1").state in (StudyState.DRAFTED, StudyState.IN_REVIEW)
    assert documents_in(simulator) == []


@pytest.mark.allow_log("request refused")
def test_a_pacs_that_knows_the_study_under_two_patients_refuses(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """The first answer fits, the second one names another patient: nobody may choose between them."""
    world = make_world()
    film = pydicom.dcmread(_film_in_pacs(world, simulator, tmp_path))
    world.draft("A-1")

    def find(event: object) -> Iterator[tuple[int, Dataset | None]]:
        for patient_id in (film.PatientID, "TEST-2"):
            match = Dataset()
            match.QueryRetrieveLevel = "STUDY"
            for keyword in ("StudyInstanceUID", "PatientName", "PatientBirthDate", "AccessionNumber"):
                setattr(match, keyword, film[keyword].value)
            match.PatientID = patient_id
            yield 0xFF00, match

    assert simulator._provider is not None
    simulator._provider._server.bind(evt.EVT_C_FIND, find)
    number = world.ask_signature("A-1")
    world.work_until(lambda: requests.request_by_id(world.workplace.db, number).state == "refused", "refusal")
    outcome = requests.request_by_id(world.workplace.db, number).outcome
    assert "says something else about: patient_id" in outcome


def test_a_name_in_decomposed_letters_can_be_signed(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """What is signed is in NFC; the header may hold letter and accent apart."""
    world = make_world()
    film = make_film("A-1", accession="A-1")
    film.SpecificCharacterSet, film.PatientName = "ISO_IR 192", "Mu\u0308ller^Jane"
    for path in (tmp_path / "A-1.dcm", simulator.archive.spool / "A-1.dcm"):
        film.save_as(path, enforce_file_format=True)
    simulator.archive.keep(simulator.archive.spool / "A-1.dcm")
    world.push(tmp_path / "A-1.dcm")
    world.draft("A-1")
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.CONFIRMED)


@pytest.mark.allow_log("request refused")
def test_study_unknown_to_the_pacs_is_refused(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world()
    world.push(write_film(tmp_path, "A-1", accession="A-1"))
    world.draft("A-1")
    number = world.ask_signature("A-1")
    world.work_until(lambda: requests.request_by_id(world.workplace.db, number).state == "refused", "refusal")
    assert "doesn't know this study" in requests.request_by_id(world.workplace.db, number).outcome


@pytest.mark.allow_log("request refused")
def test_late_image_refuses_the_signature(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    _film_in_pacs(world, simulator, tmp_path)
    world.draft("A-1")
    number = world.ask_signature("A-1")
    world.push(write_film(tmp_path, "late", accession="A-1", study_seed="A-1"))
    world.work_until(lambda: requests.request_by_id(world.workplace.db, number).state == "refused", "refusal")
    assert (
        "Images arrived after the report was read"
        in requests.request_by_id(world.workplace.db, number).outcome
    )


def _signed_and_queued(world: World, simulator: PacsSimulator, folder: Path) -> int:
    """A signed study whose document has not left yet; give the delivery's id."""
    from dicom_node.steps.requests import decide_requests

    _film_in_pacs(world, simulator, folder)
    world.draft("A-1")
    world.ask_signature("A-1")
    assert decide_requests(world.desk)
    [delivery] = world.deliveries("A-1", "signed")
    return delivery.id


def test_unknown_outcome_is_looked_up_before_it_is_sent_again(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """The node died after the PACS had stored the document but before it knew: it isn't sent a second time."""
    world = make_world(commitment="find")
    number = _signed_and_queued(world, simulator, tmp_path)
    stores: list[str] = []
    assert simulator._provider is not None
    simulator._provider._server.bind(
        evt.EVT_C_STORE, lambda event: (stores.append("store"), _keep(simulator, event))[1]
    )
    deliveries.begin(world.workplace.db, number)
    [row] = world.deliveries("A-1", "signed")
    from dicom_node import scu

    [result] = scu.store(world.desk.local, world.pacs, [world.workplace.objects.path(row.path)])
    assert result.outcome is scu.Outcome.STORED
    assert deliveries.requeue_interrupted(world.workplace.db) == 1  # what the courier does at its start
    assert world.deliveries("A-1", "signed")[0].outcome_unknown
    world.work_until_state("A-1", StudyState.CONFIRMED)
    assert stores == ["store"]


def _keep(simulator: PacsSimulator, event: object) -> Dataset:
    event.request._dataset_file.close()  # type: ignore[attr-defined]
    simulator.archive.keep(event.dataset_path)  # type: ignore[attr-defined]
    return answer(statuses.SUCCESS)


def test_interrupted_before_anything_left(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(commitment="find")
    number = _signed_and_queued(world, simulator, tmp_path)
    deliveries.begin(world.workplace.db, number)
    assert deliveries.requeue_interrupted(world.workplace.db) == 1
    world.work_until_state("A-1", StudyState.CONFIRMED)
    assert len(documents_in(simulator)) == 1


@pytest.mark.allow_log("delivery is dead")
def test_permanent_refusal_is_dead_and_can_be_resent(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(commitment="find")
    _signed_and_queued(world, simulator, tmp_path)
    assert simulator._provider is not None
    server = simulator._provider._server
    server.bind(evt.EVT_C_STORE, lambda event: answer(statuses.DOES_NOT_MATCH_CLASS, "not here"))
    world.work_until(lambda: world.deliveries("A-1", "signed")[0].state == DeliveryState.DEAD, "dead")
    [delivery] = world.deliveries("A-1", "signed")
    assert "A900H" in delivery.message and "not here" in delivery.message
    assert world.study("A-1").state == StudyState.SIGNED
    server.bind(evt.EVT_C_STORE, lambda event: _keep(simulator, event))
    reading.request_resend(world.workplace.db, world.key(), delivery)
    world.work_until_state("A-1", StudyState.CONFIRMED)


@pytest.mark.allow_log("not delivered")
def test_transient_refusal_is_tried_again_up_to_the_limit(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(commitment="find", machine="delivery_attempts = 3\n")
    _signed_and_queued(world, simulator, tmp_path)
    assert simulator._provider is not None
    tries: list[float] = []

    def full(event: object) -> Dataset:
        tries.append(time.monotonic())
        return answer(statuses.OUT_OF_RESOURCES, "disk full")

    simulator._provider._server.bind(evt.EVT_C_STORE, full)
    world.work_until(lambda: world.deliveries("A-1", "signed")[0].state == DeliveryState.DEAD, "dead")
    assert len(tries) == 3
    assert "disk full" in world.deliveries("A-1", "signed")[0].message


@pytest.mark.allow_log("not confirmed")
def test_commitment_failure_sends_again(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """The PACS loses the document after 0000H: the commitment says so, and it is sent again."""
    world = make_world()
    _signed_and_queued(world, simulator, tmp_path)
    assert world.send()
    [held] = [h for h in simulator.archive.instances() if h.header.SOPClassUID == ENHANCED_SR]
    del simulator.archive._held[held.sop_instance_uid]
    held.path.unlink()
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [delivery] = world.deliveries("A-1", "signed")
    assert delivery.attempts == 2
    assert len(documents_in(simulator)) == 1


def test_a_pacs_that_indexes_late_is_sent_nothing_twice(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(commitment="find")
    _signed_and_queued(world, simulator, tmp_path)
    asked: list[str] = []

    def find(event: object) -> Iterator[tuple[int, Dataset | None]]:
        wanted = event.identifier  # type: ignore[attr-defined]
        asked.append(wanted.QueryRetrieveLevel)
        if len(asked) > 2:
            yield 0xFF00, wanted

    assert simulator._provider is not None
    simulator._provider._server.bind(evt.EVT_C_FIND, find)
    world.work_until_state("A-1", StudyState.CONFIRMED)
    assert asked == ["IMAGE"] * 3
    assert world.deliveries("A-1", "signed")[0].attempts == 1


@pytest.mark.allow_log("delivery is dead")
@pytest.mark.parametrize("content", [b"something else", b"", None])
def test_a_file_that_is_not_the_document_is_never_sent(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, content: bytes | None
) -> None:
    """Changed, emptied or lost behind the node's back: dead with a sentence, and sent once it is restored."""
    world = make_world()
    _signed_and_queued(world, simulator, tmp_path)
    [delivery] = world.deliveries("A-1", "signed")
    file = world.workplace.objects.path(delivery.path)
    made = file.read_bytes()
    file.unlink()
    if content is not None:
        film = next(world.workplace.objects.files())
        file.write_bytes(content and world.workplace.objects.path(film).read_bytes())
    world.work_until(lambda: world.deliveries("A-1", "signed")[0].state == DeliveryState.DEAD, "dead")
    [delivery] = world.deliveries("A-1", "signed")
    assert "Restore it from a backup" in delivery.message
    assert documents_in(simulator) == []
    file.write_bytes(made)
    reading.request_resend(world.workplace.db, world.key(), delivery)
    world.work_until_state("A-1", StudyState.CONFIRMED)


@pytest.mark.allow_log("commitment report not delivered")
def test_no_report_in_time_is_asked_by_find(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """The PACS takes the request and never reports (its entry of our address is wrong)."""
    world = make_world(machine="commitment_timeout_s = 0.5\n")
    simulator.add_destination(Destination("LLMCXR", "127.0.0.1", 1))
    _signed_and_queued(world, simulator, tmp_path)
    world.work_until_state("A-1", StudyState.CONFIRMED)
    with world.workplace.db.read() as session:
        assert session.get_one(Delivery, world.deliveries("A-1", "signed")[0].id).confirmed_by == "find"


def test_own_documents_that_come_back_are_no_news(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    _film_in_pacs(world, simulator, tmp_path)
    world.draft("A-1", AI_TEXT)
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [held] = [h for h in simulator.archive.instances() if h.header.SOPClassUID == ENHANCED_SR]
    assert world.push(held.path)[0].status == statuses.SUCCESS
    study = world.study("A-1")
    assert study.instances == 1 and not study.needs_addendum
    assert len(studies.worklist(world.workplace.db)) == 1
